"""What a cancellation gives back, by policy, person and time; and the postings that follow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.bookings.cancellations import Who, kept_parts, refund_terms
from oluko.bookings.models import Booking
from oluko.bookings.policy_bar import stages, terms_once_paid
from oluko.calendars.models import Claim
from oluko.core import money
from oluko.core.errors import Conflict, NotFound
from oluko.dashboards.invariants import violations
from oluko.ledger.models import Account
from oluko.offerings.models import BookingMode, CancellationPolicy, Offering
from oluko.payments.cancellations import cancel_booking, preview_cancellation
from oluko.payments.models import Refund
from oluko.payments.release import release_due
from tests.paying import pay

START = datetime(2026, 5, 5, 14, tzinfo=UTC)
type Take = Callable[..., Booking]


def a_booking(policy: str, price: int = 5_000_00, payment_status: str = "PAID") -> Booking:
    return Booking(
        price=price,
        currency="NGN",
        tutor_share_bps=7000,
        cancellation_policy=policy,
        scheduled_at=START,
        payment_status=payment_status,
    )


# By policy: hours before the start at which the halves that come back change, and to how many they do.
EDGES = {"FLEXIBLE": [(2, 0)], "MODERATE": [(24, 1), (2, 0)], "STRICT": [(72, 1), (24, 0)]}
SECOND = timedelta(seconds=1)


def half(price: int) -> int:
    """In the student's favour where the price is odd."""
    return price - price // 2


def by_hand(price: int, halves: int) -> int:
    return {0: 0, 1: half(price), 2: price}[halves]


@pytest.mark.parametrize("price", [1, 99, 100, 5_000_00, 5_000_01, 3_333_33, 999_999_999_99])
@pytest.mark.parametrize(
    ("policy", "place"), [(policy, place) for policy, edges in EDGES.items() for place in range(len(edges))]
)
@pytest.mark.parametrize("payment_status", ["PAID", "PENDING"])
@pytest.mark.parametrize("who", list(Who))
def test_terms_change_at_each_edge_of_a_policy_and_not_a_second_before(
    policy: str, place: int, price: int, payment_status: str, who: Who
) -> None:
    booking = a_booking(policy, price, payment_status)
    hours, after = EDGES[policy][place]
    before = EDGES[policy][place - 1][1] if place else 2
    edge = START - timedelta(hours=hours)
    for now, halves in ((edge - SECOND, before), (edge, before), (edge + SECOND, after)):
        terms = refund_terms(booking, who, now)
        if payment_status != "PAID":
            expected = 0
        elif who == Who.TUTOR:
            expected = price
        else:
            expected = by_hand(price, halves)
        assert terms.refund == expected
        kept = price - expected if payment_status == "PAID" else 0
        assert (terms.tutor_keeps, terms.platform_keeps) == (kept * 7 // 10, kept - kept * 7 // 10)


@pytest.mark.parametrize("policy", EDGES)
def test_changes_that_are_announced_are_those_that_come(policy: str) -> None:
    booking, now = a_booking(policy), START - timedelta(days=10)
    terms = refund_terms(booking, Who.STUDENT, now)
    assert [(START - at) / timedelta(hours=1) for at, _refund in terms.changes_at] == [h for h, _ in EDGES[policy]]
    for at, refund in terms.changes_at:
        assert refund_terms(booking, Who.STUDENT, at).refund > refund
        assert refund_terms(booking, Who.STUDENT, at + SECOND).refund == refund
    assert refund_terms(booking, Who.TUTOR, now).changes_at == []


# A busy machine is slow to draw examples, which says nothing about them.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    price=st.integers(1, 10_000_000_00),
    bps=st.integers(0, 10_000),
    policy=st.sampled_from(CancellationPolicy.values),
    one=st.integers(-3_600, 400_000),
    other=st.integers(-3_600, 400_000),
)
def test_refund_never_grows_with_time_and_reverses_the_split_exactly(
    price: int, bps: int, policy: str, one: int, other: int
) -> None:
    booking = a_booking(policy, price)
    booking.tutor_share_bps = bps
    late, early = (refund_terms(booking, Who.STUDENT, START - timedelta(seconds=left)) for left in sorted((one, other)))
    assert early.refund >= late.refund
    for terms in (early, late, refund_terms(booking, Who.TUTOR, START)):
        booking.refunded = terms.refund
        paid, kept = money.split(price, bps), kept_parts(booking)
        back = (paid.tutor - kept.tutor, paid.platform - kept.platform)
        # What was split, less what goes back, is what the terms had said would be kept: of each, to the kobo.
        assert (kept.tutor, kept.platform) == (terms.tutor_keeps, terms.platform_keeps)
        assert sum(back) == terms.refund
        assert min(*back, *kept) >= 0


