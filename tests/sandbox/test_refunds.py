"""Paystack's refunds."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.sandbox.conftest import Receiver
from tests.sandbox.conversation import refund_status, status_of, wait_until
from tests.sandbox_process import Sandbox


def test_full_refund_is_pending_then_processed_and_told(
    paystack: httpx.Client, receiver: Receiver, pay: Callable[..., str]
) -> None:
    reference = pay()
    asked = {"transaction": reference, "merchant_note": "booking 7", "customer_note": "sorry"}
    refund = paystack.post("/refund", json=asked).json()["data"]
    assert (refund["status"], refund["amount"], refund["merchant_note"]) == ("pending", 500_000, "booking 7")
    wait_until(lambda: refund_status(paystack, refund["id"]) == "processed")
    assert status_of(paystack, reference) == "reversed"
    told = [json.loads(body) for body, _ in receiver.wait_for(3)]
    processed = next(event["data"] for event in told if event["event"] == "refund.processed")
    assert (processed["transaction_reference"], processed["amount"]) == (reference, 500_000)
    assert processed["id"] == refund["id"]


def test_refunds_never_exceed_what_was_paid(paystack: httpx.Client, sandbox: Sandbox, pay: Callable[..., str]) -> None:
    pay()
    number = sandbox.transactions()[0]["id"]

    def ask(amount: Any) -> int:
        return paystack.post("/refund", json={"transaction": number, "amount": amount}).status_code

    assert ask(500_001) == 400
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, [200_000] * 8))
    assert sorted(answers) == [200] * 2 + [400] * 6
    assert (ask(100_001), ask("100000"), ask(1)) == (400, 200, 400)
    assert sum(one["amount"] for one in sandbox.transactions()[0]["refunds"]) == 500_000


def test_what_was_not_paid_or_does_not_exist_is_not_refunded(
    paystack: httpx.Client, sandbox: Sandbox, initialize: Callable[..., dict[str, Any]]
) -> None:
    wrong: dict[str, Any]
    reference = initialize()["reference"]
    assert paystack.post("/refund", json={"transaction": reference}).status_code == 400
    assert paystack.post("/refund", json={"transaction": "unknown"}).status_code == 404
    for wrong in ({}, {"transaction": True}, {"transaction": ["x"]}, {"transaction": ""}):
        assert paystack.post("/refund", json=wrong).status_code == 400
    sandbox.check_out(sandbox_checkout(sandbox), "success")
    for wrong in ({"amount": 0}, {"amount": -1}, {"amount": "x"}, {"currency": "USD"}, {"merchant_note": 5}):
        assert paystack.post("/refund", json={"transaction": reference, **wrong}).status_code == 400
    assert sandbox.transactions()[0]["refunds"] == []


def sandbox_checkout(sandbox: Sandbox) -> str:
    return f"{sandbox.url}/checkout/{sandbox.transactions()[0]['access_code']}"


def test_refunds_of_a_transaction_are_found_again(paystack: httpx.Client, pay: Callable[..., str]) -> None:
    first, second = pay(), pay()
    for reference, amount in ((first, 1), (second, 2), (first, 3)):
        paystack.post("/refund", json={"transaction": reference, "amount": amount})
    found = paystack.get("/refund", params={"transaction": first}).json()
    assert [one["amount"] for one in found["data"]] == [3, 1]
    by_number = paystack.get("/refund", params={"transaction": found["data"][0]["transaction"]}).json()
    assert by_number["data"] == found["data"]
    page = paystack.get("/refund", params={"perPage": 1, "page": 2}).json()
    assert ([one["amount"] for one in page["data"]], page["meta"]["total"]) == ([2], 3)
    assert paystack.get("/refund", params={"transaction": "unknown"}).status_code == 404


def test_failed_refund_is_told_and_can_be_asked_for_again(
    paystack: httpx.Client, sandbox: Sandbox, receiver: Receiver, pay: Callable[..., str]
) -> None:
    reference = pay()
    sandbox.control(paystack={"mode": "failed-refunds", "times": 1})
    refund = paystack.post("/refund", json={"transaction": reference}).json()["data"]
    wait_until(lambda: refund_status(paystack, refund["id"]) == "failed")
    assert status_of(paystack, reference) == "success"
    assert "refund.failed" in {json.loads(body)["event"] for body, _ in receiver.wait_for(3)}
    assert paystack.post("/refund", json={"transaction": reference}).status_code == 200
