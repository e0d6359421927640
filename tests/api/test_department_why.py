"""A department is told why somebody was contacted about its own items, and of nothing else."""

from __future__ import annotations

from datetime import timedelta

from models.reminder import Reminder
from models.vocabulary import ContactState, MatchState, Reach, ReminderOccasion, Role, StopReason
from outreach_api.web.tokens import Scope
from scheduler.planning.stops import StopScope, place_stop
from tests.api.conftest import Api
from tests.builders import NOON, a_contact, a_match, a_resident, a_staff_member, an_api_token
from tests.web.conftest import cards

OURS, THEIRS = "elderly-allowance", "elderly-health-check"


def test_why_names_no_item_and_no_contact_of_another_department(api: Api) -> None:
    own = cards()[OURS].department.zh
    assert cards()[THEIRS].department.zh != own
    with api.sessions.write() as session:
        resident = a_resident(session)
        for policy in (OURS, THEIRS):
            match = a_match(session, resident, policy_id=policy, state=MatchState.INTERESTED)
            a_contact(session, match, state=ContactState.DELIVERED, sent_at=NOON)
            session.add(
                Reminder(
                    resident_id=resident.id,
                    policy_id=policy,
                    occasion=ReminderOccasion.RENEWAL,
                    on=NOON.date() + timedelta(days=30),
                    tell_from=NOON.date(),
                    until=NOON.date() + timedelta(days=20),
                    created_at=NOON,
                )
            )
        scope = StopScope(resident.id, None)
        place_stop(session, StopReason.OPT_OUT, scope, placed_by="exact_word", message_id=None, now=NOON)
        staff = a_staff_member(session, Role.SUPERVISOR, reach=Reach.DEPARTMENT, department=own)
        an_api_token(session, "a department's supervisor", *Scope, staff_id=staff.id)
        number = resident.id
    told = api.get(f"/residents/{number}/why", by="a department's supervisor").json()["items"]
    assert {policy for one in told for policy in one["policy_ids"]} == {OURS}
    facts = [one["fact"] for one in told]
    assert (facts.count("contact_sent"), facts.count("date_ahead"), facts.count("stopped")) == (1, 1, 1)
    whole = api.get(f"/residents/{number}/why").json()["items"]
    assert {policy for one in whole for policy in one["policy_ids"]} == {OURS, THEIRS}


def test_nobody_who_sees_a_part_copies_or_erases_a_record(api: Api) -> None:
    own = cards()[OURS].department.zh
    with api.sessions.write() as session:
        resident = a_match(session, policy_id=OURS).resident_id
        staff = a_staff_member(session, Role.SUPERVISOR, reach=Reach.DEPARTMENT, department=own)
        an_api_token(session, "sees a part", *Scope, staff_id=staff.id)
    for right in ("copy", "erasure"):
        case = api.post(f"/residents/{resident}/rights", {"right": right}, by="sees a part").json()["case_id"]
        for path in (f"/rights/{case}", f"/rights/{case}/copy"):
            answer = api.post(path, {}, by="sees a part")
            assert (answer.status_code, "whole district" in answer.text) == (403, True)
