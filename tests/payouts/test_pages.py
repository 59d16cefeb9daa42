"""The wallet and what hangs on it, over HTTP as a browser sends it."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from oluko.accounts.models import Person
from oluko.ledger.audit import trail
from oluko.ledger.wallets import wallet_of
from oluko.notifications.models import Notification
from oluko.payouts import bank_accounts
from oluko.payouts.models import BankAccount, Payout
from oluko.payouts.payouts import request_payout
from tests.cast import PASSWORD
from tests.draining import drain
from tests.payouts.conftest import BANK, NUMBER, Give
from tests.sandbox_process import Sandbox

pytestmark = pytest.mark.django_db
type SignIn = Callable[..., Client]


@pytest.fixture
def browser(tunde: Person, sandbox: Sandbox, signed_in: SignIn) -> Client:
    return signed_in(tunde)


def text(answer: object) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())  # type: ignore[attr-defined]


def test_account_is_seen_before_it_is_saved_and_needs_the_password(browser: Client, tunde: Person) -> None:
    seen = browser.post("/tutor/bank-account", {"bank": "guaranty trust bank", "number": "0123 456 789"})
    assert seen.status_code == 200
    assert "EBELE BISI UMAR" in text(seen)
    assert not BankAccount.objects.exists()
    step = {"bank": BANK, "number": NUMBER}
    wrong = browser.post("/tutor/bank-account/save", step | {"password": "wrong"})
    assert (wrong.status_code, "This is not your password" in text(wrong)) == (422, True)
    assert browser.post("/tutor/bank-account/save", step).status_code == 422
    assert not BankAccount.objects.exists()
    assert browser.post("/tutor/bank-account/save", step | {"password": PASSWORD}).status_code == 302
    account = BankAccount.objects.get(person=tunde)
    assert (account.account_name, account.account_number, account.held_until) == ("EBELE BISI UMAR", NUMBER, None)
    assert Notification.objects.filter(person=tunde, kind="bank_account").count() == 1


def test_passwords_are_not_guessed_here(browser: Client, tunde: Person) -> None:
    step = {"bank": BANK, "number": NUMBER}
    tries = [browser.post("/tutor/bank-account/save", step | {"password": "wrong"}).status_code for _ in range(11)]
    assert tries == [422] * 10 + [429]
    assert browser.post("/tutor/bank-account/save", step | {"password": PASSWORD}).status_code == 429
    assert not BankAccount.objects.exists()


@pytest.mark.parametrize(
    ("bank", "number", "words"),
    [
        ("No Bank At All", NUMBER, "Choose a bank of the list."),
        ("Zenith Bank", "123", "An account number has ten digits."),
        ("Zenith Bank", "0000000000", "knows no account of this number"),
        ("", "", "This field is required."),
    ],
)
def test_what_is_no_account_is_said_beside_its_field(browser: Client, bank: str, number: str, words: str) -> None:
    answer = browser.post("/tutor/bank-account", {"bank": bank, "number": number})
    assert answer.status_code == 422
    assert words in text(answer)


def test_changing_says_what_it_costs(rich: Person, signed_in: SignIn) -> None:
    browser = signed_in(rich)
    assert "24 hours" in text(browser.get("/tutor/bank-account"))
    answer = browser.post("/tutor/bank-account/save", {"bank": BANK, "number": "0123456780", "password": PASSWORD})
    assert answer.status_code == 302
    assert "nothing is sent to it before" in text(browser.get("/tutor/wallet"))


def test_banks_are_found_by_what_somebody_types(browser: Client) -> None:
    found = text(browser.get("/tutor/bank-account/banks?q=bank"))
    assert found.count('role="option"') > 5
    assert "Zenith Bank" in text(browser.get("/tutor/bank-account/banks?q=zen"))
    assert 'role="option"' not in text(browser.get("/tutor/bank-account/banks?q=%3Cscript%3E"))


def test_page_says_when_paystack_is_silent(browser: Client, sandbox: Sandbox) -> None:
    bank_accounts._banks.cache_clear()
    sandbox.control(paystack={"mode": "error"})
    answer = browser.get("/tutor/bank-account")
    assert (answer.status_code, "Paystack is not answering" in text(answer)) == (503, True)
    assert browser.get("/tutor/wallet").status_code == 200
    sandbox.control(paystack={"mode": "normal"})
    assert browser.get("/tutor/bank-account").status_code == 200


def test_pressed_twice_it_is_one_payout(rich: Person, signed_in: SignIn) -> None:
    browser = signed_in(rich)
    page = text(browser.get("/tutor/wallet"))
    found = re.search(r'name="key" value="([^"]+)"', page)
    assert found
    assert 'value="10000"' in page
    form = {"amount": "₦4,000", "key": found[1]}
    answers = [browser.post("/tutor/payouts", form) for _ in range(2)]
    payout = Payout.objects.get()
    assert {answer["Location"] for answer in answers} == {reverse("payout", args=[payout.pk])}
    assert wallet_of(rich).available == 6_000_00


@pytest.mark.parametrize(
    ("amount", "status", "words"),
    [
        ("10001", 409, "more than is available"),
        ("99", 422, "The smallest payout is ₦100."),
        ("-5000", 422, "The smallest payout"),
        ("much", 422, "Enter an amount"),
        ("1e4", 302, ""),
        ("NaN", 422, "Enter an amount"),
        ("", 422, "This field is required."),
    ],
)
def test_refused_amounts_are_said_on_the_page(
    rich: Person, signed_in: SignIn, amount: str, status: int, words: str
) -> None:
    answer = signed_in(rich).post("/tutor/payouts", {"amount": amount, "key": str(uuid4())})
    assert answer.status_code == status
    assert words in text(answer)
    assert Payout.objects.count() == (1 if status == 302 else 0)


def test_wallet_shows_each_payout_as_it_stands_and_its_story(rich: Person, signed_in: SignIn, sandbox: Sandbox) -> None:
    browser = signed_in(rich)
    sandbox.control(paystack={"mode": "no-balance"})
    payout = request_payout(rich, 4_000_00)
    drain()
    page = text(browser.get("/tutor/wallet"))
    assert "Waits for money at Paystack" in page
    assert "nothing is lost" in page
    assert reverse("payout", args=[payout.pk]) in page
    story = text(browser.get(reverse("payout", args=[payout.pk])))
    assert payout.reference in story
    assert "Call off" in story
    assert browser.post(reverse("payout_call_off", args=[payout.pk])).status_code == 302
    assert "You called it off." in text(browser.get(reverse("payout", args=[payout.pk])))
    assert browser.post(reverse("payout_call_off", args=[payout.pk])).status_code == 409


def test_weekly_is_switched_on_and_off(rich: Person, mei: Person, signed_in: SignIn) -> None:
    browser = signed_in(rich)
    assert browser.post("/tutor/payouts/weekly", {"weekly": "on"}).status_code == 302
    assert BankAccount.objects.get().weekly
    assert "Stop the weekly payout" in text(browser.get("/tutor/wallet"))
    assert browser.post("/tutor/payouts/weekly", {"weekly": "off"}).status_code == 302
    assert not BankAccount.objects.get().weekly
    assert signed_in(mei).post("/tutor/payouts/weekly", {"weekly": "on"}).status_code == 422


def test_operator_decides_with_the_facts_in_sight(rich: Person, admin: Person, give: Give, signed_in: SignIn) -> None:
    give(rich, 3 * settings.OLUKO_PAYOUT_REVIEW_ABOVE)
    good, bad = (request_payout(rich, settings.OLUKO_PAYOUT_REVIEW_ABOVE + 1) for _ in range(2))
    browser = signed_in(admin)
    assert "Payouts waiting for you" in text(browser.get("/admin/"))
    for page in ("payouts_payout", "payouts_bankaccount"):
        listed = text(browser.get(reverse(f"admin:{page}_changelist")))
        assert "…6789" in listed
        assert NUMBER not in listed
    record = text(browser.get(reverse("admin:payouts_payout_change", args=[good.pk])))
    assert NUMBER not in record
    approve, reject = (
        reverse("operator_approve_payout", args=[good.pk]),
        reverse("operator_reject_payout", args=[bad.pk]),
    )
    asked = text(browser.get(approve))
    for fact in ("Tunde Bakare", "₦200,000.01", "Guaranty Trust Bank …6789", "EBELE BISI UMAR", "Account since"):
        assert fact in asked
    assert [browser.post(approve).status_code for _ in range(2)] == [302, 409]
    assert browser.post(reject, {"note": ""}).status_code == 422
    assert browser.post(reject, {"note": "Not your name"}).status_code == 302
    assert Payout.objects.get(pk=bad.pk).status == "RETURNED"
    assert "Not your name" in text(signed_in(rich).get(reverse("payout", args=[bad.pk])))
    assert {entry.actor_id for entry in trail("payout", bad.reference)} == {rich.pk, admin.pk}
