"""`/api/…`: what can be read. The first four are public and hot: no session, one query or two, one JSON dump."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.translation import gettext as _
from ninja import Query, Router

from oluko.api import answers, schemas, wire
from oluko.api.auth import Caller, paying, signed_in
from oluko.api.bodies import JsonObject
from oluko.api.describing import CONDITIONAL, PUBLIC, SECURED, responses
from oluko.api.rendering import answer, public, unchanged
from oluko.bookings.access import get_booking
from oluko.calendars.availability import availability_of
from oluko.calendars.slots import free_starts
from oluko.core import clock
from oluko.core.errors import Invalid
from oluko.dashboards.money import story_for
from oluko.ledger.wallets import wallet_of
from oluko.notifications.notifications import newest_and_unread, notifications_since
from oluko.offerings.marketplace import Filters, search
from oluko.offerings.offerings import get_live_offering
from oluko.offerings.suggestions import suggestions_for
from oluko.payments.cancellations import preview_cancellation
from oluko.payments.checkout import proceed_with_payment
from oluko.payouts.bank_accounts import banks as known_banks

LONGEST_SPAN, USUAL_SPAN = timedelta(days=62), timedelta(days=31)

router = Router(by_alias=True)

type Operation = Callable[..., HttpResponse]


def _get(
    path: str, name: str, gives: Any, *refusals: int, open_to_all: bool = False, **facts: Any
) -> Callable[[Operation], Operation]:
    """Publish a function as `GET path`."""
    statuses = refusals if open_to_all else (401, *refusals)

    def publish(operation: Operation) -> Operation:
        register = router.get(
            path,
            operation_id=name,
            url_name=f"api_{name}",
            summary=name,
            auth=None if open_to_all else signed_in,
            response=responses(gives, *statuses),
            **facts,
        )
        published: Operation = register(operation)
        return published

    return publish


@_get(
    "/api/mentorship/suggestions",
    "suggestions",
    answers.Suggestions,
    404,
    422,
    open_to_all=True,
    tags=["Marketplace"],
    openapi_extra=PUBLIC | CONDITIONAL,
)
def suggestions(request: HttpRequest, query: Query[schemas.OfCourse]) -> HttpResponse:
    """Up to five live offerings of a course, the newest first, and how many there are."""
    rows, total = suggestions_for(query.course_id)
    return public(request, {"suggestions": [wire.listing(row) for row in rows], "total": total})


@_get(
    "/api/mentorship/offerings",
    "offerings",
    answers.Offerings,
    422,
    open_to_all=True,
    tags=["Marketplace"],
    openapi_extra=PUBLIC | CONDITIONAL,
)
def offerings(request: HttpRequest, query: Query[schemas.OfferingFilters]) -> HttpResponse:
    """Live offerings of active tutors that match, a page at a time; pass `nextCursor` on for the next."""
    found = Filters(
        q=query.q,
        tutor_id=query.tutor_id,
        course_id=query.course_id,
        min_price=query.min_price,
        max_price=query.max_price,
        duration=query.duration,
        sort=query.sort,
    )
    page = search(found, cursor=query.cursor, limit=query.limit)
    return public(request, {"offerings": [wire.listing(row) for row in page.rows], "nextCursor": page.next_cursor})


@_get(
    "/api/mentorship/offerings/{offering_id}",
    "offering",
    answers.MentorshipSession,
    404,
    open_to_all=True,
    tags=["Marketplace"],
    openapi_extra=PUBLIC | CONDITIONAL,
)
def offering(request: HttpRequest, offering_id: schemas.PathId) -> HttpResponse:
    """One live offering."""
    return public(request, wire.offering(get_live_offering(offering_id)))


@_get(
    "/api/mentorship/offerings/{offering_id}/slots",
    "slots",
    answers.Slots,
    404,
    422,
    open_to_all=True,
    tags=["Marketplace"],
    openapi_extra=PUBLIC | CONDITIONAL,
)
def slots(request: HttpRequest, offering_id: schemas.PathId, query: Query[schemas.SlotRange]) -> HttpResponse:
    """The times in [from, to) that can be booked now; from now for 31 days unless said otherwise, at most 62 days."""
    found = get_live_offering(offering_id)
    start = query.start or clock.now()
    end = query.end or start + USUAL_SPAN
    _check_span(start, end)
    length = timedelta(minutes=found.duration)
    times = [
        {"startsAt": clock.iso(at), "endsAt": clock.iso(at + length)}
        for at in free_starts(found.tutor, found.duration, start, end)
    ]
    return public(request, {"timezone": availability_of(found.tutor).time_zone, "slots": times})


@_get(
    "/api/mentorship/session/{session_id}",
    "session",
    answers.MentorshipSession,
    404,
    tags=["Sessions"],
    openapi_extra=SECURED,
)
def session(request: Caller, session_id: schemas.PathId) -> HttpResponse:
    """One booking, for its student, its tutor and operators."""
    return answer(wire.booking(get_booking(request.auth, session_id)))


@_get(
    "/api/mentorship/session/{session_id}/cancellation",
    "cancellation",
    answers.CancellationTerms,
    404,
    409,
    tags=["Sessions"],
    openapi_extra=SECURED,
)
def cancellation(request: Caller, session_id: schemas.PathId) -> HttpResponse:
    """What cancelling now would give back to whom, for its student and its tutor."""
    return answer(wire.terms(preview_cancellation(request.auth, session_id)))


@_get(
    "/api/mentorship/session/{session_id}/money",
    "money",
    answers.MoneyStory,
    404,
    tags=["Sessions"],
    openapi_extra=SECURED,
)
def money(request: Caller, session_id: schemas.PathId) -> HttpResponse:
    """The story of a booking's money, for its student, its tutor and operators."""
    row = get_booking(request.auth, session_id)
    return answer({"lines": [wire.money_line(line) for line in story_for(request.auth, row)]})


