"""What the database knows about the sender of a message, read into plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from models.asking import ask
from models.call import Call
from models.case import Building, Station
from models.chat import ChatLink, ChatVisit
from models.contact import Contact, ContactMatch
from models.conversation import Conversation, Inbound
from models.enterprise import Enterprise
from models.match import Application, Match, MatchLedger
from models.resident import Phone, Resident, ResidentPhone
from models.vocabulary import (
    Audience,
    Channel,
    ContactPurpose,
    ContactState,
    ConversationOutcome,
    Direction,
    MatchState,
    Question,
    Stage,
)
from outreach_api.cases.places import AddressBook, Door
from outreach_api.cases.policy_answers import kept_faqs
from outreach_api.cases.routing import station_for
from outreach_api.cases.unasked_visits import unasked_visits
from outreach_api.conversations.decision import (
    Context,
    KnownApplication,
    KnownMandate,
    KnownMatch,
    Person,
    Standing,
    offered_to,
)
from outreach_api.conversations.errands import read_errand
from outreach_api.conversations.proof import code_for
from outreach_api.conversations.state import DialogueState
from outreach_api.surveys.open_survey import OpenSurvey, open_survey
from outreach_api.voice.lines import line
from outreach_api.wechat.followers import ADDRESS, resident_behind
from scheduler.planning.mandates import InForce, mandates_in_force
from scheduler.planning.stops import standing_stop
from scheduler.policies.card import PolicyCard
from scheduler.rules.derive import age_on

# On a phone that several share, who it was yesterday says nothing about today.
IDENTIFIED_FOR = timedelta(hours=12)
_OFFERS = (ContactPurpose.OFFER, ContactPurpose.REMINDER)
_NEVER_READ = (ContactState.PLANNED, ContactState.CANCELLED, ContactState.REJECTED, ContactState.NOT_SENT)


@dataclass(frozen=True)
class Sender:
    """The rows behind a message, as far as they exist: a stranger has neither."""

    phone: Phone | None
    conversation: Conversation | None
    residents: tuple[Resident, ...]
    offer: Contact | None
    """The newest offer that this phone was sent."""
    mandates: tuple[InForce, ...] = ()
    """Held at this phone."""
    given: tuple[InForce, ...] = ()
    """Given by those whose phone this is, wherever they are held."""
    at_home: frozenset[int] = frozenset()
    """Those of the residents whose own phone this is; the others are spoken for."""

    @property
    def version(self) -> int:
        return self.conversation.version if self.conversation else 0


# What is asked at every turn of every talk is put together once: that takes as long as answering it.
_talk, _offer = aliased(Conversation), aliased(Contact)
_NEWEST_TALK = select(func.max(_talk.id)).where(_talk.phone_id == Phone.id).correlate(Phone)
_NEWEST_OFFER = (
    select(_offer.id)
    .where(_offer.phone_id == Phone.id, _offer.purpose.in_(_OFFERS), _offer.state.not_in(_NEVER_READ))
    .order_by(_offer.sent_at.desc(), _offer.id.desc())
    .limit(1)
    .correlate(Phone)
)
_PHONE = (
    select(Phone, Conversation, Contact)
    .select_from(Phone)
    .outerjoin(Conversation, Conversation.id == _NEWEST_TALK.scalar_subquery())
    .outerjoin(Contact, Contact.id == _NEWEST_OFFER.scalar_subquery())
    .where(Phone.number_index == bindparam("number_index"))
)
_OWNERS = select(ResidentPhone.resident_id).where(ResidentPhone.phone_id == bindparam("phone_id"))
_RESIDENTS = select(Resident).where(Resident.id.in_(bindparam("ids", expanding=True))).order_by(Resident.id)
_MATCHES = select(Match).where(Match.resident_id.in_(bindparam("ids", expanding=True))).order_by(Match.id.desc())
_APPLICATIONS = select(Application).where(Application.resident_id.in_(bindparam("ids", expanding=True)))
_NUMBERS = select(ContactMatch.match_id, ContactMatch.number).where(ContactMatch.contact_id == bindparam("offer"))


def find_sender(session: Session, inbound: Inbound, *, now: datetime) -> Sender:
    found = session.execute(_PHONE, {"number_index": inbound.sender_index}).first()
    if found is None:
        return Sender(None, None, (), None)
    phone, conversation, offer = found
    owners = session.scalars(_OWNERS, {"phone_id": phone.id}).all()
    mandates = mandates_in_force(session, now=now, resident_ids=owners, phone_ids=[phone.id])
    here = tuple(mandate for mandate in mandates if mandate.phone_id == phone.id)
    ids = {*owners, *(mandate.resident_id for mandate in here)}
    return Sender(
        phone,
        conversation,
        residents=tuple(session.scalars(_RESIDENTS, {"ids": list(ids)})),
        offer=offer,
        mandates=here,
        given=tuple(mandate for mandate in mandates if mandate.resident_id in owners),
        at_home=frozenset(owners),
    )


def load_context(
    session: Session,
    inbound: Inbound,
    sender: Sender,
    *,
    cards: Mapping[str, PolicyCard],
    zone: ZoneInfo,
    now: datetime,
) -> Context:
    """Everything a decision about this message may know."""
    visit = session.get(ChatVisit, inbound.chat_visit_id) if inbound.chat_visit_id is not None else None
    call = session.get(Call, inbound.call_id) if inbound.call_id is not None else None
    person = _who_speaks(session, inbound, call, sender, visit, now)
    standing = _standing(sender, person)
    numbers = _numbers(session, sender.offer)
    matches = [
        numbered(match, numbers)
        for match in _matches(session, sender.residents, cards)
        if _may_be_spoken_of(sender, match.resident_id, match.policy_id)
    ]
    offered, others = offered_to(person.id if person else None, matches)
    local = now.astimezone(zone)
    people = _people(session, sender.residents, local)
    conversation = sender.conversation
    asked = _asking_who_speaks(_state(sender, standing), inbound, standing)
    return Context(
        now=local,
        channel=inbound.channel,
        state=_as_at_the_page(_in_this_call(asked, call), visit),
        standing=standing,
        person=people[person.id] if person else None,
        household=tuple(people.values()),
        audience=_audience(sender, person),
        offered=offered,
        others=others,
        on_phone=tuple(match for match in matches if match.is_open),
        applications=tuple(
            each
            for each in _applications(session, sender.residents)
            if _may_be_spoken_of(sender, each.resident_id, each.policy_id)
        ),
        stop=standing_stop(
            session, resident_id=person.id if person else None, phone_id=sender.phone.id if sender.phone else None
        ),
        in_human_hands=bool(conversation and conversation.taken_over_by),
        outcome=_outcome(sender),
        cards=cards,
        kept_faqs=kept_faqs(session, {match.policy_id for match in matches}),
        proof_code=code_for(inbound.id),
        by_proxy=visit is not None and visit.relation is not None,
        station=_station(session, person) if inbound.channel is Channel.CHAT else "",
        survey=_survey(session, sender, person, cards, now),
        called_about=_called_about(session, sender, call, cards, now) if standing is Standing.SHARED else None,
        errand=read_errand(session, call, sender.phone.id if sender.phone else None, now),
        mandates=_mandates(session, sender, person, now),
        at_holders_phone=person is not None and person.id not in sender.at_home,
    )


def _may_be_spoken_of(sender: Sender, resident_id: int, policy_id: str) -> bool:
    """All that is a resident's own; of one who is spoken for, what the mandates here are for."""
    if resident_id in sender.at_home:
        return True
    return any((mandate.resident_id, mandate.policy_id) == (resident_id, policy_id) for mandate in sender.mandates)


