"""Two people in two zones, on dates at which clocks change: every page shows one instant on the clock of its reader."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import steps
from tests.journeys.pages import sign_in
from tests.serving import Site, own_site

LONDON, NEW_YORK, SHANGHAI = "Europe/London", "America/New_York", "Asia/Shanghai"
PASSWORD = "a word for travellers"

type NewPage = Callable[..., Page]

site = own_site(seeded=False)


def test_a_session_moves_across_a_change_of_clocks_that_only_the_tutor_has(new_page: NewPage, site: Site) -> None:
    """New York has changed its clocks on 14 March 2027, London does on the 28th: four hours apart, then five."""
    title = "Reading a contract, slowly"
    steps.set_clock(site, datetime(2027, 3, 16, 12, tzinfo=UTC))
    tutor = join(new_page, "Imogen Hale", LONDON)
    teach(tutor, title)
    student = join(new_page, "Marcus Reed", NEW_YORK)
    steps.find_offering(student, title)
    booked = choose(student, "2027-03-22", "10:00")
    assert booked == datetime(2027, 3, 22, 14, tzinfo=UTC)
    # Nine to five in London.
    expect(student.locator("#picker .time").first).to_have_text("05:00")
    expect(student.locator("#picker .time").last).to_have_text("12:00")
    student.get_by_role("button", name="Book now").click()
    both = "Mon 22 Mar 2027, 10:00 (New York) · 14:00 (London)"
    expect(student.get_by_role("heading", name="Checkout")).to_be_visible()
    expect(student.locator("main")).to_contain_text(both)
    expect(student.locator("main")).to_contain_text("Sun 21 Mar 2027, 10:00 (New York) · 14:00 (London)")
    steps.go_to_paystack(student)
    steps.at_paystack(student, "Pay", "Confirmed")
    expect(student.locator("#standing")).to_contain_text(both)
    session = steps.open_session(student)
    see_session(student, tutor, session, title, ("Mon 22 Mar", "10:00"), ("Mon 22 Mar", "14:00"))
    see_mail(site, "marcus", f"Mon 22 Mar, 10:00 (New York) · {title}", "Mon 22 Mar 2027, 14:00 (London)", booked)
    see_mail(site, "imogen", f"Mon 22 Mar, 14:00 (London) · {title}", "Mon 22 Mar 2027, 10:00 (New York)", booked)

    student.goto(f"/mentorship/session/{session}/move")
    moved = choose(student, "2027-03-30", "10:00")
    assert moved == booked + timedelta(days=8)
    expect(student.locator("#sum .on")).to_contain_text("Tue 30 Mar 2027, 10:00 (New York) · 15:00 (London)")
    expect(student.locator("#sum .then")).to_contain_text("until Mon 29 Mar, 10:00 (New York)")
    student.get_by_role("button", name="Move to this time").click()
    expect(student).to_have_url(re.compile(f"/mentorship/session/{session}$"))
    see_session(student, tutor, session, title, ("Tue 30 Mar", "10:00"), ("Tue 30 Mar", "15:00"))
    see_mail(site, "marcus", "Tue 30 Mar, 10:00 (New York)", "Mon 22 Mar 2027, 10:00 (New York)", moved)
    see_mail(site, "imogen", "Tue 30 Mar, 15:00 (London)", "Mon 22 Mar 2027, 14:00 (London)", moved)

    # After London's change nothing has shifted, and the lobby opens by the instant.
    steps.set_clock(site, moved - timedelta(minutes=10))
    see_session(student, tutor, session, title, ("Tue 30 Mar", "10:00"), ("Tue 30 Mar", "15:00"))
    for page in (student, tutor):
        page.goto(f"/mentorship/session/{session}")
        expect(page.get_by_text("Lobby open")).to_be_visible()
    expect(tutor.locator("#details")).to_contain_text("From Mon 22 Mar, 14:00 (London) to Tue 30 Mar, 15:00 (London)")
    expect(tutor.locator(".foot")).to_contain_text("London (GMT+1)")


def test_nine_to_five_in_new_york_shifts_by_an_hour_in_shanghai(new_page: NewPage, site: Site) -> None:
    """New York changes its clocks on 7 November 2027: first twelve hours apart, then thirteen, over midnight."""
    title = "The first term of statistics"
    steps.set_clock(site, datetime(2027, 11, 2, 12, tzinfo=UTC))
    tutor = join(new_page, "Ruth Adler", NEW_YORK)
    teach(tutor, title)
    student = join(new_page, "Lin Yue", SHANGHAI)
    steps.find_offering(student, title)
    address = student.url.split("?")[0]
    offered = {day: times_of(student, address, day) for day in ("2027-11-05", "2027-11-06", "2027-11-09", "2027-11-10")}
    # Until New York's Friday noon and from its Friday morning on; then, an hour later, its Monday and its Tuesday.
    assert offered["2027-11-05"] == half_hours("00:00", "04:00") + half_hours("21:00", "23:30")
    assert offered["2027-11-06"] == half_hours("00:00", "04:00")
    assert offered["2027-11-09"] == half_hours("00:00", "05:00") + half_hours("22:00", "23:30")
    assert offered["2027-11-10"] == half_hours("00:00", "05:00") + half_hours("22:00", "23:30")
    expect(student.locator("#picker")).not_to_contain_text("Clocks change")
    for day in ("2027-11-05", "2027-11-08", "2027-11-09"):
        assert times_of(tutor, address, day) == half_hours("09:00", "16:00")
    expect(tutor.locator("#picker")).to_contain_text(f"Clocks change before this day: {NEW_YORK} is GMT-5 then.")

    before = choose(student, "2027-11-06", "02:00")
    assert before == datetime(2027, 11, 5, 18, tzinfo=UTC)
    change_zone(student, "new york", NEW_YORK)
    see_chosen(student, before, "2027-11-05", "14:00")
    # The browser is in Shanghai still, but its reader has just said what they want.
    expect(student.locator("#zone-offer")).to_be_hidden()
    change_zone(student, "beij", SHANGHAI)
    see_chosen(student, before, "2027-11-06", "02:00")
    book(student, "Sat 6 Nov 2027, 02:00 (Shanghai) · Fri 5 Nov 2027, 14:00 (New York)")

    student.goto(address)
    after = choose(student, "2027-11-09", "02:00")
    assert after == datetime(2027, 11, 8, 18, tzinfo=UTC)
    change_zone(student, "new york", NEW_YORK)
    see_chosen(student, after, "2027-11-08", "13:00")
    change_zone(student, "beij", SHANGHAI)
    book(student, "Tue 9 Nov 2027, 02:00 (Shanghai) · Mon 8 Nov 2027, 13:00 (New York)")
    tutor.goto("/tutor/mentorship?tab=pending")
    for when in ("Fri 5 Nov, 14:00 (New York)", "Mon 8 Nov, 13:00 (New York)"):
        expect(steps.row(tutor, title).filter(has_text=when)).to_have_count(1)


def join(new_page: NewPage, name: str, zone: str) -> Page:
    """Sign up and in with a browser in a zone; the account takes it from the browser."""
    page, email = new_page(timezone_id=zone), f"{name.split()[0].lower()}@travel.test"
    page.goto("/accounts/signup/")
    page.get_by_label("Your name").fill(name)
    page.locator("input[name=email]").fill(email)
    page.locator("input[name=password1]").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Sign up").click()
    expect(page).not_to_have_url(re.compile("/signup/"))
    sign_in(page, email, PASSWORD)
    expect(page.locator("#zone-offer")).to_be_hidden()
    return page


def teach(tutor: Page, title: str) -> None:
    """Become a mentor, who works from nine to five in the zone that they are in, and list an hour."""
    tutor.goto("/profile")
    tutor.get_by_role("button", name="Become a mentor").click()
    expect(tutor.get_by_role("heading", name="As students see you")).to_be_visible()
    steps.list_offering(tutor, title)


def choose(student: Page, day: str, clock: str) -> datetime:
    """Choose a day of a month that is on screen or comes later, and one of its times; the instant."""
    wanted = student.locator(f"#picker [data-date='{day}']")
    if not wanted.count():
        student.get_by_role("link", name="Later month").click()
    wanted.click()
    expect(student.locator(f"#picker [data-date='{day}'][aria-current=true]")).to_be_visible()
    label = student.locator("#picker .time").filter(has_text=clock)
    label.click()
    expect(label.locator("input")).to_be_checked()
    return datetime.fromisoformat(label.locator("input").get_attribute("value") or "")


def see_session(
    student: Page, tutor: Page, session: UUID, title: str, theirs: tuple[str, str], tutors: tuple[str, str]
) -> None:
    """The session's page and the dashboard of each; dates without their year, times as on New York's and London's."""
    readers = (
        (student, "student", theirs, "New York", tutors, "London"),
        (tutor, "tutor", tutors, "London", theirs, "New York"),
    )
    for page, who, (date, clock), city, (_other_date, other_clock), other_city in readers:
        both = f"{date} 2027, {clock} ({city}) · {other_clock} ({other_city})"
        page.goto(f"/mentorship/session/{session}")
        expect(page.locator("#when")).to_contain_text(both)
        steps.see_row(page, f"/{who}/mentorship?tab=pending", title, f"{date}, {clock} ({city})")
        expect(page.get_by_role("region", name="Next session")).to_contain_text(both)


