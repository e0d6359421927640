"""Cookies of ours: no script reads them, no other site sends them along, and over https no other host sets them."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from outreach_api.settings import Settings
from outreach_api.web.house import house_of


def is_https(request: Request) -> bool:
    return house_of(request).settings.public_url.startswith("https:")


def cookie_name(request: Request, name: str) -> str:
    """Over https the name binds the cookie to this host: no other can set or read it."""
    return f"__Host-{name}" if is_https(request) else name


def narrow_name(settings: Settings, name: str) -> str:
    """Of a cookie that holds below one path alone, or for how pages look: over https no open connection sets it."""
    return f"__Secure-{name}" if settings.public_url.startswith("https:") else name


def set_host_cookie(request: Request, answer: Response, name: str, value: str) -> None:
    bound = cookie_name(request, name)
    answer.set_cookie(bound, value, httponly=True, samesite="lax", secure=is_https(request), path="/")


def end_host_cookie(request: Request, answer: Response, name: str) -> None:
    answer.delete_cookie(cookie_name(request, name), secure=is_https(request), httponly=True, samesite="lax", path="/")
