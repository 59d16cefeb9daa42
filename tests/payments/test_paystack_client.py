"""Every call that the Paystack client makes, and every answer that it uses, against the published description."""

from __future__ import annotations

import json
import re
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from django.conf import settings
from openapi_schema_validator import OAS30Validator, OAS31Validator

from oluko.core.gateway import OutcomeUnknown
from oluko.payments.paystack import (
    AccountUnknown,
    DuplicateReference,
    NotEnoughBalance,
    Paystack,
    Refused,
)
from tests.sandbox import dispute_schemas, schemas, transfer_schemas
from tests.sandbox.conversation import wait_until
from tests.sandbox.published import published_paystack, resolved
from tests.sandbox_process import Sandbox

OURS = schemas.PUBLISHED | transfer_schemas.PUBLISHED | dispute_schemas.PUBLISHED
DATE_TIME = {"type": "string", "format": "date-time"}
LIST = {"from": DATE_TIME, "perPage": {"type": "integer"}, "page": {"type": "integer"}}
BY_TIME = {"from": DATE_TIME, "per_page": {"type": "integer"}, "page": {"type": "integer"}}
#: Every call that the client may make: its query, the component of its body, the component of its answer.
CALLS: dict[tuple[str, str], tuple[dict[str, Any], str, str]] = {
    ("POST", "/transaction/initialize"): ({}, "TransactionInitialize", "TransactionInitializeResponse"),
    ("GET", "/transaction/verify/{reference}"): ({}, "", "VerifyResponse"),
    ("GET", "/transaction"): (BY_TIME | {"status": {"enum": ["success"]}}, "", "TransactionListResponse"),
    ("POST", "/refund"): ({}, "RefundCreate", "RefundCreateResponse"),
    ("GET", "/refund/{id}"): ({}, "", "RefundFetchResponse"),
    ("GET", "/refund"): (LIST | {"transaction": {"type": "string"}}, "", "RefundListResponse"),
    ("GET", "/bank"): (
        {
            "country": {"enum": ["nigeria"]},
            "currency": {"enum": ["NGN"]},
            "use_cursor": {"type": "boolean"},
            "perPage": {"type": "integer"},
            "next": {"type": "string"},
        },
        "",
        "MiscellaneousListBanksResponse",
    ),
    ("GET", "/bank/resolve"): (
        {"account_number": {"type": "integer"}, "bank_code": {"type": "integer"}},
        "",
        "VerificationResolveAccountNumberResponse",
    ),
    ("POST", "/transferrecipient"): ({}, "TransferRecipientCreate", "TransferRecipientCreateResponse"),
    ("POST", "/transfer"): ({}, "TransferInitiate", "TransferCreateResponse"),
    ("GET", "/transfer/verify/{reference}"): ({}, "", "TransferVerifyResponse"),
    ("GET", "/transfer/{code}"): ({}, "", "TransferFetchResponse"),
    ("GET", "/transfer"): (BY_TIME, "", "TransferListResponse"),
    ("GET", "/balance"): ({}, "", "BalanceCheckResponse"),
    ("GET", "/dispute"): (LIST, "", "DisputeListResponse"),
    ("GET", "/dispute/{id}"): ({}, "", "DisputeFetchResponse"),
}
#: In Paystack's guide, and not in its description.
GUIDE_ONLY = {("GET", "/refund", "transaction")}


@dataclass
class Exchange:
    method: str
    path: str
    query: dict[str, str]
    body: Any
    status: int
    answer: Any


@dataclass
class Tap:
    """Stands between the client and the sandbox, passes everything on, and notes it."""

    sandbox: Sandbox
    url: str = ""
    exchanges: list[Exchange] = field(default_factory=list)
    #: Passes the next call on, and breaks the line instead of handing back the answer.
    breaks: bool = False

    def pass_on(self, method: str, address: str, headers: dict[str, str], body: bytes) -> httpx.Response:
        answer = httpx.request(method, self.sandbox.url + address, headers=headers, content=body, timeout=10)
        parts = urlsplit(address)
        sent = json.loads(body) if body else None
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.exchanges.append(Exchange(method, parts.path, query, sent, answer.status_code, answer.json()))
        return answer


