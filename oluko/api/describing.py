"""What the OpenAPI document says beyond what ninja reads from the types."""

from __future__ import annotations

from typing import Any

from oluko.api.answers import InvalidInput, Problem

SECURED: dict[str, Any] = {"security": [{"bearer": []}, {"session": []}]}
PUBLIC: dict[str, Any] = {"security": []}
CONDITIONAL: dict[str, Any] = {
    "parameters": [
        {
            "in": "header",
            "name": "If-None-Match",
            "required": False,
            "schema": {"type": "string"},
            "description": "The ETag that you have; 304 while it is current.",
        }
    ],
    "responses": {304: {"description": "Not modified"}},
}
SIGNED: dict[str, Any] = {
    "security": [],
    "parameters": [
        {
            "in": "header",
            "name": "x-paystack-signature",
            "required": True,
            "schema": {"type": "string", "pattern": "^[0-9a-f]{128}$"},
            "description": "Hex HMAC-SHA512 of the raw body with the secret key.",
        }
    ],
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
}


def responses(gives: Any, *refusals: int) -> dict[int, Any]:
    """The answer of a success, and a problem for each refusal; the last three may meet anybody anywhere."""
    statuses = sorted({*refusals, 429, 500, 503})
    return {200: gives, **{status: InvalidInput if status == 422 else Problem for status in statuses}}
