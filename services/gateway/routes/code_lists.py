"""Code lists: the codes that bodies may hold, with their names, so that a program can offer them."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from contracts.types import Day, Value
from services.gateway.bodies import answer
from services.gateway.caller import AnyUser
from services.gateway.openapi import problems
from services.gateway.routes.customers import PREFIX
from services.kit.clock import SystemClock, helsinki_date
from services.kit.code_lists import LISTS
from services.kit.errors import NotFound

routes = APIRouter(prefix=PREFIX, tags=["code lists"])


class CodeListNames(Value):
    """The lists there are. Countries are ISO 3166-1 alpha-3, languages ISO 639: they are not lists of ours."""

    names: tuple[str, ...]


class Codes(Value):
    """The codes of a list that are valid on a day, each with its names and what else is known of it."""

    name: str
    version: date
    on: date
    codes: tuple[dict[str, Any], ...]


@routes.get("/code-lists", response_model=CodeListNames, responses=problems(401, 403, 429))
async def get_code_lists(user: AnyUser) -> Response:
    """The names of the code lists."""
    return answer(CodeListNames(names=tuple(LISTS)))


@routes.get("/code-lists/{name}", response_model=Codes, responses=problems(400, 401, 403, 404, 429))
async def get_code_list(
    user: AnyUser,
    name: Annotated[str, Path(examples=["client_relationship_end_reasons"])],
    on: Annotated[Day | None, Query(description="the day they are valid on; today when left out")] = None,
) -> Response:
    """The codes of a list on a day."""
    if name not in LISTS:
        raise NotFound("no such code list")
    day = on or helsinki_date(SystemClock().now())
    codes = tuple(asdict(each) for each in LISTS[name].valid(day))
    return answer(Codes(name=name, version=LISTS[name].version, on=day, codes=codes))
