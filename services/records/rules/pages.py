"""What stands on the pages of a document, before it is typeset: headings, texts, facts and lists, one after another."""

import unicodedata
from dataclasses import dataclass
from typing import Literal

from services.records.rules.words import RIGHT_TO_LEFT

UNKNOWN_LANGUAGE = "und"
"""ISO 639-2: not determined."""


@dataclass(frozen=True)
class Said:
    """Words in one language and one direction."""

    text: str
    language: str
    right_to_left: bool


@dataclass(frozen=True)
class Heading:
    """A heading; 1 is a section of the document, 2 one of its parts."""

    text: Said
    level: int = 1
    kind: Literal["heading"] = "heading"


@dataclass(frozen=True)
class Paragraph:
    """A text; `small` for what is not the matter itself."""

    text: Said
    small: bool = False
    kind: Literal["paragraph"] = "paragraph"


@dataclass(frozen=True)
class Notice:
    """What is to be seen first, line by line."""

    lines: tuple[tuple[Said, ...], ...]
    kind: Literal["notice"] = "notice"


@dataclass(frozen=True)
class Facts:
    """Labels, each with what is told of it."""

    rows: tuple[tuple[Said, Said], ...]
    kind: Literal["facts"] = "facts"


@dataclass(frozen=True)
class Items:
    """A list of things side by side."""

    items: tuple[Said, ...]
    kind: Literal["items"] = "items"


@dataclass(frozen=True)
class Signatures:
    """A table with a row for each party that approves."""

    head: tuple[Said, ...]
    parties: tuple[Said, ...]
    kind: Literal["signatures"] = "signatures"


Block = Heading | Paragraph | Notice | Facts | Items | Signatures


@dataclass(frozen=True)
class Pages:
    """A whole document in one language, and what stands at the foot of each of its pages."""

    title: Said
    foot: tuple[Said, ...]
    unprintable: Said
    """What is said when something that people wrote has characters that no font of ours has."""
    blocks: tuple[Block, ...]


def said(text: str, language: str) -> Said:
    """A fixed text in its language."""
    return Said(text, language, language in RIGHT_TO_LEFT)


def written(text: str, language: str) -> Said:
    """What people wrote, as they wrote it: in the document's language unless its first letter runs the other way."""
    text = "".join(each for each in text if each == "\n" or unicodedata.category(each) != "Cc")
    rtl = next((kind != "L" for each in text if (kind := unicodedata.bidirectional(each)) in ("L", "R", "AL")), None)
    expected = language in RIGHT_TO_LEFT
    if rtl is None or rtl == expected:
        return Said(text, language, expected)
    return Said(text, UNKNOWN_LANGUAGE, rtl)
