"""One small world in which everything private exists once, made by the rules, and who walks through it.

Ada is the student of every booking and Tunde its tutor; Zainab, Mei and the operator have no share in any.
"""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.db.models import Model
from django.test import Client
from django.utils import timezone
from PIL import Image

from oluko.accounts.models import Person
from oluko.accounts.people import issue_token
from oluko.accounts.photos import redraw
from oluko.accounts.profiles import change_tutor_profile
from oluko.bookings.book import book, offered_terms
from oluko.bookings.models import Booking, Status
from oluko.bookings.sessions import mark_session
from oluko.calendars.availability import set_availability
from oluko.calendars.models import OutsideCalendar
from oluko.conversations.files import check_file
from oluko.conversations.homework import write_notes
from oluko.conversations.models import Attachment
from oluko.conversations.threads import send_message
from oluko.core import clock
from oluko.courses.courses import enrol, mark_lesson_done
from oluko.courses.models import Course
from oluko.ledger.models import Account
from oluko.ledger.transfers import Posting, account, post
from oluko.meetings.moves import reschedule_session
from oluko.notifications.models import Notification
from oluko.offerings.models import BookingMode, Offering
from oluko.payments.models import Payment
from oluko.payments.paystack import Bank
from oluko.payments.receipts import number_receipts
from oluko.payouts.bank_accounts import save_bank_account
from oluko.payouts.models import Payout
from oluko.payouts.payouts import request_payout
from tests.cast import make_course, make_offering, make_person
from tests.conftest import Frozen
from tests.paying import attempt, pay
from tests.times import next_monday

Role = Person.Role
WALKERS = ("visitor", "ada", "zainab", "tunde", "mei", "admin")
BANK = Bank("058", "Guaranty Trust Bank")
OUTSIDERS = ("zainab", "mei")
CSRF = "c" * 32
# What Ada wrote, a lesson that she is enrolled for, and her name.
PRIVATE_WORDS = ("Notes for one tutor", "Token of one laptop", "About components", "Ada Obi")
# Written behind every request, whoever asks and whatever comes of it.
IGNORED = {"sessions.Session", "contenttypes.ContentType", "auth.Permission"}
WRITING = re.compile(r'\s*(?:INSERT(?: OR IGNORE)? INTO|UPDATE|DELETE FROM) "(\w+)"')
READING = re.compile(r"\s*(?:SELECT|SAVEPOINT|RELEASE|ROLLBACK|SET|PRAGMA)\b")

type Row = dict[str, Any]
type Rows = dict[str, dict[Any, Row]]


@dataclass
class World:
    """The people by name, the bookings by what they wait for, and one of everything else."""

    people: dict[str, Person]
    bookings: dict[str, Booking]
    payment: Payment
    course: Course
    offering: Offering
    notification: Notification
    token_id: int
    calendar_id: int
    payout: Payout
    photo: str
    attachment: Attachment
    task_id: int
    now: datetime

    def client(self, who: str, *, csrf: bool = True) -> Client:
        """A browser that enforces the CSRF token as a real one does, and sends it unless told not to."""
        client = Client(
            raise_request_exception=False, enforce_csrf_checks=True, headers={"X-CSRFToken": CSRF} if csrf else {}
        )
        if who != "visitor":
            client.force_login(self.people[who])
        client.cookies["csrftoken"] = CSRF
        return client


def build_world(frozen: Frozen) -> World:
    """Business time stands at a Monday noon on which one session can start and another has just ended."""
    people = make_people()
    ada, tunde = people["ada"], people["tunde"]
    course = make_course(tunde)
    offering = make_offering(tunde, course=course, description="An hour on your code.")
    noon = next_monday(12)

    def take(at: datetime, mode: BookingMode = BookingMode.INSTANT) -> Booking:
        return book(ada, offered_terms(offering.pk), mode=mode, scheduled_at=at, notes=PRIVATE_WORDS[0])

    frozen(noon - timedelta(days=10))
    bookings = {"past": pay(take(noon - timedelta(days=7)))}
    frozen(noon - timedelta(days=6))
    bookings["past"] = mark_session(tunde, bookings["past"].pk, Status.COMPLETED)
    for name, hours in (("over", -2), ("begun", 0), ("ahead", 48)):
        bookings[name] = pay(take(noon + timedelta(hours=hours)))
    now = frozen(noon + timedelta(minutes=5))
    bookings["ahead"] = reschedule_session(tunde, bookings["ahead"].pk, noon + timedelta(hours=50))
    bookings["asked"] = take(noon + timedelta(hours=24), BookingMode.REQUEST)
    bookings["held"] = take(noon + timedelta(hours=26))
    enrol(ada, course.pk)
    for lesson in course.lessons.all():
        mark_lesson_done(ada, lesson.pk)
    issue_token(ada, PRIVATE_WORDS[1])
    number_receipts()
    return World(
        people=people,
        bookings=bookings,
        payment=attempt(bookings["held"]),
        course=course,
        offering=offering,
        notification=Notification.objects.filter(person=ada).latest("pk"),
        token_id=ada.api_tokens.get().pk,
        calendar_id=keep_calendar(tunde),
        payout=keep_payout(tunde),
        photo=give_photo(tunde),
        attachment=write_message(ada, bookings["past"]),
        task_id=give_task(bookings["past"]),
        now=now,
    )


