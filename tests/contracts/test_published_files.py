"""The committed schemas and samples, as they are in this repository."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from contracts.export import ROOT, SCHEMAS, Document, check, documents
from contracts.export.samples import SAMPLES

DOCUMENTS = {document.name: document for document in documents()}
SAMPLE_FILES = [pytest.param(path, id=f"{path.parent.name}/{path.stem}") for path in (ROOT / SAMPLES).glob("*/*.json")]


def committed_schema(name: str) -> Draft202012Validator:
    schema = json.loads((ROOT / SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def test_the_committed_files_are_what_the_contracts_say() -> None:
    assert check() == []


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_every_contract_has_a_schema_under_its_own_urn_and_a_sample(document: Document) -> None:
    assert committed_schema(document.name).schema["$id"] == f"urn:koto:schema:{document.name}"
    assert list((ROOT / SAMPLES / document.name).glob("*.json"))


@pytest.mark.parametrize("path", SAMPLE_FILES)
def test_every_sample_is_read_by_its_model_and_valid_by_the_committed_schema(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    DOCUMENTS[path.parent.name].model.model_validate_json(text)
    committed_schema(path.parent.name).validate(json.loads(text))


@pytest.mark.parametrize("path", SAMPLE_FILES)
def test_what_a_model_writes_is_valid_by_the_committed_schema(path: Path) -> None:
    message = DOCUMENTS[path.parent.name].model.model_validate_json(path.read_text(encoding="utf-8"))

    committed_schema(path.parent.name).validate(message.model_dump(mode="json"))


@pytest.mark.parametrize("path", SAMPLE_FILES)
def test_a_personal_identity_code_in_a_sample_is_of_the_test_range(path: Path) -> None:
    found = values_of("personal_identity_code", json.loads(path.read_text(encoding="utf-8")))

    assert all("900" <= str(code)[7:10] <= "999" for code in found)


def values_of(field: str, body: object) -> list[object]:
    if isinstance(body, dict):
        own = [body[field]] if field in body else []
        return own + [value for each in body.values() for value in values_of(field, each)]
    return [value for each in body for value in values_of(field, each)] if isinstance(body, list) else []
