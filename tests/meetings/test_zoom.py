"""The gateway to Zoom, against the sandbox over real HTTP."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from oluko.core.gateway import GatewayError, OutcomeUnknown
from oluko.meetings.models import ProviderToken
from oluko.meetings.zoom import Zoom, ZoomLimited, _zoom_of, mark, zoom
from tests.sandbox_process import Sandbox

pytestmark = pytest.mark.django_db
START = datetime(2027, 5, 4, 14, 0, tzinfo=UTC)


@pytest.fixture
def gateway(sandbox: Sandbox) -> Zoom:
    gateway = zoom()
    assert gateway is not None
    return gateway


def make(gateway: Zoom, booking_id: uuid.UUID, title: str = "React review"):
    return gateway.create_meeting(booking_id, topic=title, starts_at=START, duration=60, agenda="https://oluko.test/x")


def ours(sandbox: Sandbox, booking_id: uuid.UUID) -> list[dict]:
    return [row for row in sandbox.meetings() if row["agenda"].startswith(mark(booking_id))]


def test_a_meeting_is_made_as_the_booking_says(gateway: Zoom, sandbox: Sandbox) -> None:
    booking_id = uuid.uuid4()
    made = make(gateway, booking_id)
    (row,) = ours(sandbox, booking_id)
    assert made.join_url == f"{sandbox.url}/zoom/j/{made.id}"
    assert (row["topic"], row["duration"], row["start_time"]) == ("React review", 60, "2027-05-04T14:00:00Z")
    assert row["settings"]["join_before_host"] is True


def test_a_long_title_is_cut_to_what_zoom_takes(gateway: Zoom, sandbox: Sandbox) -> None:
    booking_id = uuid.uuid4()
    make(gateway, booking_id, "x" * 400)
    assert len(ours(sandbox, booking_id)[0]["topic"]) == 200


def test_a_meeting_is_found_by_its_booking(gateway: Zoom) -> None:
    booking_id = uuid.uuid4()
    make(gateway, uuid.uuid4())
    made = make(gateway, booking_id)
    assert [found.id for found in gateway.find_meetings(booking_id)] == [made.id]
    assert gateway.find_meetings(uuid.uuid4()) == []


def test_finding_reads_every_page(gateway: Zoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oluko.meetings.zoom.PAGE_SIZE", 1)
    ids = [uuid.uuid4() for _ in range(3)]
    made = [make(gateway, booking_id) for booking_id in ids]
    assert [gateway.find_meetings(booking_id)[0].id for booking_id in ids] == [meeting.id for meeting in made]


def test_deleting_twice_is_deleting_once(gateway: Zoom) -> None:
    booking_id = uuid.uuid4()
    made = make(gateway, booking_id)
    gateway.delete_meeting(made.id)
    gateway.delete_meeting(made.id)
    assert gateway.find_meetings(booking_id) == []


@pytest.mark.parametrize("mode", ["error", "rate-limit"])
def test_an_outage_is_temporary(gateway: Zoom, sandbox: Sandbox, mode: str) -> None:
    sandbox.control(zoom={"mode": mode})
    with pytest.raises(GatewayError) as caught:
        make(gateway, uuid.uuid4())
    assert caught.value.temporary


def test_a_time_out_leaves_the_outcome_unknown(gateway: Zoom, sandbox: Sandbox, impatient: None) -> None:
    booking_id = uuid.uuid4()
    make(gateway, uuid.uuid4())
    sandbox.control(zoom={"mode": "timeout", "times": 1})
    with pytest.raises(OutcomeUnknown):
        make(gateway, booking_id)
    assert len(gateway.find_meetings(booking_id)) == 1


def test_a_wrong_secret_is_for_good(sandbox: Sandbox, settings) -> None:
    settings.OLUKO_ZOOM_CLIENT_SECRET = "wrong"
    gateway = zoom()
    assert gateway is not None
    with pytest.raises(GatewayError) as caught:
        make(gateway, uuid.uuid4())
    assert not caught.value.temporary


def test_a_token_that_zoom_has_forgotten_is_renewed(gateway: Zoom) -> None:
    booking_id = uuid.uuid4()
    in_a_day = timezone.now() + timedelta(days=1)
    ProviderToken.objects.create(provider=gateway._token_name, token="stale.token", expires_at=in_a_day)
    assert make(gateway, booking_id).id
    assert ProviderToken.objects.get().token != "stale.token"


def test_one_token_serves_every_client(gateway: Zoom) -> None:
    make(gateway, uuid.uuid4())
    first = ProviderToken.objects.get().token
    another = zoom_of_another_process()
    make(another, uuid.uuid4())
    assert ProviderToken.objects.get().token == first


def test_a_token_is_renewed_early_and_the_old_one_serves_meanwhile(gateway: Zoom) -> None:
    make(gateway, uuid.uuid4())
    old = ProviderToken.objects.get().token
    soon, busy = timezone.now() + timedelta(minutes=4), timezone.now() + timedelta(seconds=10)
    ProviderToken.objects.update(expires_at=soon, renewing_until=busy)
    make(gateway, uuid.uuid4())
    assert ProviderToken.objects.get().expires_at == soon
    ProviderToken.objects.update(renewing_until=None, token=f"{old}")
    make(gateway, uuid.uuid4())
    renewed = ProviderToken.objects.get()
    assert renewed.expires_at is not None
    assert renewed.expires_at > soon + timedelta(minutes=30)


def test_the_hosts_link_is_fetched(gateway: Zoom, sandbox: Sandbox) -> None:
    made = make(gateway, uuid.uuid4())
    assert gateway.start_url(made.id).startswith(f"{sandbox.url}/zoom/s/{made.id}")


def test_a_limit_of_the_day_says_until_when(gateway: Zoom, sandbox: Sandbox) -> None:
    sandbox.control(zoom={"mode": "daily-limit", "times": 1})
    with pytest.raises(ZoomLimited) as caught:
        make(gateway, uuid.uuid4())
    assert caught.value.daily
    assert (caught.value.until.hour, caught.value.until.minute) == (0, 0)


def zoom_of_another_process() -> Zoom:
    _zoom_of.cache_clear()
    gateway = zoom()
    assert gateway is not None
    return gateway


def test_without_settings_there_is_no_gateway(settings) -> None:
    settings.OLUKO_ZOOM_ACCOUNT_ID = ""
    assert zoom() is None