def make_people() -> dict[str, Person]:
    people = {
        "ada": make_person("Ada Obi"),
        "zainab": make_person("Zainab Musa"),
        "tunde": make_person("Tunde Bakare", Role.TUTOR),
        "mei": make_person("Mei Chen", Role.MENTOR, zone="Asia/Shanghai"),
        "admin": make_person("Admin Oluko", Role.ADMIN),
    }
    set_availability(people["tunde"], slot_step_minutes=60)
    return people


def keep_calendar(tutor: Person) -> int:
    """The id of a calendar that the tutor keeps elsewhere."""
    facts = {"name": "Work", "address": "https://calendar.example.com/work.ics"}
    return OutsideCalendar.objects.create(
        person=tutor, **facts, created_at=timezone.now(), next_read_at=timezone.now()
    ).pk


def keep_payout(tutor: Person) -> Payout:
    """A payout that waits to be sent; as much again is available."""
    held, wallet = (
        account(Account.Kind.PAYSTACK_CLEARING, "NGN"),
        account(Account.Kind.TUTOR_AVAILABLE, "NGN", tutor.pk),
    )
    with transaction.atomic():
        post([Posting("earned", held, wallet, 4_000_00, "earned")], at=clock.now())
    save_bank_account(tutor, bank_code=BANK.code, account_number="0123456789")
    return request_payout(tutor, 2_000_00)


def give_photo(tutor: Person) -> str:
    """The name of the photo that the tutor's profile now shows."""
    drawn = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(drawn, "PNG")
    photo = redraw(SimpleUploadedFile("me.png", drawn.getvalue()))
    facts = {"headline": "Tunde teaches", "bio": "", "hourly_rate": 5_000_00, "remove": False}
    return change_tutor_profile(tutor, photo=photo, **facts).photo.name.removeprefix("photos/")


def write_message(author: Person, booking: Booking) -> Attachment:
    """A file in a message to the other."""
    file = check_file("list.txt", PRIVATE_WORDS[0].encode())
    message, _fresh = send_message(author, booking.pk, PRIVATE_WORDS[0], key=uuid.uuid4(), files=[file])
    return message.attachments.get()


def give_task(booking: Booking) -> int:
    """The id of a task that the student has yet to do."""
    write_notes(booking.tutor, booking.pk, PRIVATE_WORDS[0], ["Render it once"])
    return booking.tasks.get().pk


def rows_now(tables: Collection[str] | None = None) -> Rows:
    """The rows of these tables, or of all but the framework's own, each by its key."""
    return {
        model._meta.db_table: {row["pk"]: row for row in model._base_manager.values("pk", *_columns(model))}
        for model in apps.get_models()
        if model._meta.label not in IGNORED and (tables is None or model._meta.db_table in tables)
    }


def _columns(model: type[Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


@contextmanager
def watched() -> Iterator[set[str]]:
    """The tables that statements within would write; only these need be looked at again."""
    tables: set[str] = set()

    def note(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        named = WRITING.match(sql)
        if named:
            tables.add(named[1])
        elif not READING.match(sql):
            tables.update(model._meta.db_table for model in apps.get_models())
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        yield tables


def changed(before: Rows, tables: Collection[str]) -> set[str]:
    """Those of the tables in which anything differs."""
    return {table for table, rows in rows_now(tables).items() if before[table] != rows}


@contextmanager
def undone() -> Iterator[None]:
    """What happens within has not happened: each request meets the world as it was built."""
    here = transaction.savepoint_create()
    try:
        yield
    finally:
        transaction.savepoint_rollback(here)
        cache.clear()
