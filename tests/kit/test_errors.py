"""What counts as an outage, what as a failure of the message, and what as a value that can't be."""

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError, InterfaceError

from services.kit.errors import NotYet, is_infrastructure, is_outage, is_unstorable


def told(error: type[Exception]) -> DBAPIError:
    """The error as SQLAlchemy passes it on."""
    return DBAPIError("SELECT 1", {}, error("told"))


@pytest.mark.parametrize(
    ("error", "infrastructure", "outage"),
    [
        (told(asyncpg.AdminShutdownError), True, True),
        (told(asyncpg.CannotConnectNowError), True, True),
        (told(asyncpg.TooManyConnectionsError), True, True),
        (told(asyncpg.DiskFullError), True, True),
        (told(asyncpg.ReadOnlySQLTransactionError), True, True),
        (told(asyncpg.ConnectionDoesNotExistError), True, True),
        (told(asyncpg.DeadlockDetectedError), True, False),
        (told(asyncpg.QueryCanceledError), True, False),
        (InterfaceError("SELECT 1", {}, OSError("told")), True, False),
        (ConnectionRefusedError(), True, False),
        (TimeoutError(), True, False),
        (told(asyncpg.UniqueViolationError), False, False),
        (told(asyncpg.UndefinedTableError), False, False),
        (told(asyncpg.CharacterNotInRepertoireError), False, False),
        (NotYet(), False, False),
        (ValueError(), False, False),
    ],
    ids=lambda value: type(getattr(value, "orig", value)).__name__ if isinstance(value, Exception) else str(value),
)
def test_an_error_is_known_for_what_it_is(error: Exception, infrastructure: bool, outage: bool) -> None:
    assert (is_infrastructure(error), is_outage(error)) == (infrastructure, outage)


def test_a_value_that_no_field_can_hold_is_told_from_a_defect() -> None:
    assert is_unstorable(told(asyncpg.CharacterNotInRepertoireError))
    assert not is_unstorable(told(asyncpg.UndefinedTableError))
