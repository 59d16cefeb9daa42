"""Paystack's published API description, where it is at hand, and how schemas of ours are compared with it."""

import functools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from openapi_schema_validator import OAS30Validator, OAS31Validator

from tests.sandbox.schemas import Schema
from tests.sandbox_process import ROOT

SPECS = Path(os.environ.get("OLUKO_SPECS") or ROOT.parent / "shared" / "specs")
# Paid or not, the answer has these; the published description knows only the paid one.
NULL_UNTIL_PAID = {"paid_at", "paidAt", "fees"}
# Texts and numbers that the published description has as always there, and life has not.
NULL_IN_LIFE = {"first_name", "last_name", "phone", "message", "ip_address"}


def check(schema: Schema, body: Any) -> None:
    OAS31Validator(schema).validate(body)


@functools.cache
def published_paystack() -> dict[str, Any] | None:
    path = SPECS / "paystack-openapi.yaml"
    return yaml.safe_load(path.read_text("utf-8")) if path.exists() else None


def check_published(component: str, body: Any) -> None:
    """Against the published description, where it is at hand."""
    if (description := published_paystack()) is None:
        return
    named = {"$ref": f"#/components/schemas/{component}"}
    OAS30Validator({"allOf": [named], "components": description["components"]}).validate(body)


def resolved(description: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The schema behind a reference; the parts of an allOf together."""
    while "$ref" in schema:
        found: Any = description
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = found
    if "allOf" in schema:
        parts = [resolved(description, part) for part in schema["allOf"]]
        return {"type": "object", "properties": {k: v for part in parts for k, v in part.get("properties", {}).items()}}
    return schema


def types_of(schema: dict[str, Any]) -> set[str]:
    """The types that a schema allows; none at all when it does not say."""
    kinds = schema.get("type", [])
    found = {kinds} if isinstance(kinds, str) else set(kinds)
    for one in schema.get("anyOf", []):
        found |= types_of(one)
    return found | {"null"} if schema.get("nullable") and found else found


def disagreements(
    description: dict[str, Any], published: dict[str, Any], ours: dict[str, Any], where: str = ""
) -> Iterator[str]:
    """Where ours names what the published has not, allows another type, or requires less of a request."""
    published = resolved(description, published)
    allowed, name = types_of(published), where.rpartition(".")[2]
    if allowed and (NULL_UNTIL_PAID | NULL_IN_LIFE) & {name}:
        allowed.add("null")
    if allowed and not types_of(ours) <= allowed:
        yield f"{where}: {types_of(ours)} is not within {allowed}"
    if "enum" in ours and "enum" in published and not set(ours["enum"]) <= set(published["enum"]):
        yield f"{where}: {ours['enum']} is not within {published['enum']}"
    for key, inner in ours.get("properties", {}).items():
        if key in published.get("properties", {}):
            yield from disagreements(description, published["properties"][key], inner, f"{where}.{key}")
        elif published.get("properties"):
            yield f"{where}.{key}: not published"
    if "items" in ours:
        yield from disagreements(description, published["items"], ours["items"], f"{where}[]")
