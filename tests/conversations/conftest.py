"""Bookings to talk about, and files of every kind."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.bookings.models import Booking, Status
from oluko.bookings.sessions import mark_session
from oluko.conversations.models import Message
from oluko.conversations.threads import send_message
from oluko.offerings.models import BookingMode, Offering
from tests.paying import pay
from tests.times import next_monday

type Say = Callable[..., Message]


@pytest.fixture
def at() -> datetime:
    return next_monday(12)


@pytest.fixture
def asked(offering: Offering, ada: Person, at: datetime) -> Booking:
    """Ada's request to Tunde: nothing is paid."""
    notes = "My list renders twice."
    return book(ada, offered_terms(offering.pk), mode=BookingMode.REQUEST, scheduled_at=at, notes=notes)


@pytest.fixture
def paid(offering: Offering, ada: Person, at: datetime) -> Booking:
    """Ada's paid session with Tunde, ahead."""
    notes = "My list renders twice."
    return pay(book(ada, offered_terms(offering.pk), mode=BookingMode.INSTANT, scheduled_at=at, notes=notes))


@pytest.fixture
def held(paid: Booking, tunde: Person, frozen) -> Booking:
    """The same, over since a minute, and completed."""
    frozen(paid.ends_at + timedelta(minutes=1))
    return mark_session(tunde, paid.pk, Status.COMPLETED)


@pytest.fixture
def say() -> Say:
    """`say(author, booking, text)` writes a message."""

    def write(author: Person, booking: Booking, text: str, **facts: Any) -> Message:
        return send_message(author, booking.pk, text, **({"key": uuid.uuid4()} | facts))[0]

    return write


def page_of(booking: Booking, more: str = "") -> str:
    return f"/mentorship/session/{booking.pk}/messages{more}"


def post(client: Client, booking: Booking, text: str = "", *files: SimpleUploadedFile, **facts: Any) -> Any:
    """Send the form of the page."""
    sent = {"text": text, "key": str(uuid.uuid4()), "files": list(files)} | facts
    return client.post(page_of(booking), sent)


def file(name: str, content: bytes) -> SimpleUploadedFile:
    # What the browser says of a file's kind counts as little as its name.
    return SimpleUploadedFile(name, content, content_type="text/html")


def picture(form: str = "PNG", size: tuple[int, int] = (60, 40), **facts: Any) -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", size, "teal").save(drawn, form, **facts)
    return drawn.getvalue()
