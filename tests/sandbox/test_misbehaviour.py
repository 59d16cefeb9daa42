"""What the sandbox can be told to do wrong."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Receiver
from tests.sandbox.conversation import KEY, status_of, wait_until
from tests.sandbox_process import Sandbox, run_sandbox

Initialize = Callable[..., dict[str, Any]]
NORMAL = {"mode": "normal", "times": None}


def test_modes_are_shown_set_and_reset(sandbox: Sandbox) -> None:
    assert httpx.get(f"{sandbox.url}/_control").json() == {"paystack": NORMAL, "zoom": NORMAL}
    present = sandbox.control(paystack={"mode": "error"}, zoom={"mode": "rate-limit", "times": 3})
    assert present == {"paystack": {"mode": "error", "times": None}, "zoom": {"mode": "rate-limit", "times": 3}}
    assert sandbox.control(paystack={"mode": None})["paystack"] == NORMAL
    assert sandbox.control(zoom=None)["zoom"] == NORMAL


def test_unknown_wishes_are_refused_and_change_nothing(sandbox: Sandbox) -> None:
    wish: Any
    for wish in (
        {"stripe": {"mode": "error"}}, {"paystack": {"mode": "rate-limit"}}, {"zoom": {"mode": "wrong-amount"}},
        {"paystack": {"mode": ["error"]}}, {"paystack": {"mode": "error", "times": 0}}, {"paystack": "error"},
        {"paystack": {"mode": "error", "times": "2"}}, {"paystack": {"mode": "error", "times": 1.5}},
        {"paystack": {"mode": "error", "for": 3}}, {"paystack": {"mode": "error"}, "zoom": {"mode": "x"}}, [],
    ):  # fmt: skip
        refused = httpx.post(f"{sandbox.url}/_control", json=wish)
        assert refused.status_code == 422, wish
        assert refused.json()["errors"][0]["message"]
    assert httpx.get(f"{sandbox.url}/_control").json() == {"paystack": NORMAL, "zoom": NORMAL}


def test_modes_and_what_is_left_of_them_survive_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    with run_sandbox(tmp_path, KEY, receiver.url) as before:
        before.control(paystack={"mode": "no-webhook", "times": 2}, zoom={"mode": "error"})
    with run_sandbox(tmp_path, KEY, receiver.url) as after:
        present = httpx.get(f"{after.url}/_control").json()
    assert present == {"paystack": {"mode": "no-webhook", "times": 2}, "zoom": {"mode": "error", "times": None}}


def test_error_answers_in_the_error_shape_and_does_nothing(
    paystack: httpx.Client, sandbox: Sandbox, initialize: Initialize
) -> None:
    reference = initialize()["reference"]
    sandbox.control(paystack={"mode": "error", "times": 2})
    write = paystack.post("/transaction/initialize", json={"email": "ada@demo.test", "amount": 1, "reference": "never"})
    read = paystack.get(f"/transaction/verify/{reference}")
    assert (write.status_code, read.status_code) == (503, 500)
    assert write.json()["status"] is read.json()["status"] is False
    assert len(sandbox.transactions()) == 1
    assert status_of(paystack, reference) == "abandoned"


def test_checkout_page_and_control_go_on_during_an_outage(sandbox: Sandbox, initialize: Initialize) -> None:
    address = initialize()["authorization_url"]
    sandbox.control(paystack={"mode": "error"})
    sandbox.check_out(address, "success")
    assert sandbox.transactions()[0]["status"] == "success"


def test_time_out_hides_a_refund_that_was_really_made(
    paystack: httpx.Client, sandbox: Sandbox, pay: Callable[..., str]
) -> None:
    reference = pay()
    sandbox.control(paystack={"mode": "timeout", "times": 1})
    with pytest.raises(httpx.ReadTimeout):
        paystack.post("/refund", json={"transaction": reference, "merchant_note": "unknown"}, timeout=0.5)
    made = paystack.get("/refund", params={"transaction": reference}).json()["data"]
    assert [one["merchant_note"] for one in made] == ["unknown"]


def test_hanging_calls_hold_up_no_other_and_not_the_end(
    paystack: httpx.Client, sandbox: Sandbox, initialize: Initialize
) -> None:
    address = initialize()["authorization_url"]
    sandbox.control(paystack={"mode": "timeout", "times": 32})

    def hang(number: int) -> str:
        try:
            httpx.get(f"{sandbox.url}/transaction", headers={"authorization": f"Bearer {KEY}"}, timeout=20)
        except httpx.HTTPError as error:
            return type(error).__name__
        return "answered"

    with ThreadPoolExecutor(32) as pool:
        hanging = [pool.submit(hang, number) for number in range(32)]
        wait_until(lambda: httpx.get(f"{sandbox.url}/_control").json()["paystack"] == NORMAL)
        started = time.monotonic()
        assert paystack.get("/transaction").status_code == 200
        assert httpx.get(address).status_code == 200
        assert httpx.get(f"{sandbox.url}/healthz").status_code == 200
        assert time.monotonic() - started < 2
        assert not any(one.done() for one in hanging)
        started = time.monotonic()
        sandbox.stop()
        assert time.monotonic() - started < 1
        assert "answered" not in {one.result() for one in hanging}


def test_duplicate_webhooks_arrive_three_times(sandbox: Sandbox, receiver: Receiver, pay: Callable[..., str]) -> None:
    sandbox.control(paystack={"mode": "duplicate-webhooks", "times": 1})
    pay(reference="thrice")
    pay(reference="once")
    receiver.wait_for(4)
    arrived = [json.loads(body)["data"]["reference"] for body, _ in receiver.arrived]
    assert sorted(arrived) == ["once", "thrice", "thrice", "thrice"]


def test_webhook_held_back_is_never_sent_but_can_be_replayed(
    paystack: httpx.Client, sandbox: Sandbox, receiver: Receiver, pay: Callable[..., str]
) -> None:
    sandbox.control(paystack={"mode": "no-webhook"})
    reference = pay()
    assert status_of(paystack, reference) == "success"
    sandbox.control(paystack=None)
    assert sandbox.webhooks() == []
    sandbox.replay_webhook(reference)
    assert json.loads(receiver.wait_for(1)[0][0])["data"]["reference"] == reference


def test_wrong_amount_is_what_was_charged_for_good(
    paystack: httpx.Client, sandbox: Sandbox, receiver: Receiver, pay: Callable[..., str]
) -> None:
    sandbox.control(paystack={"mode": "wrong-amount", "times": 1})
    reference = pay()
    pay(reference="right")
    for _ in range(2):
        verified = paystack.get(f"/transaction/verify/{reference}").json()["data"]
        assert (verified["amount"], verified["requested_amount"]) == (499_900, 500_000)
    told = {
        event["reference"]: event["amount"] for event in (json.loads(one)["data"] for one, _ in receiver.wait_for(2))
    }
    assert told == {reference: 499_900, "right": 500_000}


def test_wrong_amount_is_told_of_what_was_paid_before(
    paystack: httpx.Client, sandbox: Sandbox, pay: Callable[..., str]
) -> None:
    reference = pay()
    sandbox.control(paystack={"mode": "wrong-amount", "times": 1})
    amounts = [paystack.get(f"/transaction/verify/{reference}").json()["data"]["amount"] for _ in range(2)]
    assert amounts == [499_900, 500_000]
