"""Paystack's webhooks: signed, queued, repeated until they are taken."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests.sandbox.conftest import Receiver
from tests.sandbox.conversation import KEY, wait_until
from tests.sandbox_process import Sandbox, free_port, run_sandbox


def test_webhook_is_signed_over_its_raw_body_and_says_what_verify_says(
    paystack: httpx.Client, receiver: Receiver, pay: Callable[..., str]
) -> None:
    reference = pay()
    body, headers = receiver.wait_for(1)[0]
    assert headers["x-paystack-signature"] == hmac.new(KEY.encode(), body, hashlib.sha512).hexdigest()
    assert headers["content-type"] == "application/json"
    event = json.loads(body)
    assert event["event"] == "charge.success"
    assert event["data"] == paystack.get(f"/transaction/verify/{reference}").json()["data"]


def test_paying_does_not_wait_for_the_webhook(
    sandbox: Sandbox, receiver: Receiver, initialize: Callable[..., dict[str, Any]]
) -> None:
    receiver.status = 500
    address = initialize()["authorization_url"]
    started = time.monotonic()
    sandbox.check_out(address, "success")
    assert time.monotonic() - started < 2
    receiver.wait_for(1)


def test_webhook_is_sent_until_it_is_taken_with_growing_pauses(
    sandbox: Sandbox, receiver: Receiver, pay: Callable[..., str]
) -> None:
    receiver.status = 503
    started = time.monotonic()
    pay()
    receiver.wait_for(3)
    assert time.monotonic() - started >= 1.4
    receiver.status = 200
    receiver.wait_for(4)
    wait_until(lambda: sandbox.webhooks()[0]["delivered_at"] is not None)
    assert sandbox.webhooks()[0]["attempts"] == 4
    time.sleep(0.7)
    assert len(receiver.arrived) == 4


def test_webhook_that_was_not_taken_arrives_after_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/webhooks"
    with run_sandbox(tmp_path, KEY, nobody) as before:
        wish = {"email": "ada@demo.test", "amount": 100_000, "reference": "kept", "callback_url": "http://127.0.0.1:9/"}
        answer = httpx.post(
            f"{before.url}/transaction/initialize", json=wish, headers={"authorization": f"Bearer {KEY}"}
        )
        before.check_out(answer.json()["data"]["authorization_url"], "success")
        wait_until(lambda: before.webhooks()[0]["attempts"] > 0)
        assert before.webhooks()[0]["last_answer"] == "ConnectError"
        before.process.kill()
    with run_sandbox(tmp_path, KEY, receiver.url) as after:
        assert json.loads(receiver.wait_for(1)[0][0])["data"]["reference"] == "kept"
        wait_until(lambda: after.webhooks()[0]["last_answer"] == "200")
        assert after.transactions()[0]["status"] == "success"


def test_many_webhooks_arrive_once_each(receiver: Receiver, sandbox: Sandbox, pay: Callable[..., str]) -> None:
    references = {pay() for _ in range(40)}
    receiver.wait_for(40)
    wait_until(lambda: all(one["delivered_at"] for one in sandbox.webhooks()))
    assert {json.loads(body)["data"]["reference"] for body, _ in receiver.arrived} == references
    assert len(receiver.arrived) == 40


def test_webhook_is_replayed_with_the_same_body(sandbox: Sandbox, receiver: Receiver, pay: Callable[..., str]) -> None:
    reference = pay()
    receiver.wait_for(1)
    sandbox.replay_webhook(reference)
    first, second = receiver.wait_for(2)
    assert first[0] == second[0]
    assert httpx.post(f"{sandbox.url}/_control/webhooks/replay", json={"reference": "unknown"}).status_code == 404
    assert httpx.post(f"{sandbox.url}/_control/webhooks/replay", json={}).status_code == 422
