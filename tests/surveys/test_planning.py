"""Samples, and the same hours, budget and stops as for everybody."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from models.contact import Contact
from models.survey import SurveyInvitation
from models.vocabulary import ContactPurpose, InvitationState
from outreach_api.surveys.planning import Sample, start_survey
from scheduler.planning.rules import HOME_ZONE
from tests.conversations.street import ALLOWANCE, Street
from tests.surveys.asking import WEEK, begin, deliver, invitation, plan, serve


def served(street: Street, people: int) -> None:
    for number in range(people):
        who = street.a_resident(name=f"陈{number}", number=f"+861380000{number:04d}")
        serve(street, who)


def test_a_random_sample_draws_so_many_a_stratum_and_frames_all(street: Street) -> None:
    served(street, 6)
    begin(street, take="random", each=2)
    street.clock.set(street.clock.now() + WEEK)
    report = plan(street)
    assert (report.framed, report.drawn, report.asked) == (6, 2, 2)
    states = Counter(row.state for row in street.all(SurveyInvitation))
    assert states == {InvitationState.NOT_DRAWN: 4, InvitationState.INVITED: 2}
    assert plan(street).facts() == {"framed": 0, "drawn": 0, "asked": 0, "given_up": 0, "held_back": {}}


def test_nobody_is_asked_before_their_days_are_over(street: Street) -> None:
    served(street, 1)
    begin(street, after_days=7)
    street.clock.set(street.clock.now() + timedelta(days=6))
    assert plan(street).framed == 0


def test_the_contact_budget_counts_surveys_too(street: Street) -> None:
    served(street, 1)
    begin(street)
    street.clock.set(street.clock.now() + WEEK)
    who = street.a_resident(ALLOWANCE, name="另一位", number="+8613900000000")
    serve(street, who)
    street.clock.set(street.clock.now() + WEEK)
    street.offer(who, ALLOWANCE)
    assert plan(street).held_back == {"daily_cap": 1}


def test_a_survey_goes_out_in_contact_hours(street: Street) -> None:
    served(street, 1)
    begin(street)
    street.clock.set(street.clock.now() + WEEK + timedelta(hours=12))
    plan(street)
    (contact,) = (one for one in street.all(Contact) if one.purpose is ContactPurpose.SURVEY)
    assert 9 <= contact.due_at.astimezone(HOME_ZONE).hour < 20
    assert "不回访" in contact.text


def test_who_keeps_silent_is_left_alone_after_a_week(street: Street) -> None:
    served(street, 1)
    begin(street)
    street.clock.set(street.clock.now() + WEEK)
    plan(street)
    deliver(street)
    street.clock.set(street.clock.now() + WEEK)
    assert plan(street).given_up == 1
    assert invitation(street).state is InvitationState.NO_ANSWER


def test_an_unknown_questionnaire_is_refused(street: Street) -> None:
    with street.sessions.write() as session, pytest.raises(ValueError, match="no questionnaire"):
        start_survey(
            session, name="x", questionnaire="nothing", version=1, sample=Sample(), starts_on=street.clock.now().date()
        )
