"""After a restore, Paystack's word comes before anything else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.core.gateway import GatewayError
from oluko.core.restore import FLAG
from oluko.jobs.limits import Limits
from oluko.jobs.recurring import Recurring, Timetable
from oluko.payments.checkout import Checkout
from oluko.payments.models import Payment, ReviewItem
from oluko.payments.restored import reconcile_restored
from tests.sandbox_process import Sandbox

pytestmark = pytest.mark.django_db
type CheckOut = Callable[..., Checkout]


@pytest.fixture
def flag() -> Iterator[Path]:
    path = Path(settings.OLUKO_DATA) / FLAG
    path.write_text(datetime.now(UTC).isoformat())
    yield path
    path.unlink(missing_ok=True)


def test_payment_made_since_the_backup_is_found(ada: Person, check_out: CheckOut, sandbox: Sandbox, flag: Path) -> None:
    checkout = check_out(ada)
    sandbox.check_out(checkout.authorization_url or "", "success")
    reconcile_restored()
    assert Booking.objects.get().payment_status == "PAID"
    assert not flag.exists()


def test_charge_that_the_backup_does_not_know_goes_to_review(
    ada: Person, check_out: CheckOut, sandbox: Sandbox, flag: Path
) -> None:
    checkout = check_out(ada)
    sandbox.check_out(checkout.authorization_url or "", "success")
    Payment.objects.all().delete()
    reconcile_restored()
    assert ReviewItem.objects.filter(reference=checkout.reference, kind="UNKNOWN_REFERENCE").exists()


def test_flag_stays_while_paystack_is_silent(ada: Person, check_out: CheckOut, sandbox: Sandbox, flag: Path) -> None:
    check_out(ada)
    sandbox.control(paystack={"mode": "error"})
    with pytest.raises(GatewayError):
        reconcile_restored()
    assert flag.exists()


def test_nothing_else_runs_before_what_comes_first_has_succeeded() -> None:
    done: list[str] = []

    def reluctant() -> None:
        done.append("first")
        if len(done) < 2:
            raise RuntimeError("not yet")

    jobs = [Recurring("t.other", 1, lambda: done.append("other")), Recurring("t.first", 1, reluctant, first=True)]
    Timetable(jobs, Limits()).run_due()
    assert done == ["first"]
    timetable = Timetable(jobs, Limits())
    for _ in range(40):
        timetable.run_due()
        if "other" in done:
            break
        import time

        time.sleep(0.1)
    assert done[:3] == ["first", "first", "other"]
