"""What an AWS failure means: read here, once, for mail, directories and the racing service alike.

AWS's JSON services answer refusals with HTTP 400 and a code, its REST services with a status and a code; so the code
decides first, then the status. A service's own codes (`own`) go before the common ones, where one word means something
else there: Cognito's `NotAuthorizedException` is a wrong password at a sign-in, and a missing right elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from botocore import exceptions as boto

from deepracer_admin.edge.answers import by_proxy, stopped_between
from deepracer_admin.edge.http import not_trusted
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

__all__ = [
    "CODES",
    "NO_KEYS",
    "AwsService",
    "Meaning",
    "aws_error",
    "meaning_of",
    "no_keys",
    "odd_answer",
    "proxy_status",
]


class Meaning(StrEnum):
    """What AWS says, whoever says it."""

    THROTTLED = "throttled"  # too fast
    EXHAUSTED = "exhausted"  # a quota is used up: an hour, not a second
    DEAD_KEYS = "dead_keys"  # the credentials have expired or were never good
    CLOCK_OR_KEYS = "clock_or_keys"  # the signature was not accepted
    DENIED = "denied"
    NOT_THERE = "not_there"
    UNKNOWN_OPERATION = "unknown_operation"
    FAILING = "failing"  # the service has a problem of its own
    REFUSED = "refused"  # this request, and every repeat of it


_T, _E, _D = Meaning.THROTTLED, Meaning.EXHAUSTED, Meaning.DENIED
_K, _C, _N = Meaning.DEAD_KEYS, Meaning.CLOCK_OR_KEYS, Meaning.NOT_THERE
CODES: Mapping[str, Meaning] = {
    "TooManyRequestsException": _T,
    "ThrottlingException": _T,
    "Throttling": _T,
    "ThrottledException": _T,
    "RequestThrottled": _T,
    "RequestThrottledException": _T,
    "RequestLimitExceeded": _T,
    "SlowDown": _T,
    "LimitExceededException": _E,
    "AccessDeniedException": _D,
    "AccessDenied": _D,
    "UnauthorizedOperation": _D,
    "NotAuthorized": _D,
    "NotAuthorizedException": _D,
    "OptInRequired": _D,
    "ExpiredToken": _K,
    "ExpiredTokenException": _K,
    "InvalidAccessKeyId": _K,
    "InvalidClientTokenId": _K,
    "UnrecognizedClientException": _K,
    "MissingAuthenticationToken": _K,
    "MissingAuthenticationTokenException": _K,
    "TokenRefreshRequired": _K,
    "RequestExpired": _C,
    "RequestTimeTooSkewed": _C,
    "InvalidSignatureException": _C,
    "SignatureDoesNotMatch": _C,
    "IncompleteSignature": _C,
    "IncompleteSignatureException": _C,
    "ResourceNotFoundException": _N,
    "NotFoundException": _N,
    "UserNotFoundException": _N,
    "ResourceDoesNotExistException": _N,
    "UnknownOperationException": Meaning.UNKNOWN_OPERATION,
    "InternalFailure": Meaning.FAILING,
    "InternalError": Meaning.FAILING,
    "InternalErrorException": Meaning.FAILING,
    "InternalServerException": Meaning.FAILING,
    "InternalServiceErrorException": Meaning.FAILING,
    "ServiceException": Meaning.FAILING,
    "ServiceUnavailable": Meaning.FAILING,
}
NO_KEYS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.ProfileNotFound,
    boto.SSOError,
    boto.TokenRetrievalError,
)
_NEVER_LEFT = (boto.EndpointConnectionError, boto.ConnectTimeoutError, boto.ProxyConnectionError)


@dataclass(frozen=True, slots=True)
class AwsService:
    """How one service's failures are told. `called`: as people know it; `rights`: what its permissions begin with;
    `policy`: what an administrator attaches; `own`: codes that mean something else here; `gone`: added where it may
    have been closed.
    """

    name: str  # botocore's name, as errors carry it
    called: str
    rights: str = ""
    policy: str = "the console's policy"
    own: Mapping[str, Meaning] = field(default_factory=dict)
    gone: str = ""


def meaning_of(service: AwsService, code: str, status: int) -> Meaning:
    """What a code with its status means; a code goes before a status."""
    if (known := service.own.get(code) or CODES.get(code)) is not None:
        return known
    if status == 429:
        return Meaning.THROTTLED
    if status >= 500:
        return Meaning.FAILING
    if status == 403:
        return Meaning.DENIED
    return Meaning.NOT_THERE if status == 404 else Meaning.REFUSED


def aws_error(
    failure: Exception,
    service: AwsService,
    operation: str,
    *,
    reads: bool,
    at_most_once: bool = False,
    renewal: str = "",
    profile: str = "",
) -> ServiceError:
    """The error for whatever a botocore call of `operation` raised.

    `reads`: nothing can have been done, so a lost answer is only a connection that broke. `at_most_once`: a repeat
    would reach a person twice, so 5xx is `LostAnswer`, too.
    """
    about = {"service": service.name, "operation": operation, "code": type(failure).__name__}
    if isinstance(failure, boto.ClientError):
        return _answered(failure, service, operation, at_most_once, renewal or "`aws sso login`")
    if isinstance(failure, NO_KEYS):
        return no_keys(failure, service.name, operation, profile=profile, renewal=renewal)
    if isinstance(failure, boto.ParamValidationError):
        return Refused(
            f"This cannot be asked of {service.called}: an id, an address or a number has the wrong form.",
            **{**about, "code": "ParamValidation"},
        )
    if isinstance(failure, boto.ProxyConnectionError) and (told := proxy_status(failure)):
        return by_proxy(service.called, operation, told)
    if _untrusted(failure):
        return Unreachable(not_trusted(service.called), **about)
    if not isinstance(failure, boto.BotoCoreError | OSError):  # botocore could not read the answer
        return _lost(service, about) if at_most_once else odd_answer(service.name, service.called, operation)
    if isinstance(failure, _NEVER_LEFT) or reads:
        return Unreachable(
            f"{service.called} cannot be reached; check the network, the proxy and the region.{service.gone}", **about
        )
    return _lost(service, about)


def _lost(service: AwsService, about: dict[str, str]) -> LostAnswer:
    return LostAnswer(f"The answer of {service.called} was lost: it may have been done.", **about)


def odd_answer(service: str, called: str, operation: str) -> Unavailable:
    """The error for an answer without what it must hold, or with something else in its place."""
    return Unavailable(
        f"{called} answered in a way that the console does not understand; it tries again later.",
        service=service,
        operation=operation,
        code="odd_answer",
    )


def _answered(
    failure: boto.ClientError, service: AwsService, operation: str, at_most_once: bool, renewal: str
) -> ServiceError:
    error = failure.response.get("Error", {})
    code, message = str(error.get("Code", "")), str(error.get("Message", "")).strip()[:300].removesuffix(".")
    status = int(failure.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    about = {"service": service.name, "operation": operation, "code": code or str(status)}
    if 400 <= status < 500 and status != 429 and code in ("", str(status), "Forbidden", "ForbiddenException"):
        return stopped_between(service.called, operation, status)  # AWS itself always says a code of its own
    meaning = meaning_of(service, code, status)
    if meaning is Meaning.FAILING:
        if at_most_once:
            return LostAnswer(f"{service.called} failed over the request: it may have been done.", **about)
        return Unavailable(f"{service.called} has a problem of its own; we try again.", **about)
    if meaning in (Meaning.THROTTLED, Meaning.EXHAUSTED):
        long = meaning is Meaning.EXHAUSTED or "daily" in message.lower()
        asked = failure.response.get("RetryAfterSeconds")
        pause = 3600.0 if long else float(asked or 1.0)
        return Throttled(f"{service.called} asks for a pause; we go on by ourselves.", retry_after=pause, **about)
    if meaning is Meaning.DEAD_KEYS:
        return CredentialsExpired(
            f"AWS does not accept the credentials (any more): renew the access key or sign-in with {renewal}.", **about
        )
    if meaning is Meaning.CLOCK_OR_KEYS:
        return CredentialsExpired(
            f"AWS did not accept our signature: check this computer's clock and the access key, then renew with "
            f"{renewal}.",
            **about,
        )
    if meaning is Meaning.DENIED:
        right = f"{service.rights or service.name}:{failure.operation_name}"
        return AccessDenied(
            f"AWS does not allow {right}: ask the account's administrator to attach {service.policy} "
            "(docs/permissions.md).",
            **about,
        )
    if meaning is Meaning.NOT_THERE:
        return NotThere(f"{service.called} does not know this: {message or code or status}.", **about)
    if meaning is Meaning.UNKNOWN_OPERATION:
        return Unsupported(f"{service.called} does not know {operation} (any more).{service.gone}", **about)
    return Refused(f"{service.called} refused: {message or code or status}.", **about)


def no_keys(
    failure: Exception, service: str, operation: str, *, profile: str = "", renewal: str = ""
) -> CredentialsExpired:
    """The error for a computer without usable AWS credentials."""
    about = {"service": service, "operation": operation, "code": type(failure).__name__}
    renewal = renewal or "`aws sso login`"
    if isinstance(failure, boto.ProfileNotFound):
        return CredentialsExpired(
            f"This computer has no AWS profile {profile}: make it with `aws configure sso --profile {profile}`, or "
            "correct the setting.",
            **about,
        )
    if isinstance(failure, boto.SSOError | boto.TokenRetrievalError):
        return CredentialsExpired(f"The AWS sign-in has expired: renew it with {renewal}.", **about)
    return CredentialsExpired(
        f"There are no AWS credentials on this computer: sign in with {renewal}, or name an AWS profile in the "
        "settings.",
        **about,
    )


def proxy_status(failure: Exception) -> str:
    """The proxy's own answer to CONNECT, as urllib3 and httpx tell it; "" when the proxy itself cannot be reached."""
    text = f"{failure} {failure.__cause__ or ''} {failure.__context__ or ''} {getattr(failure, 'kwargs', {})}"
    return next((status for status in ("407", "403", "401", "502", "503") if status in text), "")


def _untrusted(failure: BaseException) -> bool:
    """A certificate that is not trusted ends the connection before anything is sent; a TLS failure later may not."""
    return isinstance(failure, boto.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(failure)
