"""Every fault that the checker of cards is known to find can be read in Chinese."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from models.vocabulary import Role
from outreach_api.web.fault_words import in_chinese
from scheduler.policies.check import read_card_text
from tests.policies.test_check import EDITS, GARBAGE
from tests.web.conftest import TestClient, form_token
from tests.web.test_policies import ALLOWANCE

SignedIn = Callable[[Role], TestClient]
TEXTS = [content.decode() for content, _ in GARBAGE.values() if content.isascii()]
EDITED = [ALLOWANCE.replace(old, new, 1) for old, new, _, _ in EDITS.values()]
BARE = ["id: x", "", "id: [1]\nversion: one\nname: 5\nkind: 7\nreply: yes\nrule: {all: []}\nsources: {}\nfaqs: x"]


@pytest.mark.parametrize("text", [*TEXTS, *EDITED, *BARE], ids=range(len(TEXTS) + len(EDITED) + len(BARE)))
def test_each_fault_and_each_remedy_has_its_chinese(text: str) -> None:
    _, faults = read_card_text("card", text)
    untold = {said for fault in faults for said in (fault.problem, fault.remedy) if in_chinese(said) is None}
    assert faults
    assert untold == set()


def test_what_nobody_wrote_in_chinese_is_told_as_it_is() -> None:
    assert in_chinese("something unheard of") is None


def test_the_editor_reads_faults_and_refusals_in_their_own_tongue(signed_in: SignedIn) -> None:
    client = signed_in(Role.POLICY_EDITOR)
    token = form_token(client.get("/policies/new").text)
    broken = {"csrf": token, "text": ALLOWANCE.replace("kind: cash", "kind: gold", 1)}
    assert "应该是 &#39;cash&#39; 或 &#39;service&#39;" in client.post("/policies/check", data=broken).text
    assert "请写成 version: 2" in client.post("/policies/submit", data={"csrf": token, "text": ALLOWANCE}).text
    client.get("/display?locale=en&back=/")
    assert "input should be &#39;cash&#39;" in client.post("/policies/check", data=broken).text
