"""Microsoft Graph over httpx: one token, bounded patience, at most four requests in flight.

Every call but an invitation may be repeated without harm (a membership added twice is refused), so lost answers, 429
and 5xx are tried again here, with `Retry-After` where Graph gives one (identity-and-mail.md 1.5), and only then told
to the caller.
"""

from __future__ import annotations

import logging
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from copy import copy
from typing import Any
from urllib.parse import urlsplit

import httpx
import truststore

from deepracer_admin.directory.graph_urls import check_write
from deepracer_admin.edge.answers import body_of, is_page, stopped_between
from deepracer_admin.edge.bounded_http import bounded_client
from deepracer_admin.edge.http import by_proxy_of, is_untrusted, not_trusted
from deepracer_admin.edge.reach import GRAPH, Reach
from deepracer_admin.edge.repeats import BUSY_STATUSES, may_repeat, status_may_repeat
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

__all__ = ["IN_FLIGHT", "SERVICE", "Graph", "Patience", "as_object", "error_of", "odd_answer", "retry_after", "told_of"]

SERVICE = "graph"
NAME = "Microsoft Graph"
UNDONE = frozenset({429})  # Graph did not take the request (identity-and-mail.md 1.5)
IN_FLIGHT = 4  # architecture.md, Concurrency and limits
for _name in ("httpx", "httpcore"):
    # at INFO and below they log whole addresses, and those of a lookup hold people's e-mails
    logging.getLogger(_name).setLevel(logging.WARNING)

RETRIED = frozenset({429, 500, 502, 503, 504})
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
LONGEST_LISTING = 2000  # pages; 10,000 members take 11 to 100 (identity-and-mail.md 1.3)

_SCOPES = {
    "resolve": "User.Read.All",
    "group": "GroupMember.Read.All",
    "members": "GroupMember.ReadWrite.All",
    "invite": "User.Invite.All",
    "application": "Application.Read.All",
}


