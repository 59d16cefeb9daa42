"""Paystack's banks, accounts and recipients."""

import httpx
import pytest

from tests.sandbox import schemas
from tests.sandbox.published import check, check_published
from tests.sandbox.transfer_schemas import PUBLISHED

ACCOUNT = {"account_number": "0022728151", "bank_code": "063"}
NEW = {"type": "nuban", "name": "Tunde Alabi", "account_number": "0022728151", "bank_code": "058", "currency": "NGN"}


def test_banks_come_at_once_by_pages_and_by_cursors(paystack: httpx.Client) -> None:
    whole = paystack.get("/bank", params={"country": "nigeria", "currency": "NGN"}).json()
    check(PUBLISHED["MiscellaneousListBanksResponse"], whole)
    check_published("MiscellaneousListBanksResponse", whole)
    codes = [bank["code"] for bank in whole["data"]]
    assert len(codes) == len(set(codes)) >= 25
    assert {"058", "011", "035A"} <= set(codes)
    pages = [paystack.get("/bank", params={"perPage": 10, "page": number}).json()["data"] for number in (1, 2, 3, 4)]
    assert [bank["code"] for page in pages for bank in page] == codes
    found, query = [], {"use_cursor": "true", "perPage": "10"}
    while True:
        answer = paystack.get("/bank", params=query).json()
        check_published("MiscellaneousListBanksResponse", answer)
        found += [bank["code"] for bank in answer["data"]]
        if not answer["meta"]["next"]:
            break
        query["next"] = answer["meta"]["next"]
    assert found == codes
    query = {"use_cursor": "true", "perPage": "10", "previous": answer["meta"]["previous"]}
    assert [bank["code"] for bank in paystack.get("/bank", params=query).json()["data"]] == codes[10:20]


def test_banks_of_other_kinds_are_none_and_nonsense_is_refused(paystack: httpx.Client) -> None:
    for query in ({"country": "ghana"}, {"currency": "GHS"}, {"type": "mobile_money"}, {"pay_with_bank": "true"}):
        assert paystack.get("/bank", params=query).json()["data"] == []
    for query in ({"country": "atlantis"}, {"use_cursor": "true", "next": "x"}, {"perPage": "0"}):
        assert paystack.get("/bank", params=query).status_code == 400


def test_an_account_always_has_the_same_name_and_keeps_its_zeros(paystack: httpx.Client) -> None:
    first, again = (paystack.get("/bank/resolve", params=ACCOUNT | {"bank_code": "058"}).json() for _ in range(2))
    check(PUBLISHED["VerificationResolveAccountNumberResponse"], first)
    check_published("VerificationResolveAccountNumberResponse", first)
    assert first == again
    assert first["data"]["account_number"] == "0022728151"
    other = paystack.get("/bank/resolve", params=ACCOUNT | {"bank_code": "011"}).json()["data"]
    assert other["account_name"] != first["data"]["account_name"]


@pytest.mark.parametrize(
    ("number", "code", "status", "said"),
    [
        ("0000000000", "058", 422, "Could not resolve account name"),
        ("22728151", "058", 422, "Could not resolve account name"),
        ("00227281510", "058", 422, "Could not resolve account name"),
        ("٠٠٢٢٧٢٨١٥١", "058", 422, "Could not resolve account name"),
        ("0022728151", "58", 400, "Unknown bank code"),
        ("0022728151", "", 400, "Unknown bank code"),
        ("0000000429", "058", 429, "Daily limit"),
        ("0000000503", "058", 503, "cannot be reached"),
    ],
)
def test_what_is_no_account_is_not_resolved(
    paystack: httpx.Client, number: str, code: str, status: int, said: str
) -> None:
    refused = paystack.get("/bank/resolve", params={"account_number": number, "bank_code": code})
    assert refused.status_code == status
    assert said in refused.json()["message"]
    check(schemas.ERROR, refused.json())


def test_an_account_is_one_recipient_however_often_it_is_told(paystack: httpx.Client) -> None:
    check(PUBLISHED["TransferRecipientCreate"], NEW)
    check_published("TransferRecipientCreate", NEW)
    first = paystack.post("/transferrecipient", json=NEW)
    assert first.status_code == 201
    check(PUBLISHED["TransferRecipientCreateResponse"], first.json())
    check_published("TransferRecipientCreateResponse", first.json())
    again = paystack.post("/transferrecipient", json=NEW | {"name": "Somebody Else"})
    assert again.json()["data"] == first.json()["data"]
    other = paystack.post("/transferrecipient", json=NEW | {"bank_code": "011"}).json()["data"]
    assert other["recipient_code"] != first.json()["data"]["recipient_code"]
    assert other["details"]["account_number"] == "0022728151"
    listed = paystack.get("/transferrecipient").json()
    check(PUBLISHED["TransferRecipientListResponse"], listed)
    check_published("TransferRecipientListResponse", listed)
    assert [one["id"] for one in listed["data"]] == [other["id"], first.json()["data"]["id"]]
    for named in (other["recipient_code"], other["id"]):
        fetched = paystack.get(f"/transferrecipient/{named}").json()
        check(PUBLISHED["TransferRecipientFetchResponse"], fetched)
        check_published("TransferRecipientFetchResponse", fetched)
        assert fetched["data"]["recipient_code"] == other["recipient_code"]
    assert paystack.get("/transferrecipient/RCP_unknown").status_code == 404


def test_recipients_need_a_real_account_in_texts(paystack: httpx.Client) -> None:
    for wrong in (
        {"account_number": 22728151}, {"account_number": "0000000000"}, {"account_number": "0000000400"},
        {"bank_code": 58}, {"bank_code": "999"}, {"type": "mobile_money"}, {"name": " "}, {"name": 5},
        {"currency": "GHS"}, {"metadata": "x"},
    ):  # fmt: skip
        refused = paystack.post("/transferrecipient", json=NEW | wrong)
        assert refused.status_code == 400, wrong
        check(schemas.ERROR, refused.json())
    assert paystack.get("/transferrecipient").json()["data"] == []
