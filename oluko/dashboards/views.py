"""The pages of student and tutor. They read; what they offer to do is done by the rooms that own it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from oluko.accounts.models import Person
from oluko.accounts.signed_in import SignedInRequest
from oluko.bookings.access import get_booking
from oluko.bookings.models import FINAL, Booking, Status
from oluko.conversations.threads import unread_in
from oluko.core import clock
from oluko.core.errors import NotAllowed
from oluko.dashboards import analytics, charts, student, tutor
from oluko.dashboards.money import line_of, shown_to
from oluko.dashboards.money_now import money_now
from oluko.dashboards.money_story import chapters
from oluko.dashboards.rows import Row, move_words, student_row, tutor_row
from oluko.dashboards.wallet import wallet_page
from oluko.ledger.stories import story_of
from oluko.offerings.marketplace import Filters, search
from oluko.payments.receipts import may_have_receipt, paid_payments
from oluko.payments.refund_standing import refund_lines

SUGGESTED = 6


@require_safe
@login_required
def student_mentorship(request: SignedInRequest) -> HttpResponse:
    """The student's sessions, tab by tab."""
    return render(request, "dashboards/student.html", _student(request))


@require_safe
@login_required
def student_live(request: SignedInRequest) -> HttpResponse:
    """What changes on the student's page; 304 while it has not."""
    return _if_changed(request, "dashboards/parts/student_live.html", _student(request))


@require_safe
@login_required
def tutor_mentorship(request: SignedInRequest) -> HttpResponse:
    """The tutor's sessions, tab by tab."""
    _check_teaches(request.user)
    return render(request, "dashboards/tutor.html", _tutor(request))


@require_safe
@login_required
def tutor_live(request: SignedInRequest) -> HttpResponse:
    """What changes on the tutor's page; 304 while it has not."""
    _check_teaches(request.user)
    return _if_changed(request, "dashboards/parts/tutor_live.html", _tutor(request))


@require_safe
@login_required
def tutor_wallet(request: SignedInRequest) -> HttpResponse:
    """What the tutor has earned, and each movement behind it."""
    _check_teaches(request.user)
    return render(request, "dashboards/wallet.html", wallet_page(request.user, request.GET.get("cursor", "")))


@require_safe
@login_required
def tutor_analytics(request: SignedInRequest) -> HttpResponse:
    """The tutor's figures, drawn."""
    _check_teaches(request.user)
    figures = analytics.tutor_figures(request.user, timezone.get_current_timezone())
    context = {
        "figures": figures,
        "outcomes": list(zip(FINAL, charts.bars(list(figures.outcomes.values())), strict=True)),
        "months": list(zip(figures.months, charts.columns([month.earned for month in figures.months]), strict=True)),
    }
    return render(request, "dashboards/analytics.html", context)


@require_safe
@login_required
def session_money(request: SignedInRequest, booking_id: UUID) -> HttpResponse:
    """The story of one booking's money, for the two people of it and operators."""
    booking, reader = get_booking(request.user, booking_id), request.user
    story = story_of(booking.pk)
    context = {
        "booking": booking,
        "now": money_now(booking, story, reader),
        "chapters": chapters(booking, story, reader),
        "lines": [line_of(transfer, booking, reader) for transfer in shown_to(reader, booking, story)],
        "receipts": paid_payments(booking) if may_have_receipt(reader, booking) else [],
    }
    return render(request, "dashboards/money.html", context)


def _student(request: SignedInRequest) -> dict[str, Any]:
    person, now = request.user, clock.now()
    counts = student.student_counts(person)
    tab = request.GET.get("tab", "")
    if tab not in ("book", *student.TABS):
        tab = "pending" if counts["pending"] else "book"
    context: dict[str, Any] = {"tab": tab, "counts": counts, "next": student.student_next(person)}
    context["next_move"] = _next_move(context["next"].session, person)
    context["tabs"] = _tabs(_student_labels(), counts, urgent="pending" if context["next"].to_pay else "")
    if tab == "book":
        context["suggested"] = search(Filters(), limit=SUGGESTED).rows
    else:
        _add_page(context, request, lambda cursor: student.student_tab(person, tab, cursor))
        rows = _with_refunds([student_row(booking, now) for booking in context["page"].bookings])
        context["rows"] = _with_unread(rows, person)
    return context | {"version": _version(context, request)}


