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


def signed(**headers: tuple[str, str]) -> dict[str, Any]:
    """A webhook: the headers that prove it, each with its pattern and what it holds."""
    return {
        "security": [],
        "parameters": [
            {
                "in": "header",
                "name": name.replace("_", "-"),
                "required": True,
                "schema": {"type": "string", "pattern": pattern},
                "description": holds,
            }
            for name, (pattern, holds) in headers.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
    }


def responses(gives: Any, *refusals: int) -> dict[int, Any]:
    """The answer of a success, and a problem for each refusal; the last three may meet anybody anywhere."""
    statuses = sorted({*refusals, 429, 500, 503})
    return {200: gives, **{status: InvalidInput if status == 422 else Problem for status in statuses}}
