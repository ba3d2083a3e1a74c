"""What the access service is told from outside, beside what every service is told."""

from pathlib import Path

from pydantic import SecretStr

from services.kit.settings import ServiceSettings


class AccessSettings(ServiceSettings):
    """The keys of the usage log, and where its checkpoints are kept."""

    usage_private_keys: SecretStr
    """JWK set with the private keys (X25519) that open what services sealed."""
    checkpoint_keys: SecretStr
    """JWK set (Ed25519) of the checkpoints of the usage log: the first signs and is private, all verify."""
    checkpoint_folder: Path
    """Where signed checkpoints are kept: outside the database, and out of reach of whoever runs it."""
