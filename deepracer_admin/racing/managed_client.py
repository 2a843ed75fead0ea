"""The wire of AWS DeepRacer multi-user mode: botocore on our own service model, and failures as typed errors.

managed-deepracer.md 1.1: JSON 1.1, always ``POST /``, SigV4 with the signing name ``deepracer``; no paginators
exist, so pages are walked by hand. botocore does not retry here: reads are repeated with back-off and jitter, since
that is harmless; what a write left open is the caller's to decide.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import botocore
import botocore.session
from botocore import exceptions as aws
from botocore.config import Config
from botocore.loaders import Loader

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
    Unsupported,
)

__all__ = ["SERVICE", "ManagedClient"]

SERVICE = "AWS DeepRacer (managed)"
MODEL_FOLDER = Path(__file__).parent / "data"
USER_AGENT = "deepracer-organizer-console"
PAGE_SIZE = 100  # 1.1: 25, 50 and 100 were used in the wild; the ceiling is not known
_ATTEMPTS, _FIRST_WAIT, _LONGEST_WAIT, _PATIENCE_SECONDS = 4, 0.25, 4.0, 30.0
CLOSED_NOTE = "AWS closed this service in December 2025, so its address may not answer any more."

_log = logging.getLogger(__name__)
_random = secrets.SystemRandom()

_DENIED = frozenset(
    {"CustomerAuthorizationFailedException", "AccessDenied", "AccessDeniedException", "NotAuthorizedException"}
)
_KEYS = frozenset(
    {
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    }
)
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException"})
_THROTTLED = frozenset({"TooManyRequestsException", "ThrottlingException", "Throttling", "RequestLimitExceeded"})
_UNKNOWN_OPERATION = frozenset({"UnknownOperationException"})
_NO_KEYS = (
    aws.NoCredentialsError,
    aws.PartialCredentialsError,
    aws.CredentialRetrievalError,
    aws.TokenRetrievalError,
    aws.SSOError,
    aws.ProfileNotFound,
)
_NOT_SENT = (aws.EndpointConnectionError, aws.ConnectTimeoutError, aws.ProxyConnectionError, aws.SSLError)


@cache
def _service_models() -> Loader:
    """Descriptions of services, read once for all clients."""
    return Loader(extra_search_paths=[str(MODEL_FOLDER)])


class ManagedClient:
    """Calls operations by their wire name and raises nothing but `ServiceError`s, each with a sentence.

    Without keys botocore's own credential chain is used (profile, SSO, environment). `endpoint_url` None = AWS.
    """

    def __init__(
        self,
        *,
        region: str = "us-east-1",
        endpoint_url: str | None = None,
        profile: str | None = None,
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
        session_token: str | None = None,
        user_agent: str = "",
        timeout_s: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.region = region
        self._sleep = sleep
        self.practice_world: bool | None = None  # known from the first answer on
        config = Config(
            user_agent_extra=user_agent or USER_AGENT,
            connect_timeout=5,
            read_timeout=timeout_s,
            retries={"total_max_attempts": 1},
            max_pool_connections=8,
            proxies={} if _is_loopback(endpoint_url) else None,
        )
        try:
            session = botocore.session.Session(profile=profile or None)
            session.register_component("data_loader", _service_models())
            self._client = session.create_client(
                "deepracer",
                region_name=region,
                endpoint_url=endpoint_url,
                aws_access_key_id=access_key_id,
                aws_secret_access_key=secret_access_key,
                aws_session_token=session_token,
                config=config,
            )
            self._client.meta.events.register("before-parse.deepracer", _look_who_answers)
        except _NO_KEYS as failure:
            raise _no_keys(failure, "connect") from failure

    def call(self, operation: str, **members: Any) -> dict[str, Any]:
        """One operation, e.g. ``call("GetLeaderboard", LeaderboardArn=...)``; the reply without its metadata.

        A read is tried four times where trying again may help; a write once, for its answer may be all that was lost.
        """
        began = time.monotonic()
        for attempt in range(1, _ATTEMPTS):
            try:
                return self._call_once(operation, members)
            except (Throttled, Unreachable, Unavailable) as failure:
                if not _reads(operation) or time.monotonic() - began > _PATIENCE_SECONDS:
                    raise
                wait = _random.uniform(0.5, 1.0) * min(_LONGEST_WAIT, _FIRST_WAIT * 2**attempt)
                _log.info("%s: %s, again in %.1f s", operation, failure.code, wait)
                self._sleep(wait)
        return self._call_once(operation, members)

    def _call_once(self, operation: str, members: Mapping[str, Any]) -> dict[str, Any]:
        method = getattr(self._client, botocore.xform_name(operation))
        try:
            reply: dict[str, Any] = method(**members)
        except aws.ClientError as failure:
            self._note_origin(failure.response)
            raise _refusal(failure, operation) from failure
        except _NO_KEYS as failure:
            raise _no_keys(failure, operation) from failure
        except aws.ParamValidationError as failure:
            raise Refused(
                f"{operation} was not sent: {failure}", service=SERVICE, operation=operation, code="ParamValidation"
            ) from failure
        except aws.BotoCoreError as failure:
            raise _broken(failure, operation) from failure
        self._note_origin(reply)
        reply.pop("ResponseMetadata", None)
        return reply

    def _note_origin(self, reply: Mapping[str, Any]) -> None:
        """The practice servers name themselves in a header (architecture.md, Modes)."""
        self.practice_world = "x-practice-world" in reply.get("ResponseMetadata", {}).get("HTTPHeaders", {})

    def walk(self, operation: str, key: str, **members: Any) -> Iterator[dict[str, Any]]:
        """All entries of a paged list. Raises Unavailable when the service repeats a token or lets one die."""
        token: str | None = None
        seen: set[str] = set()
        while True:
            more = {"NextToken": token} if token else {}
            try:
                reply = self.call(operation, MaxResults=PAGE_SIZE, **members, **more)
            except Refused as failure:
                if token is None:
                    raise
                raise Unavailable(
                    f"{SERVICE} would not go on with the list of {operation}: the console lists it anew.",
                    service=SERVICE,
                    operation=operation,
                    code="page",
                ) from failure
            yield from reply.get(key) or []
            following = reply.get("NextToken")
            if not following:
                return
            if following in seen:  # at once, or by way of others: it would never end
                raise Unavailable(
                    f"{SERVICE} repeats the same page of {operation}: try again later.",
                    service=SERVICE,
                    operation=operation,
                )
            seen.add(following)
            token = following

    def close(self) -> None:
        """Let connections go."""
        self._client.close()


def _reads(operation: str) -> bool:
    return operation.startswith(("Get", "List", "AdminGet", "AdminList"))


def _refusal(failure: aws.ClientError, operation: str) -> ServiceError:
    """The service answered with an error; the codes are those of 1.1 and AWS's common ones."""
    error = failure.response.get("Error", {})
    code, message = str(error.get("Code", "")), str(error.get("Message", "")).strip()
    status = int(failure.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    about: dict[str, str] = {"service": SERVICE, "operation": operation, "code": code}
    if code in _THROTTLED or status == 429:
        return Throttled("AWS DeepRacer is asked too often: the console slows down.", retry_after=2.0, **about)
    if code == "ServiceException" or status >= 500:
        return Unavailable("AWS DeepRacer has a problem of its own: try again later.", **about)
    if code in _EXPIRED:
        return CredentialsExpired("The AWS sign-in has expired: run aws sso login again, or renew the keys.", **about)
    if code in _KEYS and ("expired" in message or "not yet current" in message):
        return CredentialsExpired("This computer's clock is off by minutes: set it right.", **about)
    if code in _KEYS:
        return CredentialsExpired("AWS does not accept the access key: check the AWS profile in the settings.", **about)
    if code in _DENIED:
        return AccessDenied(
            f"The AWS identity may not do deepracer:{operation}: attach the policy AWSDeepRacerAccountAdminAccess.",
            **about,
        )
    if status == 403 and (code == "ForbiddenException" or not code.endswith("Exception")):  # 1.1: its own end so
        return _walled_off(operation, str(status))
    if code in _UNKNOWN_OPERATION:
        return Unsupported(f"AWS DeepRacer does not know {operation} any more. {CLOSED_NOTE}", **about)
    if code == "ResourceDoesNotExistException":
        return NotThere(message or "AWS DeepRacer knows no such thing: refresh the list.", **about)
    reason = message or code or "no reason given"
    return Refused(f"AWS DeepRacer refused {operation}: {reason.removesuffix('.')}.", **about)


def _look_who_answers(operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
    """Before botocore reads a reply: the service answers with a JSON object (1.1). Anything else is the page of a
    firewall, proxy or balancer: it is not for people, and one that says 200 did not do what was asked.
    """
    try:
        if isinstance(json.loads(response_dict["body"] or b"{}"), dict):
            return
    except ValueError:  # no JSON, or no UTF-8
        pass
    response_dict["body"] = b"{}"
    if response_dict["status_code"] < 400:
        raise _walled_off(operation_model.name, str(response_dict["status_code"]))


def _walled_off(operation: str, code: str) -> AccessDenied:
    return AccessDenied(
        f"A firewall or proxy between this computer and AWS stopped {operation} (HTTP {code}): its operator must let "
        "this console call AWS DeepRacer.",
        service=SERVICE,
        operation=operation,
        code=code,
    )


def _no_keys(failure: Exception, operation: str) -> CredentialsExpired:
    return CredentialsExpired(
        "No usable AWS sign-in was found: sign in (aws sso login) or name an AWS profile in the settings.",
        service=SERVICE,
        operation=operation,
        code=type(failure).__name__,
    )


def _broken(failure: aws.BotoCoreError, operation: str) -> ServiceError:
    """No answer came. What was certainly not sent, or only read, may be repeated without harm."""
    about: dict[str, str] = {"service": SERVICE, "operation": operation, "code": type(failure).__name__}
    if isinstance(failure, _NOT_SENT):
        return Unreachable(f"AWS DeepRacer cannot be reached: check the network. {CLOSED_NOTE}", **about)
    if _reads(operation):
        return Unreachable("The connection to AWS DeepRacer broke: try again.", **about)
    return LostAnswer(f"{operation} was sent and no answer came: refresh to see whether it was done.", **about)


def _is_loopback(endpoint_url: str | None) -> bool:
    host = urlsplit(endpoint_url or "").hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
