"""Money on its way back: sent once, followed until it is there, whole or in part; and told to whoever waits for it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.dashboards.invariants import violations
from oluko.notifications.models import Notification
from oluko.payments.arrivals import store_event
from oluko.payments.cancellations import cancel_booking
from oluko.payments.checkout import Checkout
from oluko.payments.models import Refund, ReviewItem
from oluko.payments.paystack import SentRefund, paystack
from oluko.payments.reconcile import check_payment
from oluko.payments.refund_standing import refund_lines, refund_standings
from oluko.payments.refunds import follow_refunds, follow_refunds_of, follow_stuck, record_answer, send_refund
from tests.databases import Copy
from tests.draining import drain
from tests.racing import run_threads
from tests.sandbox_process import Sandbox

type CheckOut = Callable[..., Checkout]
type SignIn = Callable[..., Client]


@pytest.fixture
def half(ada: Person, check_out: CheckOut, sandbox: Sandbox, at: datetime, frozen: Any) -> Refund:
    """₦2,500 of ₦5,000 that are to go back, and have not been sent yet."""
    checkout = check_out(ada)
    sandbox.check_out(checkout.authorization_url or "", "success")
    assert check_payment(checkout.reference or "")
    frozen(at - timedelta(hours=3))
    assert cancel_booking(ada, checkout.booking.pk).refund == 2_500_00
    return Refund.objects.select_related("payment__booking").get()


def reload(refund: Refund) -> Refund:
    return Refund.objects.select_related("payment__booking").get(pk=refund.pk)


def at_paystack(sandbox: Sandbox, refund: Refund) -> list[dict[str, Any]]:
    """The refunds of a payment that Paystack knows."""
    known = {row["reference"]: row["refunds"] for row in sandbox.transactions()}
    return list(known[refund.payment.reference])


def age(refund: Refund, seconds: int = 120) -> None:
    """As if it had been queued and sent that long ago."""
    before = timezone.now() - timedelta(seconds=seconds)
    rows = Refund.objects.filter(pk=refund.pk)
    rows.update(created_at=before, asked_at=None)
    rows.filter(sent_at__isnull=False).update(sent_at=before)


def follow(refund: Refund) -> Refund:
    """Follow it as the recurring job does, until it is done or stuck."""
    for _ in range(50):
        age(refund)
        follow_refunds()
        if reload(refund).status in ("PROCESSED", "NEEDS_ATTENTION"):
            break
        time.sleep(0.05)
    return reload(refund)


def told(sandbox: Sandbox, refund: Refund, name: str, **facts: object) -> None:
    """A webhook about a refund, as Paystack would send it, arrives."""
    data = {"transaction_reference": refund.payment.reference, "amount": refund.amount, "status": "any", **facts}
    store_event("paystack", json.dumps({"event": name, "data": data}).encode())
    drain()


# Sent once


@pytest.mark.django_db
def test_part_of_a_payment_goes_back_and_the_booking_is_refunded_then(half: Refund, sandbox: Sandbox) -> None:
    drain()
    assert reload(half).status == "PROCESSING"
    assert half.payment.booking.payment_status == "PAID"
    done = follow(half)
    assert (done.status, done.payment.booking.payment_status, done.payment.booking.refunded) == (
        "PROCESSED", "REFUNDED", 2_500_00,
    )  # fmt: skip
    assert [row["amount"] for row in at_paystack(sandbox, half)] == [2_500_00]
    assert Notification.objects.filter(kind="refunded", title="₦2,500 refunded").count() == 1
    assert violations() == []


@pytest.mark.django_db
def test_answer_that_was_lost_is_looked_up_and_nothing_is_sent_again(half: Refund, sandbox: Sandbox) -> None:
    # The sandbox takes the refund, hangs, and would keep us waiting for 15 s: the answer is lost right away instead.
    Refund.objects.filter(pk=half.pk).update(status="SENDING", sent_at=timezone.now(), attempts=1)
    paystack().refund(transaction_id=half.payment.reference, amount=half.amount, currency="NGN", note=note(half))
    assert follow(half).status == "PROCESSED"
    assert len(at_paystack(sandbox, half)) == 1
    assert reload(half).attempts == 1


@pytest.mark.django_db
def test_refund_that_paystack_never_had_is_sent_again_after_a_minute_and_not_before(
    half: Refund, sandbox: Sandbox
) -> None:
    Refund.objects.filter(pk=half.pk).update(status="SENDING", sent_at=timezone.now(), attempts=1)
    age(half, 40)
    follow_refunds()
    assert (reload(half).status, at_paystack(sandbox, half)) == ("SENDING", [])
    assert follow(half).status == "PROCESSED"
    assert len(at_paystack(sandbox, half)) == 1


def test_many_who_look_up_one_lost_refund_send_it_once(
    database_copy: Copy, half: Refund, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a payment fits into it twice: Paystack itself would let a second half go."""
    Refund.objects.filter(pk=half.pk).update(status="SENDING", sent_at=timezone.now(), attempts=1)
    age(half)
    # Paystack lets nobody wait for a free line, so that all of them have read the same list before any sends.
    monkeypatch.setattr("oluko.core.gateway.QUEUE_SECONDS", 5.0)
    _results, errors = run_threads(8, lambda _: follow_refunds_of(half.payment.reference))
    assert errors == []
    assert follow(half).status == "PROCESSED"
    assert len(at_paystack(sandbox, half)) == 1
    assert violations() == []