def _mandates(session: Session, sender: Sender, person: Resident | None, now: datetime) -> tuple[KnownMandate, ...]:
    if sender.phone is None:
        return ()
    if person is None:
        given: Iterable[InForce] = sender.mandates
    elif person.id in sender.at_home:
        given = sender.given
    else:
        given = mandates_in_force(session, now=now, resident_ids=[person.id])
    return tuple(
        KnownMandate(
            mandate.mandate_id,
            mandate.resident_id,
            mandate.policy_id,
            mandate.relation,
            is_here=mandate.phone_id == sender.phone.id,
        )
        for mandate in given
        if person is None or mandate.resident_id == person.id
    )


def _survey(
    session: Session, sender: Sender, person: Resident | None, cards: Mapping[str, PolicyCard], now: datetime
) -> OpenSurvey | None:
    if person is None or sender.phone is None or person.id not in sender.at_home:
        return None
    offered_at = sender.offer.sent_at if sender.offer else None
    return open_survey(
        session, phone_id=sender.phone.id, resident_id=person.id, offered_at=offered_at, cards=cards, now=now
    )


def _called_about(
    session: Session, sender: Sender, call: Call | None, cards: Mapping[str, PolicyCard], now: datetime
) -> OpenSurvey | None:
    """The survey for which somebody who has not said yet who they are was called."""
    contact = session.get(Contact, call.contact_id) if call and call.contact_id is not None else None
    if contact is None or contact.purpose is not ContactPurpose.SURVEY or contact.resident_id is None:
        return None
    return _survey(session, sender, session.get(Resident, contact.resident_id), cards, now)


