"""Reading what a program sends: a JSON object, and single values, as strictly as a public API should.

Pydantic alone takes `5` and instants without a zone for a datetime, `"60"` for 60 and 1 for true; nothing here does.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Never
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.params.models import Body, BodyModel
from pydantic_core import PydanticCustomError

from oluko.core.errors import Invalid
from oluko.core.money import MINOR_PER_MAJOR

# NUL, which PostgreSQL cannot store, and its kind; halves of characters, which UTF-8 cannot carry.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_AMOUNT = re.compile(r"\d{1,12}(\.\d{1,2})?", re.ASCII)
_WHOLE = re.compile(r"\d{1,12}", re.ASCII)
NO_ID = UUID(int=0)


class _ObjectModel(BodyModel):
    @classmethod
    def get_request_data(cls, request: HttpRequest, api: object, path_params: object) -> dict[str, Any]:
        return {cls.__read_from_single_attr__: read_object(request)}


class JsonObject(Body):  # type: ignore[misc]
    """The body of an operation. Unlike ninja's own: no body is an empty object, and a body is an object or refused."""

    _model = _ObjectModel

    @classmethod
    def _param_source(cls) -> str:
        return "body"


def read_object(request: HttpRequest) -> dict[str, Any]:
    """The body as a JSON object, fractions as Decimal, so that no amount passes through a float.

    Raises Invalid (`malformed_json`) for another content type, for what is no JSON and for what is no object.
    """
    body = request.body
    if not body.strip():
        return {}
    kind = (request.content_type or "").lower()
    if kind and kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise Invalid("malformed_json", _("Send JSON, with the content type application/json."))
    try:
        found = json.loads(body, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, ArithmeticError, RecursionError):
        raise Invalid("malformed_json", _("The body is not JSON.")) from None
    if not isinstance(found, dict):
        raise Invalid("malformed_json", _("The body must be a JSON object."))
    return found


def read_id(value: object) -> UUID:
    """An id as text. One that cannot be an id names nothing, so it is read as the id that no row has: 404, not 422."""
    text = _string(value)
    return UUID(text) if _UUID.fullmatch(text) else NO_ID


def read_filter_id(value: object) -> UUID:
    """An id to filter by: one that cannot be an id is bad input."""
    text = _string(value)
    if not _UUID.fullmatch(text):
        raise bad(_("This is not an id."))
    return UUID(text)


def read_line(value: object) -> str:
    """One line of text, trimmed."""
    text = read_text(value)
    if "\n" in text or "\t" in text:
        raise bad(_("Use one line without control characters."))
    return text


def read_text(value: object) -> str:
    """Text, trimmed, lines ending in a line feed."""
    text = _string(value).replace("\r\n", "\n").replace("\r", "\n").strip()
    if _CONTROLS.search(text):
        raise bad(_("Control characters cannot be used here."))
    return text


def read_whole(value: object) -> int:
    """A whole number; 60.0 is one, in JSON's eyes too."""
    if isinstance(value, Decimal) and value.is_finite() and abs(value) < 10**15 and value == int(value):
        return int(value)
    if type(value) is not int or abs(value) > 2**62:
        raise bad(_("Must be a whole number."))
    return value


def read_price(value: object) -> int:
    """A price in major units, a JSON number with at most two decimals, as minor units."""
    if type(value) is not int and not isinstance(value, Decimal):
        raise bad(_("Must be a number such as 5000 or 5000.50."))
    number = Decimal(value)
    if not number.is_finite() or not 0 <= number < 10**12:
        raise bad(_("A price is from ₦100 to ₦10,000,000."))
    minor = number * MINOR_PER_MAJOR
    if minor != int(minor):
        raise bad(_("At most two decimals are possible."))
    return int(minor)


def read_instant(value: object) -> datetime:
    """ISO 8601 with an offset or Z, as an aware instant in UTC, in the years 2000 to 2100."""
    text = _string(value).strip()
    if not _INSTANT.fullmatch(text):
        raise bad(_("Give an instant with its zone, such as 2026-05-05T14:00:00Z."))
    try:
        instant = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise bad(_("There is no such instant.")) from None
    if not 2000 <= instant.year <= 2100:
        raise bad(_("There is no such instant."))
    return instant


def read_query_amount(text: object) -> int:
    """An amount in major units in a query, as minor units."""
    if not isinstance(text, str) or not _AMOUNT.fullmatch(text):
        raise bad(_("Enter an amount such as 5000 or 5000.50."))
    return int(Decimal(text) * MINOR_PER_MAJOR)


def read_query_whole(text: object) -> int:
    """A whole number, zero or more, in a query."""
    if not isinstance(text, str) or not _WHOLE.fullmatch(text):
        raise bad(_("Must be a whole number."))
    return int(text)


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise bad(_("Must be text."))
    return value


def _refuse(constant: str) -> Never:
    raise ValueError(constant)


def bad(message: str) -> PydanticCustomError:
    """A finding about one value, in our words."""
    # Braces would be read as places to fill in.
    return PydanticCustomError("bad_value", "{message}", {"message": message})
