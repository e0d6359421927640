"""What we are to an identity provider: authorization code, PKCE, state, nonce, and an identity token that is checked.

Nothing the browser brings back is believed: the code is exchanged by us, and the token must be signed with the
provider's key, for us, for this very round, and lately.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import jwt

from outreach_api.signin.settings import OidcSettings

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
"""Signed with a key only the provider has; never `none`, never our own secret."""
LEEWAY = timedelta(minutes=1)
METADATA_LASTS_SECONDS = 3600.0
REQUIRED = ("iss", "sub", "aud", "exp", "iat")


class Failure(StrEnum):
    CANCELLED = "cancelled"
    UNREACHED = "unreached"
    NOT_GENUINE = "not_genuine"


class SignInFailed(Exception):  # noqa: N818
    """It came to nothing; `failure` is for the page, the message for the log. Neither holds anything personal."""

    def __init__(self, failure: Failure, why: str) -> None:
        super().__init__(why)
        self.failure = failure


@dataclass(frozen=True)
class RoundTrip:
    """What must come back with the browser, or fit what does."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def begin(cls) -> RoundTrip:
        return cls(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48))

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


@dataclass(frozen=True)
class Vouched:
    """Whom the provider vouches for; by which methods, and of which class, the sign-in was."""

    who: str
    amr: frozenset[str] = frozenset()
    acr: str = ""


