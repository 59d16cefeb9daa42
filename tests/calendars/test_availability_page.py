"""The page of working hours over HTTP: every button without a script, what is said of errors, and the preview."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from uuid import UUID, uuid4

import pytest

from oluko.calendars.availability import availability_of, set_availability
from oluko.calendars.claims import quarters, take_time
from oluko.calendars.models import Availability, Claim

pytestmark = pytest.mark.django_db

PAGE = "/tutor/availability"
PREVIEW = "/tutor/availability/preview"
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
    "dailyCap": "3",
}
LAGOS = {
    "zone": "Africa/Lagos",
    "bufferMinutes": "0",
    "minimumNoticeHours": "0",
    "horizonDays": "60",
    "slotStepMinutes": "30",
    "dailyCap": "",
}


@pytest.fixture(autouse=True)
def monday(frozen):
    frozen(datetime(2026, 5, 4, 6, tzinfo=UTC))


@pytest.fixture
def press(tunde, signed_in):
    """`press("add:mon", {...})` sends Tunde's form by that button and is its answer."""
    return lambda button, typed: signed_in(tunde).post(PAGE, {**typed, "do": button})


def words(answer) -> str:
    """What stands on a page or in a part of it, without its marks and with single spaces."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split()).replace(" , ", ", ")


def ranges(answer, key: str) -> list[tuple[str, str]]:
    """The ranges that the page shows in one row."""
    text = answer.content.decode()
    starts, ends = (re.findall(rf'name="{key}-{end}" value="([^"]*)"', text) for end in ("start", "end"))
    return list(zip(starts, ends, strict=True))


def dates(answer) -> list[str]:
    return re.findall(r'name="x\d+-date" value="([^"]*)"', answer.content.decode())


def seen(answer) -> list[str]:
    """The days of the preview, a line each."""
    rows = re.findall(r"<li(?: class=\"none\")?><b>.*?</li>", answer.content.decode())
    return [" ".join(re.sub(r"<[^>]+>", "", row).split()) for row in rows]


def book(tutor, student, at: datetime, minutes: int = 60) -> UUID:
    """Somebody's live session with the tutor."""
    booking = uuid4()
    held = quarters(at, minutes)
    take_time(booking, {tutor.pk: held, student.pk: held}, expires_at=None, teacher=tutor.pk)
    return booking


def test_looking_writes_nothing_and_shows_the_defaults(mei, signed_in):
    answer = signed_in(mei).get(PAGE)
    assert ranges(answer, "mon") == [("09:00", "17:00")]
    assert ranges(answer, "sun") == []
    assert 'value="Asia/Shanghai"' in answer.content.decode()
    assert "data-unsaved" not in answer.content.decode()
    assert not Availability.objects.exists()


def test_saved_hours_come_back_in_order(tunde, signed_in):
    answer = signed_in(tunde).post(PAGE, TYPED, follow=True)
    assert "Working hours saved" in words(answer)
    saved = availability_of(tunde)
    assert saved.weekly["mon"] == [["09:00", "12:00"], ["14:00", "24:00"]]
    assert saved.weekly["tue"] == []
    assert (saved.time_zone, saved.buffer_minutes, saved.minimum_notice_hours) == ("Asia/Shanghai", 15, 0)
    assert (saved.horizon_days, saved.slot_step_minutes, saved.daily_cap) == (30, 60, 3)
    assert saved.exceptions == {"2026-12-24": [["09:00", "12:00"]], "2026-12-25": []}
    assert ranges(answer, "mon") == [("09:00", "12:00"), ("14:00", "00:00")]
    assert dates(answer) == ["2026-12-24", "2026-12-25"]
    assert "Day off" in words(answer)


def test_an_empty_cap_is_none(tunde, signed_in):
    set_availability(tunde, daily_cap=2)
    assert 'name="dailyCap" inputmode="numeric" maxlength="4" autocomplete="off" value="2"' in (
        signed_in(tunde).get(PAGE).content.decode()
    )
    signed_in(tunde).post(PAGE, LAGOS)
    assert availability_of(tunde).daily_cap is None


