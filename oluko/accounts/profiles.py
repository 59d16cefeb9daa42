"""What people change about themselves."""

from __future__ import annotations

from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.translation import gettext as _

from oluko.accounts.models import ApiToken, Person, TutorProfile
from oluko.core.errors import Conflict, NotAllowed, NotFound


@transaction.atomic(durable=True)
def become_mentor(person: Person) -> None:
    """A student decides to teach; verified by an operator later. Raises Conflict for everybody else."""
    if not Person.objects.filter(pk=person.pk, role=Person.Role.STUDENT).update(role=Person.Role.MENTOR):
        raise Conflict("not_a_student", _("You teach already."))
    TutorProfile.objects.get_or_create(person=person)
    person.role = Person.Role.MENTOR


def change_tutor_profile(
    person: Person, *, headline: str, bio: str, hourly_rate: int | None, photo: ContentFile[bytes] | None, remove: bool
) -> TutorProfile:
    """Keep what students see; the rate in minor units. Raises NotAllowed for people who do not teach."""
    if not person.teaches:
        raise NotAllowed("not_a_tutor", _("Only people who teach have a tutor profile."))
    with transaction.atomic(durable=True):
        profile, _new = TutorProfile.objects.select_for_update().get_or_create(person=person)
        storage, old = profile.photo.storage, profile.photo.name
        profile.headline, profile.bio, profile.hourly_rate = headline, bio, hourly_rate
        if photo is not None:
            profile.photo.save(photo.name or "", photo, save=False)
        elif remove:
            profile.photo = ""
        profile.save()
        if old and old != profile.photo.name:
            transaction.on_commit(lambda: storage.delete(old))
    return profile


def revoke_token(person: Person, token_id: int) -> None:
    """Raises NotFound for a token that is not the person's."""
    deleted: tuple[int, Any] = ApiToken.objects.filter(person=person, pk=token_id).delete()
    if not deleted[0]:
        raise NotFound("not_found", _("There is no such token."))
