"""Encrypted fields, and keyed hashes to find them by.

A ciphertext is `<key id>.<base64 of nonce and AES-256-GCM ciphertext>`. The row's id is the associated data, so that a
ciphertext copied to another row does not open there. Search hashes use a key of their own: whoever can search
can't read.
"""

import base64
import hashlib
import hmac
import json
import os
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

_NONCE_BYTES = 12


class FieldEncryption:
    """Encrypts with the first key and decrypts with any, so that keys can be rotated without a stop."""

    def __init__(self, field_keys: SecretStr, search_key: SecretStr) -> None:
        keys: dict[str, str] = json.loads(field_keys.get_secret_value())
        self._keys = {key_id: AESGCM(base64.b64decode(key)) for key_id, key in keys.items()}
        self._current = next(iter(keys), "")
        self._search_key = base64.b64decode(search_key.get_secret_value())

    def encrypt(self, text: str, row_id: UUID) -> str:
        """The ciphertext of a text that belongs to that row."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._keys[self._current].encrypt(nonce, text.encode(), row_id.bytes)
        return f"{self._current}.{base64.b64encode(nonce + sealed).decode()}"

    def decrypt(self, ciphertext: str, row_id: UUID) -> str:
        """The text; raises cryptography's InvalidTag when it was altered or belongs to another row."""
        key_id, _, encoded = ciphertext.rpartition(".")
        sealed = base64.b64decode(encoded)
        return self._keys[key_id].decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], row_id.bytes).decode()

    def search_hash(self, text: str) -> bytes:
        """A keyed hash (HMAC-SHA-256, 32 bytes): equal texts have equal hashes, and nothing else can be learned."""
        return hmac.new(self._search_key, text.encode(), hashlib.sha256).digest()
