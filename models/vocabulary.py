"""Closed vocabularies: one enum a table of words in docs (the same in code, console and docs)."""

from __future__ import annotations

from enum import StrEnum


class Audience(StrEnum):
    PERSON = "person"
    ENTERPRISE = "enterprise"


class Channel(StrEnum):
    SMS = "sms"
    CHAT = "chat"
    VOICE = "voice"


class DeltaKind(StrEnum):
    """Why a match opened or closed."""

    NEWLY_ELIGIBLE = "newly_eligible"
    RULE_CHANGED = "rule_changed"
    DATA_CORRECTED = "data_corrected"
    ENROLLED = "enrolled"
    MOVED = "moved"
    DIED = "died"


class MatchState(StrEnum):
    NEW = "new"
    IN_OUTREACH = "in_outreach"
    INTERESTED = "interested"
    CALLBACK = "callback"
    IN_QUEUE = "in_queue"
    AWAITING_PHONE = "awaiting_phone"
    AWAITING_RESULT = "awaiting_result"
    APPLIED_BY_REPLY = "applied_by_reply"
    APPLIED_ONLINE = "applied_online"
    APPLIED_AT_HALL = "applied_at_hall"
    APPLIED_BY_VISIT = "applied_by_visit"
    ATTENDED = "attended"
    ALREADY_ENROLLED = "already_enrolled"
    DECLINED = "declined"
    OPTED_OUT = "opted_out"
    DECEASED = "deceased"
    MOVED = "moved"
    UNREACHABLE = "unreachable"
    RECALLED = "recalled"
    EXPIRED = "expired"


OPEN_MATCH_STATES = frozenset(
    {
        MatchState.NEW,
        MatchState.IN_OUTREACH,
        MatchState.INTERESTED,
        MatchState.CALLBACK,
        MatchState.IN_QUEUE,
        MatchState.AWAITING_PHONE,
        MatchState.AWAITING_RESULT,
    }
)
CLOSED_MATCH_STATES = frozenset(MatchState) - OPEN_MATCH_STATES


class ApplicationStatus(StrEnum):
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"
    PAID = "paid"
    ATTENDED = "attended"


class ApplicationChannel(StrEnum):
    HALL = "hall"
    ONLINE = "online"
    REPLY = "reply"
    VISIT = "visit"
    UNATTRIBUTED = "unattributed"


class ContactState(StrEnum):
    PLANNED = "planned"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    NOT_SENT = "not_sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    VOICEMAIL = "voicemail"


class ContactPurpose(StrEnum):
    """What a contact is for. `PROACTIVE_PURPOSES` are begun by us and count against the contact budget."""

    OFFER = "offer"
    REMINDER = "reminder"
    REPLY = "reply"
    ACKNOWLEDGEMENT = "acknowledgement"
    VISIT_NOTICE = "visit_notice"
    STALL = "stall"
    """Invites to a stall day."""
    CASE_CHECK = "case_check"
    """Asks who reported something whether it is settled."""
    SURVEY = "survey"
    HEADS_UP = "heads_up"
    """Tells somebody who has a benefit of a date ahead: a renewal, a new amount."""
    NOTICE = "notice"
    """An urgent notice: of no benefit, to a whole audience."""


PROACTIVE_PURPOSES = frozenset(
    {
        ContactPurpose.OFFER,
        ContactPurpose.REMINDER,
        ContactPurpose.SURVEY,
        ContactPurpose.VISIT_NOTICE,
        ContactPurpose.CASE_CHECK,
        ContactPurpose.STALL,
        ContactPurpose.HEADS_UP,
        ContactPurpose.NOTICE,
    }
)


