from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach_api.hooks.addresses import AddressRefused, check_form, destination, networks

PUBLIC = "93.184.215.14"


def lead_to(*addresses: str, url: str = "https://erp.example.org/x", allowed: tuple[str, ...] = ()) -> str:
    return destination(url, allowed=networks(allowed), look_up=lambda _host, _port: addresses).url


def test_the_address_that_was_checked_is_the_one_connected_to_under_its_own_name() -> None:
    to = destination("https://erp.example.org:8443/x?a=1", look_up=lambda _host, _port: [PUBLIC])
    assert (to.url, to.host, to.host_header) == (
        f"https://{PUBLIC}:8443/x?a=1",
        "erp.example.org",
        "erp.example.org:8443",
    )
    assert lead_to("2606:2800:220:1::1") == "https://[2606:2800:220:1::1]/x"


@pytest.mark.parametrize(
    "inner",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - it is refused
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::1",
        "::7f00:1",
        "::ffff:0:7f00:1",
        "fec0::1",
        "5f00::1",
        "192.88.99.1",
        "192.0.0.8",
        "2001:0:7f00:1::1",
    ],
)
def test_nothing_goes_into_our_own_network(inner: str) -> None:
    with pytest.raises(AddressRefused):
        lead_to(inner)
    # One good address beside it makes it no better: the client could have taken either.
    with pytest.raises(AddressRefused):
        lead_to(PUBLIC, inner)


@given(st.ip_addresses())
def test_only_what_the_registry_calls_global_is_reached(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    try:
        lead_to(str(address))
    except AddressRefused:
        return
    assert address.is_global
    assert not address.is_multicast


def test_a_network_of_ours_is_reached_where_it_was_allowed() -> None:
    assert lead_to("10.1.2.3", url="http://inner/x", allowed=("10.1.2.0/24",)) == "http://10.1.2.3/x"
    with pytest.raises(AddressRefused):
        lead_to("10.1.3.3", url="http://inner/x", allowed=("10.1.2.0/24",))


def test_only_https_leaves_this_network() -> None:
    with pytest.raises(AddressRefused, match="https"):
        lead_to(PUBLIC, url="http://erp.example.org/x")


@pytest.mark.parametrize("url", ["2130706433", "0x7f000001", "017700000001"])
def test_a_number_that_is_an_address_is_resolved_like_any_name(url: str) -> None:
    with pytest.raises(AddressRefused):
        lead_to("127.0.0.1", url=f"https://{url}/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "erp.example.org",
        "ftp://x",
        "file:///etc/passwd",
        "https://",
        "https://a:b@x/",
        "https://x/#y",
        "https://[::1",
    ],
)
def test_what_is_no_address_is_refused_when_it_is_added(url: str) -> None:
    with pytest.raises(AddressRefused):
        check_form(url)


def test_nobody_at_that_name_is_refused() -> None:
    with pytest.raises(AddressRefused):
        lead_to()
