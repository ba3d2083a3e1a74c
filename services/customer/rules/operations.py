"""What may be asked of many customers at once: pure functions."""

from collections.abc import Collection

from contracts.customer.operations import AssignCustomers, ListCustomers
from contracts.envelope import FieldError

RULES = {
    "one_of_two": "give either customer_ids or all_of",
    "not_found": "no such customer",
    "not_covered": "the right does not cover this",
    "outdated": "begin the list anew",
    "defect": "a defect on our side: the operators are told",
}
"""What each rule says to the person who broke it."""


def broken_by_assigning(message: AssignCustomers) -> list[FieldError]:
    """The rules that assigning breaks."""
    is_one = (message.customer_ids is None) != (message.all_of is None)
    return [] if is_one else [_error("/customer_ids", "one_of_two")]


def broken_by_listing(message: ListCustomers, shown: Collection[str]) -> list[FieldError]:
    """The filters that would tell what the asker may not see."""
    asked = {
        "language": "language" if message.language else None,
        "relationship": next(
            (field for field in ("responsible", "arrival") if getattr(message, field)),
            "sort" if message.sort != "name" else None,
        ),
    }
    return [_error(f"/{field}", "not_covered") for data, field in asked.items() if field and data not in shown]


def not_found(row: int) -> FieldError:
    """The customer of that row is not, or is no customer of the municipality any more."""
    return _error(f"/customer_ids/{row - 1}", "not_found")


def outdated_cursor() -> FieldError:
    """The customer with whom the page before ended is gone."""
    return _error("/cursor", "outdated")


def defect() -> FieldError:
    """Nothing is wrong with the row."""
    return _error("", "defect")


def _error(pointer: str, rule: str) -> FieldError:
    return FieldError(pointer=pointer, rule=rule, detail=RULES[rule])
