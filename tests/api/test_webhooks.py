"""Paystack's webhook over HTTP: what is signed is stored once, and nothing else leaves a trace."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from oluko.payments.models import ProviderEvent
from tests.api.conftest import assert_problem

pytestmark = pytest.mark.django_db

PATH = "/api/webhooks/paystack"
BODY = json.dumps({"event": "charge.success", "data": {"reference": "olk-1", "amount": 500000}}).encode()


def sign(body: bytes, key: str) -> str:
    return hmac.new(key.encode(), body, hashlib.sha512).hexdigest()


def deliver(body: bytes, signature: str | None, kind: str = "application/json") -> Any:
    headers = {} if signature is None else {"x-paystack-signature": signature}
    return Client(enforce_csrf_checks=True).generic("POST", PATH, body, content_type=kind, headers=headers)


def test_signed_event_is_stored_once_and_a_repeat_is_fine(settings: Any) -> None:
    signature = sign(BODY, settings.OLUKO_PAYSTACK_SECRET_KEY)
    for _ in range(3):
        answer = deliver(BODY, signature)
        assert (answer.status_code, answer.json()) == (200, {"received": True})
    assert bytes(ProviderEvent.objects.get().body) == BODY


@pytest.mark.parametrize("body", [b"rubbish", b"", b"[]", b"{}", b'{"event": 5}', b"\xff\x00", b"[" * 100_000])
def test_signed_rubbish_is_kept_for_review(settings: Any, body: bytes) -> None:
    assert deliver(body, sign(body, settings.OLUKO_PAYSTACK_SECRET_KEY), "text/plain").status_code == 200
    assert bytes(ProviderEvent.objects.get().body) == body


def test_what_is_not_signed_by_us_leaves_nothing(settings: Any) -> None:
    good = sign(BODY, settings.OLUKO_PAYSTACK_SECRET_KEY)
    flips = random.Random(7)
    wrong = [None, "", "x", good.upper(), good[:-1], good + "0", " " + good[1:], sign(BODY, "sk_other"), "é" * 128]
    for _ in range(100):
        place, bit = flips.randrange(len(good)), 1 << flips.randrange(7)
        wrong.append(good[:place] + (chr(ord(good[place]) ^ bit) or " ") + good[place + 1 :])
    for signature in wrong:
        clean = signature if signature is None else signature.replace("\n", " ").replace("\r", " ")
        assert_problem(deliver(BODY, clean), 401, "bad_signature")
    for _ in range(50):
        changed = bytearray(BODY)
        changed[flips.randrange(len(BODY))] ^= 1 << flips.randrange(8)
        assert_problem(deliver(bytes(changed), good), 401, "bad_signature")
    assert not ProviderEvent.objects.exists()


def test_empty_key_verifies_nothing(settings: Any) -> None:
    settings.OLUKO_PAYSTACK_SECRET_KEY = ""
    for signature in (sign(BODY, ""), "", sign(BODY, "sk")):
        assert_problem(deliver(BODY, signature), 401, "bad_signature")


def test_event_that_could_not_be_stored_is_asked_for_again(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(provider: str, body: bytes, **job: object) -> None:
        raise OperationalError("database or disk is full")

    monkeypatch.setattr("oluko.api.webhooks.store_event", full)
    answer = deliver(BODY, sign(BODY, settings.OLUKO_PAYSTACK_SECRET_KEY))
    assert_problem(answer, 503, "not_stored")


def test_webhook_needs_no_session_and_reads_none(settings: Any, django_assert_max_num_queries: Any) -> None:
    signature = sign(BODY, settings.OLUKO_PAYSTACK_SECRET_KEY)
    with django_assert_max_num_queries(7) as queries:
        assert deliver(BODY, signature).status_code == 200
    assert not [query for query in queries.captured_queries if "django_session" in query["sql"]]
