from __future__ import annotations

import pytest

from models.hook import HookDelivery
from models.vocabulary import HookState, Role
from tests.api.conftest import Api
from tests.builders import an_undertaking

ERP = {"name": "erp", "url": "https://erp.example.org/hooks", "topics": ["case.opened"], "undertaking_id": 1}


@pytest.fixture(autouse=True, scope="module")
def undertaken(api: Api) -> None:
    with api.sessions.write() as session:
        an_undertaking(session, "queue.read")


def test_a_webhook_is_added_tried_and_ended(api: Api) -> None:
    added = api.post("/webhooks", ERP, by=Role.ADMINISTRATOR).json()
    assert added["secret"].startswith("whsec_")
    assert "secret" not in api.get("/webhooks", by=Role.AUDITOR).text
    path = f"/webhooks/{added['id']}"
    sent = api.post(f"{path}/ping", by=Role.ADMINISTRATOR).json()
    (told,) = api.get(f"{path}/deliveries", by=Role.AUDITOR).json()["items"]
    assert (told["id"], told["state"], told["body"]["type"]) == (sent["id"], "waiting", "ping")
    again = f"/webhook-deliveries/{sent['id']}/again"
    assert api.post(again, by=Role.ADMINISTRATOR).status_code == 409
    with api.sessions.write() as session:
        session.get_one(HookDelivery, sent["id"]).state = HookState.GIVEN_UP
    assert api.post(again, by=Role.ADMINISTRATOR).json()["state"] == "waiting"
    assert api.call("DELETE", path, by=Role.ADMINISTRATOR).json()["ended_because"] is not None
    assert api.post(f"{path}/ping", by=Role.ADMINISTRATOR).status_code == 409


def test_a_webhook_that_makes_no_sense_is_refused(api: Api) -> None:
    strange: list[dict[str, object]] = [
        {"url": "ftp://x.example.org"},
        {"topics": []},
        {"topics": ["everything"]},
        {"url": "https://a:b@x/"},
    ]
    for wrong in strange:
        assert api.post("/webhooks", ERP | {"name": "x"} | wrong, by=Role.ADMINISTRATOR).status_code == 422
    assert api.post("/webhooks", ERP | {"name": "twice"}, by=Role.ADMINISTRATOR).status_code == 200
    assert api.post("/webhooks", ERP | {"name": "twice"}, by=Role.ADMINISTRATOR).status_code == 409
    assert api.get("/webhooks/999/deliveries", by=Role.AUDITOR).status_code == 404
