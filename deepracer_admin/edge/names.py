"""Names in DNS, asked of the resolver of this computer: TXT and CNAME records of a domain that sends mail.

In a rehearsal the practice world's own name server on this computer answers; nothing is asked outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepracer_admin.edge.addresses import LOOPBACK
from deepracer_admin.edge.reach import Reach
from deepracer_admin.errors import BadSettings, Unavailable, Unreachable

if TYPE_CHECKING:
    import dns.resolver

__all__ = ["Names"]

SERVICE = "dns"
LONGEST_S = 8.0


class Names:
    """Looks names up. `server` and `port`: a name server of a rehearsal; "" = as this computer is set up."""

    def __init__(self, *, server: str = "", port: int = 53, reach: Reach = Reach.LIVE, longest_s: float = LONGEST_S):
        if reach is Reach.PRACTICE and server not in LOOPBACK:
            raise BadSettings("A rehearsal asks the practice world's own name server alone; start the world again.")
        self._server, self._port, self._longest_s = server, port, longest_s

    def texts(self, name: str) -> tuple[str, ...]:
        """TXT records, each joined from its pieces; () when the name has none. Raises Unreachable, Unavailable."""
        return tuple(b"".join(record.strings).decode("utf-8", "replace") for record in self._look_up(name, "TXT"))

    def leads_to(self, name: str) -> str:
        """Where a CNAME leads, lower case without the dot at its end; "" without one. Raises as `texts`."""
        found = self._look_up(name, "CNAME")
        return str(found[0].target).rstrip(".").lower() if found else ""

    def _look_up(self, name: str, kind: str) -> list:
        import dns.exception  # a third of a second, and only the pre-flight asks
        import dns.resolver

        try:
            return [*self._resolver().resolve(name, kind, lifetime=self._longest_s, search=False)]
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.resolver.NoNameservers as failed:
            raise Unavailable(
                f"The name server could not answer for {name}: try again later.",
                service=SERVICE,
                operation=kind,
                code=type(failed).__name__,
            ) from None
        except (dns.exception.DNSException, OSError, ValueError) as failed:
            raise Unreachable(
                f"DNS cannot be asked for {name} from here: look it up on another computer.",
                service=SERVICE,
                operation=kind,
                code=type(failed).__name__,
            ) from None

    def _resolver(self) -> dns.resolver.Resolver:
        import dns.resolver

        if not self._server:
            return dns.resolver.Resolver()
        made = dns.resolver.Resolver(configure=False)
        made.nameservers, made.port = [self._server], self._port
        return made
