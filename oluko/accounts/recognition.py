"""Who sends a request: the session's row and the person's, asked for by every page and every poll of it.

Both are Django's and allauth's own but for how the two rows are read: as statements of the ORM they cost a quiet poll
more than half of its time.
"""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from oluko.accounts.models import Person
from oluko.core.statements import read


class SessionStore(DatabaseStore):
    """Sessions in the database. SESSION_ENGINE names this module."""

    def _get_session_from_db(self) -> Session | None:
        found = read(Session, "session_key = %s AND expire_date > %s", self.session_key, timezone.now())
        if not found:
            self._session_key = None
        return found[0] if found else None


class Backend(AuthenticationBackend):  # type: ignore[misc]
    """Signs in by e-mail and password, as allauth does."""

    def get_user(self, user_id: Any) -> Person | None:
        found = read(Person, "id = %s", user_id)
        return found[0] if found and self.user_can_authenticate(found[0]) else None
