"""Every refusal of the API as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from oluko.core.errors import DomainError, Invalid, TooMany, Unavailable

type View = Callable[..., HttpResponseBase]

MEDIA_TYPE = "application/problem+json"
# Both limits of ours count a minute, and a provider that is busy is asked again soon.
_RETRY_AFTER = {429: "60", 503: "5"}

_log = logging.getLogger("oluko.api")


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """One refusal; `errors` (wire name to message) belongs to 422, where "" names the input as a whole."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        found = errors or {"": detail}
        body["errors"] = [{"field": _camel(field), "message": message} for field, message in found.items()]
    answer = HttpResponse(json.dumps(body), status=status, content_type=MEDIA_TYPE, headers=dict(headers or {}))
    answer.headers["Cache-Control"] = "no-store"
    if status in _RETRY_AFTER:
        answer.headers.setdefault("Retry-After", _RETRY_AFTER[status])
    if status == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="Oluko"'
    return answer


# There is nothing to protect where there is nothing, and CSRF's refusal is a page.
@csrf_exempt
def no_such_address(request: HttpRequest, path: str = "") -> HttpResponse:
    """What every address answers that the API does not have."""
    return problem(404, "not_found", _("There is nothing at this address."))


def refuse_other_methods(view: View) -> View:
    """Answer HEAD as GET does, and a method that an address does not have with a problem that names those it has."""

    @wraps(view)
    def handle(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        asked = request.method
        if asked == "HEAD":
            # The server leaves the body out.
            request.method = "GET"
        response = view(request, *args, **kwargs)
        request.method = asked
        if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED or response.headers["Content-Type"] == MEDIA_TYPE:
            return response
        allowed = ["GET", "HEAD"] if "GET" in response.headers["Allow"] else [response.headers["Allow"]]
        return problem(
            405, "method_not_allowed", _("This address takes other methods."), headers={"Allow": ", ".join(allowed)}
        )

    return handle


def speak_problems(api: NinjaAPI) -> None:
    """Register one handler for each kind of exception that an operation may end with."""
    for kind, handler in _HANDLERS.items():
        api.add_exception_handler(kind, handler)


def _refused(request: HttpRequest, error: DomainError) -> HttpResponse:
    errors = error.errors if isinstance(error, Invalid) else None
    retry = getattr(error, "retry_after", None)
    headers = {"Retry-After": str(retry)} if retry and isinstance(error, TooMany | Unavailable) else None
    return problem(error.status, error.code, error.message, errors=errors, headers=headers)


def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    errors: dict[str, str] = {}
    for found in error.errors:
        # The first two places of a body's location are ninja's: the source and the parameter's name.
        place = found["loc"][2:] if found["loc"][0] == "body" else found["loc"][1:]
        errors.setdefault(".".join(str(part) for part in place), _message(found))
    return problem(422, "invalid_input", _("Some of the input cannot be used."), errors=errors)


def _message(found: Mapping[str, Any]) -> str:
    """Pydantic's own findings in our (translated) words; our validators' messages as they are."""
    facts = found.get("ctx", {})
    match found["type"]:
        case "missing":
            return _("This field is required.")
        case "literal_error":
            return _("Choose one of %(choices)s.") % {"choices": facts["expected"].replace(" or ", ", ")}
        case "string_too_short":
            return _("Use at least %(count)d characters.") % {"count": facts["min_length"]}
        case "string_too_long":
            return _("Use at most %(count)d characters.") % {"count": facts["max_length"]}
        case "greater_than_equal":
            return _("Must be %(limit)s or more.") % {"limit": facts["ge"]}
        case "less_than_equal":
            return _("Must be %(limit)s or less.") % {"limit": facts["le"]}
        case "bool_type":
            return _("Must be true or false.")
        case "list_type":
            return _("Must be a list.")
        case "too_long":
            return _("At most %(count)d entries.") % {"count": facts["max_length"]}
    return str(found["msg"])


def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    if error.status_code == HTTPStatus.UNAUTHORIZED:
        return problem(401, "not_signed_in", _("Sign in, or send a valid API token."))
    return problem(error.status_code, "refused", error.message)


def _not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(404, "not_found", _("There is nothing at this address."))


def _not_allowed(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
    return problem(403, "not_allowed", _("You may not do this."))


def _too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return problem(413, "body_too_large", _("At most 256 KB are taken."))


def _unreadable(request: HttpRequest, error: Exception) -> HttpResponse:
    return problem(400, "bad_request", _("The request could not be read."))


def _database_away(request: HttpRequest, error: Exception) -> HttpResponse:
    _log.exception("The database did not answer.", exc_info=error)
    return problem(503, "try_again", _("Oluko is busy; try again in a moment."))


def _mistake_of_ours(request: HttpRequest, error: Exception) -> HttpResponse:
    _log.exception("An operation failed.", exc_info=error)
    return problem(500, "internal_error", _("Something went wrong on our side; it has been recorded."))


def _camel(field: str) -> str:
    return re.sub(r"_([a-z])", lambda letter: letter[1].upper(), field)


_HANDLERS: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
    Exception: _mistake_of_ours,
    DomainError: _refused,
    ValidationError: _invalid,
    HttpError: _http_error,
    Http404: _not_found,
    PermissionDenied: _not_allowed,
    RequestDataTooBig: _too_big,
    SuspiciousOperation: _unreadable,
    UnreadablePostError: _unreadable,
    OperationalError: _database_away,
    InterfaceError: _database_away,
}
