"""What a provider's word is worth: the code is exchanged once, and the token is for us, for this round, and lately."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from models.crypto import new_key_ring
from outreach_api.signin.cookie import LASTS, Kept, seal, unseal
from outreach_api.signin.relying_party import Failure, RelyingParty, RoundTrip, SignInFailed
from tests.signin.conftest import CHEN, OURS, Identities, asked_for

BACK = f"{OURS}/real-name/callback"


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def party(identities: Identities) -> Iterator[RelyingParty]:
    party = RelyingParty(identities.real_name())
    yield party
    party.close()


def code_of(identities: Identities, party: RelyingParty, trip: RoundTrip, who: str = "chen") -> str:
    return asked_for(identities.sign_in(party.address(trip, redirect_uri=BACK), who)).get("code", "")


def failure(party: RelyingParty, code: str, trip: RoundTrip) -> Failure:
    with pytest.raises(SignInFailed) as caught:
        party.who(code, trip, redirect_uri=BACK, now=now())
    return caught.value.failure


def test_a_code_becomes_the_claim_and_the_address_tells_nothing(identities: Identities, party: RelyingParty) -> None:
    trip = RoundTrip.begin()
    asked = asked_for(party.address(trip, redirect_uri=BACK))
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert trip.verifier not in str(asked)
    assert party.who(code_of(identities, party, trip), trip, redirect_uri=BACK, now=now()) == CHEN


def test_a_code_counts_once_and_only_with_its_verifier(identities: Identities, party: RelyingParty) -> None:
    trip = RoundTrip.begin()
    code = code_of(identities, party, trip)
    assert party.who(code, trip, redirect_uri=BACK, now=now()) == CHEN
    assert failure(party, code, trip) is Failure.NOT_GENUINE
    stolen = code_of(identities, party, trip)
    assert failure(party, stolen, RoundTrip.begin()) is Failure.NOT_GENUINE


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another-party"},
        {"aud": ["residents", "another"], "azp": "another"},
        {"iss": "https://elsewhere.example"},
        {"nonce": "of-another-round"},
        {"nonce": None},
        {"exp": 1_000_000_000},
        {"iat": 4_000_000_000},
        {"exp": "soon"},
        {"sub": None},
        {"id_number": ""},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_us_or_not_for_now_is_not_believed(
    identities: Identities, party: RelyingParty, changes: dict[str, Any]
) -> None:
    trip = RoundTrip.begin()
    identities.provider.changes = changes
    identities.provider.claims_in_token = "id_number" not in changes
    if "id_number" in changes:
        identities.provider.people["nameless"] = {"name": "无"}
    code = code_of(identities, party, trip, "nameless" if "id_number" in changes else "chen")
    assert failure(party, code, trip) is Failure.NOT_GENUINE


def test_a_token_signed_with_another_key_is_not_believed(
    identities: Identities, party: RelyingParty, monkeypatch: pytest.MonkeyPatch
) -> None:
    trip = RoundTrip.begin()
    published = identities.provider.keys()
    identities.provider.renew_key()
    monkeypatch.setattr(identities.provider, "keys", lambda: published)
    assert failure(party, code_of(identities, party, trip), trip) is Failure.NOT_GENUINE


def test_a_key_that_was_renewed_is_asked_for_again(identities: Identities, party: RelyingParty) -> None:
    for _ in range(2):
        trip = RoundTrip.begin()
        assert party.who(code_of(identities, party, trip), trip, redirect_uri=BACK, now=now()) == CHEN
        identities.provider.renew_key()


def test_what_the_token_does_not_say_the_users_facts_do(identities: Identities, party: RelyingParty) -> None:
    identities.provider.claims_in_token = False
    trip = RoundTrip.begin()
    assert party.who(code_of(identities, party, trip), trip, redirect_uri=BACK, now=now()) == CHEN


def test_who_does_not_sign_in_brings_no_code(identities: Identities, party: RelyingParty) -> None:
    trip = RoundTrip.begin()
    assert code_of(identities, party, trip, "") == ""
    assert failure(party, "", trip) is Failure.CANCELLED


def test_a_provider_that_does_not_answer_or_calls_itself_otherwise(identities: Identities) -> None:
    away = RelyingParty(identities.real_name(issuer="http://127.0.0.1:9"))
    other = RelyingParty(identities.real_name(issuer=identities.provider.issuer + "/"))
    for party, expected in ((away, Failure.UNREACHED), (other, Failure.NOT_GENUINE)):
        with pytest.raises(SignInFailed) as caught:
            party.address(RoundTrip.begin(), redirect_uri=BACK)
        assert caught.value.failure is expected
        party.close()


def test_an_issuer_is_reached_by_https(identities: Identities) -> None:
    with pytest.raises(ValidationError, match="https"):
        identities.real_name(issuer="http://identity.example")


def test_a_round_ends_in_the_browser_that_began_it_and_in_time() -> None:
    ring, kept = new_key_ring(), Kept(RoundTrip.begin(), "token")
    sealed = seal(ring, kept, purpose="real_name", now=now())
    assert "token" not in sealed
    assert unseal(ring, sealed, kept.trip.state, purpose="real_name", now=now()) == kept
    for broken in (
        {"sealed": ""},
        {"sealed": "k.AAAA"},
        {"state": "another"},
        {"purpose": "staff_oidc"},
        {"now": now() + LASTS},
    ):
        given = {"sealed": sealed, "state": kept.trip.state, "purpose": "real_name", "now": now()} | broken
        with pytest.raises(SignInFailed):
            unseal(ring, str(given.pop("sealed")), str(given.pop("state")), **given)  # type: ignore[arg-type]
