"""Each test has a Paystack of its own: what others left there would be found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from oluko.accounts.models import Person
from oluko.calendars.availability import set_availability
from oluko.offerings.models import Offering
from oluko.payments.paystack import paystack
from tests.reconciliation.world import World
from tests.sandbox_process import run_sandbox


@pytest.fixture
def world(offering: Offering, tunde: Person, tmp_path: Path) -> Iterator[World]:
    """Where all is well, yet."""
    set_availability(tunde, weekly={"mon": [["00:00", "24:00"]]}, horizon_days=365, minimum_notice_hours=0)
    url = settings.OLUKO_PAYSTACK_URL
    with run_sandbox(tmp_path, settings.OLUKO_PAYSTACK_SECRET_KEY, "http://127.0.0.1:9/webhook") as sandbox:
        settings.OLUKO_PAYSTACK_URL = sandbox.url
        paystack.cache_clear()
        yield World(sandbox, tmp_path, offering)
    settings.OLUKO_PAYSTACK_URL = url
    paystack.cache_clear()