def _who_speaks(
    session: Session, inbound: Inbound, call: Call | None, sender: Sender, visit: ChatVisit | None, now: datetime
) -> Resident | None:
    if visit is not None:
        link = session.get_one(ChatLink, visit.link_id)
        return next((resident for resident in sender.residents if resident.id == link.resident_id), None)
    if inbound.sender.startswith(ADDRESS):
        bound = resident_behind(session, inbound.sender)
        return next((resident for resident in sender.residents if resident.id == bound), None)
    return _speaker_on_the_phone(call, sender) if _is_spoken(inbound) else _speaker(sender, now)


def _as_at_the_page(state: DialogueState, visit: ChatVisit | None) -> DialogueState:
    """Who opened a page has said there whether they are the resident; that is not asked again."""
    if visit is None:
        return state
    asked = Question.INTEREST if state.asked is Question.IDENTITY else state.asked
    return state.with_(relation=visit.relation, asked=asked)


def _station(session: Session, person: Resident | None) -> str:
    """The station nearest to the resident's door, as far as the address register knows where that is."""
    if person is None or not person.street:
        return ""
    nearby = ask(session, _buildings_of(), community=person.community)
    door = Door(AddressBook(nearby).point(person.address), person.community, person.street)
    found = station_for(door, session.scalars(select(Station)).all())
    return found[0].name if found else ""


@cache
def _buildings_of() -> Select[str, float, float]:
    there = Building.community.is_not_distinct_from(bindparam("community"))
    return select(Building.address, Building.lat, Building.lon).where(there)


def _speaker(sender: Sender, now: datetime) -> Resident | None:
    """The one resident this phone belongs to, or the one who said so lately."""
    if len(sender.residents) == 1:
        return sender.residents[0]
    talk = sender.conversation
    if talk is None or talk.resident_id is None or now - talk.last_at > IDENTIFIED_FOR:
        return None
    return next((resident for resident in sender.residents if resident.id == talk.resident_id), None)


def _is_spoken(inbound: Inbound) -> bool:
    return inbound.channel is Channel.VOICE and inbound.call_id is not None


def _speaker_on_the_phone(call: Call | None, sender: Sender) -> Resident | None:
    """Who has said so in this very call: anybody may pick up the phone of the house."""
    known = call.resident_id if call else None
    return next((resident for resident in sender.residents if resident.id == known), None)


# Open questions that may be answered before the speaker is known; in the place of any other stands who they are.
_BEFORE_IDENTITY = frozenset(
    {Question.IDENTITY, Question.MANDATE, Question.RELATION, Question.CALLBACK_TIME, Question.WHICH_READING}
)


def _asking_who_speaks(state: DialogueState, inbound: Inbound, standing: Standing) -> DialogueState:
    if _is_spoken(inbound) and standing is Standing.SHARED and state.asked not in _BEFORE_IDENTITY:
        return state.with_(asked=Question.IDENTITY, stage=Stage.OFFER, pending=None)
    return state


def _in_this_call(state: DialogueState, call: Call | None) -> DialogueState:
    """再说一遍 means what was said in this call: what an earlier talk said may not be for whoever picked up.

    Nor is it whoever spoke then.
    """
    if call is None or (state.replied_at is not None and state.replied_at >= call.started_at):
        return state
    opening = line("opening" if call.direction is Direction.OUT else "who")
    return state.with_(last_reply=opening, relation=None, beside=None)


def _standing(sender: Sender, person: Resident | None) -> Standing:
    if person is not None:
        return Standing.KNOWN
    return Standing.SHARED if sender.residents else Standing.STRANGER


def _is_news(sender: Sender) -> bool:
    """Whether an offer went out that the conversation does not speak of yet."""
    if sender.offer is None:
        return False
    talk = sender.conversation
    return talk is None or DialogueState.model_validate(talk.state).offer_contact_id != sender.offer.id


