"""The archive of samples: bodies that parse for ever, sealed by their checksums."""

import hashlib
import json
from itertools import count
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from contracts.compatibility import Schema
from contracts.export.examples import full, least

SAMPLES, CHECKSUMS = "contracts/samples", "contracts/samples/CHECKSUMS"


def read_samples(root: Path) -> dict[str, str]:
    """The text of every sample, by its path."""
    found = sorted((root / SAMPLES).glob("*/*.json"))
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in found}


def contract_of(path: str) -> str:
    """The contract that a sample is of."""
    return Path(path).parent.name


def parse_errors(path: str, text: str, model: type[BaseModel]) -> list[str]:
    """Why the model does not read the sample, in sentences."""
    try:
        model.model_validate_json(text)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        return [f"{path} does not parse: /{'/'.join(map(str, each['loc']))} {each['msg']}" for each in found]
    return []


def missing_samples(contract: str, schema: Schema, present: dict[str, str]) -> dict[str, str]:
    """New samples where none has every field, or none the required fields alone, as when a field was added."""
    shapes = [_shape(json.loads(text)) for text in present.values()]
    free = (path for number in count(1) if (path := f"{SAMPLES}/{contract}/{number:04}.json") not in present)
    added: dict[str, str] = {}
    for example in (full(schema), least(schema)):
        if _shape(example) not in shapes:
            shapes.append(_shape(example))
            added[next(free)] = json.dumps(example, indent=2, ensure_ascii=False) + "\n"
    return added


def read_seals(root: Path) -> dict[str, str]:
    """The checksum of every sample written so far; the file is one that sha256sum --check reads."""
    manifest = root / CHECKSUMS
    lines = manifest.read_text(encoding="utf-8").splitlines() if manifest.exists() else []
    return {path: seal for seal, path in (line.split("  ", 1) for line in lines)}


def broken_seals(seals: dict[str, str], samples: dict[str, str]) -> list[str]:
    """The sealed samples that were changed or removed, in sentences."""
    return [
        f"{path} was changed or removed: restore it, and put another beside it"
        for path, seal in seals.items()
        if path not in samples or _seal(samples[path]) != seal
    ]


def manifest(samples: dict[str, str]) -> str:
    """The text of the file of checksums."""
    return "".join(f"{_seal(text)}  {path}\n" for path, text in sorted(samples.items()))


def _seal(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _shape(body: Any) -> Any:
    """A body without its values."""
    if isinstance(body, dict):
        return {field: _shape(value) for field, value in body.items()}
    return [_shape(value) for value in body] if isinstance(body, list) else None
