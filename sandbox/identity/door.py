"""The provider's addresses, below its issuer's."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Form, Header, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from sandbox.identity.provider import Provider, Refused

router = APIRouter()


def build_app(provider: Provider) -> FastAPI:
    app = FastAPI(title="Identity", openapi_url=None)
    app.state.identity = provider
    app.include_router(router)
    app.add_exception_handler(Refused, answer_refused)
    return app


def answer_refused(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, Refused):
        raise error
    return JSONResponse({"error": error.error}, status_code=400)


@router.get("/.well-known/openid-configuration")
def metadata(request: Request) -> dict[str, Any]:
    return _provider(request).metadata()


@router.get("/jwks")
def keys(request: Request) -> dict[str, Any]:
    return _provider(request).keys()


@router.get("/authorize")
def ask(request: Request) -> HTMLResponse:
    provider = _provider(request)
    return HTMLResponse(provider.page(provider.ask(dict(request.query_params))))


@router.post("/authorize")
def answer(request: Request, asked: Annotated[str, Form()], subject: Annotated[str, Form()] = "") -> Response:
    return RedirectResponse(_provider(request).answer(asked, subject), 303)


@router.post("/token")
async def exchange(request: Request, authorization: Annotated[str, Header()] = "") -> dict[str, Any]:
    form = {name: str(value) for name, value in (await request.form()).items()}
    return _provider(request).exchange(authorization, form)


@router.get("/userinfo")
def facts(request: Request, authorization: Annotated[str, Header()] = "") -> dict[str, str]:
    return _provider(request).facts(authorization)


def _provider(request: Request) -> Provider:
    provider: Provider | None = request.app.state.identity
    if provider is None:
        raise Refused("temporarily_unavailable")
    return provider
