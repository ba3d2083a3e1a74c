"""The rule book: each version of the Integration Act as data, so that a program can offer its grounds and topics."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from contracts.law import Law, laws
from contracts.types import Value
from services.gateway.bodies import answer
from services.gateway.caller import AnyUser
from services.gateway.openapi import problems
from services.gateway.routes.customers import PREFIX
from services.kit.errors import NotFound

routes = APIRouter(prefix=PREFIX, tags=["law"])


class LawVersion(Value):
    """A version of the act, and the days on which it is in force."""

    version: str
    name: str
    valid_from: date | None
    valid_to: date | None
    verified: bool


class LawVersions(Value):
    """The versions there are, oldest first; last what never came into force."""

    versions: tuple[LawVersion, ...]


@routes.get("/law", response_model=LawVersions, responses=problems(401, 403, 429))
async def get_law_versions(user: AnyUser) -> Response:
    """The versions of the act that are known; one that never came into force has no days."""
    found = [LawVersion.model_validate(each, from_attributes=True) for each in laws()]
    return answer(LawVersions(versions=tuple(found)))


@routes.get("/law/{version}", response_model=Law, responses=problems(400, 401, 403, 404, 429))
async def get_law(user: AnyUser, version: Annotated[str, Path(examples=["2025-01-01"])]) -> Response:
    """One version whole, or one with what it keeps of an earlier one in a case, as a plan names it."""
    try:
        return answer(laws().version(version))
    except LookupError:
        raise NotFound("no such version of the law") from None
