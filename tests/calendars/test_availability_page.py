"""The page of working hours over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from oluko.calendars.availability import availability_of, set_availability
from oluko.calendars.models import Availability

PAGE = "/tutor/availability"
TYPED = {
    "mon-start": ["14:00", "09:00", ""],
    "mon-end": ["00:00", "12:00:00", ""],
    "x0-date": "2026-12-24",
    "x0-start": ["09:00", ""],
    "x0-end": ["12:00", ""],
    "x1-date": "2026-12-25",
    "x2-date": "",
    "zone": "shanghai",
    "bufferMinutes": "15",
    "minimumNoticeHours": "0",
    "horizonDays": "30",
    "slotStepMinutes": "60",
}


@pytest.fixture(autouse=True)
def monday(frozen):
    frozen(datetime(2026, 5, 4, 6, tzinfo=UTC))


def test_looking_writes_nothing_and_shows_the_defaults(mei, signed_in):
    text = signed_in(mei).get(PAGE).content.decode()
    assert 'name="mon-start" value="09:00"' in text
    assert 'value="Asia/Shanghai"' in text
    assert not Availability.objects.exists()


def test_saved_hours_come_back_in_order(tunde, signed_in):
    answer = signed_in(tunde).post(PAGE, TYPED, follow=True)
    text = answer.content.decode()
    assert "Working hours saved" in text
    saved = availability_of(tunde)
    assert saved.weekly["mon"] == [["09:00", "12:00"], ["14:00", "24:00"]]
    assert saved.weekly["tue"] == []
    assert (saved.time_zone, saved.buffer_minutes, saved.minimum_notice_hours) == ("Asia/Shanghai", 15, 0)
    assert (saved.horizon_days, saved.slot_step_minutes) == (30, 60)
    assert [(day, ranges) for day, ranges in saved.exceptions.items()] == [
        ("2026-12-24", [["09:00", "12:00"]]),
        ("2026-12-25", []),
    ]
    assert 'name="mon-end" value="00:00"' in text
    assert "Day off" in text


@pytest.mark.parametrize(
    ("change", "shown", "kept"),
    [
        ({"tue-start": ["10:00"], "tue-end": ["09:00"]}, 'id="tue-error"', 'name="tue-start" value="10:00"'),
        ({"tue-start": ["10:00"], "tue-end": [""]}, 'id="tue-error"', 'name="tue-start" value="10:00"'),
        ({"tue-start": ["10:07"], "tue-end": ["11:00"]}, 'id="tue-error"', 'name="tue-start" value="10:07"'),
        ({"x1-date": "2026-12-24"}, 'id="x1-error"', 'name="x1-date" value="2026-12-24"'),
        ({"x0-date": ""}, 'id="x0-error"', 'name="x0-start" value="09:00"'),
        ({"x0-date": "", "x0-start": "", "x0-end": "", "x1-date": "soon"}, 'id="x1-error"', 'value="soon"'),
        ({"minimumNoticeHours": "many"}, 'id="notice-error"', 'value="many"'),
        ({"horizonDays": "0"}, 'id="horizon-error"', 'name="horizonDays" inputmode="numeric" maxlength="4" value="0"'),
        ({"bufferMinutes": "7"}, 'id="buffer-error"', 'value="2026-12-24"'),
        ({"slotStepMinutes": ""}, 'id="step-error"', 'value="2026-12-24"'),
        ({"zone": "Atlantis"}, 'id="id_zone_error"', 'value="Atlantis"'),
    ],
)
def test_what_is_wrong_is_said_at_its_place_and_nothing_is_lost(tunde, signed_in, change, shown, kept):
    set_availability(tunde, horizon_days=77)
    answer = signed_in(tunde).post(PAGE, TYPED | change)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert shown in text
    assert kept in text
    assert 'name="mon-start" value="14:00"' in text
    assert availability_of(tunde).horizon_days == 77


def test_an_empty_form_is_refused_and_no_crash(tunde, signed_in):
    assert signed_in(tunde).post(PAGE, {}).status_code == 422


def test_only_who_teaches_has_this_page(client, ada, admin, signed_in):
    for send in ("get", "post"):
        assert getattr(client, send)(PAGE).headers["Location"].startswith("/accounts/login/?next=")
        for person in (ada, admin):
            assert getattr(signed_in(person), send)(PAGE, TYPED).status_code == 403
    assert not Availability.objects.exists()


def test_a_form_without_the_token_is_refused(tunde, signed_in):
    assert signed_in(tunde, csrf=True).post(PAGE, TYPED).status_code == 403
    assert not Availability.objects.exists()
