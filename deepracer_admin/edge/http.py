"""The outbound HTTP client of the racing adapters: few hosts, the system's certificates, an honest name.

* Only hosts on the given list are called, so an address that was read from a file cannot lead credentials elsewhere.
* HTTPS certificates are checked against the system's own store (truststore), as company networks expect.
* Proxy settings of the environment are honoured; loopback bypasses them (the practice world lives there).
* Redirects are not followed: a signed request must arrive where it was signed for.
* Every answer ends (bounds.py).
"""

from __future__ import annotations

import ssl
from collections.abc import Collection
from importlib.metadata import PackageNotFoundError, version

import httpx
import truststore

from deepracer_admin.edge.addresses import LOOPBACK
from deepracer_admin.edge.answers import by_proxy
from deepracer_admin.edge.bounded_http import bounded_client
from deepracer_admin.edge.reach import SITE, Outside, Reach
from deepracer_admin.errors import AccessDenied, BadSettings, Refused

__all__ = ["by_proxy_of", "honest_user_agent", "is_untrusted", "not_trusted", "open_client", "why_unreachable"]

# A connection that idles longer than the far side keeps it would break a write half-way, and look like a lost answer.
_KEEP_ALIVE_SECONDS = 3.0


def honest_user_agent(name: str = "") -> str:
    """`name`, or what this program calls itself: "DeepRacer-Organizer-Console/<version>".

    It never imitates a browser; firewalls that block it need an allow rule (deepracer-on-aws.md 1.4, WAF).
    Raises BadSettings for a name that cannot be a header.
    """
    if not name:
        try:
            return f"DeepRacer-Organizer-Console/{version('deepracer-organizer-console')}"
        except PackageNotFoundError:
            return "DeepRacer-Organizer-Console/0.1"
    if not (name.isascii() and name.isprintable() and len(name) <= 200):
        raise BadSettings("The User-Agent in the settings may hold up to 200 plain ASCII characters: change it there.")
    return name


def open_client(
    *,
    hosts: Collection[str],
    user_agent: str,
    in_flight: int,
    connect_seconds: float = 10.0,
    read_seconds: float = 35.0,
    reach: Reach = Reach.LIVE,
    service: Outside = SITE,
    transport: httpx.BaseTransport | None = None,
) -> httpx.Client:
    """A client that speaks to `hosts` alone; the collection may grow while the client lives. Thread-safe.

    Whoever adds a host has asked `Reach.admit` for it; what answers is asked here whether it is a practice world's.
    `read_seconds` is above the 29 s after which API Gateway gives up (deepracer-on-aws.md 1.4). `transport` replaces
    the network in tests.
    """

    def keep_to_the_list(request: httpx.Request) -> None:
        if request.url.host not in hosts:
            raise Refused(f"The console does not call {request.url.host}: it is not on its list of hosts.", code="host")

    def believe(reply: httpx.Response) -> None:
        reach.believe(reply.headers, service)

    return bounded_client(
        verify=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        headers={"User-Agent": user_agent, "Accept": "application/json"},
        timeout=httpx.Timeout(read_seconds, connect=connect_seconds, pool=read_seconds),
        limits=httpx.Limits(
            max_connections=in_flight + 2,  # a sign-in must find room while everything else is under way
            max_keepalive_connections=in_flight,
            keepalive_expiry=_KEEP_ALIVE_SECONDS,
        ),
        follow_redirects=False,
        event_hooks={"request": [keep_to_the_list], "response": [believe]},
        mounts=None if transport else {f"all://{_bracketed(host)}": None for host in LOOPBACK},
        transport=transport,
    )


def is_untrusted(error: BaseException) -> bool:
    """True when TLS failed, which nearly always means a certificate that this computer does not know."""
    left: list[object] = [error]
    seen: set[int] = set()
    while left:
        cause = left.pop()
        if isinstance(cause, ssl.SSLError):
            return True
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            # urllib3 and requests keep what happened as an argument or a reason
            left += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
    return False


def not_trusted(what: str) -> str:
    """The sentence for a certificate of `what` that this computer does not trust."""
    return (
        f"The certificate of {what} is not trusted here: ask IT to add the company's root certificate to this computer."
    )


def by_proxy_of(error: httpx.RequestError, service: str, operation: str) -> AccessDenied | None:
    """The error for a proxy that answered CONNECT with a refusal; None for any other trouble."""
    if not isinstance(error, httpx.ProxyError):
        return None
    told = next((status for status in ("407", "403", "401") if status in str(error)), "")
    return by_proxy(service, operation, told) if told else None


def why_unreachable(error: httpx.RequestError, what: str) -> str:
    """One sentence for a connection to `what` that did not come about."""
    if is_untrusted(error):
        return not_trusted(what)
    if isinstance(error, httpx.ProxyError):
        return f"The company proxy does not let the console reach {what}: check the proxy settings of this computer."
    return f"{what} cannot be reached: check the address, the network and the company proxy, then try again."


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
