"""Lists as CSV files in a request's body: read as they come, never whole in memory."""

import codecs
import csv
from collections.abc import AsyncIterator, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel
from starlette.requests import ClientDisconnect, Request

from contracts.envelope import FieldError
from services.gateway.problems import BodyTooLarge, MalformedRequest, UnsupportedMediaType
from services.kit.errors import InvalidInput

CSV = "text/csv"
ROWS_AT_ONCE, BYTES_AT_ONCE = 1000, 500_000
"""How much goes on in one message, which the broker takes up to 1 MiB of."""
_LONGEST_CELL, _LONGEST_LINE = 400, 20_000
RowT = TypeVar("RowT", bound=BaseModel)


def csv_documentation(row: type[BaseModel], what: str) -> dict[str, Any]:
    """What OpenAPI says of such a file: a line of columns, and a line for each person or service."""
    columns = row.model_json_schema()["properties"]
    told = "; ".join(f"`{name}`: {each.get('description', 'text')}" for name, each in columns.items())
    example = ",".join(columns) + "\n" + ",".join(each["examples"][0] for each in columns.values()) + "\n"
    schema = {
        "type": "string",
        "description": "UTF-8; a first line with the names of the columns, in any order, separated by commas or"
        f" semicolons; then a line for each {what}. {told}.",
    }
    return {"requestBody": {"required": True, "content": {CSV: {"schema": schema, "example": example}}}}


async def rows_of(request: Request, row: type[RowT], longest_cell: int = _LONGEST_CELL) -> AsyncIterator[list[RowT]]:
    """The rows, by as many as go in one message; all of their fields are text, cut at `longest_cell` characters.

    Raises UnsupportedMediaType, BodyTooLarge, MalformedRequest, and InvalidInput for the line of columns.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != CSV:
        raise UnsupportedMediaType("Send text/csv.")
    lines = _lines(request, request.app.state.max_list_bytes)
    header = await anext(lines, "")
    delimiter = ";" if header.count(";") > header.count(",") else ","
    columns = [each.strip().lower() for each in _cells(header, delimiter, 1)]
    _check_columns(columns, row)
    chunk: list[RowT] = []
    size = 0
    number = 1
    async for line in lines:
        number += 1
        cells = [each[:longest_cell].replace("\0", "") for each in _cells(line, delimiter, number)]
        if not any(cells):
            continue
        if any(cells[len(columns) :]):
            raise MalformedRequest(f"Row {number} has more cells than columns: quote a cell with a {delimiter} in it.")
        if len(chunk) == ROWS_AT_ONCE or size + len(line.encode()) > BYTES_AT_ONCE:
            yield chunk
            chunk, size = [], 0
        chunk.append(row.model_validate(dict(zip(columns, cells, strict=False))))
        size += 3 * len(line.encode())  # the names of the fields go along
    if chunk:
        yield chunk


def _check_columns(columns: Sequence[str], row: type[BaseModel]) -> None:
    """Refuses a name that is not known: its column would be lost unseen."""
    known = list(row.model_fields)
    wrong = [each for each in columns if each not in known] or (["twice"] if len(set(columns)) < len(columns) else [])
    if wrong or not columns:
        detail = f"the first line names the columns, each once, out of {', '.join(known)}"
        raise InvalidInput(errors=[FieldError(pointer="/0", rule="columns", detail=detail)])


def _cells(line: str, delimiter: str, number: int) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:  # its message may hold what stands there
        raise MalformedRequest(f"Row {number} is no CSV: lines end with a line feed, quotes are closed.") from None


async def _lines(request: Request, limit: int) -> AsyncIterator[str]:
    """The lines, each with the line breaks that stand within quotes."""
    decoder: Any = codecs.getincrementaldecoder("utf-8-sig")()
    size, rest, quoted = 0, "", ""
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise BodyTooLarge(f"At most {limit} bytes are accepted.")
            *whole, rest = (rest + decoder.decode(chunk)).split("\n")
            for line in whole:
                quoted += line + "\n"
                if quoted.count('"') % 2 == 0:
                    yield quoted.rstrip("\r\n")
                    quoted = ""
            if len(rest) + len(quoted) > _LONGEST_LINE:
                raise MalformedRequest(f"A line is longer than {_LONGEST_LINE} characters, or a quote is not closed.")
        rest += decoder.decode(b"", final=True)
    except ClientDisconnect:
        raise MalformedRequest("The body ended early.") from None
    except UnicodeDecodeError:
        raise MalformedRequest("The body is not UTF-8.") from None
    if last := (quoted + rest).rstrip("\r\n"):
        yield last
