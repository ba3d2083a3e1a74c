"""Ways to people who are to be reached, and to acts on many customers."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from contracts.customer.operations import AssignCustomers, GetOperation, ListCustomers, UndoOperation
from contracts.customer.outreach import (
    AddOutreachRows,
    BeginOutreachImport,
    FinishOutreachImport,
    GetOutreachTarget,
    ListOutreachTargets,
    OpenFromOutreach,
    OutreachRow,
    ReceiveOutreachTargets,
    RecordOutreachAttempt,
)
from contracts.envelope import Request
from tests.leaks.doors.door import THEIRS, Door
from tests.leaks.people import Planted

_LIST: dict[str, Any] = {"of_organisation": True, "refuses": True}
"""What a file as a whole goes through: the request alone finds no import that takes rows."""


def _of_target(request: type[Request[Any]], protected: bool = False, **more: Any) -> Callable[[Planted], Request[Any]]:
    def ask(planted: Planted) -> Request[Any]:
        target_id = planted.protected_target_id if protected else planted.target_id
        return request.model_validate({"target_id": target_id or uuid4(), **more})

    return ask


DOORS = (
    Door("list", ListCustomers, lambda _: ListCustomers(), is_partial=True, shows_others=True),
    Door("assign", AssignCustomers, lambda it: AssignCustomers(customer_ids=(it.customer_id,), responsible=uuid4())),
    Door(
        "progress of an operation",
        GetOperation,
        lambda it: GetOperation(operation_id=it.operation_id or uuid4()),
        is_partial=True,
        **THEIRS,
    ),
    Door("undo an import", UndoOperation, lambda it: UndoOperation(operation_id=it.operation_id or uuid4()), **THEIRS),
    Door("import a list", BeginOutreachImport, lambda _: BeginOutreachImport(source="benefit_institution"), **_LIST),
    Door(
        "add to a list",
        AddOutreachRows,
        lambda it: AddOutreachRows(operation_id=it.operation_id or uuid4(), first_row=1, rows=(OutreachRow(),)),
        **_LIST,
    ),
    Door(
        "finish a list",
        FinishOutreachImport,
        lambda it: FinishOutreachImport(operation_id=it.operation_id or uuid4(), rows=1),
        **_LIST,
    ),
    Door(
        "send a list",
        ReceiveOutreachTargets,
        lambda _: ReceiveOutreachTargets(municipality="837", source="benefit_institution", rows=(OutreachRow(),)),
        **_LIST,
    ),
    Door("people to be reached", ListOutreachTargets, lambda _: ListOutreachTargets(), is_partial=True, **THEIRS),
    Door("somebody to be reached", GetOutreachTarget, _of_target(GetOutreachTarget), is_partial=True, **THEIRS),
    Door(
        "somebody to be reached, on a protected ground",
        GetOutreachTarget,
        _of_target(GetOutreachTarget, protected=True),
        refuses=True,  # those without the power
        **THEIRS,
    ),
    Door(
        "record an attempt",
        RecordOutreachAttempt,
        _of_target(RecordOutreachAttempt, channel="phone", outcome="reached"),
        **THEIRS,
    ),
    Door("open from outreach", OpenFromOutreach, _of_target(OpenFromOutreach), **THEIRS),
)