@pytest.mark.django_db
def test_sending_that_began_after_the_list_was_read_is_not_taken_for_lost(
    half: Refund, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two look it up; while the second reads Paystack's list, the first has sent it anew."""
    Refund.objects.filter(pk=half.pk).update(status="SENDING", sent_at=timezone.now(), attempts=1)
    age(half)
    read = type(paystack()).refunds_of

    def read_then_wait(self: Any, transaction_id: str) -> list[SentRefund]:
        known = read(self, transaction_id)
        monkeypatch.undo()
        follow_refunds_of(half.payment.reference)
        # Its answer is still on the way: nobody knows yet that Paystack has taken it.
        Refund.objects.update(status="SENDING")
        return known

    monkeypatch.setattr(type(paystack()), "refunds_of", read_then_wait)
    follow_refunds_of(half.payment.reference)
    assert len(at_paystack(sandbox, half)) == 1
    assert reload(half).attempts == 2


@pytest.mark.django_db
def test_sending_to_a_paystack_that_cannot_be_reached_is_no_attempt(half: Refund, sandbox: Sandbox) -> None:
    there, settings.OLUKO_PAYSTACK_URL = settings.OLUKO_PAYSTACK_URL, "http://127.0.0.1:9"
    paystack.cache_clear()
    for _ in range(20):
        send_refund(half.pk)
    assert (reload(half).status, reload(half).attempts) == ("QUEUED", 0)
    settings.OLUKO_PAYSTACK_URL = there
    paystack.cache_clear()
    assert follow(half).status == "PROCESSED"
    assert len(at_paystack(sandbox, half)) == 1


@pytest.mark.django_db
def test_refund_that_paystack_refuses_waits_for_the_operator(half: Refund, sandbox: Sandbox) -> None:
    paystack().refund(transaction_id=half.payment.reference, amount=5_000_00, currency="NGN", note="At Paystack's site")
    drain()
    assert reload(half).status == "NEEDS_ATTENTION"
    assert "fully reversed" in reload(half).outcome
    assert ReviewItem.objects.get().detail["amount"] == 2_500_00


# Followed, whatever order the news has


@pytest.mark.django_db
def test_news_of_a_refund_makes_us_ask_and_is_never_believed(half: Refund, sandbox: Sandbox) -> None:
    drain()
    told(sandbox, half, "refund.failed", amount=1)
    assert reload(half).status == "PROCESSING"
    time.sleep(0.4)
    for name in ("refund.processed", "refund.pending", "refund.processing", "refund.failed"):
        told(sandbox, half, name, nth=name)
        assert reload(half).status == "PROCESSED"
    assert Notification.objects.filter(kind="refunded").count() == 1
    assert not ReviewItem.objects.exists()
    assert violations() == []


@pytest.mark.django_db
def test_older_answer_that_comes_late_undoes_nothing(half: Refund) -> None:
    drain()
    refund = reload(half)
    for status in ("processed", "pending", "failed", "needs-attention", "processing"):
        record_answer(refund, SentRefund(refund.paystack_id, status, refund.amount, note(refund)))
    assert reload(half).status == "PROCESSED"
    assert not ReviewItem.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["pending", "processed"])
