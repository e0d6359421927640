"""The document is committed, complete, and true: whatever it allows to be sent, nothing undocumented comes back."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from outreach_api.settings import ROOT
from outreach_api.web.api.document import document
from outreach_api.web.api.rights import RIGHTS
from tests.api.conftest import Api, forget_failures
from tests.builders import a_case, a_conversation, a_match

OPERATIONS = sorted(
    (path, method, operation["operationId"])
    for path, methods in document()["paths"].items()
    for method, operation in methods.items()
)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# Each of them reads a whole database.
DEAR = {"read_report", "list_behind_a_figure", "ask_for_file", "take_file", "forecast_campaign"}

READ_BY_POST = {
    "find_residents", "reveal_detail", "reveal_in_case", "list_behind_a_figure", "find_at_the_desk", "hand_over_care",
    "check_card", "search_words_said", "take_copy",
}  # fmt: skip
"""Sent as a body so that nothing of it stands in an address: to do it again does nothing twice."""


def test_the_committed_document_is_that_of_the_application() -> None:
    kept = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
    assert kept == json.loads(json.dumps(document())), "run ./outreach openapi > docs/openapi.json"


def test_every_operation_says_what_it_does_and_what_may_go_wrong() -> None:
    assert {name for _, _, name in OPERATIONS} == set(RIGHTS)
    for path, method, name in OPERATIONS:
        operation = document()["paths"][path][method]
        assert operation["security"] == [{"token": []}], name
        assert {"401", "403", "422", "429"} <= set(operation["responses"]), name
        if method == "post" and RIGHTS[name].acts_for == "a_person":
            headers = [one["name"] for one in operation.get("parameters", []) if one["in"] == "header"]
            assert headers == ["Idempotency-Key"] or name in READ_BY_POST


def test_the_document_is_served_to_everybody(api: Api) -> None:
    assert api.get("/openapi.json", by=None).json() == document()


@pytest.fixture(scope="module")
def schema(api: Api) -> Any:
    with api.sessions.write() as session:
        match = a_match(session)
        talk = a_conversation(session, match.resident)
        a_case(session, match, conversation_id=talk.id)
    return schemathesis.openapi.from_asgi("/api/v1/openapi.json", api.client.app)


def test_an_answer_the_document_does_not_know_is_found(api: Api) -> None:
    said = copy.deepcopy(document())
    for status in ("404", "422"):
        del said["paths"]["/api/v1/queue/{case_id}"]["get"]["responses"][status]
    schema = schemathesis.openapi.from_dict(said)
    schema.app = api.client.app
    with pytest.raises(FailureGroup, match="Undocumented status code"):
        hold_against_the_document(api, schema, "/api/v1/queue/{case_id}", "get", examples=5)


def hold_against_the_document(api: Api, schema: Any, path: str, method: str, *, examples: int) -> None:
    operation = schema[path][method]
    name = document()["paths"][path][method]["operationId"]
    token = min(RIGHTS[name].roles).value
    given_well, given_badly = (operation.as_strategy(mode) for mode in GenerationMode)

    @settings(max_examples=examples, database=None, suppress_health_check=list(HealthCheck), deadline=None)
    @given(case=given_well | given_badly)
    def hold(case: Any) -> None:
        forget_failures(api)
        answer = case.call(headers={"authorization": f"Bearer {token}"})
        case.validate_response(answer, checks=CHECKS)

    hold()


@pytest.mark.parametrize(("path", "method", "name"), OPERATIONS)
def test_nothing_undocumented_comes_back(api: Api, schema: Any, path: str, method: str, name: str) -> None:
    hold_against_the_document(api, schema, path, method, examples=2 if name in DEAR else 4)


@pytest.mark.exhaustive
@pytest.mark.parametrize(("path", "method", "name"), OPERATIONS)
def test_nothing_undocumented_comes_back_of_many(api: Api, schema: Any, path: str, method: str, name: str) -> None:
    hold_against_the_document(api, schema, path, method, examples=30 if name in DEAR else 300)
