"""What a service tells of each use for the usage log: sealed, hashed, and numbered on one of its lines.

What was searched, and why something was opened, travels as a JWE that the access service alone can open. Words are told
as keyed hashes, so that a word can be looked for in the log and not read from it.
"""

import hashlib
import hmac
import json
import unicodedata
from base64 import b64decode
from collections.abc import Iterable
from random import randrange
from uuid import NAMESPACE_URL, UUID, uuid5

from joserfc import jwe
from joserfc.jwk import KeySet

from services.kit.settings import ServiceSettings

LINES = 16
"""Lines a service tells its acts on: acts at the same moment seldom wait for the same number."""
_SEAL = {"alg": "ECDH-ES", "enc": "A256GCM"}


def line(service: str, number: int) -> UUID:
    """The id of one of a service's lines."""
    return uuid5(NAMESPACE_URL, f"urn:koto:usage:{service}:{number}")


class UsageKeys:
    """Seals and hashes for the usage log. The first public key seals; the hash key is one for all services."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._service = settings.service
        self._keys = KeySet.import_key_set(json.loads(settings.usage_keys.get_secret_value())).keys
        self._hash_key = b64decode(settings.usage_hash_key.get_secret_value())

    def any_line(self) -> UUID:
        """One of the service's lines."""
        return line(self._service, randrange(LINES))

    def seal(self, text: str) -> str:
        """The text for the access service's eyes only."""
        key = self._keys[0]
        return jwe.encrypt_compact(_SEAL | {"kid": key.kid}, text.encode(), key)

    def hashes(self, words: Iterable[str]) -> tuple[int, ...]:
        """The keyed hashes of words, each once, at most 64; the same word has the same hash in every service."""
        return tuple(sorted({self._hash(word) for word in words}))[:64]

    def _hash(self, word: str) -> int:
        folded = unicodedata.normalize("NFKC", word).casefold().encode()
        return int.from_bytes(hmac.digest(self._hash_key, folded, hashlib.sha256)[:8], signed=True)
