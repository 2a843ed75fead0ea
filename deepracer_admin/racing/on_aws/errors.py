"""From any failed reply to one typed error with a sentence (deepracer-on-aws.md 1.4: five layers, five shapes).

The layer shows in the status, in the `x-amzn-errortype` header (cut at `:`, the part after `#`) and in whichever of
`message`, `Message` and `errorMessage` exists; a body may be no JSON at all. No body is ever logged or shown whole.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import httpx

from deepracer_admin.edge.answers import stopped_between
from deepracer_admin.edge.aws_errors import CODES, Meaning
from deepracer_admin.errors import (
    AccessDenied,
    CredentialsExpired,
    LostAnswer,
    NotThere,
    Refused,
    ServiceError,
    Throttled,
    Unavailable,
    Unsupported,
)
from deepracer_admin.racing import NOT_KNOWN
from deepracer_admin.racing.on_aws.operations import DELETE_PROFILE, Operation
from deepracer_admin.racing.on_aws.sentences import code_of, meaning_of, sentence_for_fields, sentence_for_validator
from deepracer_admin.racing.on_aws.site import SERVICE

__all__ = ["CLOCK", "EXPIRED", "WAF", "Failure", "admin_rule", "error_of", "read_failure"]

CLOCK, EXPIRED, WAF = "clock", "expired_credentials", "firewall"
"""Codes on which the transport acts: correct the clock once, renew once."""

_QUOTED_MESSAGE = re.compile(r'"(?:errorMessage|[mM]essage)"\s*:\s*"(.*)"\s*}\s*$', re.DOTALL)
_NO_SIGNATURE = {"MissingAuthenticationToken", "MissingAuthenticationTokenException"}  # the gateway: no such path
_CLOCK_WORDS = ("signature expired", "signature not yet current", "requesttimetooskewed", "time too skewed")
_ADMIN_BLOCK_SECONDS = 300.0
_SAYS_NOTHING = frozenset({"UpdateProfile", "DeleteProfile", "GetProfile"})


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed reply, read. `fields` are (path, message) of a validation error of the server SDK."""

    status: int
    kind: str = ""
    message: str = ""
    is_json: bool = True
    fields: tuple[tuple[str, str], ...] = field(default_factory=tuple)
    from_validator: bool = False
    retry_after: float | None = None

    @property
    def is_from_service(self) -> bool:
        """JSON with a reason, or at least an error type in a header; a bare status may be anybody's."""
        return self.is_json and bool(self.kind or self.message or self.fields)


def read_failure(reply: httpx.Response) -> Failure:
    """Read status, error type and message from a reply of any layer; survives broken JSON and web pages."""
    kind = reply.headers.get("x-amzn-errortype", "").split(":")[0].split("#")[-1].strip()
    text = reply.text.strip()
    body = _as_object(text)
    message, from_validator = "", False
    fields: list[tuple[str, str]] = []
    if body is not None:
        told = body.get("__type")
        kind = kind or (told.split("#")[-1] if isinstance(told, str) else "")
        for name in ("message", "Message", "errorMessage"):
            if isinstance(body.get(name), str):
                message, from_validator = body[name], name == "errorMessage"
                break
        fields = _fields(body.get("fieldList"))
    elif found := _QUOTED_MESSAGE.search(text):
        # The gateway's template does not escape quotes, so this body is no JSON (transcripts: request validator).
        message, from_validator = found[1].replace('\\"', '"'), "errorMessage" in text
    looks_json = body is not None or not text or text.startswith("{")
    return Failure(reply.status_code, kind, message, looks_json, tuple(fields), from_validator, _seconds(reply.headers))


