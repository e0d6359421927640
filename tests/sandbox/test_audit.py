"""The audit believes the ledger only; each test shows lawful traffic counting nothing, then a breach."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sandbox.audit import Breaches, Waiver, count_breaches
from sandbox.ledger import Ledger
from sandbox.timeline import CHINA, stamp
from tests.sandbox.conftest import Sandbox

NUMBER = "+8613800138001"
NOTHING = Breaches(budget=0, quiet_hours=0, after_stop=0, duplicate_send=0)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-{text}").replace(tzinfo=CHINA)


def _a_ledger(sends: list[str], heard: list[tuple[str, bool]] = [], **changes: Any) -> Ledger:  # noqa: B006
    ledger = Ledger()
    for number, at in enumerate(sends):
        create = {"at": stamp(_at(at)), "to": NUMBER, "contact": str(number), "accepted": True, "sid": f"SM{number}"}
        ledger.creates.append(create | changes)
    ledger.inbound.extend({"at": stamp(_at(at)), "from": NUMBER, "stop": stop} for at, stop in heard)
    return ledger


def test_two_proactive_texts_in_one_day_break_the_budget() -> None:
    assert count_breaches(_a_ledger(["02T10:00", "03T09:00"])) == NOTHING
    assert count_breaches(_a_ledger(["02T10:00", "02T19:00"])).budget == 1


def test_a_fourth_text_within_seven_days_breaks_the_budget() -> None:
    assert count_breaches(_a_ledger(["02T10:00", "04T10:00", "06T10:00", "09T10:00"])) == NOTHING
    assert count_breaches(_a_ledger(["02T10:00", "04T10:00", "06T10:00", "08T10:00"])).budget == 1


def test_an_answer_within_half_an_hour_is_not_proactive() -> None:
    heard = [("02T22:00", False)]
    assert count_breaches(_a_ledger(["02T10:00", "02T22:29", "02T22:30"], heard)) == NOTHING
    late = count_breaches(_a_ledger(["02T10:00", "02T22:31"], heard))
    assert (late.budget, late.quiet_hours) == (1, 1)


def test_what_is_written_on_the_chat_page_is_answered_there() -> None:
    on_the_page = _a_ledger(["02T10:00", "02T12:10"], [("02T12:00", False)])
    assert count_breaches(on_the_page) == NOTHING
    on_the_page.inbound[0]["channel"] = "chat"
    assert count_breaches(on_the_page).budget == 1


def test_a_stop_on_the_chat_page_is_a_stop() -> None:
    ledger = _a_ledger(["02T10:00", "05T11:00"])
    assert count_breaches(ledger) == NOTHING
    ledger.inbound.append({"at": stamp(_at("02T11:00")), "from": NUMBER, "stop": True, "channel": "chat"})
    assert count_breaches(ledger).after_stop == 1


def test_texts_outside_nine_to_twenty_are_in_quiet_hours() -> None:
    assert count_breaches(_a_ledger(["02T09:00", "03T19:59"])) == NOTHING
    assert count_breaches(_a_ledger(["02T08:59", "03T20:00"])).quiet_hours == 2


def test_after_a_stop_one_acknowledgement_is_allowed_and_nothing_else() -> None:
    heard = [("02T11:00", True)]
    assert count_breaches(_a_ledger(["02T10:00", "02T11:01"], heard)) == NOTHING
    assert count_breaches(_a_ledger(["02T10:00", "02T11:01", "02T11:02"], heard)).after_stop == 1
    assert count_breaches(_a_ledger(["02T10:00", "05T11:01"], heard)).after_stop == 1


def test_a_resident_who_writes_again_lifts_their_own_stop() -> None:
    heard = [("02T11:00", True), ("04T11:00", False)]
    assert count_breaches(_a_ledger(["02T11:01", "04T11:02", "06T11:00"], heard)) == NOTHING


def test_one_contact_accepted_twice_is_a_duplicate() -> None:
    twice = _a_ledger(["02T10:00", "03T10:00"], contact="9")
    assert count_breaches(twice).duplicate_send == 1
    refused = _a_ledger(["02T10:00", "03T10:00"], contact="9", accepted=False)
    assert count_breaches(refused) == NOTHING


def test_the_hash_ignores_where_a_link_leads_but_not_that_there_is_one() -> None:
    texts = ("点开：http://127.0.0.1:41/c/abc", "点开：http://127.0.0.1:42/c/xyz", "点开：")
    one, other, none = (_a_ledger(["02T10:00"], body=text).hash() for text in texts)
    assert one == other != none


def test_the_hash_ignores_our_names_for_things_but_nothing_else() -> None:
    plain, renamed, later = (_a_ledger(["02T10:00", "04T10:00"]) for _ in range(3))
    for create in renamed.creates:
        create["contact"] = f"uuid-{create['contact']}"
    later.creates[1]["at"] = stamp(_at("04T10:00") + timedelta(seconds=1))
    assert plain.hash() == renamed.hash()
    assert plain.hash() != later.hash()
    renamed.creates[1]["contact"] = renamed.creates[0]["contact"]
    assert plain.hash() != renamed.hash()


def test_calls_have_a_budget_and_hours_of_their_own() -> None:
    by_text_and_call = _a_ledger(["02T10:00"])
    by_text_and_call.creates += _a_ledger(["02T15:00"], channel="voice", contact="c1").creates
    assert count_breaches(by_text_and_call) == NOTHING
    assert count_breaches(_a_ledger(["02T10:00", "02T15:00"], channel="voice")).budget == 1
    assert count_breaches(_a_ledger(["02T13:00"], channel="voice")).quiet_hours == 1


def test_a_stop_that_was_spoken_counts_like_one_that_was_written() -> None:
    ledger = _a_ledger(["02T10:00", "03T10:00"], channel="voice")
    assert count_breaches(ledger) == NOTHING
    spoken = {"at": stamp(_at("02T10:00")), "number": NUMBER, "said": ["[9]"], "stop": True}
    ledger.calls.append(spoken)
    assert count_breaches(ledger).after_stop >= 1


def test_a_stop_that_the_chat_page_never_took_binds_nobody() -> None:
    ledger = _a_ledger(["02T10:00", "03T10:00"])
    written = {"at": stamp(_at("02T10:00")), "channel": "chat", "from": NUMBER, "stop": True, "acknowledged": False}
    ledger.inbound.append(written)
    assert count_breaches(ledger) == NOTHING
    written["acknowledged"] = True
    assert count_breaches(ledger).after_stop >= 1


NOTICE = "【罗湖区】高温红色预警，请不要外出。"


def _a_waiver(**changes: Any) -> Waiver:
    decided = {"text": NOTICE, "waives": {"hours", "budget"}, "drawn_up_by": "li", "approved_by": "wang"}
    return Waiver.model_validate(decided | changes)


def test_an_urgent_text_may_exceed_what_a_second_person_approved_and_nothing_else() -> None:
    ledger = _a_ledger(["02T10:00"])
    ledger.creates += _a_ledger(["02T22:00"], contact="n", body=f"{NOTICE}退订回T。").creates
    unwaived = Breaches(budget=1, quiet_hours=1, after_stop=0, duplicate_send=0)
    assert count_breaches(ledger, [_a_waiver()]) == NOTHING
    assert count_breaches(ledger) == unwaived
    for nobodys in (_a_waiver(approved_by=None), _a_waiver(approved_by="li"), _a_waiver(text="别的通知，请大家注意。")):
        assert count_breaches(ledger, [nobodys]) == unwaived
    assert count_breaches(ledger, [_a_waiver(waives={"hours"})]).budget == 1
    assert count_breaches(ledger, [_a_waiver(waives={"budget"})]).quiet_hours == 1


def test_a_waived_text_still_counts_for_what_follows_it_and_stops_no_stop() -> None:
    notice_first = _a_ledger(["02T10:00"], body=NOTICE)
    notice_first.creates += _a_ledger(["02T15:00"], contact="o").creates
    assert count_breaches(notice_first, [_a_waiver()]).budget == 1
    stopped = _a_ledger(["03T10:00"], [("02T11:00", True)], body=NOTICE)
    assert count_breaches(stopped, [_a_waiver()]).after_stop == 1


def test_the_office_tells_the_sandbox_what_it_approved(sandbox: Sandbox) -> None:
    decided = _a_waiver().model_dump(mode="json")
    assert sandbox.http.put("/_sandbox/waivers", json=[decided]).json() == {"waivers": 1}
    sandbox.clock("2026-03-02T22:00:00+08:00")
    sandbox.text(NUMBER, NOTICE)
    assert sandbox.http.get("/_sandbox/audit").json()["quiet_hours"] == 0
    sandbox.http.put("/_sandbox/waivers", json=[decided | {"approved_by": None}])
    assert sandbox.http.get("/_sandbox/audit").json()["quiet_hours"] == 1
