"""What everybody may look at: the marketplace and the page of one offering."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from oluko.accounts.models import Person
from oluko.calendars.slots import next_free_of
from oluko.core import money
from oluko.core.errors import Invalid
from oluko.courses.models import Course
from oluko.offerings import picker
from oluko.offerings.marketplace import (
    COUNTED,
    RANKED,
    Filters,
    Listing,
    Page,
    count_matching,
    read_filters,
    search,
)
from oluko.offerings.models import DURATIONS, CancellationPolicy, Offering
from oluko.offerings.offerings import get_live_offering

FIELDS = ("q", "tutorId", "courseId", "minPrice", "maxPrice", "duration", "sort")
# More would make the page heavy; whoever is not in the list is found by name.
LONGEST_LIST = 100


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on, in words, and the address without it."""

    words: str
    address: str


# A page depends on who reads it and in which zone, and htmx gets a part of it from the same address: nothing
# between us and the reader may keep it, and nor may the browser's way back.
@never_cache
@vary_on_headers("HX-Request", "Cookie")
@require_safe
def marketplace(request: HttpRequest) -> HttpResponse:
    """Offerings by filters; the whole page, or for htmx the results or the cards that follow."""
    typed = {name: request.GET.get(name, "").strip() for name in FIELDS}
    part, more = bool(request.headers.get("HX-Request")), request.GET.get("cursor") or None
    try:
        filters = read_filters(typed)
        found = search(filters, cursor=more)
    except Invalid as problem:
        context = _page_context(typed) | {"errors": problem.errors, "cards": []}
        template = "offerings/parts/results.html" if part else "offerings/marketplace.html"
        return render(request, template, context, status=422)
    context = {"cards": _cards(found), "next": _next_address(typed, found), "cursor": more}
    if part and more:
        return render(request, "offerings/parts/more.html", context)
    context |= _page_context(typed) | _result_context(filters, typed)
    response = render(request, "offerings/parts/results.html" if part else "offerings/marketplace.html", context)
    if part:
        # The form sends every field; the address keeps those that say something.
        response.headers["HX-Push-Url"] = _address(typed)
    return response


@never_cache
@vary_on_headers("HX-Request", "Cookie")
@require_safe
def offering(request: HttpRequest, offering_id: UUID) -> HttpResponse:
    """One offering with its month and times; for htmx the three columns alone."""
    shown = get_live_offering(offering_id)
    student = request.user if isinstance(request.user, Person) and request.user != shown.tutor else None
    context = {
        "offering": shown,
        "own": request.user == shown.tutor,
        "policy": policy_bar(shown.cancellation_policy),
        "picker": picker.pick(picker.Sought(shown.tutor, shown.duration, student), picker.Wanted.read(request)),
        "notes": request.session.get("notes", {}).get(str(offering_id), ""),
    }
    part = request.headers.get("HX-Request")
    page = render(request, "offerings/parts/picker.html" if part else "offerings/offering.html", context)
    return picker.remember_clock(request, page)


def policy_bar(policy: str) -> dict[str, Any]:
    """A cancellation policy in words, and the widths of its bar: all back, half back, nothing (of 100)."""
    words, widths = {
        CancellationPolicy.FLEXIBLE: (_("All your money back until 2 hours before."), (88, 0, 12)),
        CancellationPolicy.MODERATE: (
            _("All your money back until 24 hours before, half until 2 hours before."),
            (62, 26, 12),
        ),
        CancellationPolicy.STRICT: (
            _("All your money back until 72 hours before, half until 24 hours before."),
            (38, 24, 38),
        ),
    }[CancellationPolicy(policy)]
    whole, half, none = widths
    return {"words": words, "whole": whole, "half": half, "none": none, "half_at": whole, "none_at": whole + half}


def _cards(found: Page) -> list[SafeString]:
    free = next_free_of({(row.tutor_id, row.duration) for row in found.rows})
    reader = get_current_timezone_name(), get_language()
    return [_card(row, free[row.tutor_id, row.duration], *reader) for row in found.rows]


