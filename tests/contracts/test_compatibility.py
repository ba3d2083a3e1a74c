"""Which changes of a schema keep which promise."""

from typing import Annotated, Any, Literal

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field, create_model

from contracts.compatibility import Promise, Schema, breaks
from contracts.export.examples import full, least

SENT, ACCEPTED = Promise.SENT, Promise.ACCEPTED
BOTH = {SENT, ACCEPTED}
NEITHER: set[Promise] = set()


def model_of(name: str = "Part", **fields: Any) -> Any:
    """A model with these fields: a type alone, or a type and a default."""
    return create_model(
        name, **{each: field if isinstance(field, tuple) else (field, ...) for each, field in fields.items()}
    )


def schema(name: str = "Thing", **fields: Any) -> Schema:
    """The schema of such a model."""
    definition: Schema = model_of(name, **fields).model_json_schema()
    return definition


class Node(BaseModel):
    """A model that holds itself."""

    size: int
    children: "tuple[Node, ...]" = ()


class Person(BaseModel):
    name: str


class Human(BaseModel):
    name: str


Short, Long = Annotated[str, Field(max_length=5)], Annotated[str, Field(max_length=9)]
Digits, Letters = Annotated[str, Field(pattern="^[0-9]+$")], Annotated[str, Field(pattern="^[a-z]+$")]

CHANGES = [
    pytest.param(schema(a=str), schema(a=str), NEITHER, id="nothing"),
    pytest.param(schema(a=str), schema("Other", a=Annotated[str, Field(description="new")]), NEITHER, id="words"),
    pytest.param(schema(a=str), schema(a=str, b=(str | None, None)), NEITHER, id="optional field added"),
    pytest.param(schema(a=Person), schema(a=Human), NEITHER, id="inner model renamed"),
    pytest.param(schema(a=Node), schema(a=Node), NEITHER, id="model that holds itself"),
    pytest.param(schema(a=str), schema(a=str, b=str), {ACCEPTED}, id="required field added"),
    pytest.param(schema(a=str, b=(int, 1)), schema(a=str, b=int), {ACCEPTED}, id="optional became required"),
    pytest.param(schema(a=str, b=int), schema(a=str, b=(int, 1)), {SENT}, id="required became optional"),
    pytest.param(schema(a=str, b=int), schema(a=str), BOTH, id="required field removed"),
    pytest.param(schema(a=str, b=(int, 1)), schema(a=str), BOTH, id="optional field removed"),
    pytest.param(schema(a=str), schema(b=str), BOTH, id="field renamed"),
    pytest.param(schema(a=str), schema(a=int), BOTH, id="type changed"),
    pytest.param(schema(a=int), schema(a=float), {SENT}, id="integer became number"),
    pytest.param(schema(a=float), schema(a=int), {ACCEPTED}, id="number became integer"),
    pytest.param(schema(a=object), schema(a=str), {ACCEPTED}, id="anything became string"),
    pytest.param(schema(a=str), schema(a=str | None), {SENT}, id="became nullable"),
    pytest.param(schema(a=str | None), schema(a=str), {ACCEPTED}, id="no longer nullable"),
    pytest.param(schema(a=str | int), schema(a=str | int | bool), {SENT}, id="union grew"),
    pytest.param(schema(a=Literal["x", "y"]), schema(a=Literal["x", "y", "z"]), {SENT}, id="enum widened"),
    pytest.param(schema(a=Literal["x", "y"]), schema(a=Literal["x"]), {ACCEPTED}, id="enum narrowed to one"),
    pytest.param(schema(a=Literal["x"]), schema(a=Literal["y"]), BOTH, id="constant changed"),
    pytest.param(schema(a=str), schema(a=Literal["x"]), {ACCEPTED}, id="string became enum"),
    pytest.param(schema(a=Short), schema(a=Long), {SENT}, id="maxLength raised"),
    pytest.param(schema(a=Long), schema(a=Short), {ACCEPTED}, id="maxLength lowered"),
    pytest.param(schema(a=Short), schema(a=str), {SENT}, id="maxLength dropped"),
    pytest.param(
        schema(a=Annotated[int, Field(ge=1)]), schema(a=Annotated[int, Field(ge=0)]), {SENT}, id="minimum lowered"
    ),
    pytest.param(schema(a=int), schema(a=Annotated[int, Field(ge=1)]), {ACCEPTED}, id="minimum added"),
    pytest.param(schema(a=Digits), schema(a=Letters), BOTH, id="pattern changed"),
    pytest.param(schema(a=Digits), schema(a=str), {SENT}, id="pattern dropped"),
    pytest.param(schema(a=Digits | None), schema(a=Letters | None), BOTH, id="pattern changed in a nullable field"),
    pytest.param(schema(a=(int, 1)), schema(a=(int, 2)), BOTH, id="default changed"),
    pytest.param(schema(a=tuple[Short, ...]), schema(a=tuple[Long, ...]), {SENT}, id="items widened"),
    pytest.param(schema(a=dict[str, Short]), schema(a=dict[str, Long]), {SENT}, id="values of a map widened"),
    pytest.param(schema(a=model_of(b=str)), schema(a=model_of(b=str, c=str)), {ACCEPTED}, id="required deep inside"),
    pytest.param(schema(a=model_of(b=(str, ""))), schema(a=dict[str, str]), BOTH, id="fields became a map"),
    pytest.param(schema(a=str), {**schema(a=str), "additionalProperties": False}, {ACCEPTED}, id="object closed"),
    pytest.param(
        {**schema(a=str), "additionalProperties": False}, schema(a=str, b=(int, 1)), {SENT}, id="closed object grew"
    ),
]


@pytest.mark.parametrize(("old", "new", "broken"), CHANGES)
def test_a_change_breaks_the_promises_that_it_breaks_and_no_other(
    old: Schema, new: Schema, broken: set[Promise]
) -> None:
    assert {promise for promise in Promise if breaks("thing.made.v1", old, new, promise)} == broken


@pytest.mark.parametrize(("old", "new", "broken"), CHANGES)
def test_where_a_promise_is_kept_a_real_validator_agrees(old: Schema, new: Schema, broken: set[Promise]) -> None:
    if SENT not in broken:
        for document in (full(new), least(new)):
            Draft202012Validator(old).validate(document)
    if ACCEPTED not in broken:
        for document in (full(old), least(old)):
            Draft202012Validator(new).validate(document)


def test_the_sentence_names_the_contract_the_pointer_the_direction_and_the_way_out() -> None:
    old, new = schema(a=model_of(b=Short)), schema(a=model_of(b=Long))

    (sentence,) = breaks("thing.made.v9", old, new, SENT)

    assert sentence == (
        "thing.made.v9 /properties/a/properties/b/maxLength: 5 became 9; what we send may only grow stricter: "
        "who reads by the published schema could not read all of it. Publish thing.made.v10 beside it."
    )


def test_a_reply_is_told_to_become_the_next_version_of_its_request() -> None:
    (sentence,) = breaks("thing.get_thing.v1.reply", schema(a=str), schema(a=int), SENT)

    assert "Publish thing.get_thing.v2 beside it" in sentence


def test_a_keyword_that_cannot_be_judged_counts_as_a_break() -> None:
    old = {"type": "object", "properties": {"a": {"oneOf": [{"type": "string"}]}}}
    new = {"type": "object", "properties": {"a": {"oneOf": [{"type": "string"}, {"type": "null"}]}}}

    assert all(breaks("thing.made.v1", old, new, promise) for promise in Promise)
