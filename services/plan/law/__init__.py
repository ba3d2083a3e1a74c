"""What a municipality wants done of what the law wants done without delay: data, as the rule book's due dates are."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from contracts.law import DeadlineRule, Law, Provision
from contracts.law.counting import Length


class Aims(BaseModel):
    """Due dates that no law sets; `notice_days`: how long before any due date its owner is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    notice_days: int
    facts: tuple[Provision, ...]
    deadlines: tuple[DeadlineRule, ...]

    @property
    def days(self) -> dict[str, int]:
        """The common aims by their codes, in days."""
        return {each.code: each.length.days for each in self.deadlines}

    def added_to(self, law: Law, days: Mapping[str, int]) -> Law:
        """The law and a municipality's aims, so that one clock counts both; what `days` does not name is common."""
        aims = (
            each.model_copy(update={"length": Length(days=days.get(each.code, each.length.days))})
            for each in self.deadlines
        )
        return law.model_copy(update={"facts": law.facts + self.facts, "deadlines": law.deadlines + tuple(aims)})


@cache
def common_aims() -> Aims:
    """The aims that hold until a municipality sets its own."""
    return Aims.model_validate(tomllib.loads(Path(__file__).with_name("aims.toml").read_text("utf-8")))
