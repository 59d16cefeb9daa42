"""The meeting at Zoom follows its booking's time, whatever the provider does meanwhile."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta

import httpx
import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.core.gateway import GatewayError, OutcomeUnknown
from oluko.meetings.meetings import set_meeting_url
from oluko.meetings.models import Meeting
from oluko.meetings.moves import answer_proposal, reschedule_session
from oluko.meetings.opening import MeetingBusy, open_at_provider
from oluko.meetings.tasks import ask_again
from oluko.meetings.zoom import MeetingMissing, Zoom, mark, zoom
from oluko.payments.cancellations import cancel_booking
from tests.meetings.conftest import Take, work_off
from tests.paying import pay
from tests.sandbox_process import Sandbox

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def alive(sandbox: Sandbox, booking: Booking) -> list[dict]:
    return [
        row for row in sandbox.meetings() if row["agenda"].startswith(mark(booking.pk)) and row["deleted_at"] is None
    ]


def start_at_zoom(sandbox: Sandbox, booking: Booking) -> datetime:
    (row,) = alive(sandbox, booking)
    return datetime.fromisoformat(row["start_time"])


def meeting_of(booking: Booking) -> Meeting:
    return Meeting.objects.get(pk=booking.pk)


def settled(sandbox: Sandbox, booking: Booking) -> bool:
    """Whether Zoom has one meeting, at the booking's time, and our row says so."""
    now, meeting = Booking.objects.get(pk=booking.pk), meeting_of(booking)
    return (
        start_at_zoom(sandbox, booking) == now.scheduled_at == meeting.starts_at
        and meeting.state == "OPEN"
        and now.meeting_url == meeting.join_url
        and meeting.busy_until is None
    )


@pytest.fixture
def opened(paid: Booking, sandbox: Sandbox) -> Booking:
    """Ada's paid hour, its meeting made and nothing left to do."""
    work_off()
    assert settled(sandbox, paid)
    return paid


def test_a_new_start_is_told_to_zoom_and_all_else_stays(
    opened: Booking, sandbox: Sandbox, ada: Person, at: datetime
) -> None:
    (before,) = alive(sandbox, opened)
    reschedule_session(ada, opened.pk, at + DAY)
    work_off()
    (after,) = alive(sandbox, opened)
    assert settled(sandbox, opened)
    assert after["start_time"] == (at + DAY).strftime("%Y-%m-%dT%H:%M:%SZ")
    same = before.keys() - {"start_time", "details"}
    assert {name: before[name] for name in same} == {name: after[name] for name in same}


def test_the_sandboxes_meeting_page_shows_the_new_time(
    opened: Booking, sandbox: Sandbox, ada: Person, at: datetime
) -> None:
    reschedule_session(ada, opened.pk, at + DAY)
    work_off()
    page = httpx.get(meeting_of(opened).join_url, timeout=10, trust_env=False).text
    assert f"{at + DAY:%A %-d %B %Y, %H:%M}" in page


def test_an_accepted_proposal_reaches_zoom_and_a_waiting_one_does_not(
    opened: Booking, sandbox: Sandbox, ada: Person, tunde: Person, at: datetime
) -> None:
    reschedule_session(tunde, opened.pk, at + 2 * DAY)
    assert not DBTaskResult.objects.filter(status="READY", task_path__endswith="open_meeting").exists()
    answer_proposal(ada, opened.pk, accept=True)
    work_off()
    assert start_at_zoom(sandbox, opened) == at + 2 * DAY
    assert settled(sandbox, opened)


def test_the_job_run_again_tells_nothing(opened: Booking, sandbox: Sandbox, ada: Person, at: datetime) -> None:
    reschedule_session(ada, opened.pk, at + DAY)
    for _ in range(3):
        open_at_provider(opened.pk)
    assert settled(sandbox, opened)
    sandbox.control(zoom={"mode": "error"})
    # Nothing is asked of a provider that knows.
    open_at_provider(opened.pk)
    assert meeting_of(opened).attempts == 1


def test_a_session_moved_before_its_meeting_is_made_is_made_at_its_new_time(
    paid: Booking, sandbox: Sandbox, ada: Person, at: datetime
) -> None:
    reschedule_session(ada, paid.pk, at + DAY)
    work_off()
    assert start_at_zoom(sandbox, paid) == at + DAY
    assert settled(sandbox, paid)


