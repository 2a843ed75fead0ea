"""AWS clients for mail, each with its own profile and region, and what their failures mean in the console's errors.

A send that fails after its bytes left may have been done (identity-and-mail.md 4.4), so `send_error` and `read_error`
judge the same exception differently.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import botocore.session
from botocore import exceptions as boto
from botocore.config import Config
from botocore.loaders import Loader, create_loader

from deepracer_admin.errors import (
    AccessDenied,
    CredentialsExpired,
    LostAnswer,
    NotThere,
    Refused,
    ServiceError,
    Throttled,
    Unavailable,
    Unreachable,
)

__all__ = ["AwsAccess", "read_error", "send_error"]

for _name in ("botocore", "boto3", "urllib3"):
    # at DEBUG they log whole requests: people's addresses, the text of a mail, signatures
    logging.getLogger(_name).setLevel(logging.INFO)

THROTTLED = frozenset({"TooManyRequestsException", "ThrottlingException", "Throttling", "RequestThrottled", "SlowDown"})
DENIED = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "NotAuthorized"})
DEAD_KEYS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "RequestExpired",
        "TokenRefreshRequired",
    }
)
WRONG_SIGNATURE = frozenset({"InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature"})
NO_KEYS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.ProfileNotFound,
    boto.SSOError,
    boto.TokenRetrievalError,
)
NEVER_LEFT = (boto.EndpointConnectionError, boto.ConnectTimeoutError, boto.ProxyConnectionError)


@cache
def _service_models() -> Loader:
    """AWS's descriptions of its services, read once for all clients: megabytes of JSON, the same for each."""
    return create_loader()


@dataclass(frozen=True, slots=True)
class AwsAccess:
    """How one AWS service is reached. Empty `profile`: botocore's default chain; `endpoint_url` and keys: rehearsal."""

    profile: str = ""
    region: str = "us-east-1"
    endpoint_url: str = ""
    access_key_id: str = ""
    secret_access_key: str = field(default="", repr=False)

    @property
    def renewal(self) -> str:
        """The command that renews the credentials."""
        return f"`aws sso login --profile {self.profile}`" if self.profile else "`aws sso login`"

    def client(self, service: str, *, attempts: int = 4, connections: int = 10) -> Any:
        """A botocore client. `attempts` counts the first one too: 1 = botocore never repeats anything by itself.

        Raises `CredentialsExpired` when the profile does not exist on this computer.
        """
        config = Config(
            retries={"total_max_attempts": attempts, "mode": "standard"},
            max_pool_connections=connections,
            connect_timeout=10,
            read_timeout=30,
            proxies={} if self.endpoint_url.startswith("http://127.0.0.1") else None,
        )
        try:
            session = botocore.session.Session(profile=self.profile or None)
            session.register_component("data_loader", _service_models())
            return session.create_client(
                service,
                region_name=self.region,
                endpoint_url=self.endpoint_url or None,
                aws_access_key_id=self.access_key_id or None,
                aws_secret_access_key=self.secret_access_key or None,
                config=config,
            )
        except NO_KEYS as missing:
            raise _no_keys(missing, self, service, "connect") from None


def send_error(failure: Exception, access: AwsAccess, service: str, operation: str) -> ServiceError:
    """What a failed send means. Anything that may have happened after the bytes left is `LostAnswer`, 5xx included."""
    where = {"service": service, "operation": operation, "code": type(failure).__name__}
    if isinstance(failure, boto.ClientError):
        if _status(failure) >= 500:
            return LostAnswer("The mail service failed while it took a mail: it may have been sent.", **where)
        return _client_error(failure, access, service, operation)
    if isinstance(failure, NO_KEYS):
        return _no_keys(failure, access, service, operation)
    if isinstance(failure, NEVER_LEFT) or _untrusted(failure):
        return Unreachable(_unreachable(failure), **where)
    if isinstance(failure, boto.ParamValidationError):
        return Refused("This mail cannot be written as the mail service wants it; correct the address.", **where)
    return LostAnswer("The mail service's answer was lost: the mail may have been sent.", **where)


def read_error(failure: Exception, access: AwsAccess, service: str, operation: str) -> ServiceError:
    """What a failed read means; a repeat of a read is always harmless."""
    where = {"service": service, "operation": operation, "code": type(failure).__name__}
    if isinstance(failure, boto.ClientError):
        if _status(failure) >= 500:
            return Unavailable("AWS has a problem of its own; we try again.", **where)
        return _client_error(failure, access, service, operation)
    if isinstance(failure, NO_KEYS):
        return _no_keys(failure, access, service, operation)
    return Unreachable(_unreachable(failure), **where)


def _client_error(failure: boto.ClientError, access: AwsAccess, service: str, operation: str) -> ServiceError:
    error = failure.response.get("Error", {})
    code, message = str(error.get("Code", "")), str(error.get("Message", ""))[:300]
    where = {"service": service, "operation": operation, "code": code}
    if code in THROTTLED or _status(failure) == 429:
        return Throttled("AWS asks for a pause; we go on by ourselves.", retry_after=_pause(message), **where)
    if code in DEAD_KEYS:
        return CredentialsExpired(f"The AWS credentials have expired: renew them with {access.renewal}.", **where)
    if code in WRONG_SIGNATURE:
        return CredentialsExpired(
            f"AWS did not accept our signature: check this computer's clock, then renew with {access.renewal}.", **where
        )
    if code in DENIED or _status(failure) == 403:
        prefix = {"sesv2": "ses"}.get(service, service)
        policy = {"sesv2": "mail-ses.json", "sqs": "events-sqs.json"}.get(service, "the console's policy")
        return AccessDenied(
            f"AWS does not allow {prefix}:{operation}: ask the account's administrator to attach {policy} "
            "(docs/permissions.md).",
            **where,
        )
    if _status(failure) == 404:
        return NotThere(message or "AWS does not know this.", **where)
    return Refused(f"AWS refused: {message or code}", **where)


def _no_keys(failure: Exception, access: AwsAccess, service: str, operation: str) -> CredentialsExpired:
    where = {"service": service, "operation": operation, "code": type(failure).__name__}
    if isinstance(failure, boto.ProfileNotFound):
        return CredentialsExpired(
            f"This computer has no AWS profile {access.profile}: make it with `aws configure sso --profile "
            f"{access.profile}`, or correct the setting.",
            **where,
        )
    if isinstance(failure, boto.SSOError | boto.TokenRetrievalError):
        return CredentialsExpired(f"The AWS sign-in has expired: renew it with {access.renewal}.", **where)
    return CredentialsExpired(f"There are no AWS credentials on this computer: sign in with {access.renewal}.", **where)


def _pause(message: str) -> float:
    """Seconds to wait: an hour when the day's quota is used up, a second when it was only the rate."""
    return 3600.0 if "daily" in message.lower() else 1.0


def _status(failure: boto.ClientError) -> int:
    return int(failure.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _untrusted(failure: Exception) -> bool:
    """A certificate that is not trusted ends the connection before anything is sent."""
    return isinstance(failure, boto.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(failure)


def _unreachable(failure: Exception) -> str:
    if _untrusted(failure):
        return "AWS's certificate is not trusted here: ask IT to add the proxy's certificate to this computer."
    return "AWS cannot be reached; check the network, the proxy and the region."
