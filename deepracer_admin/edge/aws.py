"""Every AWS client of this console is made here, with its own profile and region, and watched while it works.

botocore takes addresses from code, from the environment (AWS_ENDPOINT_URL...) and from files (`endpoint_url`), also for
the services that it asks for credentials. So the address is judged where it is final: when the client has been made,
and again for each request before it leaves. What comes back is looked at before botocore reads it.
"""

from __future__ import annotations

import copy
import logging
import threading
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import botocore.session
from botocore.config import Config
from botocore.hooks import HierarchicalEmitter
from botocore.loaders import Loader

from deepracer_admin.edge.answers import look_who_answers
from deepracer_admin.edge.aws_errors import NO_KEYS, no_keys
from deepracer_admin.edge.bounded_pools import bound_botocore
from deepracer_admin.edge.reach import Outside, Reach, aws, is_any_aws_host
from deepracer_admin.edge.system_trust import trust_the_system
from deepracer_admin.errors import BadSettings

__all__ = ["AwsAccess", "open_session"]

trust_the_system()
bound_botocore()
for _name in ("botocore", "boto3", "urllib3"):
    # at DEBUG they log whole requests: people's addresses, the text of a mail, passwords, signatures
    logging.getLogger(_name).setLevel(logging.INFO)

_PREFIXES = {  # botocore's events name a service by its id, hosts by its endpoint prefix
    "sesv2": "email",
    "sqs": "sqs",
    "dynamodb": "dynamodb",
    "cognito-identity-provider": "cognito-idp",
    "cognito-identity": "cognito-identity",
    "identitystore": "identitystore",
    "sso-admin": "sso",
    "deepracer": "deepracer-prod",
    "service-quotas": "servicequotas",
    "pricing": "api.pricing",
    "cost-explorer": "ce",
    "iam": "iam",
    "sts": "sts",
    "sso": "portal.sso",
    "sso-oidc": "oidc",
}
_CALLED = {
    "email": "Amazon SES",
    "sqs": "Amazon SQS",
    "dynamodb": "The shared table (Amazon DynamoDB)",
    "cognito-idp": "Amazon Cognito",
    "cognito-identity": "Amazon Cognito",
    "sso": "IAM Identity Center",
    "identitystore": "IAM Identity Center",
    "deepracer-prod": "AWS DeepRacer",
    "servicequotas": "AWS Service Quotas",
    "api.pricing": "The AWS Price List",
    "ce": "AWS Cost Explorer",
    "iam": "AWS IAM",
}


@cache
def _descriptions(folder: str) -> Loader:
    """Descriptions of services, read once for all clients: megabytes of JSON, the same for each."""
    return Loader(extra_search_paths=[folder] if folder else [])


@cache
def _builtin_handlers() -> HierarchicalEmitter:
    """What botocore hangs into every session, hung up once: most of what making a session, so a client, takes."""
    made = HierarchicalEmitter()
    botocore.session.Session(event_hooks=made)
    return made


@dataclass(frozen=True, slots=True)
class AwsAccess:
    """How one AWS service is reached. Empty `profile`: botocore's default chain; `endpoint_url` and keys: rehearsal."""

    profile: str = ""
    region: str = "us-east-1"
    endpoint_url: str = ""
    access_key_id: str = ""
    secret_access_key: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)
    reach: Reach = Reach.LIVE

    @property
    def renewal(self) -> str:
        """The command that renews the credentials."""
        return f"`aws sso login --profile {self.profile}`" if self.profile else "`aws sso login`"

    def client(
        self,
        service: str,
        *,
        attempts: int = 4,
        connections: int = 10,
        config: Config | None = None,
        descriptions: str = "",
    ) -> Any:
        """A botocore client. `attempts` counts the first one too: 1 = botocore never repeats anything by itself.

        `config` goes over what is set here; `descriptions` is a folder with service models of our own. Raises
        `CredentialsExpired` when the profile does not exist on this computer, `BadSettings` for a forbidden address.
        """
        ours = Config(
            retries={"total_max_attempts": attempts, "mode": "standard"},
            max_pool_connections=connections,
            connect_timeout=10,
            read_timeout=30,
            proxies={} if self.reach is Reach.PRACTICE else None,
        )
        if self.endpoint_url:
            self.reach.admit(self.endpoint_url, Outside(f"AWS ({service})"))
        try:
            session = open_session(self.reach, profile=self.profile, descriptions=descriptions)
            client = session.create_client(
                service,
                region_name=self.region,
                endpoint_url=self.endpoint_url or None,
                aws_access_key_id=self.access_key_id or None,
                aws_secret_access_key=self.secret_access_key or None,
                aws_session_token=self.session_token or None,
                config=ours.merge(config) if config else ours,
            )
        except NO_KEYS as missing:
            raise no_keys(missing, service, "connect", profile=self.profile, renewal=self.renewal) from None
        except ValueError as broken:  # an address that botocore cannot take apart, from whichever of its sources
            raise BadSettings(
                f"AWS ({service}): {broken}; correct the region, or the endpoint_url in this computer's AWS settings."
            ) from None
        self.reach.admit(client.meta.endpoint_url, _outside(client.meta.service_model.endpoint_prefix))
        return client


def open_session(reach: Reach, *, profile: str = "", descriptions: str = "") -> botocore.session.Session:
    """A botocore session whose clients, those for credentials too, keep to `reach`. Not for several threads at once."""
    hooks = copy.copy(_builtin_handlers())
    session = botocore.session.Session(profile=profile or None, event_hooks=hooks, include_builtin_handlers=False)
    session.register_component("data_loader", _descriptions(descriptions))
    watch = _Watch(reach)
    events = session.get_component("event_emitter")
    events.register_first("before-send", watch.before_send)
    events.register_first("before-parse", watch.before_parse)
    return session


class _Watch:
    """Sees each request before it leaves and each answer before it is read. Thread-safe."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._lock = threading.Lock()
        self._admitted: set[tuple[str, str]] = set()

    def before_send(self, request: Any, event_name: str = "", **_: Any) -> None:
        """botocore raises what is raised here, and does not repeat it."""
        parts = urlsplit(request.url)
        service = event_name.split(".")[1] if event_name.count(".") else ""
        known = (service, parts.netloc)
        with self._lock:
            if known in self._admitted:
                return
        prefix = _PREFIXES.get(service, "")
        self._reach.admit(request.url, _outside(prefix) if prefix else Outside(f"AWS ({service})", is_any_aws_host))
        with self._lock:
            self._admitted.add(known)

    def before_parse(self, operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
        service = operation_model.service_model
        prefix = str(service.endpoint_prefix)
        outside = _outside(prefix)
        self._reach.believe(response_dict["headers"], outside, operation_model.name)
        if str(service.metadata.get("protocol", "")) in ("json", "rest-json"):
            look_who_answers(operation_model.name, outside.name, response_dict)


def _outside(prefix: str) -> Outside:
    return aws(prefix, _CALLED.get(prefix, ""))
