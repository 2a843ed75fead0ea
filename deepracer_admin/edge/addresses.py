"""Where an address leads, read as the system's own resolver would read it. Pure, but for `resolved`.

A host has many spellings: `127.1`, `0x7f000001`, `2130706433`, `localhost.`, `::ffff:127.0.0.1` and `0.0.0.0` all reach
this computer (RFC 3986 7.4, inet_aton(3), RFC 4291 2.5.5, RFC 6761 6.3).
"""

from __future__ import annotations

import ipaddress
import re
import socket
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit

__all__ = ["LOOPBACK", "Where", "is_this_machine", "resolved", "split", "where"]

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
"""The names under which a rehearsal may call this computer: these spellings and no other."""

_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")
_EMBEDDED = (  # IPv6 networks that carry an IPv4 address, and how many bits stand behind it
    (ipaddress.IPv6Network("::ffff:0:0/96"), 0),  # mapped
    (ipaddress.IPv6Network("::ffff:0:0:0/96"), 0),  # translated (RFC 2765)
    (ipaddress.IPv6Network("::/96"), 0),  # compatible
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),  # NAT64
    (ipaddress.IPv6Network("2002::/16"), 80),  # 6to4
)
_NOWHERE = ipaddress.IPv4Network("0.0.0.0/8")  # "this host on this network": systems connect it to themselves


class Where(StrEnum):
    """Which kind of place a host is."""

    THIS_MACHINE = "this_machine"
    LINK_LOCAL = "link_local"  # the next neighbour alone, among them the instance metadata of clouds
    NOBODY = "nobody"  # multicast, broadcast, reserved
    ELSEWHERE = "elsewhere"


def split(address: str) -> SplitResult | None:
    """The parts of an address; None when it cannot be taken apart (a broken port or bracket, blanks, backslashes)."""
    if any(each.isspace() or each == "\\" or not each.isprintable() for each in address):
        return None
    try:
        parts = urlsplit(address)
        _ = parts.port, parts.hostname
    except ValueError:
        return None
    return parts


def where(host: str) -> Where:
    """Which kind of place `host` names, without asking anybody; `host` as `urlsplit` gives it, without brackets."""
    name = _plain(host)
    if name == "localhost" or name.endswith(".localhost") or name in ("localhost.localdomain", "ip6-localhost"):
        return Where.THIS_MACHINE
    found = _as_ip(name)
    return Where.ELSEWHERE if found is None else _judge(found)


def resolved(host: str) -> Where:
    """The same, after asking the system where the name leads; a name that leads nowhere is ELSEWHERE.

    Of several addresses the nearest counts: one loopback among them is enough to be refused.
    """
    here = where(host)
    if here is not Where.ELSEWHERE or _as_ip(_plain(host)) is not None:
        return here
    try:
        rows = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return Where.ELSEWHERE  # a proxy may know it; else connecting says so
    kinds = {where(str(row[4][0])) for row in rows}
    return next((kind for kind in (Where.THIS_MACHINE, Where.LINK_LOCAL, Where.NOBODY) if kind in kinds), here)


def is_this_machine(address: str) -> bool:
    """True when a full address names this computer, in any spelling."""
    parts = split(address)
    return parts is not None and where(parts.hostname or "") is Where.THIS_MACHINE


def _plain(host: str) -> str:
    """As a resolver takes it: lower case, without the root's dot and the interface, full-width characters narrowed."""
    name = host.strip().strip("[]").partition("%")[0].lower()
    try:
        name = name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        return name
    return name.rstrip(".")


def _as_ip(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if ":" in name:
        try:
            return ipaddress.IPv6Address(name)
        except ValueError:
            return None
    return _as_ipv4(name)


def _as_ipv4(name: str) -> ipaddress.IPv4Address | None:
    """One to four numbers, decimal, octal or hexadecimal; the last one fills what is left (inet_aton(3))."""
    parts = name.split(".")
    if not 1 <= len(parts) <= 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    try:
        *heads, last = (_number(part) for part in parts)
    except ValueError:
        return None
    if any(head > 255 for head in heads) or last >= 256 ** (4 - len(heads)):
        return None
    value = last
    for place, head in enumerate(heads):
        value += head << (8 * (3 - place))
    return ipaddress.IPv4Address(value)


def _number(text: str) -> int:
    if text.lower().startswith("0x"):
        return int(text[2:] or "0", 16)
    return int(text, 8) if len(text) > 1 and text.startswith("0") else int(text)


def _judge(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> Where:
    if isinstance(address, ipaddress.IPv6Address):
        if address.is_loopback or address.is_unspecified:
            return Where.THIS_MACHINE
        for network, behind in _EMBEDDED:
            if address in network:
                return _judge(ipaddress.IPv4Address((int(address) >> behind) & 0xFFFFFFFF))
    if address.is_loopback or (isinstance(address, ipaddress.IPv4Address) and address in _NOWHERE):
        return Where.THIS_MACHINE
    if address.is_link_local or (isinstance(address, ipaddress.IPv6Address) and address.is_site_local):
        return Where.LINK_LOCAL
    if address.is_multicast or address.is_reserved:
        return Where.NOBODY
    return Where.ELSEWHERE
