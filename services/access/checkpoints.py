"""Signed checkpoints of the usage log, kept in files outside the database: one a month, a line each, only added to."""

import json
import os
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple
from uuid import UUID

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel, ValidationError

from services.access.chain import BEGINNING, Numbers
from services.access.settings import AccessSettings

_ALGORITHM = "Ed25519"


class Checkpoint(BaseModel):
    """At that moment the line at `position` had this hash. A retention checkpoint: all up to it is removed by law."""

    kind: Literal["checkpoint", "retention"] = "checkpoint"
    at: datetime
    position: int
    hash: str
    numbers: dict[UUID, tuple[int, tuple[int, ...]]] = {}
    """Of a retention checkpoint: of each sender's line the last number removed, and those below it that were not."""

    def numbers_of(self) -> dict[UUID, Numbers]:
        """The numbers that had come on each line when all up to it was removed."""
        return {line: Numbers(last, set(missing)) for line, (last, missing) in self.numbers.items()}


NOTHING_REMOVED = Checkpoint(kind="retention", at=datetime.min, position=0, hash=BEGINNING.hex())  # noqa: DTZ901


class Kept(NamedTuple):
    """A line of a file: its place, and what it says; None when none of our keys has signed it."""

    place: str
    checkpoint: Checkpoint | None


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints in a folder."""

    settings: AccessSettings

    @property
    def folder(self) -> Path:
        """Where they are."""
        return self.settings.checkpoint_folder

    @cached_property
    def _keys(self) -> KeySet:
        return KeySet.import_key_set(json.loads(self.settings.checkpoint_keys.get_secret_value()))

    def append(self, checkpoint: Checkpoint) -> None:
        """Signs it and adds it to its month's file; it is on the disk when this returns."""
        key = self._keys.keys[0]
        signed = jws.serialize_compact(
            {"alg": _ALGORITHM, "kid": key.kid},
            checkpoint.model_dump_json(exclude_defaults=True).encode(),
            key,
            algorithms=[_ALGORITHM],
        )
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        file = os.open(self.folder / f"usage-log-{checkpoint.at:%Y-%m}.jws", flags, 0o600)
        try:
            os.write(file, f"{signed}\n".encode())
            os.fsync(file)
        finally:
            os.close(file)

    def read(self) -> list[Kept]:
        """Every checkpoint, in the order of the files."""
        return [
            Kept(f"{file.name}:{number}", self._opened(line))
            for file in sorted(self.folder.glob("usage-log-*.jws"))
            for number, line in enumerate(file.read_text("ascii", errors="replace").splitlines(), 1)
        ]

    def removed(self) -> Checkpoint:
        """The newest retention checkpoint."""
        found = [kept.checkpoint for kept in self.read() if kept.checkpoint and kept.checkpoint.kind == "retention"]
        return max(found, key=lambda each: each.position, default=NOTHING_REMOVED)

    def _opened(self, line: str) -> Checkpoint | None:
        try:
            payload = jws.deserialize_compact(line.encode(), self._keys, algorithms=[_ALGORITHM]).payload
            return Checkpoint.model_validate_json(payload)
        except (JoseError, ValidationError, ValueError, KeyError):
            return None
