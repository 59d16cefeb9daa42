"""Settlement files as Paystack's dashboard exports them, over HTTP: what differs is found, what is no file is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import httpx
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oluko.accounts.models import Person
from oluko.payments.models import Payment, ReviewItem
from oluko.reconciliation.models import Run
from oluko.reconciliation.settled import COLUMNS, LARGEST, read_file
from tests.reconciliation.world import World, finding_of

pytestmark = pytest.mark.django_db
HEAD = ",".join(COLUMNS)


@pytest.fixture
def browser(admin: Person, signed_in: Callable[..., Client]) -> Client:
    return signed_in(admin)


def send(browser: Client, raw: bytes) -> tuple[int, str]:
    file = SimpleUploadedFile("settlement.csv", raw, content_type="text/csv")
    answer = browser.post(reverse("operator_settlement"), {"file": file}, follow=True)
    return answer.status_code, answer.content.decode()


def exported(world: World) -> bytes:
    """Today's settlement, as the sandbox exports it."""
    day = (timezone.now().date() - date(1970, 1, 1)).days + 3_000_000
    answer = httpx.get(f"{world.sandbox.url}/_control/settlements/{day}.csv", timeout=10, trust_env=False)
    assert answer.status_code == 200
    return answer.content


def test_a_settlement_that_fits_finds_nothing(world: World, browser: Client) -> None:
    for _each in range(3):
        world.paid()
    status, page = send(browser, exported(world))
    assert (status, ReviewItem.objects.count()) == (200, 0)
    assert "3 lines, ₦15,000 paid" in page
    assert "all of it is in our books" in page
    run = Run.objects.get()
    assert (run.cause, run.counts["lines"], run.counts["paid"], run.found) == ("FILE", 3, 15_000_00, 0)


def test_lines_that_differ_are_found_once_and_close_when_booked(world: World, browser: Client) -> None:
    off, lost = world.paid(), world.taken()
    fee = off.fee
    Payment.objects.filter(pk=off.pk).update(fee=fee - 5_00)
    raw = exported(world) + b"shop-9,2026-11-23T04:00:00.000Z,a@b.test,70.00,1.05,68.95,,,,,,,,NGN,,\r\n"
    for _again in range(2):
        status, page = send(browser, raw)
        assert (status, "3 lines differ" in page) == (200, True)
    assert ReviewItem.objects.filter(kind="SETTLEMENT").count() == 3
    row = browser.get(reverse("admin:payments_reviewitem_change", args=[finding_of(off.reference).pk]))
    told = row.content.decode()
    assert "A line of a settlement file is not what our books have." in told
    assert f"₦{(fee - 5_00) // 100}" in told
    Payment.objects.filter(pk=off.pk).update(fee=fee)
    # The next comparison books what was lost, and both of these are gone.
    world.compare()
    waiting = ReviewItem.objects.filter(kind="SETTLEMENT", resolved_at=None)
    assert set(waiting.values_list("reference", flat=True)) <= {"shop-9", lost.reference}
    world.compare()
    assert list(waiting.values_list("reference", flat=True)) == ["shop-9"]


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "no text file"),
        (b"Reference,Amount Paid\r\nx,1\r\n", "no column “Paystack Fee”"),
        (HEAD.encode(), "no lines"),
        (f"{HEAD}\r\nolk-1,5000.00,much,4925.00,NGN\r\n".encode(), "Line 2: “much” is no amount."),
        (f"{HEAD}\r\nolk-1,5000.005,75,4925.00,NGN\r\n".encode(), "Line 2: “5000.005” is no amount."),
        (f"{HEAD}\r\nolk-1,NaN,75,4925.00,NGN\r\n".encode(), "is no amount"),
        (f"{HEAD}\r\n,5000.00,75,4925.00,NGN\r\n".encode(), "Line 2 is not a line"),
        (f"{HEAD}\r\nolk-1,5000.00,75,4925.00,NGN,more\r\n".encode(), "Line 2 is not a line"),
        (f"{HEAD}\r\nolk-1,5000,75,4925,NGN\r\nolk-1,5000,75,4925,NGN\r\n".encode(), "Line 3 has a reference"),
        (f'{HEAD}\r\n"olk-1,5000'.encode(), "no CSV file"),
        (b"x" * (LARGEST + 1), "larger than 2 MB"),
        (f"{HEAD}\r\n".encode() + b"".join(b"r%d,1,0,1,NGN\r\n" % n for n in range(10_001)), "more than 10,000 lines"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_settlement_is_told_at_the_field(browser: Client, raw: bytes, told: str) -> None:
    status, page = send(browser, raw)
    assert (status, told in page) == (422, True)
    assert 'id="id_file_error"' in page
    assert not Run.objects.exists()
    assert not ReviewItem.objects.exists()


def test_amounts_with_thousands_and_a_byte_order_mark_are_read() -> None:
    [line] = read_file(b"\xef\xbb\xbf" + f'{HEAD}\r\nolk-1,"5,000.00",75.5,"4,924.50",NGN\r\n'.encode())
    assert (line.amount, line.fee, line.due) == (5_000_00, 75_50, 4_924_50)
