"""Paystack's disputes."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from tests.sandbox import schemas
from tests.sandbox.conftest import Receiver
from tests.sandbox.conversation import KEY, status_of, wait_until
from tests.sandbox.dispute_schemas import DISPUTE_EVENT, PUBLISHED
from tests.sandbox.published import check, check_published
from tests.sandbox_process import Sandbox, run_sandbox

Pay = Callable[..., str]
ANSWER = {"resolution": "declined", "message": "They met.", "refund_amount": 500_000, "uploaded_filename": "room.pdf"}


def dispute(sandbox: Sandbox, reference: str, **more: Any) -> int:
    """Direct the dispute of a charge, which opens it unless an event is named; its number."""
    sandbox.control(paystack={"dispute": {"reference": reference} | more})
    return int(sandbox.disputes()[-1]["id"])


def balance(paystack: httpx.Client) -> int:
    return int(paystack.get("/balance").json()["data"][0]["balance"])


def test_a_dispute_is_opened_reminded_of_and_resolved_and_each_is_told(
    paystack: httpx.Client, sandbox: Sandbox, receiver: Receiver, pay: Pay
) -> None:
    reference = pay()
    number = dispute(sandbox, reference)
    dispute(sandbox, reference, event="remind")
    dispute(sandbox, reference, event="resolve", resolution="declined")
    told = {event["event"]: event for event in (json.loads(body) for body, _ in receiver.wait_for(4))}
    del told["charge.success"]
    for event in told.values():
        check(DISPUTE_EVENT, event)
        assert (event["data"]["id"], event["data"]["transaction"]["reference"]) == (number, reference)
    first, last = told["charge.dispute.create"]["data"], told["charge.dispute.resolve"]["data"]
    assert told["charge.dispute.remind"]["data"]["status"] == first["status"] == "awaiting-merchant-feedback"
    left = datetime.fromisoformat(first["dueAt"]) - datetime.now(UTC)
    assert timedelta(hours=23) < left <= timedelta(hours=24)
    assert (last["status"], last["resolution"], last["refund_amount"]) == ("resolved", "declined", 500_000)
    assert status_of(paystack, reference) == "success"
    assert balance(paystack) == 500_000 - 17_500


def test_every_answer_about_a_dispute_has_its_shape(paystack: httpx.Client, sandbox: Sandbox, pay: Pay) -> None:
    number = dispute(sandbox, pay())
    evidence = dict.fromkeys(("customer_email", "customer_name", "customer_phone", "service_details"), "x")
    for component, body in (("DisputeEvidence", evidence), ("DisputeResolve", ANSWER)):
        check(PUBLISHED[component], body)
        check_published(component, body)
    for component, answer in (
        ("DisputeListResponse", paystack.get("/dispute")),
        ("DisputeFetchResponse", paystack.get(f"/dispute/{number}")),
        ("DisputeAddEvidenceResponse", paystack.post(f"/dispute/{number}/evidence", json=evidence)),
        ("DisputeUploadURLResponse", paystack.get(f"/dispute/{number}/upload_url?upload_filename=room.pdf")),
        ("DisputeResolveResponse", paystack.put(f"/dispute/{number}/resolve", json=ANSWER)),
        ("DisputeListResponse", paystack.get("/dispute?status=resolved")),
        ("DisputeFetchResponse", paystack.get(f"/dispute/{number}")),
    ):
        assert answer.status_code == 200, answer.text
        check(PUBLISHED[component], answer.json())
        check_published(component, answer.json())


def test_accepting_gives_the_money_back_without_a_refund(paystack: httpx.Client, sandbox: Sandbox, pay: Pay) -> None:
    whole, part, late = pay(), pay(), pay()
    before = balance(paystack)
    for reference, amount in ((whole, 500_000), (part, 200_000)):
        number = dispute(sandbox, reference)
        accepted = ANSWER | {"resolution": "merchant-accepted", "refund_amount": amount}
        assert paystack.put(f"/dispute/{number}/resolve", json=accepted).json()["data"]["refund_amount"] == amount
        assert paystack.put(f"/dispute/{number}/resolve", json=accepted).status_code == 400
    dispute(sandbox, late, dueAt=datetime.now(UTC).isoformat(), amount=100_000)
    wait_until(lambda: sandbox.disputes()[-1]["status"] == "resolved")
    assert [one["resolution"] for one in sandbox.disputes()] == ["merchant-accepted"] * 2 + ["auto-accepted"]
    assert [status_of(paystack, one) for one in (whole, part, late)] == ["reversed", "success", "success"]
    assert balance(paystack) == before - 800_000
    assert paystack.get("/refund").json()["data"] == []
    # What is left may be disputed again, and no more.
    wish = {"paystack": {"dispute": {"reference": part, "amount": 300_001}}}
    assert httpx.post(f"{sandbox.url}/_control", json=wish).status_code == 422
    dispute(sandbox, part, amount=300_000)


def test_evidence_and_files_are_kept(paystack: httpx.Client, sandbox: Sandbox, pay: Pay) -> None:
    number = dispute(sandbox, pay())
    given = {name: name for name in ("customer_email", "customer_name", "customer_phone", "service_details")}
    assert paystack.post(f"/dispute/{number}/evidence", json=given).status_code == 200
    assert paystack.post(f"/dispute/{number}/evidence", json=given | {"customer_name": ""}).status_code == 400
    place = paystack.get(f"/dispute/{number}/upload_url", params={"upload_filename": "room.pdf"}).json()["data"]
    assert place["fileName"].endswith(".pdf")
    assert httpx.put(place["signedUrl"], content=b"%PDF").status_code == 200
    assert httpx.put(f"{sandbox.url}/dispute-files/unknown.pdf", content=b"x").status_code == 404
    (kept,) = sandbox.disputes()
    assert kept["evidence"][0]["service_details"] == "service_details"
    assert kept["files"] == [{"name": place["fileName"], "size": 4}]


def test_disputes_are_listed_by_status_charge_and_time(paystack: httpx.Client, sandbox: Sandbox, pay: Pay) -> None:
    numbers = [dispute(sandbox, reference) for reference in (pay(), pay(), pay())]
    paystack.put(f"/dispute/{numbers[0]}/resolve", json=ANSWER)
    pages = [paystack.get("/dispute", params={"perPage": 2, "page": page}).json() for page in (1, 2)]
    assert [one["id"] for page in pages for one in page["data"]] == numbers[::-1]
    waiting = paystack.get("/dispute", params={"status": "awaiting-merchant-feedback"}).json()["data"]
    assert [one["id"] for one in waiting] == numbers[:0:-1]
    charge = waiting[0]["transaction"]["id"]
    assert [one["id"] for one in paystack.get("/dispute", params={"transaction": charge}).json()["data"]] == numbers[2:]
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert paystack.get("/dispute", params={"from": tomorrow}).json()["data"] == []


def test_wrong_wishes_about_disputes_are_refused(
    paystack: httpx.Client, sandbox: Sandbox, initialize: Callable[..., dict[str, Any]], pay: Pay
) -> None:
    paid, unpaid = pay(), initialize()["reference"]
    wish: Any
    for wish in (
        "x", {}, {"reference": unpaid}, {"reference": "unknown"}, {"reference": paid, "event": "remind"},
        {"reference": paid, "event": "resolve", "resolution": "declined"}, {"reference": paid, "amount": 500_001},
        {"reference": paid, "amount": 0}, {"reference": paid, "category": "x"}, {"reference": paid, "dueAt": "soon"},
        {"reference": paid, "dueAt": 5}, {"reference": paid, "event": "win"}, {"reference": paid, "resolution": "x"},
    ):  # fmt: skip
        assert httpx.post(f"{sandbox.url}/_control", json={"paystack": {"dispute": wish}}).status_code == 422, wish
    assert sandbox.disputes() == []
    number = dispute(sandbox, paid)
    for again in ({"reference": paid}, {"reference": paid, "event": "resolve", "resolution": "won"}):
        assert httpx.post(f"{sandbox.url}/_control", json={"paystack": {"dispute": again}}).status_code == 422
    for wrong in (
        {"resolution": "auto-accepted"}, {"message": ""}, {"refund_amount": 500_001}, {"refund_amount": 0},
        {"uploaded_filename": 5},
    ):  # fmt: skip
        refused = paystack.put(f"/dispute/{number}/resolve", json=ANSWER | wrong)
        assert refused.status_code == 400, wrong
        check(schemas.ERROR, refused.json())
    for path in ("/dispute/1", "/dispute/x", "/dispute/1/upload_url"):
        assert paystack.get(path).status_code == 404
    assert paystack.get("/dispute", params={"status": "open"}).status_code == 400


def test_disputes_outlive_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    headers = {"authorization": f"Bearer {KEY}"}
    wish = {"email": "ada@demo.test", "amount": 100_000, "reference": "kept", "callback_url": "http://127.0.0.1:9/"}
    with run_sandbox(tmp_path, KEY, receiver.url) as before:
        made = httpx.post(f"{before.url}/transaction/initialize", json=wish, headers=headers).json()["data"]
        before.check_out(made["authorization_url"], "success")
        dispute(before, "kept", dueAt=(datetime.now(UTC) + timedelta(seconds=2)).isoformat())
        before.process.kill()
    with run_sandbox(tmp_path, KEY, receiver.url) as after:
        wait_until(lambda: after.disputes()[0]["resolution"] == "auto-accepted")
