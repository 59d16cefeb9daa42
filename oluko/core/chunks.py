"""Bodies that come in chunks, without a length, as some clients send them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

# One byte more than the largest upload, so that a longer body is seen to be too long.
_MOST = 3 * 1024 * 1024 + 1

type Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def measured(application: Application) -> Application:
    """Give a chunked body its length: Django reads as much as `Content-Length` says, so nothing without one."""

    def call(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if "HTTP_TRANSFER_ENCODING" in environ and not environ.get("CONTENT_LENGTH"):
            body = environ["wsgi.input"].read(_MOST)
            environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(body), str(len(body))
        return application(environ, start_response)

    return call
