"""Parts of pages that follow the server: each carries a tag of what it shows, and is sent only when that changes."""

from __future__ import annotations

import hashlib

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.translation import get_language

from oluko.core import clock


def is_part(request: HttpRequest) -> bool:
    """Whether only the part that changes is asked for."""
    return request.GET.get("part") == "state"


def version_of(*shown: object) -> str:
    """Names what a reader sees; it changes when any of it does, the reader's zone and language included."""
    seen = (shown, timezone.get_current_timezone_name(), get_language(), round(clock.offset().total_seconds()))
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:20]


def answer(request: HttpRequest, template: str, facts: dict[str, object], version: str) -> HttpResponse:
    """The template with its tag, or 304 to a part that the page has already."""
    tag = f'"{version}"'
    fresh = get_conditional_response(request, etag=tag) if is_part(request) else None
    response = fresh or render(request, template, facts | {"version": version})
    response["ETag"] = tag
    return response
