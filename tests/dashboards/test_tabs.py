"""What the tabs of both dashboards hold, what comes next, and how the pages follow the server."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from oluko.accounts.models import Person
from oluko.bookings.models import Booking, Status
from oluko.bookings.requests import approve_request, reject_request
from oluko.bookings.sessions import mark_session
from oluko.core.errors import Invalid
from oluko.dashboards.student import ready_for_payment, student_counts, student_next, student_tab
from oluko.dashboards.tutor import pending_approvals, tutor_counts, tutor_next, tutor_tab
from oluko.payments.cancellations import cancel_booking
from tests.dashboards.conftest import Take
from tests.paying import pay

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
type SignIn = Callable[..., Client]


@pytest.fixture
def past(hold: Take, ask: Take, ada: Person, tunde: Person, at: datetime, frozen) -> dict[str, Booking]:
    """One booking of Ada's with Tunde in each state, an hour apart; now is after the first two have ended."""
    made = {"completed": pay(hold(ada, at)), "no_show": pay(hold(ada, at + HOUR))}
    made["cancelled"] = pay(hold(ada, at + 2 * HOUR))
    made["rejected"] = ask(ada, at + 3 * HOUR)
    made["running"] = pay(hold(ada, at + 4 * HOUR))
    cancel_booking(ada, made["cancelled"].pk)
    reject_request(tunde, made["rejected"].pk, reason="Fully booked that day")
    frozen(at + 3 * HOUR)
    mark_session(tunde, made["completed"].pk, Status.COMPLETED)
    mark_session(tunde, made["no_show"].pk, Status.NO_SHOW)
    frozen(at + 4 * HOUR)
    mark_session(tunde, made["running"].pk, Status.IN_PROGRESS)
    made["paid"] = pay(hold(ada, at + timedelta(days=1)))
    made["unpaid"] = hold(ada, at + timedelta(days=1, hours=1))
    made["asked"] = ask(ada, at + timedelta(days=1, hours=2))
    made["approved"] = approve_request(tunde, ask(ada, at + timedelta(days=1, hours=3)).pk)
    return made


def names(past: dict[str, Booking], bookings: list[Booking]) -> list[str]:
    known = {booking.pk: name for name, booking in past.items()}
    return [known[booking.pk] for booking in bookings]


@pytest.mark.parametrize(
    ("tab", "expected"),
    [
        ("approvals", ["asked"]),
        ("pending", ["running", "paid", "unpaid", "approved"]),
        ("history", ["cancelled", "no_show", "completed"]),
        ("rejected", ["rejected"]),
    ],
)
def test_students_tabs(past: dict[str, Booking], ada: Person, tab: str, expected: list[str]) -> None:
    assert names(past, student_tab(ada, tab).bookings) == expected
    assert student_counts(ada)[tab] == len(expected)


@pytest.mark.parametrize(
    ("tab", "expected"),
    [
        ("approvals", ["asked"]),
        ("pending", ["paid", "unpaid", "approved"]),
        ("active", ["running"]),
        ("completed", ["rejected", "cancelled", "no_show", "completed"]),
    ],
)
def test_tutors_tabs(past: dict[str, Booking], tunde: Person, tab: str, expected: list[str]) -> None:
    assert names(past, tutor_tab(tunde, tab).bookings) == expected
    assert tutor_counts(tunde)[tab] == len(expected)


@pytest.mark.parametrize("outcome", ["COMPLETED", "NO_SHOW", "CANCELLED", "REJECTED"])
def test_chips_narrow_the_completed_to_one_outcome(past: dict[str, Booking], tunde: Person, outcome: str) -> None:
    assert names(past, tutor_tab(tunde, "completed", outcome=outcome).bookings) == [outcome.lower()]
    assert tutor_counts(tunde)[outcome] == 1


def test_no_tab_means_everything(past: dict[str, Booking], ada: Person, tunde: Person) -> None:
    assert len(student_tab(ada).bookings) == len(tutor_tab(tunde).bookings) == len(past)