@_get("/api/wallet", "wallet", answers.Wallet, tags=["You"], openapi_extra=SECURED)
def wallet(request: Caller) -> HttpResponse:
    """What you have earned."""
    return answer(wire.wallet(wallet_of(request.auth)))


@_get("/api/banks", "banks", list[answers.Bank], tags=["You"], openapi_extra=SECURED)
def banks(request: Caller) -> HttpResponse:
    """The banks that payouts reach."""
    return answer([{"code": bank.code, "name": bank.name} for bank in known_banks()])


@_get(
    "/api/notifications", "notifications", answers.Notifications, 422, tags=["You"], openapi_extra=SECURED | CONDITIONAL
)
def notifications(request: Caller, query: Query[schemas.Since]) -> HttpResponse:
    """What Oluko told you, the newest first, fifty at most. Cheap to ask again: 304 until there is news."""
    person = request.auth
    newest, unread = newest_and_unread(person.pk)
    # Rows are never edited: who, since when, the newest and the number of unread ones say all that may differ.
    since = query.since.timestamp() if query.since else ""
    etag = f'"{person.pk.hex}-{newest}-{unread}-{since}"'
    headers = {"Cache-Control": "private, no-cache", "ETag": etag}
    if unchanged(request, etag):
        return HttpResponseNotModified(headers=headers)
    rows = [wire.notification(row) for row in notifications_since(person, query.since)]
    return answer({"notifications": rows, "unread": unread}, headers)


@router.post(
    "/api/mentorship/proceed-payment",
    operation_id="proceedPayment",
    url_name="api_proceedPayment",
    summary="proceedPayment",
    tags=["Sessions"],
    auth=paying,
    response=responses(answers.Checkout, 401, 403, 404, 409, 413, 422),
    openapi_extra=SECURED,
)
def proceed(request: Caller, data: Annotated[schemas.SessionNamed, JsonObject(...)]) -> HttpResponse:
    """As the action proceedWithApprovedBookingPayment."""
    return answer(wire.checkout(proceed_with_payment(request.auth, data.session_id)))


def _check_span(start: datetime, end: datetime) -> None:
    if end <= start:
        raise Invalid("bad_range", _("`to` must lie after `from`."), field="to")
    if end - start > LONGEST_SPAN:
        raise Invalid("bad_range", _("At most 62 days can be asked for."), field="to")
