"""Encrypted fields, and keyed hashes to find them by.

A ciphertext is `<key id>.<base64 of nonce and AES-256-GCM ciphertext>`. The row's id is the associated data, so that a
ciphertext copied to another row does not open there. Search hashes use keys of their own: whoever can search can't
read.

The first key encrypts and hashes, all decrypt and find. So a new key is told to every process before it is put first,
and an old one stays until nothing of it is left.
"""

import base64
import hashlib
import hmac
import json
import os
from dataclasses import dataclass
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.kit.rotation import Rotating
from services.kit.settings import ServiceSettings

_NONCE_BYTES = 12


@dataclass(frozen=True)
class Encrypted:
    """The columns of a table that hold ciphertexts, the one with the search hash of the first of them, and where."""

    columns: tuple[str, ...]
    where: str
    """SQL condition: in other rows the columns hold something else, or nothing."""
    hashed: str | None = None


class FieldEncryption:
    """Encrypts and hashes by the keys that there are now."""

    def __init__(self, settings: ServiceSettings) -> None:
        only_key = settings.search_key.get_secret_value()
        self._ciphers = Rotating(
            settings,
            "field_keys",
            lambda keys: {key_id: AESGCM(base64.b64decode(key)) for key_id, key in json.loads(keys).items()},
        )
        self._search_keys = Rotating(
            settings,
            "search_keys",
            lambda keys: [base64.b64decode(key) for key in (*json.loads(keys).values(), only_key) if key],
        )

    def encrypt(self, text: str, row_id: UUID) -> str:
        """The ciphertext of a text that belongs to that row."""
        key_id, cipher = next(iter(self._ciphers().items()))
        nonce = os.urandom(_NONCE_BYTES)
        sealed = cipher.encrypt(nonce, text.encode(), row_id.bytes)
        return f"{key_id}.{base64.b64encode(nonce + sealed).decode()}"

    def decrypt(self, ciphertext: str, row_id: UUID) -> str:
        """The text; raises cryptography's InvalidTag when it was altered or belongs to another row."""
        key_id, _, encoded = ciphertext.rpartition(".")
        sealed = base64.b64decode(encoded)
        return self._ciphers()[key_id].decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], row_id.bytes).decode()

    def is_current(self, ciphertext: str) -> bool:
        """Whether the first key made it."""
        present: str = next(iter(self._ciphers()))
        return ciphertext.rpartition(".")[0] == present

    def search_hash(self, text: str) -> bytes:
        """A keyed hash (HMAC-SHA-256, 32 bytes): equal texts have equal hashes, and nothing else can be learned."""
        return self.search_hashes(text)[0]

    def search_hashes(self, text: str) -> list[bytes]:
        """The hashes by all keys, the first key's first: what to look for, and what to compare with."""
        return [hmac.digest(key, text.encode(), hashlib.sha256) for key in self._search_keys()]
