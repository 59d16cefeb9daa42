"""Taking a time, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from oluko.accounts.models import Person
from oluko.accounts.people import has_verified_email
from oluko.bookings.book import book, offered_terms, terms_from_scratch
from oluko.bookings.deadlines import lapse_due
from oluko.bookings.models import LIVE, TRANSITIONS, Booking, Status
from oluko.bookings.requests import approve_request, reject_request
from oluko.bookings.sessions import complete_unmarked, mark_session
from oluko.calendars.claims import TimeTaken
from oluko.calendars.models import Claim
from oluko.core.errors import Conflict, Invalid, NotAllowed, NotFound, TooMany
from oluko.ledger.audit import trail
from oluko.ledger.models import Account
from oluko.ledger.wallets import wallet_of
from oluko.notifications.models import Notification
from oluko.offerings.models import BookingMode, Offering
from oluko.payments.release import release_due
from tests.cast import make_offering, make_person
from tests.paying import pay

pytestmark = pytest.mark.django_db

type Take = Callable[..., Booking]
HOUR = timedelta(hours=1)


def reload(booking: Booking) -> Booking:
    return Booking.objects.get(pk=booking.pk)


def states(booking: Booking) -> list[str]:
    return [entry.to_state for entry in trail("booking", str(booking.pk))]


def test_instant_booking_holds_both_calendars_for_a_quarter_of_an_hour(ada: Person, hold: Take) -> None:
    booking = hold(ada)
    assert (booking.status, booking.payment_status) == ("SCHEDULED", "PENDING")
    assert booking.pay_by is not None
    assert booking.pay_by - booking.created_at == timedelta(minutes=15)
    assert Claim.objects.filter(booking_id=booking.pk, expires_at=booking.pay_by).count() == 8


def test_offering_of_what_was_bought_may_change_without_changing_the_booking(
    ada: Person, hold: Take, offering: Offering
) -> None:
    booking = hold(ada)
    Offering.objects.filter(pk=offering.pk).update(price=9_000_00, title="Another")
    assert (reload(booking).price, reload(booking).title) == (5_000_00, "React code review")


def test_tutor_cannot_book_own_offering(tunde: Person, hold: Take) -> None:
    with pytest.raises(NotAllowed):
        hold(tunde)


def test_request_needs_a_confirmed_address_and_holds_nothing_without(offering: Offering, at: datetime) -> None:
    stranger = make_person("Kemi Unsure", verified=False)
    assert not has_verified_email(stranger)
    with pytest.raises(NotAllowed) as refusal:
        book(stranger, offered_terms(offering.pk), mode=BookingMode.REQUEST, scheduled_at=at)
    assert refusal.value.code == "email_unverified"
    assert not Claim.objects.exists()


def test_offering_on_request_only_is_not_booked_at_once(ada: Person, tunde: Person, at: datetime) -> None:
    shy = make_offering(tunde, booking_mode="REQUEST")
    with pytest.raises(Invalid) as refusal:
        book(ada, offered_terms(shy.pk), mode=BookingMode.INSTANT, scheduled_at=at)
    assert "bookingMode" in refusal.value.errors


def test_taken_time_is_refused_to_the_second_student(ada: Person, bola: Person, hold: Take, at: datetime) -> None:
    hold(ada)
    with pytest.raises(TimeTaken):
        hold(bola, at + timedelta(minutes=30))
    assert Booking.objects.count() == 1


def test_student_is_never_in_two_places_at_once(ada: Person, mei: Person, hold: Take, at: datetime) -> None:
    hold(ada, at + 7 * HOUR - timedelta(hours=1))
    elsewhere = make_offering(mei, title="Data review")
    # Mei's morning in Shanghai is before Tunde's day, so her hours are widened to meet his.
    from oluko.calendars.availability import set_availability

    set_availability(mei, weekly={"mon": [["00:00", "24:00"]], "tue": [["00:00", "24:00"]]})
    with pytest.raises(TimeTaken):
        book(ada, offered_terms(elsewhere.pk), mode=BookingMode.INSTANT, scheduled_at=at + 6 * HOUR)


def test_student_has_at_most_three_open_holds(ada: Person, hold: Take, at: datetime) -> None:
    for hour in range(3):
        hold(ada, at + hour * HOUR)
    with pytest.raises(TooMany):
        hold(ada, at + 3 * HOUR)


def test_lapsed_holds_do_not_count_and_do_not_block(
    ada: Person, bola: Person, hold: Take, at: datetime, frozen: Any
) -> None:
    first = hold(ada)
    frozen.advance(timedelta(minutes=15))
    second = hold(bola)
    assert (reload(first).status, reload(first).cancel_reason) == ("CANCELLED", "PAYMENT_WINDOW_PASSED")
    assert reload(second).status == "SCHEDULED"
    assert Notification.objects.filter(person=ada, kind="hold_lapsed").count() == 1


def test_request_too_close_to_its_time_is_refused(ada: Person, ask: Take, at: datetime, frozen: Any) -> None:
    frozen(at - timedelta(hours=2, minutes=59))
    with pytest.raises(Invalid) as refusal:
        ask(ada)
    assert refusal.value.code == "too_soon"


def test_deadline_of_a_request_is_72_hours_or_two_hours_before_the_start(
    ada: Person, bola: Person, ask: Take, at: datetime, frozen: Any
) -> None:
    far = ask(ada)
    assert far.approval_deadline == far.created_at + timedelta(hours=72)
    frozen(at - timedelta(hours=20))
    near = ask(bola, at + 2 * HOUR)
    assert near.approval_deadline == at


def test_approved_request_waits_a_day_for_its_payment(ada: Person, tunde: Person, ask: Take) -> None:
    booking = approve_request(tunde, ask(ada).pk, notes="Bring your code")
    assert (booking.status, booking.payment_status) == ("SCHEDULED", "PENDING")
    assert booking.pay_by is not None
    assert timedelta(hours=23, minutes=59) < booking.pay_by - booking.created_at <= timedelta(hours=24, seconds=5)
    assert Claim.objects.filter(booking_id=booking.pk, expires_at=booking.pay_by).count() == 8
    assert states(booking) == ["PENDING_MENTOR_REVIEW", "SCHEDULED"]
    assert Notification.objects.filter(person=ada, kind="approved").count() == 1


def test_rejected_request_frees_the_time_and_says_why(ada: Person, bola: Person, tunde: Person, ask: Take) -> None:
    booking = reject_request(tunde, ask(ada).pk, reason="I am travelling")
    assert (booking.status, booking.approval_notes) == ("REJECTED", "I am travelling")
    assert booking.rejected_at is not None
    assert ask(bola).status == "PENDING_MENTOR_REVIEW"


def test_rejection_needs_a_reason(ada: Person, tunde: Person, ask: Take) -> None:
    with pytest.raises(Invalid):
        reject_request(tunde, ask(ada).pk, reason="  ")


def test_unanswered_request_expires_and_both_are_told(ada: Person, tunde: Person, ask: Take, frozen: Any) -> None:
    booking = ask(ada)
    frozen.advance(timedelta(hours=73))
    assert lapse_due() == 1
    assert (reload(booking).status, lapse_due()) == ("REJECTED", 0)
    assert reload(booking).approval_notes
    assert {row.person_id for row in Notification.objects.filter(kind__startswith="request_lapsed")} == {
        ada.pk,
        tunde.pk,
    }


def test_approval_after_the_deadline_is_too_late_even_before_the_sweep(
    ada: Person, tunde: Person, ask: Take, frozen: Any
) -> None:
    booking = ask(ada)
    frozen.advance(timedelta(hours=73))
    with pytest.raises(Conflict):
        approve_request(tunde, booking.pk)
    assert reload(booking).status == "REJECTED"


def test_another_tutor_finds_no_request(ada: Person, mei: Person, ask: Take) -> None:
    booking = ask(ada)
    for answer in (lambda: approve_request(mei, booking.pk), lambda: reject_request(mei, booking.pk, reason="No")):
        with pytest.raises(NotFound):
            answer()
    assert reload(booking).status == "PENDING_MENTOR_REVIEW"


def test_from_scratch_is_priced_by_the_hour(ada: Person, tunde: Person, at: datetime) -> None:
    terms = terms_from_scratch(tunde.pk, "Mock interview", 90)
    booking = book(ada, terms, mode=BookingMode.INSTANT, scheduled_at=at)
    assert (booking.price, booking.offering_id) == (7_500_00, None)


def test_from_scratch_needs_an_hourly_rate(tunde: Person) -> None:
    tunde.tutor_profile.hourly_rate = None
    tunde.tutor_profile.save()
    with pytest.raises(Invalid):
        terms_from_scratch(tunde.pk, "Mock interview", 90)


def test_session_starts_from_a_quarter_of_an_hour_before(
    ada: Person, tunde: Person, hold: Take, at: datetime, frozen: Any
) -> None:
    booking = pay(hold(ada))
    frozen(at - timedelta(minutes=16))
    with pytest.raises(Conflict):
        mark_session(tunde, booking.pk, Status.IN_PROGRESS)
    frozen(at - timedelta(minutes=15))
    assert mark_session(tunde, booking.pk, Status.IN_PROGRESS).started_at is not None


def test_unpaid_session_is_neither_started_nor_completed(
    ada: Person, tunde: Person, hold: Take, at: datetime, frozen: Any
) -> None:
    booking = hold(ada)
    for instant, status in ((at, Status.IN_PROGRESS), (at + 2 * HOUR, Status.COMPLETED)):
        frozen(instant)
        with pytest.raises(Conflict):
            mark_session(tunde, booking.pk, status)


@pytest.mark.parametrize("outcome", [Status.COMPLETED, Status.NO_SHOW])
def test_money_is_pending_until_a_day_after_the_session_then_available(
    ada: Person, tunde: Person, hold: Take, at: datetime, frozen: Any, outcome: Status
) -> None:
    booking = pay(hold(ada))
    frozen(at + timedelta(minutes=59))
    with pytest.raises(Conflict):
        mark_session(tunde, booking.pk, outcome)
    frozen(at + HOUR)
    assert mark_session(tunde, booking.pk, outcome).ended_at is not None
    assert release_due() == 0
    frozen.advance(timedelta(hours=24))
    assert (release_due(), release_due()) == (1, 0)
    wallet = wallet_of(tunde)
    assert (wallet.pending, wallet.available) == (0, 3_500_00)
    assert Account.objects.get(kind="PLATFORM_REVENUE").balance == 1_500_00


def test_session_that_nobody_marked_completes_itself_a_day_later(
    ada: Person, tunde: Person, hold: Take, at: datetime, frozen: Any
) -> None:
    booking = pay(hold(ada))
    frozen(at + timedelta(hours=24, minutes=59))
    assert complete_unmarked() == 0
    frozen(at + timedelta(hours=25))
    assert (complete_unmarked(), complete_unmarked()) == (1, 0)
    assert reload(booking).status == "COMPLETED"
    assert release_due() == 1
    assert wallet_of(tunde).available == 3_500_00


def test_every_final_state_is_final_and_every_live_one_can_end() -> None:
    assert {state for state, following in TRANSITIONS.items() if not following} == set(Status) - set(LIVE)


def test_a_transition_that_does_not_exist_is_our_mistake(ada: Person, hold: Take) -> None:
    with pytest.raises(ValueError, match="No transition"):
        hold(ada).move_to(Status.REJECTED, actor_id=None)


def test_change_of_state_that_came_second_changes_nothing(ada: Person, ask: Take) -> None:
    mine, theirs = (Booking.objects.get(pk=ask(ada).pk) for _ in range(2))
    assert theirs.move_to(Status.REJECTED, actor_id=None)
    assert not mine.move_to(Status.SCHEDULED, actor_id=None)
    assert states(mine) == ["PENDING_MENTOR_REVIEW", "REJECTED"]
