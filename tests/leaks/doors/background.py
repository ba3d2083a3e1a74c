"""Ways to the background of a customer, by its groups."""

from typing import Any

from contracts.customer.background import (
    ChangeBackground,
    GetBackground,
    GetBackgroundGroup,
    GetBackgroundHistory,
    Group,
)
from contracts.envelope import Request
from tests.leaks.doors.door import Door
from tests.leaks.people import OTHER_CONTENTS, Planted


def _background(group: Group, data: str) -> tuple[Door, ...]:
    """The doors to one group: reading it, its history, and changing what was planted there."""
    of_group: dict[str, Any] = {"fields": (group,), "data": (data,)}

    def change(planted: Planted, version: int) -> Request[Any]:
        told = {"customer_id": planted.customer_id, "expected_version": version, "content": OTHER_CONTENTS[group]}
        return ChangeBackground.model_validate(told)

    return (
        Door(
            f"{group} of the background",
            GetBackgroundGroup,
            lambda it: GetBackgroundGroup(customer_id=it.customer_id, group=group),
            **of_group,
        ),
        Door(
            f"history of {group}",
            GetBackgroundHistory,
            lambda it: GetBackgroundHistory(customer_id=it.customer_id, group=group),
            **of_group,
        ),
        Door(
            f"change {group}", ChangeBackground, lambda it: change(it, it.background_versions.get(group, 0)), **of_group
        ),
        Door(
            f"change {group}, which was changed", ChangeBackground, lambda it: change(it, 0), refuses=True, **of_group
        ),
    )


DOORS = (
    Door("background", GetBackground, lambda it: GetBackground(customer_id=it.customer_id)),
    *_background("residence_permits", "residence_permit"),
    *_background("education", "competence"),
    *_background("goals", "life_situation"),
    *_background("benefits", "benefits"),
    *_background("health", "health"),
)
