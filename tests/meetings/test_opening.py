"""One meeting for each paid booking, whatever the provider does; and the link that a tutor pastes."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.core.errors import Conflict, Invalid, NotFound
from oluko.meetings.meetings import set_meeting_url
from oluko.meetings.models import Meeting
from oluko.meetings.opening import MeetingBusy, open_at_provider
from oluko.meetings.tasks import ask_again
from oluko.meetings.zoom import mark
from oluko.notifications.models import Notification
from oluko.offerings.models import Offering
from oluko.payments.cancellations import cancel_booking
from tests.meetings.conftest import Take, work_off
from tests.paying import pay
from tests.sandbox_process import Sandbox

pytestmark = pytest.mark.django_db


def alive(sandbox: Sandbox, booking: Booking) -> list[dict]:
    return [
        row for row in sandbox.meetings() if row["agenda"].startswith(mark(booking.pk)) and row["deleted_at"] is None
    ]


def meeting_of(booking: Booking) -> Meeting:
    return Meeting.objects.get(pk=booking.pk)


def reread(booking: Booking) -> Booking:
    return Booking.objects.get(pk=booking.pk)


def test_before_payment_there_is_no_link(hold: Take, ada: Person) -> None:
    assert hold(ada).meeting_url == ""


def test_until_there_is_a_link_the_join_page_stands_for_it(paid: Booking, settings) -> None:
    assert paid.meeting_url == f"{settings.OLUKO_BASE_URL}/mentorship/session/{paid.pk}"
    assert meeting_of(paid).state == "WANTED"


def test_the_job_opens_the_meeting_and_publishes_its_link(paid: Booking, sandbox: Sandbox) -> None:
    work_off()
    (row,) = alive(sandbox, paid)
    meeting = meeting_of(paid)
    assert (meeting.state, meeting.provider_id, meeting.error) == ("OPEN", str(row["id"]), "")
    assert reread(paid).meeting_url == meeting.join_url == f"{sandbox.url}/zoom/j/{row['id']}"


def test_the_job_run_again_changes_nothing(paid: Booking, sandbox: Sandbox) -> None:
    for _ in range(3):
        open_at_provider(paid.pk)
    assert len(alive(sandbox, paid)) == 1
    assert meeting_of(paid).attempts == 1


def test_a_meeting_made_before_a_crash_is_found_again(paid: Booking, sandbox: Sandbox) -> None:
    open_at_provider(paid.pk)
    (made,) = alive(sandbox, paid)
    # As if the worker had died after Zoom's answer and before its own commit.
    Meeting.objects.filter(pk=paid.pk).update(state="WANTED", provider_id="", join_url="", busy_until=None)

    open_at_provider(paid.pk)

    assert [row["id"] for row in alive(sandbox, paid)] == [made["id"]]
    assert meeting_of(paid).provider_id == str(made["id"])


def test_two_workers_do_not_open_one_meeting_each(paid: Booking, sandbox: Sandbox) -> None:
    Meeting.objects.filter(pk=paid.pk).update(busy_until=timezone.now() + timedelta(seconds=30))
    with pytest.raises(MeetingBusy) as busy:
        open_at_provider(paid.pk)
    assert alive(sandbox, paid) == []
    # Whoever has it may be done in a moment.
    assert busy.value.at < timezone.now() + timedelta(seconds=10)


def test_a_meeting_whose_worker_died_is_made_as_soon_as_its_lease_is_over(paid: Booking, sandbox: Sandbox) -> None:
    until = timezone.now() + timedelta(seconds=1.5)
    Meeting.objects.filter(pk=paid.pk).update(busy_until=until, attempts=1)
    with pytest.raises(MeetingBusy) as busy:
        open_at_provider(paid.pk)
    assert busy.value.at == until


def test_twins_of_an_unknown_outcome_are_reduced_to_one(paid: Booking, sandbox: Sandbox) -> None:
    open_at_provider(paid.pk)
    Meeting.objects.filter(pk=paid.pk).update(state="WANTED", attempts=0, busy_until=None)
    open_at_provider(paid.pk)
    assert len(alive(sandbox, paid)) == 2
    Meeting.objects.filter(pk=paid.pk).update(state="WANTED", busy_until=None)

    open_at_provider(paid.pk)

    assert len(alive(sandbox, paid)) == 1
    assert reread(paid).meeting_url.endswith(str(alive(sandbox, paid)[0]["id"]))


def test_a_provider_that_is_down_leaves_the_booking_paid_and_says_so(
    paid: Booking, sandbox: Sandbox, tunde: Person
) -> None:
    sandbox.control(zoom={"mode": "error"})
    work_off(turns=4)
    meeting = meeting_of(paid)
    assert reread(paid).payment_status == "PAID"
    assert (meeting.state, meeting.attempts >= 3, "Zoom answered 50" in meeting.error) == ("WANTED", True, True)
    assert Notification.objects.filter(person=tunde, kind="meeting_late").count() == 1

    sandbox.control(zoom=None)
    work_off()

    assert meeting_of(paid).state == "OPEN"
    assert len(alive(sandbox, paid)) == 1


def test_outages_and_time_outs_in_any_order_end_with_one_meeting_each(
    hold: Take, ada: Person, bola: Person, at: datetime, sandbox: Sandbox, impatient: None
) -> None:
    bookings = [pay(hold(person, at + timedelta(hours=hours))) for hours, person in enumerate((ada, bola, ada, bola))]
    dice = random.Random(4)
    for _ in range(12):
        sandbox.control(zoom={"mode": dice.choice(("error", "timeout", "rate-limit")), "times": 1})
        work_off(turns=2)
    sandbox.control(zoom=None)
    # Failed for good or not, the sweep comes back to what is still wanted.
    Meeting.objects.update(next_try_at=timezone.now(), busy_until=None)
    ask_again()
    work_off()

    for booking in bookings:
        assert reread(booking).payment_status == "PAID"
        assert meeting_of(booking).state == "OPEN"
        assert len(alive(sandbox, booking)) == 1


def test_the_sweep_asks_once_for_each_period(paid: Booking) -> None:
    DBTaskResult.objects.all().delete()
    Meeting.objects.update(next_try_at=timezone.now())
    ask_again()
    ask_again()
    assert DBTaskResult.objects.filter(task_path__endswith="open_meeting").count() == 1


def test_the_sweep_leaves_sessions_that_are_over(paid: Booking, frozen) -> None:
    DBTaskResult.objects.all().delete()
    Meeting.objects.update(next_try_at=timezone.now())
    frozen(paid.ends_at)
    ask_again()
    assert not DBTaskResult.objects.exists()


def test_a_refusal_fails_the_job_at_once_and_stays_visible(paid: Booking, sandbox: Sandbox, settings) -> None:
    settings.OLUKO_ZOOM_CLIENT_SECRET = "wrong"
    work_off()
    job = DBTaskResult.objects.get(task_path__endswith="open_meeting")
    assert job.status == "FAILED"
    assert "invalid_client" in meeting_of(paid).error or "Invalid client" in meeting_of(paid).error


def test_a_cancelled_booking_loses_its_meeting(paid: Booking, sandbox: Sandbox, ada: Person) -> None:
    open_at_provider(paid.pk)
    cancel_booking(ada, paid.pk)
    assert reread(paid).meeting_url == ""
    DBTaskResult.objects.exclude(task_path__endswith="drop_meeting").delete()
    work_off()
    assert alive(sandbox, paid) == []
    assert meeting_of(paid).state == "CLOSED"


def test_a_booking_cancelled_while_zoom_was_busy_gets_no_meeting(
    paid: Booking, sandbox: Sandbox, ada: Person, impatient: None
) -> None:
    sandbox.control(zoom={"mode": "timeout", "times": 1})
    work_off(turns=1)
    assert meeting_of(paid).attempts == 1
    cancel_booking(ada, paid.pk)
    DBTaskResult.objects.exclude(task_path__contains="_meeting").delete()
    work_off()
    assert alive(sandbox, paid) == []


def test_once_zoom_is_not_in_use_any_more_the_room_takes_its_place(paid: Booking, settings, tunde: Person) -> None:
    settings.OLUKO_ZOOM_ACCOUNT_ID = ""
    open_at_provider(paid.pk)
    assert (meeting_of(paid).state, meeting_of(paid).provider) == ("OPEN", "room")
    assert reread(paid).meeting_url == f"{settings.OLUKO_BASE_URL}/mentorship/session/{paid.pk}"
    assert set_meeting_url(tunde, paid.pk, "https://meet.example.com/abc").meeting_url == "https://meet.example.com/abc"


def test_a_pasted_link_takes_the_place_of_the_providers(
    paid: Booking, sandbox: Sandbox, tunde: Person, ada: Person
) -> None:
    open_at_provider(paid.pk)
    set_meeting_url(tunde, paid.pk, "  https://meet.google.com/abc-defg-hij ")
    DBTaskResult.objects.exclude(task_path__contains="_meeting").delete()
    work_off()
    assert reread(paid).meeting_url == "https://meet.google.com/abc-defg-hij"
    assert meeting_of(paid).state == "PASTED"
    assert alive(sandbox, paid) == []
    assert Notification.objects.filter(person=ada, kind="meeting_pasted").count() == 1


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://meet.google.com/abc",
        "javascript:alert(1)",
        "https://",
        "https://localhost/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://intranet/x",
        "https://user:pass@meet.google.com/x",
        "https://meet.google.com/a b",
        'https://meet.google.com/"><script>',
        "https://meet.google.com:99999/x",
        "https://meet.google.com/" + "x" * 500,
        "https://meet..google.com/x",
    ],
)
def test_links_that_are_not_taken(paid: Booking, tunde: Person, url: str) -> None:
    with pytest.raises(Invalid):
        set_meeting_url(tunde, paid.pk, url)
    assert meeting_of(paid).state == "WANTED"


def test_only_its_tutor_pastes_a_link(paid: Booking, ada: Person, zainab: Person, admin: Person) -> None:
    for person in (ada, zainab, admin):
        with pytest.raises(NotFound):
            set_meeting_url(person, paid.pk, "https://meet.google.com/abc")


def test_an_unpaid_or_cancelled_booking_takes_no_link(hold: Take, ada: Person, tunde: Person) -> None:
    booking = hold(ada)
    with pytest.raises(Conflict):
        set_meeting_url(tunde, booking.pk, "https://meet.google.com/abc")
    paid = pay(booking)
    cancel_booking(tunde, paid.pk)
    with pytest.raises(Conflict):
        set_meeting_url(tunde, paid.pk, "https://meet.google.com/abc")


def test_a_standing_link_of_the_offering_serves_at_once_and_no_meeting_is_made(
    offering: Offering, hold: Take, ada: Person, sandbox: Sandbox
) -> None:
    Offering.objects.filter(pk=offering.pk).update(meeting_link="https://meet.google.com/standing")
    booking = hold(ada)
    assert booking.meeting_url == ""
    paid = pay(booking)
    work_off()
    assert reread(paid).meeting_url == "https://meet.google.com/standing"
    assert (meeting_of(paid).state, meeting_of(paid).attempts) == ("PASTED", 0)
    assert alive(sandbox, paid) == []


def test_nobody_learns_a_standing_link_before_paying(
    offering: Offering, hold: Take, ada: Person, signed_in, api
) -> None:
    Offering.objects.filter(pk=offering.pk).update(meeting_link="https://meet.google.com/standing")
    booking = hold(ada)
    for path in (f"/mentorship/offerings/{offering.pk}", f"/mentorship/session/{booking.pk}", "/mentorship"):
        assert "meet.google.com" not in signed_in(ada).get(path).content.decode()
    for path in (f"/api/mentorship/offerings/{offering.pk}", f"/api/mentorship/session/{booking.pk}"):
        assert "meet.google.com" not in api(ada).get(path).content.decode()
