"""The web application: webhooks, the JSON API and the console around one house."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import Depends, FastAPI
from fastapi.staticfiles import StaticFiles

from outreach_api.clock import Clock, SystemClock
from outreach_api.privacy.sight import narrow_query
from outreach_api.reports.figure_board import FigureBoard
from outreach_api.signin.relying_party import RelyingParty
from outreach_api.web import chat, health, real_name
from outreach_api.web.access import genuine
from outreach_api.web.alibaba_webhooks import router as alibaba_webhooks
from outreach_api.web.api.document import TITLE, VERSION, add_api, document
from outreach_api.web.call_words import CallWordsWatch
from outreach_api.web.chat_tail import ChatTail
from outreach_api.web.console import (
    account,
    api_tokens,
    appeals,
    audit,
    campaigns,
    care,
    case_list,
    case_page,
    case_routing,
    conversations,
    faq_review,
    hall_desk,
    labour_minutes,
    mandates,
    office,
    overview,
    policies,
    reports,
    residents,
    rights,
    second_factor,
    sign_in,
    staff_oidc,
    stalls,
    surveys,
    transcript,
    undertakings,
    visits,
)
from outreach_api.web.house import House
from outreach_api.web.live import EventTail
from outreach_api.web.page import FOLDER
from outreach_api.web.problems import install_problems, refuse_early
from outreach_api.web.public import router as public
from outreach_api.web.rate_limit import SIGN_IN_FAILURES, TOKEN_FAILURES, Pace, SharedLimit, SharedPace
from outreach_api.web.security import BodyLimit, OwnSight, SecurityHeaders
from outreach_api.web.voice_gateway import router as voice_gateway
from outreach_api.web.voice_sockets import router as voice_sockets
from outreach_api.web.voice_webhooks import router as voice_webhooks
from outreach_api.web.webhooks import ShortWay
from outreach_api.web.webhooks import router as webhooks
from outreach_api.web.wechat_webhooks import router as wechat_webhooks
from outreach_api.workshop import Workshop


def create_app(house: House, *, wall_clock: Clock | None = None) -> FastAPI:
    """The application. `wall_clock` times the sign-ins; it is the system's clock even where the house's is virtual."""
    app = FastAPI(
        title=TITLE, version=VERSION, docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json",
        lifespan=_lifespan,
    )  # fmt: skip
    app.openapi = document  # type: ignore[method-assign]
    house.sessions.narrow(narrow_query)
    app.state.house = house
    app.state.wall_clock = wall_clock or SystemClock()
    app.state.live = EventTail(house.sessions)
    app.state.chats = ChatTail(house.sessions, house.clock)
    app.state.call_words = CallWordsWatch(house.sessions)
    # On SQLite there is one process; on PostgreSQL there may be several.
    app.state.api_pace = Pace() if house.sessions.engine.dialect.name == "sqlite" else SharedPace(house.sessions)
    app.state.token_failures = SharedLimit(house.sessions, "token", *TOKEN_FAILURES)
    app.state.sign_in_failures = SharedLimit(house.sessions, "sign_in", *SIGN_IN_FAILURES)
    app.state.workshop = Workshop()
    app.state.figures = FigureBoard(house.sessions, house.clock.now, app.state.live.tell)
    by_real_name = house.settings.real_name
    app.state.real_name = RelyingParty(by_real_name) if by_real_name.enabled else None
    of_staff = house.settings.staff_oidc
    app.state.staff_oidc = RelyingParty(of_staff) if of_staff.enabled else None
    install_problems(app)
    for router in (
        webhooks,
        wechat_webhooks,
        alibaba_webhooks,
        health.router,
        voice_webhooks,
        voice_gateway,
        voice_sockets,
    ):
        app.include_router(router)
    add_api(app)
    app.include_router(sign_in.router)
    app.include_router(staff_oidc.router)
    app.include_router(public)
    app.include_router(rights.public)
    app.include_router(visits.public)
    app.include_router(chat.router)
    app.include_router(real_name.router)
    for router in (
        second_factor.router,
        account.router,
        overview.router,
        case_list.router,
        case_routing.router,
        visits.router,
        appeals.router,
        hall_desk.router,
        care.router,
        stalls.router,
        case_page.router,
        conversations.router,
        campaigns.router,
        residents.router,
        rights.router,
        policies.router,
        office.router,
        api_tokens.router,
        transcript.router,
        mandates.router,
        reports.router,
        labour_minutes.router,
        audit.router,
        surveys.router,
        undertakings.router,
        faq_review.router,
    ):
        app.include_router(router, dependencies=[Depends(genuine)])
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")
    app.add_middleware(OwnSight)
    app.add_middleware(BodyLimit, refuse=partial(refuse_early, app))
    app.add_middleware(ShortWay)
    app.add_middleware(SecurityHeaders, public_url=house.settings.public_url)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.live.close()
    app.state.figures.close()
    app.state.chats.close()
    app.state.call_words.close()
    app.state.workshop.close()
    for party in (app.state.real_name, app.state.staff_oidc):
        if party is not None:
            party.close()