@given(
    price=st.integers(100_00, 10_000_000_00),
    policy=st.sampled_from(CancellationPolicy.values),
    minutes=st.integers(-600, 10_000),
    who=st.sampled_from(Who),
)
def test_parts_always_add_up_to_the_price_and_time_never_gives_more_back(
    price: int, policy: str, minutes: int, who: Who
) -> None:
    booking, now = a_booking(policy, price), START - timedelta(minutes=minutes)
    terms = refund_terms(booking, who, now)
    assert terms.refund + terms.tutor_keeps + terms.platform_keeps == price
    assert min(terms.refund, terms.tutor_keeps, terms.platform_keeps) >= 0
    later = [refund for _at, refund in terms.changes_at]
    assert later == sorted(later, reverse=True)
    assert all(at > now and refund < terms.refund for at, refund in terms.changes_at[:1])
    if who == Who.TUTOR:
        assert terms.refund == price


def test_nothing_comes_back_where_nothing_was_paid() -> None:
    terms = refund_terms(a_booking("FLEXIBLE", payment_status="PENDING"), Who.TUTOR, START)
    assert (terms.refund, terms.tutor_keeps, terms.platform_keeps) == (0, 0, 0)


def balances() -> dict[str, int]:
    return {row.kind: row.balance for row in Account.objects.all() if row.balance}


@pytest.mark.django_db
def test_tutor_cancels_and_all_of_it_is_due_to_the_student(ada: Person, tunde: Person, hold: Take) -> None:
    booking = pay(hold(ada))
    outcome = cancel_booking(tunde, booking.pk, reason="I am ill")
    assert (outcome.refund, outcome.booking.status, outcome.booking.cancel_reason) == (
        5_000_00,
        "CANCELLED",
        "BY_TUTOR",
    )
    assert balances() == {"PAYSTACK_CLEARING": 4_825_00, "PAYSTACK_FEES": 175_00, "REFUNDS_DUE": 5_000_00}
    assert Refund.objects.get().amount == 5_000_00
    assert not Claim.objects.exists()


@pytest.mark.django_db
def test_half_back_leaves_the_other_half_split_and_released_a_day_later(
    ada: Person, tunde: Person, hold: Take, at: datetime, frozen: Any
) -> None:
    booking = pay(hold(ada))
    frozen(at - timedelta(hours=3))
    assert cancel_booking(ada, booking.pk).refund == 2_500_00
    assert balances()["TUTOR_PENDING"] == 1_750_00
    assert balances()["PLATFORM_PENDING"] == 750_00
    frozen.advance(timedelta(hours=24))
    assert release_due() == 1
    assert balances()["TUTOR_AVAILABLE"] == 1_750_00
    assert balances()["PLATFORM_REVENUE"] == 750_00


@pytest.mark.django_db
def test_unpaid_time_is_given_back_without_any_money(ada: Person, bola: Person, hold: Take) -> None:
    assert cancel_booking(ada, hold(ada).pk).refund == 0
    assert balances() == {}
    assert hold(bola).status == "SCHEDULED"


@pytest.mark.django_db
def test_cancelling_twice_is_a_conflict_and_refunds_once(ada: Person, tunde: Person, hold: Take) -> None:
    booking = pay(hold(ada))
    cancel_booking(tunde, booking.pk)
    with pytest.raises(Conflict):
        cancel_booking(ada, booking.pk)
    assert Refund.objects.count() == 1


@pytest.mark.django_db
def test_student_cannot_cancel_what_has_begun_but_the_tutor_can(
    ada: Person, tunde: Person, hold: Take, at: datetime, frozen: Any
) -> None:
    booking = pay(hold(ada))
    frozen(at)
    with pytest.raises(Conflict):
        cancel_booking(ada, booking.pk)
    assert cancel_booking(tunde, booking.pk).refund == 5_000_00


@pytest.mark.django_db
def test_stranger_finds_nothing_to_cancel(ada: Person, zainab: Person, hold: Take) -> None:
    with pytest.raises(NotFound):
        cancel_booking(zainab, hold(ada).pk)


@pytest.mark.django_db
def test_operator_cancels_in_the_students_favour(ada: Person, admin: Person, hold: Take) -> None:
    booking = pay(hold(ada))
    outcome = cancel_booking(admin, booking.pk)
    assert (outcome.refund, outcome.booking.cancel_reason) == (5_000_00, "BY_OPERATOR")


@pytest.mark.django_db
@pytest.mark.parametrize(("price", "bps"), [(5_000_01, 7000), (1, 7000), (3_333_33, 3333), (99_99, 10_000), (7, 0)])
@pytest.mark.parametrize("hours", [30, 3, 1])
def test_books_after_a_cancellation_hold_what_is_kept_and_owe_what_goes_back(
    ada: Person, offering: Offering, at: datetime, frozen: Any, settings: Any, price: int, bps: int, hours: int
) -> None:
    settings.OLUKO_TUTOR_SHARE_BPS = bps
    held = book(ada, offered_terms(offering.pk), mode=BookingMode.INSTANT, scheduled_at=at)
    Booking.objects.filter(pk=held.pk).update(price=price)
    booking = pay(Booking.objects.get(pk=held.pk))
    frozen(at - timedelta(hours=hours))
    said = preview_cancellation(ada, booking.pk)
    done = cancel_booking(ada, booking.pk)
    assert done.refund == said.refund == by_hand(price, {30: 2, 3: 1, 1: 0}[hours])
    books = balances()
    assert books.get("TUTOR_PENDING", 0) == said.tutor_keeps
    assert books.get("PLATFORM_PENDING", 0) == said.platform_keeps
    assert books.get("REFUNDS_DUE", 0) == said.refund
    assert violations() == []