def error_of(failure: Failure, operation: Operation, *, user_agent: str, signed_before: bool) -> ServiceError:
    """The typed error for a failed reply. `signed_before`: a signed call of this connection has already worked."""
    status = failure.status
    if status < 500 and status not in (403, 429) and not failure.is_from_service:
        return stopped_between(SERVICE, operation.name, status)
    if status == 400:
        return _bad_request(failure, operation)
    if status == 403:
        return _forbidden(failure, operation, user_agent, signed_before)
    if status == 404 and failure.kind != "UnknownOperationException":
        return NotThere(
            meaning_of(failure.message) or "DeepRacer on AWS knows no such item any more: refresh the page.",
            **_where(operation, failure.kind or "404"),
        )
    if status == 409:
        return Refused(
            meaning_of(failure.message) or "DeepRacer on AWS says that this changed meanwhile: refresh and try again.",
            **_where(operation, code_of(failure.message) or failure.kind or "ConflictError"),
        )
    if status == 413:
        return Refused(
            "The request was too large for the service: send fewer rows at once.", **_where(operation, "413")
        )
    if status == 429:
        return Throttled(
            "DeepRacer on AWS gets too many requests at the moment; the console slows down and tries again.",
            **_where(operation, failure.kind or "429"),
            retry_after=failure.retry_after or 2.0,
        )
    if status >= 500:
        return _server_failure(failure, operation)
    if status in (404, 405, 406, 415):
        return Unsupported(
            "This deployment does not understand the request: its version may be one the console does not know.",
            **_where(operation, failure.kind or str(status)),
        )
    return Unavailable(
        f"DeepRacer on AWS answered in an unexpected way (HTTP {status}): try again, then look at the deployment.",
        **_where(operation, failure.kind or str(status)),
    )


def _bad_request(failure: Failure, operation: Operation) -> ServiceError:
    if failure.fields:
        return Refused(sentence_for_fields(failure.fields), **_where(operation, "ValidationException"))
    if failure.from_validator:
        return Refused(sentence_for_validator(failure.message), **_where(operation, "ValidationException"))
    if failure.kind == "SerializationException":
        return Refused(
            "DeepRacer on AWS could not read a value that was sent (a number or a time in a wrong form): check the "
            "values and try again.",
            **_where(operation, failure.kind),
        )
    if failure.message.startswith("Admin permission required") or failure.message.startswith("Non-admin user"):
        return AccessDenied(_missing_role(), **_where(operation, "role"))
    known = meaning_of(failure.message)
    return Refused(
        known or f"DeepRacer on AWS refused the request: {failure.message[:200] or 'it gave no reason'}.",
        **_where(operation, code_of(failure.message) or failure.kind or "BadRequestError"),
    )


def _forbidden(failure: Failure, operation: Operation, user_agent: str, signed_before: bool) -> ServiceError:
    text = failure.message.lower()
    if (
        CODES.get(failure.kind) is Meaning.DEAD_KEYS and failure.kind not in _NO_SIGNATURE
    ) or "security token included in the request is" in text:
        return CredentialsExpired(
            "The console's sign-in to DeepRacer on AWS has ended and could not be renewed: check it in set-up.",
            **_where(operation, EXPIRED),
        )
    if any(words in text for words in _CLOCK_WORDS) or failure.kind in ("RequestTimeTooSkewed", "RequestExpired"):
        return AccessDenied(
            "This computer's clock is wrong by more than five minutes, so AWS refuses its requests: set the clock.",
            **_where(operation, CLOCK),
        )
    if failure.kind == "MissingAuthenticationTokenException" or text == "missing authentication token":
        return _no_such_path(operation, signed_before)
    if "not authorized to perform" in text or failure.kind in ("AccessDeniedException", "NotAuthorizedError"):
        return AccessDenied(_missing_role(), **_where(operation, "role"))
    if "signature" in failure.kind.lower() or "signature" in text or "credential should be scoped" in text:
        return AccessDenied(
            "AWS did not accept the signature of a request: something between here and AWS (a proxy) may change "
            "requests on their way; exclude execute-api.*.amazonaws.com from inspection.",
            **_where(operation, failure.kind or "signature"),
        )
    if (failure.kind == "ForbiddenException" or text == "forbidden") and operation.is_admin_path and signed_before:
        # Every other path works, so it is the rule for this one: 100 in five minutes and address (1.4).
        return admin_rule(operation, _ADMIN_BLOCK_SECONDS)
    if failure.kind == "ForbiddenException" or text == "forbidden":
        return AccessDenied(_firewall(operation, user_agent), **_where(operation, WAF))
    return AccessDenied(
        "Something between this computer and DeepRacer on AWS refused the request (HTTP 403): ask the network "
        "administrator to allow execute-api.*.amazonaws.com.",
        **_where(operation, failure.kind or "403"),
    )


