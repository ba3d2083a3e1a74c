"""What is odd in the usage log, and what came of looking into it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from contracts.access.anomalies import (
    ANOMALY_CURSOR_PATTERN,
    MOST_ANOMALIES,
    Anomalies,
    Anomaly,
    AnomalyVersion,
    CloseAnomaly,
    Explanation,
    FindAnomalies,
    GetAnomaly,
    Watch,
    WatchCustomer,
)
from contracts.types import Code, CustomerId, Value
from services.gateway.bodies import JsonBody, answer
from services.gateway.caller import SignedIn
from services.gateway.openapi import problems, with_headers, with_links
from services.gateway.routes.customers import PREFIX, ExpectedVersion, IdempotencyKey

routes = APIRouter(prefix=PREFIX, tags=["anomalies"])

_READ = problems(400, 401, 403, 429, 500, 503)
_ACT = _READ | problems(404, 409, 413, 415, 422)


class AnomalyClosing(Value):
    """What came of looking into a case, and why one thinks so."""

    outcome: Code
    why: Explanation


class Watching(Value):
    """Whether every look at the customer is looked at."""

    watched: bool


_closing = JsonBody(
    AnomalyClosing, example={"outcome": "justified", "why": "The whole family came to the same meeting."}
)
_watching = JsonBody(Watching, example={"watched": True})
_PAGE = with_links(
    find_anomalies={"cursor": "$response.body#/next_cursor"},
    get_anomaly={"anomaly_id": "$response.body#/anomalies/0/anomaly_id"},
)
_CURRENT = with_headers("ETag") | with_links(
    close_anomaly={"anomaly_id": "$request.path.anomaly_id", "If-Match": "$response.header.ETag"}
)


@routes.get("/anomalies", response_model=Anomalies, responses={200: _PAGE, **_READ})
async def find_anomalies(
    caller: SignedIn,
    also_closed: bool = False,
    cursor: Annotated[
        str | None, Query(pattern=ANOMALY_CURSOR_PATTERN, description="next_cursor of the page before")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ANOMALIES)] = MOST_ANOMALIES,
) -> Response:
    """Odd days of users of the own organisation, to be looked into; newest first, a page at a time."""
    return answer(await caller.ask(FindAnomalies(also_closed=also_closed, cursor=cursor, limit=limit)))


@routes.get("/anomalies/{anomaly_id:uuid}", response_model=Anomaly, responses={200: _CURRENT, **_READ, **problems(404)})
async def get_anomaly(caller: SignedIn, anomaly_id: UUID) -> Response:
    """One case. Its lines are those of the user on that day in the usage log."""
    anomaly = await caller.ask(GetAnomaly(anomaly_id=anomaly_id))
    return answer(anomaly, version=anomaly.version)


@routes.post(
    "/anomalies/{anomaly_id:uuid}/close",
    response_model=AnomalyVersion,
    responses={200: with_headers("ETag"), **_ACT, **problems(412, 428)},
    openapi_extra=_closing.documentation,
)
async def close_anomaly(
    caller: SignedIn,
    anomaly_id: UUID,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[AnomalyClosing, Depends(_closing)],
) -> Response:
    """Record what came of looking into a case."""
    closed = await caller.ask(
        CloseAnomaly(anomaly_id=anomaly_id, expected_version=version, outcome=body.outcome, why=body.why), key
    )
    return answer(closed, version=closed.version)


@routes.put(
    "/customers/{customer_id:uuid}/watch",
    response_model=Watch,
    responses=_ACT,
    openapi_extra=_watching.documentation,
)
async def watch_customer(
    caller: SignedIn, customer_id: CustomerId, key: IdempotencyKey, body: Annotated[Watching, Depends(_watching)]
) -> Response:
    """Have every look at a customer of public interest looked at, or no longer."""
    return answer(await caller.ask(WatchCustomer(customer_id=customer_id, watched=body.watched), key))
