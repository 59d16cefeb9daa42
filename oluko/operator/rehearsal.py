"""The rehearsal page, in sandbox mode only: bad days at the press of a button, and what comes of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.contrib import admin, messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.core import clock, money, times
from oluko.core.errors import DomainError, NotFound
from oluko.dashboards.invariants import violations
from oluko.jobs.health import workers_alive
from oluko.operator import rehearsal_moves, rehearsal_news
from oluko.operator.rehearsal_sandbox import Mode, SandboxDown, Told, sandbox
from oluko.operator.rehearsal_stories import MODES, NORMAL, PAYSTACK, ZOOM, stories
from oluko.operator.views import operator_only
from oluko.payments import polled
from oluko.payments.models import Payment, ProviderEvent, ReviewItem

WEBHOOKS, PAYMENTS = 5, 8
#: Whether the books hold is asked of every row: once in so many seconds, however many look.
LEDGER_SECONDS = 5


@dataclass(frozen=True)
class Staged:
    """What the sandbox said of itself; nothing where it is down."""

    up: bool
    modes: dict[str, Mode]
    told: list[Told]
    balance: int


@operator_only
def console(request: HttpRequest) -> HttpResponse:
    """The page, or only its live part."""
    staged = _ask_sandbox()
    live = _live(staged)
    version = polled.version_of(live)
    if polled.is_part(request):
        return polled.answer(request, "operator/rehearsal_live.html", live, version)
    return _page(request, staged, live | {"version": version})


@operator_only
def press(request: HttpRequest, move: str) -> HttpResponse:
    """A button of the page; a refusal is shown there, with its status."""
    if request.method != "POST":
        return redirect("rehearsal")
    try:
        said = rehearsal_moves.press(cast(Person, request.user), move, request.POST)
    except NotFound:
        raise
    except DomainError as refusal:
        staged = _ask_sandbox()
        live = _live(staged)
        facts = live | {"version": polled.version_of(live), "refusal": refusal.message}
        return _page(request, staged, facts, status=refusal.status)
    messages.success(request, said)
    return redirect("rehearsal")


def _page(request: HttpRequest, staged: Staged, live: dict[str, Any], status: int = 200) -> HttpResponse:
    under_way = rehearsal_moves.story_under_way()
    context = {
        **admin.site.each_context(request),
        **live,
        "title": _("Rehearsal"),
        "steps": rehearsal_moves.STEPS,
        "stories": [(name, story, name == under_way) for name, story in stories().items()],
        "ways": _ways(PAYSTACK, staged, transfers=False),
        "transfer_ways": (transfer_ways := _ways(PAYSTACK, staged, transfers=True)),
        "transfers_on": any(way["on"] for way in transfer_ways),
        "zoom_ways": _ways(ZOOM, staged, transfers=False),
        "zoom": settings.OLUKO_ZOOM_STANDS_IN,
        "elsewhere": bool(settings.OLUKO_ZOOM_ACCOUNT_ID) and not settings.OLUKO_ZOOM_STANDS_IN,
        "webhooks": _webhooks(staged.told),
        "payments": _disputable(staged),
    }
    return render(request, "operator/rehearsal.html", context, status=status)


def _live(staged: Staged) -> dict[str, Any]:
    """What the page shows of the moment; all of it goes into the tag."""
    return {
        "up": staged.up,
        "now": times.show(clock.now()),
        "ahead": _ahead(),
        "behaviour": _behaviour(staged, PAYSTACK),
        "meetings": _meetings(staged),
        "balance": staged.balance,
        "off": _ledger(),
        "jobs": rehearsal_news.job_counts(),
        "workers": all(workers_alive().values()),
        "to_decide": ReviewItem.objects.filter(resolved_at__isnull=True).count(),
        "unsettled": rehearsal_news.unsettled(),
        "happened": rehearsal_news.happened(staged.told),
    }


def _ask_sandbox() -> Staged:
    try:
        box = sandbox()
        return Staged(True, box.modes(), box.events(WEBHOOKS), box.balance())
    except SandboxDown:
        return Staged(False, {}, [], 0)


def _ahead() -> str:
    """How far business time runs ahead, in words; empty where it does not."""
    seconds = round(clock.offset().total_seconds())
    days, rest = divmod(seconds, 86_400)
    hours, minutes = divmod(rest // 60, 60)
    parts = [(days, _("%(n)s d")), (hours, _("%(n)s h")), (minutes, _("%(n)s min"))]
    return " ".join(word % {"n": count} for count, word in parts if count)


def _behaviour(staged: Staged, provider: str) -> dict[str, Any]:
    mode = staged.modes.get(provider, Mode(NORMAL, None))
    known = MODES[provider].get(mode.name)
    return {"well": mode.name == NORMAL, "label": str(known.label if known else mode.name), "times": mode.times}


def _meetings(staged: Staged) -> dict[str, Any]:
    if settings.OLUKO_ZOOM_STANDS_IN:
        return _behaviour(staged, ZOOM)
    label = _("Zoom itself") if settings.OLUKO_ZOOM_ACCOUNT_ID else _("Built-in room")
    return {"well": True, "label": label, "times": None}


def _ways(provider: str, staged: Staged, *, transfers: bool) -> list[dict[str, Any]]:
    """How a provider can misbehave: with transfers, or with all else."""
    present = staged.modes.get(provider)
    return [
        {"name": name, "label": mode.label, "rehearses": mode.rehearses, "on": bool(present and present.name == name)}
        for name, mode in MODES[provider].items()
        if name != NORMAL and (name == "no-balance" or name.startswith("transfer-")) is transfers
    ]


def _ledger() -> int:
    """How many lines `oluko check-ledger` would complain of; a few seconds old at most."""
    off = cache.get_or_set("rehearsal-ledger", lambda: len(violations()), LEDGER_SECONDS)
    return int(off or 0)


def _webhooks(told: list[Told]) -> list[dict[str, Any]]:
    """Paystack's newest events beside what we made of them: the same body is the same row."""
    digests = {event.id: hashlib.sha256(b"paystack\n" + event.body).hexdigest() for event in told}
    stored = {row.digest: row for row in ProviderEvent.objects.filter(digest__in=digests.values()).defer("body")}
    return [{"told": event, "stored": stored.get(digests[event.id])} for event in told]


def _disputable(staged: Staged) -> list[tuple[str, str]]:
    """Payments that a bank may dispute: what the choice sends, and what it says. The demo's past is not at Paystack."""
    try:
        charged = sandbox().charged()[:PAYMENTS] if staged.up else []
    except SandboxDown:
        return []
    rows = Payment.objects.filter(status=Payment.Status.PAID, reference__in=charged)
    return [
        (row.reference, f"{row.booking.student}: {row.booking.title}, {money.show(row.amount, row.currency)}")
        for row in rows.select_related("booking__student").order_by("-created_at")
    ]
