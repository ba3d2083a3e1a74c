"""The words of the customer's own view of the usage log, by language.

Finnish and English are those of the policy and the code lists; the other languages are files here. A word that a
language lacks is told in English.
"""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from contracts.policy import policy
from services.kit.code_lists import PURPOSES_OF_USE

FILES = {file.stem: file for file in sorted(Path(__file__).parent.glob("*.toml"))}
LANGUAGES = ("fi", "en", *FILES)


class Texts(BaseModel):
    """One language's words, by code."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    language: str
    verified: bool = True
    roles: Mapping[str, str]
    acts: Mapping[str, str]
    data: Mapping[str, str]
    purposes: Mapping[str, str]

    def word(self, kind: str, code: str) -> str:
        """What a code of that kind means; the code itself when nobody has said."""
        known: Mapping[str, str] = getattr(self, kind)
        return known.get(code) or (code if self.language == "en" else texts_of("en").word(kind, code))

    def organisation(self, code: str, names: Any) -> str:
        """The name of an organisation in this language, or in Finnish, or its code."""
        if names is None:
            return code
        return str(getattr(names, f"name_{self.language}", None) or names.name_fi)


def texts_in(languages: Iterable[str]) -> Texts:
    """The words of the first language that there is; else Finnish."""
    return texts_of(next((each for each in languages if each in LANGUAGES), "fi"))


@cache
def texts_of(language: str) -> Texts:
    """One language's words."""
    if language in FILES:
        told = tomllib.loads(FILES[language].read_text("utf-8"))
        return Texts.model_validate({"purposes": _purposes(language), **told, "language": language})
    known = policy().text
    kinds = {"roles": known.roles, "acts": known.acts, "data": known.data}
    told = {kind: {code: getattr(term, language) for code, term in terms.items()} for kind, terms in kinds.items()}
    return Texts(language=language, purposes=_purposes(language), **told)


def _purposes(language: str) -> dict[str, str]:
    return {entry.code: getattr(entry, f"name_{language}", entry.name_en) for entry in PURPOSES_OF_USE.entries}
