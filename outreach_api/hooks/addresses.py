"""Where a webhook may go: never into our own network, unless it was allowed, whatever a name resolves to."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Sequence[str]]
# Of IPv6 only what is given out to the public; the rest, old site-local addresses and IPv4 in disguise, is not.
GIVEN_OUT = ipaddress.IPv6Network("2000::/3")
# Translated, tunnelled and relayed addresses lead to one that is not looked at.
TUNNELS = tuple(ipaddress.ip_network(text) for text in ("2002::/16", "2001::/32", "192.88.99.0/24", "192.0.0.0/24"))


class AddressRefused(ValueError):  # noqa: N818
    """No webhook goes there; says why."""


@dataclass(frozen=True)
class Destination:
    """The one address that is connected to, and the name that its certificate has to carry."""

    url: str
    host: str
    host_header: str


def resolve(host: str, port: int) -> Sequence[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def destination(url: str, *, allowed: Sequence[Network] = (), look_up: Resolve = resolve) -> Destination:
    """Resolve once, check every address, and give the one to connect to: a second look-up could answer otherwise.

    Raises:
        AddressRefused: not https, or an address that is not public and not allowed.
        OSError: the name does not resolve.
    """
    parsed = check_form(url)
    port = parsed.port or (443 if parsed.scheme == "https" else 80)
    addresses = [ipaddress.ip_address(text.partition("%")[0]) for text in look_up(parsed.host, port)]
    private = [address for address in addresses if not _is_public(address)]
    if not addresses or any(not _is_among(address, allowed) for address in private):
        raise AddressRefused("its name leads to an address that is not public")
    if parsed.scheme != "https" and len(private) < len(addresses):
        raise AddressRefused("only https leaves this network")
    pinned = parsed.copy_with(host=str(addresses[0]), port=port)
    return Destination(str(pinned), parsed.host, parsed.netloc.decode())


def check_form(url: str) -> httpx.URL:
    """An address as a target may have it.

    Raises:
        AddressRefused: it is none, or carries a name and password or a fragment.
    """
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as fault:
        raise AddressRefused("this is no address") from fault
    if parsed.scheme not in {"https", "http"} or not parsed.host:
        raise AddressRefused("an address begins with https://")
    if parsed.userinfo or parsed.fragment:
        raise AddressRefused("an address carries no name, password or fragment")
    return parsed


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """What the settings allow.

    Raises:
        ValueError: one is no network.
    """
    return tuple(ipaddress.ip_network(text) for text in texts)


def _is_public(address: Address) -> bool:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    real = mapped or address
    if isinstance(real, ipaddress.IPv6Address) and real not in GIVEN_OUT:
        return False
    return real.is_global and not real.is_multicast and not any(real in tunnel for tunnel in TUNNELS)


def _is_among(address: Address, allowed: Sequence[Network]) -> bool:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return any((mapped or address) in network for network in allowed)
