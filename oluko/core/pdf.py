"""Papers as PDF: A4, in FiraGO, which has ₦ and the letters of Yoruba; only the letters that are used go along.

A letter that the font lacks is shown as its plain form, or as a box: no name can keep a paper from being printed.
"""

from __future__ import annotations

import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import pymupdf_fonts  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from fpdf import FPDF
from fpdf.enums import XPos, YPos

FAMILY = "FiraGO"
# The look's own colours (tokens.css), as a printer shows them.
INK, MUTED, LINE, BRAND, TINT = (27, 29, 46), (86, 90, 114), (208, 200, 188), (47, 58, 143), (233, 235, 250)
COLOURS = {
    "ok": ((26, 107, 73), (224, 243, 234)),
    "warn": ((140, 47, 29), (251, 231, 226)),
    "wait": ((125, 82, 0), (253, 240, 211)),
}
MARGIN, FOOT = 18, 20
_UNKNOWN = "▯"
_FILES = {"": "figo", "B": "figbo"}


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, its width in millimetres, and whether it holds figures."""

    title: str
    width: float
    figures: bool = False


class Paper(FPDF):
    """One paper: what is added stands below what was added before; pages follow by themselves, each with a foot."""

    def __init__(self, title: str, *, author: str, made_at: datetime, foot: str = "") -> None:
        super().__init__(format="A4", unit="mm")
        for style, path in _font_files().items():
            self.add_font(FAMILY, style, path)
        self._foot, self._pages = printable(foot or title), "{nb}"
        self.alias_nb_pages(self._pages)
        self.set_title(printable(title))
        self.set_author(printable(author))
        self.set_creation_date(made_at)
        self.set_lang("en")
        self.set_margins(MARGIN, MARGIN, MARGIN)
        self.c_margin = 0
        self.set_auto_page_break(True, margin=FOOT + 6)
        self.add_page()

    def footer(self) -> None:
        """What stands at the foot of every page; fpdf2 asks for it."""
        self.set_y(-FOOT)
        self._rule()
        self.ln(2)
        self._face(8, colour=MUTED)
        self.cell(self.epw - 30, 5, self._foot)
        self.cell(30, 5, f"{self.page_no()} / {self._pages}", align="R")

    def letterhead(self, name: str, lines: Iterable[str]) -> None:
        """Who writes: a mark, the name, and below it what belongs to it."""
        top = self.get_y()
        self._mark(MARGIN, top)
        self.set_xy(MARGIN + 13, top)
        self._face(13, bold=True)
        self._line(name, 6)
        for text in lines:
            self.set_x(MARGIN + 13)
            self._face(9, colour=MUTED)
            self._paragraph(text, 4.5, self.epw - 13)
        self.set_y(max(self.get_y(), top + 10) + 9)

    def headline(self, text: str, below: str = "") -> None:
        self._face(20, bold=True)
        self._paragraph(text, 9)
        if below:
            self._face(10, colour=MUTED)
            self._paragraph(below, 5.5)
        self.ln(4)

    def heading(self, text: str) -> None:
        """A heading, on the page of what follows it."""
        if self.will_page_break(28):
            self.add_page()
        self.ln(4)
        self._face(12, bold=True)
        self._paragraph(text, 7)
        self.ln(1)

    def note(self, text: str) -> None:
        self._face(9, colour=MUTED)
        self._paragraph(text, 5)
        self.ln(1)

    def notice(self, text: str, style: str = "wait") -> None:
        """A sentence that must be seen, in a box; styles are those of COLOURS."""
        ink, ground = COLOURS[style]
        self._face(10.5, bold=True, colour=ink)
        self.set_fill_color(*ground)
        self.multi_cell(self.epw, 7, printable(text), fill=True, padding=(1, 3), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(4)

    def facts(self, rows: Iterable[tuple[str, str]]) -> None:
        """Names at the left, their values beside them."""
        for name, value in rows:
            if self.will_page_break(8):
                self.add_page()
            top = self.get_y()
            self.set_xy(MARGIN + 48, top)
            self._face(10)
            self._paragraph(value, 5.4, self.epw - 48)
            below = self.get_y()
            self.set_xy(MARGIN, top)
            self._face(10, colour=MUTED)
            self.cell(46, 5.4, printable(name))
            self.set_y(max(below, top + 5.4) + 1.6)

    def sums(self, rows: Sequence[tuple[str, str]]) -> None:
        """Names at the left, sums at the right; the last row is the result."""
        for place, (name, value) in enumerate(rows):
            last = place == len(rows) - 1
            if last:
                self._rule()
                self.ln(1)
            self._face(11.5 if last else 10, bold=last)
            self.cell(self.epw - 45, 7, self._fitting(name, self.epw - 45))
            self.cell(45, 7, printable(value), align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(2)

    def listing(self, columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
        """One line a row; what is too long for its column ends in dots. The heading is repeated on every page."""
        self._heads(columns)
        for row in rows:
            if self.will_page_break(6.4):
                self.add_page()
                self._heads(columns)
            self._face(8.5)
            for column, text in zip(columns, row, strict=True):
                self._cell(column, text)
            self.ln(6.4)
            self._rule()
        self.ln(3)

    def file(self) -> bytes:
        """The finished paper."""
        return bytes(self.output())

    def _heads(self, columns: Sequence[Column]) -> None:
        self._face(8.5, bold=True, colour=MUTED)
        for column in columns:
            self._cell(column, column.title)
        self.ln(6.4)
        self._rule()

    def _cell(self, column: Column, text: str) -> None:
        self.cell(column.width, 6.4, self._fitting(text, column.width - 2), align="R" if column.figures else "L")

    def _fitting(self, text: str, width: float) -> str:
        """The text as it can be printed, cut to a width in millimetres of the font that is set."""
        text = printable(text)
        needed = self.get_string_width(text)
        if needed <= width:
            return text
        # Near to the end at once; letter by letter from there.
        text = text[: int(len(text) * width / needed) + 2]
        while text and self.get_string_width(f"{text}…") > width:
            text = text[:-1]
        return f"{text.rstrip()}…"

    def _line(self, text: str, height: float) -> None:
        self.cell(0, height, self._fitting(text, self.epw - 15), new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _paragraph(self, text: str, height: float, width: float = 0) -> None:
        self.multi_cell(width, height, printable(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _face(self, size: float, *, bold: bool = False, colour: tuple[int, int, int] = INK) -> None:
        self.set_font(FAMILY, "B" if bold else "", size)
        self.set_text_color(*colour)

    def _rule(self) -> None:
        self.set_draw_color(*LINE)
        self.set_line_width(0.2)
        self.line(MARGIN, self.get_y(), self.w - MARGIN, self.get_y())

    def _mark(self, x: float, y: float) -> None:
        """The sign of the house: a ring that opens at a grain of marigold."""
        self.set_fill_color(*BRAND)
        self.rect(x, y, 10, 10, style="F", round_corners=True, corner_radius=2.8)
        self.set_draw_color(255, 255, 255)
        self.set_line_width(1.1)
        self.arc(x + 2.35, y + 2.35, 5.3, 0, 270)
        self.set_fill_color(242, 181, 68)
        self.circle(x + 7.2, y + 2.8, 1.1, style="F")


def printable(text: str) -> str:
    """The text with what the font has: composed letters where there are, no controls, strangers replaced."""
    return "".join(_printed(unicodedata.normalize("NFC", text)))


def _printed(text: str) -> Iterator[str]:
    letters = _letters()
    for letter in text:
        if ord(letter) in letters or letter == "\n":
            yield letter
        elif unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp", "Zs"):
            yield " " if unicodedata.category(letter) != "Cf" else ""
        else:
            plain = "".join(part for part in unicodedata.normalize("NFKD", letter) if ord(part) in letters)
            yield plain or _UNKNOWN


@cache
def _letters() -> frozenset[int]:
    """What both weights of the font can show."""
    known = [set(TTFont(path, lazy=True).getBestCmap()) for path in _font_files().values()]
    return frozenset(set.intersection(*known))


@cache
def _font_files() -> dict[str, Path]:
    """The font's two weights as files, which fpdf2 wants; they are gone with this process."""
    folder = Path(_folder().name)
    files = {style: folder / f"{name}.ttf" for style, name in _FILES.items()}
    for style, path in files.items():
        path.write_bytes(pymupdf_fonts.myfont(_FILES[style]))
    return files


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="oluko-fonts-")
