"""The integration programme: the municipality's services, their versions, and files of them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from contracts.plan.programme import (
    MOST_SERVICES,
    AddProgrammeService,
    ChangeProgrammeService,
    GetProgrammeService,
    ImportProgramme,
    ListProgramme,
    Programme,
    ProgrammeImported,
    ProgrammeRow,
    ProgrammeService,
    ProgrammeServiceVersion,
    ServiceContent,
)
from contracts.types import Code, Day, LanguageCode, Value
from services.gateway.bodies import JsonBody, answer
from services.gateway.caller import SignedIn
from services.gateway.csv_body import csv_documentation, rows_of
from services.gateway.openapi import problems, with_headers, with_links
from services.gateway.problems import BodyTooLarge
from services.gateway.routes.customers import PREFIX, ExpectedVersion, IdempotencyKey

_SERVICES = f"{PREFIX}/programme/services"
routes = APIRouter(prefix=f"{PREFIX}/programme", tags=["programme"])

_LIST = problems(400, 401, 403, 429, 500, 503)
_READ = _LIST | problems(404)
_ADD = _LIST | problems(409, 413, 415, 422)
_CHANGE = _ADD | problems(404, 412, 428)
_LONGEST_CELL = 2100
"""A little longer than the longest text: one that is longer is told of its row, and not cut unseen."""


class ServiceChange(Value):
    """What the service is from now on."""

    service: ServiceContent


def _next_acts(service: dict[str, str]) -> dict[str, Any]:
    """The documentation of what can be asked after an answer that tells a service's version."""
    return with_links(
        get_programme_service=service,
        change_programme_service=service | {"If-Match": "$response.header.ETag"},
    )


_ADDED = with_headers("ETag", "Location") | _next_acts({"service_id": "$response.body#/service_id"})
_CURRENT = with_headers("ETag") | _next_acts({"service_id": "$request.path.service_id"})
_LISTED = with_links(
    list_programme={"cursor": "$response.body#/next_cursor"},
    get_programme_service={"service_id": "$response.body#/services/0/service_id"},
)
_COURSE = {
    "kind": "language_course",
    "name": {"fi": "Suomen kielen kurssi", "en": "Course in Finnish"},
    "description": {"fi": "Alkeista tasolle A1.3"},
    "provider": {"name": "Esimerkkiopisto"},
    "target_groups": ["parent_at_home"],
    "languages": ["fi", "en"],
    "places": 20,
    "starts_on": "2026-08-17",
    "ends_on": "2026-12-11",
    "schedule": "Mondays and Thursdays at 9-12",
    "place": "Esimerkkikatu 1",
    "valid_from": "2026-01-01",
}
_adding = JsonBody(AddProgrammeService, example={"service": _COURSE})
_changing = JsonBody(ServiceChange, example={"service": _COURSE | {"places": 25}})


@routes.post(
    "/services",
    status_code=201,
    response_model=ProgrammeServiceVersion,
    responses={201: _ADDED, **_ADD},
    openapi_extra=_adding.documentation,
)
async def add_programme_service(
    caller: SignedIn, key: IdempotencyKey, body: Annotated[AddProgrammeService, Depends(_adding)]
) -> Response:
    """Add a service to the acting municipality's programme."""
    added = await caller.ask(body, key)
    return answer(added, 201, version=added.version, location=f"{_SERVICES}/{added.service_id}")


@routes.get("/services", response_model=Programme, responses={200: _LISTED, **_LIST, **problems(422)})
async def list_programme(
    caller: SignedIn,
    words: Annotated[
        str | None,
        Query(max_length=200, pattern=r"^[^\x00]*$", description="all of which are in a name, description or provider"),
    ] = None,
    kind: Annotated[Code | None, Query(description="code list programme_service_kinds")] = None,
    language: Annotated[LanguageCode | None, Query(description="in which the service is given")] = None,
    target_group: Annotated[Code | None, Query(description="code list programme_target_groups")] = None,
    on: Annotated[Day | None, Query(description="those that may be agreed on that day")] = None,
    with_room: Annotated[bool, Query(description="those with a place left")] = False,
    cursor: Annotated[UUID | None, Query(description="next_cursor of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_SERVICES)] = MOST_SERVICES,
) -> Response:
    """Services of the acting municipality as they are now, by name."""
    asked = ListProgramme(
        words=words,
        kind=kind,
        language=language,
        target_group=target_group,
        on=on,
        with_room=with_room,
        cursor=cursor,
        limit=limit,
    )
    return answer(await caller.ask(asked))


@routes.get(
    "/services/{service_id:uuid}",
    response_model=ProgrammeService,
    responses={200: _CURRENT, **_READ},
)
async def get_programme_service(
    caller: SignedIn,
    service_id: UUID,
    version: Annotated[int | None, Query(ge=1, le=999_999_999, description="left out: the newest")] = None,
) -> Response:
    """A service as it is now, or as one of its versions tells; the ETag is that of the newest."""
    found = await caller.ask(GetProgrammeService(service_id=service_id, version=version))
    return answer(found, version=found.newest_version)


@routes.put(
    "/services/{service_id:uuid}",
    response_model=ProgrammeServiceVersion,
    responses={200: _CURRENT, **_CHANGE},
    openapi_extra=_changing.documentation,
)
async def change_programme_service(
    caller: SignedIn,
    service_id: UUID,
    version: ExpectedVersion,
    key: IdempotencyKey,
    body: Annotated[ServiceChange, Depends(_changing)],
) -> Response:
    """Give a service a new version. Older versions stay readable: plans name the one that they were made with."""
    changed = await caller.ask(
        ChangeProgrammeService(service_id=service_id, expected_version=version, service=body.service), key
    )
    return answer(changed, version=changed.version)


@routes.post(
    "/imports",
    response_model=ProgrammeImported,
    responses=_ADD,
    openapi_extra=csv_documentation(ProgrammeRow, "service"),
)
async def import_programme(
    caller: SignedIn,
    key: IdempotencyKey,
    request: Request,
    dry_run: Annotated[bool, Query(description="check and count, and write nothing")] = False,
) -> Response:
    """Take over services from a file, all or none. What is wrong is told by row, from 1, and column."""
    chunks = rows_of(request, ProgrammeRow, longest_cell=_LONGEST_CELL)
    rows: list[ProgrammeRow] = await anext(chunks, [])
    if await anext(chunks, None):
        raise BodyTooLarge("The file is too large for one import: divide it.")
    return answer(await caller.ask(ImportProgramme(rows=tuple(rows), dry_run=dry_run), key))
