"""A body that comes in chunks is read as one that says its length."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest

from oluko.core.chunks import measured


def seen_by_the_site(environ: dict[str, Any]) -> dict[str, Any]:
    seen: dict[str, Any] = {}

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.update(environ)
        return []

    measured(application)(environ, None)
    return seen


@pytest.mark.parametrize("body", [b"", b"{}", b"x" * 300_000])
def test_chunked_body_gets_its_length(body: bytes) -> None:
    seen = seen_by_the_site({"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": BytesIO(body)})
    assert (seen["CONTENT_LENGTH"], seen["wsgi.input"].read()) == (str(len(body)), body)


def test_endless_body_is_read_no_further_than_it_takes_to_refuse_it() -> None:
    source = BytesIO(b"x" * 4 * 1024 * 1024)
    seen = seen_by_the_site({"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": source})
    assert int(seen["CONTENT_LENGTH"]) == 3 * 1024 * 1024 + 1
    assert source.tell() == int(seen["CONTENT_LENGTH"])


def test_body_with_a_length_is_left_alone() -> None:
    source = BytesIO(b"{}")
    seen = seen_by_the_site({"CONTENT_LENGTH": "2", "wsgi.input": source})
    assert seen["wsgi.input"] is source
    assert source.tell() == 0
