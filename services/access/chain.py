"""The chain of the usage log, and the numbers of its senders: pure functions.

Each line's hash covers the line and the hash before it, so that whoever alters, removes, inserts or moves a line must
write every hash after it anew, and then the signed checkpoints outside the database tell.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

HASHED = (
    *("position", "occurred_at", "sender", "line", "number", "fact_id", "outcome", "act", "request", "user_id"),
    *("organisation", "role", "grant_id", "granted_by", "task", "purpose", "legal_basis", "relation"),
    *("customers", "data", "found", "sealed", "words", "trace_id"),
)
"""What a line's hash covers, in this order: every column but the hash itself."""
BEGINNING = bytes(32)
"""The hash before the first line."""
MOST_SKIPPED = 100_000
"""How far a number may lie beyond the last: each skipped is kept in mind until it comes."""


def next_hash(before: bytes, line: Mapping[str, Any]) -> bytes:
    """The hash of a line that follows the line with that hash."""
    told = [line[column] for column in HASHED]
    return hashlib.sha256(before + json.dumps(told, default=_text, separators=(",", ":")).encode()).digest()


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    assert isinstance(value, UUID)
    return str(value)


@dataclass
class Numbers:
    """The numbers of one sender's line that have come: all up to the last but those missing."""

    last: int = 0
    missing: set[int] = field(default_factory=set)

    def take(self, number: int) -> bool:
        """Notes that a number has come; False when it had come before, or lies too far beyond the last."""
        if number > self.last + MOST_SKIPPED:
            return False
        if number > self.last:
            self.missing.update(range(self.last + 1, number))
            self.last = number
            return True
        if number in self.missing:
            self.missing.remove(number)
            return True
        return False
