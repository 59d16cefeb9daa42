"""What Paystack has really answered beside its description, and what the client makes of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from oluko.core.gateway import OutcomeUnknown
from oluko.payments.paystack import DuplicateReference, NotEnoughBalance, Paystack, Refused

REFERENCE = "payout-0000000000000001"
CHARGE: dict[str, Any] = {
    "id": 4_099_260_516, "domain": "test", "status": "success", "reference": "olk-1", "amount": 500_000, "fees": 17_500,
    "currency": "NGN", "channel": "card", "gateway_response": "Successful", "metadata": {"booking": "7"},
    "paid_at": "2026-05-04T09:00:00.000Z",
}  # fmt: skip
TRANSFER: dict[str, Any] = {
    "id": 1, "reference": REFERENCE, "status": "pending", "amount": 100_000, "currency": "NGN", "reason": "May",
    "transfer_code": "TRF_1", "recipient": {"recipient_code": "RCP_1"}, "createdAt": "2026-05-04T09:00:00.000Z",
    "fee_charged": 1_000,
}  # fmt: skip
DISPUTE: dict[str, Any] = {
    "id": 5, "status": "resolved", "resolution": "declined", "refund_amount": 100_000, "currency": "NGN",
    "transaction": {"reference": "olk-1"}, "category": "fraud", "dueAt": "2026-05-05T09:00:00.000Z",
    "createdAt": "2026-05-04T09:00:00.000Z",
}  # fmt: skip

Answering = Callable[..., Paystack]


@pytest.fixture
def answering() -> Iterator[Answering]:
    """`answering(body, status=200)`: a client of a Paystack that always answers so; a text is sent as it is."""
    said: dict[str, Any] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            self.send_response(said["status"])
            self.send_header("content-length", str(len(said["body"])))
            self.end_headers()
            self.wfile.write(said["body"])

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *args: Any) -> None:
            """Say nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    client = Paystack(f"http://127.0.0.1:{server.server_port}", "sk_test_traps")

    def answer(body: Any, status: int = 200) -> Paystack:
        said.update(body=(body if isinstance(body, str) else json.dumps(body)).encode(), status=status)
        return client

    yield answer
    server.shutdown()
    server.server_close()


def data(of: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"status": True, "message": "ok", "data": of | changes}


def send(client: Paystack) -> Any:
    return client.transfer(reference=REFERENCE, amount=100_000, recipient="RCP_1", reason="May")


@pytest.mark.parametrize("metadata", ["", "0", 0, None, {}, [], '{"booking": "7"}', {"booking": {"id": 7}}])
def test_metadata_may_be_anything(answering: Answering, metadata: Any) -> None:
    charge = answering(data(CHARGE, metadata=metadata)).verify("olk-1")
    assert charge is not None
    assert (charge.amount, charge.fee) == (500_000, 17_500)


@pytest.mark.parametrize(
    ("amount", "read"), [("500000", 500_000), (500_000.0, 500_000), ("-1", -1), (0, 0), ("0", 0), (10**15, 10**15)]
)
def test_amounts_may_be_digits(answering: Answering, amount: Any, read: int) -> None:
    charge = answering(data(CHARGE, amount=amount)).verify("olk-1")
    assert charge is not None
    assert charge.amount == read
    sent = send(answering(data(TRANSFER, amount=amount)))
    assert sent.amount == read


