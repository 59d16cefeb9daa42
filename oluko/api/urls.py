"""Addresses of this room: every operation, the documents, and a refusal for what is not there."""

from __future__ import annotations

from django.urls import URLPattern, path, re_path
from ninja import NinjaAPI
from ninja.constants import NOT_SET

from oluko.api import actions, resources, webhooks
from oluko.api.docs import docs_view, openapi_view
from oluko.api.problems import no_such_address, refuse_other_methods, speak_problems

api = NinjaAPI(
    title="Oluko",
    version="1",
    description=(
        "Mentorship: offerings, bookings, payments. Sign in by `Authorization: Bearer TOKEN`, or by the site's session "
        "cookie with its CSRF token. Names are camelCase, instants ISO 8601 with `Z`, prices major units (naira). "
        "Refusals are `application/problem+json` (RFC 9457) with a stable `code`."
    ),
    openapi_url=None,
    docs_url=None,
    urls_namespace="oluko",
)
speak_problems(api)
# Hot reads first: addresses are tried in this order.
for _room in (resources, webhooks, actions):
    api.add_router("", _room.router, auth=NOT_SET)


def _published() -> list[URLPattern]:
    """Ninja's own patterns without its root, which would stand in the way of the home page."""
    patterns = [pattern for pattern in api.urls[0] if isinstance(pattern, URLPattern) and pattern.name != "api-root"]
    for pattern in patterns:
        pattern.callback = refuse_other_methods(pattern.callback)
    return patterns


urlpatterns = [
    *_published(),
    path("api/openapi.json", refuse_other_methods(openapi_view(api)), name="openapi"),
    path("api/docs", docs_view(api), name="api_docs"),
    re_path(r"^(?:api|action)(?:/.*)?$", no_such_address),
]
