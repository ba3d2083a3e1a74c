"""What holds for every contract."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import contracts
from contracts.envelope import Event
from contracts.partners import Disclosure
from contracts.registry import events

PERSONAL = {
    "name",
    "family",
    "given",
    "date_of_birth",
    "personal_identity_code",
    "contact",
    "address",
    "street",
    "phone",
    "email",
}
FOLDER = Path(contracts.__file__).parent


def field_names(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        schema = list(schema.values())
    if isinstance(schema, list):
        for each in schema:
            yield from field_names(each)


IN_LOGS = [each for each in events() if not issubclass(each, Disclosure)]


@pytest.mark.parametrize("event", IN_LOGS, ids=lambda event: event.TYPE)
def test_no_event_carries_a_field_that_tells_who_a_person_is(event: type[Event]) -> None:
    assert set(field_names(event.model_json_schema())) & PERSONAL == set()


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.py")), ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_contracts_import_pydantic_and_the_standard_library_only(path: Path) -> None:
    imported: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")

    roots = {name.partition(".")[0] for name in imported}
    assert roots - sys.stdlib_module_names <= {"contracts", "pydantic", "pydantic_core"}