def test_refund_of_another_sum_than_ours_is_never_booked(half: Refund, status: str) -> None:
    refund = reload(half)
    record_answer(refund, SentRefund("15581137", status, refund.amount + 1, note(refund)))
    assert reload(half).status == "NEEDS_ATTENTION"
    assert half.payment.booking.payment_status == "PAID"
    assert ReviewItem.objects.get().kind == "REFUND"
    assert violations() == []


@pytest.mark.django_db
def test_refund_that_fails_under_way_and_is_finished_at_paystacks_own_site_is_taken_up(
    half: Refund, sandbox: Sandbox
) -> None:
    sandbox.control(paystack={"mode": "failed-refunds"})
    drain()
    assert follow(half).status == "NEEDS_ATTENTION"
    sandbox.control(paystack={"mode": "normal"})
    follow_stuck()
    assert reload(half).status == "NEEDS_ATTENTION"
    paystack().refund(transaction_id=half.payment.reference, amount=half.amount, currency="NGN", note=note(half))
    time.sleep(0.4)
    told(sandbox, half, "refund.processed")
    assert reload(half).status == "PROCESSED"
    assert ReviewItem.objects.get().resolved_at is not None
    assert violations() == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sent", "unasked", "asks"),
    [
        (60, 5, True),
        (60, 1, False),
        (3_600, 5, False),
        (3_600, 601, True),
        (90_000, 601, False),
        (90_000, 11_000, True),
    ],
)
def test_refund_under_way_is_asked_about_the_more_rarely_the_older_it_is(
    half: Refund, sent: int, unasked: int, asks: bool
) -> None:
    drain()
    now = timezone.now()
    before = now - timedelta(seconds=unasked)
    Refund.objects.update(sent_at=now - timedelta(seconds=sent), asked_at=before)
    follow_refunds()
    assert (reload(half).asked_at != before) == asks


# Told


def seen(refund: Refund, reader: Person) -> tuple[str, list[str]]:
    [standing] = refund_standings(refund.payment.booking, reader)
    return standing.headline, [step.state for step in standing.steps]


@pytest.mark.django_db
def test_student_reads_where_the_refund_stands_at_every_station(half: Refund, ada: Person) -> None:
    way = {
        "QUEUED": ("₦2,500 on their way back to you", ["now", "ahead", "ahead", "ahead"]),
        "SENDING": ("₦2,500 on their way back to you", ["done", "now", "ahead", "ahead"]),
        "PROCESSING": ("₦2,500 on their way back to you", ["done", "done", "now", "ahead"]),
        "NEEDS_ATTENTION": ("₦2,500: we are looking at it", ["done", "done", "stuck", "ahead"]),
        "PROCESSED": ("₦2,500 given back", ["done", "done", "done", "done"]),
    }
    for status, expected in way.items():
        Refund.objects.filter(pk=half.pk).update(status=status)
        assert seen(half, ada) == expected
    assert set(way) == set(Refund.Status.values)


