"""The operator's page of the platform's money, and its days as a CSV file."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from oluko.core import clock
from oluko.core.csv_files import Cell, csv_answer, plain
from oluko.operator import money
from oluko.operator.views import operator_only


@operator_only
def overview(request: HttpRequest) -> HttpResponse:
    """What is held, whose it is, what moved by day. POST runs the ledger's audit anew."""
    if request.method == "POST":
        found = money.audit(again=True)
        said = messages.success if not found.off else messages.error
        said(request, _("The ledger is as it must be.") if not found.off else _("Something is off: see below."))
        return redirect("operator_money")
    rows = _days(request)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Money"),
        "standing": money.standing(),
        "tutors": money.tutors(),
        "days": [row for row in reversed(rows) if row.moved],
        "columns": money.columns(rows),
        "whole": money.whole(rows),
        "first": rows[0].day,
        "last": rows[-1].day,
        "audit": money.audit(),
        "periods": [(length, rows[-1].day - timedelta(days=length - 1)) for length in (7, 30, 90, 365)],
    }
    return render(request, "operator/money.html", context)


@operator_only
def overview_csv(request: HttpRequest) -> HttpResponse:
    """Each day of the period; amounts in major units."""
    rows = _days(request)
    header = ("day", "in", "given_back", "paid_out", "earned", "fees")
    cells: list[list[Cell]] = [
        [f"{row.day}", *(plain(sum_) for sum_ in (row.into, row.back, row.paid_out, row.earned, row.fees))]
        for row in rows
    ]
    return csv_answer(f"money-{rows[0].day}-{rows[-1].day}.csv", header, cells)


def _days(request: HttpRequest) -> list[money.Day]:
    zone = timezone.get_current_timezone()
    today = clock.now().astimezone(zone).date()
    first, last = money.period(request.GET.get("since", ""), request.GET.get("until", ""), today)
    return money.days(first, last, zone)
