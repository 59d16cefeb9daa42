"""Reading from addresses that strangers type: nothing leads inside, nothing lasts, nothing grows."""

from __future__ import annotations

import gzip
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from oluko.calendars.fetching import MOST_BYTES, Fetched, fetch
from oluko.core.outside import Outside, Unreadable, check_address, is_public
from tests.calendars.elsewhere import EMPTY, NAME, Server, dripping, endless, make_certificates, plain, serve

PUBLIC = "93.184.216.34"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def trusted(folder: Path) -> ssl.SSLContext:
    return make_certificates(folder)


@pytest.fixture
def server(folder: Path, trusted: ssl.SSLContext) -> Iterator[Server]:
    with serve(folder) as server:
        server.answers["/good.ics"] = plain(EMPTY, Content_Type="text/calendar")
        yield server


@pytest.fixture
def near(server: Server, trusted: ssl.SSLContext) -> Outside:
    """The outside with one exception: the server on this machine counts as public, and its port as the usual one."""
    return Outside(
        port=server.port,
        look_up=lambda host, port: ["127.0.0.1"] if host == NAME else [PUBLIC],
        allows=lambda address: str(address) == "127.0.0.1",
        certificates=trusted,
    )


def refused(address: str, outside: Outside) -> str:
    with pytest.raises(Unreadable) as caught:
        fetch(address, outside=outside)
    assert address not in str(caught.value)
    return caught.value.code


def test_a_calendar_is_read_over_https_by_its_name(server: Server, near: Outside) -> None:
    server.answers["/good.ics"] = plain(EMPTY, ETag='"7"')
    assert fetch(server.url("/good.ics"), outside=near) == Fetched(EMPTY, '"7"')
    assert server.seen == [("/good.ics", f"{NAME}:{server.port}", "")]


def test_webcal_is_https(server: Server, near: Outside) -> None:
    assert fetch(server.url("/good.ics").replace("https", "webcal"), outside=near).body == EMPTY


def test_an_unchanged_calendar_is_not_sent_again(server: Server, near: Outside) -> None:
    server.answers["/good.ics"] = plain(b"", 304)
    assert fetch(server.url("/good.ics"), etag='"7"', outside=near) == Fetched(None, '"7"')
    assert server.seen[0][2] == '"7"'


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("http://calendar.test/x.ics", "not_https"),
        ("ftp://calendar.test/x.ics", "not_https"),
        ("file:///etc/passwd", "not_https"),
        ("gopher://calendar.test/x", "not_https"),
        ("calendar.test/x.ics", "not_https"),
        ("", "not_https"),
        ("https://", "bad_address"),
        ("https:///etc/passwd", "bad_address"),
        ("https://ada:secret@calendar.test/x.ics", "has_password"),
        ("https://calendar.test@127.0.0.1/x.ics", "has_password"),
        ("https://calendar.test:8443/x.ics", "other_port"),
        ("https://calendar.test:22/x.ics", "other_port"),
        ("https://calendar.test:99999/x.ics", "other_port"),
        ("https://calendar.test:port/x.ics", "bad_address"),
        ("https://[::1/x.ics", "bad_address"),
        ("https://127.0.0.1%00.calendar.test/", "bad_address"),
        ("https://exa mple.test/", "bad_address"),
        ("https://calendar.test\r\nHost: inside/", "bad_address"),
    ],
)
def test_addresses_that_are_refused_unseen(address: str, code: str) -> None:
    with pytest.raises(Unreadable) as caught:
        check_address(address, Outside())
    assert caught.value.code == code


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "0x7f000001",
        "0",
        "0.0.0.0",
        "10.0.0.5",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "192.0.0.9",
        "198.18.0.1",
        "224.0.1.1",
        "255.255.255.255",
        "localhost",
        "localhost.",
        "[::1]",
        "[::]",
        "[fe80::1]",
        "[fc00::1]",
        "[ff02::1]",
        "[::ffff:10.0.0.1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:8.8.8.8]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b::808:808]",
        "[2002:7f00:1::1]",
        "[2001:0:7f00:1::1]",
        "[2001:db8::1]",
    ],
)
def test_nothing_of_ours_can_be_reached_by_any_spelling(host: str) -> None:
    """By the real look-up; nothing is asked of any server."""
    assert refused(f"https://{host}/x.ics", Outside()) in ("not_public", "no_such_host", "bad_address")


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4009::1"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(ip_address(address))


