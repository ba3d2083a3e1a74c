"""Typesetting: the pages of a document become a PDF by Typst, the same bytes for the same pages every time.

PDF/A-2a (ISO 19005-2, to be kept) and PDF/UA-1 (ISO 14289-1, to be read aloud): Typst refuses to write what would not
conform. All fonts are the project's own dependencies; those of the machine are left out.
"""

import json
from dataclasses import asdict, replace
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path

import fontpkg_noto_sans
import fontpkg_noto_sans_arabic
import typst
from fontTools.ttLib import TTFont

from services.records.rules.pages import Pages, Paragraph

_FONT_FOLDERS: tuple[Path, ...] = tuple(each.ROOT / "files" for each in (fontpkg_noto_sans, fontpkg_noto_sans_arabic))
_REPLACEMENT = "\ufffd"


def typeset(pages: Pages, dated_at: datetime) -> bytes:
    """The PDF, which says of itself that it was made at `dated_at`; takes a processor some hundredths of a second."""
    pdf = _compiler(pages).compile(format="pdf", pdf_standards=["a-2a", "ua-1"], timestamp=int(dated_at.timestamp()))
    assert isinstance(pdf, bytes)
    return pdf


def drawn(pages: Pages) -> list[bytes]:
    """The same as pictures (PNG), to look at: one for each page."""
    found = _compiler(pages).compile(format="png", ppi=80)
    return [found] if isinstance(found, bytes) else found or []


def _compiler(pages: Pages) -> typst.Compiler:
    told = json.dumps(asdict(pages), ensure_ascii=False)
    if _printable(told) != told:
        more = Paragraph(pages.unprintable, small=True)
        told = _printable(json.dumps(asdict(replace(pages, blocks=(*pages.blocks, more))), ensure_ascii=False))
    template = files("services.records").joinpath("document.typ").read_bytes()
    return typst.Compiler(template, font_paths=_fonts(), sys_inputs={"pages": told})


def _printable(text: str) -> str:
    """The same with a sign in the place of each character that no font has: Typst would write nothing at all."""
    return "".join(each if ord(each) in _characters() else _REPLACEMENT for each in text)


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(each) for each in _FONT_FOLDERS]
    )


@cache
def _characters() -> frozenset[int]:
    """What the upright fonts have glyphs for."""
    upright = [file for folder in _FONT_FOLDERS for file in folder.glob("*.ttf") if "Italic" not in file.name]
    return frozenset(code for file in upright for code in TTFont(file, lazy=True).getBestCmap())
