"""The OpenAPI document, and a page that shows it to people."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from ninja import NinjaAPI

from oluko.api.auth import SCHEMES
from oluko.api.problems import MEDIA_TYPE
from oluko.api.rendering import public

type Json = dict[str, Any]

_ORDER = ("Marketplace", "Actions", "Sessions", "You", "Webhooks")


@cache
def document(api: NinjaAPI) -> Json:
    """The OpenAPI 3.1 document of all that is published, with refusals as what they are."""
    found: Json = dict(api.get_openapi_schema(path_prefix=""))
    found["components"]["securitySchemes"] = SCHEMES
    for operation in _operations(found):
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                response["content"] = {MEDIA_TYPE: response["content"].pop("application/json")}
        for parameter in operation["parameters"]:
            parameter["schema"] = _plain(parameter["schema"])
    for schema in found["components"]["schemas"].values():
        for facts in schema.get("properties", {}).values():
            # Pydantic's titles repeat the names.
            facts.pop("title", None)
    return found


def openapi_view(api: NinjaAPI) -> Any:
    """The view of the document."""

    @csrf_exempt
    @require_safe
    def openapi(request: HttpRequest) -> HttpResponse:
        return public(request, document(api))

    return openapi


def docs_view(api: NinjaAPI) -> Any:
    """The view of the page."""

    @require_safe
    def docs(request: HttpRequest) -> HttpResponse:
        context = {"document": document(api), "groups": _groups(document(api))}
        return render(request, "api/docs.html", context)

    return docs


def _plain(schema: Json) -> Json:
    """A parameter's schema: one that may be left out is no null in an address."""
    choices = [each for each in schema.get("anyOf", []) if each.get("type") != "null"]
    plain = {**schema, **choices[0]} if len(choices) == 1 else dict(schema)
    return {name: fact for name, fact in plain.items() if name not in ("anyOf", "title")}


def _operations(found: Json) -> Iterator[Json]:
    for methods in found["paths"].values():
        yield from methods.values()


def _groups(found: Json) -> list[Json]:
    """Operations by tag, each as rows that the page prints."""
    groups: dict[str, list[Json]] = {tag: [] for tag in _ORDER}
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            groups[operation["tags"][0]].append(_shown(found, path, method, operation))
    return [{"name": name, "operations": rows} for name, rows in groups.items()]


def _shown(found: Json, path: str, method: str, operation: Json) -> Json:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    success = operation["responses"][200].get("content", {}).get("application/json", {}).get("schema", {})
    return {
        "id": operation["operationId"],
        "path": path,
        "method": method.upper(),
        "description": operation.get("description", ""),
        "public": not operation["security"],
        "inputs": [_parameter(found, each) for each in operation["parameters"]] + _fields(found, body),
        "gives": _type(found, success),
        "outputs": _fields(found, success),
        "refusals": [status for status in operation["responses"] if status >= 400],
    }


def _parameter(found: Json, parameter: Json) -> Json:
    return {
        "name": parameter["name"],
        "where": parameter["in"],
        "type": _type(found, parameter["schema"]),
        "required": parameter["required"],
        "description": parameter.get("description", ""),
    }


def _fields(found: Json, schema: Json) -> list[Json]:
    schema = _resolved(found, schema.get("items", schema))
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "where": "",
            "type": _type(found, facts),
            "required": name in required,
            "description": facts.get("description", ""),
        }
        for name, facts in schema.get("properties", {}).items()
    ]


def _resolved(found: Json, schema: Json) -> Json:
    while "$ref" in schema:
        schema = found["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    return schema


def _type(found: Json, schema: Json) -> str:
    """A type as people read it: `text of 3 to 120`, `INSTANT or REQUEST`, `MentorshipSession[]`."""
    if "$ref" in schema:
        named = _resolved(found, schema)
        return _type(found, named) if "enum" in named else schema["$ref"].rsplit("/", 1)[-1]
    for several in ("anyOf", "allOf"):
        if several in schema:
            return _(" or ").join(_type(found, each) for each in schema[several])
    if "enum" in schema or "const" in schema:
        return _(" or ").join(str(value) for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"{_type(found, schema.get('items', {}))}[]"
    return f"{schema.get('format') or schema.get('type', _('anything'))}{_range(schema)}"


def _range(schema: Json) -> str:
    low = schema.get("minLength", schema.get("minimum"))
    high = schema.get("maxLength", schema.get("maximum"))
    if high is None:
        return ""
    return f" ({low or 0}–{high})"
