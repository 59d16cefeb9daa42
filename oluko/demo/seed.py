"""Fill an empty database with the demo: always the same people, courses, offerings and past.

Instants are counted from the Monday (in Lagos) of the week of the seeding and lie on quarter hours.
"""

from __future__ import annotations

import random
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.core import clock
from oluko.core.errors import NotAllowed
from oluko.demo.courses import create_courses
from oluko.demo.offerings import create_offerings
from oluko.demo.past import create_past
from oluko.demo.people import create_people
from oluko.demo.sessions import leave_traces
from oluko.demo.tasks import pay_in_sandbox
from oluko.demo.upcoming import create_upcoming
from oluko.payments.models import Payment

LAGOS = ZoneInfo("Africa/Lagos")
_SAME_EVERY_TIME = 20_260_101


@transaction.atomic(durable=True)
def seed() -> bool:
    """Write the demo data; False where the database has people already, and then nothing changes.

    Raises NotAllowed outside the sandbox mode.
    """
    if not settings.OLUKO_SANDBOX:
        raise NotAllowed("no_demo_data", _("Demo data is for the sandbox mode; a Paystack key is set."))
    if Person.objects.exists():
        return False
    now = clock.now()
    monday = monday_of(now)
    chance = random.Random(_SAME_EVERY_TIME)  # noqa: S311
    people = create_people(chance, monday)
    courses = create_courses(chance, people, monday)
    offerings = create_offerings(chance, people, courses, monday)
    create_past(chance, people, offerings, monday)
    leave_traces(people, create_upcoming(chance, people, offerings, now))
    _tell_sandbox()
    return True


def _tell_sandbox() -> None:
    """What the past has paid and given back is in the sandbox's books too, so that both sides agree.

    The sandbox gives each charge its number; until then, and afterwards, our own reference finds it.
    """
    of_the_past = Payment.objects.filter(status=Payment.Status.PAID).exclude(paystack_id="")
    for payment_id in list(of_the_past.order_by("-created_at").values_list("pk", flat=True)):
        pay_in_sandbox.enqueue(str(payment_id))
    of_the_past.update(paystack_id="")


def monday_of(instant: datetime) -> datetime:
    """Midnight in Lagos of the Monday of an instant's week."""
    local = instant.astimezone(LAGOS)
    return datetime.combine(local.date() - timedelta(days=local.weekday()), time(), LAGOS)
