"""Reading a calendar from an address that a person typed, by the rules of `oluko.core.outside`.

Redirects are followed by hand, each judged anew. What arrives is limited in size and, whatever the server drips, in
time.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import httpx

from oluko.core.outside import Outside, Unreadable, check_address, opened

MOST_BYTES = 2 * 1024 * 1024
MOST_REDIRECTS = 3
MOST_ETAG = 180
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class Fetched:
    """What came: the calendar's bytes, or None where it is still the one of the ETag that was sent along."""

    body: bytes | None
    etag: str


def fetch(address: str, *, etag: str = "", outside: Outside) -> Fetched:
    """Ask for the calendar at an address; `etag` is what an earlier answer had. Raises Unreadable."""
    deadline = time.monotonic() + outside.seconds
    url = check_address(address, outside)
    for _hop in range(MOST_REDIRECTS + 1):
        answer = _ask(url, etag, outside, deadline)
        if isinstance(answer, Fetched):
            return answer
        url = check_address(answer, outside)
    raise Unreadable("too_many_redirects")


def _ask(url: httpx.URL, etag: str, outside: Outside, deadline: float) -> Fetched | str:
    """One request: the calendar, or the address that we are sent on to."""
    headers = {"User-Agent": "Oluko (reads busy times)", "Accept": "text/calendar, */*;q=0.1"}
    if etag:
        headers["If-None-Match"] = etag
    with opened("GET", url, headers, outside, deadline) as response:
        told = httpx.Headers(response.headers)
        if response.status in _REDIRECTS and told.get("location"):
            return _join(url, told["location"])
        if response.status == 304 and etag:
            return Fetched(None, etag)
        if response.status != 200:
            raise Unreadable("refused" if response.status in (401, 403, 404, 410) else "server_error")
        body = _collect(response.iter_stream(), told.get("content-encoding", ""))
    new = told.get("etag", "")
    return Fetched(_calendar(body), new if len(new) <= MOST_ETAG and new.isascii() else "")


def _collect(chunks: Iterable[bytes], encoding: str) -> bytes:
    """The body, unpacked where it came packed although we asked it not to, up to the limit."""
    if encoding.lower() not in ("", "identity", "gzip"):
        raise Unreadable("not_a_calendar")
    body = bytearray()
    for chunk in _unpacked(chunks) if encoding.lower() == "gzip" else chunks:
        body += chunk
        if len(body) > MOST_BYTES:
            raise Unreadable("too_big")
    return bytes(body)


def _unpacked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    packed = zlib.decompressobj(wbits=31)
    try:
        for chunk in chunks:
            # One byte beyond the limit is enough to know; a packed bomb is never unpacked further.
            yield packed.decompress(chunk, MOST_BYTES + 1)
    except zlib.error:
        raise Unreadable("not_a_calendar") from None


def _calendar(body: bytes) -> bytes:
    if not body.removeprefix(b"\xef\xbb\xbf").lstrip()[:15].upper() == b"BEGIN:VCALENDAR":
        raise Unreadable("not_a_calendar")
    return body


def _join(url: httpx.URL, location: str) -> str:
    try:
        return str(url.join(location))
    except (httpx.InvalidURL, ValueError):
        raise Unreadable("bad_address") from None
