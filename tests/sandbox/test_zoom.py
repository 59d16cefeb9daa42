"""Zoom's meetings in the sandbox."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from openapi_schema_validator import OAS31Validator

from tests.sandbox import schemas
from tests.sandbox_process import ZOOM_ACCOUNT_ID, ZOOM_CLIENT_ID, ZOOM_CLIENT_SECRET, Sandbox

CLIENT = (ZOOM_CLIENT_ID, ZOOM_CLIENT_SECRET)
GRANT = {"grant_type": "account_credentials", "account_id": ZOOM_ACCOUNT_ID}
MEETING = {
    "topic": "React & hooks",
    "type": 2,
    "start_time": "2030-06-03T14:00:00Z",
    "duration": 45,
    "timezone": "Africa/Lagos",
    "agenda": "booking 7",
    "settings": {"waiting_room": True},
}


@pytest.fixture
def zoom(sandbox: Sandbox) -> Iterator[httpx.Client]:
    token = httpx.post(f"{sandbox.url}/oauth/token", params=GRANT, auth=CLIENT).json()["access_token"]
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{sandbox.url}/v2", headers=headers, timeout=10, trust_env=False) as client:
        yield client


@pytest.fixture
def create(zoom: httpx.Client) -> Callable[..., dict[str, Any]]:
    def post(**changes: Any) -> dict[str, Any]:
        answer = zoom.post("/users/me/meetings", json=MEETING | changes)
        assert answer.status_code == 201, answer.text
        meeting: dict[str, Any] = answer.json()
        return meeting

    return post


def test_token_is_given_for_the_right_account_by_form_too(sandbox: Sandbox) -> None:
    granted = httpx.post(f"{sandbox.url}/oauth/token", data=GRANT, auth=CLIENT)
    assert granted.status_code == 200
    assert (granted.json()["token_type"], granted.json()["expires_in"]) == ("bearer", 3599)
    wrong: dict[str, Any]
    for wrong in (
        {"params": GRANT},
        {"params": GRANT, "auth": (ZOOM_CLIENT_ID, "wrong")},
        {"params": GRANT, "auth": ("", "")},
        {"params": GRANT | {"account_id": "other"}, "auth": CLIENT},
        {"params": GRANT | {"grant_type": "password"}, "auth": CLIENT},
    ):
        assert httpx.post(f"{sandbox.url}/oauth/token", **wrong).status_code == 400


def test_bad_token_is_refused(zoom: httpx.Client) -> None:
    tokens = ("", "x", "9999999999.00", "1.00", "9999999999.")
    calls = (("POST", "/users/me/meetings"), ("GET", "/users/me/meetings"), ("DELETE", "/meetings/1"))
    for token, (method, path) in itertools.product(tokens, calls):
        answer = zoom.request(method, path, headers={"authorization": f"Bearer {token}".strip()})
        assert (answer.status_code, answer.json()["code"]) == (401, 124)


def test_meeting_is_created_in_its_shape_and_found_again(
    zoom: httpx.Client, create: Callable[..., dict[str, Any]]
) -> None:
    meeting = create()
    OAS31Validator(schemas.MEETING).validate(meeting)
    assert meeting["settings"]["waiting_room"] is True
    assert zoom.get(f"/meetings/{meeting['id']}").json() == meeting
    found = zoom.get("/users/me/meetings").json()["meetings"]
    assert [(one["id"], one["agenda"], one["join_url"]) for one in found] == [
        (meeting["id"], "booking 7", meeting["join_url"])
    ]
    assert zoom.get("/users/other/meetings").json()["total_records"] == 0


def test_meetings_are_listed_in_pages(zoom: httpx.Client, create: Callable[..., dict[str, Any]]) -> None:
    made = {create()["id"] for _ in range(5)}
    seen: list[str] = []
    token = ""
    for size in (2, 2, 1):
        page = zoom.get("/users/me/meetings", params={"page_size": 2, "next_page_token": token}).json()
        assert (len(page["meetings"]), page["total_records"]) == (size, 5)
        seen += [one["id"] for one in page["meetings"]]
        token = page["next_page_token"]
    assert (token, set(seen), len(seen)) == ("", made, 5)


def test_meeting_is_changed_and_deleted(
    zoom: httpx.Client, sandbox: Sandbox, create: Callable[..., dict[str, Any]]
) -> None:
    path = f"/meetings/{create()['id']}"
    moved = zoom.patch(path, json={"start_time": "2030-06-04T09:00:00", "timezone": "Africa/Lagos"})
    assert (moved.status_code, moved.content) == (204, b"")
    now = zoom.get(path).json()
    assert (now["start_time"], now["topic"]) == ("2030-06-04T08:00:00Z", MEETING["topic"])
    assert zoom.delete(path).status_code == 204
    for answer in (zoom.get(path), zoom.patch(path, json={}), zoom.delete(path), zoom.get("/meetings/x")):
        assert (answer.status_code, answer.json()["code"]) == (404, 3001)
    assert sandbox.meetings()[0]["deleted_at"]
    assert httpx.get(now["join_url"]).status_code == 404


def test_wrong_meetings_are_refused(zoom: httpx.Client, sandbox: Sandbox) -> None:
    wrong: dict[str, Any]
    for wrong in (
        {"topic": "x" * 201}, {"topic": 5}, {"type": 7}, {"start_time": "soon"}, {"duration": 0}, {"duration": "30"},
        {"timezone": "Mars/Base"}, {"timezone": "../etc"}, {"password": "no spaces"}, {"settings": []},
    ):  # fmt: skip
        answer = zoom.post("/users/me/meetings", json=MEETING | wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, 300), wrong
    assert zoom.post("/users/me/meetings", content=b"{").status_code == 400
    assert sandbox.meetings() == []


def test_room_may_be_embedded_and_shows_the_meeting(create: Callable[..., dict[str, Any]]) -> None:
    meeting = create()
    for address in (meeting["join_url"], meeting["start_url"]):
        room = httpx.get(address)
        assert room.status_code == 200
        assert "x-frame-options" not in room.headers
        assert "frame-ancestors *" in room.headers["content-security-policy"]
        assert "<script" not in room.text
        for shown in ("React &amp; hooks", "Monday 3 June 2030, 15:00 – 15:45 (Africa/Lagos)", "You are in"):
            assert shown in room.text


def test_outage_leaves_no_meeting_and_ends_after_its_number_of_calls(zoom: httpx.Client, sandbox: Sandbox) -> None:
    for mode, status in (("error", 503), ("rate-limit", 429)):
        sandbox.control(zoom={"mode": mode, "times": 1})
        assert httpx.post(f"{sandbox.url}/oauth/token", params=GRANT, auth=CLIENT).status_code == 200
        refused = zoom.post("/users/me/meetings", json=MEETING)
        assert refused.status_code == status
        assert ("retry-after" in refused.headers) == (status == 429)
    assert sandbox.meetings() == []
    assert zoom.post("/users/me/meetings", json=MEETING).status_code == 201


def test_lasting_outage_takes_the_sign_in_with_it(sandbox: Sandbox) -> None:
    sandbox.control(zoom={"mode": "error"})
    assert httpx.post(f"{sandbox.url}/oauth/token", params=GRANT, auth=CLIENT).status_code == 503


def test_time_out_hides_a_meeting_that_was_really_made(zoom: httpx.Client, sandbox: Sandbox) -> None:
    sandbox.control(zoom={"mode": "timeout", "times": 1})
    with pytest.raises(httpx.ReadTimeout):
        zoom.post("/users/me/meetings", json=MEETING, timeout=0.5)
    assert [one["agenda"] for one in zoom.get("/users/me/meetings").json()["meetings"]] == ["booking 7"]
