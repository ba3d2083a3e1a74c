"""What is known of a customer beside who he or she is, in groups that are read and changed each on its own."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from contracts.customer.background import (
    Background,
    BackgroundGroup,
    BackgroundHistory,
    BackgroundVersion,
    ChangeBackground,
    Content,
    GetBackground,
    GetBackgroundGroup,
    GetBackgroundHistory,
    Group,
)
from contracts.envelope import FieldError
from contracts.types import Code, CustomerId, Text, Value
from services.gateway.bodies import JsonBody, answer
from services.gateway.caller import SignedIn
from services.gateway.openapi import problems, with_headers, with_links
from services.gateway.routes.customers import PREFIX, ExpectedVersionOrNone, IdempotencyKey
from services.kit.errors import InvalidInput

routes = APIRouter(prefix=f"{PREFIX}/customers/{{customer_id:uuid}}/background", tags=["background"])


_READ = problems(400, 401, 403, 404, 429, 500, 503)
_CHANGE = _READ | problems(409, 412, 413, 415, 422, 428)

_SAME_CUSTOMER = {"customer_id": "$request.path.customer_id"}
_SAME_GROUP = _SAME_CUSTOMER | {"group": "$request.path.group"}
_FOUND = with_links(
    get_background_group=_SAME_CUSTOMER | {"group": "$response.body#/groups/0/content/group"},
)
_CURRENT = with_headers("ETag") | with_links(
    get_background_group=_SAME_GROUP,
    change_background=_SAME_GROUP | {"If-Match": "$response.header.ETag"},
    get_background_history=_SAME_GROUP,
)
_PAGE = with_links(get_background_history=_SAME_GROUP | {"cursor": "$response.body#/next_cursor"})


class NewContent(Value):
    """All that the group holds from now on, who told it, and why it is changed."""

    content: Content
    why: Text | None = None
    source: Code = "customer"


_content = JsonBody(
    NewContent,
    example={
        "content": {
            "group": "education",
            "studies": [{"level": "6", "name": "Nursing", "country": "SOM", "completed": True, "year": 2019}],
        },
        "why": "The certificate was shown",
    },
)


@routes.get("", response_model=Background, responses={200: _FOUND, **_READ})
async def get_background(caller: SignedIn, customer_id: CustomerId) -> Response:
    """All groups of a customer's background that the caller may see."""
    background = await caller.ask(GetBackground(customer_id=customer_id))
    return answer(background)


@routes.get("/{group}", response_model=BackgroundGroup, responses={200: _CURRENT, **_READ})
async def get_background_group(caller: SignedIn, customer_id: CustomerId, group: Group) -> Response:
    """One group, with where it comes from."""
    found = await caller.ask(GetBackgroundGroup(customer_id=customer_id, group=group))
    return answer(found, version=found.version)


@routes.put(
    "/{group}",
    response_model=BackgroundVersion,
    responses={200: _CURRENT, **_CHANGE},
    openapi_extra=_content.documentation,
)
async def change_background(
    caller: SignedIn,
    customer_id: CustomerId,
    group: Group,
    key: IdempotencyKey,
    version: ExpectedVersionOrNone,
    body: Annotated[NewContent, Depends(_content)],
) -> Response:
    """Replace what a group holds."""
    if body.content.group != group:
        detail = "the content is another group's than the path names"
        raise InvalidInput(errors=[FieldError(pointer="/content/group", rule="differs_from_path", detail=detail)])
    changed = await caller.ask(
        ChangeBackground(customer_id=customer_id, expected_version=version, **body.model_dump(exclude_unset=True)), key
    )
    return answer(changed, version=changed.version)


@routes.get("/{group}/history", response_model=BackgroundHistory, responses={200: _PAGE, **_READ})
async def get_background_history(
    caller: SignedIn,
    customer_id: CustomerId,
    group: Group,
    cursor: Annotated[int | None, Query(ge=1, le=999_999_999, description="next_cursor of the page before")] = None,
) -> Response:
    """Who changed what of a group, when and why; oldest first, a page at a time."""
    history = await caller.ask(GetBackgroundHistory(customer_id=customer_id, group=group, cursor=cursor))
    return answer(history)