def test_nobody_sees_anothers(past: dict[str, Booking], bola: Person, mei: Person, tunde: Person) -> None:
    assert student_tab(bola).bookings == tutor_tab(mei).bookings == student_tab(tunde).bookings == []


@pytest.mark.parametrize("tab", ["book", "active", "nonsense"])
def test_unknown_tabs_are_refused(ada: Person, tab: str) -> None:
    with pytest.raises(Invalid):
        student_tab(ada, tab)


@pytest.mark.parametrize("tab", [None, "pending", "history"])
def test_pages_cover_each_booking_once(past: dict[str, Booking], ada: Person, tab: str | None) -> None:
    whole, cursor, seen = student_tab(ada, tab).bookings, None, []
    while True:
        page = student_tab(ada, tab, cursor, 2)
        seen += page.bookings
        if (cursor := page.next_cursor) is None:
            break
    assert seen == whole


@pytest.mark.parametrize("cursor", ["x", "!!!", "AAAA", "bm9uc2Vuc2U", "ÿ", "MjAyNi0wMS0wMVQwMDowMDowMHxmZg", "\0"])
def test_cursors_that_we_never_gave_are_refused(ada: Person, cursor: str) -> None:
    with pytest.raises(Invalid):
        student_tab(ada, "pending", cursor)


def test_next_is_the_running_session_and_the_payment_that_lapses_first(past: dict[str, Booking], ada: Person) -> None:
    following = student_next(ada)
    assert following.session == past["running"]
    assert following.to_pay == past["unpaid"]
    assert ready_for_payment(ada) == [past["approved"]]


def test_tutor_is_told_what_waits(past: dict[str, Booking], tunde: Person, frozen) -> None:
    assert tutor_next(tunde).to_answer == past["asked"]
    assert pending_approvals(tunde) == [past["asked"]]
    assert tutor_next(tunde).to_mark is None
    frozen(past["running"].ends_at)
    assert tutor_next(tunde).to_mark == past["running"]
    assert tutor_next(tunde).session == past["paid"]


# The pages


@pytest.mark.parametrize(
    ("tab", "words"),
    [
        ("approvals", ["Awaiting approval", "Details"]),
        ("pending", ["Pay ₦5,000", "Pay within", "Open the room", "Live"]),
        ("history", ["Completed", "No-show", "Cancelled by the student"]),
        ("rejected", ["Fully booked that day"]),
        ("book", ["React code review", "/mentorship/offerings/"]),
    ],
)
def test_students_page(past: dict[str, Booking], ada: Person, signed_in: SignIn, tab: str, words: list[str]) -> None:
    page = signed_in(ada).get("/student/mentorship", {"tab": tab}).content.decode()
    for word in words:
        assert word in page
    assert f'href="?tab={tab}" aria-current="page"' in page


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"tab": "approvals"}, ["Approve", "Reject", "Answer within", "Ada Obi"]),
        ({"tab": "pending"}, ["Waits for payment", "Paid"]),
        ({"tab": "active"}, ["Open the room"]),
        ({"tab": "completed"}, ["Completed", "No-show", "Rejected"]),
        ({"tab": "completed", "outcome": "NO_SHOW"}, ["No-show"]),
    ],
)
def test_tutors_page(
    past: dict[str, Booking], tunde: Person, signed_in: SignIn, query: dict[str, str], words: list[str]
) -> None:
    page = signed_in(tunde).get("/tutor/mentorship", query).content.decode()
    for word in [*words, "Create offering"]:
        assert word in page


def test_student_lands_on_what_is_pending_else_on_booking(
    hold: Take, ada: Person, bola: Person, signed_in: SignIn
) -> None:
    hold(ada)
    assert 'href="?tab=pending" aria-current' in signed_in(ada).get("/student/mentorship").content.decode()
    assert 'href="?tab=book" aria-current' in signed_in(bola).get("/student/mentorship").content.decode()


