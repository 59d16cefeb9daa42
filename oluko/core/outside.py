"""Reaching an address that a person typed or a browser gave, without being led into our own network.

Only https on the usual port. The name is looked up once, every address that it has must be a public one, and the
connection goes to exactly those; the certificate must be good for the name. Whatever the server drips, it ends in time.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as DeadlinePassed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

import httpcore
import httpx

type Address = IPv4Address | IPv6Address

ALL_SECONDS = 10.0
CONNECT_SECONDS = 3.0
READ_SECONDS = 5.0
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+", re.ASCII | re.IGNORECASE)
# What is given out to the public; what wraps an IPv4 address (mapped, NAT64, compatible) lies outside of it.
_UNICAST = IPv6Network("2000::/3")
# Counted as global by the standard library, and yet a way to something near: PCP's and relays' anycast addresses,
# Teredo, 6to4; and addresses for documents.
_NOT_PUBLIC = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2002::/16", "3fff::/20")))
# Looking up a name cannot be interrupted; a thread that is stuck ends when the resolver gives up.
_lookups = ThreadPoolExecutor(4, thread_name_prefix="lookup")


class Unreadable(Exception):
    """An address could not be reached, or what it gave could not be read; `code` says why. Names no address."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet and to nothing that could lead elsewhere."""
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return False
    return address.is_global and not address.is_multicast and not any(address in network for network in _NOT_PUBLIC)


def look_up(host: str, port: int) -> Sequence[str]:
    """Every address of a name, as text. Raises OSError."""
    # Numbers that only a resolver understands (0177.0.0.1, 2130706433) come back as what they mean.
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(place[4][0]) for place in found]


@dataclass(frozen=True)
class Outside:
    """What may be reached and how. `sandbox` is the one address (a prefix) that is also reached over plain http."""

    sandbox: str = ""
    port: int = 443
    seconds: float = ALL_SECONDS
    look_up: Callable[[str, int], Sequence[str]] = look_up
    allows: Callable[[Address], bool] = is_public
    certificates: ssl.SSLContext | None = None

    def is_sandbox(self, url: httpx.URL) -> bool:
        return bool(self.sandbox) and str(url).startswith(self.sandbox)


def check_address(text: str, outside: Outside) -> httpx.URL:
    """The address as it will be asked for; webcal is https. Raises Unreadable where it never can be."""
    text = text.strip()
    scheme, colon, rest = text.partition(":")
    if colon and scheme.lower() in ("webcal", "webcals"):
        text = f"https:{rest}"
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, UnicodeError, ValueError):
        raise Unreadable("bad_address") from None
    if outside.is_sandbox(url):
        return url
    if url.scheme != "https":
        raise Unreadable("not_https")
    if not _HOST.fullmatch(url.raw_host.decode("ascii")):
        raise Unreadable("bad_address")
    if url.userinfo:
        raise Unreadable("has_password")
    if (url.port or 443) != outside.port:
        raise Unreadable("other_port")
    return url


@contextmanager
def opened(
    method: str, url: httpx.URL, headers: Mapping[str, str], outside: Outside, deadline: float, content: bytes = b""
) -> Iterator[httpcore.Response]:
    """One request to a checked address and its answer, whatever its status; the body is read inside.

    `deadline` is one of `time.monotonic`. Raises Unreadable, also for what goes wrong while the body is read.
    """
    port = url.port or (80 if url.scheme == "http" else outside.port)
    found = _look_up(url.raw_host.decode("ascii"), port, outside, deadline)
    if not outside.is_sandbox(url) and not all(outside.allows(each) for each in found):
        raise Unreadable("not_public")
    wanted = {"Host": url.netloc.decode("ascii"), "Accept-Encoding": "identity", "Connection": "close", **headers}
    target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=port, target=url.raw_path)
    wire, trust = _Pinned(found, deadline), outside.certificates or _certificates()
    try:
        with (
            httpcore.ConnectionPool(ssl_context=trust, network_backend=wire) as pool,
            pool.stream(
                method, target, headers=list(wanted.items()), content=content or None, extensions=_timeouts()
            ) as response,
        ):
            yield response
    except httpcore.TimeoutException:
        raise Unreadable("too_slow") from None
    except httpcore.ConnectError as problem:
        raise Unreadable("bad_certificate" if _about_certificate(problem) else "unreachable") from None
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError):
        raise Unreadable("unreachable") from None


def _look_up(host: str, port: int, outside: Outside, deadline: float) -> list[Address]:
    """The addresses of the host, looked up once for the check and for the connection."""
    future = _lookups.submit(outside.look_up, host, port)
    try:
        found = future.result(timeout=min(CONNECT_SECONDS, max(deadline - time.monotonic(), 0.0)))
        addresses = list(dict.fromkeys(ip_address(text) for text in found))
    except DeadlinePassed:
        future.cancel()
        raise Unreadable("too_slow") from None
    except (OSError, UnicodeError, ValueError):
        raise Unreadable("no_such_host") from None
    if not addresses:
        raise Unreadable("no_such_host")
    return addresses


def _timeouts() -> dict[str, Any]:
    return {"timeout": {"connect": CONNECT_SECONDS, "read": READ_SECONDS, "write": READ_SECONDS, "pool": 1.0}}


def _about_certificate(problem: BaseException) -> bool:
    return isinstance(problem.__context__, ssl.SSLCertVerificationError)


@cache
def _certificates() -> ssl.SSLContext:
    return httpx.create_ssl_context()


class _Pinned(httpcore.NetworkBackend):
    """Connects to the addresses that were checked, whatever the name means by now; nothing outlives the deadline."""

    def __init__(self, addresses: Sequence[Address], deadline: float) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        for address in self._addresses[:-1]:
            try:
                return self._connect(address, port)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._connect(self._addresses[-1], port)

    def _connect(self, address: Address, port: int) -> httpcore.NetworkStream:
        left = _left(self._deadline, CONNECT_SECONDS, httpcore.ConnectTimeout)
        return _Stream(self._plain.connect_tcp(str(address), port, timeout=left), self._deadline)


class _Stream(httpcore.NetworkStream):
    """A connection on which every step ends by the deadline, so that a byte now and then does not keep it open."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline, timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline, timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(self._deadline, timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float, timeout: float | None, late: type[httpcore.TimeoutException]) -> float:
    """The seconds that a step may take: its own limit or what is left of all; raises `late` where nothing is."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise late
    return min(left, timeout) if timeout is not None else left
