"""Rendering a page: templates, the viewer's language and theme, what every page needs."""

from __future__ import annotations

from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from outreach_api.privacy.small_cells import SMALLEST_SHOWN
from outreach_api.web.access import can
from outreach_api.web.auth import SignedIn
from outreach_api.web.cookies import narrow_name
from outreach_api.web.house import house_of
from outreach_api.web.menu import menu_of
from outreach_api.web.words import WORDS, Locale, Speaker

FOLDER = Path(__file__).parent
LOCALE_COOKIE = "locale"
THEME_COOKIE = "theme"


class Theme(StrEnum):
    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"

    @property
    def following(self) -> Theme:
        return {Theme.AUTO: Theme.LIGHT, Theme.LIGHT: Theme.DARK, Theme.DARK: Theme.AUTO}[self]


_templates = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def counted(number: float | None) -> str:
    """A count as it is written; one that is withheld is fewer than ten."""
    return f"<{SMALLEST_SHOWN}" if number is None else f"{number:,.0f}"


_templates.filters["counted"] = counted


def render(request: Request, template: str, *, status: int = HTTPStatus.OK, **context: Any) -> HTMLResponse:
    """A page or a part of one, in the viewer's language."""
    return HTMLResponse(_templates.get_template(template).render(_common(request) | context), status)


def error_page(request: Request, status: HTTPStatus, *, headers: dict[str, str] | None = None) -> HTMLResponse:
    key = f"error_{status.value}"
    page = render(request, "error.html", status=status, code=status.value, said=key if key in WORDS else "error_other")
    page.headers.update(headers or {})
    return page


def speaker_for(request: Request) -> Speaker:
    return Speaker(_locale(request), house_of(request).settings.zone)


def _common(request: Request) -> dict[str, Any]:
    viewer: SignedIn | None = getattr(request.state, "signed_in", None)
    speaker = speaker_for(request)
    query = f"?{request.url.query}" if request.url.query else ""
    return {
        "viewer": viewer,
        "may": lambda route: viewer is not None and can(viewer, route),
        "menu": list(menu_of(viewer.role)) if viewer else [],
        "speaker": speaker,
        "t": speaker.t,
        "word": speaker.word,
        "moment": speaker.moment,
        "theme": _theme(request),
        "now": house_of(request).clock.now(),
        "here": f"{request.url.path}{query}",
        "section": None,
    }


def _locale(request: Request) -> Locale:
    """What was switched to, else the account's own, else the browser's."""
    viewer: SignedIn | None = getattr(request.state, "signed_in", None)
    wishes = (_cookie(request, LOCALE_COOKIE), viewer.locale if viewer else None)
    chosen = next((locale for wish in wishes for locale in Locale if locale == wish), None)
    if chosen is not None:
        return chosen
    preferred = request.headers.get("accept-language", Locale.ZH).lower()
    return Locale.EN if preferred.startswith(Locale.EN) else Locale.ZH


def _cookie(request: Request, name: str) -> str | None:
    return request.cookies.get(narrow_name(house_of(request).settings, name))


def _theme(request: Request) -> Theme:
    wish = _cookie(request, THEME_COOKIE)
    return next((theme for theme in Theme if theme == wish), Theme.AUTO)
