"""Wallet, the story of a booking's money, a tutor's figures and the platform's sums."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from oluko.accounts.models import Person
from oluko.bookings.models import Booking, Status
from oluko.bookings.sessions import mark_session
from oluko.dashboards.analytics import last_months, tutor_figures
from oluko.dashboards.charts import bars, columns
from oluko.dashboards.money import money_lines
from oluko.dashboards.platform import platform_sums
from oluko.ledger.wallets import wallet_of
from oluko.payments.cancellations import cancel_booking
from oluko.payments.release import release_due
from tests.cast import make_offering
from tests.dashboards.conftest import Take
from tests.paying import pay

pytestmark = pytest.mark.django_db
LAGOS = ZoneInfo("Africa/Lagos")
HOUR = timedelta(hours=1)
type SignIn = Callable[..., Client]


@pytest.fixture
def paid(hold: Take, ada: Person) -> Booking:
    return pay(hold(ada))


@pytest.fixture
def completed(paid: Booking, tunde: Person, frozen) -> Booking:
    frozen(paid.ends_at)
    return mark_session(tunde, paid.pk, Status.COMPLETED)


def test_story_tells_where_each_part_went(paid: Booking, admin: Person) -> None:
    lines = {line.kind: line for line in money_lines(paid, admin)}
    tutor, platform, fee = lines["charge_tutor"], lines["charge_platform"], lines["fee"]
    assert (tutor.source, tutor.target, tutor.amount) == ("Ada Obi", "Tunde Bakare, pending", 3_500_00)
    assert (platform.source, platform.target, platform.amount) == ("Ada Obi", "Oluko, pending", 1_500_00)
    assert (fee.source, fee.target, fee.amount) == ("Oluko", "Paystack", 175_00)


def test_only_operators_see_the_fee(
    paid: Booking, ada: Person, tunde: Person, admin: Person, signed_in: SignIn
) -> None:
    path = f"/mentorship/session/{paid.pk}/money"
    for person in (ada, tunde):
        assert {line.kind for line in money_lines(paid, person)} == {"charge_tutor", "charge_platform"}
        page = signed_in(person).get(path).content.decode()
        assert "Paystack&#x27;s fee" not in page
        assert "₦175" not in page
    assert "Paystack keeps ₦175" in signed_in(admin).get(path).content.decode()
    assert "Paystack&#x27;s fee" in signed_in(admin).get(path).content.decode()


def test_story_goes_on_to_release(completed: Booking, tunde: Person, frozen, signed_in: SignIn) -> None:
    frozen.advance(timedelta(hours=25))
    release_due()
    page = signed_in(tunde).get(f"/mentorship/session/{completed.pk}/money").content.decode()
    assert "Released to the tutor" in page
    assert "Tunde Bakare, pending → Tunde Bakare, available" in page


def test_unpaid_has_no_story(hold: Take, ada: Person, signed_in: SignIn) -> None:
    page = signed_in(ada).get(f"/mentorship/session/{hold(ada).pk}/money").content.decode()
    assert "No money has moved" in page


def test_wallet_shows_pending_then_available_with_its_lines(
    completed: Booking, tunde: Person, frozen, signed_in: SignIn
) -> None:
    client = signed_in(tunde)
    before = client.get("/tutor/wallet").content.decode()
    assert "<b>₦3,500</b>" in before
    assert f'href="/mentorship/session/{completed.pk}/money"' in before
    frozen.advance(timedelta(hours=25))
    release_due()
    wallet = wallet_of(tunde)
    assert (wallet.pending, wallet.available) == (0, 3_500_00)
    assert "Released to the tutor" in client.get("/tutor/wallet").content.decode()


def test_empty_wallet_says_how_it_fills(mei: Person, signed_in: SignIn) -> None:
    assert "No movements yet" in signed_in(mei).get("/tutor/wallet").content.decode()


def test_platforms_sums(completed: Booking, frozen) -> None:
    sums = platform_sums()
    assert (sums.pending, sums.earned, sums.fees, sums.held) == (1_500_00, 0, 175_00, 5_000_00 - 175_00)
    frozen.advance(timedelta(hours=25))
    release_due()
    assert (platform_sums().pending, platform_sums().earned) == (0, 1_500_00)


@pytest.fixture
def year(hold: Take, ada: Person, bola: Person, tunde: Person, at: datetime, frozen) -> None:
    """Tunde's sessions: one completed, one missed, one cancelled with half back, one still ahead."""
    short = make_offering(tunde, title="Half an hour", duration=30, price=3_333_33)
    first = pay(hold(ada, at))
    second = pay(hold(bola, at + HOUR, short))
    third = pay(hold(ada, at + 3 * HOUR))
    pay(hold(bola, at + timedelta(days=7)))
    frozen(third.scheduled_at - 10 * HOUR)
    cancel_booking(ada, third.pk)
    frozen(at + 2 * HOUR)
    mark_session(tunde, first.pk, Status.COMPLETED)
    mark_session(tunde, second.pk, Status.NO_SHOW)


