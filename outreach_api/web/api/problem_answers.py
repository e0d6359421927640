"""What every route of the API may answer beside what was asked for, as its document says it: RFC 9457."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from outreach_api.web.problems import PROBLEM_JSON


class FieldProblem(BaseModel):
    field: str = Field(description="Where it is, such as `visit_on`; never what was sent.")
    message: str


class ProblemAnswer(BaseModel):
    """A problem as RFC 9457 describes it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:outreach:problem:case-taken",
                    "title": "Conflict",
                    "status": 409,
                    "detail": "case 17 is accepted",
                }
            ]
        }
    )

    type: str = Field(description="What kind of problem, for programs: `urn:outreach:problem:…`, or `about:blank`.")
    title: str
    status: int
    detail: str = Field(description="For people; in English.")
    errors: list[FieldProblem] | None = Field(None, description="Of a request that is not as documented: each field.")


SAID = {
    HTTPStatus.BAD_REQUEST: "The request cannot be read.",
    HTTPStatus.UNAUTHORIZED: "No token, or one that is unknown, revoked or over.",
    HTTPStatus.FORBIDDEN: "The token lacks the scope, or whom it acts for lacks the role.",
    HTTPStatus.NOT_FOUND: "There is no such thing.",
    HTTPStatus.CONFLICT: "It changed meanwhile, or its state does not allow this.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is above 1 MB (a feed: 64 MB).",
    HTTPStatus.UNPROCESSABLE_ENTITY: "The request is not as documented, or asks for what a rule refuses.",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many calls; `Retry-After` says after how many seconds to come again.",
}
ANSWERS: dict[int | str, dict[str, Any]] = {
    status.value: {
        "description": said,
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/ProblemAnswer"}}},
    }
    for status, said in SAID.items()
}
