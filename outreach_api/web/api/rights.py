"""What each route of the API asks for: a scope of the token, and the roles of whom it acts for. One table.

Roles are those of the console's own routes, so that a token never reaches further than whom it acts for. A token that
acts for nobody may read by its scope alone, and do what visiting teams and feeds do; everything else a person answers
for.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from models.vocabulary import Role
from outreach_api.web.access import ROUTE_ROLES
from outreach_api.web.tokens import Scope

R = Role


class ActsFor(StrEnum):
    """For whom a token must act."""

    ANYBODY = "anybody"
    A_PERSON = "a_person"


@dataclass(frozen=True)
class Right:
    scope: Scope
    roles: frozenset[Role]
    acts_for: ActsFor


def _read(scope: Scope, roles: frozenset[Role]) -> Right:
    return Right(scope, roles, ActsFor.ANYBODY)


def _write(scope: Scope, roles: frozenset[Role]) -> Right:
    return Right(scope, roles, ActsFor.A_PERSON)


CAMPAIGN_READERS = frozenset({R.SUPERVISOR, R.ANALYST, R.AUDITOR, R.POLICY_EDITOR, R.ADMINISTRATOR})
CAMPAIGN_MAKERS = frozenset({R.SUPERVISOR, R.ADMINISTRATOR})
POLICY_READERS = frozenset(Role)
POLICY_WRITERS = frozenset({R.POLICY_EDITOR, R.SUPERVISOR})
RESIDENT_READERS = frozenset({R.AGENT, R.SUPERVISOR, R.AUDITOR})
RESIDENT_WORKERS = frozenset({R.AGENT, R.SUPERVISOR})
PLACE_READERS = frozenset({R.SUPERVISOR, R.AUDITOR, R.ADMINISTRATOR})
STAFF_READERS = frozenset({R.SUPERVISOR, R.AUDITOR, R.ADMINISTRATOR})
SETTING_READERS = frozenset({R.SUPERVISOR, R.AUDITOR, R.ADMINISTRATOR})
SETTING_WRITERS = frozenset({R.ADMINISTRATOR})
AUDIT_READERS = frozenset({R.AUDITOR})
VISITING_TEAMS = frozenset({R.TEAM_MEMBER, R.SUPERVISOR})
FEED_SENDERS = frozenset({R.ADMINISTRATOR})

RIGHTS: dict[str, Right] = {
    "list_cases": _read(Scope.CASES, VISITING_TEAMS),
    "accept_case": _read(Scope.CASES, VISITING_TEAMS),
    "take_visit": _read(Scope.CASES, VISITING_TEAMS),
    "take_survey": _read(Scope.CASES, VISITING_TEAMS),
    "take_feed": _read(Scope.FEEDS, FEED_SENDERS),
    "list_queue": _read(Scope.QUEUE_READ, ROUTE_ROLES["cases"]),
    "read_case": _read(Scope.QUEUE_READ, ROUTE_ROLES["case"]),
    "take_next_case": _write(Scope.QUEUE_WRITE, ROUTE_ROLES["next_case"]),
    "take_case_step": _write(Scope.QUEUE_WRITE, ROUTE_ROLES["work_case"]),
    "assign_case": _write(Scope.QUEUE_WRITE, ROUTE_ROLES["give_case"]),
    "route_case": _write(Scope.QUEUE_WRITE, ROUTE_ROLES["send_team"]),
    "merge_cases": _write(Scope.QUEUE_WRITE, ROUTE_ROLES["merge_case"]),
    "answer_case_question": _write(Scope.QUEUE_WRITE, ROUTE_ROLES["answer_question"]),
    "list_conversations": _read(Scope.CONVERSATIONS_READ, ROUTE_ROLES["conversation"]),
    "read_conversation": _read(Scope.CONVERSATIONS_READ, ROUTE_ROLES["conversation"]),
    "take_over_conversation": _write(Scope.CONVERSATIONS_WRITE, ROUTE_ROLES["take_over"]),
    "reply_to_conversation": _write(Scope.CONVERSATIONS_WRITE, ROUTE_ROLES["write"]),
    "hand_back_conversation": _write(Scope.CONVERSATIONS_WRITE, ROUTE_ROLES["give_back"]),
}


def right_to(route_name: str) -> Right | None:
    """What a route asks for; one that is missing in the table is open to nobody."""
    return RIGHTS.get(route_name)