def test_figures_agree_with_the_wallet(year: None, tunde: Person) -> None:
    figures = tutor_figures(tunde, LAGOS)
    assert figures.outcomes == {
        Status.COMPLETED: 1,
        Status.NO_SHOW: 1,
        Status.CANCELLED: 1,
        Status.REJECTED: 0,
    }
    ahead = 3_500_00
    assert figures.earned == wallet_of(tunde).pending - ahead == 3_500_00 + 2_333_33 + 1_750_00
    assert (figures.sessions, figures.average_price) == (2, round((5_000_00 + 3_333_33) / 2))
    assert [(row.title, row.sessions, row.earned) for row in figures.offerings] == [
        ("React code review", 1, 3_500_00),
        ("Half an hour", 1, 2_333_33),
    ]
    assert figures.months[-1].earned == figures.earned
    assert (len(figures.months), figures.months[-1].sessions) == (12, 2)


def test_figures_cost_four_queries(year: None, tunde: Person, django_assert_num_queries) -> None:
    with django_assert_num_queries(4):
        tutor_figures(tunde, LAGOS)


def test_money_that_came_too_late_was_never_earned(paid: Booking, tunde: Person) -> None:
    Booking.objects.filter(pk=paid.pk).update(status="CANCELLED", payment_status="REFUNDED", refunded=0)
    assert tutor_figures(tunde, LAGOS).earned == 0


def test_a_month_is_the_tutors_own(completed: Booking, tunde: Person, frozen) -> None:
    # 31 May, 23:30 in London's winter clock is already June in Lagos.
    Booking.objects.filter(pk=completed.pk).update(scheduled_at=datetime(2027, 5, 31, 23, 30, tzinfo=UTC))
    frozen(datetime(2027, 6, 15, 12, tzinfo=UTC))
    months = {month.month: month.sessions for month in tutor_figures(tunde, LAGOS).months}
    assert (months[date(2027, 5, 1)], months[date(2027, 6, 1)]) == (0, 1)


def test_figures_are_drawn_and_told(year: None, tunde: Person, signed_in: SignIn) -> None:
    page = signed_in(tunde).get("/tutor/analytics").content.decode()
    assert page.count('role="img"') == 2
    assert "<title" in page
    assert "Completed: 1." in page
    assert page.count("As a table") == 2
    assert " style=" not in page


def test_figures_of_nothing(mei: Person, signed_in: SignIn) -> None:
    page = signed_in(mei).get("/tutor/analytics").content.decode()
    assert "No sessions yet" in page
    assert "₦0" in page


def test_last_months_cross_the_year() -> None:
    assert last_months(date(2027, 2, 10), 3) == [date(2026, 12, 1), date(2027, 1, 1), date(2027, 2, 1)]


def test_charts_show_what_is_not_nothing() -> None:
    tall, tiny, none = columns([1_000_000, 1, 0])
    assert tall.height > tiny.height > none.height == 0
    assert [bar.width for bar in bars([0, 0])] == [0, 0]
    assert columns([]) == []
