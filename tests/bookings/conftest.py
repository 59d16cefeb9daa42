"""Bookings without a gateway: held, asked for, approved, paid by the rule itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.bookings.models import Booking
from oluko.offerings.models import BookingMode, Offering
from tests.times import next_monday


@pytest.fixture
def at() -> datetime:
    return next_monday()


@pytest.fixture
def hold(offering: Offering, at: datetime) -> Callable[..., Booking]:
    """`hold(student)` takes the usual time of the cast's offering and has yet to pay."""

    def take(student: Person, scheduled_at: datetime = at) -> Booking:
        return book(student, offered_terms(offering.pk), mode=BookingMode.INSTANT, scheduled_at=scheduled_at)

    return take


@pytest.fixture
def ask(offering: Offering, at: datetime) -> Callable[..., Booking]:
    """`ask(student)` requests the usual time."""

    def request(student: Person, scheduled_at: datetime = at) -> Booking:
        return book(student, offered_terms(offering.pk), mode=BookingMode.REQUEST, scheduled_at=scheduled_at)

    return request
