"""Money's own figures: payments finalized as a function, webhooks acknowledged over HTTP, a burst of them drained.

`python -m bench.inside payments 2000` makes sessions that wait for their payment and finalizes them by 16 threads in
two processes; `webhooks` below is driven by the bench itself.
"""

from __future__ import annotations

import multiprocessing
import secrets
import sys
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from django.db import OperationalError, connection, connections

from oluko.accounts.models import Person
from oluko.bookings.models import Booking, PaymentStatus, Status
from oluko.calendars.claims import quarters
from oluko.calendars.models import Claim
from oluko.dashboards.invariants import violations
from oluko.offerings.models import BookingMode, CancellationPolicy
from oluko.payments.finalize import apply_charge
from oluko.payments.models import Payment
from oluko.payments.paystack import Charge
from oluko.startup import prepare

PROCESSES, CLIENTS, TUTORS, PRICE = 2, 16, 50, 5_000_00
FORK = multiprocessing.get_context("fork")


def main(number: str) -> dict[str, float]:
    """Finalizations a second, by 16 clients in two processes, each reference once."""
    prepare()
    first, *references = make_attempts(int(number) + 1)
    # What a process does once, such as reading every address, is no part of the figure.
    apply_charge(first, charge_of(first))
    _forget_connection()
    barrier = FORK.Barrier(PROCESSES + 1)
    shares = [references[place::PROCESSES] for place in range(PROCESSES)]
    processes = [FORK.Process(target=_finalize_share, args=(barrier, share)) for share in shares]
    for process in processes:
        process.start()
    barrier.wait()
    began = time.perf_counter()
    for process in processes:
        process.join()
    elapsed = time.perf_counter() - began
    _check(len(references) + 1)
    return {"rate": len(references) / elapsed}


def make_attempts(number: int) -> list[str]:
    """So many attempts to pay sessions of different students, at times of their own; their references."""
    tutors = [_person(f"paid{index}", Person.Role.TUTOR) for index in range(TUTORS)]
    students = [_person(f"paying{index}", Person.Role.STUDENT) for index in range(number)]
    Person.objects.bulk_create([*tutors, *students], batch_size=1000)
    bookings = [_booking(tutors[index % TUTORS], student, index // TUTORS) for index, student in enumerate(students)]
    Booking.objects.bulk_create(bookings, batch_size=1000)
    Claim.objects.bulk_create(
        [
            Claim(person_id=person, quarter=quarter, booking_id=row.pk, expires_at=row.pay_by)
            for row in bookings
            for person in (row.tutor_id, row.student_id)
            for quarter in quarters(row.scheduled_at, row.duration)
        ],
        batch_size=5000,
    )
    rows = [
        Payment(booking=row, reference=f"olk-{secrets.token_hex(12)}", amount=PRICE, currency="NGN") for row in bookings
    ]
    Payment.objects.bulk_create(rows, batch_size=1000)
    return [row.reference for row in rows]


def _person(name: str, role: Person.Role) -> Person:
    return Person(email=f"{name}-{secrets.token_hex(4)}@bench.test", name=name.title(), role=role, password="!")


def _booking(tutor: Person, student: Person, hours: int) -> Booking:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start = today + timedelta(days=2, hours=hours)
    return Booking(
        id=uuid4(),
        tutor=tutor,
        student=student,
        title="React code review",
        duration=60,
        price=PRICE,
        currency="NGN",
        tutor_share_bps=7000,
        cancellation_policy=CancellationPolicy.MODERATE,
        booking_mode=BookingMode.INSTANT,
        status=Status.SCHEDULED,
        payment_status=PaymentStatus.PENDING,
        scheduled_at=start,
        ends_at=start + timedelta(hours=1),
        pay_by=datetime.now(UTC) + timedelta(hours=3),
        created_at=datetime.now(UTC),
    )


def charge_of(reference: str) -> Charge:
    """What Paystack says of a good payment."""
    return Charge(
        reference=reference,
        status="success",
        amount=PRICE,
        currency="NGN",
        domain="test",
        fee=175_00,
        paystack_id="4099260516",
        channel="card",
        answer="Successful",
    )


def _finalize_share(barrier: threading.Barrier, references: Sequence[str]) -> None:
    # As the web server has it.
    sys.setswitchinterval(0.0005)
    clients = CLIENTS // PROCESSES
    threads = [threading.Thread(target=_finalize, args=(references[place::clients],)) for place in range(clients)]
    barrier.wait()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _finalize(references: Sequence[str]) -> None:
    try:
        for reference in references:
            while not _applied(reference):
                pass
    finally:
        connections.close_all()


def _applied(reference: str) -> bool:
    """False where the database was too busy to begin: a job would come again as well."""
    try:
        apply_charge(reference, charge_of(reference))
    except OperationalError:
        return False
    return True


def _check(number: int) -> None:
    """A figure counts only if the work was done."""
    done = Booking.objects.filter(payment_status=PaymentStatus.PAID).count()
    if done != number or (wrong := violations()):
        raise SystemExit(f"{done} of {number} finalized; {wrong if done == number else ''}")


def _forget_connection() -> None:
    """Neither a connection nor a pool of them may be carried into a copy of this process."""
    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()  # type: ignore[attr-defined]
