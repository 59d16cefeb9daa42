"""A receipt as a page to print, and as a PDF."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from oluko.accounts.signed_in import SignedInRequest
from oluko.payments.receipts import Paper, get_receipted, paid_payments, paper_of


@require_safe
@never_cache
@login_required
def receipt(request: SignedInRequest, booking_id: UUID) -> HttpResponse:
    """A payment's receipt; `?payment=REFERENCE` where a session was paid more than once."""
    paper = paper_of(get_receipted(request.user, booking_id, request.GET.get("payment", "")))
    others = [payment for payment in paid_payments(paper.booking) if payment.pk != paper.payment.pk]
    return render(request, "payments/receipt.html", {"paper": paper, "booking": paper.booking, "others": others})


@require_safe
@never_cache
@login_required
def receipt_pdf(request: SignedInRequest, booking_id: UUID) -> HttpResponse:
    """The same as a file."""
    paper = paper_of(get_receipted(request.user, booking_id, request.GET.get("payment", "")))
    name = f'attachment; filename="receipt-{paper.number}.pdf"'
    return HttpResponse(_file(paper), content_type="application/pdf", headers={"Content-Disposition": name})


def _file(paper: Paper) -> bytes:
    # Late: what draws PDFs takes a third of a second to load, in each process, and few of them ever draw one.
    from oluko.core import pdf

    business, booking, payment = paper.business, paper.booking, paper.payment
    title = _("Receipt %(number)s") % {"number": paper.number}
    sheet = pdf.Paper(title, author=business.name, made_at=paper.receipt.issued_at, foot=f"{business.name} · {title}")
    tax = _("Tax number %(number)s") % {"number": business.tax_id} if business.tax_id else ""
    sheet.letterhead(business.name, [line for line in (business.address, tax) if line])
    sheet.headline(title, _("Issued %(when)s") % {"when": paper.shown(paper.receipt.issued_at)})
    style, state = paper.state
    sheet.notice(state, style)
    sheet.facts(
        [
            (_("Received from"), booking.student.name),
            (_("For"), _("%(title)s, %(minutes)s minutes") % {"title": booking.title, "minutes": booking.duration}),
            (_("With"), booking.tutor.name),
            (_("Session"), paper.shown(booking.scheduled_at)),
            (_("Paid"), paper.shown(paper.paid_at)),
            (_("Paid by"), paper.method),
            (_("Reference"), payment.reference),
        ]
    )
    sheet.heading(_("Amount"))
    sums = [(_("One-to-one session"), paper.sum(payment.amount))]
    for back in paper.given_back:
        when = paper.shown(back.at) if back.at else _("on its way")
        sums.append((f"{_('Refund')}: {back.why} ({when})", f"−{paper.sum(back.amount)}"))
    last = _("Total paid, refunds taken off") if paper.back else _("Total paid")
    sheet.sums([*sums, (last, paper.sum(paper.kept))])
    sheet.note(_("This receipt shows the payment as it stood when it was printed."))
    return sheet.file()
