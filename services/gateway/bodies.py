"""Bodies of requests and of answers."""

from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from services.gateway.problems import BodyTooLarge, MalformedRequest, UnsupportedMediaType
from services.kit.answering import field_errors
from services.kit.errors import InvalidInput

JSON = "application/json"
ModelT = TypeVar("ModelT", bound=BaseModel)


class JsonBody(Generic[ModelT]):
    """A request's JSON body, as a dependency of its route: reads it, checks its form, and documents it."""

    schemas: ClassVar[dict[str, Any]] = {}
    """The schema components of every body, for the OpenAPI document."""

    def __init__(self, model: type[ModelT], example: dict[str, Any]) -> None:
        self._model = model
        self.example = example
        # each with its own parts: of two bodies' parts with one name, such as Goal, neither stands for the other
        template = f"#/components/schemas/{model.__name__}Body/$defs/{{model}}"
        self.schemas[f"{model.__name__}Body"] = _strict(model.model_json_schema(ref_template=template))

    @property
    def documentation(self) -> dict[str, Any]:
        """What OpenAPI says of it."""
        schema = {"$ref": f"#/components/schemas/{self._model.__name__}Body"}
        return {"requestBody": {"required": True, "content": {JSON: {"schema": schema, "example": self.example}}}}

    async def __call__(self, request: Request) -> ModelT:
        """The body; raises a Refusal that names each field and the rule it broke, and repeats no value."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
            raise UnsupportedMediaType("Send application/json.")
        raw = await read(request, request.app.state.max_body_bytes)
        try:
            return self._model.model_validate_json(raw, strict=True, extra="forbid")
        except ValidationError as error:
            errors = field_errors(error, raw)
        if errors[0].rule == "json_invalid":
            raise MalformedRequest("The body is not well-formed JSON.")
        raise InvalidInput(errors=errors)


def answer(
    reply: BaseModel,
    status: int = 200,
    *,
    version: int | None = None,
    location: str | None = None,
    content_location: str | None = None,
) -> Response:
    """The reply as JSON, with its version as the ETag, the address of what was made, and of what is told of."""
    headers = {}
    if version is not None:
        headers["ETag"] = f'"{version}"'
    if location is not None:
        headers["Location"] = location
    if content_location is not None:
        headers["Content-Location"] = content_location
    return Response(reply.model_dump_json(), status, headers, JSON)


async def read(request: Request, limit: int) -> bytes:
    """The whole body; raises BodyTooLarge, or MalformedRequest when it ends early."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise BodyTooLarge(f"At most {limit} bytes are accepted.")
    except ClientDisconnect:
        raise MalformedRequest("The body ended early.") from None
    return bytes(body)


def _strict(schema: Any) -> Any:
    """The schema with every object closed, as bodies are read."""
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {"additionalProperties": False} if "properties" in schema and schema.get("type") == "object" else {}
    return {key: _strict(value) for key, value in schema.items()} | closed
