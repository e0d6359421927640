"""SendSms as the vendor answers it: 200 and a code, whether it was taken or not; 400 for a wrong signature."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, Response

router = APIRouter()


@dataclass
class Sms:
    """One account's world."""

    access_key_id: str
    secret: str
    templates: frozenset[str]
    taken: list[dict[str, str]] = field(default_factory=list)
    next_codes: list[str] = field(default_factory=list)
    """Refusals for the next sends, in order."""

    def send(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        given = dict(form)
        signature = given.pop("Signature", "")
        if form.get("AccessKeyId") != self.access_key_id:
            return 404, {"Code": "InvalidAccessKeyId.NotFound"}
        if not hmac.compare_digest(signature, self._sign(given)):
            return 400, {"Code": "SignatureDoesNotMatch"}
        if self.next_codes:
            return 200, {"Code": self.next_codes.pop(0)}
        if form["TemplateCode"] not in self.templates:
            return 200, {"Code": "isv.SMS_TEMPLATE_ILLEGAL"}
        reference = f"{900_000 + len(self.taken)}^0"
        self.taken.append({"biz_id": reference, "params": form["TemplateParam"], **form})
        return 200, {"Code": "OK", "Message": "OK", "BizId": reference}

    def receipts(self) -> str:
        """What would be pushed to say that all of them arrived."""
        return json.dumps(
            [
                {
                    "phone_number": one["PhoneNumbers"],
                    "success": True,
                    "err_code": "DELIVERED",
                    "biz_id": one["biz_id"],
                    "out_id": one["OutId"],
                }
                for one in self.taken
            ]
        )

    def _sign(self, given: dict[str, str]) -> str:
        pairs = sorted(given.items())
        query = "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs)
        signed = f"POST&%2F&{quote(query, safe='-_.~')}"
        return b64encode(hmac.digest(f"{self.secret}&".encode(), signed.encode(), "sha1")).decode()


@router.post("/")
async def send(request: Request) -> Response:
    sms: Sms | None = request.app.state.alibaba
    if sms is None:
        return JSONResponse({"Code": "InvalidAccessKeyId.NotFound"}, status_code=404)
    status, answer = sms.send(dict(parse_qsl((await request.body()).decode(), keep_blank_values=True)))
    return JSONResponse(answer, status_code=status)


def build_app(sms: Sms) -> FastAPI:
    app = FastAPI(title="Alibaba Cloud SMS", openapi_url=None)
    app.state.alibaba = sms
    app.include_router(router)
    return app
