"""The sandbox's answers against the schemas, and the schemas against the published descriptions."""

import json
from collections.abc import Callable
from typing import Any

import httpx
from openapi_schema_validator import OAS31Validator

from tests.sandbox import dispute_schemas, schemas, transfer_schemas
from tests.sandbox.conftest import Receiver
from tests.sandbox.conversation import wait_until
from tests.sandbox.published import SPECS, check, check_published, disagreements, published_paystack, resolved
from tests.sandbox_process import Sandbox

Initialize = Callable[..., dict[str, Any]]


def test_every_answer_about_a_paid_transaction_has_its_shape(
    paystack: httpx.Client, sandbox: Sandbox, initialize: Initialize
) -> None:
    asked = {"email": "ada@demo.test", "amount": 300_000, "reference": "shape-1", "metadata": {"booking": "7"}}
    check(schemas.INITIALIZE_REQUEST, asked)
    check_published("TransactionInitialize", asked)
    started = paystack.post("/transaction/initialize", json=asked).json()
    check(schemas.INITIALIZE, started)
    check_published("TransactionInitializeResponse", started)
    httpx.post(started["data"]["authorization_url"], data={"outcome": "success"})
    verified = paystack.get("/transaction/verify/shape-1").json()
    number = verified["data"]["id"]
    for path, component in (
        ("/transaction/verify/shape-1", "VerifyResponse"),
        (f"/transaction/{number}", "TransactionFetchResponse"),
        ("/transaction?status=success", "TransactionListResponse"),
    ):
        body = paystack.get(path).json()
        check(schemas.PUBLISHED[component], body)
        check_published(component, body)


def test_an_unpaid_transaction_has_the_shape_with_nulls(paystack: httpx.Client, initialize: Initialize) -> None:
    reference = initialize()["reference"]
    body = paystack.get(f"/transaction/verify/{reference}").json()
    check(schemas.VERIFY, body)
    check_published("VerifyResponse", body)
    check(schemas.TRANSACTION_LIST, paystack.get("/transaction").json())
    check(schemas.TRANSACTION_FETCH, paystack.get(f"/transaction/{body['data']['id']}").json())


def test_every_answer_about_a_refund_has_its_shape(paystack: httpx.Client, pay: Callable[..., str]) -> None:
    asked = {"transaction": pay(), "amount": 1000, "merchant_note": "refund 1"}
    check(schemas.REFUND_REQUEST, asked)
    check_published("RefundCreate", asked)
    created = paystack.post("/refund", json=asked).json()
    check(schemas.REFUND_CREATE, created)
    check_published("RefundCreateResponse", created)
    fetched = paystack.get(f"/refund/{created['data']['id']}").json()
    check(schemas.REFUND_FETCH, fetched)
    check_published("RefundFetchResponse", fetched)
    listed = paystack.get("/refund").json()
    check(schemas.REFUND_LIST, listed)
    check_published("RefundListResponse", listed)


def test_every_refusal_has_the_error_shape(paystack: httpx.Client, initialize: Initialize) -> None:
    initialize(reference="taken")
    duplicate = paystack.post(
        "/transaction/initialize", json={"email": "ada@demo.test", "amount": 1, "reference": "taken"}
    )
    check(schemas.ERROR, duplicate.json())
    check_published("TransactionInitializeBadRequestModel", duplicate.json())
    for refusal in (
        paystack.get("/transaction/verify/unknown"),
        paystack.get("/transaction/1"),
        paystack.get("/refund/1"),
        paystack.get("/transaction", headers={"authorization": "Bearer wrong"}),
    ):
        check(schemas.ERROR, refusal.json())
        check_published("Error", refusal.json())


def test_webhooks_have_their_shapes(paystack: httpx.Client, receiver: Receiver, pay: Callable[..., str]) -> None:
    paystack.post("/refund", json={"transaction": pay()})
    bodies = {event["event"]: event for event in (json.loads(body) for body, _ in receiver.wait_for(3))}
    check(schemas.CHARGE_EVENT, bodies.pop("charge.success"))
    assert bodies.keys() == {"refund.pending", "refund.processed"}
    for event in bodies.values():
        check(schemas.REFUND_EVENT, event)
    wait_until(lambda: len(receiver.arrived) == 3)


def test_the_schemas_agree_with_the_published_description() -> None:
    description = published_paystack()
    published = schemas.PUBLISHED | transfer_schemas.PUBLISHED | dispute_schemas.PUBLISHED
    for component, schema in published.items():
        OAS31Validator.check_schema(schema)
        if description is not None:
            assert list(disagreements(description, {"$ref": f"#/components/schemas/{component}"}, schema)) == []
    events = schemas.CHARGE_EVENT, schemas.REFUND_EVENT, transfer_schemas.TRANSFER_EVENT, dispute_schemas.DISPUTE_EVENT
    for schema in events:
        OAS31Validator.check_schema(schema)


def test_the_meeting_agrees_with_the_published_description() -> None:
    OAS31Validator.check_schema(schemas.MEETING)
    path = SPECS / "zoom-meetings-2021.json"
    if path.exists():
        description = json.loads(path.read_text("utf-8"))
        responses = description["paths"]["/users/{userId}/meetings"]["post"]["responses"]
        numbers, meeting = responses["201"]["schema"]["allOf"]
        published = numbers["properties"] | resolved(description, meeting)["properties"]
        assert list(disagreements(description, {"type": "object", "properties": published}, schemas.MEETING)) == []


def test_a_disagreement_is_noticed() -> None:
    published = {"type": "object", "properties": {"amount": {"type": "integer"}}}
    assert list(disagreements({}, published, schemas.record({"amount": schemas.text()})))
    assert list(disagreements({}, published, schemas.record({"amounts": schemas.whole()})))
    assert not list(disagreements({}, published, schemas.record({"amount": schemas.whole()})))
