"""The API's own description: OpenAPI 3.1."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts

from outreach_api.web.api.problem_answers import ProblemAnswer

PREFIX = "/api/"
SCHEMAS = "#/components/schemas/{model}"
ABOUT = """\
What the console does, for other systems. Every call carries `Authorization: Bearer` with a token of this
installation; `./outreach token add` makes one. Errors are `application/problem+json` (RFC 9457). Lists come in pages:
pass `next` on as `after`. A POST may carry an `Idempotency-Key`. Instants are ISO 8601 in UTC; people are shown masked
unless a route says otherwise.
"""


def document(app: FastAPI) -> dict[str, Any]:
    """The document, put together once."""
    if app.openapi_schema is None:
        ours = [found for found in iter_route_contexts(app.routes) if (found.path or "").startswith(PREFIX)]
        made = get_openapi(title=app.title, version=app.version, description=ABOUT, routes=ours)
        schemas = made["components"]["schemas"]
        found = ProblemAnswer.model_json_schema(ref_template=SCHEMAS)
        schemas.update(found.pop("$defs", {}))
        schemas["ProblemAnswer"] = found
        made["components"]["schemas"] = dict(sorted(schemas.items()))
        app.openapi_schema = made
    return app.openapi_schema
