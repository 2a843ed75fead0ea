"""The one rule about addresses: how far this console may reach, asked for every address that is really used.

A rehearsal speaks to this computer alone; a live event never does, and where a service has hosts of a known form it
speaks to those alone. Every adapter asks `Reach.admit` for the address that its client ended up with (a file of AWS's
settings or the environment may have changed it), and `Reach.believe` for what came back: practice servers name
themselves in a header (architecture.md, Modes).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum

from deepracer_admin.edge.addresses import LOOPBACK, Where, resolved, split, where
from deepracer_admin.errors import AccessDenied, BadSettings

__all__ = [
    "ENTRA",
    "GATEWAY",
    "GRAPH",
    "MAIL_SERVER",
    "PRACTICE_HEADER",
    "SITE",
    "SLACK",
    "TEAMS",
    "Outside",
    "Reach",
    "aws",
    "is_any_aws_host",
    "is_aws_host",
]

PRACTICE_HEADER = "x-practice-world"

_SUFFIXES = (  # DNS suffixes of AWS's partitions, single and dual stack (botocore, partitions.json)
    r"amazonaws\.com(\.cn)?|amazonaws\.eu|api\.aws|api\.amazonwebservices\.(com\.cn|eu)|c2s\.ic\.gov|sc2s\.sgov\.gov"
    r"|cloud\.adc-e\.uk|csp\.hci\.ic\.gov|api\.aws\.(ic\.gov|scloud|hci\.ic\.gov)|api\.cloud-aws\.adc-e\.uk"
)
_REGION = r"[a-z]{2,4}(-[a-z]+){1,3}-[0-9]{1,2}"
_ENTRA = frozenset(
    {
        "login.microsoftonline.com",
        "login.microsoft.com",
        "login.windows.net",
        "login.microsoftonline.us",
        "login.partner.microsoftonline.cn",
        "login.chinacloudapi.cn",
    }
)
_GRAPH = frozenset(
    {
        "graph.microsoft.com",
        "graph.microsoft.us",
        "dod-graph.microsoft.us",
        "microsoftgraph.chinacloudapi.cn",
    }
)


class Outside:
    """Somebody outside: how people call it, and which hosts it has. `knows` None: any host, for it is the company's."""

    def __init__(self, name: str, knows: Callable[[str], bool] | None = None, hosts: str = "") -> None:
        self.name = name
        self.knows = knows
        self.hosts = hosts  # for the sentence

    def __repr__(self) -> str:
        return f"Outside({self.name})"


ENTRA = Outside("Microsoft Entra ID", _ENTRA.__contains__, "login.microsoftonline.com or a national cloud's")
GRAPH = Outside("Microsoft Graph", _GRAPH.__contains__, "graph.microsoft.com or a national cloud's")
SITE = Outside("DeepRacer on AWS")
GATEWAY = Outside(
    "The API of DeepRacer on AWS",
    lambda host: bool(re.fullmatch(rf"[a-z0-9-]+\.execute-api\.{_REGION}\.({_SUFFIXES})", host)),
    "execute-api.REGION.amazonaws.com",
)
MAIL_SERVER = Outside("The mail server")
TEAMS = Outside(
    "Microsoft Teams",
    lambda host: bool(re.fullmatch(r"([a-z0-9-]+\.)+(logic\.azure\.com|environment\.api\.powerplatform\.com)", host)),
    "….logic.azure.com and ….environment.api.powerplatform.com",
)
SLACK = Outside("Slack", frozenset({"hooks.slack.com", "hooks.slack-gov.com"}).__contains__, "hooks.slack.com")


