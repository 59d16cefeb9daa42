"""What a person wants to be told by which channel, and their quiet hours."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from oluko.accounts.models import Person
from oluko.core.errors import Invalid
from oluko.notifications.kinds import LOCKED, Channel, Group
from oluko.notifications.models import Preferences

type Way = tuple[Channel, Group]


def preferences_of(person: Person) -> Preferences:
    """The person's preferences, or what holds for those who have chosen nothing; unsaved then."""
    try:
        return person.notification_preferences
    except Preferences.DoesNotExist:
        return Preferences(person=person)


def is_locked(channel: Channel, group: Group) -> bool:
    """Whether nobody can switch this off."""
    return channel == Channel.MAIL and group in LOCKED


def is_wanted(preferences: Preferences, channel: Channel, group: Group) -> bool:
    return is_locked(channel, group) or f"{channel}:{group}" not in preferences.off


def save_preferences(
    person: Person, *, off: Iterable[Way], quiet_from: time | None, quiet_until: time | None
) -> Preferences:
    """Keep what a person chose; what cannot be switched off stays on. Raises Invalid for half of quiet hours."""
    if (quiet_from is None) != (quiet_until is None):
        raise Invalid("quiet_half", "Give both, or neither.", field="quiet_until")
    if quiet_from is not None and quiet_from == quiet_until:
        raise Invalid("quiet_empty", "These are the same time.", field="quiet_until")
    chosen = sorted(f"{channel}:{group}" for channel, group in off if not is_locked(channel, group))
    facts = {"off": chosen, "quiet_from": quiet_from, "quiet_until": quiet_until}
    return Preferences.objects.update_or_create(person=person, defaults=facts)[0]


def switch_off(person: Person, channel: Channel, group: Group) -> None:
    """Stop one group by one channel, and leave the rest; done twice, it stays done. Call inside a transaction."""
    if is_locked(channel, group):
        return
    Preferences.objects.get_or_create(person=person)
    row = Preferences.objects.select_for_update().get(person=person)
    row.off = sorted({*row.off, f"{channel}:{group}"})
    row.save(update_fields=["off"])


def quiet_end(preferences: Preferences, zone: str, now: datetime) -> datetime | None:
    """When the person's quiet hours end that `now` lies in, on the clocks of `zone`; None outside of them."""
    start, end = preferences.quiet_from, preferences.quiet_until
    if start is None or end is None:
        return None
    local = now.astimezone(ZoneInfo(zone))
    at = local.time()
    inside = start <= at < end if start < end else at >= start or at < end
    if not inside:
        return None
    day = local.date() + timedelta(days=1 if at >= end else 0)
    return datetime.combine(day, end, ZoneInfo(zone))
