"""The call itself: events of a transport in, commands to it out. Between two events everything lies in the database.

Any process can therefore go on with any call: after a broken connection, on another transport, after a crash.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from models.call import Call
from models.session import Sessions
from models.vocabulary import Channel, ContactPurpose, ConversationOutcome, Direction, Question
from outreach_api.clock import Clock
from outreach_api.conversations.bot import Bot
from outreach_api.conversations.callback import in_words
from outreach_api.conversations.exact_words import CUT_OFF, KEY_MARK, STOPS, read_exact_word
from outreach_api.conversations.speaking import names_somebody
from outreach_api.conversations.when import Window
from outreach_api.voice import small_words
from outreach_api.voice.by_staff import take_words
from outreach_api.voice.calls import (
    CANTONESE,
    SLOW,
    OnTheLine,
    find_call,
    is_stopped,
    keep_habits,
    left_voicemail_lately,
    note_said,
    on_the_line,
    open_call,
    others_wait,
)
from outreach_api.voice.follow_up import text_after_silence
from outreach_api.voice.follows import Next, Turned, somebody_is_at_work, what_follows
from outreach_api.voice.lines import line
from outreach_api.voice.rendering import Spoken, in_pieces, sentences, spoken, unsaid
from outreach_api.voice.settings import VoiceSettings
from outreach_api.voice.state import CallState
from outreach_api.voice.transport import (
    CallRef,
    Closed,
    Command,
    Dtmf,
    End,
    Error,
    Event,
    Info,
    Interrupt,
    Language,
    Prompt,
    Setup,
    StaffWords,
    Text,
    Transfer,
)
from outreach_api.voice.turns import Turns, Utterance
from scheduler.planning.data_notice import tell_once
from scheduler.policies.card import PolicyCard

PATIENCE_WHILE_WAITING = 5
SILENCES = ("silence_1", "silence_2", "silence_keys")
MACHINES = ("machine_start", "machine_end_beep", "machine_end_silence", "machine_end_other")
OPENING_OF = {
    ContactPurpose.SURVEY: "opening_survey",
    ContactPurpose.VISIT_NOTICE: "opening_errand",
    ContactPurpose.CASE_CHECK: "opening_errand",
}
SURVEY_QUESTIONS = frozenset({Question.RATING, Question.RATING_REASON, Question.RESOLVED})
NO_MORE_OF_ONES_OWN = frozenset({ConversationOutcome.DECLINED, ConversationOutcome.ALREADY_ENROLLED})
_MARGIN = timedelta(seconds=60)
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class CallService:
    """`hear` is all a transport needs."""

    sessions: Sessions
    bot: Bot
    cards_today: Callable[[], Mapping[str, PolicyCard]]
    clock: Clock
    settings: VoiceSettings
    zone: ZoneInfo

    @property
    def cards(self) -> Mapping[str, PolicyCard]:
        return self.cards_today()

    def hear(self, ref: CallRef, event: Event) -> list[Command]:
        """What to do about one event of a call. An event of a call that nobody set up ends it."""
        if isinstance(event, Setup):
            return self._set_up(ref, event)
        found = self._read(ref)
        if found is None:
            return [] if isinstance(event, Closed) else [End("unknown_call")]
        if found.state.over and not (isinstance(event, Prompt) and event.cut_off):
            # The carrier may tell of the end before its socket closes: the last half sentence counts all the same.
            return [] if isinstance(event, Closed | Info) else [End("over")]
        match event:
            case Prompt(text, language, cut_off):
                return self._cut_off(found, event) if cut_off else self._said(found, text.strip(), language)
            case Dtmf(digit):
                return self._pressed(found, digit)
            case Interrupt(heard):
                return self._interrupted(found, heard)
            case StaffWords():
                return self._say_for_staff(found)
            case Closed(because):
                self._save(found, drops=found.state.drops + 1)
                log.info("call_connection_closed", call=found.id, because=because)
            case Error(description):
                log.warning("call_transport_error", call=found.id, length=len(description))
        return []

    def said_last(self, ref: CallRef) -> list[Command]:
        """The last answer once more, for a request that a transport repeats."""
        found = self._read(ref)
        if found is None:
            return [End("unknown_call")]
        return [self._text(found.state, found.state.last_said)] if not found.state.over else [End("over")]

    def turns_of(self, ref: CallRef) -> int | None:
        """How many things the other end has said so far; None for a call we do not know."""
        found = self._read(ref)
        return found.state.turns if found else None

    def drops_of(self, ref: CallRef) -> int | None:
        found = self._read(ref)
        return found.state.drops if found else None

    def is_cantonese(self, ref: CallRef) -> bool:
        found = self._read(ref)
        return found is not None and found.state.cantonese

    def answered_by(self, ref: CallRef) -> str:
        with self.sessions.read() as session:
            call = find_call(session, ref)
            return (call.answered_by or "") if call else ""

    @property
    def hints(self) -> tuple[str, ...]:
        """Words the recogniser should expect."""
        names = (name for card in self.cards.values() for name in (card.short_name, card.name.zh))
        return ("同意", "人工", "再说一遍", "上门", *dict.fromkeys(names))

    def end(
        self,
        ref: CallRef,
        because: str,
        *,
        seconds: int | None = None,
        answered_by: str | None = None,
        at: datetime | None = None,
    ) -> None:
        """The call is over, as the carrier has it. Told twice, it ended once; `at` where it is told late."""
        with self.sessions.write() as session:
            call = find_call(session, ref)
            if call is None or call.ended_at is not None:
                return
            call.ended_at, call.ended_because, call.seconds = at or self.clock.now(), because[:32], seconds
            call.answered_by = call.answered_by or answered_by
            call.state = CallState.model_validate(call.state).with_(over=True).stored()

    def transfer_failed(self, ref: CallRef, due_at: datetime | None) -> list[Command]:
        """Nobody of the agents took the call: say by when somebody will be in touch."""
        now = self.clock.now().astimezone(self.zone)
        due = (due_at or now).astimezone(self.zone)
        when = in_words(Window(due, due), now)
        found = self._read(ref)
        if found is None:
            return [End("unknown_call")]
        said = sentences(line("transfer_failed", when=when))
        return self._say(found, Spoken(said), own=True, over="transfer_failed")

    # Setting up

    def _set_up(self, ref: CallRef, setup: Setup) -> list[Command]:
        now = self.clock.now()
        with self.sessions.write() as session:
            call = open_call(session, ref, setup, now=now)
            found = on_the_line(session, ref)
            if found is None or found.state.over or call.ended_at is not None:
                return [End("over")]
            stopped = is_stopped(session, found)
            voicemail_again = left_voicemail_lately(session, found, now=now)
        if setup.answered_by == "fax":
            return self._end(found, "fax")
        if setup.answered_by in MACHINES:
            return self._end(found, "voicemail") if voicemail_again else self._leave_voicemail(found)
        if stopped and found.direction is Direction.OUT:
            return self._end(found, "stopped")
        if found.state.greeted:
            return self._go_on(found)
        return self._greet(found, stopped=stopped)

    def _greet(self, found: OnTheLine, *, stopped: bool) -> list[Command]:
        said = sentences(line(_greeting_of(found, stopped=stopped)))
        keys = sentences(line("opening_keys")) if found.direction is Direction.OUT else ()
        commands: list[Command] = [Language(cantonese=True)] if found.state.cantonese else []
        state = self._note(found, said + keys, own=True, greeted=True)
        commands.append(Text(said, interruptible=False, slow=state.slow))
        return [*commands, self._text(state, keys)] if keys else commands

    def _go_on(self, found: OnTheLine) -> list[Command]:
        """The connection broke and stands again: say so, and the last thing once more."""
        said = (*sentences(line("reconnected")), *found.state.last_said[-2:])
        commands: list[Command] = [Language(cantonese=True)] if found.state.cantonese else []
        return [*commands, self._text(found.state, said)]

    def _leave_voicemail(self, found: OnTheLine) -> list[Command]:
        return self._say(found, Spoken(sentences(line("voicemail"))), own=True, over="voicemail")

    # What was said

    def _said(self, found: OnTheLine, text: str, language: str) -> list[Command]:
        if not text:
            return self._silence(found)
        if self._lasts_too_long(found):
            self._own_turn(found, text, "")
            return self._say(found, Spoken(sentences(line("too_long"))), own=True, over="too_long")
        cantonese = found.state.cantonese or small_words.sounds_cantonese(text, language)
        switched: list[Command] = [Language(cantonese=True)] if cantonese and not found.state.cantonese else []
        found = _with(found, cantonese=cantonese)
        if found.state.surname and found.resident_id is None and names_somebody(text):
            text = f"{found.state.surname}，{text}"
        own = None if found.in_human_hands else self._answer_of_its_own(found, text)
        return [*switched, *(own if own is not None else self._turn(found, text))]

    def _answer_of_its_own(self, found: OnTheLine, text: str) -> list[Command] | None:
        """Words about the talking itself need no conversation; None for all others."""
        state = found.state
        if state.rest and small_words.is_more(text):
            return self._say_own(found, text, in_pieces(state.rest))
        if state.rest and small_words.is_enough(text):
            return self._say_own(found, text, Spoken(sentences(line("enough"))))
        if state.interrupted and state.rest and small_words.is_backchannel(text):
            return self._say_own(found, text, in_pieces(state.rest))
        if small_words.asks_to_wait(text):
            return self._say_own(found, text, Spoken(sentences(line("wait"))), waiting=True)
        if found.resident_id is None and found.residents:
            return self._before_identity(found, text)
        if state.others_asked and (answered := self._about_the_others(found, text)) is not None:
            return answered
        if small_words.takes_leave(text) and not (state.surveying and small_words.is_nothing_at_all(text)):
            return self._say_own(found, text, Spoken(sentences(line("goodbye"))), over="goodbye")
        if state.closing and small_words.is_nothing_more(text):
            return self._say_own(found, text, Spoken(sentences(line("goodbye"))), over="goodbye")
        return None

    def _about_the_others(self, found: OnTheLine, text: str) -> list[Command] | None:
        """Whether somebody else of the house comes to the phone."""
        if small_words.is_not_in(text):
            return self._say_own(found, text, Spoken(sentences(line("not_in"))), over="not_in")
        if found.state.last_said[-1:] == sentences(line("others"))[-1:] and small_words.is_more(text):
            return self._say_own(found, text, Spoken(sentences(line("wait"))), waiting=True)
        if small_words.is_hello(text):
            return self._say_own(found, text, Spoken(sentences(line("who"))))
        return None

    def _before_identity(self, found: OnTheLine, text: str) -> list[Command] | None:
        surname = small_words.name_without_month(text)
        if surname is not None:
            return self._say_own(found, text, Spoken(sentences(line("month"))), surname=surname)
        if small_words.is_not_in(text):
            return self._say_own(found, text, Spoken(sentences(line("not_in"))), over="not_in")
        if small_words.is_hello(text):
            return self._say_own(found, text, Spoken(sentences(line("who"))))
        return None

    def _pressed(self, found: OnTheLine, digit: str) -> list[Command]:
        if digit == "*":
            said = found.state.last_said
            rest = found.state.rest
            return self._say_own(found, KEY_MARK + digit, Spoken(said, rest))
        if not digit.isdecimal():
            return []
        own = None if found.in_human_hands else self._answer_of_its_own(found, KEY_MARK + digit)
        return own if own is not None else self._turn(found, KEY_MARK + digit)

    def _cut_off(self, found: OnTheLine, prompt: Prompt) -> list[Command]:
        """The line went dead in mid-sentence: what was said is kept; a stop in it binds, a yes in it doesn't."""
        text = prompt.text.strip()
        exact = read_exact_word(text)
        if text:
            stops = exact is not None and exact.kind in STOPS
            self._turn(found, text if stops else text + CUT_OFF)
        return []

    def _interrupted(self, found: OnTheLine, heard: str) -> list[Command]:
        rest = (*unsaid(found.state.last_said, heard), *found.state.rest)
        self._save(found, interrupted=True, rest=rest)
        return []

    def _silence(self, found: OnTheLine) -> list[Command]:
        if found.in_human_hands:
            return self._say_for_staff(found)
        state = found.state
        count = state.silences + 1
        if state.waiting and count <= PATIENCE_WHILE_WAITING:
            self._save(found, silences=count)
            return []
        if state.waiting:
            count = 1
        if count > len(SILENCES):
            return self._give_up_on_silence(found)
        said = sentences(line(SILENCES[count - 1]))
        last = state.last_said if count == 2 else state.last_said[-1:]
        spoken_again = (*said, *(sentence for sentence in last if sentence not in said))
        self._save(found, silences=count, waiting=False, slow=state.slow or count > 1)
        slow = state.with_(slow=state.slow or count > 1)
        return [self._text(slow, spoken_again if count < len(SILENCES) else said)]

    def _give_up_on_silence(self, found: OnTheLine) -> list[Command]:
        text = None
        if found.contact_id is not None:
            with self.sessions.write() as session:
                text = text_after_silence(session, found.contact_id, self.cards, now=self.clock.now())
        farewell = "silence_goodbye" if text else "silence_farewell"
        return self._say(found, Spoken(sentences(line(farewell))), own=True, over="silence")

    # A turn of the conversation

    def _turn(self, found: OnTheLine, text: str) -> list[Command]:
        number = found.state.turns + 1
        turns = Turns(self.sessions, self.bot, self.cards, self.clock)
        turned = turns.take(Utterance(found.id, number, text))
        newly_known = turned.resident_id is not None and found.resident_id is None
        state = found.state.with_(
            turns=number,
            silences=0,
            waiting=False,
            interrupted=False,
            rest=(),
            slow=found.state.slow or SLOW in turned.preferences,
            cantonese=found.state.cantonese or CANTONESE in turned.preferences,
            surveying=turned.asked in SURVEY_QUESTIONS,
        )
        switched: list[Command] = [Language(cantonese=True)] if state.cantonese and not found.state.cantonese else []
        found = replace(found, state=state, resident_id=turned.resident_id)
        if newly_known or (turned.resident_id is not None and turned.preferences):
            self._keep_habits(found)
        return [*switched, *self._answer(found, turned, newly_known=newly_known)]

    def _answer(self, found: OnTheLine, turned: Turned, *, newly_known: bool) -> list[Command]:
        if turned.in_human_hands and not turned.stopped:
            self._save(found)
            return self._say_for_staff(found)
        reachable = bool(self.settings.agents_number) and somebody_is_at_work(self.clock.now())
        said = spoken(turned.text)
        follows = what_follows(turned, agents_reachable=reachable)
        if not said.rest and self._asks_for_the_others(found, turned, follows):
            return self._say(found, Spoken(said.now + sentences(line("others"))), closing=True, others_asked=True)
        match follows:
            case Next.TRANSFER if turned.case is not None:
                text = self._say(found, Spoken(sentences(line("transfer"))), own=True)
                return [*text, Transfer(self.settings.agents_number, turned.case.case_id)]
            case Next.END:
                final = said.now + said.rest
                farewell = () if turned.stopped or "goodbye" in turned.said else sentences(line("goodbye"))
                return self._say(found, Spoken(final + farewell), over=_ending(turned))
        extra = () if said.rest else sentences(_extra(found, turned, newly_known=newly_known))
        if newly_known and not said.rest and self._is_to_be_told(found):
            extra = sentences(line("notice")) + extra
        closing = turned.asked is None and not said.rest
        return self._say(found, Spoken(said.now + extra, said.rest), closing=closing)

    def _asks_for_the_others(self, found: OnTheLine, turned: Turned, follows: Next) -> bool:
        """Once in a call that is for several of the house, when the one who speaks is done."""
        done = follows is Next.GO_ON or turned.outcome in NO_MORE_OF_ONES_OWN
        if found.state.others_asked or turned.asked is not None or turned.stopped or not done:
            return False
        if turned.resident_id is None or "goodbye" in turned.said:
            return False
        with self.sessions.read() as session:
            return others_wait(session, found, turned.resident_id)

    # Saying

    def _say_for_staff(self, found: OnTheLine) -> list[Command]:
        """Say what a member of staff wrote; it stands in the transcript already."""
        with self.sessions.write() as session:
            words = take_words(session, found.id, now=self.clock.now())
            said = tuple(sentence for text in words for sentence in sentences(text))
            if not said:
                return []
            state = found.state.with_(last_said=said, silences=0, waiting=False)
            self._write(session, found, state)
        return [self._text(state, said)]

    def _say(
        self, found: OnTheLine, what: Spoken, *, own: bool = False, over: str | None = None, **changes: Any
    ) -> list[Command]:
        """Say it and remember it. `own`: the call's words, which nobody has written into the transcript yet."""
        said = (*what.now, line("more")) if what.rest else what.now
        state = self._note(found, said, own=own, over=over is not None, rest=what.rest, **changes)
        commands: list[Command] = [self._text(state, said)] if said else []
        return [*commands, End(over)] if over is not None else commands

    def _say_own(
        self, found: OnTheLine, heard: str, what: Spoken, *, over: str | None = None, **changes: Any
    ) -> list[Command]:
        self._own_turn(found, heard, "".join(what.now))
        found = _with(found, turns=found.state.turns + 1)
        fresh = {"silences": 0, "waiting": False, "interrupted": False} | changes
        return self._say(found, what, over=over, **fresh)

    def _own_turn(self, found: OnTheLine, heard: str, answer: str) -> None:
        turns = Turns(self.sessions, self.bot, self.cards, self.clock)
        turns.take_own(Utterance(found.id, found.state.turns + 1, heard), answer)

    def _end(self, found: OnTheLine, because: str) -> list[Command]:
        self._save(found, over=True)
        return [End(because)]

    def _text(self, state: CallState, said: Sequence[str]) -> Text:
        return Text(tuple(said), slow=state.slow)

    # Remembering

    def _read(self, ref: CallRef) -> OnTheLine | None:
        with self.sessions.read() as session:
            return on_the_line(session, ref)

    def _note(self, found: OnTheLine, said: tuple[str, ...], *, own: bool, **changes: Any) -> CallState:
        state = found.state.with_(last_said=said or found.state.last_said, **changes)
        with self.sessions.write() as session:
            self._write(session, found, state)
            if own:
                note_said(session, found, "".join(said), now=self.clock.now())
        return state

    def _save(self, found: OnTheLine, **changes: Any) -> None:
        with self.sessions.write() as session:
            self._write(session, found, found.state.with_(**changes))

    def _write(self, session: Any, found: OnTheLine, state: CallState) -> None:
        session.get_one(Call, found.id).state = state.stored()

    def _is_to_be_told(self, found: OnTheLine) -> bool:
        """Whether this is the first call in which they say who they are; it is kept that they are told."""
        if found.resident_id is None:
            return False
        with self.sessions.write() as session:
            return tell_once(session, found.resident_id, Channel.VOICE, now=self.clock.now())

    def _keep_habits(self, found: OnTheLine) -> None:
        if found.resident_id is None:
            return
        with self.sessions.write() as session:
            keep_habits(session, found.resident_id, found.state, now=self.clock.now())

    def _lasts_too_long(self, found: OnTheLine) -> bool:
        longest = timedelta(seconds=self.settings.longest_call_seconds)
        return self.clock.now() - found.started_at > longest - _MARGIN


def _greeting_of(found: OnTheLine, *, stopped: bool) -> str:
    if found.direction is Direction.OUT:
        return OPENING_OF.get(found.purpose, "opening") if found.purpose else "opening"
    if stopped:
        return "inbound_stopped"
    return "inbound_known" if found.residents else "inbound_unknown"


def _extra(found: OnTheLine, turned: Turned, *, newly_known: bool) -> str:
    """What is added to an answer, so that they know what they can say or press now."""
    if turned.resident_id is None and found.residents and turned.asked is Question.IDENTITY:
        return "" if "姓什么" in turned.text else line("who")
    if newly_known and turned.asked in (Question.INTEREST, Question.CONFIRM_APPLY) and "第几个" not in turned.text:
        return line("yes_no_keys")
    if turned.asked is Question.INTEREST and turned.answered:
        return line("go_on")
    if turned.asked is None and not found.state.closing:
        return line("anything_else")
    return ""


def _ending(turned: Turned) -> str:
    return "stopped" if turned.stopped else turned.outcome.value


def _with(found: OnTheLine, **changes: Any) -> OnTheLine:
    return replace(found, state=found.state.with_(**changes))