class RelyingParty:
    def __init__(self, settings: OidcSettings, *, http: httpx.Client | None = None) -> None:
        self.settings = settings
        self._http = http or httpx.Client(timeout=settings.timeout_seconds, trust_env=False)
        self._known: dict[str, tuple[float, dict[str, Any]]] = {}

    def close(self) -> None:
        self._http.close()

    def address(self, trip: RoundTrip, *, redirect_uri: str) -> str:
        """Where to send the browser.

        Raises:
            SignInFailed: the provider does not say.
        """
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": self.settings.scopes,
            "state": trip.state,
            "nonce": trip.nonce,
            "code_challenge": trip.challenge,
            "code_challenge_method": "S256",
        }
        wanted = getattr(self.settings, "acr", [])
        if wanted:
            asked["acr_values"] = " ".join(wanted)
        endpoint = str(self._metadata()["authorization_endpoint"])
        return endpoint + ("&" if "?" in endpoint else "?") + urlencode(asked)

    def who(self, code: str, trip: RoundTrip, *, redirect_uri: str, now: datetime) -> str:
        """The claim that says who it is, of whoever signed in there.

        Raises:
            SignInFailed: as `vouched` does.
        """
        return self.vouched(code, trip, redirect_uri=redirect_uri, now=now).who

    def vouched(self, code: str, trip: RoundTrip, *, redirect_uri: str, now: datetime) -> Vouched:
        """Who signed in there, and what the signed token says of how.

        Raises:
            SignInFailed: they did not, the provider does not answer, or what it says does not hold.
        """
        if not code:
            raise SignInFailed(Failure.CANCELLED, "came back without a code")
        tokens = self._exchange(code, trip, redirect_uri)
        claims = self._checked(str(tokens.get("id_token", "")), trip, now)
        found = claims.get(self.settings.claim) or self._userinfo(tokens, claims).get(self.settings.claim)
        if not isinstance(found, str) or not found.strip():
            raise SignInFailed(Failure.NOT_GENUINE, f"there is no claim {self.settings.claim}")
        methods, level = claims.get("amr"), claims.get("acr")
        return Vouched(
            found.strip(),
            frozenset(str(method) for method in methods) if isinstance(methods, list) else frozenset(),
            level if isinstance(level, str) else "",
        )

    def _exchange(self, code: str, trip: RoundTrip, redirect_uri: str) -> dict[str, Any]:
        metadata = self._metadata()
        client_id, secret = self.settings.client_id, self.settings.client_secret.get_secret_value()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": trip.verifier,
        }
        basic = "client_secret_basic" in metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if not (secret and basic):
            form |= {"client_id": client_id} | ({"client_secret": secret} if secret else {})
        auth = httpx.BasicAuth(quote(client_id, safe=""), quote(secret, safe="")) if secret and basic else None
        return self._json("POST", str(metadata["token_endpoint"]), data=form, auth=auth)

    def _checked(self, id_token: str, trip: RoundTrip, now: datetime) -> dict[str, Any]:
        settings = self.settings
        try:
            header = jwt.get_unverified_header(id_token)
            claims: dict[str, Any] = jwt.decode(
                id_token,
                key=self._key(header.get("kid")),
                algorithms=ALGORITHMS,
                audience=settings.client_id,
                issuer=settings.issuer,
                # Times are held against the clock that is given, below.
                options={"require": [*REQUIRED], "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
        except jwt.PyJWTError as fault:
            raise SignInFailed(Failure.NOT_GENUINE, type(fault).__name__) from fault
        why = _does_not_hold(claims, settings.client_id, trip, now)
        if why:
            raise SignInFailed(Failure.NOT_GENUINE, why)
        return claims

    def _key(self, key_id: str | None) -> jwt.PyJWK:
        """The key that a token names; the provider's are asked for again where it names one we have not seen."""
        found = self._key_among(self._keys(), key_id) or self._key_among(self._keys(again=True), key_id)
        if found is None:
            raise SignInFailed(Failure.NOT_GENUINE, "signed with a key the provider does not publish")
        return found

    def _key_among(self, keys: dict[str, Any], key_id: str | None) -> jwt.PyJWK | None:
        usable = [key for key in jwt.PyJWKSet.from_dict(keys).keys if key.public_key_use in (None, "sig")]
        named = [key for key in usable if key.key_id == key_id] if key_id else usable
        return named[0] if len(named) == 1 else None

    def _keys(self, *, again: bool = False) -> dict[str, Any]:
        return self._read(str(self._metadata()["jwks_uri"]), again=again)

    def _userinfo(self, tokens: Mapping[str, Any], claims: Mapping[str, Any]) -> dict[str, Any]:
        endpoint = self._metadata().get("userinfo_endpoint")
        if not endpoint or not tokens.get("access_token"):
            return {}
        said = self._json("GET", str(endpoint), headers={"authorization": f"Bearer {tokens['access_token']}"})
        if said.get("sub") != claims["sub"]:
            raise SignInFailed(Failure.NOT_GENUINE, "the user's facts are somebody else's")
        return said

    def _metadata(self) -> dict[str, Any]:
        found = self._read(self.settings.issuer.rstrip("/") + "/.well-known/openid-configuration")
        if found.get("issuer") != self.settings.issuer:
            raise SignInFailed(Failure.NOT_GENUINE, "the provider calls itself otherwise")
        return found

    def _read(self, url: str, *, again: bool = False) -> dict[str, Any]:
        kept = self._known.get(url)
        if kept and not again and time.monotonic() - kept[0] < METADATA_LASTS_SECONDS:
            return kept[1]
        found = self._json("GET", url)
        self._known[url] = (time.monotonic(), found)
        return found

    def _json(self, method: str, url: str, **request: Any) -> dict[str, Any]:
        try:
            answer = self._http.request(method, url, **request)
            said = answer.raise_for_status().json()
        except httpx.HTTPStatusError as fault:
            failure = Failure.UNREACHED if fault.response.status_code >= 500 else Failure.NOT_GENUINE
            raise SignInFailed(failure, f"the provider answers {fault.response.status_code}") from fault
        except (httpx.HTTPError, ValueError) as fault:
            raise SignInFailed(Failure.UNREACHED, type(fault).__name__) from fault
        if not isinstance(said, dict):
            raise SignInFailed(Failure.UNREACHED, "the provider's answer is no object")
        return said


def _does_not_hold(claims: Mapping[str, Any], client_id: str, trip: RoundTrip, now: datetime) -> str | None:
    """Why a token that is genuine still is not for this round, if so."""
    audience = claims["aud"]
    if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != client_id:
        return "given to another party"
    if not secrets.compare_digest(str(claims.get("nonce", "")).encode(), trip.nonce.encode()):
        return "of another round"
    at, leeway = now.timestamp(), LEEWAY.total_seconds()
    times = [claims["exp"], claims["iat"], claims.get("nbf", claims["iat"])]
    if not all(isinstance(each, int | float) for each in times):
        return "its times are no times"
    expires, issued, begins = times
    return None if max(issued, begins) - leeway <= at < expires + leeway else "too old, or by another clock"