def see_mail(site: Site, person: str, subject: str, words: str, at: datetime) -> None:
    """There comes a mail to a person whose subject and text say so; its calendar file begins at the instant."""
    for _ in range(60):
        for mail in mails(site):
            if mail["To"] == f"{person}@travel.test" and subject in mail["Subject"]:
                assert words in text_of(mail, "text/plain")
                assert words in text_of(mail, "text/html")
                assert f"DTSTART:{at:%Y%m%dT%H%M%SZ}" in text_of(mail, "text/calendar")
                return
        time.sleep(0.5)
    pytest.fail(f"no mail to {person} about {subject}")


def mails(site: Site) -> list[EmailMessage]:
    """Everything that the site has written into its folder of mail so far."""
    lines = [line for file in (site.data / "mail").glob("*.log") for line in file.read_bytes().split(b"\n" + b"-" * 79)]
    return [message_from_bytes(one.lstrip(), policy=policy.default) for one in lines if one.strip()]


def text_of(mail: EmailMessage, kind: str) -> str:
    return next(str(part.get_content()) for part in mail.walk() if part.get_content_type() == kind)


def half_hours(first: str, last: str) -> list[str]:
    start, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in (first, last))
    return [f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(start, end + 1, 30)]


def times_of(page: Page, address: str, day: str) -> list[str]:
    page.goto(f"{address}?day={day}")
    expect(page.locator(f"#picker [data-date='{day}'][aria-current=true]")).to_be_visible()
    return page.locator("#picker .time").all_inner_texts()


