"""CSV files that spreadsheets open: numbers stay numbers, and nothing that people typed is run."""

from __future__ import annotations

import csv
import io

import pytest

from oluko.core.csv_files import csv_answer, plain


@pytest.mark.parametrize("typed", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1"])
def test_a_text_is_no_formula(typed: str) -> None:
    answer = csv_answer("x.csv", ("a", "b"), [(typed, plain(-3_500_50))])
    text = answer.content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows == [["a", "b"], [f"'{typed}", "-3500.50"]]


def test_plain_texts_stay_as_they_are() -> None:
    answer = csv_answer("x.csv", ("a",), [("Ọlúkọ́, ₦5,000\n“two”",)])
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))[1] == ["Ọlúkọ́, ₦5,000\n“two”"]
    assert answer["Content-Disposition"] == 'attachment; filename="x.csv"'


def test_every_minor_unit_is_shown() -> None:
    assert [str(plain(amount)) for amount in (0, 1, 100, -1, 123_456)] == ["0.00", "0.01", "1.00", "-0.01", "1234.56"]