def test_one_private_address_among_public_ones_is_enough(server: Server) -> None:
    outside = Outside(look_up=lambda host, port: [PUBLIC, "10.0.0.1"])
    assert refused("https://calendar.test/x.ics", outside) == "not_public"


def test_a_name_that_changes_its_meaning_is_held_to_the_first(server: Server, near: Outside) -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    assert fetch(server.url("/good.ics"), outside=replace(near, look_up=rebinding)).body == EMPTY
    assert asked == [NAME]


def test_the_next_address_is_tried_where_one_does_not_answer(server: Server, near: Outside) -> None:
    allowed = {"127.0.0.1", "127.0.0.9"}
    outside = replace(
        near, look_up=lambda host, port: ["127.0.0.9", "127.0.0.1"], allows=lambda address: str(address) in allowed
    )
    assert fetch(server.url("/good.ics"), outside=outside).body == EMPTY


def test_a_certificate_must_be_good_for_the_name(tmp_path: Path, server: Server, near: Outside) -> None:
    assert refused(server.url("/good.ics"), replace(near, certificates=None)) == "bad_certificate"
    other = make_certificates(tmp_path, "other.test")
    with serve(tmp_path) as imposter:
        imposter.answers["/good.ics"] = plain()
        outside = replace(near, port=imposter.port, certificates=other)
        assert refused(imposter.url("/good.ics"), outside) == "bad_certificate"
        assert imposter.seen == []


def test_redirects_are_followed_three_times(server: Server, near: Outside) -> None:
    for number in range(1, 5):
        server.answers[f"/{number}"] = plain(b"", 302, Location=f"/{number - 1}")
    server.answers["/0"] = plain()
    assert fetch(server.url("/3"), outside=near).body == EMPTY
    assert refused(server.url("/4"), near) == "too_many_redirects"


def test_redirects_in_a_circle_end(server: Server, near: Outside) -> None:
    server.answers["/a"] = plain(b"", 301, Location=server.url("/b"))
    server.answers["/b"] = plain(b"", 307, Location="/a")
    assert refused(server.url("/a"), near) == "too_many_redirects"
    assert len(server.seen) == 4


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://calendar.test/x", "not_https"),
        ("https://127.0.0.2/x", "other_port"),
        ("https://169.254.169.254:{port}/latest/meta-data/", "not_public"),
        ("https://inside.test:{port}/x", "not_public"),
        ("//inside.test:{port}/x", "not_public"),
        ("https://ada:secret@calendar.test:{port}/good.ics", "has_password"),
        ("file:///etc/passwd", "not_https"),
    ],
)
def test_a_redirect_is_judged_as_an_address_is(server: Server, near: Outside, location: str, code: str) -> None:
    server.answers["/a"] = plain(b"", 302, Location=location.format(port=server.port))
    assert refused(server.url("/a"), near) == code
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "first",
    [
        b"HTTP/1.1 200 OK\r\nX-Drip: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nBEGIN:VCALENDAR\r\n",
        b"",
    ],
    ids=["head", "body", "nothing"],
)
def test_a_drip_ends_by_our_clock(server: Server, near: Outside, first: bytes) -> None:
    server.answers["/slow"] = dripping(first)
    began = time.monotonic()
    assert refused(server.url("/slow"), replace(near, seconds=1.0)) in ("too_slow", "unreachable")
    assert time.monotonic() - began < 2.5


