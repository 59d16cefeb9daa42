"""A provider's access token, one row for all processes: renewed early, by one of them at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from oluko.core.gateway import ProviderBusy
from oluko.meetings.models import ProviderToken

# So early that whoever renews has time for a second try while the others still use the old one.
EARLY = timedelta(minutes=5)
# Longer than the renewing call may take.
LEASE = timedelta(seconds=20)
PATIENCE_SECONDS = 8.0


@dataclass(frozen=True)
class Issued:
    """A token as the provider gave it, and the seconds that it serves."""

    token: str
    seconds: float


def current_token(provider: str, issue: Callable[[], Issued]) -> str:
    """The token that serves now; `issue` asks the provider for another.

    While one process renews it the others use the old one as long as that serves, and then wait a while. Real time.
    Raises what `issue` raises, and ProviderBusy where another process does not come back with a token.
    """
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        row, _created = ProviderToken.objects.get_or_create(provider=provider)
        now = timezone.now()
        if row.token and row.expires_at and row.expires_at > now + EARLY:
            return row.token
        if _take_lease(provider):
            return _renew(provider, issue)
        if row.token and row.expires_at and row.expires_at > now:
            return row.token
        if time.monotonic() >= give_up_at:
            raise ProviderBusy("Another process is renewing the access token.")
        time.sleep(0.1)


def forget_token(provider: str, token: str) -> None:
    """The provider has refused this token. One that has taken its place since is left alone."""
    ProviderToken.objects.filter(provider=provider, token=token).update(token="", expires_at=None)


def _take_lease(provider: str) -> bool:
    now = timezone.now()
    free = Q(renewing_until__isnull=True) | Q(renewing_until__lt=now)
    due = Q(expires_at__isnull=True) | Q(expires_at__lte=now + EARLY)
    return bool(ProviderToken.objects.filter(free, due, provider=provider).update(renewing_until=now + LEASE))


def _renew(provider: str, issue: Callable[[], Issued]) -> str:
    row = ProviderToken.objects.filter(provider=provider)
    try:
        issued = issue()
    except BaseException:
        row.update(renewing_until=None)
        raise
    ends = timezone.now() + timedelta(seconds=issued.seconds)
    row.update(token=issued.token, expires_at=ends, renewing_until=None)
    return issued.token