def _tutor(request: SignedInRequest) -> dict[str, Any]:
    person, now = request.user, clock.now()
    counts = tutor.tutor_counts(person)
    tab = request.GET.get("tab", "")
    if tab not in tutor.TABS:
        tab = "approvals" if counts["approvals"] else "pending"
    outcome = request.GET.get("outcome", "") if tab == "completed" else ""
    outcome = outcome if outcome in FINAL else ""
    context: dict[str, Any] = {"tab": tab, "counts": counts, "next": tutor.tutor_next(person), "outcome": outcome}
    context["next_move"] = _next_move(context["next"].session, person)
    context["tabs"] = _tabs(_tutor_labels(), counts, urgent="approvals")
    context["chips"] = [(status, status.label, counts[status.value]) for status in map(Status, FINAL)]
    _add_page(context, request, lambda cursor: tutor.tutor_tab(person, tab, cursor, outcome=outcome))
    rows = _with_refunds([tutor_row(booking, now) for booking in context["page"].bookings])
    context["rows"] = _with_unread(rows, person)
    return context | {"version": _version(context, request)}


def _with_refunds(rows: list[Row]) -> list[Row]:
    """Where the money of each stands, if any is on its way back or was given back. One query."""
    lines = refund_lines([row.booking for row in rows])
    return [replace(row, money=lines.get(row.booking.pk, "")) for row in rows]


def _with_unread(rows: list[Row], person: Person) -> list[Row]:
    """How many messages of each the person has not read. One query."""
    counts = unread_in(person, [row.booking.pk for row in rows])
    return [replace(row, unread=counts.get(row.booking.pk, 0)) for row in rows]


def _next_move(session: Booking | None, person: Person) -> str:
    return move_words(session, person, clock.now()) if session else ""


def _add_page(context: dict[str, Any], request: HttpRequest, read: Callable[[str | None], object]) -> None:
    context["cursor"] = request.GET.get("cursor", "")
    context["page"] = read(context["cursor"] or None)


def _tabs(labels: dict[str, str], counts: dict[str, int], *, urgent: str) -> list[tuple[str, str, int, bool]]:
    """Name, words, count and whether the count asks for attention."""
    return [(name, label, counts.get(name, 0), name == urgent) for name, label in labels.items()]


def _student_labels() -> dict[str, str]:
    return {
        "book": _("Book"),
        "approvals": _("Awaiting approval"),
        "pending": _("Pending"),
        "history": _("History"),
        "rejected": _("Rejected"),
    }


def _tutor_labels() -> dict[str, str]:
    return {
        "approvals": _("Approvals"),
        "pending": _("Pending"),
        "active": _("Active"),
        "completed": _("Completed"),
    }


def _if_changed(request: SignedInRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    tag = f'"{context["version"]}"'
    response = get_conditional_response(request, etag=tag) or render(request, template, context)
    response["ETag"] = tag
    patch_cache_control(response, private=True, no_cache=True)
    return response


def _version(context: dict[str, Any], request: SignedInRequest) -> str:
    """Names what the reader sees; it changes when any of it does, a moved clock included."""
    page, following = context.get("page"), context["next"]
    facts = (
        context["tab"],
        context.get("cursor"),
        context.get("outcome"),
        sorted(context["counts"].items()),
        [(row, row.booking.scheduled_at) for row in context.get("rows", [])],
        page.next_cursor if page else "",
        [
            booking and (booking.pk, booking.version, booking.status, booking.deadline, booking.proposed_at)
            for booking in vars(following).values()
        ],
        context["next_move"],
        request.user.pk,
        timezone.get_current_timezone_name(),
        translation.get_language(),
        round(clock.offset().total_seconds()),
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:20]


def _check_teaches(person: Person) -> None:
    if not person.teaches:
        raise NotAllowed("not_a_tutor", _("This page is for tutors and mentors."))