class Patience:
    """How often and how long a call is tried again. Seconds are real; `sleep` is replaced in tests."""

    def __init__(
        self, attempts: int = 5, longest: float = 60.0, base: float = 0.5, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.attempts = attempts
        self.longest = longest
        self._base = base
        self._sleep = sleep

    def pause(self, attempt: int, asked: float | None) -> None:
        """Wait as long as the service asked, else ever longer; a little chance keeps callers apart."""
        backoff = self._base * 2**attempt if asked is None else asked
        self._sleep(min(backoff, self.longest) * (1 + 0.2 * random.random()))  # noqa: S311


class Graph:
    """One connection pool to Graph. `token` gives a bearer token; when it has a `refresh`, that is used once on a 401.

    `base_url` includes the version ("https://graph.microsoft.com/v1.0"). Raises BadSettings for one out of `reach`.
    """

    def __init__(
        self,
        base_url: str,
        token: Callable[[], str],
        *,
        http: httpx.Client | None = None,
        patience: Patience | None = None,
        reach: Reach = Reach.LIVE,
    ) -> None:
        self.base_url = reach.admit(base_url.rstrip("/"), GRAPH)
        self._reach = reach
        self.patience = patience or Patience()
        self._token = token
        self._http = http or _open_http(reach)
        self._owns_http = http is None
        self._slots = threading.BoundedSemaphore(IN_FLIGHT)

    def get(self, url: str, operation: str) -> dict[str, Any]:
        """GET a path (or a full link that Graph gave) and return its JSON object. Raises `ServiceError`."""
        return as_object(self.send("GET", url, operation), operation)

    def speaking(self, token: Callable[[], str]) -> Graph:
        """The same connections with other tokens; closing it closes nothing."""
        other = copy(self)
        other._token, other._owns_http = token, False
        return other

    def send(
        self, method: str, url: str, operation: str, body: Mapping[str, Any] | None = None, *, repeat: bool = True
    ) -> httpx.Response:
        """Send one request and return an answer below 400; anything else raises the `ServiceError` it means."""
        answer = self.exchange(method, url, operation, body, repeat=repeat)
        if answer.status_code >= 400:
            raise error_of(answer.status_code, _json(answer), operation, retry_after(answer.headers))
        return answer

    def exchange(
        self, method: str, url: str, operation: str, body: Mapping[str, Any] | None = None, *, repeat: bool = True
    ) -> httpx.Response:
        """Send one request and return whatever Graph answered in the end, refusals too.

        Without `repeat` only what was surely not done is sent again: no connection, or a 429.
        Raises `Unreachable`, `LostAnswer`, `Throttled`, `Unavailable` or `CredentialsExpired`.
        """
        check_write(method, url)
        renewed = False
        token = self._token()
        attempt = 0
        while True:
            last = attempt + 1 >= self.patience.attempts
            try:
                with self._slots:
                    answer = self._http.request(
                        method, self._absolute(url), json=body, headers={"Authorization": f"Bearer {token}"}
                    )
            except httpx.RequestError as broken:
                failure = by_proxy_of(broken, NAME, operation) or _broken(broken, method, operation)
                if last or not may_repeat(failure, harmless=repeat, undone=(Unreachable,)):
                    raise failure from None
                asked = None
            else:
                self._reach.believe(answer.headers, GRAPH, operation)
                if is_page(answer.status_code, answer.headers, answer.content):
                    raise stopped_between(NAME, operation, answer.status_code)
                if answer.status_code == 401 and not renewed:
                    renewed = True
                    token = self._renew()
                    continue
                if answer.status_code not in RETRIED:
                    return _signed_in(answer, operation)
                asked = retry_after(answer.headers)
                unclear = not status_may_repeat(answer.status_code, harmless=repeat, undone=UNDONE)
                if last or unclear or (asked or 0) > self.patience.longest:
                    raise error_of(answer.status_code, _json(answer), operation, asked)
            self.patience.pause(attempt, asked)
            attempt += 1

    def forget_token(self) -> None:
        """Get a fresh token for the next call, where that is possible now."""
        with suppress(ServiceError):
            self._renew()

    def pages(self, url: str, operation: str) -> Iterator[list[dict[str, Any]]]:
        """The pages of a listing. `@odata.nextLink` is followed as given, once each, and never to another host."""
        seen: set[str] = set()
        link: str | None = url
        while link:
            if link in seen or len(seen) >= LONGEST_LISTING:
                raise Unavailable(
                    "The directory's listing does not end; try again in some minutes.",
                    service=SERVICE,
                    operation=operation,
                )
            seen.add(link)
            page = self.get(link, operation)
            rows = page.get("value")
            if not isinstance(rows, list):
                raise odd_answer(operation)  # an answer without the list would read as "nobody"
            yield [row for row in rows if isinstance(row, dict)]
            following = page.get("@odata.nextLink")
            link = following if isinstance(following, str) else None

    def close(self) -> None:
        if self._owns_http:
            self._http.close()

    def _absolute(self, url: str) -> str:
        if url.startswith("/"):
            return self.base_url + url
        if urlsplit(url)[:2] != urlsplit(self.base_url)[:2]:
            raise Refused(
                "The directory pointed to another server; nothing was sent there. Check the directory's address.",
                service=SERVICE,
            )
        return url

    def _renew(self) -> str:
        return getattr(self._token, "refresh", self._token)()


def _open_http(reach: Reach) -> httpx.Client:
    """A rehearsal goes past every proxy; the rest trusts what this computer trusts."""
    return bounded_client(
        timeout=httpx.Timeout(60.0, connect=10.0),
        trust_env=reach is Reach.LIVE,
        verify=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
    )


def as_object(answer: httpx.Response, operation: str) -> dict[str, Any]:
    """The JSON object of an answer. Raises `Unavailable` for anything else."""
    found = body_of(answer.content)
    if found is None:
        raise odd_answer(operation)
    return found


def odd_answer(operation: str) -> Unavailable:
    """The error for an answer without what it must hold, or with something else in its place."""
    return Unavailable(
        "The directory answered in a way that the console does not understand; it tries again later.",
        service=SERVICE,
        operation=operation,
        code="odd_answer",
    )


def told_of(body: Any) -> tuple[str, str]:
    """(code, message) of Graph's own error, at most 300 characters; both "" for whatever else stands in a body."""
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return "", ""
    return str(error.get("code") or ""), str(error.get("message") or "")[:300]


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a `Retry-After` asks for; None without one, or with one that is no number."""
    value = next((v for k, v in headers.items() if k.lower() == "retry-after"), "")
    try:
        return max(0.0, float(value))
    except ValueError:
        return None


def error_of(status: int, body: Any, operation: str, asked: float | None = None) -> ServiceError:
    """The error that a Graph answer means, alone or inside a batch. `asked` is its Retry-After in seconds."""
    code, message = told_of(body)
    where = {"service": SERVICE, "operation": operation, "code": code or str(status)}
    if status == 429:
        return Throttled("The directory asks for a pause; we go on by ourselves.", retry_after=asked or 10.0, **where)
    if status >= 500 or status in BUSY_STATUSES:
        return Unavailable("The directory has a problem of its own; we try again.", **where)
    if status == 401:
        return CredentialsExpired(
            "The directory no longer accepts the sign-in: the organizer must sign in again.", **where
        )
    if status == 403:
        return AccessDenied(_denied(operation), **where)
    if not code:  # Graph always says a code (identity-and-mail.md 1.5): somebody else refused, or it was garbled
        return Unavailable(
            f"Something answered in the directory's place, or it was garbled (HTTP {status}); we try again.", **where
        )
    if status == 404:
        return NotThere(message or "The directory does not know this.", **where)
    return Refused(f"The directory refused: {message or code or status}", **where)


def _denied(operation: str) -> str:
    scope = _SCOPES.get(operation, "GroupMember.ReadWrite.All")
    if operation == "invite":
        return (
            f"The directory does not let us invite guests: ask an Entra administrator to grant {scope} to the app and "
            "to let the organizer invite guests, then press “Retry them” on the Onboarding page."
        )
    if operation == "resolve":
        return f"The directory does not let us look people up: ask an Entra administrator to grant {scope} to the app."
    return (
        f"The directory does not let us manage this group: the app needs {scope}, and the person who signed in "
        "must be an owner of the group."
    )


def _broken(broken: httpx.RequestError, method: str, operation: str) -> ServiceError:
    where = {"service": SERVICE, "operation": operation, "code": type(broken).__name__}
    if method == "GET" or isinstance(broken, NOT_SENT):
        if is_untrusted(broken):
            return Unreachable(not_trusted("the directory"), **where)
        return Unreachable("The directory cannot be reached; check the network and the proxy.", **where)
    return LostAnswer("The directory does not answer; what it did with the last call is looked up.", **where)


def _signed_in(answer: httpx.Response, operation: str) -> httpx.Response:
    if answer.status_code == 401:
        raise error_of(401, _json(answer), operation)
    return answer


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None
