"""What an operator does to people: verify, change role, deactivate. Each change is conditional and audited."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from oluko.accounts.models import Person, TutorProfile
from oluko.bookings.models import LIVE, Booking
from oluko.core import clock
from oluko.core.errors import Conflict, NotAllowed, NotFound
from oluko.ledger.audit import record_change

TEACHING = (Person.Role.TUTOR, Person.Role.MENTOR)


def get_person(person_id: UUID) -> Person:
    """Raises NotFound."""
    person = Person.objects.select_related("tutor_profile").filter(pk=person_id).first()
    if person is None:
        raise NotFound("no_such_person", _("There is no such person."))
    return person


def live_bookings(person: Person) -> int:
    """How many sessions the person still has ahead, as tutor or as student."""
    return Booking.objects.filter(Q(tutor=person) | Q(student=person), status__in=LIVE).count()


@transaction.atomic(durable=True)
def verify_tutor(operator: Person, person_id: UUID) -> None:
    """Give a tutor the verified mark. Raises NotFound, Conflict if it is there or the person does not teach."""
    rows = TutorProfile.objects.filter(person_id=person_id, person__role__in=TEACHING, verified_at__isnull=True)
    _must_change(person_id, rows.update(verified_at=timezone.now()))
    _audit(operator, person_id, "UNVERIFIED", "VERIFIED")


@transaction.atomic(durable=True)
def unverify_tutor(operator: Person, person_id: UUID, *, why: str) -> None:
    """Take the verified mark away. Raises NotFound, Conflict if there is none."""
    rows = TutorProfile.objects.filter(person_id=person_id, verified_at__isnull=False)
    _must_change(person_id, rows.update(verified_at=None))
    _audit(operator, person_id, "VERIFIED", "UNVERIFIED", why)


@transaction.atomic(durable=True)
def change_role(operator: Person, person_id: UUID, role: Person.Role) -> None:
    """Give a person another role; who will teach gets a profile.

    Raises NotFound, NotAllowed for one's own role, Conflict while somebody who will not teach any more has
    sessions to give.
    """
    person = get_person(person_id)
    _not_oneself(operator, person)
    teaches_on = role in TEACHING
    if not teaches_on and Booking.objects.filter(tutor=person, status__in=LIVE).exists():
        raise Conflict("has_sessions", _("This tutor has sessions to give. Cancel them first, or wait for their end."))
    rows = Person.objects.filter(pk=person_id, role=person.role).exclude(role=role)
    # Django's own flag follows the role, so that no right is left with somebody who operates no more.
    _must_change(person_id, rows.update(role=role, is_superuser=role == Person.Role.ADMIN))
    if teaches_on:
        TutorProfile.objects.get_or_create(person=person)
    _audit(operator, person_id, person.role, role)


@transaction.atomic(durable=True)
def deactivate(operator: Person, person_id: UUID, *, why: str) -> None:
    """Shut a person out at once; their offerings leave the marketplace, their sessions stay.

    Raises NotFound, NotAllowed for oneself, Conflict if that was done.
    """
    _not_oneself(operator, get_person(person_id))
    _must_change(person_id, Person.objects.filter(pk=person_id, is_active=True).update(is_active=False))
    _audit(operator, person_id, "ACTIVE", "INACTIVE", why)


@transaction.atomic(durable=True)
def reactivate(operator: Person, person_id: UUID) -> None:
    """Let a person in again. Raises NotFound, Conflict if they are."""
    _must_change(person_id, Person.objects.filter(pk=person_id, is_active=False).update(is_active=True))
    _audit(operator, person_id, "INACTIVE", "ACTIVE")


def _audit(operator: Person, person_id: UUID, before: str, after: str, why: str = "") -> None:
    record_change("person", str(person_id), before, after, actor_id=operator.pk, why=why, at=clock.now())


def _must_change(person_id: UUID, rows: int) -> None:
    if not rows:
        get_person(person_id)
        raise Conflict("moved_on", _("Nothing to change: this was done already; reload to see it."))


def _not_oneself(operator: Person, person: Person) -> None:
    if operator.pk == person.pk:
        raise NotAllowed("oneself", _("Not with your own account; ask another operator."))
