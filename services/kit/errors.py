"""Expected failures, and how to tell them from a database or a broker that is away."""

from collections.abc import Iterable
from typing import Any

from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from contracts.envelope import FieldError, Problem
from services.kit.handshake import Refused


class Refusal(Exception):
    """An expected failure, answered as a Problem. Handlers raise it; the transaction is rolled back."""

    status = 400
    code = "refused"
    title = "Refused"
    is_logged = False
    """Whether the usage log hears of it: what was refused, or what its answer tells of a customer."""

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Iterable[FieldError] = (),
        retry_after: int | None = None,
        **extra: object,
    ) -> None:
        super().__init__(self.code)  # never the detail: what str() shows may be logged
        self.detail = detail
        self.errors = tuple(errors)
        self.retry_after = retry_after
        self.extra = extra
        self.use: dict[str, Any] = {}
        """What the usage log is told beside the request and its data groups, by the names of `Work.record_use`."""

    def problem(self) -> Problem:
        """The answer, in the shape of RFC 9457."""
        return Problem.model_validate(
            {
                "type": f"urn:koto:problem:{self.code}",
                "title": self.title,
                "status": self.status,
                "detail": self.detail,
                "errors": self.errors,
                "retry_after": self.retry_after,
                **self.extra,
            }
        )


class InvalidInput(Refusal):
    """A field broke a rule; `errors` names each."""

    status, code, title = 422, "invalid-input", "A field is missing or breaks a rule"


class NotFound(Refusal):
    """It does not exist, as far as the asker may know."""

    is_logged = True
    status, code, title = 404, "not-found", "Not found"


class Forbidden(Refusal):
    """The asker may know that the thing exists, but may not do this."""

    is_logged = True
    status, code, title = 403, "forbidden", "Not allowed"


class NotAuthenticated(Refusal):
    """No actor token, or one that does not hold."""

    status, code, title = 401, "not-authenticated", "Not authenticated"


class Conflict(Refusal):
    """The present state does not allow it."""

    is_logged = True
    status, code, title = 409, "conflict", "The present state does not allow this"


class NotNow(Conflict):
    """A handshake is in a state in which this can't be done; `code` tells how it ended, such as already-accepted."""

    def __init__(self, refused: Refused, version: int) -> None:
        super().__init__(_NOT_NOW[refused.rule], current_version=version)
        if refused.rule in ("decided", "late"):
            state = "expired" if refused.rule == "late" else refused.state
            self.code, self.title = f"already-{state}", f"Already {state}"


_NOT_NOW = {
    "decided": "It was decided before this came.",
    "late": "The last day for an answer has passed.",
    "asked_already": "More was asked already: wait for the reply.",
    "not_asked": "Nothing was asked that awaits a reply.",
    "not_this_side": "This is for the other side to do.",
    "not_yet_late": "The last day for an answer has not passed.",
}


class ChangedMeanwhile(Refusal):
    """Somebody changed it after the version that the asker knew; `changes` tells what."""

    is_logged = True
    status, code, title = 412, "changed-meanwhile", "Somebody changed this meanwhile"


class KeyReused(Refusal):
    """The idempotency key was used for another request."""

    status, code, title = 422, "idempotency-key-reused", "The idempotency key was used for another request"


class Unavailable(Refusal):
    """Something beneath is away. What was asked may or may not have been done: repeat it with the same key."""

    status, code, title = 503, "unavailable", "Temporarily unavailable"

    def __init__(self, detail: str | None = None, *, retry_after: int = 2) -> None:
        super().__init__(
            detail or "The outcome is not known: repeat the request with the same Idempotency-Key.",
            retry_after=retry_after,
        )


class ProblemReply(Refusal):
    """A Problem that another service answered, to be passed on as it is."""

    def __init__(self, problem: Problem) -> None:
        self.code = problem.type.rsplit(":", 1)[-1]
        super().__init__(problem.detail)
        self._problem = problem

    def problem(self) -> Problem:
        return self._problem

    def within(self, part: str) -> "ProblemReply":
        """The same, said of one part of what was asked alone: what points into it begins there."""
        errors = tuple(
            error.model_copy(update={"pointer": error.pointer.removeprefix(f"/{part}")})
            if error.pointer.startswith(f"/{part}/")
            else error
            for error in self._problem.errors
        )
        return ProblemReply(self._problem.model_copy(update={"errors": errors}))


class NotYet(Exception):
    """An event came before what it needs; it is delayed and tried again."""


class Never(Exception):
    """An event that no attempt will make right; it is parked at once. The reason must hold no personal data."""


_OUTAGES = (
    "08",  # connection exception
    "25006",  # read-only: a standby answers, before it is promoted
    "53",  # insufficient resources: connections, disk
    "57P",  # operator intervention: shutdown, crash, cannot connect now
    "58",  # system error
)
_TRANSIENT = (
    *_OUTAGES,
    "40",  # transaction rollback: serialization failure, deadlock
    "57014",  # a statement took too long
)


def is_infrastructure(error: BaseException) -> bool:
    """Whether the database or the broker is away: such an error says nothing of the message and counts no attempt."""
    if isinstance(error, DBAPIError):
        if error.connection_invalidated or (error.orig is not None and is_infrastructure(error.orig)):
            return True
        return not _sqlstate(error.orig) and isinstance(error, InterfaceError | OperationalError)
    if sqlstate := _sqlstate(error):
        return sqlstate.startswith(_TRANSIENT)
    return isinstance(error, PoolTimeout | OSError | TimeoutError | AMQPError | ChannelInvalidStateError)


def is_outage(error: BaseException) -> bool:
    """Whether the database itself says that it can't work now, whatever it is asked."""
    return _sqlstate(error.orig if isinstance(error, DBAPIError) else error).startswith(_OUTAGES)


def is_unstorable(error: BaseException) -> bool:
    """Whether the database refused a value as such (SQLSTATE class 22): the net under the contracts' shapes."""
    return isinstance(error, DBAPIError) and _sqlstate(error.orig)[:2] == "22"


def _sqlstate(error: BaseException | None) -> str:
    sqlstate = getattr(error, "sqlstate", None)
    return sqlstate if isinstance(sqlstate, str) else ""


def check_input(errors: Iterable[FieldError]) -> None:
    """Raises InvalidInput with all rules that are broken, if any."""
    if broken := tuple(errors):
        raise InvalidInput(errors=broken)


def check_current(current: int, expected: int | None) -> None:
    """Raises ChangedMeanwhile unless the version is the one that the asker knew; None: the asker doesn't say."""
    if expected not in (None, current):
        raise ChangedMeanwhile(current_version=current)