@pytest.mark.parametrize("amount", [None, "", "5000.50", 5_000.5, "five", True, {}, [1], "1e6", "٥", "9" * 30, "--5"])
def test_what_is_no_amount_is_no_answer(answering: Answering, amount: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        answering(data(CHARGE, amount=amount)).verify("olk-1")
    with pytest.raises(OutcomeUnknown):
        send(answering(data(TRANSFER, amount=amount)))
    balance = {"status": True, "message": "ok", "data": [{"currency": "NGN", "balance": amount}]}
    with pytest.raises(OutcomeUnknown):
        answering(balance).balance()


@pytest.mark.parametrize(("fees", "read"), [(None, 0), ("", 0), (0, 0), ("17500", 17_500)])
def test_fees_may_be_missing_until_they_are_known(answering: Answering, fees: Any, read: int) -> None:
    charge = answering(data(CHARGE, fees=fees)).verify("olk-1")
    assert charge is not None
    assert charge.fee == read
    without = {
        name: value for name, value in CHARGE.items() if name not in ("fees", "gateway_response", "channel", "id")
    }
    charge = answering(data(without)).verify("olk-1")
    assert charge is not None
    assert (charge.fee, charge.channel) == (0, "")


@pytest.mark.parametrize(
    ("recipient", "read"),
    [
        ({"recipient_code": "RCP_1"}, "RCP_1"),
        (28, ""),
        ("RCP_1", ""),
        (None, ""),
        ({}, ""),
        ({"recipient_code": None}, ""),
    ],
)
def test_a_recipient_may_be_an_object_a_number_or_nothing(answering: Answering, recipient: Any, read: str) -> None:
    assert send(answering(data(TRANSFER, recipient=recipient))).recipient == read
    found = answering(data(TRANSFER, recipient=recipient)).transfer_by_reference(REFERENCE)
    assert found is not None
    assert found.recipient == read


def test_a_transfer_may_lack_all_that_no_decision_hangs_on(answering: Answering) -> None:
    needed = {name: TRANSFER[name] for name in ("reference", "status", "amount", "currency", "transfer_code")}
    sent = send(answering(data(needed)))
    assert (sent.fee, sent.created_at, sent.reason, sent.paystack_id) == (None, None, "", "")
    for name in needed:
        with pytest.raises(OutcomeUnknown):
            send(answering(data({key: value for key, value in needed.items() if key != name})))


@pytest.mark.parametrize("status", [200, 201, 400, 404, 422, 429, 500, 502, 504])
@pytest.mark.parametrize("body", ["<html><h1>502 Bad Gateway</h1></html>", "", "null", "[]", '"ok"', "{"])
def test_what_is_not_json_of_an_object_tells_nothing(answering: Answering, status: int, body: str) -> None:
    client = answering(body, status)
    for call in (send, lambda client: client.transfer_by_reference(REFERENCE), lambda client: client.verify("olk-1")):
        with pytest.raises(OutcomeUnknown):
            call(client)


@pytest.mark.parametrize("body", [{"status": True}, {"status": True, "data": None}, {"status": True, "data": "x"}])
def test_success_without_data_tells_nothing(answering: Answering, body: Any) -> None:
    client = answering(body)
    for call in (
        send, lambda client: client.transfer_by_reference(REFERENCE), lambda client: client.banks(),
        lambda client: client.balance(), lambda client: client.dispute("5"),
    ):  # fmt: skip
        with pytest.raises(OutcomeUnknown):
            call(client)


@pytest.mark.parametrize("status", [200, 400, 404, 422])
def test_a_refusal_is_one_whatever_its_status(answering: Answering, status: int) -> None:
    def said(message: Any, **more: Any) -> Paystack:
        return answering({"status": False, "message": message} | more, status)

    with pytest.raises(NotEnoughBalance):
        send(said("Your balance is not enough to fulfil this request"))
    with pytest.raises(NotEnoughBalance):
        send(said("No", code="insufficient_balance"))
    with pytest.raises(DuplicateReference):
        send(said("Please provide a unique reference. Reference already exists on a transfer"))
    with pytest.raises(DuplicateReference):
        send(said("No", code="duplicate_transfer_reference"))
    with pytest.raises(Refused):
        send(said("You cannot initiate third party payouts as a starter business"))
    with pytest.raises(Refused):
        send(said(None))
    assert said("Transfer not found").transfer_by_reference(REFERENCE) is None
    assert said("Transaction reference not found.").verify("olk-1") is None
    assert said("Dispute not found").dispute("5") is None
    with pytest.raises(Refused):
        said("Invalid key").transfer_by_reference(REFERENCE)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_trouble_is_no_refusal_whatever_it_says(answering: Answering, status: int) -> None:
    for message in ("Transfer not found", "Your balance is not enough to fulfil this request", "No"):
        client = answering({"status": False, "message": message}, status)
        for call in (send, lambda client: client.transfer_by_reference(REFERENCE)):
            with pytest.raises(OutcomeUnknown):
                call(client)


def test_an_answer_about_another_transfer_is_none(answering: Answering) -> None:
    client = answering(data(TRANSFER, reference="payout-0000000000000002"))
    for call in (send, lambda client: client.transfer_by_reference(REFERENCE)):
        with pytest.raises(OutcomeUnknown):
            call(client)


@pytest.mark.parametrize(
    "where",
    [
        {"transaction": {"reference": "olk-1"}},
        {"transaction": 4_099_260_516, "merchant_transaction_reference": "olk-1"},
        {"transaction": 4_099_260_516, "transaction_reference": "olk-1"},
        {"transaction": None, "transaction_reference": "olk-1"},
    ],
)
def test_a_dispute_names_its_charge_in_several_ways(answering: Answering, where: dict[str, Any]) -> None:
    found = answering(data(DISPUTE, **where)).dispute("5")
    assert found is not None
    assert (found.reference, found.amount, found.paystack_id) == ("olk-1", 100_000, "5")


def test_times_that_cannot_be_read_are_none(answering: Answering) -> None:
    for odd in (None, "", "soon", 5, {}):
        found = answering(data(DISPUTE, dueAt=odd, createdAt=odd, created_at="2026-05-04T09:00:00")).dispute("5")
        assert found is not None
        assert found.due_at is None
        assert found.created_at is not None
        assert found.created_at.tzinfo is not None


def test_banks_that_take_no_transfers_are_left_out_and_the_same_code_is_one(answering: Answering) -> None:
    rows = [
        {"code": "058", "name": "Guaranty Trust Bank", "active": True, "supports_transfer": True},
        {"code": "058", "name": "GTBank", "active": True, "supports_transfer": True},
        {"code": "030", "name": "Heritage Bank", "active": False, "supports_transfer": True},
        {"code": "999", "name": "No Transfers", "active": True, "supports_transfer": False},
        {"code": "011", "name": "First Bank of Nigeria"},
    ]
    for meta in ({}, {"meta": None}, {"meta": {"next": None}}, {"meta": {"next": "again and again"}}):
        body = {"status": True, "message": "ok", "data": rows} | meta
        assert [bank.code for bank in answering(body).banks()] == ["058", "011"]
