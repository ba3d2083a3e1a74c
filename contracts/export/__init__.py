"""What the contracts look like to the world: schemas, samples, the AsyncAPI document and the policy's pages.

Samples are append-only and parse for ever; a schema changes only where its promise is kept (contracts.compatibility).
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from contracts.compatibility import Promise, Schema, breaks
from contracts.envelope import Envelope, Event, Problem, Request, schema_urn
from contracts.export.asyncapi import asyncapi
from contracts.export.samples import (
    CHECKSUMS,
    broken_seals,
    contract_of,
    manifest,
    missing_samples,
    parse_errors,
    read_samples,
    read_seals,
)
from contracts.partners import FromPartner
from contracts.policy.page import pages
from contracts.registry import message_types

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS, ASYNCAPI = "contracts/schemas", "docs/asyncapi.json"


@dataclass(frozen=True)
class Document:
    """A model with a schema of its own, and what that schema promises."""

    name: str
    model: type[BaseModel]
    promises: tuple[Promise, ...]

    def schema(self) -> Schema:
        """Its JSON Schema. What has a default is not required, sent or not: old events without it stay in the log."""
        accepted = Promise.SENT not in self.promises
        schema = self.model.model_json_schema(mode="validation" if accepted else "serialization")
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": schema_urn(self.name), **schema}


def documents() -> list[Document]:
    """Every event, request, reply and message of a partner, the problem and the envelope."""
    # An event is sent, and accepted again when its owner's log is replayed: it must keep both promises.
    both = (Promise.SENT, Promise.ACCEPTED)
    found = [Document("envelope.v1", Envelope, both), Document("problem.v1", Problem, (Promise.SENT,))]
    for type, model in message_types().items():
        if issubclass(model, Event):
            found.append(Document(type, model, both))
        elif issubclass(model, Request):
            found.append(Document(type, model, (Promise.ACCEPTED,)))
            found.append(Document(f"{type}.reply", model.REPLY, (Promise.SENT,)))
        elif issubclass(model, FromPartner):
            found.append(Document(type, model, (Promise.ACCEPTED,)))
    return found


class ContractsBroken(Exception):
    """Published contracts would break; the arguments say how. Nothing was written."""

    def __str__(self) -> str:
        return "\n".join(self.args)


def export(root: Path = ROOT) -> list[str]:
    """Writes schemas, missing samples and the documents; returns what changed, raises ContractsBroken."""
    files, problems = _plan(root)
    if problems:
        raise ContractsBroken(*problems)
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return list(files)


def check(root: Path = ROOT) -> list[str]:
    """What is wrong with the committed files, in sentences; nothing when export would write nothing."""
    files, problems = _plan(root)
    return problems + [f"{path} is missing or out of date: run ./koto contracts export" for path in sorted(files)]


def _plan(root: Path) -> tuple[dict[str, str], list[str]]:
    """The files that are not as the contracts say, with their right text, and what only a person can put right."""
    samples = read_samples(root)
    wanted = {ASYNCAPI: _text(asyncapi()), **pages()}
    problems = broken_seals(read_seals(root), samples) + _orphans(root, samples)
    for document in documents():
        path, schema = f"{SCHEMAS}/{document.name}.json", document.schema()
        wanted[path] = _text(schema)
        if (root / path).exists():
            published = json.loads((root / path).read_text(encoding="utf-8"))
            for promise in document.promises:
                problems += breaks(document.name, published, schema, promise)
        own = {path: text for path, text in samples.items() if contract_of(path) == document.name}
        errors = [error for path, text in own.items() for error in parse_errors(path, text, document.model)]
        if not errors:
            added = missing_samples(document.name, schema, own)
            errors = [error for path, text in added.items() for error in parse_errors(path, text, document.model)]
            samples |= added
        problems += errors
    wanted |= {**samples, CHECKSUMS: manifest(samples)}
    return {path: text for path, text in wanted.items() if not _holds(root / path, text)}, problems


def _orphans(root: Path, samples: dict[str, str]) -> list[str]:
    known = {document.name for document in documents()}
    named = {f"{SCHEMAS}/{path.name}": path.stem for path in (root / SCHEMAS).glob("*.json")}
    named |= {path: contract_of(path) for path in samples}
    return [
        f"{path}: its contract is gone, but what was published parses for ever"
        for path, name in sorted(named.items())
        if name not in known
    ]


def _holds(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


def _text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
