"""Which views take bodies that are larger than any ordinary form of ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import Resolver404, resolve

MEGABYTE = 1024 * 1024


def takes_bodies[View: Callable[..., Any]](largest: int) -> Callable[[View], View]:
    """The outermost decorator of a view that takes multipart bodies of up to `largest` bytes."""

    def mark(view: View) -> View:
        view.largest_body = largest  # type: ignore[attr-defined]
        return view

    return mark


def largest_body(request: HttpRequest) -> int:
    """The bytes that the body of this request may have: 256 KB, but for files sent to a view that takes them."""
    usual: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if not (request.content_type or "").startswith("multipart/"):
        return usual
    try:
        return getattr(resolve(request.path_info).func, "largest_body", usual)
    except Resolver404:
        return usual


def in_words(size: int) -> str:
    """`256 KB`, `3 MB`."""
    return f"{size // MEGABYTE} MB" if size >= MEGABYTE else f"{size // 1024} KB"
