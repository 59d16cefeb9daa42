"""What providers send is answered before anything that only people need."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.urls import resolve

_PREFIX = "/api/webhooks/"

type Handler = Callable[[HttpRequest], HttpResponseBase]


def webhooks(get_response: Handler) -> Handler:
    """Answer webhooks here: sessions, sign-in, messages and forms, which come after this, took a third of their time.

    A webhook is proven by its signature alone, so there is nothing there for it. What every answer gets (an id, the
    limit of bodies, headers of security) stands before this in MIDDLEWARE.
    """

    def handle(request: HttpRequest) -> HttpResponseBase:
        if request.method != "POST" or not request.path_info.startswith(_PREFIX):
            return get_response(request)
        match = resolve(request.path_info)
        request.resolver_match = match
        response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        if not response.streaming and not response.has_header("Content-Length"):
            response.headers["Content-Length"] = str(len(getattr(response, "content", b"")))
        return response

    return handle
