"""Texts to mainland numbers by Alibaba Cloud SMS: approved templates with variables, our contact id as OutId."""

from __future__ import annotations

import hmac
import json
import secrets
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from urllib.parse import quote

import httpx

from models.vocabulary import Cause
from outreach_api.channels.carrier import Accepted, Hearing, Listing, OutgoingText, Rejected, SendResult, Unknown
from outreach_api.channels.dialling import MAINLAND, may_be_dialled
from outreach_api.channels.domestic_settings import ANY_TEMPLATE, AlibabaSettings

CARRIER_DOWN_RETRY_SECONDS = 60.0
ACCOUNT_RETRY_SECONDS = 900.0
BUSY_RETRY_SECONDS = 5.0
LONGEST_CODE = 16
_SYSTEM_FAULTS = frozenset({"isp.SYSTEM_ERROR", "isp.GATEWAY_ERROR", "ServiceUnavailable", "InternalError"})

# The vendor's code → the cause, and when it may be tried again if it was turned away for now.
CAUSES: Mapping[str, tuple[Cause, float | None]] = MappingProxyType(
    {
        "isv.MOBILE_NUMBER_ILLEGAL": (Cause.INVALID_NUMBER, None),
        "isv.BUSINESS_LIMIT_CONTROL": (Cause.RATE_LIMITED, None),
        "isv.DAY_LIMIT_CONTROL": (Cause.RATE_LIMITED, None),
        "isv.BLACK_KEY_CONTROL_LIMIT": (Cause.FILTERED, None),
        "isv.PARAM_LENGTH_LIMIT": (Cause.FILTERED, None),
        "isv.TEMPLATE_MISSING_PARAMETERS": (Cause.FILTERED, None),
        "isv.AMOUNT_NOT_ENOUGH": (Cause.ACCOUNT, ACCOUNT_RETRY_SECONDS),
        "isv.ACCOUNT_ABNORMAL": (Cause.ACCOUNT, ACCOUNT_RETRY_SECONDS),
        "isv.OUT_OF_SERVICE": (Cause.ACCOUNT, ACCOUNT_RETRY_SECONDS),
        "isv.SMS_SIGNATURE_ILLEGAL": (Cause.ACCOUNT, ACCOUNT_RETRY_SECONDS),
        "isv.SMS_TEMPLATE_ILLEGAL": (Cause.ACCOUNT, ACCOUNT_RETRY_SECONDS),
        "isp.RAM_PERMISSION_DENY": (Cause.ACCOUNT, ACCOUNT_RETRY_SECONDS),
        "SignatureDoesNotMatch": (Cause.ACCOUNT, ACCOUNT_RETRY_SECONDS),
        "InvalidAccessKeyId.NotFound": (Cause.ACCOUNT, ACCOUNT_RETRY_SECONDS),
        "Throttling.User": (Cause.RATE_LIMITED, BUSY_RETRY_SECONDS),
    }
)


def signature(method: str, parameters: Mapping[str, str], secret: str) -> str:
    """HMAC-SHA1 over the method and the sorted parameters, as the vendor's RPC interface wants it."""
    query = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in sorted(parameters.items()))
    signed = f"{method}&{_encoded('/')}&{_encoded(query)}"
    return b64encode(hmac.digest(f"{secret}&".encode(), signed.encode(), "sha1")).decode()


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")


def short_code(code: str) -> str:
    """As much of the vendor's code as a contact keeps."""
    return code.rpartition(".")[2][:LONGEST_CODE]


class AlibabaCarrier:
    """A `TextCarrier`. What it sent is listed by number only, never as a whole: unknown is settled by its receipts."""

    name = "alibaba"

    def __init__(
        self, settings: AlibabaSettings, now: Callable[[], datetime], *, http: httpx.Client | None = None
    ) -> None:
        self.sender = settings.sign_name
        self._settings, self._now = settings, now
        self._http = http or httpx.Client(base_url=settings.base_url, timeout=settings.timeout_seconds, trust_env=False)

    def close(self) -> None:
        self._http.close()

    def carries(self, message: OutgoingText) -> bool:
        """Whether there is an approved template for it, and the number is of the mainland."""
        if not may_be_dialled(message.to, allowed=[MAINLAND]):
            return False
        templates = self._settings.templates
        return message.template_key in templates or ANY_TEMPLATE in templates

    def send(self, message: OutgoingText) -> SendResult:
        try:
            answer = self._http.post("/", data=self._signed(message))
            said = answer.json()
            code, reference = str(said["Code"]), str(said.get("BizId", ""))
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return Rejected(Cause.CARRIER_FAULT, None, CARRIER_DOWN_RETRY_SECONDS)
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as fault:
            return Unknown(type(fault).__name__)
        if code == "OK":
            return Accepted(reference) if reference else Unknown("no BizId in the answer")
        if code in _SYSTEM_FAULTS:
            return Unknown(short_code(code))
        cause, retry = CAUSES.get(code, (Cause.FILTERED, None))
        return Rejected(cause, short_code(code), retry)

    def _signed(self, message: OutgoingText) -> dict[str, str]:
        template = self._settings.templates.get(message.template_key)
        variables = message.variables if template else {"content": message.text}
        given = {
            "AccessKeyId": self._settings.access_key_id,
            "Action": "SendSms",
            "Format": "JSON",
            "OutId": str(message.contact_id),
            "PhoneNumbers": message.to.removeprefix(MAINLAND),
            "SignName": self.sender,
            "SignatureMethod": "HMAC-SHA1",
            "SignatureNonce": secrets.token_hex(16),
            "SignatureVersion": "1.0",
            "TemplateCode": template or self._settings.templates[ANY_TEMPLATE],
            "TemplateParam": json.dumps(variables, ensure_ascii=False),
            "Timestamp": f"{self._now().astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "Version": "2017-05-25",
        }
        secret = self._settings.access_key_secret.get_secret_value()
        return {**given, "Signature": signature("POST", given, secret)}

    def sent_between(self, since: datetime, until: datetime) -> Listing:
        return Listing([], complete=False)

    def heard_between(self, since: datetime, until: datetime) -> Hearing:
        return Hearing([], complete=False)
