"""Paystack as the sandbox plays it, over real HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from django.conf import settings

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.calendars.availability import set_availability
from oluko.core.errors import DomainError
from oluko.offerings.models import BookingMode, Offering
from oluko.payments.checkout import Checkout, begin_checkout
from oluko.payments.models import Payment
from oluko.payments.paystack import paystack
from tests.cast import make_person
from tests.paying import attempt
from tests.racing import run_threads
from tests.sandbox_process import Sandbox, run_sandbox, webhook_sink
from tests.times import next_monday

type Attempts = Callable[..., list[Payment]]


@pytest.fixture(scope="session")
def _sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder, key = tmp_path_factory.mktemp("sandbox"), settings.OLUKO_PAYSTACK_SECRET_KEY
    with webhook_sink() as sink, run_sandbox(folder, key, sink) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_sandbox: Sandbox) -> Iterator[Sandbox]:
    """A well-behaved Paystack, and our client pointed at it."""
    url, settings.OLUKO_PAYSTACK_URL = settings.OLUKO_PAYSTACK_URL, _sandbox.url
    paystack.cache_clear()
    _sandbox.control(paystack={"mode": "normal"})
    yield _sandbox
    _sandbox.control(paystack={"mode": "normal"})
    settings.OLUKO_PAYSTACK_URL = url
    paystack.cache_clear()


@pytest.fixture
def at() -> datetime:
    return next_monday()


@pytest.fixture
def check_out(sandbox: Sandbox, offering: Offering, at: datetime) -> Callable[..., Checkout]:
    """`check_out(student)` begins to pay the cast's offering at the usual time."""

    def begin(student: Person, scheduled_at: datetime = at) -> Checkout:
        return begin_checkout(
            student, offering_id=offering.pk, booking_mode=BookingMode.INSTANT, scheduled_at=scheduled_at
        )

    return begin


@pytest.fixture
def race() -> Callable[[int, Callable[[int], object]], list[str]]:
    """`race(4, do)` does `do(0)` to `do(3)` in threads at once; the names of what came of them, or of the refusals."""

    def run(count: int, do: Callable[[int], object]) -> list[str]:
        def named(number: int) -> str:
            try:
                return type(do(number)).__name__
            except DomainError as refusal:
                return type(refusal).__name__

        outcomes, errors = run_threads(count, named)
        assert not errors, errors[0]
        return outcomes

    return run


@pytest.fixture
def attempts(tunde: Person, offering: Offering) -> Attempts:
    """`attempts(5)` are attempts to pay five sessions of five students, at times of their own."""
    set_availability(tunde, weekly={"mon": [["00:00", "24:00"]]}, slot_step_minutes=60, horizon_days=365)

    def make(number: int, first: int = 0, offered: Offering = offering) -> list[Payment]:
        made = []
        for place in range(first, first + number):
            at = next_monday(1) + timedelta(hours=place)
            student = make_person(f"Student{place} Paying")
            made.append(attempt(book(student, offered_terms(offered.pk), mode=BookingMode.INSTANT, scheduled_at=at)))
        return made

    return make
