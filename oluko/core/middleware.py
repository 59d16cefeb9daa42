"""What every request passes through."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.middleware.csp import ContentSecurityPolicyMiddleware
from django.shortcuts import render
from django.utils.csp import CSP
from django.utils.translation import gettext as _
from django.views.decorators.csp import csp_override

from oluko.core.bodies import in_words, largest_body
from oluko.core.errors import DomainError, TooLarge
from oluko.core.logs import set_request_id

type Handler = Callable[[HttpRequest], HttpResponseBase]

_REQUEST_ID = re.compile(r"[A-Za-z0-9\-]{8,40}")

# django-unfold's pages need inline styles and Alpine's evaluator; nothing outside /admin/ gets this policy.
ADMIN_CSP: dict[str, Any] = {
    **settings.SECURE_CSP,
    "script-src": [CSP.SELF, CSP.NONCE, CSP.UNSAFE_EVAL],
    "style-src": [CSP.SELF, CSP.UNSAFE_INLINE],
}


def request_id(get_response: Handler) -> Handler:
    """Give each request an id, or keep the one that a proxy gave, and say it in the answer."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-ID", "")
        value = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex[:16]
        set_request_id(value)
        response = get_response(request)
        response.headers["X-Request-ID"] = value
        return response

    return handle


def body_limit(get_response: Handler) -> Handler:
    """Refuse bodies that are larger than the form that they are sent to, before they are read."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        length = request.META.get("CONTENT_LENGTH") or "0"
        usual = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if not length.isdigit() or (int(length) > usual and int(length) > largest_body(request)):
            return _too_big(request)
        try:
            return get_response(request)
        except RequestDataTooBig:
            return _too_big(request)

    return handle


def content_policy(get_response: Handler) -> Handler:
    """The strict policy everywhere, the admin's own below /admin/; no devices but where a page says so itself."""
    strict = ContentSecurityPolicyMiddleware(get_response)
    lenient = ContentSecurityPolicyMiddleware(csp_override(ADMIN_CSP)(get_response))

    def handle(request: HttpRequest) -> HttpResponseBase:
        policy = lenient if request.path.startswith("/admin/") else strict
        response = cast(HttpResponseBase, policy(request))
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), display-capture=()")
        return response

    return handle


class Refusals:
    """Turn what the domain refuses into a page that says so, in the person's words, with its status."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, DomainError):
            return None
        return render(request, "core/refused.html", {"error": exception}, status=exception.status)


refusals = Refusals


def _too_big(request: HttpRequest) -> HttpResponse:
    most = in_words(largest_body(request))
    error = TooLarge("body_too_large", _("At most %(most)s are taken.") % {"most": most})
    if "text/html" in request.headers.get("Accept", ""):
        return render(request, "core/refused.html", {"error": error}, status=error.status)
    problem = {
        "type": "about:blank",
        "title": "Payload Too Large",
        "status": error.status,
        "code": error.code,
        "detail": error.message,
    }
    return JsonResponse(problem, status=error.status, content_type="application/problem+json")
