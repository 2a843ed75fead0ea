"""A practice world that answers a live event, whatever way it was reached, is refused by every adapter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from deepracer_admin.clock import SystemClock
from deepracer_admin.directory.cognito import CognitoPool
from deepracer_admin.directory.entra import Entra
from deepracer_admin.directory.identity_center import IdentityCenter
from deepracer_admin.directory.msal_app import system_session
from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.edge.reach import Reach
from deepracer_admin.errors import AccessDenied
from deepracer_admin.mail.ses import Ses
from deepracer_admin.mail.ses_events import EventQueue
from deepracer_admin.racing import on_aws
from deepracer_admin.racing.managed import ManagedDeepRacer
from deepracer_admin.racing.managed_client import ManagedClient
from deepracer_admin.racing.on_aws import OnAws
from deepracer_admin.web.identity import Keys
from tests.edge.adapters import sign_in
from tests.practice import WorldHandle


@pytest.fixture(autouse=True)
def any_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the practice world stood behind a name that no rule knows."""
    monkeypatch.setattr(Reach, "admit", lambda self, address, service, *, ask=True: address)
    monkeypatch.setattr(on_aws, "site_address", lambda address, reach: address)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


def _access(practice: WorldHandle, address: str) -> AwsAccess:
    aws = practice.endpoints["aws"]
    return AwsAccess("", aws["region"], aws[address], aws["access_key_id"], aws["secret_access_key"])


def _graph(practice: WorldHandle) -> Any:
    return Entra(practice.endpoints["graph"]["url"], lambda: "token").resolve(["ada@example.com"])


def _tokens(practice: WorldHandle) -> Any:
    entra = practice.endpoints["entra"]
    return system_session().get(f"{entra['authority']}/{entra['tenant']}/v2.0/.well-known/openid-configuration")


def _keys(practice: WorldHandle) -> Any:
    entra = practice.endpoints["entra"]
    return Keys(f"{entra['authority']}/{entra['tenant']}/discovery/v2.0/keys").find("any")


def _site(practice: WorldHandle) -> Any:
    login = practice.endpoints["deepracer"]
    return OnAws(login["site"], login["user"], login["password"], clock=SystemClock()).account()


def _sign_in(practice: WorldHandle) -> Any:
    aws = practice.endpoints["aws"]
    made = sign_in(aws["cognito_idp_url"], aws["cognito_identity_url"], Reach.LIVE)
    return made.identity()


def _managed(practice: WorldHandle) -> Any:
    access = _access(practice, "managed_url")
    client = ManagedClient(
        region=access.region,
        endpoint_url=access.endpoint_url,
        access_key_id=access.access_key_id,
        secret_access_key=access.secret_access_key,
    )
    return ManagedDeepRacer(client).account()


def _center(practice: WorldHandle) -> Any:
    aws = practice.endpoints["aws"]
    names = ("identity_store_id", "identity_instance_arn", "identity_group", "identity_permission_set", "account_id")
    return IdentityCenter(_access(practice, "identity_center_url"), *(aws[name] for name in names)).assignment()


CALLS: dict[str, Callable[[WorldHandle], Any]] = {
    "Graph": _graph,
    "Entra's tokens": _tokens,
    "Entra's keys": _keys,
    "DeepRacer on AWS": _site,
    "Sign-in": _sign_in,
    "Managed": _managed,
    "SES": lambda practice: Ses(_access(practice, "ses_url")).limits(),
    "SQS": lambda practice: EventQueue(
        _access(practice, "sqs_url"), practice.endpoints["aws"]["mail_events_queue_url"]
    ).receive(),
    "User pool": lambda practice: CognitoPool(
        _access(practice, "cognito_idp_url"), practice.endpoints["aws"]["user_pool_id"]
    ).find("ada@example.com"),
    "Identity Center": _center,
}


@pytest.mark.parametrize("name", CALLS)
def test_a_practice_world_is_never_taken_for_the_real_service(practice: WorldHandle, name: str) -> None:
    with pytest.raises(AccessDenied, match="names itself a practice world, but the mode is live; set the real address"):
        CALLS[name](practice)
