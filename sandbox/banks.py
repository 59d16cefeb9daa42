"""Paystack's banks, and whose an account is. No bank is asked: names follow from the number."""

import base64
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.calls import Call, Reply, whole_number
from sandbox.paystack import LONGEST_PAGE, bad_request, keyed, paging

#: Since when a bank is on the list; it never changes.
LISTED_AT = "2016-07-14T10:04:29.000Z"
COUNTRIES = {"nigeria": True, "ghana": False, "kenya": False, "south africa": False}

#: Account numbers that misbehave, at every bank.
UNKNOWN_ACCOUNT = "0000000000"
LIMIT_REACHED = "0000000429"
BANK_UNREACHABLE = "0000000503"
#: It resolves, and is then refused as a recipient.
REFUSED_RECIPIENT = "0000000400"

FIRST_NAMES = (
    "ADAEZE", "BABATUNDE", "CHIDI", "DAMILOLA", "EBELE", "FOLAKE", "GARBA", "HALIMA",
    "IFEANYI", "JUMOKE", "KELECHI", "LARABA", "MUSA", "NGOZI", "OLUWASEUN", "YETUNDE",
)  # fmt: skip
MIDDLE_NAMES = ("AMINA", "BISI", "CHUKWUEMEKA", "DAYO", "EMEKA", "FATIMA", "IBRAHIM", "OLUWATOBI")
LAST_NAMES = (
    "ABUBAKAR", "ADEYEMI", "BALOGUN", "DANJUMA", "EZE", "FASHOLA", "IBEKWE", "LAWAL",
    "MOHAMMED", "NWOSU", "OBI", "OKAFOR", "OKONKWO", "OLADIPO", "UMAR", "YAKUBU",
)  # fmt: skip


@dataclass(frozen=True)
class Bank:
    """`code` is a text: most have three digits with zeros in front, one has a letter."""

    id: int
    name: str
    slug: str
    code: str
    longcode: str


BANKS = (
    Bank(1, "Access Bank", "access-bank", "044", "044150149"),
    Bank(27, "ALAT by WEMA", "alat-by-wema", "035A", "035150103"),
    Bank(2, "Citibank Nigeria", "citibank-nigeria", "023", "023150005"),
    Bank(4, "Ecobank Nigeria", "ecobank-nigeria", "050", "050150010"),
    Bank(6, "Fidelity Bank", "fidelity-bank", "070", "070150003"),
    Bank(7, "First Bank of Nigeria", "first-bank-of-nigeria", "011", "011151003"),
    Bank(8, "First City Monument Bank", "first-city-monument-bank", "214", "214150018"),
    Bank(70, "Globus Bank", "globus-bank", "00103", "103015001"),
    Bank(9, "Guaranty Trust Bank", "guaranty-trust-bank", "058", "058152036"),
    Bank(22, "Jaiz Bank", "jaiz-bank", "301", "301080020"),
    Bank(11, "Keystone Bank", "keystone-bank", "082", "082150017"),
    Bank(67, "Kuda Bank", "kuda-bank", "50211", ""),
    Bank(169, "Moniepoint MFB", "moniepoint-mfb-ng", "50515", ""),
    Bank(171, "OPay Digital Services Limited (OPay)", "paycom", "999992", ""),
    Bank(172, "PalmPay", "palmpay", "999991", ""),
    Bank(13, "Polaris Bank", "polaris-bank", "076", "076151006"),
    Bank(25, "Providus Bank", "providus-bank", "101", ""),
    Bank(14, "Stanbic IBTC Bank", "stanbic-ibtc-bank", "221", "221159522"),
    Bank(15, "Standard Chartered Bank", "standard-chartered-bank", "068", "068150015"),
    Bank(16, "Sterling Bank", "sterling-bank", "232", "232150016"),
    Bank(23, "Suntrust Bank", "suntrust-bank", "100", ""),
    Bank(68, "TAJ Bank", "taj-bank", "302", ""),
    Bank(17, "Union Bank of Nigeria", "union-bank-of-nigeria", "032", "032080474"),
    Bank(18, "United Bank For Africa", "united-bank-for-africa", "033", "033153513"),
    Bank(19, "Unity Bank", "unity-bank", "215", "215154097"),
    Bank(20, "Wema Bank", "wema-bank", "035", "035150103"),
    Bank(21, "Zenith Bank", "zenith-bank", "057", "057150013"),
)
BY_CODE = {bank.code: bank for bank in BANKS}


