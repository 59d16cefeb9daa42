"""The page on which a session is moved or another time proposed, and the answer to a proposal, over HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.bookings.models import Booking
from oluko.calendars.availability import set_availability
from oluko.core.times import iso
from oluko.meetings.moves import reschedule_session
from oluko.offerings.models import BookingMode, Offering
from tests.cast import make_offering
from tests.meetings.conftest import Take
from tests.paying import pay
from tests.times import next_monday

pytestmark = pytest.mark.django_db

type SignIn = Callable[..., Client]
HOUR = timedelta(hours=1)
SUMMARY = {"HX-Request": "true", "HX-Target": "sum"}


def path(booking: Booking, rest: str = "/move") -> str:
    return f"/mentorship/session/{booking.pk}{rest}"


def read(client: Client, address: str, **query: str) -> str:
    answer = client.get(address, query)
    assert answer.status_code == 200
    return answer.content.decode()


def offered(text: str) -> list[str]:
    return re.findall(r'name="chosen" value="([^"]+)"', text)


def now_at(booking: Booking) -> datetime:
    booking.refresh_from_db()
    return booking.scheduled_at


@pytest.fixture
def student(ada: Person, signed_in: SignIn) -> Client:
    return signed_in(ada)


@pytest.fixture
def tutor(tunde: Person, signed_in: SignIn) -> Client:
    return signed_in(tunde)


def test_the_month_opens_where_the_session_is_now_and_its_own_time_is_free_for_it(
    paid: Booking, student: Client
) -> None:
    text = read(student, path(paid))
    times = offered(text)
    assert iso(paid.scheduled_at) not in times
    # Half an hour later lies in the hour that the session itself holds.
    assert iso(paid.scheduled_at + HOUR / 2) in times
    assert 'aria-current="true"' in text
    assert "Move this session" in text
    assert "Choose a day and a time" in text
    assert "Move to this time" not in text


def test_before_moving_the_student_sees_both_clocks_the_money_and_the_new_terms(
    paid: Booking, ada: Person, student: Client
) -> None:
    ada.time_zone = "Asia/Shanghai"
    ada.save()
    to = paid.scheduled_at + 2 * HOUR
    text = read(student, path(paid), chosen=iso(to))
    for at in (paid.scheduled_at, to):
        assert f"{at.astimezone(ZoneInfo('Asia/Shanghai')):%H:%M} (Shanghai) · " in text
        assert f"{at.astimezone(ZoneInfo('Africa/Lagos')):%H:%M} (Lagos)" in text
    assert "Nothing is charged again: your ₦5,000 stay paid." in text
    until = (to - 24 * HOUR).astimezone(ZoneInfo("Asia/Shanghai"))
    terms = text[text.index("If you cancel after the move") : text.index("Move to this time")]
    assert f"{until:%H:%M} (Shanghai)</time></dt><dd>" in terms
    assert re.findall(r'<dd>(?:<span class="\w+">)?([^<]+)', terms) == [
        "all ₦5,000 back",
        "₦2,500 back",
        "nothing back",
    ]
    assert f'name="scheduled_at" value="{iso(to)}"' in text


def test_new_terms_near_the_start_do_not_promise_what_they_cannot_keep(paid: Booking, student: Client, frozen) -> None:
    frozen(paid.scheduled_at - 24.25 * HOUR)
    text = read(student, path(paid), chosen=iso(paid.scheduled_at - HOUR / 2))
    terms = text[text.index("If you cancel after the move") : text.index("Move to this time")]
    assert re.findall(r'<dd>(?:<span class="\w+">)?([^<]+)', terms) == ["₦2,500 back", "nothing back"]


def test_a_press_of_a_time_asks_for_what_it_changes_alone(paid: Booking, student: Client) -> None:
    to = iso(paid.scheduled_at + 2 * HOUR)
    answer = student.get(path(paid), {"chosen": to}, headers=SUMMARY)
    text = answer.content.decode()
    assert text.startswith('<section class="sum-up')
    assert f'data-for="{to}"' in text
    assert "HX-Target" in answer.headers["Vary"]
    columns = student.get(path(paid), {"chosen": to}, headers={"HX-Request": "true", "HX-Target": "picker"})
    assert columns.content.decode().startswith('<div class="book fade moving" id="picker"')


def test_the_student_moves_the_session_at_once(paid: Booking, ada: Person, student: Client) -> None:
    was, to = paid.scheduled_at, paid.scheduled_at + 2 * HOUR
    answer = student.post(path(paid), {"scheduled_at": iso(to)}, follow=True)
    assert answer.redirect_chain == [(path(paid, ""), 302)]
    assert now_at(paid) == to
    text = answer.content.decode()
    assert "Tunde Bakare is told." in text
    history = text[text.index("<h3>Moved</h3>") :]
    assert f"{was.astimezone(ZoneInfo('Africa/Lagos')):%H:%M} (Lagos)</time> to" in history
    assert "by Ada Obi" in history


@pytest.mark.parametrize("sent", ["", "soon", "2026-05-05T10:00:00"])
def test_what_is_no_instant_moves_nothing(paid: Booking, student: Client, sent: str) -> None:
    was = paid.scheduled_at
    answer = student.post(path(paid), {"scheduled_at": sent})
    assert answer.status_code == 422
    assert "Choose a time." in answer.content.decode()
    assert now_at(paid) == was


def test_a_time_taken_meanwhile_stays_on_the_page_with_the_three_nearest(
    paid: Booking, bola: Person, hold: Take, student: Client
) -> None:
    was, wanted = paid.scheduled_at, paid.scheduled_at + 3 * HOUR
    hold(bola, wanted)
    answer = student.post(path(paid), {"scheduled_at": iso(wanted)})
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "This time was taken a moment ago" in text
    lost = text[text.index('id="lost"') : text.index("month-h")]
    nearest = re.findall(r'href="\?chosen=([^"&]+)', lost)
    assert nearest == [iso(wanted - 3 * HOUR / 2), iso(wanted - HOUR), iso(wanted + HOUR)]
    assert set(nearest) <= set(offered(text))
    assert now_at(paid) == was


def test_a_day_that_is_full_says_so(paid: Booking, tunde: Person, bola: Person, hold: Take, student: Client) -> None:
    wanted = paid.scheduled_at + 24 * HOUR
    hold(bola, wanted + 2 * HOUR)
    set_availability(tunde, daily_cap=1)
    text = student.post(path(paid), {"scheduled_at": iso(wanted)}).content.decode()
    assert 'id="lost"' in text
    nearest = re.findall(r'href="\?chosen=([^"&]+)', text)
    assert len(nearest) == 3
    assert not [at for at in nearest if at.startswith(iso(wanted)[:10])]


def test_a_chosen_time_that_is_gone_is_not_promised(paid: Booking, bola: Person, hold: Take, student: Client) -> None:
    wanted = paid.scheduled_at + 3 * HOUR
    hold(bola, wanted)
    text = read(student, path(paid), chosen=iso(wanted))
    assert "cannot be had" in text
    assert "Move to this time" not in text


def test_a_student_who_is_too_late_learns_what_is_left(paid: Booking, student: Client, frozen) -> None:
    was = paid.scheduled_at
    frozen(was - 10 * HOUR)
    text = read(student, path(paid))
    assert "It is too late to move it yourself" in text
    assert "Cancelling now would give back ₦2,500 of ₦5,000." in text
    answer = student.post(path(paid), {"scheduled_at": iso(was + 48 * HOUR)})
    assert answer.status_code == 409
    assert "It is too late" in answer.content.decode()
    assert now_at(paid) == was


def test_a_session_that_has_begun_cannot_be_moved(paid: Booking, student: Client, tutor: Client, frozen) -> None:
    frozen(paid.scheduled_at)
    for person in (student, tutor):
        text = read(person, path(paid))
        assert "cannot be moved any more" in text
        assert "picker" not in text.split("<main")[1].split("</main")[0].replace("oluko/picker", "")
        assert "/move" not in read(person, path(paid, "")).split("<main")[1]


def test_an_unpaid_session_moves_and_is_still_to_be_paid(ada: Person, hold: Take, student: Client) -> None:
    held = hold(ada)
    to = held.scheduled_at + 2 * HOUR
    assert "Moving costs nothing; ₦5,000 are to be paid as before." in read(student, path(held), chosen=iso(to))
    student.post(path(held), {"scheduled_at": iso(to)})
    assert now_at(held) == to


def test_the_tutor_proposes_and_the_page_says_that_it_is_no_more(paid: Booking, ada: Person, tutor: Client) -> None:
    was, to = paid.scheduled_at, paid.scheduled_at + 2 * HOUR
    text = read(tutor, path(paid), chosen=iso(to))
    assert "This is a proposal: Ada Obi answers it" in text
    assert "It holds no time" in text
    assert "If Ada Obi cancels after the move" in text
    assert "Move to this time" not in text
    answer = tutor.post(path(paid), {"scheduled_at": iso(to)}, follow=True)
    said = answer.content.decode()
    assert "Ada Obi is asked." in said
    assert "Ada Obi has not answered your proposal yet" in said
    assert now_at(paid) == was
    assert paid.proposed_at == to


def test_a_tutor_may_name_a_time_outside_the_hours_on_their_own_clock(
    paid: Booking, tunde: Person, tutor: Client
) -> None:
    tunde.time_zone = "Asia/Shanghai"
    tunde.save()
    day = paid.scheduled_at.date() + timedelta(days=1)
    answer = tutor.get(path(paid), {"date": day.isoformat(), "time": "23:15"})
    assert answer.status_code == 302
    late = datetime(day.year, day.month, day.day, 23, 15, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert answer.headers["Location"] == f"{path(paid)}?chosen={iso(late).replace(':', '%3A')}#sum"
    text = read(tutor, answer.headers["Location"])
    assert f'value="{day.isoformat()}"' in text
    assert "Propose it to Ada Obi" in text
    tutor.post(path(paid), {"scheduled_at": iso(late)})
    paid.refresh_from_db()
    assert paid.proposed_at == late


def test_students_are_bound_to_the_hours(paid: Booking, student: Client) -> None:
    night = (paid.scheduled_at + 24 * HOUR).replace(hour=23)
    text = read(student, path(paid), chosen=iso(night))
    assert "cannot be had" in text
    answer = student.post(path(paid), {"scheduled_at": iso(night)})
    assert answer.status_code == 422
    assert 'id="lost"' in answer.content.decode()


@pytest.mark.parametrize("page", ["", "/move"])
def test_a_proposal_waits_where_its_student_looks(
    paid: Booking, tunde: Person, student: Client, tutor: Client, page: str
) -> None:
    to = paid.scheduled_at + 5 * HOUR
    reschedule_session(tunde, paid.pk, to)
    for text in (read(student, path(paid, page)), read(student, "/student/mentorship?tab=pending")):
        assert "Tunde Bakare proposes another time" in text
        assert f"{to.astimezone(ZoneInfo('Africa/Lagos')):%H:%M} (Lagos)" in text
        assert ">Accept</button>" in text
        assert ">Decline</button>" in text
    theirs = read(tutor, path(paid, page))
    assert "Ada Obi has not answered your proposal yet" in theirs
    assert ">Accept</button>" not in theirs
    assert "You proposed:" in read(tutor, "/tutor/mentorship?tab=pending")


@pytest.mark.parametrize("on", ["", "dashboard"])
def test_accepting_moves_the_session_and_tells_how_it_came(
    paid: Booking, tunde: Person, student: Client, on: str
) -> None:
    to = paid.scheduled_at + 5 * HOUR
    reschedule_session(tunde, paid.pk, to)
    sent = {"answer": "accept", "proposed_at": iso(to), "on": on}
    answer = student.post(path(paid, "/proposal"), sent)
    assert answer.headers["Location"] == ("/student/mentorship" if on else path(paid, ""))
    assert now_at(paid) == to
    text = read(student, path(paid, ""))
    assert "proposed by Tunde Bakare, accepted by Ada Obi" in text
    assert "proposes another time" not in text


def test_declining_keeps_the_time(paid: Booking, tunde: Person, student: Client) -> None:
    was = paid.scheduled_at
    reschedule_session(tunde, paid.pk, was + 5 * HOUR)
    answer = student.post(path(paid, "/proposal"), {"answer": "decline"}, follow=True)
    assert "Declined. The session stays at" in answer.content.decode()
    assert now_at(paid) == was
    assert paid.proposed_at is None


def test_accepting_a_time_that_is_gone_offers_the_three_nearest_and_keeps_the_proposal(
    paid: Booking, tunde: Person, bola: Person, hold: Take, student: Client
) -> None:
    was, to = paid.scheduled_at, paid.scheduled_at + 3 * HOUR
    reschedule_session(tunde, paid.pk, to)
    hold(bola, to)
    answer = student.post(path(paid, "/proposal"), {"answer": "accept", "proposed_at": iso(to)})
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "taken a moment ago" in text
    assert len(re.findall(r'href="\?chosen=([^"&]+)', text)) == 3
    assert now_at(paid) == was
    assert paid.proposed_at == to


def test_an_answer_to_another_proposal_than_the_one_seen_does_nothing(
    paid: Booking, tunde: Person, student: Client
) -> None:
    was, seen = paid.scheduled_at, paid.scheduled_at + 3 * HOUR
    reschedule_session(tunde, paid.pk, seen + HOUR)
    answer = student.post(path(paid, "/proposal"), {"answer": "accept", "proposed_at": iso(seen)}, follow=True)
    assert "yet another time" in answer.content.decode()
    assert now_at(paid) == was


def test_without_a_proposal_there_is_nothing_to_answer(paid: Booking, student: Client) -> None:
    answer = student.post(path(paid, "/proposal"), {"answer": "accept"}, follow=True)
    assert answer.redirect_chain[-1][0] == path(paid, "")
    assert "no proposal to answer" in answer.content.decode()


def test_others_find_nothing(paid: Booking, bola: Person, admin: Person, signed_in: SignIn) -> None:
    for person in (bola, admin):
        assert signed_in(person).get(path(paid)).status_code == 404
        assert signed_in(person).post(path(paid), {"scheduled_at": iso(paid.scheduled_at)}).status_code == 404
        assert signed_in(person).post(path(paid, "/proposal"), {"answer": "accept"}).status_code == 404


def test_the_page_that_is_open_learns_of_a_move(paid: Booking, ada: Person, tutor: Client) -> None:
    first = tutor.get(path(paid, "/state"))
    kept = {"If-None-Match": first.headers["ETag"]}
    assert tutor.get(path(paid, "/state"), headers=kept).status_code == 304
    to = paid.scheduled_at + 2 * HOUR
    reschedule_session(ada, paid.pk, to)
    later = tutor.get(path(paid, "/state"), headers=kept)
    assert later.status_code == 200
    heading = re.search(r'<p id="when" hx-swap-oob="true">.*?</p>', later.content.decode())
    assert heading
    assert f"{to.astimezone(ZoneInfo('Africa/Lagos')):%H:%M}" in heading[0]


def test_dashboards_lead_to_moving_while_it_is_possible(
    paid: Booking, tunde: Person, student: Client, tutor: Client, frozen
) -> None:
    link = f'href="{path(paid)}"'
    assert link in read(student, "/student/mentorship?tab=pending")
    assert link in read(tutor, "/tutor/mentorship?tab=pending")
    frozen(paid.scheduled_at - 10 * HOUR)
    assert link not in read(student, "/student/mentorship?tab=pending")
    assert link in read(tutor, "/tutor/mentorship?tab=pending")


def test_a_session_keeps_its_own_break_where_the_tutor_now_wants_a_longer_one(
    ada: Person, tunde: Person, bola: Person, signed_in: SignIn
) -> None:
    offering: Offering = make_offering(tunde)
    at = next_monday()
    booking = pay(book(ada, offered_terms(offering.pk), mode=BookingMode.INSTANT, scheduled_at=at))
    book(bola, offered_terms(offering.pk), mode=BookingMode.INSTANT, scheduled_at=at + 4 * HOUR)
    set_availability(tunde, buffer_minutes=60)
    assert iso(at + 3 * HOUR) in offered(read(signed_in(ada), path(booking)))
