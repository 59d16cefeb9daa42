"""The operator's page of money: it adds up, day by day and in all, and says what the ledger's audit finds."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from oluko.accounts.models import Person
from oluko.ledger.models import Account
from oluko.offerings.models import Offering
from oluko.operator.money import columns, days, period, standing, tutors, whole
from oluko.payments.giving_back import give_back_goodwill
from oluko.payments.models import Refund
from oluko.payments.refunds import settle
from tests.conftest import Frozen
from tests.dashboards.paid_out import arrive, ask_out
from tests.payments.over import paid_ahead, released

pytestmark = pytest.mark.django_db
type SignIn = Callable[..., Client]


@pytest.fixture
def life(frozen: Frozen, offering: Offering, ada: Person, bola: Person, tunde: Person, admin: Person) -> None:
    """On 2 and 3 May two sessions are paid; the first is released on the 6th, paid out and given back in part."""
    booking = released(frozen, offering, ada)
    arrive(ask_out(tunde, 2_000_00))
    refund = give_back_goodwill(admin, booking.pk, 1_000_00, note="It was noisy")
    with transaction.atomic():
        settle(refund.pk, paystack_id="1", outcome="processed")
    give_back_goodwill(admin, booking.pk, 1_000_00, note="It was very noisy")
    assert Refund.objects.count() == 2
    paid_ahead(frozen, offering, bola, hours=72)
    frozen(datetime(2031, 5, 7, 12, tzinfo=UTC))


def text_of(client: Client, query: str = "") -> str:
    answer = client.get(f"/admin/money{query}")
    assert answer.status_code == 200
    assert len(answer.content) < 200_000
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_what_is_held_is_owed_or_earned(life: None) -> None:
    now = standing()
    assert now.held + now.fees + now.tutors_owe == now.owed + now.our_pending + now.our_frozen + now.earned
    assert (now.pending, now.available, now.refunds_due) == (3_500_00, 100_00, 1_000_00)
    assert [(row.person.name, row.total) for row in tutors()] == [("Tunde Bakare", 3_600_00)]


def test_days_add_up_to_the_accounts(life: None) -> None:
    rows = days(date(2031, 4, 8), date(2031, 5, 7), UTC)
    assert len(rows) == 30
    sums, now = whole(rows), standing()
    assert (sums.into, sums.back, sums.paid_out) == (10_000_00, 1_000_00, 2_000_00)
    assert (sums.earned, sums.fees) == (now.earned, now.fees)
    assert now.held == sums.into - sums.back - sums.paid_out - sums.fees
    moved = {row.day.day: row.into for row in rows if row.into}
    assert moved == {2: 10_000_00}


def test_page_says_it(life: None, admin: Person, signed_in: SignIn) -> None:
    text = text_of(signed_in(admin))
    for words in (
        *("Held at Paystack ₦6,640", "Owed to students ₦1,000", "Tutors: pending ₦3,500", "In ₦10,000"),
        *("Given back ₦1,000", "Paid out ₦2,000", "Tunde Bakare ₦3,500", "all is as it must be"),
        *("Every balance is the sum of its transfers", "Fri 2 May 2031 ₦10,000"),
    ):
        assert words in text, words
    assert "Overview" in text


def test_a_period_is_chosen(life: None, admin: Person, signed_in: SignIn) -> None:
    text = text_of(signed_in(admin), "?since=2031-05-05&until=2031-05-07")
    assert "In ₦0" in text
    assert "Paid out ₦2,000" in text


def test_csv_has_every_day(life: None, admin: Person, signed_in: SignIn) -> None:
    answer = signed_in(admin).get("/admin/money.csv?since=2031-05-01&until=2031-05-07")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["day"] for row in rows] == [f"2031-05-0{day}" for day in range(1, 8)]
    assert sum(Decimal(row["in"]) for row in rows) == Decimal("10000.00")


def test_what_is_off_is_said_when_it_is_run_again(life: None, admin: Person, signed_in: SignIn) -> None:
    client = signed_in(admin)
    assert "all is as it must be" in text_of(client)
    Account.objects.filter(kind="PLATFORM_REVENUE").update(balance=1)
    assert "all is as it must be" in text_of(client)
    assert client.post("/admin/money")["Location"] == "/admin/money"
    text = text_of(client)
    assert "2 are off" in text
    assert "its transfers make" in text


@pytest.mark.parametrize("path", ["/admin/money", "/admin/money.csv"])
def test_operators_only(ada: Person, tunde: Person, path: str, signed_in: SignIn) -> None:
    assert [signed_in(person).get(path).status_code for person in (ada, tunde)] == [404, 404]
    assert Client().get(path)["Location"].startswith("/accounts/login/")


def test_more_of_everything_costs_no_more_queries(
    life: None, frozen: Frozen, admin: Person, offering: Offering, bola: Person, signed_in: SignIn
) -> None:
    client, counts = signed_in(admin), []
    for hours in (96, 192):
        text_of(client)
        with CaptureQueriesContext(connection) as seen:
            text_of(client, "?since=2030-06-01")
        counts.append(len(seen))
        released(frozen, offering, bola, hours=hours)
    assert counts[0] == counts[1]


TODAY = date(2031, 5, 7)


@pytest.mark.parametrize(
    ("since", "until", "first", "last"),
    [
        ("", "", date(2031, 4, 8), TODAY),
        ("x", "9999-99-99", date(2031, 4, 8), TODAY),
        ("2031-05-06", "2031-05-01", date(2031, 5, 1), date(2031, 5, 6)),
        ("1999-01-01", "", date(2031, 4, 8), TODAY),
        ("2001-01-01", "", date(2030, 5, 7), TODAY),
        ("2031-05-01", "2040-01-01", date(2031, 5, 1), TODAY),
        ("2040-01-01", "", TODAY, TODAY),
    ],
)
def test_any_period_is_at_most_a_year_until_today(since: str, until: str, first: date, last: date) -> None:
    assert period(since, until, TODAY) == (first, last)


def test_the_chart_shows_what_is_not_nothing() -> None:
    rows = days(date(2031, 5, 1), date(2031, 5, 3), UTC)
    assert [(column.up, column.down) for column in columns(rows)] == [(0, 0)] * 3
    assert columns(rows)[-1].label == "3 May"
