"""The OpenAPI document and the page that shows it; and everything published, called as a stranger would."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hypothesis
import hypothesis.strategies as st
import pytest
import schemathesis
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from django.urls import reverse
from hypothesis import given
from openapi_schema_validator import OAS31Validator
from schemathesis import GenerationMode, checks

from oluko.accounts.models import Person
from oluko.accounts.people import issue_token
from oluko.offerings.models import Offering
from oluko.wsgi import application
from tests.api.test_bad_input import ACTIONS
from tests.sandbox_process import Sandbox

pytestmark = pytest.mark.django_db

RESOURCES = {
    *("/api/mentorship/suggestions", "/api/mentorship/offerings", "/api/mentorship/offerings/{offering_id}"),
    *("/api/mentorship/offerings/{offering_id}/slots", "/api/mentorship/session/{session_id}"),
    *("/api/mentorship/session/{session_id}/cancellation", "/api/mentorship/session/{session_id}/money"),
    *("/api/wallet", "/api/banks", "/api/notifications", "/api/mentorship/proceed-payment"),
    *("/api/webhooks/paystack", "/api/webhooks/zoom"),
}


EVERYTHING = [
    *(("POST", f"/action/{name}") for name in ACTIONS),
    *(("POST" if path.endswith(("payment", "paystack", "zoom")) else "GET", path) for path in sorted(RESOURCES)),
]
FEW = hypothesis.settings(
    max_examples=10,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    suppress_health_check=list(hypothesis.HealthCheck),
)
FEWER = hypothesis.settings(FEW, max_examples=5)


def document() -> dict[str, Any]:
    found: dict[str, Any] = Client().get("/api/openapi.json").json()
    return found


def test_document_is_openapi_3_1_with_everything_published() -> None:
    found = document()
    assert found["openapi"].startswith("3.1")
    assert set(found["paths"]) == RESOURCES | {f"/action/{name}" for name in ACTIONS}
    assert set(found["components"]["securitySchemes"]) == {"bearer", "session"}
    for schema in found["components"]["schemas"].values():
        OAS31Validator.check_schema(schema)


def test_document_names_every_refusal_as_a_problem() -> None:
    for path, methods in document()["paths"].items():
        for operation in methods.values():
            refusals = {status for status in operation["responses"] if status >= "400"}
            assert {"500"} <= refusals
            assert ("401" in refusals) == (bool(operation["security"]) or path.startswith("/api/webhooks/"))
            assert "422" in refusals or not operation.get("requestBody") or "webhooks" in path
            for status in refusals:
                assert list(operation["responses"][status]["content"]) == ["application/problem+json"]


def test_document_is_not_sent_twice() -> None:
    first = Client().get("/api/openapi.json")
    assert Client().get("/api/openapi.json", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_page_shows_every_operation_without_anything_inline() -> None:
    answer = Client().get(reverse("api_docs"))
    assert answer.status_code == 200
    text = answer.content.decode()
    for path in RESOURCES | {f"/action/{name}" for name in ACTIONS}:
        assert path in text
    assert "style=" not in text
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


checks.load_all_checks()
CHECKS = checks.CHECKS.get_by_names(
    [
        *("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"),
        *("response_headers_conformance", "negative_data_rejection"),
    ]
)


@pytest.fixture
def _one_connection() -> Iterator[None]:
    """As Django's own test client: the end of a request must not close the connection that the test's rows live in."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.mark.usefixtures("_one_connection")
@pytest.mark.parametrize(("method", "path"), EVERYTHING)
def test_nothing_that_a_stranger_sends_breaks_an_operation(
    monday: object, tunde: Person, offering: Offering, sandbox: Sandbox, method: str, path: str
) -> None:
    """Schemathesis invents input, good and bad, from the document; answers must be those that it promises."""
    published = schemathesis.openapi.from_wsgi("/api/openapi.json", application)
    operation = published[path][method]
    headers = {"Authorization": f"Bearer {issue_token(tunde)}"}

    @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE), there=st.booleans())
    @FEW
    def invent_good(case: schemathesis.Case, there: bool) -> None:
        if there:
            _name_what_is_there(case, offering)
        call(case)

    @given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    @FEWER
    def invent_bad(case: schemathesis.Case) -> None:
        call(case)

    def call(case: schemathesis.Case) -> None:
        # The limits have tests of their own.
        cache.clear()
        case.call_and_validate(checks=CHECKS, headers=headers)

    invent_good()
    if operation.body or operation.query or operation.path_parameters:
        invent_bad()


def _name_what_is_there(case: schemathesis.Case, offering: Offering) -> None:
    """Invented ids name nothing; this one does."""
    if isinstance(case.body, dict) and "offeringId" in case.body:
        case.body["offeringId"] = str(offering.pk)
    if "offering_id" in case.path_parameters:
        case.path_parameters["offering_id"] = str(offering.pk)