@pytest.mark.parametrize("tab", ["approvals", "pending", "history", "rejected", "book", "nonsense"])
def test_empty_tabs_say_what_will_be_here(zainab: Person, signed_in: SignIn, tab: str) -> None:
    answer = signed_in(zainab).get("/student/mentorship", {"tab": tab})
    assert answer.status_code == 200
    assert 'class="empty"' in answer.content.decode()


@pytest.mark.parametrize("tab", ["approvals", "pending", "active", "completed"])
def test_empty_tabs_of_a_tutor(mei: Person, signed_in: SignIn, tab: str) -> None:
    assert 'class="empty"' in signed_in(mei).get("/tutor/mentorship", {"tab": tab}).content.decode()


@pytest.mark.parametrize("path", ["/tutor/mentorship", "/tutor/mentorship/live", "/tutor/wallet", "/tutor/analytics"])
def test_students_have_no_tutors_pages(ada: Person, signed_in: SignIn, client: Client, path: str) -> None:
    assert signed_in(ada).get(path).status_code == 403
    assert client.get(path).status_code == 302
    assert signed_in(ada).post(path).status_code == 405


def test_a_bad_cursor_in_the_address_is_no_fault_of_ours(ada: Person, signed_in: SignIn) -> None:
    assert signed_in(ada).get("/student/mentorship", {"tab": "history", "cursor": "x"}).status_code == 422


def test_more_leads_to_the_next_page(past: dict[str, Booking], ada: Person, signed_in: SignIn) -> None:
    rows = [Booking.objects.get(pk=past["completed"].pk) for _ in range(25)]
    for number, row in enumerate(rows):
        row.pk = None
        row.scheduled_at -= timedelta(days=number + 1)
        row.title = f"Earlier {number}"
    Booking.objects.bulk_create(Booking(**_facts(row)) for row in rows)
    client = signed_in(ada)
    first = client.get("/student/mentorship", {"tab": "history"}).content.decode()
    more = first.split('href="?tab=history&amp;cursor=')[1].split('"')[0]
    second = client.get(f"/student/mentorship?tab=history&cursor={more}").content.decode()
    assert "Earlier 1<" in first
    assert "Earlier 1<" not in second
    assert "Earlier 24<" in second


def _facts(row: Booking) -> dict[str, object]:
    return {field.attname: getattr(row, field.attname) for field in Booking._meta.concrete_fields if field.name != "id"}


@pytest.mark.parametrize("who", ["student", "tutor"])
def test_live_part_answers_304_until_something_changes(
    who: str, past: dict[str, Booking], ada: Person, tunde: Person, signed_in: SignIn
) -> None:
    client = signed_in(ada if who == "student" else tunde)
    path = f"/{who}/mentorship/live?tab=pending"
    first = client.get(path)
    assert first.status_code == 200
    assert "<html" not in first.content.decode()
    again = client.get(path, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")

    cancel_booking(ada, past["paid"].pk)

    assert client.get(path, headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_page_carries_the_tag_of_its_live_part(past: dict[str, Booking], ada: Person, signed_in: SignIn) -> None:
    client = signed_in(ada)
    tag = client.get("/student/mentorship/live?tab=history")["ETag"].strip('"')
    assert f'data-etag="&quot;{tag}&quot;"' in client.get("/student/mentorship?tab=history").content.decode()


@pytest.mark.parametrize(("who", "path"), [("ada", "/student/mentorship"), ("tunde", "/tutor/mentorship")])
def test_a_longer_list_costs_no_more_queries(
    who: str,
    path: str,
    past: dict[str, Booking],
    request: pytest.FixtureRequest,
    signed_in: SignIn,
    django_assert_max_num_queries,
) -> None:
    client = signed_in(request.getfixturevalue(who))
    # The last of them: how much of the conversations is unread.
    with django_assert_max_num_queries(13):
        client.get(path, {"tab": "pending"})
