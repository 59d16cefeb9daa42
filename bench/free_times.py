"""Free times with their database: a month of a tutor with 500 bookings, and the next free time of a page of cards."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import UUID

from django.db import connection

from bench.month import BOOKINGS, CLAIMED
from oluko.accounts.models import Person
from oluko.calendars.claims import SECONDS
from oluko.calendars.models import WEEKDAYS, Availability, Claim
from oluko.calendars.slots import free_starts, next_free_of
from oluko.offerings.marketplace import Filters, search

CARDS, ROUNDS = 24, 30
MONTH = timedelta(days=31)
QUARTERS_OF_MONTH = 31 * 96


def main() -> dict[str, tuple[float, int]]:
    """For each question the median in milliseconds and the number of queries, which must be the same each time.

    Asks of the tutors that `bench.fill` has made, then fills the calendars of as many as a page has cards.
    """
    cards = [(row.tutor_id, row.duration) for row in search(Filters(), limit=CARDS).rows]
    figures = {f"next free time of {CARDS} cards": _measure(lambda: next_free_of(cards))}
    tutors = list(Person.objects.filter(availability__isnull=False).order_by("pk")[:CARDS])
    _book_out([tutor.pk for tutor in tutors])
    now = datetime.now(UTC)
    figures["a month of a tutor with 500 bookings"] = _measure(lambda: free_starts(tutors[0], 60, now, now + MONTH))
    booked_out = [(tutor.pk, 60) for tutor in tutors]
    figures[f"next free time of {CARDS} tutors with 500 bookings each"] = _measure(lambda: next_free_of(booked_out))
    return figures


def _measure(ask: Callable[[], object]) -> tuple[float, int]:
    waits, counts = [], set()
    for _ in range(ROUNDS):
        with _Counted() as queries:
            began = time.perf_counter()
            ask()
            waits.append(time.perf_counter() - began)
        counts.add(queries.number)
    if len(counts) != 1:
        raise RuntimeError(f"the number of queries varies: {sorted(counts)}")
    return sorted(waits)[ROUNDS // 2] * 1000, counts.pop()


class _Counted(AbstractContextManager["_Counted"]):
    """How many queries are made inside."""

    def __enter__(self) -> Self:
        self.number = 0
        self.watch = connection.execute_wrapper(self._see)
        self.watch.__enter__()
        return self

    def __exit__(self, *problem: object) -> None:
        self.watch.__exit__(None, None, None)

    def _see(self, execute: Callable[..., Any], *query: Any) -> Any:
        self.number += 1
        return execute(*query)


def _book_out(tutors: Sequence[UUID]) -> None:
    """Working hours around the clock, and 500 sessions in the coming 31 days."""
    chance = random.Random(1)
    week = {day: [["00:00", "24:00"]] for day in WEEKDAYS}
    Availability.objects.filter(pk__in=tutors).update(weekly=week, slot_step_minutes=15, daily_cap=20)
    Claim.objects.filter(person__in=tutors).delete()
    first = int(time.time()) // SECONDS
    begins = range(first, first + QUARTERS_OF_MONTH, CLAIMED)
    for tutor in tutors:
        claims = []
        for begin in chance.sample(begins, BOOKINGS):
            booking = UUID(int=chance.getrandbits(128), version=4)
            claims += [
                Claim(person_id=tutor, quarter=begin + number, booking_id=booking, opens=number == 0)
                for number in range(CLAIMED)
            ]
        Claim.objects.bulk_create(claims, batch_size=5000)