@pytest.fixture
def tap(sandbox: Sandbox) -> Iterator[Tap]:
    there = Tap(sandbox)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            kept = {name: self.headers[name] for name in ("authorization", "content-type") if name in self.headers}
            answer = there.pass_on(self.command, self.path, kept, body)
            if there.breaks:
                there.breaks, self.close_connection = False, True
                return
            self.send_response(answer.status_code)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *args: Any) -> None:
            """Say nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    there.url = f"http://127.0.0.1:{server.server_port}"
    yield there
    server.shutdown()
    server.server_close()


@pytest.fixture
def client(tap: Tap) -> Paystack:
    return Paystack(tap.url, settings.OLUKO_PAYSTACK_SECRET_KEY)


@pytest.fixture
def reference() -> str:
    """One that nobody used before: the sandbox outlives a test."""
    return f"payout-{secrets.token_hex(10)}"


@pytest.fixture
def funded(sandbox: Sandbox) -> Sandbox:
    sandbox.control(paystack={"topUp": 100_000_000})
    return sandbox


def paid(client: Paystack, sandbox: Sandbox) -> str:
    """A charge of 5,000 naira; its reference."""
    began = client.initialize(
        reference=f"olk-{secrets.token_hex(8)}", email="ada@demo.test", amount=500_000, currency="NGN",
        callback_url="http://127.0.0.1:9/back", metadata={"booking": "7"},
    )  # fmt: skip
    sandbox.check_out(began.authorization_url, "success")
    return began.reference


def recipient(client: Paystack, account_number: str = "0022728151") -> str:
    found = client.resolve_account(account_number=account_number, bank_code="058")
    made = client.create_recipient(
        name=found.account_name, account_number=found.account_number, bank_code="058", description="A tutor"
    )
    return made.code


def test_every_call_and_every_answer_is_as_published(
    client: Paystack, tap: Tap, funded: Sandbox, reference: str
) -> None:
    since = datetime.now(UTC) - timedelta(hours=1)
    charge = client.verify(paid(client, funded))
    assert charge is not None
    refund = client.refund(transaction_id=charge.paystack_id, amount=100, currency="NGN", note="ours")
    client.refund_status(refund.paystack_id)
    client.refunds_of(charge.paystack_id)
    client.banks()
    sent = client.transfer(reference=reference, amount=100_000, recipient=recipient(client), reason="May")
    wait_until(lambda: (client.transfer_by_reference(sent.reference) or sent).status == "success")
    funded.control(paystack={"dispute": {"reference": charge.reference}})
    for one in client.disputes_since(since, 1):
        client.dispute(one.paystack_id)
    for lists in (client.charges_since, client.refunds_since, client.transfers_since):
        assert lists(since, 1)
    client.balance()
    assert {called(exchange) for exchange in tap.exchanges} == set(CALLS)
    for exchange in tap.exchanges:
        check_exchange(exchange)


def called(exchange: Exchange) -> tuple[str, str]:
    """Which of the calls an exchange was: the one without a variable part comes first."""
    for method, template in sorted(CALLS, key=lambda call: "{" in call[1]):
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template))
        if method == exchange.method and re.fullmatch(pattern, exchange.path):
            return method, template
    raise AssertionError(f"{exchange.method} {exchange.path} is no known call")


def check_exchange(exchange: Exchange) -> None:
    call = called(exchange)
    query, asked, answered = CALLS[call]
    assert exchange.query.keys() <= query.keys(), exchange
    for name, value in exchange.query.items():
        OAS31Validator(query[name]).validate(as_typed(query[name], value))
    assert (exchange.body is not None) == bool(asked)
    if asked:
        OAS31Validator(OURS[asked]).validate(exchange.body)
        assert exchange.body.keys() <= OURS[asked]["properties"].keys()
    assert exchange.status in (200, 201)
    OAS31Validator(OURS[answered]).validate(exchange.answer)
    if (description := published_paystack()) is not None:
        check_published_call(description, call, exchange)


def check_published_call(description: dict[str, Any], call: tuple[str, str], exchange: Exchange) -> None:
    operation = description["paths"][call[1]][call[0].lower()]
    known = {one["name"]: one["schema"] for one in operation.get("parameters", []) if one["in"] == "query"}
    for name, value in exchange.query.items():
        if (*call, name) not in GUIDE_ONLY:
            OAS30Validator(known[name]).validate(as_typed(known[name], value))
    pairs = [(published_answer(description, operation, exchange.status), exchange.answer)]
    if exchange.body is not None:
        pairs.append((operation["requestBody"]["content"]["application/json"]["schema"], exchange.body))
    for schema, body in pairs:
        OAS30Validator({"allOf": [schema], "components": description["components"]}).validate(body)


def published_answer(description: dict[str, Any], operation: dict[str, Any], status: int) -> dict[str, Any]:
    schema: dict[str, Any] = resolved(description, operation["responses"][str(status)])["content"]["application/json"]
    return schema["schema"]


def as_typed(schema: dict[str, Any], value: str) -> Any:
    """What a text of a query means where its schema says more than text."""
    if schema.get("type") == "integer" and value.isascii() and value.isdigit():
        return int(value)
    if schema.get("type") == "boolean" and value in ("true", "false"):
        return value == "true"
    return value


def test_banks_and_accounts_keep_their_zeros(client: Paystack, funded: Sandbox) -> None:
    banks = {bank.code: bank.name for bank in client.banks()}
    assert len(banks) >= 25
    assert (banks["058"], banks["011"]) == ("Guaranty Trust Bank", "First Bank of Nigeria")
    found = client.resolve_account(account_number="0022728151", bank_code="058")
    assert found.account_number == "0022728151"
    made = client.create_recipient(name="Tunde Alabi", account_number="0022728151", bank_code="058")
    assert (made.account_number, made.bank_code, made.bank_name) == ("0022728151", "058", "Guaranty Trust Bank")
    assert client.create_recipient(name="Another Name", account_number="0022728151", bank_code="058") == made


def test_an_unknown_account_is_told_from_a_provider_in_trouble(client: Paystack, sandbox: Sandbox) -> None:
    for number, bank in (("0000000000", "058"), ("123", "058"), ("0022728151", "999")):
        with pytest.raises(AccountUnknown):
            client.resolve_account(account_number=number, bank_code=bank)
    for number in ("0000000429", "0000000503"):
        with pytest.raises(OutcomeUnknown):
            client.resolve_account(account_number=number, bank_code="058")
    with pytest.raises(Refused) as refusal:
        client.create_recipient(name="Tunde Alabi", account_number="0000000400", bank_code="058")
    assert not isinstance(refusal.value, AccountUnknown)
    with pytest.raises(Refused) as refusal:
        Paystack(sandbox.url, "sk_test_wrong").resolve_account(account_number="0022728151", bank_code="058")
    assert not isinstance(refusal.value, AccountUnknown)


def test_a_transfer_tells_its_fee_once_it_succeeded(client: Paystack, funded: Sandbox, reference: str) -> None:
    before = client.balance()
    funded.control(paystack={"mode": "transfer-pending", "times": 1})
    sent = client.transfer(reference=reference, amount=500_001, recipient=recipient(client), reason="May")
    assert (sent.status, sent.fee, sent.recipient) == ("pending", None, "")
    waiting = client.transfer_by_reference(reference)
    assert waiting is not None
    assert (waiting.status, waiting.fee, waiting.recipient) == ("pending", None, recipient(client))
    funded.control(paystack={"transfer": {"reference": reference, "status": "success"}})
    done = client.transfer_by_reference(reference)
    assert done is not None
    assert (done.status, done.fee, done.amount, done.reason) == ("success", 2_500, 500_001, "May")
    assert client.balance() == before - 500_001 - 2_500
    listed = client.transfers_since(datetime.now(UTC) - timedelta(minutes=5), 1)
    assert next(one for one in listed if one.reference == reference).fee == 2_500
    assert client.transfers_since(datetime.now(UTC) - timedelta(minutes=5), 1000) == []


def test_refused_transfers_are_told_apart(client: Paystack, funded: Sandbox, reference: str) -> None:
    to = recipient(client)
    assert client.transfer_by_reference(reference) is None
    with pytest.raises(NotEnoughBalance) as short:
        client.transfer(reference=reference, amount=10**12, recipient=to, reason="May")
    assert short.value.temporary
    assert client.transfer_by_reference(reference) is None
    client.transfer(reference=reference, amount=100, recipient=to, reason="May")
    with pytest.raises(DuplicateReference) as twice:
        client.transfer(reference=reference, amount=100, recipient=to, reason="May")
    assert not twice.value.temporary
    with pytest.raises(Refused):
        client.transfer(reference=f"{reference}x", amount=100, recipient="RCP_unknown", reason="May")
    # Whoever gives the money back after a refusal must not do so after these.
    assert not issubclass(NotEnoughBalance, Refused)
    assert not issubclass(DuplicateReference, Refused)


@pytest.mark.parametrize("done", [True, False])
def test_a_lost_answer_is_an_unknown_outcome_and_nothing_is_sent_again(
    client: Paystack, tap: Tap, funded: Sandbox, reference: str, done: bool
) -> None:
    to = recipient(client)
    tap.exchanges.clear()
    if done:
        tap.breaks = True
    else:
        funded.control(paystack={"mode": "error", "times": 1})
    with pytest.raises(OutcomeUnknown):
        client.transfer(reference=reference, amount=100, recipient=to, reason="May")
    assert [exchange.method for exchange in tap.exchanges] == ["POST"]
    found = client.transfer_by_reference(reference)
    assert (found is not None) == done


def test_disputes_and_refunds_name_their_charge(client: Paystack, funded: Sandbox) -> None:
    since = datetime.now(UTC) - timedelta(minutes=5)
    reference = paid(client, funded)
    funded.control(paystack={"dispute": {"reference": reference, "amount": 200_000, "category": "fraud"}})
    found = next(one for one in client.disputes_since(since, 1) if one.reference == reference)
    assert (found.status, found.resolution, found.amount) == ("awaiting-merchant-feedback", "", 200_000)
    assert found.due_at is not None
    assert found.due_at > datetime.now(UTC)
    funded.control(
        paystack={"dispute": {"reference": reference, "event": "resolve", "resolution": "merchant-accepted"}}
    )
    ended = client.dispute(found.paystack_id)
    assert ended is not None
    assert (ended.status, ended.resolution, ended.category) == ("resolved", "merchant-accepted", "fraud")
    assert ended.resolved_at is not None
    assert client.dispute("1") is None
    charge = client.verify(reference)
    assert charge is not None
    client.refund(transaction_id=charge.paystack_id, amount=100, currency="NGN", note="ours")
    refund = next(one for one in client.refunds_since(since, 1) if one.reference == reference)
    assert (refund.amount, refund.currency, refund.note) == (100, "NGN", "ours")
    assert client.disputes_since(since, 1000) == []
    assert client.refunds_since(since, 1000) == []
