"""Words that templates use for money, time, people and navigation."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from oluko.core import clock, times
from oluko.core.money import show as show_money

register = template.Library()


@register.filter
def money(amount: int | None, currency: str = "NGN") -> str:
    """`{{ booking.price|money:booking.currency }}`: minor units as `₦5,000`; empty for None."""
    return "" if amount is None else show_money(amount, currency or "NGN")


@register.filter
def zone_label(zone: str) -> str:
    """`Lagos (GMT+1)` for the name of a zone, now."""
    return times.zone_label(zone, clock.now())


@register.simple_tag
def when(instant: datetime | None, style: str = "long", zone: str = "") -> SafeString | str:
    """`{% when booking.starts_at %}`; styles long, short, day, date and time (oluko/core/times.py)."""
    if instant is None:
        return ""
    where = ZoneInfo(zone) if zone else timezone.get_current_timezone()
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        times.iso(instant),
        times.show(instant, "long", where),
        times.show(instant, style, where),
    )


@register.simple_tag
def both_clocks(instant: datetime, first: Any, second: Any) -> SafeString:
    """`{% both_clocks booking.starts_at booking.student booking.tutor %}`: one instant on two people's clocks."""
    text = times.both_clocks(instant, first, second)
    return format_html('<time datetime="{}">{}</time>', times.iso(instant), text)


@register.simple_tag
def countdown(deadline: datetime) -> SafeString:
    """What is left until `deadline`; countdown.js lets it run and ends with the event `countdown:end`."""
    now = clock.now()
    return format_html(
        '<span class="num" role="timer" data-deadline="{}" data-server-now="{}">{}</span>',
        times.iso(deadline),
        now.isoformat(timespec="milliseconds"),
        times.remaining((deadline - now).total_seconds()),
    )


@register.simple_tag
def zone_line() -> SafeString:
    """`Times in Africa/Lagos (GMT+1), 14:05 now`, without the link to change it."""
    zone, now = timezone.get_current_timezone(), clock.now()
    return format_html(
        '<span data-zone="{}">{} ({})</span>, {}', zone, zone, times.gmt(zone, now), times.show(now, "time", zone)
    )


@register.inclusion_tag("core/parts/avatar.html")
def avatar(person: Any, size: str = "") -> dict[str, Any]:
    """`{% avatar person %}`, sizes `s` and `l`: the photo if the tutor profile is loaded, else initials.

    It never queries: a list that shows photos says `select_related("tutor__tutor_profile")`.
    """
    return {"person": person, "photo": person.avatar, "size": size}


@register.inclusion_tag("core/parts/nav.html", takes_context=True)
def nav(context: dict[str, Any], name: str, label: str, style: str = "") -> dict[str, Any]:
    """A link of the navigation, marked as current on its own page; nothing where the room is not installed."""
    request = context.get("request")
    try:
        address = reverse(name)
    except NoReverseMatch:
        return {"address": ""}
    return {"address": address, "label": label, "style": style, "current": request and request.path == address}
