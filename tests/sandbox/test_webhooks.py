"""Paystack's webhooks: signed, queued, repeated until they are taken."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests.ports import free_port
from tests.sandbox.conftest import Receiver
from tests.sandbox.conversation import KEY, wait_until
from tests.sandbox_process import Sandbox, run_sandbox


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


def test_events_tell_newest_first_how_they_were_told(
    sandbox: Sandbox, receiver: Receiver, pay: Callable[..., str]
) -> None:
    sandbox.control(paystack={"mode": "no-webhook", "times": 1})
    pay(reference="kept-back")
    pay(reference="told")
    receiver.wait_for(1)
    wait_until(lambda: sandbox.events()[0]["arrived"] == 1)
    told, kept_back = sandbox.events()
    assert (told["event"], told["reference"], told["last_answer"]) == ("charge.success", "told", "200")
    assert (kept_back["reference"], kept_back["copies"], kept_back["arrived"]) == ("kept-back", 0, 0)
    assert json.loads(told["body"])["data"]["reference"] == "told"
    assert [event["reference"] for event in sandbox.events(limit=1)] == ["told"]


def test_an_event_is_delivered_again_at_once_as_often_as_wanted(
    sandbox: Sandbox, receiver: Receiver, pay: Callable[..., str]
) -> None:
    pay()
    first, headers = receiver.wait_for(1)[0]
    wait_until(lambda: sandbox.events()[0]["arrived"] == 1)
    assert sandbox.deliver(sandbox.events()[0]["id"], copies=10) == ["200"] * 10
    assert {body for body, _ in receiver.arrived} == {first}
    assert {one["x-paystack-signature"] for _, one in receiver.arrived} == {headers["x-paystack-signature"]}
    assert sandbox.events()[0]["arrived"] == 11


def test_a_forged_delivery_has_a_wrong_signature_and_is_not_repeated(
    sandbox: Sandbox, receiver: Receiver, pay: Callable[..., str]
) -> None:
    pay()
    body, headers = receiver.wait_for(1)[0]
    receiver.status = 401
    assert sandbox.deliver(sandbox.events()[0]["id"], forged=True) == ["401"]
    forged_body, forged = receiver.arrived[1]
    assert forged_body == body
    assert len(forged["x-paystack-signature"]) == len(headers["x-paystack-signature"])
    assert forged["x-paystack-signature"] != headers["x-paystack-signature"]


def test_deliveries_that_make_no_sense_are_refused(sandbox: Sandbox, pay: Callable[..., str]) -> None:
    pay()
    address = f"{sandbox.url}/_control/events/{sandbox.events()[0]['id']}/deliver"
    for wish in ({"copies": 0}, {"copies": 21}, {"copies": "2"}, {"copies": True}, {"forged": "yes"}, []):
        assert httpx.post(address, json=wish).status_code == 422, wish
    assert httpx.post(f"{sandbox.url}/_control/events/99/deliver", json={}).status_code == 404
    assert httpx.get(f"{sandbox.url}/_control/events", params={"limit": "0"}).status_code == 422
