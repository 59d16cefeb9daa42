"""Sending an answer: JSON, with an ETag where readers ask again and again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags

MEDIA_TYPE = "application/json"


def dumped(data: object) -> bytes:
    """Compact JSON."""
    return json.dumps(data, separators=(",", ":"), allow_nan=False).encode()


def answer(data: object, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """What belongs to one person and this moment; kept by nobody, unless `headers` say otherwise."""
    headers = {"Cache-Control": "private, no-store"} | dict(headers or {})
    return HttpResponse(dumped(data), content_type=MEDIA_TYPE, headers=headers)


def public(request: HttpRequest, data: object) -> HttpResponse:
    """What everybody may read; 304 for who has just this already.

    Readers may keep it and must ask each time, so that a new offering is seen at once.
    """
    body = dumped(data)
    etag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
    headers = {"Cache-Control": "public, no-cache", "ETag": etag}
    if unchanged(request, etag):
        return HttpResponseNotModified(headers=headers)
    return HttpResponse(body, content_type=MEDIA_TYPE, headers=headers)


def unchanged(request: HttpRequest, etag: str) -> bool:
    """Whether the reader has this version already. A proxy that compresses makes strong tags weak."""
    given = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in given or etag in (tag.removeprefix("W/") for tag in given)
