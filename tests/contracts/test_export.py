"""Exporting and checking, in a repository of the test's own with one contract that changes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field, computed_field, create_model, field_validator

import contracts.export as exporting
from contracts.compatibility import Promise
from contracts.export import ContractsBroken, Document, check, export

SENT, ACCEPTED = Promise.SENT, Promise.ACCEPTED
SCHEMA = "contracts/schemas/thing.made.v1.json"
SAMPLE, SECOND_SAMPLE = "contracts/samples/thing.made.v1/0001.json", "contracts/samples/thing.made.v1/0002.json"
Publish = Callable[..., None]


@pytest.fixture
def publish(monkeypatch: pytest.MonkeyPatch) -> Publish:
    """Makes thing.made.v1, with these fields or as this model, the only contract there is."""

    def publish(*promises: Promise, model: type[BaseModel] | None = None, **fields: Any) -> None:
        chosen = model or create_model("Thing", **fields)
        monkeypatch.setattr(exporting, "documents", lambda: [Document("thing.made.v1", chosen, promises)])

    return publish


def contents(root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*") if path.is_file()}


def test_what_was_exported_needs_no_export_and_passes_the_check(tmp_path: Path, publish: Publish) -> None:
    publish(SENT, state=(Literal["open"], ...))

    assert SCHEMA in export(tmp_path)
    assert export(tmp_path) == []
    assert check(tmp_path) == []


def test_a_schema_that_was_never_exported_is_reported(tmp_path: Path, publish: Publish) -> None:
    publish(SENT, state=(str, ...))

    assert f"{SCHEMA} is missing or out of date: run ./koto contracts export" in check(tmp_path)


def test_a_new_optional_field_changes_the_schema_and_adds_a_sample_beside_the_old_one(
    tmp_path: Path, publish: Publish
) -> None:
    publish(SENT, ACCEPTED, state=(str, ...))
    export(tmp_path)
    old_sample = (tmp_path / SAMPLE).read_bytes()
    publish(SENT, ACCEPTED, state=(str, ...), size=(int | None, None))

    changed = export(tmp_path)

    assert set(changed) == {SCHEMA, SECOND_SAMPLE, "contracts/samples/CHECKSUMS"}
    assert (tmp_path / SAMPLE).read_bytes() == old_sample
    assert "size" in json.loads((tmp_path / SECOND_SAMPLE).read_text())
    assert check(tmp_path) == []


@pytest.mark.parametrize(
    ("promise", "old", "new"),
    [
        pytest.param(SENT, Literal["a"], Literal["a", "b"], id="sent: enum widened"),
        pytest.param(ACCEPTED, Literal["a", "b"], Literal["a"], id="accepted: enum narrowed"),
    ],
)
def test_a_breaking_change_is_refused_and_nothing_is_written(
    tmp_path: Path, publish: Publish, promise: Promise, old: Any, new: Any
) -> None:
    publish(promise, state=(old, ...))
    export(tmp_path)
    before = contents(tmp_path)
    publish(promise, state=(new, ...))

    with pytest.raises(ContractsBroken, match=r"Publish thing\.made\.v2 beside it"):
        export(tmp_path)

    assert contents(tmp_path) == before
    assert any("thing.made.v1 /properties/state/" in problem for problem in check(tmp_path))


def test_the_schema_of_what_we_send_is_of_what_we_write_and_of_what_we_accept_of_what_we_read() -> None:
    class Thing(BaseModel):
        size: int

        @computed_field  # type: ignore[prop-decorator]
        @property
        def doubled(self) -> int:
            return 2 * self.size

    assert "doubled" in Document("thing.made.v1", Thing, (SENT,)).schema()["properties"]
    assert "doubled" not in Document("thing.make.v1", Thing, (ACCEPTED,)).schema()["properties"]


def test_a_sample_that_was_changed_is_reported(tmp_path: Path, publish: Publish) -> None:
    publish(SENT, state=(str, ...))
    export(tmp_path)
    (tmp_path / SAMPLE).write_text('{"state": "another"}')

    assert check(tmp_path)[0].startswith(f"{SAMPLE} was changed or removed")
    with pytest.raises(ContractsBroken):
        export(tmp_path)


def test_a_sample_that_was_removed_is_reported(tmp_path: Path, publish: Publish) -> None:
    publish(SENT, state=(str, ...))
    export(tmp_path)
    (tmp_path / SAMPLE).unlink()

    assert check(tmp_path)[0].startswith(f"{SAMPLE} was changed or removed")


def test_a_sample_written_by_hand_is_kept_and_sealed(tmp_path: Path, publish: Publish) -> None:
    publish(SENT, state=(str, ...))
    export(tmp_path)
    own = tmp_path / SAMPLE.replace("0001", "with-a-long-state")
    own.write_text('{"state": "a long one"}')

    assert export(tmp_path) == ["contracts/samples/CHECKSUMS"]
    assert own.read_text() == '{"state": "a long one"}'


def test_a_sample_that_no_longer_parses_is_reported_though_the_schema_is_the_same(
    tmp_path: Path, publish: Publish
) -> None:
    class Thing(BaseModel):
        state: str = Field(examples=["fine"])

    class PickyThing(Thing):
        @field_validator("state")
        @classmethod
        def never(cls, state: str) -> str:
            raise ValueError("not today")

    publish(SENT, model=Thing)
    export(tmp_path)
    publish(SENT, model=PickyThing)

    assert f"{SAMPLE} does not parse: /state Value error, not today" in check(tmp_path)


def test_a_field_that_no_example_fits_asks_for_one(tmp_path: Path, publish: Publish) -> None:
    publish(SENT, code=(str, Field(pattern="^never seen$")))

    with pytest.raises(ValueError, match=r"code: give it one, Field\(examples="):
        export(tmp_path)


def test_a_contract_that_is_gone_leaves_its_files_reported(
    tmp_path: Path, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(SENT, state=(str, ...))
    export(tmp_path)
    monkeypatch.setattr(exporting, "documents", list)

    assert {problem.split(":")[0] for problem in check(tmp_path)} == {SCHEMA, SAMPLE}


def test_an_asyncapi_document_that_is_out_of_date_is_reported(tmp_path: Path, publish: Publish) -> None:
    publish(SENT, state=(str, ...))
    export(tmp_path)
    (tmp_path / "docs/asyncapi.json").write_text("{}")

    assert check(tmp_path) == ["docs/asyncapi.json is missing or out of date: run ./koto contracts export"]