@pytest.mark.django_db
@pytest.mark.parametrize("cause", Refund.Cause.values)
def test_every_cause_is_told_to_every_reader(
    cause: str, half: Refund, ada: Person, tunde: Person, admin: Person
) -> None:
    Refund.objects.filter(pk=half.pk).update(cause=cause)
    booking = reload(half).payment.booking
    assert all(standing.why for reader in (ada, tunde, admin) for standing in refund_standings(booking, reader))


@pytest.mark.django_db
def test_session_page_follows_the_refund_for_each_reader_in_their_words(
    half: Refund, ada: Person, tunde: Person, admin: Person, signed_in: SignIn
) -> None:
    drain()
    page = f"/mentorship/session/{half.payment.booking_id}"
    words = {
        ada: "Your bank may take up to 10 working days",
        tunde: "You keep ₦1,750",
        admin: "A bank may need",
    }
    for person, word in words.items():
        assert word in signed_in(person).get(page).content.decode()
    client = signed_in(ada)
    part = {"path": f"{page}/refunds", "data": {"part": "state"}}
    before = client.get(**part)
    assert "data-poll" in before.content.decode()
    assert client.get(**part, headers={"If-None-Match": before["ETag"]}).status_code == 304
    follow(half)
    after = client.get(**part, headers={"If-None-Match": before["ETag"]})
    assert after.status_code == 200
    assert "Back with you" in after.content.decode()
    assert "data-poll" not in after.content.decode()


@pytest.mark.django_db
def test_what_paystack_said_of_a_failed_refund_is_for_operators_alone(
    half: Refund, ada: Person, tunde: Person, admin: Person
) -> None:
    Refund.objects.filter(pk=half.pk).update(status="NEEDS_ATTENTION", outcome="Customer's bank refused")
    refund = reload(half)
    notes = {
        person.name: " ".join(step.note for standing in refund_standings(refund.payment.booking, person)
                              for step in standing.steps)
        for person in (ada, tunde, admin)
    }  # fmt: skip
    assert "bank refused" in notes[admin.name]
    assert "bank refused" not in notes[ada.name] + notes[tunde.name]
    assert "Nothing is lost" in notes[ada.name]


@pytest.mark.django_db
def test_row_of_the_history_says_where_the_money_is(
    half: Refund, ada: Person, tunde: Person, signed_in: SignIn
) -> None:
    for person, tab in ((ada, "/student/mentorship?tab=history"), (tunde, "/tutor/mentorship?tab=completed")):
        client = signed_in(person)
        assert "₦2,500 on their way back" in client.get(tab).content.decode()
    follow(half)
    assert "₦2,500 given back" in signed_in(ada).get("/student/mentorship?tab=history").content.decode()


@pytest.mark.django_db
def test_lines_of_many_bookings_cost_one_query(half: Refund, django_assert_num_queries: Any) -> None:
    bookings = list(Booking.objects.all())
    with django_assert_num_queries(1):
        assert refund_lines(bookings) == {half.payment.booking_id: "₦2,500 on their way back"}


@pytest.mark.django_db
def test_session_whose_late_payment_went_back_does_not_say_that_nothing_was_charged(
    ada: Person, bola: Person, check_out: CheckOut, sandbox: Sandbox, signed_in: SignIn, frozen: Any
) -> None:
    checkout = check_out(ada)
    frozen.advance(timedelta(minutes=16))
    check_out(bola)
    sandbox.check_out(checkout.authorization_url or "", "success")
    assert check_payment(checkout.reference or "")
    page = f"/mentorship/session/{checkout.booking.pk}"
    for _ in range(2):
        shown = signed_in(ada).get(page).content.decode()
        assert "Nothing was charged" not in shown
        assert "₦0" not in shown
        assert "no longer free" in shown
        drain()
        follow(Refund.objects.get())


def note(refund: Refund) -> str:
    """What our refunds carry at Paystack, so that they are found again."""
    return f"oluko-refund {refund.pk}"
