"""Stopping one group of mails by a link in each of them, without signing in (RFC 2369, RFC 8058)."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.core.errors import NotFound
from oluko.notifications.kinds import Channel, Group
from oluko.notifications.preferences import is_locked

_SIGNER = "oluko.notifications.off"


def off_address(person: Person, group: Group) -> str:
    """The absolute address that stops this group's mails to this person; nothing where they cannot be stopped."""
    if is_locked(Channel.MAIL, group):
        return ""
    token = Signer(salt=_SIGNER, sep=".").sign(f"{person.pk.hex}-{group}")
    return f"{settings.OLUKO_BASE_URL}{reverse('notifications_off', args=[token])}"


def meant_by(token: str) -> tuple[Person, Group]:
    """Whose mails of which group a token stops. Raises NotFound for anything that we have not signed."""
    try:
        who, _dash, group = Signer(salt=_SIGNER, sep=".").unsign(token).partition("-")
        return Person.objects.get(pk=UUID(who)), Group(group)
    except (BadSignature, ValueError, Person.DoesNotExist):
        raise NotFound("no_such_link", _("This link is not valid any more. Choose on your settings page.")) from None