class Cause(StrEnum):
    """Why a carrier refused or failed a contact, in our words; vendor codes are mapped to these in one table."""

    INVALID_NUMBER = "invalid_number"
    LANDLINE = "landline"
    UNREACHABLE = "unreachable"
    OPTED_OUT_AT_CARRIER = "opted_out_at_carrier"
    FILTERED = "filtered"
    RATE_LIMITED = "rate_limited"
    ACCOUNT = "account"
    REGION_NOT_ALLOWED = "region_not_allowed"
    CARRIER_FAULT = "carrier_fault"
    UNCLASSIFIED = "unclassified"


class Refusal(StrEnum):
    """Why a contact was not planned or not sent. Every refusal is recorded."""

    OPTED_OUT = "opted_out"
    DECEASED = "deceased"
    WRONG_NUMBER = "wrong_number"
    NO_PHONE = "no_phone"
    PHONE_QUARANTINED = "phone_quarantined"
    PHONE_UNREACHABLE = "phone_unreachable"
    QUIET_HOURS = "quiet_hours"
    DAILY_CAP = "daily_cap"
    WEEKLY_CAP = "weekly_cap"
    CAMPAIGN_PAUSED = "campaign_paused"
    CAMPAIGN_CAP = "campaign_cap"
    SPEND_CAP = "spend_cap"
    TEAMS_FULL = "teams_full"
    AGENTS_FULL = "agents_full"
    EXPIRED = "expired"
    OPEN_CONVERSATION = "open_conversation"
    OPEN_CONTACT = "open_contact"
    MATCH_CLOSED = "match_closed"
    NOT_PUSHABLE = "not_pushable"
    PROFILING_REFUSED = "profiling_refused"
    PREFERENCE = "preference"
    LADDER_EXHAUSTED = "ladder_exhausted"
    IN_HUMAN_HANDS = "in_human_hands"


class CampaignState(StrEnum):
    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


class CampaignKind(StrEnum):
    ORDINARY = "ordinary"
    URGENT = "urgent"


class Waiver(StrEnum):
    """What an approved urgent notice may exceed. A stop is not among them: nothing exceeds that."""

    BUDGET = "budget"
    HOURS = "hours"


class BreakerState(StrEnum):
    """Of a carrier: closed lets everything through, open nothing, half open a few to see."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class ReminderOccasion(StrEnum):
    """The date ahead that somebody who has a benefit is told of."""

    RENEWAL = "renewal"
    NEW_AMOUNT = "new_amount"


class InboundState(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    DONE = "done"
    PARKED = "parked"


class Direction(StrEnum):
    IN = "in"
    OUT = "out"


class Author(StrEnum):
    RESIDENT = "resident"
    ASSISTANT = "assistant"
    STAFF = "staff"
    SYSTEM = "system"


class Stage(StrEnum):
    OFFER = "offer"
    OPEN = "open"
    SURVEY = "survey"


class Question(StrEnum):
    """The open question of a conversation: what a yes or a no would answer."""

    INTEREST = "interest"
    CONFIRM_APPLY = "confirm_apply"
    IDENTITY = "identity"
    WHICH_OFFER = "which_offer"
    WHICH_READING = "which_reading"
    CALLBACK_TIME = "callback_time"
    HOME_VISIT = "home_visit"
    RELATION = "relation"
    MANDATE = "mandate"
    RATING = "rating"
    RATING_REASON = "rating_reason"
    RESOLVED = "resolved"


class ConversationOutcome(StrEnum):
    APPLIED_BY_REPLY = "applied_by_reply"
    INTERESTED = "interested"
    DECLINED = "declined"
    ALREADY_ENROLLED = "already_enrolled"
    OPTED_OUT = "opted_out"
    WRONG_PERSON = "wrong_person"
    DECEASED = "deceased"
    MOVED = "moved"
    CALLBACK = "callback"
    ESCALATED = "escalated"
    NO_DECISION = "no_decision"


class Topic(StrEnum):
    ELIGIBILITY = "eligibility"
    AMOUNT = "amount"
    DOCUMENTS = "documents"
    HOW_TO_APPLY = "how_to_apply"
    WHERE = "where"
    DEADLINE = "deadline"
    PAYMENT_DATE = "payment_date"
    PROCESSING_TIME = "processing_time"
    STATUS = "status"
    PROXY = "proxy"
    SCAM = "scam"
    OTHER_BENEFITS = "other_benefits"


class StopReason(StrEnum):
    OPT_OUT = "opt_out"
    WRONG_NUMBER = "wrong_number"
    DECEASED = "deceased"


class CaseKind(StrEnum):
    HOME_VISIT = "home_visit"
    HUMAN = "human"
    COMPLAINT = "complaint"
    APPEAL = "appeal"
    POLICY_QUESTION = "policy_question"
    IDENTITY = "identity"
    RIGHTS = "rights"
    """A resident's wish about what is stored of them."""


