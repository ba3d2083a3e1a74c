"""What a service is told from outside: environment variables with the prefix KOTO_, a file `.env`, or files of secrets.

Each file in the folder KOTO_SECRETS_DIR holds the setting of its name, such as `koto_field_keys`, and wins over a
variable. Keys there may be rotated while the service runs: see rotation.py.
"""

import os
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """What every service is told."""

    model_config = SettingsConfigDict(
        env_prefix="KOTO_", env_file=".env", extra="ignore", hide_input_in_errors=True, frozen=True
    )

    def __init__(self, **values: Any) -> None:
        folder = values.get("secrets_dir") or os.environ.get("KOTO_SECRETS_DIR")
        super().__init__(_secrets_dir=folder, **values)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Files of secrets first."""
        return file_secret_settings, init_settings, env_settings, dotenv_settings

    service: str
    secrets_dir: Path | None = None
    rabbitmq_url: SecretStr
    database_url: SecretStr = SecretStr("")
    database_owner_url: SecretStr = SecretStr("")
    """The same database as the owner of its tables: told to operators' commands, never to a running service."""
    pool_size: int = Field(10, ge=6)
    """Connections to the database, in all; consumers together hold fewer messages than this."""
    actor_keys: SecretStr = SecretStr('{"keys": []}')
    """JWK set with the public keys that actor tokens are verified by."""
    field_keys: SecretStr = SecretStr("{}")
    """JSON object from key id to 32 bytes in base64; the first encrypts, all decrypt."""
    search_keys: SecretStr = SecretStr("{}")
    """JSON object from key id to 32 bytes in base64, never one of the field keys: search hashes are made by the first,
    and looked for by all."""
    search_key: SecretStr = SecretStr("")
    """The same when there is one only: 32 bytes in base64."""
    usage_keys: SecretStr = SecretStr('{"keys": []}')
    """JWK set with the public keys (X25519) that seal what was searched, for the usage log; the first seals."""
    usage_hash_key: SecretStr = SecretStr("")
    """32 bytes in base64: the key of hashes of words in the usage log, the same for all services."""
    allow_test_identity_codes: bool = False
    poll_seconds: float = 1.0
    """How often the relay looks for rows that no commit told it of."""
    operations_port: int = 0
    """Where this process answers /healthz, /readyz and /metrics on 127.0.0.1; 0 for nowhere."""
    otlp_endpoint: str | None = None
    log_file: Path | None = None


class AskingSettings(ServiceSettings):
    """What a service is told that asks others in its own name."""

    actor_signing_key: SecretStr
    """Private JWK (Ed25519) whose id begins with `<service>.`: it signs for this service alone."""
