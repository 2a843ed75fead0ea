"""Every adapter of the console that speaks to somebody outside, made from an address: one line each.

`test_reach.py` shows that no other place of the program opens a connection.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests

from deepracer_admin.clock import SystemClock
from deepracer_admin.directory.cognito import CognitoPool
from deepracer_admin.directory.entra import Entra
from deepracer_admin.directory.iam_rights import IamRights
from deepracer_admin.directory.identity_center import IdentityCenter
from deepracer_admin.directory.msal_app import rewriting_session, system_session
from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.edge.http import open_client
from deepracer_admin.edge.reach import Reach
from deepracer_admin.mail.chat import Webhook
from deepracer_admin.mail.ses import Ses
from deepracer_admin.mail.ses_events import EventQueue
from deepracer_admin.mail.smtp import Smtp
from deepracer_admin.racing.bill import Bills
from deepracer_admin.racing.managed_client import ManagedClient
from deepracer_admin.racing.on_aws import OnAws
from deepracer_admin.racing.on_aws.signin import SignIn
from deepracer_admin.racing.on_aws.site import Site
from deepracer_admin.racing.price_list import PriceLists
from deepracer_admin.racing.service_quotas import ServiceQuotas
from deepracer_admin.store.dynamodb import SharedTable
from deepracer_admin.web.identity import Keys

_QUEUE = {Reach.LIVE: "https://sqs.eu-west-1.amazonaws.com/1/q", Reach.PRACTICE: "http://127.0.0.1:9/1/q"}
KEYS = {"access_key_id": "AKIAEXAMPLE", "secret_access_key": "secret"}


@dataclass(frozen=True)
class Adapter:
    """`make` builds it for an address; `aws` is the botocore service whose address settings it follows."""

    name: str
    make: Callable[[str, Reach], Any]
    aws: str = ""
    by_host: bool = False  # takes a host, without scheme, path or user


def access(address: str, reach: Reach) -> AwsAccess:
    return AwsAccess(region="eu-west-1", endpoint_url=address, reach=reach, **KEYS)


def sign_in(pool: str, identities: str, reach: Reach) -> SignIn:
    site = Site("https://d1.example.com", "https://a.example.com", "eu-west-1", "eu-west-1_x", "client", "identities")
    hosts: set[str] = set()
    http = open_client(hosts=hosts, user_agent="Example/1", in_flight=1, reach=reach)
    made = SignIn(
        site,
        "organizer@example.com",
        "Practice-1",
        http=http,
        reach=reach,
        now=SystemClock().now,
        monotonic=SystemClock().monotonic,
        cognito_idp_url=pool,
        cognito_identity_url=identities,
    )
    hosts |= made.hosts
    return made


def _site(address: str, reach: Reach) -> OnAws:
    return OnAws(address, "organizer@example.com", "Practice-1", clock=SystemClock(), reach=reach)


def _queue(address: str, reach: Reach) -> EventQueue:
    own = "http://127.0.0.1:9" if reach is Reach.PRACTICE else ""
    return EventQueue(access(own, reach), f"{address}/123456789012/events")


def _tokens(address: str, reach: Reach) -> Any:
    """MSAL's session: asked for each address that it calls, for Entra itself names some of them."""
    session = system_session() if reach is Reach.LIVE else rewriting_session("https://login.practice.example", address)
    if reach is Reach.LIVE:
        request = requests.Request("GET", "https://login.microsoftonline.com/").prepare()
        request.url = f"{address}/common/discovery"  # as a redirect would set it
        session.send(request, timeout=1)
    return session


def _pool_of_sign_in(address: str, reach: Reach) -> SignIn:
    return sign_in(address, "http://127.0.0.1:9" if reach is Reach.PRACTICE else "", reach)


def _identities_of_sign_in(address: str, reach: Reach) -> SignIn:
    return sign_in("http://127.0.0.1:9" if reach is Reach.PRACTICE else "", address, reach)


ADAPTERS = (
    Adapter("Graph", lambda address, reach: Entra(f"{address}/v1.0", lambda: "token", reach=reach)),
    Adapter("Entra's tokens", _tokens),
    Adapter("Entra's keys", lambda address, reach: Keys(f"{address}/keys", reach)),
    Adapter("DeepRacer on AWS", _site),
    Adapter("Sign-in, user pool", _pool_of_sign_in, "cognito_identity_provider"),
    Adapter("Sign-in, identity pool", _identities_of_sign_in, "cognito_identity"),
    Adapter("Managed", lambda address, reach: ManagedClient(endpoint_url=address, reach=reach, **KEYS), "deepracer"),
    Adapter("SES", lambda address, reach: Ses(access(address, reach)), "sesv2"),
    Adapter("SQS", lambda address, reach: EventQueue(access(address, reach), _QUEUE[reach]), "sqs"),
    Adapter("SQS, the queue", _queue),
    Adapter("Service quotas", lambda address, reach: ServiceQuotas(access(address, reach)), "service_quotas"),
    Adapter("Price list", lambda address, reach: PriceLists(access(address, reach)), "pricing"),
    Adapter("Bill", lambda address, reach: Bills(access(address, reach)), "cost_explorer"),
    Adapter("Shared table", lambda address, reach: SharedTable(access(address, reach), "console"), "dynamodb"),
    Adapter("Chat", lambda address, reach: Webhook(f"{address}/workflows/1?sig=s", reach=reach)),
    Adapter("IAM", lambda address, reach: IamRights(access(address, reach)), "iam"),
    Adapter("SMTP", lambda address, reach: Smtp(address, reach=reach), by_host=True),
    Adapter(
        "User pool", lambda address, reach: CognitoPool(access(address, reach), "pool"), "cognito_identity_provider"
    ),
    Adapter(
        "Identity Center",
        lambda address, reach: IdentityCenter(access(address, reach), "d-1", "arn:aws:sso:::instance/1", "g", "p", "1"),
        "identitystore",
    ),
)
