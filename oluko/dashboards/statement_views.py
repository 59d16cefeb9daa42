"""A tutor's statements: the list of months, and each month as a page, a PDF and a CSV file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from oluko.accounts.signed_in import SignedInRequest
from oluko.core import clock, money, times
from oluko.core.csv_files import csv_answer, plain
from oluko.dashboards.statements import Entry, Group, Statement, months_of, statement_of
from oluko.payments.receipts import business
from oluko.payouts.views import must_teach

if TYPE_CHECKING:
    from oluko.core import pdf

PAGE = 100
_COLUMNS = ("at", "kind", "movement", "about", "amount", "change", "balance", "currency", "reference")


@require_safe
@never_cache
@login_required
def statements(request: SignedInRequest) -> HttpResponse:
    """The months in which something moved."""
    must_teach(request.user)
    return render(request, "dashboards/statements.html", {"months": months_of(request.user)})


@require_safe
@never_cache
@login_required
def statement(request: SignedInRequest, month: str) -> HttpResponse:
    """One month; a long one in pages of a hundred movements. What is over does not change, so that pages may count."""
    must_teach(request.user)
    paper = statement_of(request.user, month)
    page = Paginator(paper.entries, PAGE).get_page(request.GET.get("page"))
    context = {"paper": paper, "page": page, "business": business(), "under_way": paper.end > clock.now()}
    return render(request, "dashboards/statement.html", context)


@require_safe
@never_cache
@login_required
def statement_csv(request: SignedInRequest, month: str) -> HttpResponse:
    """One month, all of it: instants in UTC, amounts in major units."""
    must_teach(request.user)
    paper = statement_of(request.user, month)
    ends = [(paper.start, "opening", paper.opening.total), (paper.end, "closing", paper.closing.total)]
    first, last = ((times.iso(at), name, "", "", "", "", plain(sum_), paper.currency, "") for at, name, sum_ in ends)
    rows = (
        (
            *(times.iso(entry.at), entry.group, entry.label, entry.about, plain(entry.amount), plain(entry.change)),
            *(plain(entry.balance), paper.currency, entry.reference),
        )
        for entry in paper.entries
    )
    return csv_answer(f"{_name(paper)}.csv", _COLUMNS, [first, *rows, last])


@require_safe
@never_cache
@login_required
def statement_pdf(request: SignedInRequest, month: str) -> HttpResponse:
    """One month, all of it, to be printed or kept."""
    must_teach(request.user)
    paper = statement_of(request.user, month)
    name = f'attachment; filename="{_name(paper)}.pdf"'
    return HttpResponse(_file(paper), content_type="application/pdf", headers={"Content-Disposition": name})


def _name(paper: Statement) -> str:
    return f"statement-{paper.month:%Y-%m}"


def _file(paper: Statement) -> bytes:
    # Late: what draws PDFs takes a third of a second to load, in each process, and few of them ever draw one.
    from oluko.core import pdf

    seller, month = business(), format_date(paper.month, "F Y")
    title = _("Statement %(month)s") % {"month": month}
    whose = f"{paper.tutor.name} · {title}"
    sheet = pdf.Paper(title, author=seller.name, made_at=clock.now(), foot=f"{seller.name} · {whose}")
    sheet.letterhead(seller.name, [seller.address] if seller.address else [])
    sheet.headline(title, _("%(name)s, times in %(zone)s") % {"name": paper.tutor.name, "zone": paper.tutor.time_zone})
    if paper.end > clock.now():
        sheet.notice(_("The month is not over: this is how it stands so far."))
    _sums(sheet, paper)
    sheet.heading(_("Every movement"))
    columns = [
        pdf.Column(_("When"), 23),
        pdf.Column(_("What"), 45),
        pdf.Column(_("About"), 58),
        pdf.Column(_("Change"), 24, figures=True),
        pdf.Column(_("Balance"), 24, figures=True),
    ]
    sheet.listing(columns, [_row(paper, entry) for entry in paper.entries])
    sheet.note(_("Oluko bears Paystack's fees: none is taken from you. → marks what moved within the wallet."))
    return sheet.file()


def _row(paper: Statement, entry: Entry) -> tuple[str, ...]:
    at = format_date(entry.at.astimezone(paper.start.tzinfo), "j M, H:i")
    return at, entry.label, entry.about, _change(paper, entry), _sum(paper, entry.balance)


def _sums(sheet: pdf.Paper, paper: Statement) -> None:
    rows = [(_("Balance at the start"), money.show(paper.opening.total, paper.currency))]
    for group in paper.groups:
        rows.append((f"{group.label} ({group.count})", _change(paper, group)))
    rows.append((_("Fees"), _sum(paper, 0)))
    sheet.sums([*rows, (_("Balance at the end"), _sum(paper, paper.closing.total))])
    parts = " · ".join(f"{name} {_sum(paper, closing)}" for name, _opening, closing in paper.parts if closing)
    if parts:
        sheet.note(_("Of it: %(parts)s.") % {"parts": parts})


def _sum(paper: Statement, amount: int) -> str:
    return money.show(amount, paper.currency)


def _change(paper: Statement, moved: Entry | Group) -> str:
    """What it does to the whole; an arrow and the amount where it stays within the wallet."""
    if not moved.change:
        return f"→ {_sum(paper, moved.amount)}"
    return f"{'+' if moved.change > 0 else ''}{_sum(paper, moved.change)}"
