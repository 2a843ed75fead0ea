"""Calls to AWS's directories: paced before they leave, and what their failures mean in the console's errors.

`identitystore`, `sso-admin` and `cognito-idp` answer every refusal with HTTP 400 and an error code (JSON 1.1), so the
code decides, never the status.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from botocore import exceptions as boto

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
from deepracer_admin.model import Limit

__all__ = ["Access", "AwsCalls", "Pace", "do_not_wait"]

Pace = Callable[[Limit], Any]
"""Called before each request with the limit that it falls under; returns when the request may leave."""

PREFIXES = {"sso-admin": "sso", "identitystore": "identitystore", "cognito-idp": "cognito-idp"}
READS = ("list_", "describe_", "get_", "admin_list_")
MOST_PAGES = 5000

THROTTLED = frozenset({"TooManyRequestsException", "ThrottlingException", "Throttling", "RequestLimitExceeded"})
DENIED = frozenset({"AccessDeniedException", "AccessDenied"})  # cognito's NotAuthorizedException is a wrong password
DEAD_KEYS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    }
)
NOT_THERE = frozenset({"ResourceNotFoundException", "UserNotFoundException"})
NO_KEYS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.ProfileNotFound,
    boto.SSOError,
    boto.TokenRetrievalError,
)
NEVER_LEFT = (boto.EndpointConnectionError, boto.ConnectTimeoutError, boto.ProxyConnectionError, boto.SSLError)


class Access(Protocol):
    """How an AWS account is reached: a profile, a region, perhaps an endpoint."""

    @property
    def renewal(self) -> str:
        """The command that renews the credentials, quoted for a sentence."""
        ...

    def client(self, service: str, *, attempts: int = 4, connections: int = 10) -> Any:
        """A boto3 client that tries a call `attempts` times in all. Raises CredentialsExpired."""
        ...


def do_not_wait(limit: Limit) -> None:
    """The pace of a caller that has no limits to share."""


class AwsCalls:
    """One service, one limit; safe from any thread. `policy` names the shipped policy that a refusal points to."""

    def __init__(self, access: Access, service: str, *, limit: Limit, policy: str, pace: Pace) -> None:
        self.service = service
        self.practice_world: bool | None = None  # known from the first answer on
        self._access, self._limit, self._policy, self._pace = access, limit, policy, pace
        self._client = access.client(service)
        self._once: Any = None
        self._lock = threading.Lock()

    def call(self, operation: str, request: Mapping[str, Any], *, once: bool = False) -> dict[str, Any]:
        """One operation under its Python name, e.g. `list_users`. `once`: botocore must not repeat it by itself.

        Raises a ServiceError; `LostAnswer` only for writes, since a read may always be repeated.
        """
        client = self._unrepeated() if once else self._client
        self._pace(self._limit)
        try:
            reply: dict[str, Any] = getattr(client, operation)(**request)
        except boto.ClientError as failure:
            self._note_origin(failure.response)
            raise self._refusal(failure, operation) from None
        except boto.BotoCoreError as failure:
            raise self._broken(failure, operation) from None
        self._note_origin(reply)
        return reply

    def walk(
        self, operation: str, member: str, request: Mapping[str, Any], *, marker: str = "NextToken"
    ) -> Iterator[Any]:
        """All entries of a paged list; `marker` names the page token in request and reply.

        Raises Unavailable when the service repeats a token: the walk would never end.
        """
        more: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            reply = self.call(operation, {**request, **more})
            yield from reply.get(member) or []
            following = reply.get(marker)
            if not following:
                return
            if following == more.get(marker):
                break
            more = {marker: following}
        raise Unavailable(
            "AWS repeats the same page of a list: try again later.", service=self.service, operation=operation
        )

    def _unrepeated(self) -> Any:
        with self._lock:
            if self._once is None:
                self._once = self._access.client(self.service, attempts=1)
            return self._once

    def close(self) -> None:
        """Let connections go."""
        self._client.close()
        if self._once is not None:
            self._once.close()

    def _note_origin(self, reply: Mapping[str, Any]) -> None:
        """The practice servers name themselves in a header (architecture.md, Modes)."""
        self.practice_world = "x-practice-world" in reply.get("ResponseMetadata", {}).get("HTTPHeaders", {})

    def _refusal(self, failure: boto.ClientError, operation: str) -> ServiceError:
        error = failure.response.get("Error", {})
        code, message = str(error.get("Code", "")), str(error.get("Message", ""))[:300].rstrip(".")
        about = {"service": self.service, "operation": operation, "code": code}
        status = int(failure.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if code in THROTTLED or status == 429:
            asked = failure.response.get("RetryAfterSeconds")
            return Throttled("AWS asks for a pause; we go on by ourselves.", retry_after=float(asked or 1.0), **about)
        if status >= 500:
            return Unavailable("AWS has a problem of its own; we try again.", **about)
        if code in DEAD_KEYS:
            return CredentialsExpired(
                "AWS does not accept the credentials: check this computer's clock, then renew them with "
                f"{self._access.renewal}.",
                **about,
            )
        if code in DENIED or status == 403:
            action = f"{PREFIXES[self.service]}:{failure.operation_name}"
            return AccessDenied(
                f"AWS does not allow {action}: ask the account's administrator to attach {self._policy} "
                "(docs/permissions.md).",
                **about,
            )
        if code in NOT_THERE:
            return NotThere(f"AWS does not know this: {message or code}.", **about)
        return Refused(f"AWS refused: {message or code}.", **about)

    def _broken(self, failure: boto.BotoCoreError, operation: str) -> ServiceError:
        """No answer came, or nothing was sent."""
        about = {"service": self.service, "operation": operation, "code": type(failure).__name__}
        if isinstance(failure, NO_KEYS):
            return CredentialsExpired(
                f"There are no usable AWS credentials on this computer: renew them with {self._access.renewal}.",
                **about,
            )
        if isinstance(failure, boto.ParamValidationError):
            return Refused("This cannot be asked of AWS: an id in the settings has the wrong form.", **about)
        if isinstance(failure, NEVER_LEFT) or operation.startswith(READS):
            return Unreachable("AWS cannot be reached; check the network, the proxy and the region.", **about)
        return LostAnswer("AWS's answer was lost: it may have been done.", **about)
