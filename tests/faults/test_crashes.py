"""Processes killed between any two steps: whatever had begun is finished after the restart, once."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.core.steps import Step
from oluko.offerings.models import Offering
from tests.databases import Copy
from tests.faults.lives import PATIENCE, Lives, Session, in_passing, living_env
from tests.jobs.conftest import wait_until
from tests.ports import free_port
from tests.serving import Site

# What the sandbox's webhooks and the steps of a job follow by themselves, once somebody has paid.
PAYING = (
    Step.TIME_HELD, Step.PAGE_WANTED, Step.PAGE_GIVEN, Step.WEBHOOK_RECEIVED, Step.WEBHOOK_WRITTEN, Step.WEBHOOK_STORED,
    Step.WEBHOOK_ACTED_ON, Step.CHARGE_CLAIMED, Step.CHARGE_WRITTEN, Step.CHARGE_BOOKED, Step.JOB_CLAIMED,
    Step.JOB_DONE, Step.TICK_CLAIMED, Step.MEETING_COUNTED, Step.MEETING_MADE, Step.MEETING_KEPT, Step.MAIL_SENT,
)  # fmt: skip
CANCELLING = (
    Step.CANCELLATION_WRITTEN, Step.CANCELLED, Step.REFUND_CLAIMED, Step.REFUND_SENT, Step.REFUND_SETTLED,
    Step.MEETING_DELETED,
)  # fmt: skip
AFTERWARDS = (Step.SESSION_MARKED, Step.PROBLEM_WRITTEN, Step.PROBLEM_DECIDED, Step.DISPUTE_WRITTEN)
PAYING_OUT = (
    Step.PAYOUT_WRITTEN, Step.PAYOUT_ASKED_FOR, Step.PAYOUT_CLAIMED, Step.PAYOUT_SENT, Step.PAYOUT_SETTLED,
)  # fmt: skip
# Whoever died here may have asked somebody outside a moment before: for a minute the answer may still come.
TAKES_A_MINUTE = {
    Step.REFUND_CLAIMED, Step.PAYOUT_CLAIMED, Step.MEETING_COUNTED, Step.MEETING_MADE, Step.MEETING_KEPT,
    Step.MEETING_MOVED, Step.MAIL_SENT,
}  # fmt: skip
LATE = (*AFTERWARDS, Step.RELEASE_WRITTEN, Step.ACCOUNT_RESOLVED, *PAYING_OUT)
QUICK = [step for step in Step if step not in TAKES_A_MINUTE]


@pytest.fixture
def lives(database_copy: Copy, tmp_path: Path, tunde: Person, admin: Person, offering: Offering) -> Iterator[Lives]:
    """People at a served site on data of its own, whose processes are killed where a file says so."""
    data = tmp_path / "data"
    data.mkdir()
    port = free_port(1)
    more = {"OLUKO_DATA": str(data), "OLUKO_BASE_URL": f"http://127.0.0.1:{port}"}
    site = Site(data, port, living_env(database_copy.env, OLUKO_STOP_FILE=str(data / "stop"), **more))
    site.start()
    yield Lives(site, tunde, admin, offering)
    site.kill()


class Crashes:
    """Kills the process that comes to a step; by chance everything else with it, as when the power goes."""

    all_die = 0.5

    def __init__(self, lives: Lives, steps: set[Step], chance: random.Random) -> None:
        self.lives, self.steps, self.chance = lives, steps, chance
        self.file = lives.site.data / "stop"
        self.done: list[Step] = []

    def at(self, step: Step, deed: Callable[[], object]) -> None:
        """Do the deed; if the step is one of those chosen, somebody dies over it."""
        if step not in self.steps:
            deed()
            return
        self.file.write_text(step)
        with ThreadPoolExecutor(1) as person:
            doing = person.submit(in_passing, deed)
            wait_until(lambda: not self.file.exists() or (doing.done() and doing.exception()), PATIENCE)
            if self.chance.random() < self.all_die:
                self.lives.restart()
            doing.result()
        assert not self.file.exists(), f"nobody came to {step}"
        self.done.append(step)


def play(lives: Lives, steps: set[Step], chance: random.Random, moments: int) -> None:
    """A few weeks of bookings, payments, cancellations, sessions and payouts, with a crash at each of the steps."""
    crashes = Crashes(lives, steps, chance)
    doomed, moved, held = steps & set(CANCELLING), steps & {Step.MEETING_MOVED}, steps & set(AFTERWARDS)
    sessions = lives.paid(len(doomed) + len(moved) + len(held) + 1)
    early: list[tuple[Step, Callable[[], object]]] = [(step, lives.pay) for step in sorted(steps & set(PAYING))]
    early += [(step, partial(lives.cancel, sessions.pop())) for step in sorted(doomed)]
    early += [(step, partial(lives.move, sessions.pop())) for step in moved]
    chance.shuffle(early)
    for step, deed in early:
        crashes.at(step, deed)
    for _ in range(moments):
        crash_at_any_moment(crashes)
    lives.settle()
    if steps & set(LATE):
        the_sessions_are_over(crashes, {step: sessions.pop() for step in sorted(held)})
        money_is_paid_out(crashes)
    assert set(crashes.done) == steps
    # Whenever everything dies, somebody may have just sent a mail and not written it down.
    lives.expect_nothing_lost_and_nothing_twice(mails_again=len(steps) + moments)


def crash_at_any_moment(crashes: Crashes) -> None:
    """Everything ends while somebody books and pays, wherever that is."""
    with ThreadPoolExecutor(1) as person:
        paying = person.submit(in_passing, crashes.lives.pay)
        time.sleep(crashes.chance.uniform(0.0, 1.5))
        crashes.lives.restart()
        paying.result()


def the_sessions_are_over(crashes: Crashes, held: dict[Step, Session]) -> None:
    """They are marked, complained about and disputed; the operator and the bank decide."""
    lives = crashes.lives
    # A problem is reported within a day: the clock stops after these, whatever others have ahead of them.
    last = max(session.at for session in held.values() or lives.sessions)
    lives.advance_to(last + timedelta(hours=3))
    deeds = {
        Step.SESSION_MARKED: lives.complete,
        Step.PROBLEM_WRITTEN: lives.report,
        Step.PROBLEM_DECIDED: lives.decide,
        Step.DISPUTE_WRITTEN: lives.dispute,
    }
    if Step.PROBLEM_DECIDED in held:
        lives.report(held[Step.PROBLEM_DECIDED])
    for step, session in held.items():
        crashes.at(step, partial(deeds[step], session))
    lives.settle()
    if Step.DISPUTE_WRITTEN in held:
        lives.dispute(held[Step.DISPUTE_WRITTEN], event="resolve", resolution="declined")
    if Step.PROBLEM_WRITTEN in held:
        lives.decide(held[Step.PROBLEM_WRITTEN])


def money_is_paid_out(crashes: Crashes) -> None:
    """It is released after a day, and asked for."""
    lives = crashes.lives
    later = max(session.at for session in lives.sessions) + timedelta(hours=60)
    crashes.at(Step.RELEASE_WRITTEN, lambda: lives.advance_to(later))
    crashes.at(Step.ACCOUNT_RESOLVED, lives.save_account)
    lives.settle()
    wait_until(lambda: not Booking.objects.filter(payment_status="PAID", released_at=None).exists(), PATIENCE)
    for step in crashes.chance.sample(PAYING_OUT, len(PAYING_OUT)):
        if step in crashes.steps:
            crashes.at(step, lives.pay_out)
    lives.settle()


@pytest.mark.parametrize("half", ["early", "late"])
def test_what_was_begun_is_finished_once_after_a_crash(lives: Lives, half: str) -> None:
    """A tenth: four crashes in each half of a life, others each day, where nobody has to wait a minute afterwards."""
    chance = random.Random(f"{half} {datetime.now(UTC).date()}")
    there = [step for step in QUICK if (step in LATE) == (half == "late")]
    play(lives, set(chance.sample(there, 4)), chance, moments=0)


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(20))
def test_what_was_begun_is_finished_once_after_a_crash_at_every_step(lives: Lives, seed: int) -> None:
    """Every step once, in disorder, and five crashes at any moment: all settled within 90 s of the last restart."""
    play(lives, set(Step), random.Random(seed), moments=5)
