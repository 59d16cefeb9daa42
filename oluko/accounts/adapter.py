"""What allauth asks of us."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Keeps e-mail addresses in lower case, as our people do."""

    def clean_email(self, email: str) -> str:
        return str(super().clean_email(email)).lower()
