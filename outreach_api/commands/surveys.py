"""Surveys from the terminal: the questionnaires there are, beginning a survey, ending one."""

from __future__ import annotations

from typing import Annotated

import typer
from pydantic import ValidationError
from sqlalchemy import func, select

from models.survey import Survey, SurveyInvitation
from models.vocabulary import InvitationState, SurveyWay
from outreach_api.commands.at_hand import settings_at_hand
from outreach_api.commands.console import OUT, fail, tells_faults
from outreach_api.language import say
from outreach_api.records import open_records
from outreach_api.surveys.planning import Sample, SurveyDraft, SurveyRefused, begin_survey, end_survey
from outreach_api.surveys.questionnaire import questionnaires

survey = typer.Typer(help=say("回访", "Surveys"), no_args_is_help=True)


@survey.command(help=say("开始一次回访", "Begin a survey"))
@tells_faults
def start(
    questionnaire: Annotated[str, typer.Argument(help=say("问卷编号", "id of the questionnaire"))],
    version: int = 1,
    name: str = "",
    each: Annotated[int, typer.Option(help=say("每街道每事项抽几人；0 是全部", "by lot in a stratum; 0: all"))] = 0,
    after_days: Annotated[int, typer.Option(help=say("办成几天后问", "days after the service"))] = 7,
    within_days: Annotated[int, typer.Option(help=say("办成几天以内的", "served within so many days"))] = 30,
    by: Annotated[SurveyWay, typer.Option(help=say("怎么问", "how they are asked"))] = SurveyWay.SMS,
    again: Annotated[
        SurveyWay | None, typer.Option(help=say("没回音的再怎么问", "how the silent are asked again"))
    ] = SurveyWay.VOICE,
    policy: Annotated[list[str] | None, typer.Option(help=say("只问这些事项", "these policies only"))] = None,
) -> None:
    plan = {"take": "random", "each": each} if each else {"take": "all"}
    try:
        sample = Sample.model_validate(
            {
                **plan,
                "after_days": after_days,
                "within_days": within_days,
                "policies": tuple(policy or ()),
                "channel": by,
                "again": again,
            }
        )
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        fail(f"{'.'.join(map(str, first['loc']))}: {first['msg']}", status=2)
    with open_records(settings_at_hand()) as records, records.sessions.write() as session:
        now = records.clock.now()
        draft = SurveyDraft(questionnaire, version, sample, now.astimezone(records.settings.zone).date(), name)
        try:
            begun = begin_survey(session, draft, by="terminal", now=now)
        except SurveyRefused:
            there = ", ".join(f"{one}@{number}" for one, number in questionnaires())
            fail(say(f"没有这份问卷；有：{there}", f"there is no such questionnaire; there are: {there}"), status=2)
        OUT.print(say(f"回访 {begun.id} 已开始", f"survey {begun.id} has begun"))


@survey.command(help=say("结束一次回访", "End a survey"))
@tells_faults
def stop(number: int) -> None:
    with open_records(settings_at_hand()) as records, records.sessions.write() as session:
        try:
            end_survey(session, number, by="terminal", now=records.clock.now())
        except SurveyRefused:
            fail(say(f"没有编号为 {number} 的进行中的回访", f"there is no survey {number} that goes on"), status=2)
    OUT.print(say(f"回访 {number} 已结束", f"survey {number} has ended"))


@survey.command("list", help=say("列出回访", "List the surveys"))
@tells_faults
def show_list() -> None:
    done = func.count(SurveyInvitation.id).filter(SurveyInvitation.state == InvitationState.FINISHED)
    asked = func.count(SurveyInvitation.id).filter(SurveyInvitation.invited_at.is_not(None))
    query = select(Survey, asked, done).outerjoin(SurveyInvitation, SurveyInvitation.survey_id == Survey.id)
    with open_records(settings_at_hand()) as records, records.sessions.read() as session:
        for found, invited, finished in session.execute(query.group_by(Survey.id).order_by(Survey.id)):
            what = f"{found.id} {found.name} {found.questionnaire}@{found.version} {found.state.value}"
            OUT.print(f"{what} {finished}/{invited}", markup=False)
