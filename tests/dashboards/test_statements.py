"""Monthly statements add up from the ledger, to the kobo, whatever happened; and the wallet's pages follow on."""

from __future__ import annotations

import csv
import io
import random
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from oluko.accounts.models import Person
from oluko.dashboards.statements import PARTS, months_of, statement_of
from oluko.ledger.models import Account
from oluko.ledger.transfers import NotEnough, Posting, account, post
from oluko.offerings.models import Offering
from oluko.payments.cancellations import cancel_booking
from tests.cast import make_offering
from tests.conftest import Frozen
from tests.core.pdf_text import pdf_text
from tests.dashboards.paid_out import arrive, ask_out
from tests.payments.over import paid_ahead, released

pytestmark = pytest.mark.django_db
type SignIn = Callable[..., Client]
Kind = Account.Kind
OURS = (Kind.PAYSTACK_CLEARING, Kind.REFUNDS_DUE)
# Every way in which money enters, crosses and leaves a wallet: the kind, from where, to where.
WAYS = (
    ("charge_tutor", Kind.PAYSTACK_CLEARING, Kind.TUTOR_PENDING),
    ("release_tutor", Kind.TUTOR_PENDING, Kind.TUTOR_AVAILABLE),
    ("refund_tutor", Kind.TUTOR_PENDING, Kind.REFUNDS_DUE),
    ("refund_available", Kind.TUTOR_AVAILABLE, Kind.REFUNDS_DUE),
    ("refund_owed", Kind.TUTOR_OWES, Kind.REFUNDS_DUE),
    ("owed_recovered", Kind.TUTOR_AVAILABLE, Kind.TUTOR_OWES),
    ("dispute_frozen_tutor", Kind.TUTOR_AVAILABLE, Kind.TUTOR_HELD),
    ("dispute_lost_tutor", Kind.TUTOR_HELD, Kind.PAYSTACK_CLEARING),
    ("payout_reserved", Kind.TUTOR_AVAILABLE, Kind.TUTOR_ON_THE_WAY),
    ("payout_settled", Kind.TUTOR_ON_THE_WAY, Kind.PAYSTACK_CLEARING),
    ("payout_returned", Kind.TUTOR_ON_THE_WAY, Kind.TUTOR_AVAILABLE),
    ("payout_reversed", Kind.PAYSTACK_CLEARING, Kind.TUTOR_AVAILABLE),
)


def live_through(tutor: Person, seed: int, moves: int) -> None:
    """Movements at random, some two a day; what the ledger refuses did not happen."""
    chance, at = random.Random(seed), datetime(2030, 1, 25, tzinfo=UTC)
    for number in range(moves):
        at += timedelta(minutes=chance.randrange(24 * 60))
        kind, debit, credit = chance.choice((*WAYS[:2], *WAYS))
        sides = [account(side, "NGN", None if side in OURS else tutor.pk) for side in (debit, credit)]
        try:
            with transaction.atomic():
                post([Posting(kind, sides[0], sides[1], chance.randrange(1, 9_999_99), f"{seed}:{number}")], at=at)
        except NotEnough:
            continue


@pytest.mark.parametrize("seed", range(6))
def test_any_life_adds_up(tunde: Person, seed: int) -> None:
    live_through(tunde, seed, 120)
    months = [month.month for month in reversed(months_of(tunde))]
    papers = [statement_of(tunde, f"{month:%Y-%m}") for month in months]
    assert len(papers) >= 2
    before = 0
    for paper, month in zip(papers, reversed(months_of(tunde)), strict=True):
        assert paper.opening.total == before
        assert paper.closing.total == paper.opening.total + sum(entry.change for entry in paper.entries)
        assert paper.entries[-1].balance == paper.closing.total
        assert sum(group.change for group in paper.groups) == month.change == paper.closing.total - before
        assert sum(group.count for group in paper.groups) == month.count == len(paper.entries)
        assert all(paper.start <= entry.at < paper.end for entry in paper.entries)
        before = paper.closing.total
    balances = dict(Account.objects.filter(person_id=tunde.pk).values_list("kind", "balance"))
    owed = -balances.pop(Kind.TUTOR_OWES, 0)
    assert papers[-1].closing.parts == {
        str(kind): owed if kind == Kind.TUTOR_OWES else balances.get(kind, 0) for kind in PARTS
    }


def test_a_month_is_the_tutors_own(tunde: Person, mei: Person) -> None:
    at = datetime(2031, 5, 31, 18, tzinfo=UTC)
    for tutor in (tunde, mei):
        held, pending = account(Kind.PAYSTACK_CLEARING, "NGN"), account(Kind.TUTOR_PENDING, "NGN", tutor.pk)
        with transaction.atomic():
            post([Posting("charge_tutor", held, pending, 1_00, f"x:{tutor.pk}")], at=at)
    assert [month.month for month in months_of(tunde)] == [date(2031, 5, 1)]
    assert [month.month for month in months_of(mei)] == [date(2031, 6, 1)]
    assert statement_of(mei, "2031-06").start.isoformat() == "2031-06-01T00:00:00+08:00"


