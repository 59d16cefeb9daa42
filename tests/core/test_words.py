"""Instants, countdowns, avatars and forms as templates show them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.template import engines
from django.utils import timezone

from oluko.core.times import both_clocks, gmt, iso, remaining, show

AT = datetime(2026, 5, 5, 14, 0, tzinfo=UTC)


def draw(source: str, **context: Any) -> str:
    return engines["django"].from_string("{% load oluko %}" + source).render(context)


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("Africa/Lagos", "Tue 5 May 2026, 15:00 (Lagos, GMT+1)"),
        ("America/New_York", "Tue 5 May 2026, 10:00 (New York, GMT-4)"),
        ("Australia/Lord_Howe", "Wed 6 May 2026, 00:30 (Lord Howe, GMT+10:30)"),
        ("Pacific/Chatham", "Wed 6 May 2026, 02:45 (Chatham, GMT+12:45)"),
        ("UTC", "Tue 5 May 2026, 14:00 (UTC, GMT)"),
    ],
)
def test_instant_is_shown_in_the_readers_zone_with_its_name(zone: str, text: str) -> None:
    with timezone.override(ZoneInfo(zone)):
        page = draw("{% when at %}", at=AT)
    assert page == f'<time datetime="2026-05-05T14:00:00Z" title="{text}">{text}</time>'


@pytest.mark.parametrize(
    ("style", "text"),
    [
        ("short", "Tue 5 May, 15:00 (Lagos)"),
        ("day", "Tuesday 5 May 2026"),
        ("date", "5 May 2026"),
        ("time", "15:00"),
    ],
)
def test_shorter_styles(style: str, text: str) -> None:
    assert show(AT, style, ZoneInfo("Africa/Lagos")) == text


def test_hour_that_comes_twice_is_told_apart_by_its_distance() -> None:
    london = ZoneInfo("Europe/London")
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert show(first, "time", london) == show(second, "time", london) == "01:30"
    assert (gmt(london, first), gmt(london, second)) == ("GMT+1", "GMT")


def test_both_clocks_name_the_other_day_where_it_is_another() -> None:
    lagos, shanghai = SimpleNamespace(time_zone="Africa/Lagos"), SimpleNamespace(time_zone="Asia/Shanghai")
    assert both_clocks(AT, lagos, shanghai) == "Tue 5 May 2026, 15:00 (Lagos) · 22:00 (Shanghai)"
    late = AT + timedelta(hours=4)
    assert both_clocks(late, lagos, shanghai).endswith("· Wed 6 May 2026, 02:00 (Shanghai)")
    assert both_clocks(AT, lagos, lagos) == "Tue 5 May 2026, 15:00 (Lagos)"
    assert 'datetime="2026-05-05T14:00:00Z"' in draw("{% both_clocks at a b %}", at=AT, a=lagos, b=shanghai)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(187_200, "2 d 4 h"), (6130, "01:42:10"), (899.9, "14:59"), (59, "00:59"), (0, "00:00"), (-5, "00:00")],
)
def test_time_left_is_short(seconds: float, text: str) -> None:
    assert remaining(seconds) == text


def test_countdown_runs_from_the_servers_now(frozen) -> None:
    frozen(AT)
    page = draw("{% countdown at %}", at=AT + timedelta(hours=2))
    assert 'data-deadline="2026-05-05T16:00:00Z"' in page
    assert 'data-server-now="2026-05-05T14:00:0' in page
    assert "01:59:5" in page or "02:00:00" in page


def test_iso_is_utc() -> None:
    assert iso(AT.astimezone(ZoneInfo("Asia/Shanghai"))) == "2026-05-05T14:00:00Z"


def test_avatar_is_initials_without_a_photo_and_escapes_nothing_less() -> None:
    person = SimpleNamespace(avatar="", initials="<B", name="<b>")
    assert "&lt;B" in draw("{% avatar person 's' %}", person=person)
    person.avatar = "/photos/x.webp"
    assert 'src="/photos/x.webp" alt=""' in draw("{% avatar person %}", person=person)


def test_money_of_nothing_is_nothing() -> None:
    assert draw("{{ a|money:'NGN' }}{{ b|money }}", a=None, b=500_000) == "₦5,000"


class Trial(forms.Form):
    title = forms.CharField(label="Title", help_text="Short.")
    note = forms.CharField(required=False)
    mode = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    secret = forms.CharField(widget=forms.HiddenInput)

    def clean(self) -> None:
        raise forms.ValidationError("All of it is <wrong>.")


def test_form_ties_label_help_and_error_to_its_input() -> None:
    page = Trial({"title": ""}).render()
    assert 'aria-describedby="id_title_helptext id_title_error"' in page
    assert 'aria-invalid="true"' in page
    assert 'id="id_title_helptext">Short.' in page
    assert 'id="id_title_error"' in page
    assert '<label for="id_note">Note <span class="opt">(optional)</span>' in page
    assert "<legend>Mode</legend>" in page
    assert 'role="alert"><li>All of it is &lt;wrong&gt;.' in page
    assert page.count('name="secret"') == 1
