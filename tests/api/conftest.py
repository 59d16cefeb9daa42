"""A Monday morning in Lagos, bookings in each state, and what every answer of the API must be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.core.clock import iso
from oluko.offerings.models import Offering
from oluko.payments.reconcile import check_payment
from tests.cast import Caller
from tests.conftest import Frozen
from tests.payments.conftest import _sandbox, sandbox  # noqa: F401
from tests.sandbox_process import Sandbox

NOW = datetime(2026, 5, 4, 6, 0, tzinfo=UTC)
# Ten in the morning in Lagos, two days on.
AT = datetime(2026, 5, 6, 9, 0, tzinfo=UTC)

type Api = Callable[[Person | None], Caller]


@pytest.fixture
def monday(frozen: Frozen) -> datetime:
    return frozen(NOW)


@pytest.fixture
def requested(monday: datetime, api: Api, ada: Person, offering: Offering) -> dict[str, Any]:
    """Ada's request to Tunde, on the wire."""
    answer = api(ada)(
        "beginMentorshipCheckout", offeringId=str(offering.pk), bookingMode="REQUEST", scheduledAt=iso(AT)
    )
    assert answer.status_code == 200, answer.content
    session: dict[str, Any] = answer.json()["session"]
    return session


@pytest.fixture
def paid(monday: datetime, api: Api, ada: Person, offering: Offering, sandbox: Sandbox) -> dict[str, Any]:  # noqa: F811
    """Ada's paid session with Tunde, on the wire."""
    ada_calls = api(ada)
    begun = ada_calls(
        "beginMentorshipCheckout", offeringId=str(offering.pk), bookingMode="INSTANT", scheduledAt=iso(AT)
    ).json()
    sandbox.check_out(begun["authorizationUrl"], "success")
    assert check_payment(begun["reference"])
    session: dict[str, Any] = ada_calls.get(f"/api/mentorship/session/{begun['session']['id']}").json()
    return session


def assert_problem(answer: Any, status: int, code: str = "", field: str | None = None) -> dict[str, Any]:
    """RFC 9457, whole; for 422 with the field named."""
    assert answer.status_code == status, (answer.status_code, answer.content)
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= problem.keys()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert code in ("", problem["code"]), problem
    assert ("errors" in problem) == (status == 422)
    if status == 422:
        assert all(error.keys() == {"field", "message"} and error["message"] for error in problem["errors"])
        assert problem["errors"]
    if field is not None:
        assert field in {error["field"] for error in problem["errors"]}, problem
    return problem


def later(**step: int) -> str:
    return iso(NOW + timedelta(**step))


def row_of(session: dict[str, Any]) -> Booking:
    return Booking.objects.get(pk=session["id"])
