"""What a service is told from outside: environment variables with the prefix KOTO_, or a file `.env`."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """What every service is told."""

    model_config = SettingsConfigDict(
        env_prefix="KOTO_", env_file=".env", extra="ignore", hide_input_in_errors=True, frozen=True
    )

    service: str
    rabbitmq_url: SecretStr
    database_url: SecretStr = SecretStr("")
    pool_size: int = Field(10, ge=6)
    """Connections to the database, in all; consumers together hold fewer messages than this."""
    actor_keys: SecretStr = SecretStr('{"keys": []}')
    """JWK set with the public keys that actor tokens are verified by."""
    field_keys: SecretStr = SecretStr("{}")
    """JSON object from key id to 32 bytes in base64; the first encrypts, all decrypt."""
    search_key: SecretStr = SecretStr("")
    """32 bytes in base64: the key of search hashes, never one of the field keys."""
    allow_test_identity_codes: bool = False
    poll_seconds: float = 1.0
    """How often the relay looks for rows that no commit told it of."""
    operations_port: int = 0
    """Where this process answers /healthz, /readyz and /metrics on 127.0.0.1; 0 for nowhere."""
    otlp_endpoint: str | None = None
    log_file: Path | None = None