def change_zone(page: Page, words: str, zone: str) -> None:
    """By the dialog of the picker, in which places are searched for by name."""
    page.locator("[data-zone-link]").click()
    search = page.get_by_role("combobox", name="Your city or time zone")
    expect(search).to_be_focused()
    page.keyboard.type(words)
    page.get_by_role("option").filter(has_text=zone).first.click()
    expect(search).to_have_value(zone)
    page.locator("#zone-dialog").get_by_role("button", name="Show times in it").click()
    expect(page.locator(".zone-line [data-zone]")).to_have_attribute("data-zone", zone)


def see_chosen(page: Page, at: datetime, day: str, clock: str) -> None:
    """The instant is chosen still, on this day and at this time of the reader's clock."""
    checked = page.locator("#picker [data-time]:checked")
    expect(checked).to_have_value(f"{at:%Y-%m-%dT%H:%M:%SZ}")
    expect(page.locator("#picker .time:has(:checked)")).to_contain_text(clock)
    expect(page.locator("#picker [data-date].s")).to_have_attribute("data-date", day)


def book(student: Page, both: str) -> None:
    """Press the button; the checkout says both clocks."""
    student.get_by_role("button", name="Book now").click()
    expect(student.get_by_role("heading", name="Checkout")).to_be_visible()
    expect(student.locator("main")).to_contain_text(both)
