"""The marketplace and an offering's page over HTTP, as a page and as the parts that htmx swaps."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from oluko.accounts.models import Person
from oluko.calendars.availability import set_availability
from oluko.calendars.claims import quarters, take_time
from tests.cast import make_offering, make_person

HTMX = {"HX-Request": "true"}
MONDAY = datetime(2026, 5, 4, 5, 58, tzinfo=UTC)  # 06:58 in Lagos


@pytest.fixture(autouse=True)
def monday(frozen):
    frozen(MONDAY)


def page_of(client, path="/mentorship", *, htmx=False, status=200, **query):
    answer = client.get(path, query, headers=HTMX if htmx else {})
    assert answer.status_code == status
    return answer.content.decode()


@pytest.mark.parametrize("htmx", [False, True])
def test_card_shows_tutor_course_price_and_next_free_time_in_the_readers_zone(client, tunde, react, htmx):
    tunde.tutor_profile.verified_at = MONDAY
    tunde.tutor_profile.save()
    made = make_offering(tunde, title="Deep React", course=react)
    client.cookies["zone"] = "America/New_York"
    text = page_of(client, htmx=htmx)
    assert ("<html" in text) is not htmx
    for shown in ("Tunde Bakare", "(verified)", "Deep React", "React Foundations", "₦5,000", "60 min", ">TB<"):
        assert shown in text
    # 09:00 in Lagos, the first that keeps two hours' notice.
    assert "New · next free" in text
    assert "Mon 4 May, 04:00 (New York)" in text
    assert f"/mentorship/offerings/{made.pk}" in text
    assert "★" not in text


@pytest.mark.parametrize("htmx", [False, True])
def test_filters_live_in_the_address_and_can_be_dropped(client, tunde, mei, react, htmx):
    make_offering(tunde, title="Cheap and short", price=1_000_00, duration=30, course=react)
    make_offering(mei, title="Dear and long", price=90_000_00, duration=180)
    text = page_of(client, htmx=htmx, maxPrice="2,000", duration="30", courseId=str(react.pk), q="", sort="price")
    assert "Cheap and short" in text
    assert "Dear and long" not in text
    assert '<b class="num">1</b> offering' in text
    assert "Up to ₦2,000" in text
    dropped = re.search(r'href="([^"]+)" data-drop>Up to', text).group(1).replace("&amp;", "&")
    assert parse_qs(urlsplit(dropped).query) == {"duration": ["30"], "courseId": [str(react.pk)], "sort": ["price"]}


def test_htmx_puts_a_short_address_into_the_history(client, offering):
    answer = client.get("/mentorship", {"q": "react", "tutorId": "", "sort": "newest"}, headers=HTMX)
    assert answer.headers["HX-Push-Url"] == "/mentorship?q=react"


@pytest.mark.parametrize("htmx", [False, True])
def test_nothing_found_offers_to_drop_each_filter(client, offering, htmx):
    text = page_of(client, htmx=htmx, q="zzz", duration="30")
    assert "Nothing fits all of this" in text
    assert "Without “zzz”" in text
    assert "Without 30 min" in text


def test_an_empty_marketplace_says_so(client, db):
    assert "No offerings yet" in page_of(client)


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("minPrice", "cheap"),
        ("maxPrice", "-1"),
        ("duration", "50"),
        ("sort", "best"),
        ("tutorId", "x"),
        ("q", "x" * 101),
    ],
)
def test_wrong_filters_keep_what_was_typed_and_say_what_is_wrong(client, offering, htmx, field, value):
    text = page_of(client, htmx=htmx, status=422, **{field: value})
    assert f'id="error-{field}"' in text
    if not htmx and field in ("minPrice", "maxPrice", "q"):
        assert f'value="{value}"' in text
        assert f'aria-describedby="error-{field}"' in text


@pytest.mark.parametrize("cursor", ["x", "AAAA", "'"])
def test_a_wrong_cursor_is_no_crash(client, offering, cursor):
    page_of(client, status=422, cursor=cursor)


@pytest.mark.parametrize("sort", ["newest", "price", "soonest"])
@pytest.mark.parametrize("htmx", [False, True])
def test_more_leads_through_every_offering_once(client, tunde, sort, htmx):
    for number in range(30):
        make_offering(tunde, title=f"Number {number:02d}.", created_at=MONDAY + timedelta(minutes=number))
    text = page_of(client, htmx=htmx, sort=sort, duration="60")
    first = re.findall(r"Number \d\d\.(?=</a>)", text)
    address = re.search(r'id="more-link" href="([^"]+)"', text).group(1).replace("&amp;", "&")
    answer = client.get(address, headers=HTMX if htmx else {})
    rest = answer.content.decode()
    assert sorted(first + re.findall(r"Number \d\d\.(?=</a>)", rest)) == [
        f"Number {number:02d}." for number in range(30)
    ]
    assert "more-link" not in rest
    assert ('hx-swap-oob="true"' in rest) is htmx


def test_the_page_asks_the_database_no_more_for_more_cards(client, tunde, mei, django_assert_max_num_queries):
    for number in range(20):
        make_offering((tunde, mei)[number % 2], duration=(30, 60)[number % 2])
    with django_assert_max_num_queries(7):
        page_of(client)


def test_nobody_may_keep_the_page(client, offering):
    for path in ("/mentorship", f"/mentorship/offerings/{offering.pk}"):
        answer = client.get(path)
        assert "private" in answer.headers["Cache-Control"]
        assert "no-store" in answer.headers["Cache-Control"]
        assert {"HX-Request", "Cookie"} <= {name.strip() for name in answer.headers["Vary"].split(",")}
        assert client.post(path).status_code == 405


@pytest.mark.parametrize("htmx", [False, True])
def test_offering_page_opens_on_the_first_day_with_times(client, offering, htmx):
    text = page_of(client, f"/mentorship/offerings/{offering.pk}", htmx=htmx)
    assert ("<html" in text) is not htmx
    assert "May 2026" in text
    assert 'aria-label="Monday 4 May 2026, 15 times"' in text
    assert 'aria-label="Saturday 9 May 2026, no times"' in text
    assert 'value="2026-05-04T08:00:00Z"' in text
    assert "Times in" in text
    assert "Africa/Lagos (GMT+1)</span>, 06:5" in text
    assert "until 24 hours before, half until 2 hours before" in text
    assert f'action="/mentorship/offerings/{offering.pk}/book"' in text
    assert 'value="INSTANT">Book now' in text
    assert 'value="REQUEST">Ask first' in text


def test_on_request_only_cannot_be_booked_at_once(client, tunde):
    made = make_offering(tunde, booking_mode="REQUEST")
    text = page_of(client, f"/mentorship/offerings/{made.pk}")
    assert "INSTANT" not in text
    assert 'value="REQUEST"' in text


def test_days_and_months_are_links_that_work_alone(client, offering):
    path = f"/mentorship/offerings/{offering.pk}"
    assert 'value="2026-05-12T08:00:00Z"' in page_of(client, path, day="2026-05-12")
    june = page_of(client, path, month="2026-06")
    assert "June 2026" in june
    assert 'value="2026-06-01T08:00:00Z"' in june
    assert 'href="?month=2026-05"' in june
    assert "No free times on this day" in page_of(client, path, day="2026-05-09")


def test_times_are_grouped_and_shown_on_the_readers_clock(client, tunde, mei, offering, signed_in):
    path = f"/mentorship/offerings/{offering.pk}"
    text = page_of(client, path, day="2026-05-05", clock="12")
    assert "9:00 AM</span>" in text
    assert text.index("Morning") < text.index("Afternoon")
    # The same instants are 16:00 to midnight in Shanghai.
    text = page_of(signed_in(mei), path, day="2026-05-05")
    assert 'value="2026-05-05T08:00:00Z" required><span>16:00</span>' in text


@pytest.mark.parametrize(
    "query",
    [
        {"month": "May"},
        {"month": "2026-13"},
        {"month": "0001-01"},
        {"month": "9999-12"},
        {"day": "2026-02-30"},
        {"day": "1999-01-01"},
        {"day": "8999-12-31"},
        {"day": "٢٠٢٦-05-05"},
        {"chosen": "now"},
        {"chosen": "2026-05-05T10:00:00"},
        {"chosen": "9999-12-31T23:59:59Z"},
        {"taken": "0001-01-01T00:00:00Z"},
        {"taken": "2026-99-99T00:00:00Z"},
        {"clock": "13"},
    ],
)
def test_an_address_that_cannot_be_read_shows_the_page_all_the_same(client, offering, query):
    assert "2026" in page_of(client, f"/mentorship/offerings/{offering.pk}", **query)


def test_the_clock_that_was_chosen_is_remembered(client, offering):
    path = f"/mentorship/offerings/{offering.pk}"
    assert "09:00</span>" in page_of(client, path, day="2026-05-05")
    assert "9:00 AM</span>" in page_of(client, path, day="2026-05-05", clock="12", htmx=True)
    later = page_of(client, path, day="2026-05-06")
    assert "9:00 AM</span>" in later
    assert re.search(r'href="\?day=2026-05-06&amp;clock=12"[^>]* aria-current="true">12 h', later)
    assert "6:5" in later[later.index("Africa/Lagos (GMT+1)</span>") :]
    assert "09:00</span>" in page_of(client, path, day="2026-05-05", clock="24")
    assert "09:00</span>" in page_of(client, path, day="2026-05-05", clock="13")


def test_another_clock_keeps_the_time_that_is_chosen(client, offering):
    path = f"/mentorship/offerings/{offering.pk}"
    text = page_of(client, path, htmx=True, day="2026-05-05", clock="12", scheduled_at="2026-05-05T13:30:00Z")
    assert 'value="2026-05-05T13:30:00Z" required checked><span>2:30 PM' in text
    assert "Tue 5 May, 2:30 PM" in text


def test_another_zone_keeps_the_instant_and_opens_the_month_it_falls_in(client, offering):
    path = f"/mentorship/offerings/{offering.pk}"
    at = "2026-06-01T08:00:00Z"  # 09:00 on 1 June in Lagos, still 31 May in Honolulu
    client.post("/zone", {"zone": "Honolulu", "next": f"{path}?chosen={at}"})
    text = page_of(client, path, chosen=at)
    assert "May 2026" in text
    assert f'value="{at}" required checked><span>22:00' in text
    assert re.search(r'data-date="2026-05-31"[^>]* aria-current="true"', text)
    assert "Pacific/Honolulu (GMT-10)" in text


def test_a_day_beyond_a_change_of_clocks_says_how_far_the_zone_is_then(client, tunde, offering, frozen):
    frozen(datetime(2026, 3, 6, 5, 58, tzinfo=UTC))
    client.cookies["zone"] = "America/New_York"
    path = f"/mentorship/offerings/{offering.pk}"
    assert "Clocks change" not in page_of(client, path, day="2026-03-06")
    text = page_of(client, path, day="2026-03-10")
    assert "Clocks change before this day: America/New_York is GMT-4 then." in text
    assert "America/New_York (GMT-5)" in text


def test_a_chosen_time_that_is_gone_is_said_and_the_nearest_are_offered(client, tunde, ada, offering):
    gone = datetime(2026, 5, 6, 10, 0, tzinfo=UTC)
    take_time(ada.pk, {tunde.pk: quarters(gone, 60)}, expires_at=None)
    text = page_of(client, f"/mentorship/offerings/{offering.pk}", chosen="2026-05-06T10:00:00Z")
    assert "The time that you had chosen cannot be had." in text
    assert "required checked" not in text
    assert len(re.findall(r'href="\?chosen=', text)) == 3


def test_booking_a_lost_time_comes_back_to_the_page_with_the_reason(client, tunde, ada, bola, offering, signed_in):
    path = f"/mentorship/offerings/{offering.pk}"
    sent = {"scheduled_at": "2026-05-06T10:00:00Z", "booking_mode": "INSTANT", "notes": "Hooks"}
    signed_in(bola).post(f"{path}/book", sent)
    text = signed_in(ada).post(f"{path}/book", sent, follow=True).content.decode()
    assert "Somebody took that time a moment ago." in text
    assert ">Hooks</textarea>" in text
    set_availability(tunde, daily_cap=1)
    sent["scheduled_at"] = "2026-05-06T13:00:00Z"
    text = signed_in(ada).post(f"{path}/book", sent, follow=True).content.decode()
    assert "The tutor takes no more sessions on that day." in text
    near = re.findall(r'href="\?chosen=([^"]+)"', text)
    assert len(near) == 3
    assert not [at for at in near if at.startswith("2026-05-06")]


def test_the_month_opens_on_the_first_one_that_has_times(client, tunde, offering, frozen):
    frozen(datetime(2026, 5, 30, 12, 0, tzinfo=UTC))
    text = page_of(client, f"/mentorship/offerings/{offering.pk}")
    assert "June 2026" in text
    assert 'value="2026-06-01T08:00:00Z"' in text


def test_a_chosen_time_is_kept(client, offering):
    text = page_of(client, f"/mentorship/offerings/{offering.pk}", chosen="2026-05-13T09:30:00Z")
    assert 'value="2026-05-13T09:30:00Z" required checked' in text


def test_a_lost_time_stays_on_the_page_with_the_three_nearest(client, tunde, ada, offering):
    lost = datetime(2026, 5, 6, 10, 0, tzinfo=UTC)
    take_time(ada.pk, {tunde.pk: quarters(lost, 60)}, expires_at=None)
    text = page_of(client, f"/mentorship/offerings/{offering.pk}", taken="2026-05-06T10:00:00Z")
    assert "Somebody took that time" in text
    notice = text[text.index('id="lost"') : text.index("month-h")]
    assert re.findall(r'href="\?chosen=([^"&]+)', notice) == [
        "2026-05-06T08:30:00Z",
        "2026-05-06T09:00:00Z",
        "2026-05-06T11:00:00Z",
    ]
    assert 'value="2026-05-06T10:00:00Z"' not in text


def test_a_students_own_sessions_are_not_offered_again(tunde, ada, offering, signed_in):
    take_time(tunde.pk, {ada.pk: quarters(datetime(2026, 5, 5, 8, 0, tzinfo=UTC), 60)}, expires_at=None)
    path = f"/mentorship/offerings/{offering.pk}"
    assert 'value="2026-05-05T08:00:00Z"' not in page_of(signed_in(ada), path, day="2026-05-05")
    assert 'value="2026-05-05T08:00:00Z"' in page_of(signed_in(tunde), path, day="2026-05-05")


def test_tutors_do_not_book_themselves(tunde, offering, signed_in):
    text = page_of(signed_in(tunde), f"/mentorship/offerings/{offering.pk}")
    assert "This is your own offering" in text
    assert "booking_mode" not in text


def test_a_month_without_times_says_so(client, tunde, offering):
    set_availability(tunde, weekly={})
    text = page_of(client, f"/mentorship/offerings/{offering.pk}")
    assert "No free times in this month" in text


def test_signed_out_visitor_goes_to_sign_in_and_comes_back_to_the_chosen_time(client, offering):
    answer = client.post(
        f"/mentorship/offerings/{offering.pk}/book",
        {"scheduled_at": "2026-05-05T08:00:00Z", "booking_mode": "INSTANT", "notes": ""},
    )
    assert answer.status_code == 302
    back = parse_qs(urlsplit(answer.headers["Location"]).query)["next"][0]
    assert 'value="2026-05-05T08:00:00Z" required checked' in client.get(back).content.decode()


@pytest.mark.parametrize("gone", ["withdrawn", "unknown", "left"])
def test_an_offering_that_is_not_live_is_not_found(client, tunde, offering, gone):
    path = f"/mentorship/offerings/{offering.pk if gone != 'unknown' else uuid.uuid4()}"
    if gone == "withdrawn":
        offering.withdrawn_at = MONDAY
        offering.save()
    if gone == "left":
        tunde.is_active = False
        tunde.save()
    page_of(client, path, status=404)


def test_what_people_write_stays_text(client, mei):
    nasty = make_person("<b>x</b> Nasty", Person.Role.TUTOR)
    nasty.tutor_profile.bio = "<script>alert(1)</script>"
    nasty.tutor_profile.save()
    made = make_offering(nasty, title="<script>alert(2)</script>", description='"><img src=x onerror=alert(3)>')
    for path in ("/mentorship", f"/mentorship/offerings/{made.pk}"):
        text = page_of(client, path)
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "<b>x</b>" not in text
