"""What students, tutors and an operator do at a served Oluko that may be killed at any moment.

They are asked over HTTP, again and again as a person with a browser would who reads that it did not work, until there
is an answer. Afterwards our books are compared with what the sandbox has noted down by itself.
"""

from __future__ import annotations

import math
import re
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import httpx
from django.conf import settings
from django.db import connection
from django.test import Client
from django_tasks_db.models import DBTaskResult

from oluko.accounts.models import Person
from oluko.accounts.people import issue_token
from oluko.bookings.models import Booking
from oluko.calendars.availability import set_availability
from oluko.meetings.models import Meeting
from oluko.notifications.models import Delivery
from oluko.offerings.models import Offering
from oluko.payments.models import Payment, Problem, ProviderEvent, Refund, ReviewItem
from oluko.payouts.models import Payout
from tests.cast import make_person
from tests.sandbox_process import Sandbox
from tests.serving import Site
from tests.times import next_monday

PATIENCE = 90.0
EVERY_DAY = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
CSRF = "c" * 32
# What somebody is told whose first click was done after all.
DONE_BEFORE = 409
# What somebody is told who clicked too often while nothing answered.
TOO_OFTEN, WAIT_SECONDS = 429, 5.0


@dataclass
class Session:
    """A booking of one student, and how its money is expected to end."""

    id: str
    student: Person
    at: datetime
    ends: str = "PAID"


