"""Tables as CSV for spreadsheets: UTF-8 with its mark, amounts as plain numbers, and no cell that would be run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.http import HttpResponse

from oluko.core.money import MINOR_PER_MAJOR

# A spreadsheet takes what begins so for a formula.
_RUN = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
type Cell = str | int | Decimal


def plain(amount: int) -> Decimal:
    """Minor units as `3500.00`, which every spreadsheet can add up."""
    return (Decimal(amount) / MINOR_PER_MAJOR).quantize(Decimal("0.01"))


def csv_answer(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> HttpResponse:
    """A file to download. What people have typed is kept from being a formula by a leading apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return HttpResponse(
        text.getvalue().encode("utf-8-sig"),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _safe(cell: Cell) -> Cell:
    """Numbers are ours, and may be below zero; texts may come from anybody."""
    if not isinstance(cell, str):
        return cell
    return f"'{cell}" if cell.lstrip(" ").startswith(_RUN) else cell
