"""Paystack's transactions and the checkout page, over HTTP as a merchant and a customer meet them."""

import itertools
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from sandbox.shapes import fees_of
from tests.sandbox.conftest import Receiver
from tests.sandbox.conversation import KEY, status_of
from tests.sandbox_process import Sandbox

Initialize = Callable[..., dict[str, Any]]


def test_paid_checkout_returns_the_customer_and_verifies_as_success(
    paystack: httpx.Client, sandbox: Sandbox, initialize: Initialize
) -> None:
    data = initialize(reference="ref-1", metadata='{"booking": "7"}')
    back = urlsplit(sandbox.check_out(data["authorization_url"], "success"))
    assert parse_qs(back.query) == {"step": ["2"], "trxref": ["ref-1"], "reference": ["ref-1"]}
    verified = paystack.get("/transaction/verify/ref-1").json()["data"]
    assert verified["status"] == "success"
    assert (verified["amount"], verified["currency"], verified["domain"]) == (500_000, "NGN", "test")
    assert verified["fees"] == 17_500
    assert verified["metadata"] == {"booking": "7"}
    assert verified["paid_at"].endswith("Z")


@pytest.mark.parametrize(
    ("outcome", "answer"), [("failed", "Declined"), ("abandoned", "The transaction was not completed")]
)
def test_unpaid_checkout_returns_the_customer_and_sends_no_webhook(
    paystack: httpx.Client, sandbox: Sandbox, receiver: Receiver, initialize: Initialize, outcome: str, answer: str
) -> None:
    data = initialize()
    assert data["reference"] in sandbox.check_out(data["authorization_url"], outcome)
    verified = paystack.get(f"/transaction/verify/{data['reference']}").json()["data"]
    assert (verified["status"], verified["gateway_response"]) == (outcome, answer)
    assert verified["paid_at"] is None
    assert sandbox.webhooks() == []


def test_declined_card_can_be_paid_at_the_second_try(
    paystack: httpx.Client, sandbox: Sandbox, initialize: Initialize
) -> None:
    data = initialize()
    for outcome in ("failed", "abandoned", "failed", "success"):
        sandbox.check_out(data["authorization_url"], outcome)
        assert status_of(paystack, data["reference"]) == outcome


def test_paid_transaction_is_never_charged_again(
    paystack: httpx.Client, sandbox: Sandbox, receiver: Receiver, initialize: Initialize
) -> None:
    data = initialize()
    for outcome in ("success", "success", "failed", "abandoned"):
        sandbox.check_out(data["authorization_url"], outcome)
    assert status_of(paystack, data["reference"]) == "success"
    receiver.wait_for(1)
    assert len(sandbox.webhooks()) == 1


def test_duplicate_reference_is_refused(paystack: httpx.Client, initialize: Initialize) -> None:
    initialize(reference="twice")
    again = paystack.post("/transaction/initialize", json={"email": "a@b.test", "amount": "100", "reference": "twice"})
    assert again.status_code == 400
    assert again.json()["message"] == "Duplicate Transaction Reference"
    assert again.json()["code"] == "duplicate_reference"


def test_bad_key_is_refused_everywhere(paystack: httpx.Client) -> None:
    keys = ("", "Bearer", "Bearer wrong", f"Basic {KEY}", f"Bearer {KEY}x", KEY)
    calls = (
        ("POST", "/transaction/initialize"),
        ("GET", "/transaction"),
        ("GET", "/transaction/1"),
        ("GET", "/transaction/verify/x"),
        ("POST", "/refund"),
        ("GET", "/refund"),
        ("GET", "/refund/1"),
    )
    for key, (method, path) in itertools.product(keys, calls):
        answer = paystack.request(method, path, headers={"authorization": key})
        assert answer.status_code == 401, (key, path)
        assert answer.json() | {"meta": None} == {"status": False, "message": "Invalid key", "meta": None}


def test_wrong_fields_are_refused_and_leave_nothing(paystack: httpx.Client, sandbox: Sandbox) -> None:
    right = {"email": "ada@demo.test", "amount": 100}
    for wrong in (
        {"email": None}, {"email": "ada"}, {"email": 5}, {"amount": None}, {"amount": 0}, {"amount": -5},
        {"amount": 1.5}, {"amount": "1.5"}, {"amount": True}, {"amount": 10**30}, {"currency": "USD"},
        {"reference": "a b"}, {"reference": "ä"}, {"reference": 7}, {"reference": "x" * 101},
        {"callback_url": "javascript:alert(1)"}, {"callback_url": "/back"}, {"callback_url": "http://a\r\nb"},
        {"callback_url": "http://[x"}, {"channels": "card"}, {"channels": ["cash"]},
        {"metadata": "{"}, {"metadata": [1]},
    ):  # fmt: skip
        answer = paystack.post("/transaction/initialize", json=right | wrong)
        assert (answer.status_code, answer.json()["status"]) == (400, False), wrong
    for body in (b"", b"{", b"[]", b"\xff", b"[" * 100_000):
        assert paystack.post("/transaction/initialize", content=body).status_code == 400
    assert paystack.post("/transaction/initialize", content=b"x" * 300_000).status_code == 413
    assert sandbox.transactions() == []