@pytest.mark.parametrize(
    ("change", "shown", "kept"),
    [
        ({"tue-start": ["10:00"], "tue-end": ["09:00"]}, 'id="tue-error"', 'name="tue-start" value="10:00"'),
        ({"tue-start": ["10:00"], "tue-end": [""]}, 'id="tue-error"', 'name="tue-start" value="10:00"'),
        ({"tue-start": ["10:07"], "tue-end": ["11:00"]}, 'id="tue-error"', 'name="tue-start" value="10:07"'),
        ({"x1-date": "2026-12-24"}, 'id="x1-error"', 'name="x1-date" value="2026-12-24"'),
        ({"x0-date": ""}, 'id="x0-error"', 'name="x0-start" value="09:00"'),
        ({"x0-date": "", "x0-start": "", "x0-end": "", "x1-date": "soon"}, 'id="x1-error"', 'value="soon"'),
        ({"off-from": "some day"}, 'id="x2-error"', 'name="x2-date" value="some day"'),
        ({"minimumNoticeHours": "many"}, 'id="notice-error"', 'value="many"'),
        ({"horizonDays": "0"}, 'id="horizon-error"', 'autocomplete="off" value="0"'),
        ({"dailyCap": "21"}, 'id="cap-error"', 'value="21"'),
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
    assert ranges(answer, "mon")[:2] == [("14:00", "00:00"), ("09:00", "12:00")]
    assert "data-unsaved" in text
    assert "Nothing was saved." in text
    assert availability_of(tunde).horizon_days == 77


def test_the_list_of_errors_leads_to_each_and_the_first_has_the_focus(press):
    wrong = {"tue-start": ["09:00", "14:00"], "tue-end": ["12:00", "13:00"], "horizonDays": "0"}
    text = press("save", TYPED | wrong).content.decode()
    places = re.findall(r'<li><a href="#([\w-]+)">', text)
    assert places == ["tue-1-start", "horizon"]
    assert all(f'id="{place}"' in text for place in places)
    assert text.count(" autofocus") == 1
    (focused,) = re.findall(r"<input[^>]* autofocus", text)
    assert 'id="tue-1-start"' in focused
    assert 'aria-invalid="true"' in focused


def test_ranges_that_overlap_are_both_marked(press):
    text = press("save", TYPED | {"tue-start": ["09:00", "11:00"], "tue-end": ["12:00", "13:00"]}).content.decode()
    assert len(re.findall(r'name="tue-start"[^>]*aria-invalid="true"', text)) == 2


def test_an_empty_form_is_refused_and_no_crash(tunde, signed_in):
    assert signed_in(tunde).post(PAGE, {}).status_code == 422
    assert signed_in(tunde).post(PREVIEW, {}).status_code == 422


@pytest.mark.parametrize(
    ("button", "row", "expected"),
    [
        ("add:sun", "sun", [("09:00", "17:00")]),
        ("add:mon", "mon", [("08:00", "11:30"), ("13:00", "14:00"), ("15:00", "17:00")]),
        ("drop:mon:0", "mon", [("13:00", "14:00")]),
        ("drop:mon:9", "mon", [("08:00", "11:30"), ("13:00", "14:00")]),
        ("drop:mon:x", "mon", [("08:00", "11:30"), ("13:00", "14:00")]),
        ("add:late", "mon", [("08:00", "11:30"), ("13:00", "14:00")]),
        ("forget:mon", "mon", [("08:00", "11:30"), ("13:00", "14:00")]),
        ("add:x0", "x0", [("09:00", "17:00")]),
        ("", "mon", [("08:00", "11:30"), ("13:00", "14:00")]),
    ],
)
def test_ranges_are_added_and_removed_without_saving(press, button, row, expected):
    typed = LAGOS | {"mon-start": ["08:00", "13:00"], "mon-end": ["11:30", "14:00"], "x0-date": "2026-05-20"}
    answer = press(button, typed)
    assert answer.status_code == 200
    assert ranges(answer, row) == expected
    assert "data-unsaved" in answer.content.decode()
    assert not Availability.objects.exists()


def test_a_range_after_a_late_one_begins_empty_and_counts_for_nothing(press):
    answer = press("add:mon", LAGOS | {"mon-start": "20:00", "mon-end": "23:45"})
    assert ranges(answer, "mon") == [("20:00", "23:45"), ("", "")]
    assert answer.status_code == 200
    assert "No preview yet" not in words(answer)


@pytest.mark.parametrize(
    ("to", "changed"),
    [(["tue", "fri"], {"tue", "fri"}), (["all"], {"tue", "wed", "thu", "fri", "sat", "sun"}), ([], set())],
)
def test_a_days_hours_are_copied_to_the_chosen_days(press, to, changed):
    typed = LAGOS | {"mon-start": ["08:00", "13:00"], "mon-end": ["11:30", "14:00"], "mon-to": to}
    answer = press("copy:mon", typed | {"sat-start": "10:00", "sat-end": "12:00"})
    hours = [("08:00", "11:30"), ("13:00", "14:00")]
    shown = {day: ranges(answer, day) for day in ("tue", "wed", "thu", "fri", "sat", "sun")}
    assert {day for day, each in shown.items() if each == hours} == changed
    assert shown["sat"] == (hours if "sat" in changed else [("10:00", "12:00")])
    assert not Availability.objects.exists()


def test_days_off_are_added_from_one_date_to_another_and_removed(press):
    typed = LAGOS | {"x0-date": "2026-12-25", "x0-start": "09:00", "x0-end": "12:00"}
    answer = press("dates", typed | {"off-from": "2026-12-24", "off-to": "2026-12-26"})
    assert sorted(dates(answer)) == ["2026-12-24", "2026-12-25", "2026-12-26"]
    assert ranges(answer, "x0") == [("09:00", "12:00")]
    assert dates(press("forget:x0", typed)) == []
    assert not Availability.objects.exists()


def test_a_date_that_stands_ready_is_saved_too(tunde, signed_in):
    signed_in(tunde).post(PAGE, LAGOS | {"off-from": "2026-12-24"})
    assert availability_of(tunde).exceptions == {"2026-12-24": []}


def test_more_days_off_than_may_be_are_refused_at_the_date(press):
    answer = press("save", LAGOS | {"off-from": "2026-05-05", "off-to": "2036-05-05"})
    assert answer.status_code == 422
    assert 'id="off-error"' in answer.content.decode()


def test_the_preview_shows_what_is_typed_and_writes_nothing(tunde, signed_in):
    typed = LAGOS | {"tue-start": ["09:00", "14:00"], "tue-end": ["11:00", "15:30"]}
    answer = signed_in(tunde).post(PREVIEW, typed | {"x0-date": "2026-05-12", "duration": "90"})
    assert answer.status_code == 200
    lines = seen(answer)
    assert len(lines) == 14
    assert lines[0] == "Mon 4 May: off"
    assert lines[1] == "Tue 5 May: 3 times, 09:00 … 14:00"
    assert lines[8] == "Tue 12 May: off"
    assert "3 times in 14 days, Lagos (GMT+1)" in words(answer)
    assert not Availability.objects.exists()
    assert seen(signed_in(tunde).post(PREVIEW, typed))[1] == "Tue 5 May: 5 times, 09:00 … 14:30"


def test_the_preview_button_shows_the_same_on_the_page(press):
    typed = LAGOS | {"tue-start": "09:00", "tue-end": "10:00", "duration": "60"}
    answer = press("preview", typed)
    assert answer.status_code == 200
    assert seen(answer)[1] == "Tue 5 May: 1 time, 09:00"
    assert "Unsaved changes" in words(answer)
    assert press("preview", typed | {"tue-end": "08:00"}).status_code == 422
    assert not Availability.objects.exists()


def test_the_page_begins_with_a_preview_of_what_is_saved(tunde, signed_in):
    set_availability(tunde, weekly={"wed": [["18:00", "20:00"]]}, exceptions=[{"date": "2026-05-13", "ranges": []}])
    lines = seen(signed_in(tunde).get(PAGE))
    assert lines[2] == "Wed 6 May: 3 times, 18:00 … 19:00"
    assert lines[9] == "Wed 13 May: off"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"duration": "180"}, "Tue 5 May: too short for this"),
        ({"minimumNoticeHours": "48"}, "Tue 5 May: too soon to book"),
        ({"duration": "60"}, "Tue 5 May: booked up"),
    ],
)
def test_a_day_without_times_says_why(tunde, ada, signed_in, change, said):
    book(tunde, ada, datetime(2026, 5, 5, 8, tzinfo=UTC))
    typed = LAGOS | {"tue-start": "09:00", "tue-end": "10:00"} | change
    assert seen(signed_in(tunde).post(PREVIEW, typed))[1] == said


