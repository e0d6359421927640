"""OpenID Connect as a provider speaks it: discovery, a page to sign in at, tokens for a code, keys, a user's facts."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus, urlencode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

TOKEN_SECONDS = 300
SCOPE_CLAIMS = ("name", "id_number", "preferred_username")


class Refused(Exception):  # noqa: N818
    """An error of the protocol, by its published name."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


@dataclass(frozen=True)
class Client:
    client_id: str
    secret: str
    redirect_uris: tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    """An authorization request that was let through to the page."""

    client: Client
    redirect_uri: str
    state: str
    nonce: str
    challenge: str


@dataclass
class Provider:
    """`people` by their subject: the claims the provider knows of each."""

    issuer: str
    clients: dict[str, Client]
    people: dict[str, dict[str, str]]
    claims_in_token: bool = True
    """Else only the user's facts hold them."""
    changes: dict[str, Any] = field(default_factory=dict)
    """Claims of the next tokens that are made otherwise, for a bad day."""
    _asked: dict[str, Asked] = field(default_factory=dict)
    _codes: dict[str, tuple[Asked, str]] = field(default_factory=dict)
    _granted: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.renew_key()

    def renew_key(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._key_id = secrets.token_hex(4)

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
        }

    def keys(self) -> dict[str, Any]:
        numbers = self._key.public_key().public_numbers()
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self._key_id}
        return {"keys": [{**key, "n": _number(numbers.n), "e": _number(numbers.e)}]}

    def ask(self, query: dict[str, str]) -> str:
        """Take an authorization request in; its name on the page.

        Raises:
            Refused: an unknown client or address, or a request without what is asked of it.
        """
        client = self.clients.get(query.get("client_id", ""))
        if client is None or query.get("redirect_uri") not in client.redirect_uris:
            raise Refused("unauthorized_client")
        wanted = query.get("response_type") == "code" and "openid" in query.get("scope", "").split()
        if not wanted or query.get("code_challenge_method") != "S256" or not query.get("code_challenge"):
            raise Refused("invalid_request")
        name = secrets.token_urlsafe(12)
        self._asked[name] = Asked(
            client, query["redirect_uri"], query.get("state", ""), query.get("nonce", ""), query["code_challenge"]
        )
        return name

    def answer(self, name: str, subject: str) -> str:
        """Somebody has signed in, or (no subject) has not wanted to: where the browser goes.

        Raises:
            Refused: nothing was asked, or nobody is called so.
        """
        asked = self._asked.pop(name, None)
        if asked is None or (subject and subject not in self.people):
            raise Refused("invalid_request")
        if not subject:
            return f"{asked.redirect_uri}?{urlencode({'error': 'access_denied', 'state': asked.state})}"
        code = secrets.token_urlsafe(16)
        self._codes[code] = (asked, subject)
        return f"{asked.redirect_uri}?{urlencode({'code': code, 'state': asked.state, 'iss': self.issuer})}"

    def exchange(self, authorization: str, form: dict[str, str]) -> dict[str, Any]:
        """Tokens for a code, which counts once.

        Raises:
            Refused: another client, address, verifier, or a code that is spent.
        """
        asked, subject = self._codes.pop(form.get("code", ""), (None, ""))
        if asked is None or form.get("grant_type") != "authorization_code":
            raise Refused("invalid_grant")
        if _named_by(authorization) != (asked.client.client_id, asked.client.secret):
            raise Refused("invalid_client")
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if form.get("redirect_uri") != asked.redirect_uri or _encoded(verifier) != asked.challenge:
            raise Refused("invalid_grant")
        access = secrets.token_urlsafe(16)
        self._granted[access] = subject
        token = self._id_token(asked, subject)
        return {"access_token": access, "token_type": "Bearer", "expires_in": TOKEN_SECONDS, "id_token": token}

    def facts(self, authorization: str) -> dict[str, str]:
        """Raises: Refused: the token is none of ours."""
        subject = self._granted.get(authorization.removeprefix("Bearer "))
        if subject is None:
            raise Refused("invalid_token")
        return {"sub": subject, **self.people[subject]}

    def page(self, name: str) -> str:
        """A button for everybody who is known, as a rehearsal wants it."""
        people = "".join(
            f'<p><button name="subject" value="{html.escape(subject)}">{html.escape(known["name"])}</button></p>'
            for subject, known in self.people.items()
        )
        return (
            '<!doctype html><html lang="zh-CN"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1"><title>统一身份认证（沙盒）</title>'
            "<h1>统一身份认证（沙盒）</h1><p>点一个名字，就是用这个人的实名登录。</p>"
            f'<form method="post" action="authorize"><input type="hidden" name="asked" value="{name}">{people}'
            '<p><button name="subject" value="">不登录</button></p></form>'
        )

    def _id_token(self, asked: Asked, subject: str) -> str:
        now = int(datetime.now(UTC).timestamp())
        known = {name: self.people[subject][name] for name in SCOPE_CLAIMS if name in self.people[subject]}
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": subject,
            "aud": asked.client.client_id,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "nonce": asked.nonce,
            **(known if self.claims_in_token else {}),
            **self.changes,
        }
        head = {"alg": "RS256", "typ": "JWT", "kid": self._key_id}
        signed = ".".join(_encoded(json.dumps(part).encode()) for part in (head, claims))
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_encoded(signature)}"


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _number(value: int) -> str:
    return _encoded(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _named_by(authorization: str) -> tuple[str, str]:
    """Name and secret of HTTP Basic, each encoded as in a form before they are put together."""
    name, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
    return unquote_plus(name), unquote_plus(secret)