def test_a_server_that_says_nothing_ends_by_our_clock(near: Outside) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        began = time.monotonic()
        outside = replace(near, port=port, seconds=1.0)
        assert refused(f"https://{NAME}:{port}/x.ics", outside) == "too_slow"
        assert time.monotonic() - began < 2.5


def test_a_look_up_that_hangs_ends_by_our_clock(near: Outside) -> None:
    def hanging(host: str, port: int) -> Sequence[str]:
        time.sleep(3)
        return ["127.0.0.1"]

    began = time.monotonic()
    outside = replace(near, look_up=hanging, seconds=0.5)
    assert refused(f"https://{NAME}:{near.port}/x.ics", outside) == "too_slow"
    assert time.monotonic() - began < 1.5


def test_two_megabytes_and_no_more(server: Server, near: Outside) -> None:
    filled = EMPTY + b" " * (MOST_BYTES - len(EMPTY))
    server.answers["/full"] = plain(filled)
    assert fetch(server.url("/full"), outside=near).body == filled
    server.answers["/over"] = plain(filled + b" ")
    assert refused(server.url("/over"), near) == "too_big"
    server.answers["/endless"] = endless(b"BEGIN:VCALENDAR\r\n" * 4096)
    assert refused(server.url("/endless"), near) == "too_big"


def test_what_comes_packed_is_unpacked_up_to_the_limit(server: Server, near: Outside) -> None:
    server.answers["/packed"] = plain(gzip.compress(EMPTY), Content_Encoding="gzip")
    assert fetch(server.url("/packed"), outside=near).body == EMPTY
    server.answers["/bomb"] = plain(gzip.compress(EMPTY + b"\0" * 300_000_000), Content_Encoding="gzip")
    assert refused(server.url("/bomb"), near) == "too_big"
    server.answers["/other"] = plain(EMPTY, Content_Encoding="br")
    assert refused(server.url("/other"), near) == "not_a_calendar"
    server.answers["/broken"] = plain(b"\x1f\x8b nonsense", Content_Encoding="gzip")
    assert refused(server.url("/broken"), near) == "not_a_calendar"


@pytest.mark.parametrize(
    "body", [b"", b"<!doctype html><title>Sign in</title>", b"\x89PNG", b'{"a": 1}', b"BEGIN:VCARD"]
)
def test_what_is_no_calendar_is_refused(server: Server, near: Outside, body: bytes) -> None:
    server.answers["/x"] = plain(body)
    assert refused(server.url("/x"), near) == "not_a_calendar"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "refused"),
        (403, "refused"),
        (404, "refused"),
        (410, "refused"),
        (500, "server_error"),
        (204, "server_error"),
    ],
)
def test_other_answers_are_told_apart(server: Server, near: Outside, status: int, code: str) -> None:
    server.answers["/x"] = plain(b"", status)
    assert refused(server.url("/x"), near) == code


def test_nobody_there(near: Outside) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert refused(f"https://{NAME}:{port}/x.ics", replace(near, port=port)) == "unreachable"


def test_no_such_name() -> None:
    def unknown(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    assert refused("https://calendar.test/x.ics", Outside(look_up=unknown)) == "no_such_host"


def test_only_the_sandboxes_calendars_are_read_over_http() -> None:
    with serve(None) as sandbox, serve(None) as other:
        for each in (sandbox, other):
            each.answers |= {"/calendars/tunde.ics": plain(), "/_control": plain()}
        here = f"http://127.0.0.1:{sandbox.port}"
        sandbox.answers["/calendars/away"] = plain(b"", 302, Location="/_control")
        outside = Outside(sandbox=f"{here}/calendars/")
        assert fetch(f"{here}/calendars/tunde.ics", outside=outside).body == EMPTY
        for address in (
            f"{here}/_control",
            f"{here}/calendars/../_control",
            f"{here}/calendars/away",
            f"http://127.0.0.1:{other.port}/calendars/tunde.ics",
        ):
            assert refused(address, outside) == "not_https"
        assert refused(f"{here}/calendars/tunde.ics", Outside()) == "not_https"
        assert other.seen == []