def test_the_preview_ends_at_the_horizon_and_keeps_the_cap(tunde, ada, signed_in):
    book(tunde, ada, datetime(2026, 5, 5, 8, tzinfo=UTC))
    typed = LAGOS | {"tue-start": "09:00", "tue-end": "17:00", "horizonDays": "3"}
    lines = seen(signed_in(tunde).post(PREVIEW, typed))
    assert len(lines) == 4
    assert lines[1] == "Tue 5 May: 13 times, 10:00 … 16:00"
    assert seen(signed_in(tunde).post(PREVIEW, typed | {"dailyCap": "1"}))[1] == "Tue 5 May: booked up"


@pytest.mark.parametrize(
    ("now", "zone", "said"),
    [
        (
            datetime(2026, 3, 16, 6, tzinfo=UTC),
            "Europe/London",
            "Clocks go forward on 29 March: 01:00–02:00 does not exist. That day: 4 times, 00:00 … 02:30.",
        ),
        (
            datetime(2026, 10, 12, 6, tzinfo=UTC),
            "Europe/London",
            "01:00–02:00 comes twice, and students book the first. That day: 6 times, 00:00 … 02:30.",
        ),
        (
            datetime(2026, 9, 20, 6, tzinfo=UTC),
            "Australia/Lord_Howe",
            "Clocks go forward on 4 October: 02:00–02:30 does not exist.",
        ),
        (
            datetime(2026, 9, 20, 6, tzinfo=UTC),
            "Pacific/Chatham",
            "Clocks go forward on 27 September: 02:45–03:45 does not exist.",
        ),
    ],
)
def test_days_on_which_clocks_change_are_called_out(tunde, signed_in, frozen, now, zone, said):
    frozen(now)
    typed = LAGOS | {"zone": zone, "sun-start": "00:00", "sun-end": "03:30", "horizonDays": "30"}
    assert said in words(signed_in(tunde).post(PREVIEW, typed))