def is_aws_host(prefix: str, host: str) -> bool:
    """True for AWS's own hosts of the service with this endpoint prefix, VPC endpoints among them.

    A suffix alone proves nothing: customers choose names under amazonaws.com, too (buckets, API Gateway).
    """
    plain = rf"(vpce-[a-z0-9-]+\.)?{re.escape(prefix)}(-fips)?(\.{_REGION})?(\.vpce)?\.({_SUFFIXES})"
    queue = rf"({_REGION}\.)?queue\.({_SUFFIXES})"  # SQS had this name first, and old queue addresses carry it
    return bool(re.fullmatch(f"{plain}|{queue}" if prefix == "sqs" else plain, host))


def is_any_aws_host(host: str) -> bool:
    """True for a host under AWS's names, whichever: for services that botocore asks for credentials by itself."""
    return bool(re.fullmatch(rf"([a-z0-9-]+\.)+({_SUFFIXES}|aws\.amazon\.com|awsapps\.com)", host))


def aws(prefix: str, name: str = "") -> Outside:
    """An AWS service by its endpoint prefix ("email" for SES)."""
    return Outside(name or f"AWS ({prefix})", lambda host: is_aws_host(prefix, host), f"{prefix}.REGION.amazonaws.com")


class Reach(StrEnum):
    """How far this console may reach."""

    PRACTICE = "practice"  # this computer alone
    LIVE = "live"  # never this computer

    def admit(self, address: str, service: Outside, *, ask: bool = True) -> str:
        """The address, when it may be used for `service`. `ask`: also ask the system where its name leads.

        Raises BadSettings with what is wrong about it, else.
        """
        parts = split(address)
        if parts is None or parts.scheme not in ("https", "http") or not parts.hostname:
            raise BadSettings(f"{service.name}: {_shown(address)} is no full address; it must begin with https://.")
        if "@" in parts.netloc:
            raise BadSettings(
                f"{service.name}: an address must not hold a user name (it would lead to {parts.hostname}); give the "
                "host alone."
            )
        self.admit_host(parts.hostname, service, ask=ask)
        if self is Reach.LIVE and parts.scheme == "http":
            raise BadSettings(
                f"{service.name}: the address must begin with https://; plain http is for rehearsals alone."
            )
        return address

    def admit_host(self, host: str, service: Outside, *, ask: bool = True) -> str:
        """The same for a host without scheme, such as a mail server's."""
        if self is Reach.PRACTICE:
            if host.lower() not in LOOPBACK:
                raise BadSettings(
                    f"{service.name}: {_shown(host)} is not this computer, but a rehearsal never leaves it; start the "
                    "practice world again, or start with DEEPRACER_ADMIN_MODE=live."
                )
            return host
        found = resolved(host) if ask else where(host)
        if found is not Where.ELSEWHERE:
            raise BadSettings(f"{service.name}: {_shown(host)} {_WHY_NOT[found]}")
        if service.knows and not service.knows(host.lower().rstrip(".")):
            by_aws = " or the endpoint_url in this computer's AWS settings" if "amazonaws" in service.hosts else ""
            raise BadSettings(
                f"{service.name}: {_shown(host)} is none of its hosts ({service.hosts}); correct the address{by_aws}."
            )
        return host

    def believe(self, headers: Mapping[str, str], service: Outside, operation: str = "") -> None:
        """Raises AccessDenied when a practice server has answered a live event."""
        if self is Reach.LIVE and any(name.lower() == PRACTICE_HEADER for name in headers):
            raise AccessDenied(
                f"{service.name} names itself a practice world, but the mode is live; set the real address.",
                service=service.name,
                operation=operation,
                code="practice_world",
            )


_WHY_NOT = {
    Where.THIS_MACHINE: (
        "leads to this computer, but the mode is live; rehearsal addresses never serve a live event: give the real one."
    ),
    Where.LINK_LOCAL: "reaches only the next neighbour in the network (link-local), never a service: give a real one.",
    Where.NOBODY: "is no address of a computer: give the real one.",
}


def _shown(address: str) -> str:
    """Never with what stands before an @: it may be a password."""
    return repr(address.rpartition("@")[2][:120])
