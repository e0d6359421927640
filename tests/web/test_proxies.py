"""Who came: the connection's address, or what a proxy of ours says; nobody else says anything."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.types import Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from outreach_api.commands.service import server_config
from outreach_api.settings import ROOT, Settings


async def seen_by(settings: Settings, client: str, forwarded: str) -> str:
    """Whom the application sees at such a request."""
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["client"][0])

    config = server_config(app, settings)
    config.load()
    headers = [(b"x-forwarded-for", forwarded.encode())]
    scope: Any = {"type": "http", "client": (client, 40_000), "headers": headers, "scheme": "http"}
    assert isinstance(config.loaded_app, ProxyHeadersMiddleware)
    nothing: Any = None
    await config.loaded_app(scope, nothing, nothing)
    return seen[0]


@pytest.mark.parametrize(
    ("client", "forwarded", "seen"),
    [
        ("10.9.0.7", "203.0.113.5", "203.0.113.5"),
        ("10.9.0.7", "198.51.100.1, 203.0.113.5", "203.0.113.5"),
        ("203.0.113.9", "203.0.113.5", "203.0.113.9"),
        ("127.0.0.1", "203.0.113.5", "127.0.0.1"),
    ],
)
def test_a_proxy_of_ours_is_believed_and_nobody_else(client: str, forwarded: str, seen: str, tmp_path: Path) -> None:
    settings = Settings(_env_file=None, home=tmp_path, trusted_proxies=["10.9.0.0/24"])
    assert asyncio.run(seen_by(settings, client, forwarded)) == seen


def test_the_example_of_a_deployment_trusts_its_own_front_and_nothing_wider() -> None:
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))
    trusted = json.loads(compose["services"]["api"]["environment"]["OUTREACH_TRUSTED_PROXIES"])
    (net,) = compose["networks"]["default"]["ipam"]["config"]
    assert trusted == [net["subnet"]]
    front = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in front, "what a browser says of itself is not passed on"
    assert re.findall(r"set_real_ip_from (\S+);", front) == [net["gateway"]]
    assert ipaddress.ip_address(net["gateway"]) in ipaddress.ip_network(net["subnet"])


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        ("/c/AbC_d-1/messages", "/c/-/messages"),
        ("/webhooks/alibaba/the-secret/receipts", "/webhooks/alibaba/-/receipts"),
        ("/cases/7", "/cases/7"),
    ],
)
def test_the_fronts_log_keeps_no_secret_of_an_address(path: str, logged: str) -> None:
    front = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")
    assert "'$remote_addr $request_method $plain_uri " in front
    rules = re.findall(r"~(\S+) (\S+)\$rest;", front)
    assert len(rules) == 2
    found = path
    for pattern, shown in rules:
        match = re.match(pattern.replace("(?<", "(?P<"), path)
        found = shown + match["rest"] if match else found
    assert found == logged
