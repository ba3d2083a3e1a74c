"""Keys that change in their files while they are in use."""

import json
import os
from base64 import b64encode
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from joserfc.jwk import OKPKey
from pydantic import SecretStr

from services.kit import rotation
from services.kit.actor import Actor, ActorTokens, ActorVerifier, public_keys, signing_key
from services.kit.errors import NotAuthenticated
from services.kit.field_encryption import FieldEncryption
from services.kit.rotation import Rotating
from services.kit.settings import ServiceSettings
from tests.support import now

ACTOR = Actor("expert", "837", "integration_expert")


@pytest.fixture(autouse=True)
def looked_at_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "LOOK_SECONDS", 0.0)


@pytest.fixture
def told(tmp_path: Path) -> "Told":
    return Told(tmp_path)


class Told:
    """A folder of files of secrets, and the settings of a service that reads them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, name: str, value: Any) -> None:
        """Replaces a file in one step, as whoever rotates keys does."""
        new = self._folder / f"{uuid4()}.new"
        new.write_text(value if isinstance(value, str) else json.dumps(value))
        new.replace(self._folder / f"koto_{name}")

    def settings(self, **more: Any) -> ServiceSettings:
        return ServiceSettings(
            _env_file=None, service="customer", rabbitmq_url=SecretStr(""), secrets_dir=self._folder, **more
        )


def key() -> str:
    return b64encode(os.urandom(32)).decode()


def test_a_file_wins_over_a_variable(told: Told) -> None:
    told.write("database_url", "postgresql://from-the-file")
    settings = told.settings(database_url=SecretStr("postgresql://from-a-variable"))
    assert settings.database_url.get_secret_value() == "postgresql://from-the-file"


def test_what_the_first_key_encrypted_opens_after_another_was_put_first(told: Told) -> None:
    old, new, row = key(), key(), uuid4()
    told.write("field_keys", {"old": old})
    encryption = FieldEncryption(told.settings())
    before = encryption.encrypt("Esimerkki", row)

    told.write("field_keys", {"new": new, "old": old})

    assert encryption.decrypt(before, row) == "Esimerkki"
    assert not encryption.is_current(before)
    assert encryption.is_current(encryption.encrypt("Esimerkki", row))


def test_a_retired_key_opens_nothing(told: Told) -> None:
    old, row = key(), uuid4()
    told.write("field_keys", {"old": old})
    encryption = FieldEncryption(told.settings())
    before = encryption.encrypt("Esimerkki", row)

    told.write("field_keys", {"new": key()})

    with pytest.raises(KeyError):
        encryption.decrypt(before, row)


def test_a_hash_is_looked_for_by_all_keys_and_made_by_the_first(told: Told) -> None:
    old, new = key(), key()
    told.write("search_keys", {"old": old})
    encryption = FieldEncryption(told.settings())
    before = encryption.search_hash("010594Y9032")

    told.write("search_keys", {"new": new, "old": old})

    present, former = encryption.search_hashes("010594Y9032")
    assert former == before
    assert encryption.search_hash("010594Y9032") == present != before


def test_the_one_key_of_the_old_setting_is_looked_for_beside_the_set(told: Told) -> None:
    alone, new = key(), key()
    only = FieldEncryption(told.settings(search_key=SecretStr(alone)))
    both = FieldEncryption(told.settings(search_key=SecretStr(alone), search_keys=SecretStr(json.dumps({"new": new}))))
    assert both.search_hashes("a")[1:] == only.search_hashes("a")


def test_a_file_that_does_not_parse_leaves_the_keys_as_they_were(told: Told) -> None:
    told.write("field_keys", {"old": key()})
    encryption, row = FieldEncryption(told.settings()), uuid4()
    before = encryption.encrypt("Esimerkki", row)

    told.write("field_keys", "{half")

    assert encryption.decrypt(before, row) == "Esimerkki"


def test_actor_tokens_hold_all_through_a_rotation_and_those_of_a_retired_key_no_more(told: Told) -> None:
    old, new = (OKPKey.generate_key("Ed25519", auto_kid=True) for _ in range(2))
    told.write("actor_keys", _set(old))
    told.write("actor_signing_key", old.as_dict(private=True))

    settings = SigningSettings(
        _env_file=None, service="gateway", rabbitmq_url=SecretStr(""), secrets_dir=told.settings().secrets_dir
    )
    tokens = ActorTokens(Rotating(settings, "actor_signing_key", signing_key))
    verifier = ActorVerifier(Rotating(settings, "actor_keys", public_keys))
    asked: dict[str, Any] = {"request_type": "customer.get_customer.v1", "key": None, "body": b"{}", "now": now()}
    under_way = tokens.sign(ACTOR, **asked)

    for step in (("actor_keys", _set(old, new)), ("actor_signing_key", new.as_dict(private=True))):
        told.write(*step)
        assert verifier.verify(tokens.sign(ACTOR, **asked), **asked).user == ACTOR.user
        assert verifier.verify(under_way, **asked).user == ACTOR.user

    told.write("actor_keys", _set(new))
    assert verifier.verify(tokens.sign(ACTOR, **asked), **asked).user == ACTOR.user
    with pytest.raises(NotAuthenticated):
        verifier.verify(under_way, **asked)


class SigningSettings(ServiceSettings):
    """Those of whoever signs."""

    actor_signing_key: SecretStr


def _set(*keys: OKPKey) -> dict[str, Any]:
    return {"keys": [each.as_dict(private=False) for each in keys]}
