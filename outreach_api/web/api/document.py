"""The API's own description: OpenAPI 3.1, the same wherever it is asked for."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from outreach_api.web.api import webhooks
from outreach_api.web.api.every import API
from outreach_api.web.api.problem_answers import ANSWERS, ProblemAnswer

TITLE = "Benefit Outreach"
VERSION = "1"
SCHEMAS = "#/components/schemas/{model}"
ABOUT = """\
What the console does, for other systems. Every call carries `Authorization: Bearer` with a token of this
installation; `./outreach token add` makes one. Errors are `application/problem+json` (RFC 9457). Lists come in pages:
pass `next` on as `after`. A POST may carry an `Idempotency-Key`. Instants are ISO 8601 in UTC; people are shown masked
unless a route says otherwise.
"""


def add_api(app: FastAPI) -> None:
    for router in API:
        app.include_router(router, responses=ANSWERS)


@cache
def document() -> dict[str, Any]:
    """The document, put together once. It knows nothing of this installation."""
    app = FastAPI(generate_unique_id_function=lambda route: route.name)
    add_api(app)
    made = get_openapi(
        title=TITLE, version=VERSION, description=ABOUT, routes=app.routes, webhooks=webhooks.events.routes
    )
    schemas = made["components"]["schemas"]
    problem = ProblemAnswer.model_json_schema(ref_template=SCHEMAS)
    schemas.update(problem.pop("$defs", {}))
    schemas["ProblemAnswer"] = problem
    made["components"]["schemas"] = dict(sorted(schemas.items()))
    _say_once(made)
    return made


def _say_once(made: dict[str, Any]) -> None:
    """The answers that every route may give stand in one place, and are referred to."""
    shared = {str(status): answer for status, answer in ANSWERS.items()}
    made["components"]["responses"] = shared
    for methods in made["paths"].values():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                if answer == shared.get(status):
                    operation["responses"][status] = {"$ref": f"#/components/responses/{status}"}
