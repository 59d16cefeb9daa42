"""Paystack's transfers and its balance."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox import schemas
from tests.sandbox.conftest import Receiver
from tests.sandbox.conversation import KEY, wait_until
from tests.sandbox.published import check, check_published
from tests.sandbox.transfer_schemas import PUBLISHED, TRANSFER_EVENT
from tests.sandbox_process import Sandbox, run_sandbox

Send = Callable[..., httpx.Response]


@pytest.fixture
def send(paystack: httpx.Client, sandbox: Sandbox) -> Send:
    """Ask for a transfer of 1,000 naira, changed as told; 100,000 naira are there."""
    sandbox.control(paystack={"topUp": 10_000_000})

    def ask(reference: str = "payout-0000000000000001", account: str = "0022728151", **changes: Any) -> httpx.Response:
        new = {"type": "nuban", "name": "Tunde Alabi", "account_number": account, "bank_code": "058"}
        code = paystack.post("/transferrecipient", json=new).json()["data"]["recipient_code"]
        wish = {"source": "balance", "amount": 100_000, "recipient": code, "reference": reference, "reason": "May"}
        return paystack.post("/transfer", json=wish | changes)

    return ask


def balance(paystack: httpx.Client) -> int:
    answer = paystack.get("/balance").json()
    check(PUBLISHED["BalanceCheckResponse"], answer)
    check_published("BalanceCheckResponse", answer)
    (one,) = answer["data"]
    return int(one["balance"])


def transfer_status(paystack: httpx.Client, reference: str = "payout-0000000000000001") -> str:
    return str(paystack.get(f"/transfer/verify/{reference}").json()["data"]["status"])


def test_transfer_is_pending_then_successful_and_told(paystack: httpx.Client, receiver: Receiver, send: Send) -> None:
    answer = send().json()
    check(PUBLISHED["TransferCreateResponse"], answer)
    check_published("TransferCreateResponse", answer)
    assert answer["data"]["status"] == "pending"
    (body, _), *others = receiver.wait_for(1)
    assert others == []
    told = json.loads(body)
    check(TRANSFER_EVENT, told)
    assert (told["event"], told["data"]["reference"], told["data"]["amount"]) == (
        "transfer.success", "payout-0000000000000001", 100_000,
    )  # fmt: skip
    assert transfer_status(paystack) == "success"
    assert balance(paystack) == 10_000_000 - 100_000 - 1_000


def test_every_answer_about_a_transfer_has_its_shape(paystack: httpx.Client, sandbox: Sandbox, send: Send) -> None:
    code = send().json()["data"]["transfer_code"]
    wait_until(lambda: transfer_status(paystack) == "success")
    for path, component in (
        ("/transfer/verify/payout-0000000000000001", "TransferVerifyResponse"),
        (f"/transfer/{code}", "TransferFetchResponse"),
        ("/transfer?status=success", "TransferListResponse"),
    ):
        body = paystack.get(path).json()
        check(PUBLISHED[component], body)
        check_published(component, body)
    for unknown in ("/transfer/verify/payout-unknown-0001", "/transfer/TRF_unknown"):
        refused = paystack.get(unknown)
        assert (refused.status_code, refused.json()["message"]) == (404, "Transfer not found")
        check_published("Error", refused.json())


def test_a_reference_is_sent_once_however_many_ask_at_once(
    paystack: httpx.Client, sandbox: Sandbox, send: Send
) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = [one.result() for one in [pool.submit(send) for _ in range(8)]]
    assert sorted(one.status_code for one in answers) == [200] + [400] * 7
    refused = next(one.json() for one in answers if one.status_code == 400)
    assert refused["code"] == "duplicate_transfer_reference"
    assert refused["message"] == "Please provide a unique reference. Reference already exists on a transfer"
    assert len(sandbox.transfers()) == 1


def test_the_balance_is_charges_less_fees_refunds_and_transfers(
    paystack: httpx.Client, sandbox: Sandbox, pay: Callable[..., str], send: Send
) -> None:
    first, _ = pay(), pay(amount=5_000_000)
    charged = 500_000 - 17_500 + 5_000_000 - 85_000
    assert balance(paystack) == 10_000_000 + charged
    paystack.post("/refund", json={"transaction": first, "amount": 200_000})
    send(amount=5_000_000)
    left = 10_000_000 + charged - 200_000 - 5_000_000 - 2_500
    assert balance(paystack) == left
    short = send("payout-0000000000000002", amount=left - 5_000 + 1)
    assert (short.status_code, short.json()["message"]) == (400, "Your balance is not enough to fulfil this request")
    check(schemas.ERROR, short.json())
    # Nothing was noted of it, so that the same reference may be sent again.
    assert send("payout-0000000000000002", amount=left - 5_000).status_code == 200
    assert balance(paystack) == 0


@pytest.mark.parametrize(
    ("amount", "fee"), [(1, 1_000), (500_000, 1_000), (500_001, 2_500), (5_000_000, 2_500), (5_000_001, 5_000)]
)
def test_a_transfer_has_its_price(paystack: httpx.Client, send: Send, amount: int, fee: int) -> None:
    code = send(amount=amount).json()["data"]["transfer_code"]
    assert paystack.get(f"/transfer/{code}").json()["data"]["fee_charged"] == fee


def test_wrong_transfers_are_refused(sandbox: Sandbox, send: Send) -> None:
    wrong: dict[str, Any]
    for wrong in (
        {"source": "card"}, {"amount": 0}, {"amount": -1}, {"amount": "x"}, {"amount": 10.5}, {"recipient": "RCP_none"},
        {"recipient": 5}, {"recipient": ""}, {"reference": "too-short"}, {"reference": "x" * 51}, {"reference": None},
        {"reference": "Payout-0000000000000001"}, {"reference": "payout 0000000000000001"}, {"reason": 7},
        {"currency": "GHS"},
    ):  # fmt: skip
        refused = send(**wrong)
        assert refused.status_code == 400, wrong
        check(schemas.ERROR, refused.json())
    assert sandbox.transfers() == []


@pytest.mark.parametrize(
    ("mode", "account", "first", "last"),
    [
        ("transfer-failed", "0022728151", "pending", "failed"),
        ("transfer-reversed", "0022728151", "pending", "reversed"),
        ("transfer-abandoned", "0022728151", "otp", "abandoned"),
        ("transfer-blocked", "0022728151", "received", "blocked"),
        ("transfer-rejected", "0022728151", "received", "rejected"),
        ("normal", "0000000101", "pending", "failed"),
        ("normal", "0000000102", "pending", "reversed"),
        ("normal", "0000000107", "otp", "abandoned"),
    ],
)
def test_what_does_not_succeed_comes_back_with_its_fee(
    paystack: httpx.Client, sandbox: Sandbox, send: Send, mode: str, account: str, first: str, last: str
) -> None:
    sandbox.control(paystack={"mode": mode})
    assert send(account=account).json()["data"]["status"] == first
    assert balance(paystack) == 10_000_000 - 101_000
    wait_until(lambda: transfer_status(paystack) == last)
    assert balance(paystack) == 10_000_000
    # Paystack tells only of failures and returns; of the other ends one has to ask.
    told = [one["event"] for one in sandbox.webhooks()]
    assert told == ([f"transfer.{last}"] if last in ("failed", "reversed") else [])


@pytest.mark.parametrize("status", ["pending", "otp", "received"])
def test_what_is_under_way_stays_so_until_it_is_directed(
    paystack: httpx.Client, sandbox: Sandbox, receiver: Receiver, send: Send, status: str
) -> None:
    sandbox.control(paystack={"mode": f"transfer-{status}", "times": 1})
    send()
    send("payout-0000000000000002")
    wait_until(lambda: transfer_status(paystack, "payout-0000000000000002") == "success")
    assert transfer_status(paystack) == status
    sandbox.control(paystack={"transfer": {"reference": "payout-0000000000000001", "status": "success"}})
    assert transfer_status(paystack) == "success"
    assert {json.loads(body)["event"] for body, _ in receiver.wait_for(2)} == {"transfer.success"}


def test_success_can_be_returned_later_and_its_fee_is_gone(
    paystack: httpx.Client, sandbox: Sandbox, receiver: Receiver, send: Send
) -> None:
    sandbox.control(paystack={"mode": "transfer-reversed-later", "times": 1})
    send()
    told = [json.loads(body)["event"] for body, _ in receiver.wait_for(2)]
    assert sorted(told) == ["transfer.reversed", "transfer.success"]
    send("payout-0000000000000002")
    wait_until(lambda: transfer_status(paystack, "payout-0000000000000002") == "success")
    sandbox.control(paystack={"transfer": {"reference": "payout-0000000000000002", "status": "reversed"}})
    assert [one["status"] for one in sandbox.transfers()] == ["reversed", "reversed"]
    assert balance(paystack) == 10_000_000 - 2 * 1_000


def test_wrong_directions_change_nothing_not_even_the_mode(sandbox: Sandbox, send: Send) -> None:
    sandbox.control(paystack={"mode": "transfer-failed"})
    send()
    wait_until(lambda: sandbox.transfers()[0]["status"] == "failed")
    wish: dict[str, Any]
    for wish in (
        {"transfer": {"reference": "payout-0000000000000001", "status": "success"}}, {"transfer": {"reference": "x"}},
        {"transfer": {"reference": "unknown", "status": "success"}}, {"transfer": "x"}, {"topUp": 0}, {"topUp": "5"},
        {"topUp": -1}, {"topUp": True}, {"mode": "error", "topUp": 0},
    ):  # fmt: skip
        assert httpx.post(f"{sandbox.url}/_control", json={"paystack": wish}).status_code == 422, wish
    assert sandbox.control(paystack={"topUp": 5})["paystack"]["mode"] == "transfer-failed"
    assert sandbox.control(paystack={"topUp": 5, "mode": "normal"})["paystack"]["mode"] == "normal"


def test_no_balance_is_a_mode_too(sandbox: Sandbox, send: Send) -> None:
    sandbox.control(paystack={"mode": "no-balance", "times": 2})
    assert [send().status_code for _ in range(3)] == [400, 400, 200]


def test_time_outs_hide_whether_the_money_left(paystack: httpx.Client, sandbox: Sandbox, send: Send) -> None:
    new = {"type": "nuban", "name": "Tunde Alabi", "account_number": "0022728151", "bank_code": "058"}
    code = paystack.post("/transferrecipient", json=new).json()["data"]["recipient_code"]
    wish = {"source": "balance", "amount": 100_000, "recipient": code}
    for mode, reference in (("timeout", "payout-after-the-work"), ("timeout-before", "payout-before-the-work")):
        sandbox.control(paystack={"mode": mode, "times": 1})
        with pytest.raises(httpx.ReadTimeout):
            paystack.post("/transfer", json=wish | {"reference": reference}, timeout=0.5)
    assert [one["reference"] for one in sandbox.transfers()] == ["payout-after-the-work"]


def test_transfers_are_listed_newest_first_by_time_status_and_recipient(paystack: httpx.Client, send: Send) -> None:
    for number in (1, 2, 3):
        send(f"payout-000000000000000{number}", account=f"002272815{number % 2}")
    wait_until(lambda: transfer_status(paystack, "payout-0000000000000003") == "success")
    everything = paystack.get("/transfer", params={"perPage": 2}).json()
    assert [one["reference"][-1] for one in everything["data"]] == ["3", "2"]
    assert everything["meta"]["total"] == 3
    second = paystack.get("/transfer", params={"per_page": 2, "page": 2}).json()["data"]
    assert [one["reference"][-1] for one in second] == ["1"]
    code = second[0]["recipient"]["recipient_code"]
    same = paystack.get("/transfer", params={"recipient": code}).json()["data"]
    assert [one["reference"][-1] for one in same] == ["3", "1"]
    later = paystack.get("/transfer", params={"from": everything["data"][0]["createdAt"]}).json()["data"]
    assert [one["reference"][-1] for one in later] == ["3"]
    assert paystack.get("/transfer", params={"status": "failed"}).json()["data"] == []
    assert paystack.get("/transfer", params={"status": "lost"}).status_code == 400


def test_transfers_go_on_after_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    headers = {"authorization": f"Bearer {KEY}"}
    new = {"type": "nuban", "name": "Tunde Alabi", "account_number": "0022728151", "bank_code": "058"}
    wish = {"source": "balance", "amount": 100_000, "reference": "payout-0000000000000001"}
    with run_sandbox(tmp_path, KEY, receiver.url, refund_delay=2) as before:
        before.control(paystack={"topUp": 200_000})
        made = httpx.post(f"{before.url}/transferrecipient", json=new, headers=headers).json()["data"]
        httpx.post(f"{before.url}/transfer", json=wish | {"recipient": made["recipient_code"]}, headers=headers)
        assert before.transfers()[0]["status"] == "pending"
        before.process.kill()
    with run_sandbox(tmp_path, KEY, receiver.url) as after:
        wait_until(lambda: after.transfers()[0]["status"] == "success")
        receiver.wait_for(1)
