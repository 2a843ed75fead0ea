"""The shapes that every part of the practice Graph shares: one call, one reply, one error."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Caller:
    """Whose token it is: a person's (delegated scopes) or the app's own (roles)."""

    app_id: str
    person_id: str | None
    rights: frozenset[str]

    def has(self, *any_of: str) -> bool:
        return not self.rights.isdisjoint(any_of)


@dataclass(frozen=True)
class Call:
    """One request, alone or as a part of a batch. `path` is decoded and begins after ``/v1.0``."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    caller: Caller
    url_length: int = 0
    parts: Mapping[str, str] = field(default_factory=dict)

    @property
    def advanced(self) -> bool:
        """An advanced query (identity-and-mail.md 1.1)."""
        return self.headers.get("consistencylevel", "").lower() == "eventual" and self.query.get("$count") == "true"


@dataclass
class Reply:
    status: int
    body: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)


class GraphError(Exception):
    """An error in Graph's shape."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.headers = dict(headers or {})

    def reply(self) -> Reply:
        inner = {"date": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()), "request-id": str(uuid.uuid4())}
        inner["client-request-id"] = inner["request-id"]
        error = {"code": self.code, "message": self.message, "innerError": inner}
        return Reply(self.status, {"error": error}, self.headers)


def denied() -> GraphError:
    return GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def not_found(object_id: str) -> GraphError:
    """Names the missing id, which may be the group or the user (identity-and-mail.md 1.2)."""
    message = f"Resource '{object_id}' does not exist or one of its queried reference-property objects are not present."
    return GraphError(404, "Request_ResourceNotFound", message)


def bad_request(message: str) -> GraphError:
    return GraphError(400, "Request_BadRequest", message)


def throttled(retry_after_s: int, scope: str, why: str) -> GraphError:
    headers = {
        "Retry-After": str(retry_after_s),
        "x-ms-throttle-scope": scope,
        "x-ms-throttle-information": why,
    }
    return GraphError(429, "TooManyRequests", "Too many requests. Please wait and try again later.", headers)


def unavailable() -> GraphError:
    return GraphError(503, "ServiceUnavailable", "The service is temporarily unavailable. Please try again later.")