@pytest.fixture
def life(frozen: Frozen, offering: Offering, ada: Person, tunde: Person) -> Person:
    """May 2031: one released and partly paid out, one cancelled, one ahead."""
    released(frozen, offering, ada)
    cancelled = paid_ahead(frozen, make_offering(tunde, title="=SUM(A1:A9)"), ada, hours=5)
    cancel_booking(tunde, cancelled.pk)
    frozen(datetime(2031, 5, 7, 12, tzinfo=UTC))
    arrive(ask_out(tunde, 2_000_00))
    return tunde


def test_page_csv_and_pdf_say_the_same(life: Person, signed_in: SignIn) -> None:
    client, path = signed_in(life), "/tutor/wallet/statements/2031-05"
    assert "May 2031" in client.get("/tutor/wallet/statements").content.decode()
    page = re.sub(r"<[^>]+>|\s+", " ", client.get(path).content.decode())
    page = re.sub(r"\s+", " ", page)
    pdf = pdf_text(client.get(f"{path}.pdf").content)
    for word in ("Statement May 2031", "Africa/Lagos", "₦7,000", "-₦3,500", "-₦2,000", "₦1,500", "GTBank …6789"):
        assert word in page, word
        assert word in pdf, word
    assert "Fees ₦0" in page
    assert "0123456789" not in page + pdf
    rows = read_csv(client.get(f"{path}.csv"))
    assert rows[0]["kind"] == "opening"
    assert Decimal(rows[-1]["balance"]) == Decimal("1500.00")
    assert sum(Decimal(row["change"]) for row in rows[1:-1]) == Decimal("1500.00")
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row["at"]) for row in rows)


def read_csv(answer) -> list[dict[str, str]]:
    assert answer["Content-Type"].startswith("text/csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_what_people_have_typed_is_no_formula(life: Person, signed_in: SignIn) -> None:
    rows = read_csv(signed_in(life).get("/tutor/wallet/statements/2031-05.csv"))
    assert "'=SUM(A1:A9), Ada Obi" in {row["about"] for row in rows}


@pytest.mark.parametrize("month", ["2031-04", "2031-13", "0000-00", "9999-12", "2031", "x"])
def test_months_without_movement_are_not_there(life: Person, signed_in: SignIn, month: str) -> None:
    for ending in ("", ".csv", ".pdf"):
        assert signed_in(life).get(f"/tutor/wallet/statements/{month}{ending}").status_code == 404


def test_statements_are_ones_own(life: Person, mei: Person, ada: Person, signed_in: SignIn) -> None:
    path = "/tutor/wallet/statements/2031-05"
    assert [signed_in(person).get(path).status_code for person in (mei, ada)] == [404, 403]
    assert "No statements yet" in signed_in(mei).get("/tutor/wallet/statements").content.decode()


def many(tutor: Person, count: int) -> None:
    at = datetime(2031, 5, 1, 12, tzinfo=UTC)
    with transaction.atomic():
        held, pending = account(Kind.PAYSTACK_CLEARING, "NGN"), account(Kind.TUTOR_PENDING, "NGN", tutor.pk)
        post([Posting("charge_tutor", held, pending, 1_00 + n, f"{tutor.pk}:{n}") for n in range(count)], at=at)


def test_a_thousand_movements_stay_light(tunde: Person, mei: Person, signed_in: SignIn, frozen: Frozen) -> None:
    frozen(datetime(2031, 5, 2, tzinfo=UTC))
    many(tunde, 1_000)
    many(mei, 2)
    paths = ("/tutor/wallet", "/tutor/wallet/statements", "/tutor/wallet/statements/2031-05")
    for path in paths:
        counts = []
        for person in (mei, tunde):
            client = signed_in(person)
            client.get(path)
            with CaptureQueriesContext(connection) as seen:
                answer = client.get(path)
            counts.append(len(seen))
            assert answer.status_code == 200
            assert len(answer.content) < 100_000
        assert counts[0] == counts[1], path
    assert len(read_csv(signed_in(tunde).get("/tutor/wallet/statements/2031-05.csv"))) == 1_002


def test_the_wallet_goes_on_to_its_first_movement(tunde: Person, mei: Person, signed_in: SignIn) -> None:
    many(tunde, 120)
    many(mei, 1)
    client, address, shown, pages = signed_in(tunde), "/tutor/wallet", [], 0
    while address:
        text = client.get(address).content.decode()
        listed = text[text.index('id="movements"') :]
        shown += re.findall(r'class="price">(₦[\d.]+)<', listed)
        following = re.search(r'href="(\?cursor=[\w-]+)#movements"', text)
        address, pages = (f"/tutor/wallet{following[1]}" if following else ""), pages + 1
    assert (pages, len(shown), len(set(shown))) == (3, 120, 120)
    assert "To the newest" in text
    for cursor in ("x", "9f0c1d7e-6f0a-4f0e-9d35-6a3f6f6a1c11"):
        assert client.get(f"/tutor/wallet?cursor={cursor}").status_code == 422
