"""Paystack's settlements, and the file that its dashboard exports."""

import csv
import io
from collections.abc import Callable

import httpx

from tests.sandbox import schemas
from tests.sandbox.dispute_schemas import SETTLEMENT_LIST
from tests.sandbox.published import check
from tests.sandbox_process import Sandbox

COLUMNS = (
    "Reference,Transaction Date,Customer Email,Amount Paid,Paystack Fee,Amount Due,Settlement Date,Gateway Response,"
    "Customer Fullname,Transaction ID,Card Type,Card Bank,Country Code,Currency,Subaccount,Subaccount Due"
)


def test_a_day_of_charges_is_a_settlement(paystack: httpx.Client, pay: Callable[..., str]) -> None:
    references = [pay(), pay(amount=100_050)]
    listed = paystack.get("/settlement").json()
    check(SETTLEMENT_LIST, listed)
    processed = sum(one["total_processed"] for one in listed["data"])
    fees = sum(one["total_fees"] for one in listed["data"])
    assert (processed, fees) == (600_050, 17_500 + 1_501)
    assert sum(one["total_amount"] for one in listed["data"]) == processed - fees
    found = []
    for one in reversed(listed["data"]):
        answer = paystack.get(f"/settlement/{one['id']}/transactions").json()
        check(schemas.TRANSACTION_LIST, answer)
        found += [row["reference"] for row in answer["data"]]
    assert found == references


def test_settlements_are_filtered_and_unknown_ones_are_none(paystack: httpx.Client, pay: Callable[..., str]) -> None:
    assert paystack.get("/settlement").json()["data"] == []
    pay()
    day = paystack.get("/settlement").json()["data"][0]["settlement_date"]
    for query, number in (
        ({"from": day, "to": day}, 1), ({"to": "2020-01-01"}, 0), ({"from": "2100-01-01"}, 0),
        ({"status": "pending"}, 0), ({"page": 2}, 0),
    ):  # fmt: skip
        assert len(paystack.get("/settlement", params=query).json()["data"]) == number, query
    assert paystack.get("/settlement", params={"status": "lost"}).status_code == 400
    for unknown in ("1", "3000000", "x"):
        assert paystack.get(f"/settlement/{unknown}/transactions").status_code == 404


def test_the_exported_file_has_the_dashboards_columns_in_naira(
    paystack: httpx.Client, sandbox: Sandbox, pay: Callable[..., str]
) -> None:
    reference = pay(email='ada,"lovelace"@demo.test', amount=500_050)
    number = paystack.get("/settlement").json()["data"][0]["id"]
    file = httpx.get(f"{sandbox.url}/_control/settlements/{number}.csv")
    assert file.headers["content-type"].startswith("text/csv")
    assert file.text.splitlines()[0] == COLUMNS
    (line,) = csv.DictReader(io.StringIO(file.text))
    assert (line["Reference"], line["Customer Email"]) == (reference, 'ada,"lovelace"@demo.test')
    assert (line["Amount Paid"], line["Paystack Fee"], line["Amount Due"]) == ("5000.50", "175.01", "4825.49")
    assert line["Settlement Date"] == line["Transaction Date"][:10]
    assert httpx.get(f"{sandbox.url}/_control/settlements/1.csv").status_code == 404