def described(bank: Bank) -> dict[str, Any]:
    return {
        "id": bank.id,
        "name": bank.name,
        "slug": bank.slug,
        "code": bank.code,
        "longcode": bank.longcode,
        "gateway": None,
        "pay_with_bank": False,
        "supports_transfer": True,
        "available_for_direct_debit": False,
        "active": True,
        "is_deleted": False,
        "country": "Nigeria",
        "currency": "NGN",
        "type": "nuban",
        "createdAt": LISTED_AT,
        "updatedAt": LISTED_AT,
    }


@keyed
def list_banks(call: Call) -> Reply:
    """GET /bank?country&currency&type&pay_with_bank&perPage&page, or &use_cursor&next&previous; at once without any."""
    found = chosen(call)
    body: dict[str, Any] = {"status": True, "message": "Banks retrieved"}
    if call.query.get("use_cursor") == "true":
        page, meta = by_cursor(call, found)
        return Reply(200, body | {"data": [described(bank) for bank in page], "meta": meta})
    if "perPage" in call.query or "page" in call.query:
        per_page, number, _ = paging(call, len(found))
        found = found[(number - 1) * per_page : number * per_page]
    return Reply(200, body | {"data": [described(bank) for bank in found]})


def chosen(call: Call) -> Sequence[Bank]:
    """The banks that the filters leave: all of ours are Nigerian accounts that transfers reach."""
    country = call.query.get("country", "nigeria").lower()
    if country not in COUNTRIES:
        raise bad_request("Invalid country", "invalid_params", f"Known are {', '.join(COUNTRIES)}")
    others = (
        not COUNTRIES[country]
        or call.query.get("currency", "NGN") != "NGN"
        or call.query.get("type", "nuban") != "nuban"
        or "true" in (call.query.get("pay_with_bank"), call.query.get("pay_with_bank_transfer"))
        or "gateway" in call.query
    )
    return () if others else BANKS


def by_cursor(call: Call, found: Sequence[Bank]) -> tuple[Sequence[Bank], dict[str, Any]]:
    """A page by cursors, which name the bank that a page begins or ends beside."""
    per_page = whole_number(call.query.get("perPage", "50"))
    if not per_page:
        raise bad_request("Invalid perPage", "invalid_params", "perPage is a whole number from 1")
    per_page = min(per_page, LONGEST_PAGE)
    start = 0
    if text := call.query.get("next"):
        start = place_of(found, text) + 1
    elif text := call.query.get("previous"):
        start = max(place_of(found, text) - per_page, 0)
    page = found[start : start + per_page]
    more = start + per_page < len(found)
    return page, {
        "next": cursor(page[-1]) if more else None,
        "previous": cursor(page[0]) if start and page else None,
        "perPage": per_page,
    }


def cursor(bank: Bank) -> str:
    return base64.b64encode(f"bank:{bank.id}".encode()).decode()


def place_of(found: Sequence[Bank], text: str) -> int:
    for place, bank in enumerate(found):
        if cursor(bank) == text:
            return place
    raise bad_request("Invalid cursor", "invalid_params", "Send a cursor of an earlier answer")


@keyed
def resolve_account(call: Call) -> Reply:
    """GET /bank/resolve?account_number&bank_code: whose account it is."""
    number, code = call.query.get("account_number", ""), call.query.get("bank_code", "")
    bank = BY_CODE.get(code)
    if bank is None:
        step = "Send the code of a bank from the list of banks"
        raise bad_request(f"Unknown bank code: {code}"[:100], "invalid_bank_code", step)
    if number == LIMIT_REACHED:
        step = "Wait until tomorrow, or use another account"
        raise bad_request("Daily limit of account resolves exceeded", "daily_limit_exceeded", step, 429)
    if number == BANK_UNREACHABLE:
        raise bad_request("The bank cannot be reached", "bank_unavailable", "Try again later", 503)
    if not is_account(number):
        message = "Could not resolve account name. Check parameters or try again."
        step = "Ensure that you're passing the correct account number and bank code"
        raise bad_request(message, "invalid_bank_code", step, 422)
    data = {"account_number": number, "account_name": holder(number, code), "bank_id": bank.id}
    return Reply(200, {"status": True, "message": "Account number resolved", "data": data})


def is_account(number: str) -> bool:
    """Whether there is such an account: every number of ten digits is one, except one."""
    return number.isascii() and number.isdigit() and len(number) == 10 and number != UNKNOWN_ACCOUNT


def holder(number: str, bank_code: str) -> str:
    """The name on an account, always the same one."""
    seed = zlib.crc32(f"{bank_code}/{number}".encode())
    names = FIRST_NAMES[seed % 16], MIDDLE_NAMES[seed // 16 % 8], LAST_NAMES[seed // 128 % 16]
    return " ".join(names)