@dataclass
class Lives:
    """The people of one site and what they have done so far."""

    site: Site
    tutor: Person
    operator: Person
    offering: Offering
    sessions: list[Session] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)
    _tokens: dict[uuid.UUID, str] = field(default_factory=dict)
    _times: int = 0

    def __post_init__(self) -> None:
        set_availability(self.tutor, weekly=EVERY_DAY, slot_step_minutes=60, horizon_days=60)
        self.sandbox = Sandbox(self.site.sandbox_url, None)

    def restart(self) -> None:
        """Everything ends in one moment, as when the power goes, and is started again."""
        self.started = math.inf
        self.site.kill()
        self.site.start()
        self.started = time.monotonic()

    def answered(self, ask: Callable[[], httpx.Response]) -> httpx.Response:
        """Ask until there is an answer that is neither silence nor "try again"; a 500 is a mistake at any time."""
        began = time.monotonic()
        while True:
            try:
                answer = ask()
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == TOO_OFTEN:
                time.sleep(WAIT_SECONDS)
            elif answer is not None and answer.status_code not in (502, 503, 504):
                assert answer.status_code < 500, f"{answer.status_code}: {answer.text[:500]}\n{self.site.log[-4000:]}"
                return answer
            assert time.monotonic() < max(began, self.started) + PATIENCE, f"no answer: {answer and answer.text[:300]}"
            time.sleep(0.2)

    def new_student(self) -> tuple[Person, datetime]:
        """Somebody new, and an hour that nobody else wants."""
        self._times += 1
        return make_person(f"Student{self._times} Living"), next_monday(0) + timedelta(hours=self._times)

    def act(self, person: Person, action: str, **body: Any) -> httpx.Response:
        """`POST /action/NAME` until it is answered."""
        if person.pk not in self._tokens:
            self._tokens[person.pk] = issue_token(person)
        headers = {"Authorization": f"Bearer {self._tokens[person.pk]}"}
        return self.answered(lambda: _post(f"{self.site.url}/action/{action}", json=body, headers=headers))

    def press(self, person: Person, path: str, **fields: str) -> httpx.Response:
        """Post a form of a page until it is answered, as a signed-in browser does."""
        browser = Client()
        browser.force_login(person)
        cookies = f"sessionid={browser.cookies['sessionid'].value}; csrftoken={CSRF}"
        headers = {"Cookie": cookies, "X-CSRFToken": CSRF}
        return self.answered(lambda: _post(self.site.url + path, data=fields, headers=headers))

    def pay(self, who: tuple[Person, datetime] | None = None) -> Session:
        """Book an hour and pay for it."""
        student, at = who or self.new_student()
        wanted = {"offeringId": str(self.offering.pk), "bookingMode": "INSTANT", "scheduledAt": at.isoformat()}
        begun = self.act(student, "beginMentorshipCheckout", **wanted)
        assert begun.status_code == 200, begun.text
        session = Session(begun.json()["session"]["id"], student, at)
        self.sessions.append(session)
        page = begun.json()["authorizationUrl"]
        paid = self.answered(lambda: _post(page, data={"outcome": "success"}))
        assert paid.status_code == 303, paid.text
        return session

    def paid(self, count: int) -> list[Session]:
        """That many sessions whose payment and meeting have arrived."""
        people = [self.new_student() for _ in range(count)]
        with ThreadPoolExecutor(3) as pool:
            sessions = list(pool.map(lambda who: in_passing(partial(self.pay, who)), people))
        self.settle()
        return sessions

    def cancel(self, session: Session) -> None:
        session.ends = "REFUNDED"
        self._done(self.act(session.student, "cancelMentorshipSession", sessionId=session.id))

    def move(self, session: Session) -> None:
        self._times += 1
        at = next_monday(0) + timedelta(hours=self._times)
        self._done(
            self.act(session.student, "rescheduleMentorshipSession", sessionId=session.id, scheduledAt=at.isoformat())
        )

    def complete(self, session: Session) -> None:
        self._done(self.act(self.tutor, "updateTutorMentorshipSessionStatus", sessionId=session.id, status="COMPLETED"))

    def report(self, session: Session) -> None:
        """The student says what was wrong with it."""
        path = f"/mentorship/session/{session.id}/problem"
        self._done(self.press(session.student, path, words="The tutor did not come."))

    def decide(self, session: Session) -> None:
        """The operator looks at what a decision moves, and decides for the student."""
        session.ends = "REFUNDED"
        path = f"/admin/problems/{Problem.objects.get(booking_id=session.id).pk}/decide"
        wish = {"way": "refund", "amount": "", "note": "Nobody was there."}
        looked = self.press(self.operator, path, **wish)
        assert looked.status_code == 422, looked.text
        shown = re.search(r'name="shown" value="([^"]*)"', looked.text)
        assert shown, looked.text
        self._done(self.press(self.operator, path, **wish, shown=shown[1]))

    def dispute(self, session: Session, **more: str) -> None:
        """The student's bank claims the money back, or, by `event`, lets it be."""
        reference = Payment.objects.get(booking_id=session.id, status="PAID").reference
        self.sandbox.control(paystack={"dispute": {"reference": reference} | more})

    def save_account(self) -> None:
        bank = self.answered(lambda: httpx.get(f"{self.site.sandbox_url}/bank", trust_env=False, headers=self._key()))
        body = {"bankCode": bank.json()["data"][0]["code"], "accountNumber": "0123456789"}
        self._done(self.act(self.tutor, "saveBankAccount", **body))

    def pay_out(self) -> None:
        """Ask for ₦500 by the page's form; pressed again it is the same payout."""
        asked = self.press(self.tutor, "/tutor/payouts", amount="500", key=str(uuid.uuid4()))
        assert asked.status_code == 302, asked.text

    def advance_to(self, instant: datetime) -> None:
        """Business time goes on from there."""
        offset = instant - datetime.now(instant.tzinfo)
        fresh = self.site.data / "clock.new"
        fresh.write_text(str(offset.total_seconds()))
        fresh.replace(self.site.data / "clock")

    def settle(self, patience: float = PATIENCE) -> float:
        """Wait until nothing is under way; how many seconds that took."""
        began = time.monotonic()
        while left := self.unsettled():
            assert time.monotonic() - began < patience, (
                f"unsettled after {patience:g} s: {left}\n{self.site.log[-4000:]}"
            )
            time.sleep(0.25)
        return time.monotonic() - began

    def unsettled(self) -> list[str]:
        """What is still to come, named by its kind; everything as it should be is an empty list."""
        found = [f"job {row.task_path}" for row in DBTaskResult.objects.exclude(status="SUCCESSFUL")]
        found += [f"webhook {row.pk}" for row in ProviderEvent.objects.filter(handled_at=None)]
        found += [f"refund {row.status}" for row in Refund.objects.exclude(status="PROCESSED")]
        found += [f"payout {row.status}" for row in Payout.objects.exclude(status="PAID")]
        found += [f"mail {row.pk}" for row in Delivery.objects.filter(state="QUEUED")]
        for session in self.sessions:
            booking = Booking.objects.get(pk=session.id)
            if booking.payment_status != session.ends:
                found.append(f"booking {booking.status} {booking.payment_status}, not {session.ends}")
            found += _unsettled_meeting(booking)
        return found + [f"webhook {row['event']}" for row in self.sandbox.webhooks() if not row["delivered_at"]]

    def expect_nothing_lost_and_nothing_twice(self, *, mails_again: int) -> None:
        """Compare what we hold for true with the sandbox's own list of charges, refunds, transfers and meetings.

        `mails_again`: how many mails may have gone out twice, because a process died between sending and knowing.
        """
        ours = self._references()
        charges = [row for row in self.sandbox.transactions() if row["reference"] in ours]
        charged = {row["reference"]: row["amount"] for row in charges if row["status"] in ("success", "reversed")}
        paid = Payment.objects.filter(status="PAID")
        assert charged == {row.reference: row.amount for row in paid}
        assert Counter(str(row.booking_id) for row in paid) == Counter(session.id for session in self.sessions)
        given = Counter((each["note"], each["amount"]) for row in charges for each in row["refunds"])
        assert given == {(f"oluko-refund {row.pk}", row.amount): 1 for row in Refund.objects.all()}
        sent = Counter((row["reference"], row["amount"]) for row in self.sandbox.transfers())
        assert sent == {(row.reference, row.amount): 1 for row in Payout.objects.all()}
        self._expect_meetings()
        mails, sent_mails = self._mails(), Delivery.objects.filter(state="SENT", channel="MAIL").count()
        assert sent_mails <= mails <= sent_mails + mails_again
        expected = ("PROBLEM", "DISPUTE")
        assert not ReviewItem.objects.exclude(kind__in=expected).exists(), ReviewItem.objects.values_list("detail")
        assert self.site.oluko("check-ledger").startswith("ok ")

    def _expect_meetings(self) -> None:
        wanted = {session.id for session in self.sessions if Meeting.objects.get(pk=session.id).state == "OPEN"}
        there = [row["agenda"] for row in self.sandbox.meetings() if not row["deleted_at"]]
        assert Counter(re.findall(r"Oluko booking (\S+)", " ".join(there))) == Counter(wanted)

    def _mails(self) -> int:
        return sum(path.read_text().count("Message-ID:") for path in (self.site.data / "mail").glob("*.log"))

    def _references(self) -> set[str]:
        return set(Payment.objects.values_list("reference", flat=True))

    def _key(self) -> dict[str, str]:
        return {"Authorization": f"Bearer sk_sandbox_{(self.site.data / 'sandbox-key').read_text().strip()}"}

    def _done(self, answer: httpx.Response) -> None:
        assert answer.status_code in (200, 302, DONE_BEFORE), answer.text[:2000]


