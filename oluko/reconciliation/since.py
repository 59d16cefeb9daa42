"""From when on to compare, as people write it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from oluko.core.errors import Invalid

LONGEST = timedelta(days=366)


def read_since(text: str) -> datetime:
    """The instant that `7d` (days), `48h` (hours) or a date (`2026-11-20`, from its beginning in UTC) means.

    Raises Invalid (field `since`) for anything else, for the future, and for more than a year ago.
    """
    now, text = timezone.now(), text.strip()
    if span := re.fullmatch(r"([0-9]{1,4})([dh])", text):
        amount = int(span[1])
        since = now - (timedelta(days=amount) if span[2] == "d" else timedelta(hours=amount))
    else:
        try:
            since = datetime.combine(date.fromisoformat(text), time.min, UTC)
        except ValueError:
            raise _bad(_("Say since when: 7d, 48h or a date such as 2026-11-20.")) from None
    if since >= now:
        raise _bad(_("That is not in the past."))
    if since < now - LONGEST:
        raise _bad(_("Only the last 366 days can be compared."))
    return since


def _bad(message: str) -> Invalid:
    return Invalid("bad_since", message, field="since")
