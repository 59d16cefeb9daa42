"""Problems with a session: reported in time, answered once, decided once; the money waits meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from oluko.accounts.models import Person
from oluko.bookings.models import Booking, Status
from oluko.bookings.sessions import complete_unmarked, mark_session
from oluko.core import clock
from oluko.core.errors import Conflict, Invalid, NotFound
from oluko.dashboards.invariants import violations
from oluko.ledger.audit import trail
from oluko.notifications.models import Notification
from oluko.offerings.models import Offering
from oluko.payments.cancellations import cancel_booking
from oluko.payments.giving_back import give_back_goodwill
from oluko.payments.models import Problem, Refund, ReviewItem
from oluko.payments.problems import answer_problem, decide_problem, problem_of, report_problem, reportable_until
from oluko.payments.release import release_due, release_money
from tests.payments.over import END, balance, fresh, paid_ahead, platform, took_place, wallet

DAY = timedelta(hours=24)


@pytest.fixture
def over(frozen, offering: Offering, ada: Person) -> Booking:
    return took_place(frozen, offering, ada)


@pytest.fixture
def reported(over: Booking, ada: Person) -> Problem:
    return report_problem(ada, over.pk, "Nobody came.")


@pytest.mark.django_db
def test_a_reported_problem_holds_the_money_until_it_is_decided(
    frozen, over: Booking, ada: Person, tunde: Person, admin: Person
) -> None:
    problem = report_problem(ada, over.pk, "  Nobody came. ")
    assert (problem.words, problem.status, problem.reporter_id) == ("Nobody came.", "OPEN", ada.pk)
    item = ReviewItem.objects.get()
    assert (item.kind, item.resolved_at, "Nobody" in str(item.detail)) == ("PROBLEM", None, False)
    assert Notification.objects.filter(person=tunde, kind="problem_reported").count() == 1
    frozen.advance(3 * DAY)
    assert release_due() == 0
    assert not release_money(over.pk)
    assert wallet(tunde) == (3_500_00, 0, 0, 0)
    assert violations() == []
    decide_problem(admin, problem.pk, refund=0, note="The recording shows both")
    assert release_due() == 1
    assert wallet(tunde) == (0, 3_500_00, 0, 0)
    item.refresh_from_db()
    assert (item.resolved_by_id, item.resolution) == (admin.pk, "Paid to the tutor: The recording shows both")
    assert [(entry.from_state, entry.to_state) for entry in trail("problem", str(problem.pk))] == [
        ("", "OPEN"),
        ("OPEN", "RELEASED"),
    ]
    assert Notification.objects.filter(kind="problem_released", body__contains="The recording").count() == 2
    assert violations() == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("refund", "status", "tutor", "earned"),
    [(0, "RELEASED", 3_500_00, 1_500_00), (1_234_57, "SPLIT", 2_635_80, 1_129_63), (5_000_00, "REFUNDED", 0, 0)],
)
def test_each_decision_shares_the_money_to_the_kobo(
    reported: Problem, tunde: Person, admin: Person, refund: int, status: str, tutor: int, earned: int
) -> None:
    assert decide_problem(admin, reported.pk, refund=refund, note="Heard both").status == status
    assert release_due() == 1
    assert wallet(tunde) == (0, tutor, 0, 0)
    assert (platform(), balance("REFUNDS_DUE")) == ((0, earned, 0), refund)
    assert [row.amount for row in Refund.objects.filter(cause="PROBLEM")] == ([refund] if refund else [])
    assert violations() == []
    with pytest.raises(Conflict):
        decide_problem(admin, reported.pk, refund=0, note="Again")


@pytest.mark.django_db
def test_the_other_answers_once_and_nobody_else_does(
    over: Booking, reported: Problem, ada: Person, tunde: Person, zainab: Person, admin: Person
) -> None:
    for person in (ada, zainab, admin):
        with pytest.raises(NotFound):
            answer_problem(person, over.pk, "It was so")
    for words in (" ", "x" * 2001):
        with pytest.raises(Invalid):
            answer_problem(tunde, over.pk, words)
    assert answer_problem(tunde, over.pk, "I waited 20 minutes.").answer == "I waited 20 minutes."
    with pytest.raises(Conflict):
        answer_problem(tunde, over.pk, "And one more thing")
    assert Notification.objects.filter(person=ada, kind="problem_answered").count() == 1


@pytest.mark.django_db
def test_the_window_runs_from_the_end_to_the_release(
    frozen, offering: Offering, ada: Person, tunde: Person, zainab: Person
) -> None:
    booking = paid_ahead(frozen, offering, ada)
    frozen(END - timedelta(seconds=5))
    with pytest.raises(Conflict, match="not over"):
        report_problem(ada, booking.pk, "It will be bad")
    frozen(END + timedelta(seconds=1))
    assert reportable_until(fresh(booking), clock.now()) == END + DAY
    with pytest.raises(NotFound):
        report_problem(zainab, booking.pk, "I was not there")
    for words in ("", "x" * 2001):
        with pytest.raises(Invalid):
            report_problem(ada, booking.pk, words)
    frozen(END + timedelta(hours=20))
    marked = mark_session(tunde, booking.pk, Status.NO_SHOW)
    assert marked.release_at is not None
    frozen(END + timedelta(hours=30))
    assert reportable_until(fresh(booking), clock.now()) == marked.release_at
    frozen(marked.release_at + timedelta(seconds=1))
    with pytest.raises(Conflict, match="not any more"):
        report_problem(ada, booking.pk, "I was there")
    assert release_due() == 1
    assert violations() == []


@pytest.mark.django_db
def test_a_problem_is_reported_once_by_either(over: Booking, reported: Problem, tunde: Person, ada: Person) -> None:
    for person in (tunde, ada):
        with pytest.raises(Conflict, match="already"):
            report_problem(person, over.pk, "Me too")


@pytest.mark.django_db
def test_a_session_nobody_marked_is_completed_by_the_decision(
    frozen, offering: Offering, ada: Person, tunde: Person, admin: Person
) -> None:
    booking = paid_ahead(frozen, offering, ada)
    frozen(END + timedelta(hours=2))
    problem = report_problem(tunde, booking.pk, "The student had no questions")
    decide_problem(admin, problem.pk, refund=1_000_00, note="Half of the hour")
    assert fresh(booking).status == "COMPLETED"
    assert release_due() == 1
    assert wallet(tunde) == (0, 2_800_00, 0, 0)
    assert violations() == []


@pytest.mark.django_db
def test_completing_by_itself_does_not_release_what_is_held(
    frozen, offering: Offering, ada: Person, tunde: Person, admin: Person
) -> None:
    booking = paid_ahead(frozen, offering, ada)
    frozen(END + timedelta(hours=2))
    problem = report_problem(ada, booking.pk, "It was short")
    frozen(END + timedelta(hours=25))
    assert (complete_unmarked(), release_due()) == (1, 0)
    decide_problem(admin, problem.pk, refund=0, note="It was an hour")
    assert release_due() == 1
    assert violations() == []


@pytest.mark.django_db
def test_a_tutor_who_cancels_settles_the_problem(
    frozen, offering: Offering, ada: Person, tunde: Person, admin: Person
) -> None:
    booking = paid_ahead(frozen, offering, ada)
    frozen(END + timedelta(hours=2))
    problem = report_problem(ada, booking.pk, "Nobody came")
    cancel_booking(tunde, booking.pk, reason="I was ill")
    settled = problem_of(fresh(booking))
    assert settled is not None
    assert (settled.pk, settled.status, settled.refund) == (problem.pk, "REFUNDED", 5_000_00)
    assert ReviewItem.objects.get().resolved_at is not None
    assert not fresh(booking).release_held
    assert violations() == []


@pytest.mark.django_db
def test_decisions_are_refused_without_reason_and_beyond_the_price(
    over: Booking, reported: Problem, admin: Person, tunde: Person
) -> None:
    for refund, note in ((-1, "x"), (5_000_01, "x"), (0, " "), (0, "x" * 1001)):
        with pytest.raises(Invalid):
            decide_problem(admin, reported.pk, refund=refund, note=note)
    with pytest.raises(NotFound):
        decide_problem(admin, tunde.pk, refund=0, note="x")
    with pytest.raises(Conflict):
        give_back_goodwill(admin, over.pk, 100, note="Instead")
    assert violations() == []


def test_reporting_races_the_release_and_one_of_them_wins(
    database_copy, frozen, offering: Offering, ada: Person, tunde: Person, race: Callable
) -> None:
    for hours in (0, 2, 4):
        booking = took_place(frozen, offering, ada, hours)
        # The window ends between the report's look at the clock and the sweep's: both may try.
        Booking.objects.filter(pk=booking.pk).update(release_at=clock.now() + timedelta(seconds=0.05))

        def report_or_release(number: int, pk=booking.pk) -> object:
            return report_problem(ada, pk, "Late") if number else _release_soon(pk)

        race(2, report_or_release)
        after = fresh(booking)
        assert after.release_held == (after.released_at is None) == (problem_of(after) is not None)
        assert violations() == []


def _release_soon(booking_id: object) -> bool:
    until = clock.now() + timedelta(seconds=5)
    while clock.now() < until:
        if release_money(booking_id) or Booking.objects.get(pk=booking_id).release_held:
            return True
    return False


def test_two_operators_decide_and_one_decision_counts(
    database_copy, frozen, offering: Offering, ada: Person, tunde: Person, admin: Person, race: Callable
) -> None:
    problem = report_problem(ada, took_place(frozen, offering, ada).pk, "Nobody came")
    outcomes = race(4, lambda n: decide_problem(admin, problem.pk, refund=n * 1_000_00, note="Decided"))
    assert sorted(outcomes) == ["Conflict", "Conflict", "Conflict", "Problem"]
    problem.refresh_from_db()
    assert balance("REFUNDS_DUE") == problem.refund
    assert release_due() == 1
    assert violations() == []
