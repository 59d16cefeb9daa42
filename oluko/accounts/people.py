"""Questions about people, and their API tokens."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.db.models import Q
from django.utils import timezone

from oluko.accounts.models import ApiToken, Person

_PREFIX = "oluko_"
# Each request with a token would write a row otherwise.
_USE_NOTED_EVERY = timedelta(hours=1)


def has_verified_email(person: Person) -> bool:
    """Whether the person has shown that the address they sign in with is theirs."""
    verified: bool = EmailAddress.objects.filter(user=person, email=person.email, verified=True).exists()
    return verified


def issue_token(person: Person, name: str = "") -> str:
    """A new bearer token, in the only moment in which it can be read."""
    raw = _PREFIX + secrets.token_urlsafe(32)
    ApiToken.objects.create(person=person, digest=_digest(raw), name=name[:60])
    return raw


def person_for_token(raw: str) -> Person | None:
    """Whose token this is; None for an unknown one and for people who are not active."""
    if not raw.startswith(_PREFIX):
        return None
    token = ApiToken.objects.select_related("person").filter(digest=_digest(raw), person__is_active=True).first()
    if token is None:
        return None
    now = timezone.now()
    unused = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - _USE_NOTED_EVERY)
    if token.last_used_at is None or token.last_used_at < now - _USE_NOTED_EVERY:
        ApiToken.objects.filter(unused, pk=token.pk).update(last_used_at=now)
    return token.person


def _digest(raw: str) -> str:
    # 256 random bits need no slow hash.
    return hashlib.sha256(raw.encode()).hexdigest()
