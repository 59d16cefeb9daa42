"""Where a link may send a person: only to a page of ours."""

from __future__ import annotations

from django.utils.http import url_has_allowed_host_and_scheme


def is_own_path(address: str) -> bool:
    """Whether an address that came with a request is a path of this site; `//host` and its disguises are none."""
    return address.startswith("/") and url_has_allowed_host_and_scheme(address, allowed_hosts=None)