class CaseState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    RESOLVED = "resolved"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


class CaseReason(StrEnum):
    REQUESTED = "requested"
    LADDER_EXHAUSTED = "ladder_exhausted"
    NO_PHONE = "no_phone"
    CANNOT_USE_PHONE = "cannot_use_phone"
    NOT_UNDERSTOOD = "not_understood"
    BOT_UNAVAILABLE = "bot_unavailable"
    NO_ANSWER_ON_CARD = "no_answer_on_card"
    HELP_TO_APPLY = "help_to_apply"
    CHECK_ENROLMENT = "check_enrolment"
    CHECK_DEATH = "check_death"
    CHECK_MOVE = "check_move"
    FAMILY_MEMBER = "family_member"
    UNKNOWN_CALLER = "unknown_caller"
    STATUS_ENQUIRY = "status_enquiry"
    CALLBACK = "callback"
    SURVEY = "survey"
    """Somebody is to be asked at home how the service was."""
    SURVEY_PROBLEM = "survey_problem"
    COMPLAINT = "complaint"
    REPORTED = "reported"
    """An appeal: a report about another public matter."""
    RELEASE_STOP = "release_stop"
    REFUSE_PROFILING = "refuse_profiling"
    COPY = "copy"
    CORRECTION = "correction"
    ERASURE = "erasure"
    WITHDRAWAL = "withdrawal"
    EXPLANATION = "explanation"


class Urgency(StrEnum):
    NORMAL = "normal"
    HIGH = "high"


class PriorityMark(StrEnum):
    """Why a case comes before others of its kind."""

    LIVING_ALONE = "living_alone"
    NINETY_PLUS = "ninety_plus"
    DISABLED = "disabled"
    DEADLINE_NEAR = "deadline_near"
    COMPLAINT = "complaint"


class AppealCategory(StrEnum):
    """What an appeal is about."""

    NOISE = "noise"
    LIGHTING = "lighting"
    WATER = "water"
    RUBBISH = "rubbish"
    PARKING = "parking"
    LIFT = "lift"
    SAFETY = "safety"
    PROPERTY = "property"
    OTHER = "other"


class CareReason(StrEnum):
    """Why street and community look after somebody."""

    HIGH_AGE = "high_age"
    LIVING_ALONE = "living_alone"
    PREGNANT = "pregnant"
    REPORTED = "reported"
    """Somebody said that they have not been seen for days."""


class CareFound(StrEnum):
    """What was found when somebody looked."""

    WELL = "well"
    HELPED = "helped"
    PASSED_ON = "passed_on"
    NOT_FOUND = "not_found"


class StallOutcome(StrEnum):
    """What came of somebody's benefit at a stall."""

    APPLIED = "applied"
    GUIDED = "guided"
    DECLINED = "declined"


class EscalationLevel(StrEnum):
    """Who has been told that a promise is in danger or broken, in rising order."""

    NONE = "none"
    TEAM = "team"
    SUPERVISOR = "supervisor"
    DISTRICT = "district"


