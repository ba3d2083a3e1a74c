"""Typesetting: the pages of a document become a PDF by Typst, the same bytes for the same pages every time.

PDF/A-2a (ISO 19005-2, to be kept) and PDF/UA-1 (ISO 14289-1, to be read aloud): Typst refuses to write what would not
conform. All fonts are the project's own dependencies; those of the machine are left out.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import fontpkg_noto_sans
import fontpkg_noto_sans_arabic
import typst
from fontTools.ttLib import TTFont

from services.records.rules.pages import Pages

_FONT_FOLDERS: tuple[Path, ...] = tuple(each.ROOT / "files" for each in (fontpkg_noto_sans, fontpkg_noto_sans_arabic))
_REPLACEMENT = "\ufffd"


def typeset(pages: Pages, dated_at: datetime) -> bytes:
    """The PDF, which says of itself that it was made at `dated_at`. Takes some hundredths of a second of a processor."""
    told = asdict(pages)
    printable = _printable(told)
    if printable != told:
        printable["blocks"].append(asdict(pages)["unprintable"] and _notice(printable["unprintable"]))
    compiler = typst.Compiler(
        files("services.records").joinpath("document.typ").read_bytes(),
        font_paths=_fonts(),
        sys_inputs={"pages": json.dumps(printable)},
    )
    return compiler.compile(format="pdf", pdf_standards=["a-2a", "ua-1"], timestamp=dated_at)