def _state(sender: Sender, standing: Standing) -> DialogueState:
    """The stored state; a newer offer puts its own question in the place of an old one."""
    talk = sender.conversation
    state = DialogueState.model_validate(talk.state) if talk else DialogueState()
    if not _is_news(sender) or sender.offer is None:
        return state
    fresh = DialogueState(
        stage=Stage.OFFER,
        asked=Question.INTEREST if standing is Standing.KNOWN else Question.IDENTITY,
        offer_contact_id=sender.offer.id,
        relation=state.relation,
        identity_tries=state.identity_tries,
        last_reply=sender.offer.text,
    )
    return fresh if standing is not Standing.STRANGER else fresh.with_(asked=None)


def _outcome(sender: Sender) -> ConversationOutcome:
    if sender.conversation is None or _is_news(sender):
        return ConversationOutcome.NO_DECISION
    return sender.conversation.outcome


def _audience(sender: Sender, person: Resident | None) -> Audience:
    """Of the speaker; of somebody not known yet, that of whom the newest offer was for."""
    if person is not None:
        return person.audience
    addressee = sender.offer.resident_id if sender.offer else None
    meant = [resident for resident in sender.residents if resident.id == addressee] or sender.residents
    firms = {resident.audience for resident in meant} == {Audience.ENTERPRISE}
    return Audience.ENTERPRISE if firms else Audience.PERSON


def _people(session: Session, residents: Iterable[Resident], local: datetime) -> dict[int, Person]:
    firms = [resident.id for resident in residents if resident.audience is Audience.ENTERPRISE]
    clerks: dict[int, str | None] = {}
    if firms:
        query = select(Enterprise.resident_id, Enterprise.clerk).where(Enterprise.resident_id.in_(firms))
        clerks = dict(session.execute(query).all())
    return {resident.id: _as_person(resident, clerks.get(resident.id), local) for resident in residents}


def _as_person(resident: Resident, clerk: str | None, local: datetime) -> Person:
    born = resident.birth_date
    return Person(
        audience=resident.audience,
        clerk=clerk,
        resident_id=resident.id,
        name=resident.name,
        birth_month=born.month if born else None,
        age_years=age_on(born, local.date()) if born else None,
        place="".join(part for part in (resident.street, resident.community) if part),
    )


def _facts(session: Session, match: Match, card: PolicyCard) -> dict[str, Any]:
    """The one value that picks a band of the amount, and no more of the ledger than that."""
    by = card.amount.by if card.amount else None
    if by in (None, "age_years"):
        return {}
    row = session.scalar(
        select(MatchLedger.row)
        .where(MatchLedger.match_id == match.id, MatchLedger.opened)
        .order_by(MatchLedger.id.desc())
        .limit(1)
    )
    return {by: row[by]} if row and row.get(by) is not None else {}


def _matches(session: Session, residents: Iterable[Resident], cards: Mapping[str, PolicyCard]) -> list[KnownMatch]:
    """Newest first, one an item: what an older episode came to is history."""
    ids = [resident.id for resident in residents]
    rows = session.scalars(_MATCHES, {"ids": ids}) if ids else ()
    newest: dict[tuple[int, str], KnownMatch] = {}
    for row in rows:
        if row.policy_id in cards and (row.resident_id, row.policy_id) not in newest:
            known = KnownMatch(
                match_id=row.id,
                resident_id=row.resident_id,
                policy_id=row.policy_id,
                policy_version=str(cards[row.policy_id].version),
                state=row.state,
                is_open=row.closed_at is None,
                facts=_facts(session, row, cards[row.policy_id]),
            )
            newest.setdefault((row.resident_id, row.policy_id), known)
    queued = [match.match_id for match in newest.values() if match.state is MatchState.IN_QUEUE]
    unasked = unasked_visits(session, queued) if queued else frozenset()
    return [replace(match, visit_unasked=match.match_id in unasked) for match in newest.values()]


def _numbers(session: Session, offer: Contact | None) -> dict[int, int]:
    """The number each match had in the offer. One to a household speaks of matches of several residents."""
    if offer is None:
        return {}
    rows = session.execute(_NUMBERS, {"offer": offer.id})
    return {row.match_id: row.number for row in rows}


def numbered(match: KnownMatch, numbers: Mapping[int, int]) -> KnownMatch:
    return replace(match, number=numbers[match.match_id], in_offer=True) if match.match_id in numbers else match


def _applications(session: Session, residents: Iterable[Resident]) -> tuple[KnownApplication, ...]:
    ids = [resident.id for resident in residents]
    rows = session.scalars(_APPLICATIONS, {"ids": ids}) if ids else ()
    return tuple(
        KnownApplication(row.resident_id, row.policy_id, row.status, row.occurred_on)
        for row in rows
        if row.resident_id is not None
    )