def admin_rule(operation: Operation, wait: float) -> Throttled:
    """The firewall's rule for `/admin/` is near, or was hit; `wait` in real seconds."""
    return Throttled(
        "The deployment's firewall allows 100 reads of this kind in five minutes from one network address: the "
        f"console goes on in {max(1, round(wait / 60))} min. Close other consoles and admin pages of the deployment.",
        **_where(operation, "admin_rule"),
        retry_after=wait,
    )


def _no_such_path(operation: Operation, signed_before: bool) -> ServiceError:
    """The gateway says the same for "no such path" and "no signature" (1.3 page, section 2)."""
    if signed_before:
        return Unsupported(
            "This deployment of DeepRacer on AWS is too old for that: update it to 1.3 or later.",
            **_where(operation, "MissingAuthenticationTokenException"),
        )
    return AccessDenied(
        "The API named in the site's env.js does not know the console's requests: check the deployment.",
        **_where(operation, "MissingAuthenticationTokenException"),
    )


def _server_failure(failure: Failure, operation: Operation) -> ServiceError:
    status = failure.status
    empty = status == 500 and not failure.message and failure.is_json
    if empty and operation.name in _SAYS_NOTHING:
        # 500 {} is what the service says instead of 404 for these, and for every failure of Cognito and the like: it
        # proves nothing (deepracer-on-aws-capacity.md 5).
        if operation is DELETE_PROFILE:
            return LostAnswer(
                "DeepRacer on AWS failed without a reason, as it does when there is no such account and when Cognito "
                "did not answer it: whether the account still exists is not known.",
                **_where(operation, NOT_KNOWN),
            )
        return Unavailable(
            "DeepRacer on AWS failed without a reason: it may have no such profile (any more), or trouble of its own.",
            **_where(operation, NOT_KNOWN),
        )
    if empty and operation.name == "EditLeaderboard":
        # A conflict that the operation may not declare (1.3 page, 5.1).
        return Refused(
            "DeepRacer on AWS refused the change: while submissions wait, or once an event began, scoring and track "
            "stay as they are.",
            **_where(operation, "InternalFailure"),
        )
    if (empty or status in (502, 504)) and operation.writes and not operation.repeatable:
        return LostAnswer(
            "DeepRacer on AWS broke off over the request, so it may have been done: look before you repeat.",
            **_where(operation, str(status)),
        )
    if status == 502:
        return Unavailable(
            "DeepRacer on AWS is overloaded, or the console's own user was deleted there: the console tries again; if "
            "it stays, sign the console in with another administrator in set-up.",
            **_where(operation, failure.kind or "502"),
        )
    return Unavailable(
        meaning_of(failure.message) or f"DeepRacer on AWS failed on its side (HTTP {status}): the console tries again.",
        **_where(operation, code_of(failure.message) or failure.kind or str(status)),
    )


def _missing_role() -> str:
    return (
        "The console's user is no administrator of DeepRacer on AWS: a DeepRacer administrator must put it into the "
        "group dr-admins, then sign the console in again."
    )


def _firewall(operation: Operation, user_agent: str) -> str:
    if operation.name == "BulkInviteUser":
        lead = "The deployment's firewall (AWS WAF) refused the invitation, which also happens to bodies over 8 KB"
    else:
        lead = "The deployment's firewall (AWS WAF) refused the console"
    return (
        f"{lead}: the operator must add an allow rule to the web ACL, before its Bot Control rule, for this computer's "
        f'public IP address or for the User-Agent "{user_agent}".'
    )


def _where(operation: Operation, code: str) -> dict[str, str]:
    return {"service": SERVICE, "operation": operation.name, "code": code}


def _as_object(text: str) -> dict[str, Any] | None:
    try:
        body = json.loads(text)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _fields(value: Any) -> list[tuple[str, str]]:
    if not isinstance(value, list):
        return []
    return [(str(each.get("path", "")), str(each.get("message", ""))) for each in value if isinstance(each, dict)]


def _seconds(headers: httpx.Headers) -> float | None:
    try:
        return max(0.0, float(headers["retry-after"]))
    except (KeyError, ValueError):
        return None