def in_passing[T](deed: Callable[[], T]) -> T:
    """What a thread does that ends with it: it gives its connection back, of which PostgreSQL's pool has few."""
    try:
        return deed()
    finally:
        connection.close()


def _post(url: str, **more: Any) -> httpx.Response:
    return httpx.post(url, timeout=20, trust_env=False, **more)


def _unsettled_meeting(booking: Booking) -> list[str]:
    meeting = Meeting.objects.filter(pk=booking.pk).first()
    if booking.payment_status not in ("PAID", "REFUNDED"):
        return []
    if meeting is None:
        return ["no meeting"]
    if booking.status == "CANCELLED":
        return [] if (meeting.state, meeting.provider_id) == ("CLOSED", "") else [f"meeting {meeting.state}"]
    told = meeting.starts_at == booking.scheduled_at
    return [] if meeting.state == "OPEN" and told else [f"meeting {meeting.state}, tried {meeting.attempts} times"]


def living_env(env: dict[str, str], **more: str) -> dict[str, str]:
    """What a site needs so that this process may sign people in, and so that meetings are made by Zoom."""
    zoom = {name: f"sandbox-{name.lower().replace('_', '-')}" for name in ("ACCOUNT_ID", "CLIENT_ID", "CLIENT_SECRET")}
    return (
        env
        | {"OLUKO_SECRET_KEY": settings.SECRET_KEY}
        | {f"OLUKO_ZOOM_{name}": value for name, value in zoom.items()}
        | more
    )