def test_transaction_can_be_sent_as_a_form(paystack: httpx.Client) -> None:
    answer = paystack.post("/transaction/initialize", data={"email": "ada@demo.test", "amount": "20000"})
    assert answer.json()["data"]["reference"]


def test_list_is_filtered_and_paged_newest_first(
    paystack: httpx.Client, sandbox: Sandbox, initialize: Initialize, pay: Callable[..., str]
) -> None:
    paid = [pay(reference=f"paid-{number}") for number in range(5)]
    initialize(reference="open")
    body = paystack.get("/transaction", params={"status": "success", "perPage": 2, "page": 2}).json()
    assert [one["reference"] for one in body["data"]] == [paid[2], paid[1]]
    meta = {"total": 5, "skipped": 2, "page": 2, "pageCount": 3, "perPage": 2, "total_volume": 2_500_000}
    assert body["meta"] == meta
    created = sandbox.transactions()[3]["created_at"]
    until = paystack.get("/transaction", params={"to": created}).json()["data"]
    since = paystack.get("/transaction", params={"from": created}).json()["data"]
    assert {"paid-3"} <= {one["reference"] for one in until} & {one["reference"] for one in since}
    assert len(until) + len(since) >= 7
    for wrong in ({"from": "yesterday"}, {"perPage": "0"}, {"page": "x"}, {"status": "paid"}):
        assert paystack.get("/transaction", params=wrong).status_code == 400


def test_transaction_is_fetched_by_number(paystack: httpx.Client, sandbox: Sandbox, pay: Callable[..., str]) -> None:
    reference = pay()
    number = sandbox.transactions()[0]["id"]
    assert paystack.get(f"/transaction/{number}").json()["data"]["reference"] == reference
    for unknown in (str(number + 1), "x", "9" * 30):
        assert paystack.get(f"/transaction/{unknown}").status_code == 404


@pytest.mark.parametrize(
    ("amount", "fee"),
    [(10_000, 150), (249_999, 3_750), (250_000, 13_750), (500_001, 17_501), (12_666_600, 199_999), (10**9, 200_000)],
)
def test_fees_are_the_nigerian_ones(amount: int, fee: int) -> None:
    assert fees_of(amount) == fee


def test_checkout_page_says_what_is_paid_and_works_without_script(initialize: Initialize) -> None:
    data = initialize(amount=1_234_567, reference="ref-page", email="ada@demo.test")
    page = httpx.get(data["authorization_url"])
    for shown in ("₦12,345.67", "ref-page", "ada@demo.test", "Oluko"):
        assert shown in page.text
    for outcome in ("success", "failed", "abandoned"):
        assert f'name="outcome" value="{outcome}"' in page.text
    assert "<script" not in page.text
    assert "script-src" not in page.headers["content-security-policy"]
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    style = page.text.split('rel="stylesheet" href="')[1].split('"')[0]
    assert httpx.get(httpx.URL(data["authorization_url"]).join(style)).headers["content-type"].startswith("text/css")


def test_checkout_page_escapes_what_it_shows(initialize: Initialize) -> None:
    data = initialize(email='"<b>"@demo.test')
    assert "<b>" not in httpx.get(data["authorization_url"]).text


def test_checkout_without_callback_ends_on_a_page(sandbox: Sandbox, initialize: Initialize) -> None:
    data = initialize(callback_url="")
    declined = httpx.post(data["authorization_url"], data={"outcome": "failed"})
    assert (declined.status_code, "Payment declined" in declined.text) == (200, True)
    paid = httpx.post(data["authorization_url"], data={"outcome": "success"})
    assert "Payment received" in paid.text
    assert "Payment received" in httpx.get(data["authorization_url"]).text


def test_paid_checkout_page_offers_the_way_back_instead_of_buttons(sandbox: Sandbox, initialize: Initialize) -> None:
    data = initialize()
    back = sandbox.check_out(data["authorization_url"], "success")
    page = httpx.get(data["authorization_url"])
    assert back.replace("&", "&amp;") in page.text
    assert "<form" not in page.text


def test_unknown_checkout_and_unknown_choice_are_refused(sandbox: Sandbox, initialize: Initialize) -> None:
    assert httpx.get(f"{sandbox.url}/checkout/unknown").status_code == 404
    assert httpx.post(f"{sandbox.url}/checkout/unknown", data={"outcome": "success"}).status_code == 404
    assert httpx.post(initialize()["authorization_url"], data={"outcome": "free"}).status_code == 400
    assert httpx.get(f"{sandbox.url}/nothing").status_code == 404
    assert httpx.get(f"{sandbox.url}/healthz").json() == {"status": "ok"}
