"""Signed checkpoints of the usage log, kept in files outside the database: one a month, a line each, only added to."""

import hashlib
import json
import os
from collections.abc import Iterator
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
    before: str | None = None
    """SHA-256 of the signed line before this one, in hexadecimal: so none goes unseen. The oldest name none."""
    numbers: dict[UUID, tuple[int, tuple[int, ...]]] = {}
    """Of a retention checkpoint: of each sender's line the last number removed, and those below it that were not."""

    def numbers_of(self) -> dict[UUID, Numbers]:
        """The numbers that had come on each line when all up to it was removed."""
        return {line: Numbers(last, set(missing)) for line, (last, missing) in self.numbers.items()}


NOTHING_REMOVED = Checkpoint(kind="retention", at=datetime.min, position=0, hash=BEGINNING.hex())  # noqa: DTZ901


class Kept(NamedTuple):
    """A line of a file: its place, what it says (None when none of our keys has signed it), and its hash."""

    place: str
    checkpoint: Checkpoint | None
    hash: str


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
        """Signs it with the hash of the one before, and adds it to its month's file; then it is on the disk.

        Call it under the chain's lock, so that each follows the one before.
        """
        key = self._keys.keys[0]
        before = next(self._newest_first(), None)
        checkpoint = checkpoint.model_copy(update={"before": before and before.hash})
        signed = jws.serialize_compact(
            {"alg": _ALGORITHM, "kid": key.kid},
            checkpoint.model_dump_json(exclude_defaults=True).encode(),
            key,
            algorithms=[_ALGORITHM],
        )
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # never a file before the last: another replica's clock may have been in the next month already
        name = max([f"usage-log-{checkpoint.at:%Y-%m}.jws", *(file.name for file in self._files()[-1:])])
        path = self.folder / name
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as file:
            if file.tell() and not path.read_bytes().endswith(b"\n"):
                file.write(b"\n")  # a line torn by a crash ends here
            file.write(f"{signed}\n".encode())
            file.flush()
            os.fsync(file.fileno())

    def read(self) -> list[Kept]:
        """Every checkpoint, in the order of the files."""
        return [kept for file in self._files() for kept in map(self._kept, *_lines_of(file))]

    def contradicts(self, position: int, line_hash: str) -> bool:
        """Whether the newest checkpoint of the chain's end signed another hash at this position."""
        ends = (kept.checkpoint for kept in self._newest_first() if kept.checkpoint)
        newest = next((each for each in ends if each.kind == "checkpoint"), None)
        return newest is not None and newest.position == position and newest.hash != line_hash

    def removed(self) -> Checkpoint:
        """The newest retention checkpoint."""
        found = [kept.checkpoint for kept in self.read() if kept.checkpoint and kept.checkpoint.kind == "retention"]
        return max(found, key=lambda each: each.position, default=NOTHING_REMOVED)

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("usage-log-*.jws"))

    def _newest_first(self) -> Iterator[Kept]:
        """Those that our keys have signed."""
        for file in reversed(self._files()):
            places, lines = _lines_of(file)
            for place, line in zip(reversed(places), reversed(lines), strict=True):
                if (kept := self._kept(place, line)).checkpoint:
                    yield kept

    def _kept(self, place: str, line: str) -> Kept:
        return Kept(place, self._opened(line), hashlib.sha256(line.encode()).hexdigest())

    def _opened(self, line: str) -> Checkpoint | None:
        try:
            payload = jws.deserialize_compact(line.encode(), self._keys, algorithms=[_ALGORITHM]).payload
            return Checkpoint.model_validate_json(payload)
        except (JoseError, ValidationError, ValueError, KeyError):
            return None


def _lines_of(file: Path) -> tuple[list[str], list[str]]:
    """The places of a file's lines, and the lines."""
    lines = file.read_text("ascii", errors="replace").splitlines()
    return [f"{file.name}:{number}" for number in range(1, len(lines) + 1)], lines