# A card says nothing but what is in its arguments, so that one that was rendered before serves again.
@lru_cache(maxsize=2000)
def _card(row: Listing, free: datetime | None, zone: str, language: str) -> SafeString:
    """A listing and the next instant at which it can be booked, for readers of this zone and language: their own."""
    return render_to_string("offerings/parts/card.html", {"row": row, "free": free})


def _page_context(typed: dict[str, str]) -> dict[str, Any]:
    """What the form of filters needs. Those who offer something now, and the courses; both by name."""
    live = Offering.objects.filter(withdrawn_at__isnull=True)
    teaching = Person.objects.filter(
        Exists(live.filter(tutor=OuterRef("pk"))), is_active=True, role__in=[Person.Role.TUTOR, Person.Role.MENTOR]
    )
    courses = Course.objects.filter(Exists(live.filter(course=OuterRef("pk"))))
    return {
        "typed": typed,
        "tutor_choices": _choices(
            teaching.order_by("name").values_list("pk", "name")[:LONGEST_LIST], typed["tutorId"], Person
        ),
        "course_choices": _choices(
            courses.order_by("title").values_list("pk", "title")[:LONGEST_LIST], typed["courseId"], Course
        ),
        "durations": [(str(minutes), _("%(minutes)d min") % {"minutes": minutes}) for minutes in DURATIONS],
        "sorts": [("newest", _("Newest first")), ("price", _("Cheapest first")), ("soonest", _("Soonest first"))],
    }


def _choices(rows: Any, chosen: str, model: type[Person | Course]) -> list[tuple[str, str]]:
    """Options by name; the chosen one always among them, so that the form says what it does."""
    choices = [(str(pk), name) for pk, name in rows]
    if chosen and chosen not in dict(choices):
        try:
            found = model._default_manager.filter(pk=UUID(chosen)).first()
        except ValueError:
            found = None
        choices += [(chosen, str(found))] if found else []
    return choices


def _result_context(filters: Filters, typed: dict[str, str]) -> dict[str, Any]:
    count = count_matching(filters)
    return {
        "count": count,
        "counted": count < COUNTED,
        "ranked": RANKED if filters.sort == "soonest" and count >= RANKED else None,
        "chips": _chips(filters, typed),
        "all": reverse("marketplace"),
    }


def _chips(filters: Filters, typed: dict[str, str]) -> list[Chip]:
    """The filters that are on; each can be dropped alone."""
    words: list[tuple[str, Sequence[str]]] = []
    if filters.q:
        words.append((f"“{filters.q}”", ["q"]))
    if filters.tutor_id:
        found = Person.objects.filter(pk=filters.tutor_id).values_list("name", flat=True).first()
        words.append((found or _("Unknown tutor"), ["tutorId"]))
    if filters.course_id:
        found = Course.objects.filter(pk=filters.course_id).values_list("title", flat=True).first()
        words.append((found or _("Unknown course"), ["courseId"]))
    if filters.min_price is not None:
        words.append((_("From %(price)s") % {"price": money.show(filters.min_price)}, ["minPrice"]))
    if filters.max_price is not None:
        words.append((_("Up to %(price)s") % {"price": money.show(filters.max_price)}, ["maxPrice"]))
    if filters.duration is not None:
        words.append((_("%(minutes)d min") % {"minutes": filters.duration}, ["duration"]))
    return [Chip(text, _address(typed | dict.fromkeys(names, ""))) for text, names in words]


def _next_address(typed: dict[str, str], found: Page) -> str:
    return _address(typed, cursor=found.next_cursor) if found.next_cursor else ""


def _address(typed: dict[str, str], **more: str) -> str:
    said = {name: value for name, value in (typed | more).items() if value and (name, value) != ("sort", "newest")}
    return reverse("marketplace") + (f"?{urlencode(said)}" if said else "")
