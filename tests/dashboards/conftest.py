"""Bookings in every state, made by the rules themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.bookings.models import Booking
from oluko.offerings.models import BookingMode, Offering
from tests.times import next_monday

type Take = Callable[..., Booking]


@pytest.fixture
def at() -> datetime:
    return next_monday()


@pytest.fixture
def hold(offering: Offering, at: datetime) -> Take:
    """`hold(student)` takes a time of the cast's offering and has yet to pay."""

    def take(student: Person, scheduled_at: datetime = at, listed: Offering = offering) -> Booking:
        return book(student, offered_terms(listed.pk), mode=BookingMode.INSTANT, scheduled_at=scheduled_at)

    return take


@pytest.fixture
def ask(offering: Offering, at: datetime) -> Take:
    """`ask(student)` requests a time."""

    def request(student: Person, scheduled_at: datetime = at) -> Booking:
        return book(student, offered_terms(offering.pk), mode=BookingMode.REQUEST, scheduled_at=scheduled_at)

    return request
