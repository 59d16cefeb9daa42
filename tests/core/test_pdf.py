"""Papers as PDF: the letters of Lagos are there, strange ones do no harm, long tables go on."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from oluko.core.pdf import Column, Paper, printable
from tests.core.pdf_text import fonts_of, pdf_text

AT = datetime(2026, 11, 3, 9, tzinfo=UTC)


def paper() -> Paper:
    return Paper("Receipt 12", author="Ọlúkọ́", made_at=AT, foot="Receipt 12")


def test_naira_and_yoruba_letters_can_be_read_back_out() -> None:
    sheet = paper()
    sheet.letterhead("Ọlúkọ́ Ẹ̀kọ́ Ltd", ["12 Marina, Èkó"])
    sheet.headline("Receipt 12", "3 Nov 2026")
    sheet.facts([("Paid by", "Adéọlá Ṣóyínká")])
    sheet.sums([("Paid", "₦5,000.50")])
    file = sheet.file()
    text = pdf_text(file)
    for words in ("Ọlúkọ́ Ẹ̀kọ́ Ltd", "12 Marina, Èkó", "Adéọlá Ṣóyínká", "₦5,000.50", "Receipt 12"):
        assert printable(words) in text
    assert file.startswith(b"%PDF-")
    assert fonts_of(file) == {"FiraGO", "FiraGOBold"}
    # Two whole fonts would be 1.6 MB.
    assert len(file) < 40_000


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ada 😀", "Ada ▯"),
        ("漢字", "▯▯"),
        ("a\x00b\x1fc\ud800", "a b c▯"),
        ("①", "1"),
        ("one\ttwo", "one two"),
        ("o\u0323\u0301", "ọ\u0301"),
        ("", ""),
    ],
)
def test_letters_that_the_font_lacks_are_replaced(text: str, shown: str) -> None:
    assert printable(text) == shown
    sheet = paper()
    sheet.facts([("Name", text)])
    assert sheet.file()


def test_a_long_table_repeats_its_heading_and_counts_its_pages() -> None:
    sheet = paper()
    sheet.listing([Column("When", 40), Column("What", 94), Column("Sum", 40, True)], [["3 Nov", "Hour", "₦1"]] * 100)
    text = pdf_text(sheet.file()).splitlines()
    assert text.count("₦1") == 100
    pages = text.count("When")
    assert pages >= 3
    assert f"{pages} / {pages}" in "".join(text)


def test_what_is_too_long_for_its_column_ends_in_dots() -> None:
    sheet = paper()
    sheet.listing([Column("What", 30), Column("Sum", 40, True)], [["A very long title of a session" * 5, "₦1"]])
    shown = next(line for line in pdf_text(sheet.file()).splitlines() if line.startswith("A very"))
    assert shown.endswith("…")
    assert len(shown) < 30
