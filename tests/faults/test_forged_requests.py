"""Another site's forms and links: no POST without its token, no write by GET."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from django.apps import apps
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django_tasks_db.models import DBTaskResult

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.bookings.models import Booking
from oluko.courses.courses import enrol
from oluko.courses.models import Course
from oluko.notifications.notifications import notify
from oluko.offerings.models import BookingMode, Offering
from oluko.payouts import bank_accounts
from tests.access.routes import OPEN, PRIVATE
from tests.paying import attempt, pay
from tests.times import next_monday

pytestmark = pytest.mark.django_db

WEBHOOKS = {"api/webhooks/paystack", "api/webhooks/zoom"}
PROGRAMS = ("api/", "action/")
# Which methods these answer is theirs to say: 405, or 404 where there is no such address.
NO_POST = {404, 405}
_PLACE = re.compile(r"<(?:(\w+):)?(\w+)>")


def every_route(patterns: list[URLPattern | URLResolver] | None = None, before: str = "") -> Iterator[str]:
    """Every address of the site, the operator's and the sign-in's too, as written in the urls."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from every_route(pattern.url_patterns, route)
        else:
            yield route


def fill(route: str, places: dict[str, object]) -> str:
    """The route with what `places` has for each of its names; something plausible for the others."""
    plausible = {"int": "1", "slug": "x", "uuid": "00000000-0000-0000-0000-000000000007"}
    return "/" + _PLACE.sub(lambda place: str(places.get(place[2], plausible.get(place[1], "1"))), route)


def expressions(route: str) -> bool:
    return "(" in route or "^" in route


@pytest.fixture
def life(ada: Person, tunde: Person, react: Course, offering: Offering) -> dict[str, Booking]:
    """Ada's sessions with Tunde: one paid, one to be paid with its attempt, one asked for; news, and a course begun."""
    terms = offered_terms(offering.pk)
    paid = pay(book(ada, terms, mode=BookingMode.INSTANT, scheduled_at=next_monday(9)))
    held = book(ada, terms, mode=BookingMode.INSTANT, scheduled_at=next_monday(12))
    attempt(held)
    asked = book(ada, terms, mode=BookingMode.REQUEST, scheduled_at=next_monday(14))
    enrol(ada, react.pk)
    notify(ada, "paid", event="news", title="News")
    return {"paid": paid, "held": held, "asked": asked}


def places(booking: Booking, course: Course) -> dict[str, object]:
    return {
        "booking_id": booking.pk,
        "session_id": booking.pk,
        "offering_id": booking.offering_id,
        "slug": course.slug,
        "lesson_id": course.lessons.all()[0].pk,
        "person_id": booking.tutor_id,
    }


def test_every_post_of_a_signed_in_browser_needs_its_token(
    signed_in: Callable[..., Client], ada: Person, tunde: Person, admin: Person, react: Course, life: dict[str, Booking]
) -> None:
    """Every route but the webhooks, and the operator's pages: 403, before anything else is looked at."""
    routes = {route for route in every_route() if not expressions(route)} - WEBHOOKS
    assert (OPEN | PRIVATE.keys()) - WEBHOOKS - routes == {route for route in OPEN if expressions(route)}
    browsers = [signed_in(person, csrf=True) for person in (ada, tunde, admin)]
    before, refused = everything(), set()
    for browser in browsers:
        for route in sorted(routes):
            body = {"data": "{}", "content_type": "application/json"} if route.startswith(PROGRAMS) else {}
            answer = browser.post(fill(route, places(life["asked"], react)), **body)
            assert answer.status_code == 403 or answer.status_code in NO_POST, (route, answer.status_code)
            if answer.status_code == 403:
                refused.add(route)
    assert {route for route in routes if route.startswith("action/")} <= refused
    assert {route for route in PRIVATE if not route.startswith(PROGRAMS)} <= refused
    assert everything() == before


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_no_other_method_writes_without_token(
    signed_in: Callable[..., Client], ada: Person, react: Course, life: dict[str, Booking], method: str
) -> None:
    browser = signed_in(ada, csrf=True)
    for route in sorted(OPEN | PRIVATE.keys()):
        if not expressions(route) and route not in WEBHOOKS:
            answer = browser.generic(method, fill(route, places(life["paid"], react)))
            assert answer.status_code in {403, 404, 405}, (route, answer.status_code)


@pytest.mark.parametrize("which", ["paid", "held", "asked"])
def test_no_get_writes(
    signed_in: Callable[..., Client],
    ada: Person,
    tunde: Person,
    admin: Person,
    react: Course,
    life: dict[str, Booking],
    which: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every page and answer, as read by student, tutor, operator and visitor: no row is added, changed or gone."""
    # Paystack is not there to be asked, and its list of banks is kept by the process.
    monkeypatch.setattr(bank_accounts, "_banks", lambda _period: [])
    routes = sorted({route for route in every_route() if not expressions(route) and not route.startswith("admin/")})
    browsers = [signed_in(ada), signed_in(tunde), signed_in(admin), Client()]
    before = everything()
    for browser in browsers:
        for route in routes:
            answer = browser.get(fill(route, places(life[which], react)))
            # No worker runs here, and `readyz` says so.
            assert answer.status_code < 500 or route == "readyz", (route, answer.status_code)
    assert everything() == before


def test_return_page_only_has_the_payment_checked(
    signed_in: Callable[..., Client], ada: Person, life: dict[str, Booking]
) -> None:
    """Paystack sends people back by GET; the page writes nothing but the job that asks Paystack."""
    browser, reference = signed_in(ada), life["held"].payments.get().reference
    before, jobs = everything(), DBTaskResult.objects.count()
    answer = browser.get(reverse("verify_payment"), {"reference": reference})
    assert answer.status_code == 200
    assert DBTaskResult.objects.count() == jobs + 1
    after = everything()
    del before["DBTaskResult"], after["DBTaskResult"]
    assert after == before


def everything() -> dict[str, list[str]]:
    """Every row of ours with all its values, and every job; sign-ins and their counters are the sessions' own."""
    ours: list[type[Model]] = [model for model in apps.get_models() if model.__module__.startswith("oluko.")]
    ours.append(DBTaskResult)
    return {model.__name__: sorted(map(repr, model._default_manager.values_list())) for model in ours}
