"""The sandbox's answers against the schemas, and the schemas against the published descriptions."""

import functools
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import yaml
from openapi_schema_validator import OAS30Validator, OAS31Validator

from tests.sandbox import schemas
from tests.sandbox.conftest import Receiver
from tests.sandbox.conversation import wait_until
from tests.sandbox_process import ROOT, Sandbox

Initialize = Callable[..., dict[str, Any]]
SPECS = Path(os.environ.get("OLUKO_SPECS") or ROOT.parent / "shared" / "specs")
# Paid or not, the answer has these; the published description knows only the paid one.
NULL_UNTIL_PAID = {"paid_at", "paidAt", "fees"}
# Texts and numbers that the published description has as always there, and life has not.
NULL_IN_LIFE = {"first_name", "last_name", "phone", "message", "ip_address"}


def check(schema: schemas.Schema, body: Any) -> None:
    OAS31Validator(schema).validate(body)


@functools.cache
def published_paystack() -> dict[str, Any] | None:
    path = SPECS / "paystack-openapi.yaml"
    return yaml.safe_load(path.read_text("utf-8")) if path.exists() else None


def check_published(component: str, body: Any) -> None:
    """Against the published description, where it is at hand."""
    if (description := published_paystack()) is None:
        return
    named = {"$ref": f"#/components/schemas/{component}"}
    OAS30Validator({"allOf": [named], "components": description["components"]}).validate(body)


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
    for component, schema in schemas.PUBLISHED.items():
        OAS31Validator.check_schema(schema)
        if description is not None:
            assert list(disagreements(description, {"$ref": f"#/components/schemas/{component}"}, schema)) == []
    for schema in (schemas.CHARGE_EVENT, schemas.REFUND_EVENT):
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


def resolved(description: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        found: Any = description
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = found
    return schema


def types_of(schema: dict[str, Any]) -> set[str]:
    """The types that a schema allows; none at all when it does not say."""
    kinds = schema.get("type", [])
    found = {kinds} if isinstance(kinds, str) else set(kinds)
    for one in schema.get("anyOf", []):
        found |= types_of(one)
    return found | {"null"} if schema.get("nullable") and found else found


def disagreements(
    description: dict[str, Any], published: dict[str, Any], ours: dict[str, Any], where: str = ""
) -> Iterator[str]:
    """Where ours names what the published has not, allows another type, or requires less of a request."""
    published = resolved(description, published)
    allowed, name = types_of(published), where.rpartition(".")[2]
    if allowed and (NULL_UNTIL_PAID | NULL_IN_LIFE) & {name}:
        allowed.add("null")
    if allowed and not types_of(ours) <= allowed:
        yield f"{where}: {types_of(ours)} is not within {allowed}"
    if "enum" in ours and "enum" in published and not set(ours["enum"]) <= set(published["enum"]):
        yield f"{where}: {ours['enum']} is not within {published['enum']}"
    for key, inner in ours.get("properties", {}).items():
        if key in published.get("properties", {}):
            yield from disagreements(description, published["properties"][key], inner, f"{where}.{key}")
        elif published.get("properties"):
            yield f"{where}.{key}: not published"
    if "items" in ours:
        yield from disagreements(description, published["items"], ours["items"], f"{where}[]")


def test_a_disagreement_is_noticed() -> None:
    published = {"type": "object", "properties": {"amount": {"type": "integer"}}}
    assert list(disagreements({}, published, schemas.record({"amount": schemas.text()})))
    assert list(disagreements({}, published, schemas.record({"amounts": schemas.whole()})))
    assert not list(disagreements({}, published, schemas.record({"amount": schemas.whole()})))