@pytest.mark.django_db
def test_page_preview_and_refund_name_the_same_sum(
    ada: Person, hold: Take, at: datetime, frozen: Any, signed_in: Any, api: Any
) -> None:
    booking = pay(hold(ada))
    frozen(at - timedelta(hours=3))
    page = signed_in(ada).get(f"/mentorship/session/{booking.pk}/cancel").content.decode()
    wire = api(ada).get(f"/api/mentorship/session/{booking.pk}/cancellation").json()
    assert "Cancel, ₦2,500 back" in page
    assert (wire["refund"], wire["tutorKeeps"], wire["platformKeeps"]) == (2500, 1750, 750)
    assert cancel_booking(ada, booking.pk).refund == 2_500_00


@pytest.mark.django_db
def test_who_was_told_of_a_better_refund_is_asked_again_and_loses_nothing(
    ada: Person, hold: Take, at: datetime, frozen: Any, signed_in: Any
) -> None:
    booking, client = pay(hold(ada)), signed_in(ada)
    address = f"/mentorship/session/{booking.pk}/cancel"
    frozen(at - timedelta(hours=24, seconds=5))
    assert 'name="most_kept" value="0"' in client.get(address).content.decode()
    frozen(at - timedelta(hours=23, minutes=59))
    answer = client.post(address, {"most_kept": "0", "reason": "I am <ill>"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "has changed a moment ago" in page
    assert "Cancel, ₦2,500 back" in page
    assert "I am &lt;ill&gt;" in page
    assert Booking.objects.get(pk=booking.pk).status == "SCHEDULED"
    assert client.post(address, {"most_kept": "250000"}).status_code == 302
    assert Refund.objects.get().amount == 2_500_00


@pytest.mark.django_db
def test_payment_that_arrives_while_the_unpaid_page_is_open_is_not_cancelled_away(
    ada: Person, hold: Take, at: datetime, frozen: Any, signed_in: Any, tunde: Person
) -> None:
    from oluko.calendars.availability import set_availability

    set_availability(tunde, minimum_notice_hours=0)
    frozen(at - timedelta(hours=1))
    booking, client = hold(ada), signed_in(ada)
    address = f"/mentorship/session/{booking.pk}/cancel"
    assert "Nothing was paid" in client.get(address).content.decode()
    pay(booking)
    answer = client.post(address, {"most_kept": "0"})
    assert answer.status_code == 409
    assert "Cancel, nothing back" in answer.content.decode()
    assert Booking.objects.get(pk=booking.pk).payment_status == "PAID"


@pytest.mark.django_db
@pytest.mark.parametrize("nonsense", ["", "-1", "lots", "9" * 40, "٣"])
def test_cancelling_by_a_form_without_the_shown_sum_goes_by_the_policy(
    ada: Person, hold: Take, at: datetime, frozen: Any, signed_in: Any, nonsense: str
) -> None:
    booking = pay(hold(ada))
    frozen(at - timedelta(hours=3))
    answer = signed_in(ada).post(f"/mentorship/session/{booking.pk}/cancel", {"most_kept": nonsense})
    assert answer.status_code == 302
    assert Refund.objects.get().amount == 2_500_00


@pytest.mark.django_db
def test_money_that_an_operator_gave_back_before_is_no_hindrance(ada: Person, tunde: Person, hold: Take) -> None:
    """Which payment the refund comes out of is known even where that payment has had another refund."""
    booking = pay(hold(ada))
    payment = booking.payments.get()
    Refund.objects.create(payment=payment, amount=1, currency="NGN", cause="GOODWILL", status="PROCESSED")
    assert cancel_booking(tunde, booking.pk).refund == 5_000_00


@pytest.mark.django_db
def test_bar_of_the_policy_is_whole_and_names_every_edge(ada: Person, hold: Take, at: datetime, frozen: Any) -> None:
    booking = hold(ada)
    for hours, refunds in ((30, [5_000_00, 2_500_00, 0]), (3, [2_500_00, 0]), (1, [0])):
        frozen(at - timedelta(hours=hours))
        drawn = stages(terms_once_paid(booking), booking)
        assert [stage.refund for stage in drawn] == refunds
        assert sum(stage.width for stage in drawn) == 100
        assert [stage.x for stage in drawn] == [sum(s.width for s in drawn[:place]) for place in range(len(drawn))]
        assert drawn[-1].until == at
