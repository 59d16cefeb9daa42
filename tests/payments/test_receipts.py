"""Receipts: numbered without gaps, for what arrived, for their student; true about what went back since."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import UUID

import pytest
from django.test import Client

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.offerings.models import Offering
from oluko.payments.cancellations import cancel_booking
from oluko.payments.finalize import apply_charge
from oluko.payments.giving_back import give_back_goodwill
from oluko.payments.models import Payment, Receipt, Refund
from oluko.payments.receipts import give_number, number_receipts
from oluko.payments.refunds import settle
from tests.cast import make_offering
from tests.conftest import Frozen
from tests.core.pdf_text import pdf_text
from tests.databases import Copy
from tests.paying import attempt, charge_for
from tests.payments.over import bank_says, paid_ahead, released
from tests.racing import run_processes, run_threads

type SignIn = Callable[..., Client]


def page(client: Client, booking: Booking, query: str = "") -> str:
    number_receipts()
    answer = client.get(f"/mentorship/session/{booking.pk}/receipt{query}")
    assert answer.status_code == 200, answer.status_code
    return re.sub(r"<[^>]+>|\s+", " ", answer.content.decode())


def file(client: Client, booking: Booking, query: str = "") -> str:
    number_receipts()
    answer = client.get(f"/mentorship/session/{booking.pk}/receipt.pdf{query}")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    return pdf_text(answer.content)


def all_refunds_arrive(booking: Booking) -> None:
    from django.db import transaction

    with transaction.atomic():
        for refund in Refund.objects.filter(payment__booking=booking):
            settle(refund.pk, paystack_id="1", outcome="processed")


@pytest.mark.django_db
def test_page_and_file_say_the_same(
    frozen: Frozen, offering: Offering, ada: Person, signed_in: SignIn, settings
) -> None:
    settings.OLUKO_BUSINESS_NAME, settings.OLUKO_BUSINESS_ADDRESS = "Ọlúkọ́ Learning Ltd", "12 Marina, Lagos"
    settings.OLUKO_BUSINESS_TAX_ID = "10293847-0001"
    booking = paid_ahead(frozen, offering, ada)
    reference = booking.payments.get().reference
    texts = (page(signed_in(ada), booking), file(signed_in(ada), booking))
    for word in (
        *("Receipt 000001", "Ọlúkọ́ Learning Ltd", "12 Marina, Lagos", "10293847-0001", "Ada Obi", "Tunde Bakare"),
        *("React code review", "₦5,000", "Card", reference, "Paid in full.", "Fri 2 May 2031, 09:00 (Lagos, GMT+1)"),
    ):
        assert all(word in text for text in texts), word
    for text in texts:
        assert "@" not in text.replace("@media", "")
        assert "175" not in text


@pytest.mark.django_db
def test_a_number_is_given_once_and_in_order(
    frozen: Frozen, offering: Offering, ada: Person, bola: Person, signed_in: SignIn
) -> None:
    first = paid_ahead(frozen, offering, ada)
    assert Receipt.objects.count() == 0
    assert "Receipt 000001" in page(signed_in(ada), first)
    second = paid_ahead(frozen, offering, bola, 3)
    assert "Receipt 000002" in page(signed_in(bola), second)
    assert "Receipt 000001" in file(signed_in(ada), first)
    assert "Receipt 000002" in file(signed_in(bola), second)


@pytest.mark.django_db
def test_only_the_student_and_operators_have_it(
    frozen: Frozen, offering: Offering, ada: Person, tunde: Person, zainab: Person, admin: Person, signed_in: SignIn
) -> None:
    booking = paid_ahead(frozen, offering, ada)
    number_receipts()
    for path in ("receipt", "receipt.pdf"):
        address = f"/mentorship/session/{booking.pk}/{path}"
        got = [signed_in(person).get(address).status_code for person in (ada, admin, tunde, zainab)]
        assert got == [200, 200, 404, 404]
        assert Client().get(address)["Location"].startswith("/accounts/login/")


@pytest.mark.django_db
def test_looking_gives_no_number_and_numbers_follow_the_order_of_arrival(
    frozen: Frozen, offering: Offering, ada: Person, signed_in: SignIn
) -> None:
    booking = paid_ahead(frozen, offering, ada)
    again = attempt(booking, "olk-again-0001")
    assert apply_charge(again.reference, charge_for(again))
    answer = signed_in(ada).get(f"/mentorship/session/{booking.pk}/receipt")
    assert (answer.status_code, Receipt.objects.count()) == (409, 0)
    assert "in a moment" in answer.content.decode()
    assert (number_receipts(), number_receipts()) == (2, 0)
    arrived = Payment.objects.filter(status="PAID").order_by("paid_at")
    assert [payment.receipt.number for payment in arrived] == [1, 2]


@pytest.mark.django_db
def test_what_is_not_paid_has_no_receipt(frozen: Frozen, offering: Offering, ada: Person, signed_in: SignIn) -> None:
    booking = paid_ahead(frozen, offering, ada)
    Payment.objects.filter(booking=booking).update(status=Payment.Status.FAILED)
    assert signed_in(ada).get(f"/mentorship/session/{booking.pk}/receipt").status_code == 404
    assert Receipt.objects.count() == 0


@pytest.mark.django_db
def test_a_second_payment_has_its_own(frozen: Frozen, offering: Offering, ada: Person, signed_in: SignIn) -> None:
    booking = paid_ahead(frozen, offering, ada)
    again = attempt(booking, "olk-again-0001")
    assert apply_charge(again.reference, charge_for(again))
    client = signed_in(ada)
    main = page(client, booking)
    assert "Paid in full." in main
    assert "paid more than once" in main
    other = page(client, booking, "?payment=olk-again-0001")
    assert "Receipt 000002" in other
    assert "Wholly refunded: ₦5,000 of ₦5,000 are on their way back." in other
    all_refunds_arrive(booking)
    assert "Wholly refunded: ₦5,000 of ₦5,000 went back." in file(client, booking, "?payment=olk-again-0001")
    assert client.get(f"/mentorship/session/{booking.pk}/receipt?payment=olk-others").status_code == 404


@pytest.mark.django_db
def test_what_went_back_is_said(
    frozen: Frozen, offering: Offering, ada: Person, admin: Person, signed_in: SignIn
) -> None:
    booking = released(frozen, offering, ada)
    give_back_goodwill(admin, booking.pk, 1_500_00, note="The room was noisy")
    client = signed_in(ada)
    assert "Partly refunded: ₦1,500 of ₦5,000 are on their way back; ₦3,500 remain paid." in page(client, booking)
    all_refunds_arrive(booking)
    for text in (page(client, booking), file(client, booking)):
        assert "Partly refunded: ₦1,500 of ₦5,000 went back; ₦3,500 remain paid." in text
        assert "Given back by the operator" in text


@pytest.mark.django_db
def test_a_cancelled_session_was_wholly_refunded(
    frozen: Frozen, offering: Offering, ada: Person, tunde: Person, signed_in: SignIn
) -> None:
    booking = paid_ahead(frozen, offering, ada)
    cancel_booking(tunde, booking.pk)
    all_refunds_arrive(booking)
    assert "Wholly refunded: ₦5,000 of ₦5,000 went back." in page(signed_in(ada), booking)


@pytest.mark.django_db
def test_what_the_bank_took_is_said_once(frozen: Frozen, offering: Offering, ada: Person, signed_in: SignIn) -> None:
    booking = released(frozen, offering, ada)
    says = bank_says(booking)
    says()
    assert "Paid in full." in page(signed_in(ada), booking)
    says(resolution="merchant-accepted")
    text = page(signed_in(ada), booking)
    assert "Wholly refunded: ₦5,000 of ₦5,000 went back." in text
    assert text.count("Taken back by the bank") == 1


@pytest.mark.django_db
def test_strange_titles_do_no_harm(frozen: Frozen, tunde: Person, ada: Person, signed_in: SignIn) -> None:
    listed = make_offering(tunde, title="漢字 <b>& 😀\u202e")
    booking = paid_ahead(frozen, listed, ada)
    assert "Receipt 000001" in file(signed_in(ada), booking)
    assert "<b>&" not in signed_in(ada).get(f"/mentorship/session/{booking.pk}/receipt").content.decode()


def pay_some(frozen: Frozen, offering: Offering, students: tuple[Person, ...]) -> list[UUID]:
    bookings = [
        paid_ahead(frozen, offering, student, hours=2 * place + 5 * day)
        for day in (0, 1)
        for place, student in enumerate(students)
    ]
    return [booking.payments.get().pk for booking in bookings]


@pytest.mark.parametrize("run", [run_threads, run_processes])
def test_racing_requests_get_one_number_each_without_gaps(
    database_copy: Copy, frozen: Frozen, offering: Offering, ada: Person, bola: Person, run: Callable
) -> None:
    payments = pay_some(frozen, offering, (ada, bola))

    def ask(place: int) -> int:
        return give_number(Payment.objects.get(pk=payments[place % len(payments)])).number

    numbers, errors = run(4 * len(payments), ask)
    assert errors == []
    assert sorted(set(numbers)) == list(range(1, len(payments) + 1))
    by_payment = [set(numbers[place :: len(payments)]) for place in range(len(payments))]
    assert all(len(given) == 1 for given in by_payment)
