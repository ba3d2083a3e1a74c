"""Whether a changed JSON Schema keeps the promise of the published one.

Both promises say that one schema lies inside the other: every document of the narrow one is valid by the wide one.
Readers ignore fields they do not know, so an object holds what it declares. What cannot be judged counts as a break.
"""

import json
import re
from collections.abc import Iterator
from enum import Enum
from typing import Any

Schema = dict[str, Any]
Leak = tuple[str, str]
"""Where one schema reaches outside the other, as a JSON Pointer with references resolved, and what changed there."""


class Promise(Enum):
    """What a published schema promises; the value says what a break of the promise does."""

    SENT = "what we send may only grow stricter: who reads by the published schema could not read all of it"
    ACCEPTED = "what we accept may only grow wider: a document that was right until now would be refused"


_ANNOTATIONS = {"$schema", "$id", "$defs", "title", "description", "examples", "deprecated", "default"}
_UPPER_LIMITS = {"maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum"}
_LOWER_LIMITS = {"minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum"}


def breaks(name: str, old: Schema, new: Schema, promise: Promise) -> list[str]:
    """One sentence for each place where the new schema of the contract `name` breaks the promise of the old one."""
    successor = re.sub(r"\.v(\d+).*", lambda version: f".v{int(version[1]) + 1}", name)
    old, new = _inlined(old, old), _inlined(new, new)
    narrow, wide = (new, old) if promise is Promise.SENT else (old, new)
    found = dict.fromkeys(_leaks(narrow, wide, "", promise))
    return [f"{name} {at}: {what}; {promise.value}. Publish {successor} beside it." for at, what in found]


def _inlined(node: Any, root: Schema, within: tuple[str, ...] = ()) -> Any:
    """The node with its references resolved. One to a definition that it lies in stays, to be compared by its name."""
    if isinstance(node, list):
        return [_inlined(each, root, within) for each in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if isinstance(reference, str) and reference not in within:
        target = root["$defs"][reference.removeprefix("#/$defs/")]
        beside = {keyword: value for keyword, value in node.items() if keyword != "$ref"}
        return _inlined({**target, **beside}, root, (*within, reference))
    return {keyword: _inlined(value, root, within) for keyword, value in node.items() if keyword != "$defs"}


def _leaks(narrow: Schema, wide: Schema, at: str, promise: Promise) -> Iterator[Leak]:
    def changed(keyword: str) -> Leak:
        old, new = (wide, narrow) if promise is Promise.SENT else (narrow, wide)
        return f"{at}/{keyword}", f"{_shown(old, keyword)} became {_shown(new, keyword)}"

    if "default" in narrow and "default" in wide and narrow["default"] != wide["default"]:
        yield changed("default")  # a field left out would mean something else than it did
    if "anyOf" in narrow:
        beside = {keyword: value for keyword, value in narrow.items() if keyword not in {"anyOf", "default"}}
        for index, branch in enumerate(narrow["anyOf"]):
            yield from _leaks({**beside, **branch}, wide, f"{at}/anyOf/{index}", promise)
        return
    if not _holds_type(narrow.get("type"), wide.get("type")):
        yield changed("type")
        return
    for keyword, bound in wide.items():
        held = narrow.get(keyword)
        if keyword == "properties":
            yield from _property_leaks(narrow, wide, at, promise)
        elif keyword == "required":
            for name in sorted(set(bound) - set(held or ())):
                now = "is no longer always there" if promise is Promise.SENT else "is now required"
                yield f"{at}/required", f"{name} {now}"
        elif keyword == "anyOf":
            yield from _closest([list(_leaks(narrow, branch, at, promise)) for branch in bound], at)
        elif keyword in {"enum", "const"}:
            if not _values(narrow) or any(value not in _values(wide) for value in _values(narrow)):
                yield changed(keyword)
        elif keyword in {"items", "additionalProperties"} and isinstance(held, dict) and isinstance(bound, dict):
            yield from _leaks(held, bound, f"{at}/{keyword}", promise)
        elif keyword in _ANNOTATIONS or _is_within(keyword, held, bound):
            continue
        else:
            yield changed(keyword)


def _property_leaks(narrow: Schema, wide: Schema, at: str, promise: Promise) -> Iterator[Leak]:
    if "properties" not in narrow:
        yield f"{at}/properties", "an object with any fields and one with declared fields cannot be compared"
        return
    inner, outer = narrow["properties"], wide["properties"]
    old, new = (outer, inner) if promise is Promise.SENT else (inner, outer)
    for name in old:
        if name not in new:
            # Also where it was optional: nobody would notice that it is ignored, or never comes any more.
            yield f"{at}/properties/{name}", "the field was removed"
        else:
            yield from _leaks(inner[name], outer[name], f"{at}/properties/{name}", promise)


def _closest(branches: list[list[Leak]], at: str) -> list[Leak]:
    """Nothing when one branch holds it all; else the leaks from the branch that is most alike."""
    return min(branches, key=lambda leaks: (len(leaks) > 0, any(leak[0] == f"{at}/type" for leak in leaks), len(leaks)))


def _is_within(keyword: str, held: Any, bound: Any) -> bool:
    if keyword in _UPPER_LIMITS:
        return held is not None and held <= bound
    if keyword in _LOWER_LIMITS:
        return held is not None and held >= bound
    if keyword == "additionalProperties":
        return bound is True  # a closed object would refuse the optional fields of tomorrow
    return keyword == "type" or bool(held == bound)


def _holds_type(narrow: Any, wide: Any) -> bool:
    return wide in (None, narrow) or (narrow, wide) == ("integer", "number")


def _values(schema: Schema) -> list[Any]:
    return [schema["const"]] if "const" in schema else list(schema.get("enum", ()))


def _shown(schema: Schema, keyword: str) -> str:
    return json.dumps(schema[keyword], ensure_ascii=False) if keyword in schema else "nothing"