class TeamSkill(StrEnum):
    """What a visiting team is trained for; an application at the door is every team's."""

    HEALTH = "health"
    DISABILITY = "disability"
    SIGN_LANGUAGE = "sign_language"


class Dialect(StrEnum):
    CANTONESE = "cantonese"
    HAKKA = "hakka"
    TEOCHEW = "teochew"


class DayPart(StrEnum):
    MORNING = "morning"
    AFTERNOON = "afternoon"


class AppointmentState(StrEnum):
    STANDING = "standing"
    KEPT = "kept"
    MISSED = "missed"
    CALLED_OFF = "called_off"


class VisitOutcome(StrEnum):
    APPLIED = "applied"
    ATTENDED = "attended"
    DECLINED = "declined"
    ALREADY_ENROLLED = "already_enrolled"
    NOT_HOME = "not_home"
    MOVED = "moved"
    DECEASED = "deceased"


class SurveyWay(StrEnum):
    """How a survey comes to somebody: a channel's message or call, or a visitor who asks and writes down."""

    SMS = "sms"
    CHAT = "chat"
    VOICE = "voice"
    VISIT = "visit"


class InvitationState(StrEnum):
    """How far a member of a survey's frame has come."""

    NOT_DRAWN = "not_drawn"
    DRAWN = "drawn"
    INVITED = "invited"
    PARTIAL = "partial"
    FINISHED = "finished"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"
    HELD_BACK = "held_back"


class PhoneState(StrEnum):
    USABLE = "usable"
    QUARANTINED = "quarantined"
    UNREACHABLE = "unreachable"
    LANDLINE = "landline"
    """Takes calls, and no texts."""


class ResidentStatus(StrEnum):
    PRESENT = "present"
    DECEASED = "deceased"
    MOVED = "moved"


class Role(StrEnum):
    AGENT = "agent"
    TEAM_MEMBER = "team_member"
    SUPERVISOR = "supervisor"
    POLICY_EDITOR = "policy_editor"
    ANALYST = "analyst"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Reach(StrEnum):
    """How far a member of staff sees; what lies beyond is not there for them."""

    DISTRICT = "district"
    STREETS = "streets"
    TEAM = "team"
    DEPARTMENT = "department"


class UndertakingKind(StrEnum):
    """What takes an application beside an export."""

    BULK_VIEW = "bulk_view"
    FEED = "feed"
    DEPARTMENT_USE = "department_use"


class UndertakingState(StrEnum):
    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    ENDED = "ended"


class SubmissionState(StrEnum):
    """Of a card that a department sent in; a second person decides."""

    SUBMITTED = "submitted"
    APPROVED = "approved"
    REFUSED = "refused"


class TalkFlag(StrEnum):
    """Why somebody should look at a conversation."""

    MISUNDERSTOOD = "misunderstood"
    WRONG_ANSWER = "wrong_answer"
    FOLLOW_UP = "follow_up"
    RISK = "risk"
    EXEMPLARY = "exemplary"


class HookTopic(StrEnum):
    """What another system may be told of."""

    CASE_OPENED = "case.opened"
    CASE_CHANGED = "case.changed"
    CONVERSATION_OUTCOME = "conversation.outcome"
    PING = "ping"


class HookState(StrEnum):
    """Of a telling to another system."""

    WAITING = "waiting"
    SENDING = "sending"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


class EventKind(StrEnum):
    MATCHES_FOUND = "matches_found"
    MATCH_CLOSED = "match_closed"
    CONTACT_CHANGED = "contact_changed"
    INBOUND_RECEIVED = "inbound_received"
    TURN_TAKEN = "turn_taken"
    CASE_CHANGED = "case_changed"
    CAMPAIGN_CHANGED = "campaign_changed"
    CARRIER_CHANGED = "carrier_changed"
    STOP_PLACED = "stop_placed"
    RESIDENTS_MERGED = "residents_merged"
    POLICY_CHANGED = "policy_changed"