def test_a_session_moved_while_zoom_makes_its_meeting_does_not_keep_the_old_time(
    paid: Booking, sandbox: Sandbox, ada: Person, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Zoom.create_meeting

    def made_and_moved(gateway: Zoom, *args: object, **facts: object) -> object:
        meeting = made(gateway, *args, **facts)
        reschedule_session(ada, paid.pk, at + DAY)
        return meeting

    monkeypatch.setattr(Zoom, "create_meeting", made_and_moved)
    open_at_provider(paid.pk)
    assert settled(sandbox, paid)
    assert start_at_zoom(sandbox, paid) == at + DAY


def test_a_session_moved_again_while_zoom_is_told_ends_at_the_later_time(
    opened: Booking, sandbox: Sandbox, ada: Person, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Zoom.move_meeting

    def told_and_moved(gateway: Zoom, *args: object, **facts: object) -> None:
        monkeypatch.setattr(Zoom, "move_meeting", told)
        told(gateway, *args, **facts)
        reschedule_session(ada, opened.pk, at + 2 * DAY)
        # The job of that move comes while this one still holds the meeting.
        with pytest.raises(MeetingBusy):
            open_at_provider(opened.pk)

    monkeypatch.setattr(Zoom, "move_meeting", told_and_moved)
    reschedule_session(ada, opened.pk, at + DAY)
    work_off()
    assert start_at_zoom(sandbox, opened) == at + 2 * DAY
    assert settled(sandbox, opened)


def test_a_meeting_found_after_a_crash_is_told_the_booking_time(
    paid: Booking, sandbox: Sandbox, ada: Person, at: datetime
) -> None:
    open_at_provider(paid.pk)
    # As if the worker had died after Zoom's answer and before its own commit, and the session moved since.
    Meeting.objects.filter(pk=paid.pk).update(
        state="WANTED", provider_id="", join_url="", starts_at=None, busy_until=None
    )
    reschedule_session(ada, paid.pk, at + DAY)
    open_at_provider(paid.pk)
    assert settled(sandbox, paid)


@pytest.mark.parametrize("mode", ["error", "rate-limit"])
def test_an_outage_delays_the_news_and_the_session_is_moved_all_the_same(
    opened: Booking, sandbox: Sandbox, ada: Person, at: datetime, mode: str
) -> None:
    sandbox.control(zoom={"mode": mode})
    moved = reschedule_session(ada, opened.pk, at + DAY)
    # An outage fails the job; a limit is waited for.
    with pytest.raises(GatewayError) if mode == "error" else nullcontext():
        open_at_provider(opened.pk)
    meeting = meeting_of(opened)
    assert (meeting.state, meeting.starts_at, meeting.busy_until) == ("OPEN", None, None)
    assert meeting.error.startswith("Zoom")
    assert (moved.scheduled_at, moved.meeting_url) == (at + DAY, meeting.join_url)
    sandbox.control(zoom=None)
    work_off()
    assert settled(sandbox, opened)
    assert meeting_of(opened).error == ""


def test_after_a_time_out_nobody_tells_another_start_before_the_call_must_have_ended(
    opened: Booking, sandbox: Sandbox, ada: Person, at: datetime, impatient: None
) -> None:
    reschedule_session(ada, opened.pk, at + DAY)
    sandbox.control(zoom={"mode": "timeout", "times": 1})
    with pytest.raises(OutcomeUnknown):
        open_at_provider(opened.pk)
    # Back to where it was: what Zoom knows is unknown, and so it is told.
    reschedule_session(ada, opened.pk, at)
    with pytest.raises(MeetingBusy):
        open_at_provider(opened.pk)
    Meeting.objects.update(busy_until=timezone.now() - timedelta(seconds=1))
    work_off()
    assert start_at_zoom(sandbox, opened) == at
    assert settled(sandbox, opened)


def test_the_sweep_finds_what_a_lost_job_left(opened: Booking, sandbox: Sandbox, ada: Person, at: datetime) -> None:
    reschedule_session(ada, opened.pk, at + DAY)
    DBTaskResult.objects.all().delete()
    ask_again()
    assert not DBTaskResult.objects.exists(), "its turn has not come"
    Meeting.objects.update(next_try_at=timezone.now())
    ask_again()
    ask_again()
    assert DBTaskResult.objects.filter(task_path__endswith="open_meeting").count() == 1
    work_off()
    assert settled(sandbox, opened)


def test_the_sweep_leaves_what_is_told_and_what_is_over(
    opened: Booking, ada: Person, at: datetime, frozen: Callable[..., datetime]
) -> None:
    DBTaskResult.objects.all().delete()
    Meeting.objects.update(next_try_at=timezone.now())
    ask_again()
    assert not DBTaskResult.objects.exists()
    moved = reschedule_session(ada, opened.pk, at + DAY)
    DBTaskResult.objects.all().delete()
    frozen(moved.ends_at)
    ask_again()
    assert not DBTaskResult.objects.exists()


def test_a_meeting_that_somebody_deleted_at_zoom_is_made_anew(
    opened: Booking, sandbox: Sandbox, ada: Person, at: datetime
) -> None:
    gateway, old = zoom(), meeting_of(opened)
    assert gateway is not None
    gateway.delete_meeting(old.provider_id)
    reschedule_session(ada, opened.pk, at + DAY)
    with pytest.raises(GatewayError) as gone:
        open_at_provider(opened.pk)
    assert gone.value.temporary
    wanted = meeting_of(opened)
    assert (wanted.state, wanted.provider_id, wanted.join_url) == ("WANTED", "", "")
    # Until there is another link, the join page stands for it.
    assert Booking.objects.get(pk=opened.pk).meeting_url.endswith(f"/mentorship/session/{opened.pk}")
    work_off()
    assert settled(sandbox, opened)
    assert meeting_of(opened).provider_id != old.provider_id


def test_a_pasted_link_serves_any_time(
    opened: Booking, sandbox: Sandbox, ada: Person, tunde: Person, at: datetime
) -> None:
    set_meeting_url(tunde, opened.pk, "https://meet.google.com/abc-defg-hij")
    work_off()
    moved = reschedule_session(ada, opened.pk, at + DAY)
    assert not DBTaskResult.objects.filter(status="READY", task_path__endswith="_meeting").exists()
    assert moved.meeting_url == "https://meet.google.com/abc-defg-hij"
    assert (meeting_of(opened).state, alive(sandbox, opened)) == ("PASTED", [])


def test_a_session_cancelled_after_its_move_leaves_nothing_at_zoom(
    opened: Booking, sandbox: Sandbox, ada: Person, at: datetime
) -> None:
    reschedule_session(ada, opened.pk, at + DAY)
    cancel_booking(ada, opened.pk)
    work_off()
    assert (alive(sandbox, opened), meeting_of(opened).state) == ([], "CLOSED")


def test_an_unpaid_session_that_moves_asks_nothing_of_zoom(
    hold: Take, sandbox: Sandbox, ada: Person, at: datetime
) -> None:
    booking = hold(ada)
    reschedule_session(ada, booking.pk, at + DAY)
    assert not DBTaskResult.objects.filter(task_path__endswith="open_meeting").exists()
    pay(booking)
    work_off()
    assert start_at_zoom(sandbox, booking) == at + DAY


def test_without_a_provider_a_session_moves_too(paid: Booking, ada: Person, at: datetime, settings) -> None:
    settings.OLUKO_ZOOM_ACCOUNT_ID = ""
    assert reschedule_session(ada, paid.pk, at + DAY).scheduled_at == at + DAY
    open_at_provider(paid.pk)
    assert (meeting_of(paid).state, meeting_of(paid).provider) == ("OPEN", "room")


def test_moves_among_outages_and_time_outs_end_at_the_booking_time(
    opened: Booking, sandbox: Sandbox, ada: Person, at: datetime, impatient: None
) -> None:
    dice = random.Random(6)
    for _ in range(12):
        reschedule_session(ada, opened.pk, at + dice.randrange(4) * DAY + dice.randrange(6) * HOUR)
        sandbox.control(zoom={"mode": dice.choice(("error", "timeout", "rate-limit")), "times": 1})
        work_off(turns=2)
        Meeting.objects.update(busy_until=None)
    sandbox.control(zoom=None)
    # Failed for good or not, the sweep comes back to what differs.
    Meeting.objects.update(next_try_at=timezone.now(), busy_until=None)
    ask_again()
    work_off()
    assert settled(sandbox, opened)


def test_zoom_names_a_meeting_that_it_does_not_know(sandbox: Sandbox, at: datetime) -> None:
    gateway = zoom()
    assert gateway is not None
    with pytest.raises(MeetingMissing):
        gateway.move_meeting("81234567890", starts_at=at, duration=60)
