"""Asking about one match or one resident."""

from __future__ import annotations

from typing import Annotated

import typer

from models.match import Match
from models.resident import Resident
from outreach_api.commands.at_hand import settings_at_hand
from outreach_api.commands.console import OUT, fail, speaker_at_hand, tells_faults
from outreach_api.language import say
from outreach_api.privacy.masking import shown_name
from outreach_api.records import open_records
from outreach_api.web.why_words import why_in_words
from scheduler.matching.explain import explain_match
from scheduler.planning.why import why_resident


@tells_faults
def explain(match: Annotated[int, typer.Argument(help=say("匹配编号", "number of the match"))]) -> None:
    with open_records(settings_at_hand()) as records, records.sessions.read() as session:
        found = session.get(Match, match)
        if found is None:
            fail(say(f"没有编号为 {match} 的匹配", f"there is no match {match}"))
        card = records.cards.get(found.policy_id)
        state = speaker_at_hand(records.settings.zone).word(found.state)
        OUT.print(f"{shown_name(found.resident)} · {card.name.zh if card else found.policy_id} · {state}")
        for line in explain_match(session, found):
            OUT.print(line, markup=False)


@tells_faults
def why(resident: Annotated[int, typer.Argument(help=say("居民或企业编号", "number of the resident or firm"))]) -> None:
    with open_records(settings_at_hand()) as records, records.sessions.read() as session:
        found = session.get(Resident, resident)
        if found is None:
            fail(say(f"没有编号为 {resident} 的居民", f"there is no resident {resident}"))
        OUT.print(shown_name(found))
        names = {policy_id: say(card.short_name, card.name.en) for policy_id, card in records.cards.items()}
        for line in why_resident(session, resident, records.clock.now()):
            OUT.print(why_in_words(line, speaker_at_hand(records.settings.zone), names), markup=False, soft_wrap=True)
