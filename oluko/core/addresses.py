"""Paths of pages about one thing, which every notification names several of."""

from __future__ import annotations

from functools import cache
from uuid import UUID

from django.urls import reverse

_NOTHING = UUID(int=0)


def page_of(name: str, thing: UUID) -> str:
    """The path of the page of that name about one thing: as `reverse` says it, which looks through all names."""
    return _shape(name).replace(str(_NOTHING), str(thing))


@cache
def _shape(name: str) -> str:
    return reverse(name, args=[_NOTHING])
