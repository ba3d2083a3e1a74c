"""Example documents computed from a JSON Schema: always the same, and about nobody.

A field's own `Field(examples=[...])` comes first, then a value that suits its name, then any that its schema allows.
"""

import re
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from contracts.compatibility import Schema

_BY_NAME: dict[str, Any] = {
    "given": "Aamu",
    "family": "Esimerkki",
    "date_of_birth": "1994-05-01",
    "personal_identity_code": "010594Y9032",  # 900-999 are test numbers, never given to a person
    "street": "Keksittykatu 1",
    "postal_code": "00000",
    "city": "Esimerkkilä",
    "country": "FIN",
    "phone": "+358 00 000 0000",
    "email": "aamu@example.org",
    "mother_tongue": "so",
    "language": "so",
    "integration_act_groups": "2.3.1",
    "ground": "international_protection",
    "actor": "091/expert-1",
    "title": "A field is missing or breaks a rule",
    "status": 422,
    "pointer": "/person/name/family",
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "dataschema": "urn:koto:schema:customer.opened.v1",
}
_BY_FORMAT = {"date": "2026-03-02", "date-time": "2026-03-02T08:15:00Z"}
_OTHERS: tuple[Any, ...] = (
    "example",
    "091",
    "fi",
    "SOM",
    "/koto/customer",
    "customer.opened.v1",
    "urn:koto:problem:invalid-input",
    1,
    1.5,
    True,
)

_TYPES: dict[str, tuple[type, ...]] = {"string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,)}


def full(schema: Schema) -> Any:
    """An example with every field."""
    return _example(schema, schema, "", every_field=True)


def least(schema: Schema) -> Any:
    """An example with the required fields only, and lists as short as they may be."""
    return _example(schema, schema, "", every_field=False)


def _example(node: Schema, root: Schema, name: str, *, every_field: bool, within: tuple[str, ...] = ()) -> Any:
    if "examples" in node:
        return node["examples"][0]
    if reference := node.get("$ref"):
        every_field = every_field and reference not in within  # or what holds itself would never end
        node, within = root["$defs"][reference.removeprefix("#/$defs/")], (*within, reference)

    def example(inner: Schema, name: str) -> Any:
        return _example(inner, root, name, every_field=every_field, within=within)

    if "anyOf" in node:
        return example(next(branch for branch in node["anyOf"] if branch.get("type") != "null"), name)
    if node.get("type") == "object":
        chosen = node.get("properties", {}) if every_field else node.get("required", ())
        return {each: example(node["properties"][each], each) for each in chosen}
    if node.get("type") == "array":
        length = max(node.get("minItems", 0), 1 if every_field else 0)
        return [example(node["items"], name) for _ in range(length)]
    return _value(node, name)


def _value(node: Schema, name: str) -> Any:
    if "enum" in node or "const" in node:
        return node.get("const", node.get("enum", [None])[0])
    if node.get("format") == "uuid":
        return str(uuid5(NAMESPACE_URL, f"urn:koto:sample:{name}"))
    candidates = (_BY_NAME.get(name), _BY_FORMAT.get(node.get("format", "")), *_OTHERS)
    for candidate in candidates:
        if candidate is not None and _fits(candidate, node):
            return candidate
    raise ValueError(f"no example fits the field {name}: give it one, Field(examples=[...])")


def _fits(value: Any, node: Schema) -> bool:
    if "type" in node and type(value) not in _TYPES[node["type"]]:
        return False
    if isinstance(value, str):
        right_length = node.get("minLength", 0) <= len(value) <= node.get("maxLength", len(value))
        return right_length and re.search(node.get("pattern", ""), value) is not None
    return bool(node.get("minimum", value) <= value <= node.get("maximum", value))
