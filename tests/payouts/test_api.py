"""Bank accounts and payouts over the API, with every refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from oluko.accounts.models import Person
from oluko.payouts import bank_accounts
from oluko.payouts.models import BankAccount, Payout
from tests.api.conftest import assert_problem
from tests.cast import Caller
from tests.payouts.conftest import BANK, NUMBER, Give
from tests.sandbox_process import Sandbox

pytestmark = pytest.mark.django_db
type Api = Callable[[Person | None], Caller]


def test_banks_are_told_to_who_is_signed_in(api: Api, ada: Person, sandbox: Sandbox) -> None:
    assert_problem(api(None).get("/api/banks"), 401)
    banks = api(ada).get("/api/banks").json()
    assert {"code": BANK, "name": "Guaranty Trust Bank"} in banks
    assert all(isinstance(bank["code"], str) for bank in banks)
    assert "044" in {bank["code"] for bank in banks}


def test_account_is_saved_as_paystack_resolves_it(api: Api, tunde: Person, sandbox: Sandbox) -> None:
    answer = api(tunde)("saveBankAccount", bankCode=BANK, accountNumber=NUMBER)
    assert answer.status_code == 200
    assert answer.json() == {
        "bankName": "Guaranty Trust Bank",
        "accountName": "EBELE BISI UMAR",
        "accountNumber": NUMBER,
    }


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"bankCode": BANK, "accountNumber": "0000000000"}, "accountNumber"),
        ({"bankCode": BANK, "accountNumber": "12"}, "accountNumber"),
        ({"bankCode": BANK, "accountNumber": 123456789}, "accountNumber"),
        ({"bankCode": "999", "accountNumber": NUMBER}, "bankCode"),
        ({"bankCode": BANK}, "accountNumber"),
        ({"accountNumber": NUMBER}, "bankCode"),
    ],
)
def test_wrong_accounts_are_refused_by_field(
    api: Api, tunde: Person, sandbox: Sandbox, body: dict[str, Any], field: str
) -> None:
    assert_problem(api(tunde)("saveBankAccount", **body), 422, field=field)
    assert not BankAccount.objects.exists()


def test_students_have_neither(api: Api, ada: Person, sandbox: Sandbox) -> None:
    assert_problem(api(ada)("saveBankAccount", bankCode=BANK, accountNumber=NUMBER), 403, "role_needed")
    assert_problem(api(ada)("requestPayout", amount=5_000), 403, "role_needed")


@pytest.mark.parametrize("number", ["0000000429", "0000000503"])
def test_silent_paystack_is_503_and_saves_nothing(api: Api, tunde: Person, sandbox: Sandbox, number: str) -> None:
    assert_problem(api(tunde)("saveBankAccount", bankCode=BANK, accountNumber=number), 503)
    assert not BankAccount.objects.exists()


def test_no_list_of_banks_is_503(api: Api, tunde: Person, sandbox: Sandbox) -> None:
    bank_accounts._banks.cache_clear()
    sandbox.control(paystack={"mode": "error"})
    assert_problem(api(tunde).get("/api/banks"), 503)
    sandbox.control(paystack={"mode": "normal"})
    assert api(tunde).get("/api/banks").status_code == 200


def test_payout_is_asked_for_and_seen_in_the_wallet(api: Api, rich: Person) -> None:
    caller = api(rich)
    answer = caller("requestPayout", amount=4_000.5)
    assert answer.status_code == 200
    payout = answer.json()["payout"]
    row = Payout.objects.get()
    assert payout == {
        "id": str(row.pk), "amount": 4_000.5, "currency": "NGN", "status": "QUEUED", "reference": row.reference,
    }  # fmt: skip
    wallet = caller.get("/api/wallet").json()
    assert (wallet["available"], wallet["onTheWay"], wallet["paid"]) == (5_999.5, 4_000.5, 0)


def test_payout_that_is_asked_for_again_with_its_key_is_the_same_one(api: Api, rich: Person, mei: Person) -> None:
    caller = api(rich)
    caller.headers["Idempotency-Key"] = "friday's"
    first, again = (caller("requestPayout", amount=4_000).json()["payout"]["id"] for _ in range(2))
    assert first == again
    assert_problem(caller("requestPayout", amount=4_001), 409, "asked_already")
    caller.headers["Idempotency-Key"] = "monday's"
    assert caller("requestPayout", amount=4_000).json()["payout"]["id"] != first
    assert Payout.objects.count() == 2
    caller.headers["Idempotency-Key"] = "x" * 201
    assert_problem(caller("requestPayout", amount=4_000), 422)


@pytest.mark.parametrize("amount", [99.99, 0, -4_000, "many", None, True, 4_000.001])
def test_wrong_amounts_are_refused(api: Api, rich: Person, amount: object) -> None:
    assert_problem(api(rich)("requestPayout", amount=amount), 422, field="amount")
    assert not Payout.objects.exists()


def test_payout_without_account_or_money_is_409(api: Api, rich: Person, mei: Person, give: Give) -> None:
    assert_problem(api(rich)("requestPayout", amount=10_000.01), 409, "not_enough")
    give(mei, 5_000_00)
    assert_problem(api(mei)("requestPayout", amount=5_000), 409, "no_bank_account")