def test_no_clock_change_is_called_out_where_there_is_none(tunde, signed_in):
    assert "Clocks go" not in words(signed_in(tunde).post(PREVIEW, LAGOS | {"horizonDays": "365"}))


def test_what_cannot_be_read_is_named_instead_of_a_preview(tunde, signed_in):
    answer = signed_in(tunde).post(PREVIEW, LAGOS | {"wed-start": "10:00", "wed-end": "09:00", "horizonDays": "x"})
    assert answer.status_code == 422
    assert "No preview yet" in words(answer)
    assert '<a href="#wed-0-start">Wednesday</a>' in answer.content.decode()
    assert '<a href="#horizon">' in answer.content.decode()


def test_booked_sessions_outside_the_typed_hours_are_listed_and_stay(tunde, ada, signed_in):
    inside = book(tunde, ada, datetime(2026, 5, 5, 9, tzinfo=UTC))
    outside = [book(tunde, ada, datetime(2026, 5, 6 + day, 15, tzinfo=UTC)) for day in range(7)]
    claims = set(Claim.objects.values_list("pk", "booking_id"))
    typed = LAGOS | {"tue-start": "09:00", "tue-end": "12:00"}
    answer = signed_in(tunde).post(PREVIEW, typed)
    assert "7 booked sessions lie outside these hours They stay as booked." in words(answer)
    assert "2 more" in words(answer)
    for booking in outside:
        assert f'href="/mentorship/session/{booking}"' in answer.content.decode()
    assert str(inside) not in answer.content.decode()
    assert "Wed 6 May, 16:00 (Lagos)" in words(answer)
    saved = signed_in(tunde).post(PAGE, typed, follow=True)
    assert "7 booked sessions lie outside" in words(saved)
    assert set(Claim.objects.values_list("pk", "booking_id")) == claims


def test_sessions_that_are_over_or_lapsed_are_no_conflict(tunde, ada, signed_in, frozen):
    book(tunde, ada, datetime(2026, 5, 4, 7, tzinfo=UTC))
    frozen.advance(timedelta(hours=3))
    assert "outside these hours" not in words(signed_in(tunde).post(PREVIEW, LAGOS))


def test_looking_asks_the_database_few_things(tunde, signed_in, django_assert_max_num_queries):
    client = signed_in(tunde)
    set_availability(tunde, horizon_days=365)
    with django_assert_max_num_queries(7):
        client.post(PREVIEW, LAGOS)


def test_only_who_teaches_has_this_page(client, ada, admin, signed_in):
    for send in ("get", "post"):
        assert getattr(client, send)(PAGE).headers["Location"].startswith("/accounts/login/?next=")
        for person in (ada, admin):
            assert getattr(signed_in(person), send)(PAGE, TYPED).status_code == 403
    for person in (ada, admin):
        assert signed_in(person).post(PREVIEW, TYPED).status_code == 403
    assert client.post(PREVIEW, TYPED).headers["Location"].startswith("/accounts/login/?next=")
    assert not Availability.objects.exists()


def test_a_form_without_the_token_is_refused(tunde, signed_in):
    for address in (PAGE, PREVIEW):
        assert signed_in(tunde, csrf=True).post(address, TYPED).status_code == 403
    assert not Availability.objects.exists()
