"""Errors → status, by type, once; as problem+json for systems and as a page for people."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlalchemy.exc import DataError, NoResultFound
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException
from starlette.types import Scope

from models.session import DATABASE_AWAY
from models.transitions import UnlawfulTransition
from outreach_api.campaigns.steps import CampaignNotFound
from outreach_api.care.care_list import HandOverRefused, NotOnTheList
from outreach_api.cases.day_list import NoTeam
from outreach_api.cases.hall_desk import DeskRefused
from outreach_api.cases.merge_cases import MergeRefused
from outreach_api.cases.policy_answers import FaqNotFound, SamePerson
from outreach_api.cases.route_by_hand import ReasonMissing, SlotTaken
from outreach_api.cases.steps import NoteMissing
from outreach_api.cases.visits import VisitRefused
from outreach_api.cases.work_case import CaseNotFound, CaseTaken, HandsFull
from outreach_api.catalogue.refused import SubmissionRefused
from outreach_api.catalogue.submissions import CardFaults
from outreach_api.conversations.granting import GrantRefused
from outreach_api.conversations.marks import MarkRefused
from outreach_api.conversations.takeover import InOtherHands, MayNotWrite
from outreach_api.forecasts.forecast import NobodyToForecast
from outreach_api.hooks.addresses import AddressRefused
from outreach_api.hooks.targets import NoSuchTarget, TargetRefused
from outreach_api.office import OfficeRefused
from outreach_api.privacy.reveal import NothingOpen, RevealRefused, TooManyReveals
from outreach_api.privacy.rights import RightRefused
from outreach_api.privacy.undertakings import NotUndertaken, UndertakingNotFound, UndertakingRefused
from outreach_api.reaching import ReachRefused
from outreach_api.reports.build import NoSuchCampaign
from outreach_api.reports.exporting import ExportRefused
from outreach_api.residents.find import NoPhoneNumber
from outreach_api.residents.keeping import KeepingRefused
from outreach_api.residents.merging import MergeRefused as ResidentMergeRefused
from outreach_api.spool import SpoolFault
from outreach_api.stalls.stall_days import StallRefused
from outreach_api.surveys.at_home import AnswersRefused
from outreach_api.surveys.planning import SurveyRefused
from outreach_api.web.access import ForgedRequest, NotAllowed, NotSignedIn, SecondFactorMissing
from outreach_api.web.api.refusals import BadCursor, KeyReused, NoSuchThing, StillAtIt, Unknown
from outreach_api.web.chat_tail import TooManyChats
from outreach_api.web.house import FeedRefused
from outreach_api.web.live import TooManyPages
from outreach_api.web.page import error_page
from outreach_api.web.tokens import NoSuchToken, TokenRefused, UnknownTeam
from scheduler.planning.campaigns import CampaignRefused
from scheduler.planning.rule_book import SettingRefused

log = structlog.get_logger(__name__)
API_PATHS = ("/api/", "/webhooks/", "/c/")
STATUS: dict[type[Exception], HTTPStatus] = {
    CampaignRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    FaqNotFound: HTTPStatus.NOT_FOUND,
    NobodyToForecast: HTTPStatus.UNPROCESSABLE_ENTITY,
    NoSuchCampaign: HTTPStatus.NOT_FOUND,
    SamePerson: HTTPStatus.CONFLICT,
    SettingRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    SubmissionRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    AddressRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    NoSuchTarget: HTTPStatus.NOT_FOUND,
    TargetRefused: HTTPStatus.CONFLICT,
    NoPhoneNumber: HTTPStatus.UNPROCESSABLE_ENTITY,
    GrantRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    KeepingRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    ResidentMergeRefused: HTTPStatus.CONFLICT,
    RightRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    MarkRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    OfficeRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    ReachRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    BadCursor: HTTPStatus.UNPROCESSABLE_ENTITY,
    NoSuchThing: HTTPStatus.NOT_FOUND,
    InOtherHands: HTTPStatus.CONFLICT,
    KeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    MayNotWrite: HTTPStatus.CONFLICT,
    NoteMissing: HTTPStatus.UNPROCESSABLE_ENTITY,
    StillAtIt: HTTPStatus.CONFLICT,
    Unknown: HTTPStatus.UNPROCESSABLE_ENTITY,
    CaseNotFound: HTTPStatus.NOT_FOUND,
    # A row that is not there for who looks.
    NoResultFound: HTTPStatus.NOT_FOUND,
    CampaignNotFound: HTTPStatus.NOT_FOUND,
    CaseTaken: HTTPStatus.CONFLICT,
    DeskRefused: HTTPStatus.CONFLICT,
    StallRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    HandOverRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotOnTheList: HTTPStatus.NOT_FOUND,
    NoSuchToken: HTTPStatus.NOT_FOUND,
    NoTeam: HTTPStatus.UNPROCESSABLE_ENTITY,
    SurveyRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    HandsFull: HTTPStatus.CONFLICT,
    SlotTaken: HTTPStatus.CONFLICT,
    MergeRefused: HTTPStatus.CONFLICT,
    ReasonMissing: HTTPStatus.UNPROCESSABLE_ENTITY,
    StaleDataError: HTTPStatus.CONFLICT,
    UnlawfulTransition: HTTPStatus.CONFLICT,
    VisitRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnknownTeam: HTTPStatus.UNPROCESSABLE_ENTITY,
    RevealRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    NothingOpen: HTTPStatus.CONFLICT,
    NotUndertaken: HTTPStatus.CONFLICT,
    UndertakingNotFound: HTTPStatus.NOT_FOUND,
    UndertakingRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooManyReveals: HTTPStatus.TOO_MANY_REQUESTS,
    FeedRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    ExportRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    AnswersRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    # A number no row can have, a text no database keeps: what was sent is wrong, not we.
    OverflowError: HTTPStatus.UNPROCESSABLE_ENTITY,
    DataError: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotAllowed: HTTPStatus.FORBIDDEN,
    ForgedRequest: HTTPStatus.FORBIDDEN,
    TooManyPages: HTTPStatus.SERVICE_UNAVAILABLE,
    TooManyChats: HTTPStatus.SERVICE_UNAVAILABLE,
    SpoolFault: HTTPStatus.SERVICE_UNAVAILABLE,
}


UNSPOKEN = frozenset({OverflowError, DataError, NoResultFound})
"""Their messages hold statements of ours."""
PROBLEM_JSON = "application/problem+json"
NO_TYPE = "about:blank"
COME_AGAIN_SECONDS = "30"


@dataclass(frozen=True)
class Problem:
    """RFC 9457. `type` tells two problems of one status apart, for programs."""

    status: HTTPStatus
    detail: str
    errors: tuple[dict[str, str], ...] = ()
    headers: dict[str, str] | None = None
    type: str = NO_TYPE

    def body(self) -> dict[str, object]:
        said: dict[str, object] = {
            "type": self.type,
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
        }
        return said | ({"errors": list(self.errors)} if self.errors else {})


def type_of(kind: type[Exception]) -> str:
    """`CaseTaken` → `urn:outreach:problem:case-taken`."""
    words = re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()
    return f"urn:outreach:problem:{words}"


def install_problems(app: FastAPI) -> None:
    for kind in STATUS:
        app.add_exception_handler(kind, _known)
    for away in DATABASE_AWAY:
        app.add_exception_handler(away, _away)
    app.add_exception_handler(NotSignedIn, _to_sign_in)
    app.add_exception_handler(SecondFactorMissing, _to_sign_in)
    app.add_exception_handler(TokenRefused, _token_refused)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _fault)


def answer(request: Request, problem: Problem) -> Response:
    """The problem in the form that whoever asked can read."""
    if not request.url.path.startswith(API_PATHS):
        return error_page(request, problem.status, headers=problem.headers)
    return JSONResponse(problem.body(), status_code=problem.status, headers=problem.headers, media_type=PROBLEM_JSON)


def refuse_early(app: FastAPI, scope: Scope, status: HTTPStatus, said: str) -> Response:
    """The answer to a request that never came to a route."""
    return answer(Request({**scope, "app": app}), Problem(status, said))


def _known(request: Request, fault: Exception) -> Response:
    kind = next(kind for kind in type(fault).__mro__ if kind in STATUS)
    status = STATUS[kind]
    if kind in UNSPOKEN:
        return answer(request, Problem(status, "a value of the request is none that can be"))
    return answer(request, Problem(status, str(fault) or status.phrase, _places(fault), type=type_of(kind)))


def _away(request: Request, fault: Exception) -> Response:
    log.warning("database_away", exc_info=fault)
    headers = {"retry-after": COME_AGAIN_SECONDS}
    return answer(request, Problem(HTTPStatus.SERVICE_UNAVAILABLE, "the database is away", headers=headers))


def _places(fault: Exception) -> tuple[dict[str, str], ...]:
    """Where in a card the faults are."""
    if not isinstance(fault, CardFaults):
        return ()
    return tuple(
        {"field": f"line {one.line}: {one.path}", "message": f"{one.problem}; {one.remedy}"} for one in fault.faults
    )


def _token_refused(request: Request, fault: Exception) -> Response:
    status = HTTPStatus.FORBIDDEN if isinstance(fault, TokenRefused) and fault.known else HTTPStatus.UNAUTHORIZED
    said = Problem(status, str(fault), headers={"www-authenticate": "Bearer"}, type=type_of(TokenRefused))
    return answer(request, said)


def _http(request: Request, fault: Exception) -> Response:
    if not isinstance(fault, HTTPException):
        raise fault
    return answer(request, Problem(HTTPStatus(fault.status_code), str(fault.detail), headers=dict(fault.headers or {})))


def _invalid(request: Request, fault: Exception) -> Response:
    if not isinstance(fault, RequestValidationError):
        raise fault
    # What was sent is left out: it may be personal data.
    errors = tuple({"field": ".".join(map(str, error["loc"][1:])), "message": error["msg"]} for error in fault.errors())
    return answer(request, Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "the request is not as documented", errors))


def _fault(request: Request, fault: Exception) -> Response:
    return answer(request, Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the fault is ours and was logged"))


def _to_sign_in(request: Request, fault: Exception) -> Response:
    came_for = fault.came_for if isinstance(fault, NotSignedIn | SecondFactorMissing) else "/"
    form = "/sign-in/second-factor" if isinstance(fault, SecondFactorMissing) else "/sign-in"
    if "hx-request" in request.headers:
        return Response(status_code=HTTPStatus.UNAUTHORIZED, headers={"hx-redirect": form})
    return RedirectResponse(f"{form}?next={came_for}", HTTPStatus.SEE_OTHER)
