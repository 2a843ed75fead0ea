"""One signed call to the API: sign, send, read, retry where that is harmless.

What is signed is exactly what is sent: path and query are escaped once, as AWS does it (unreserved characters stay,
everything else becomes %XX), and given to both botocore's signer and httpx as the same text.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from deepracer_admin.clock import Clock, as_utc
from deepracer_admin.edge.answers import is_page, stopped_between
from deepracer_admin.edge.aws_errors import odd_answer
from deepracer_admin.edge.http import by_proxy_of, why_unreachable
from deepracer_admin.edge.repeats import Repeats
from deepracer_admin.errors import LostAnswer, ServiceError, Unavailable, Unreachable
from deepracer_admin.model import Limit
from deepracer_admin.racing.on_aws.errors import CLOCK, EXPIRED, admin_rule, error_of, read_failure
from deepracer_admin.racing.on_aws.operations import Operation
from deepracer_admin.racing.on_aws.signin import SignIn
from deepracer_admin.racing.on_aws.site import SERVICE, Site

__all__ = ["ADMIN_LIMIT", "READS_IN_FLIGHT", "WRITES_IN_FLIGHT", "AdminPath", "Pace", "Skew", "Transport", "list_in"]

READS_IN_FLIGHT, WRITES_IN_FLIGHT = 16, 8  # architecture.md, Concurrency and limits
# A full burst and five minutes of the rate together stay below 100, whatever window the firewall looks at.
ADMIN_LIMIT = Limit("deepracer.admin", rate=0.18, burst=40, source="deepracer-on-aws.md 1.4: 100 per 5 min and IP")
_ADMIN_CALLS, _ADMIN_SECONDS = 100, 300.0

_REPEATS = Repeats(attempts=4, first=0.25, longest=4.0, in_all=60.0)
_NOTICEABLE = timedelta(seconds=30)
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)

Pace = Callable[[Limit], float]
"""Asked before a call under a declared limit: 0.0 when it may go out now, else after how many real seconds."""

_log = logging.getLogger(__name__)


class AdminPath:
    """Keeps one process below the firewall's rule for `/admin/`; a margin of ten stays for people's browsers.

    For an adapter that stands alone; the console gives a pace that all its processes share (`Pace`).
    """

    def __init__(self, clock: Clock, *, calls: int = _ADMIN_CALLS - 10, seconds: float = _ADMIN_SECONDS) -> None:
        self._clock, self._calls, self._seconds = clock, calls, seconds
        self._lock = threading.Lock()
        self._recent: deque[float] = deque()

    def __call__(self, limit: Limit) -> float:
        """Count one call: 0.0, or the real seconds until the next one fits."""
        with self._lock:
            now = self._clock.monotonic()
            while self._recent and self._recent[0] <= now - self._seconds:
                self._recent.popleft()
            if len(self._recent) < self._calls:
                self._recent.append(now)
                return 0.0
            return self._recent[0] + self._seconds - now


class Skew:
    """How far this clock is off, learned from a reply's Date header; requests are then signed in the service's time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._off = timedelta()

    @property
    def off(self) -> timedelta:
        """The service's time minus ours; zero until a request was refused for its time."""
        return self._off

    def now(self) -> datetime:
        """Real time as the service has it."""
        return self._clock.now() + self._off

    def learn(self, date_header: str, assumed: timedelta) -> bool:
        """Take the service's time from its reply. True when it differs noticeably from what was `assumed`."""
        try:
            off = as_utc(parsedate_to_datetime(date_header)) - self._clock.now()
        except (TypeError, ValueError):
            return False
        if abs(off - assumed) <= _NOTICEABLE:
            return False
        _log.warning("this clock is off by %.0f s; requests are signed in the service's time", off.total_seconds())
        self._off = off
        return True

    def sentence(self) -> str:
        """For set-up; "" when the clock is right."""
        if not self._off:
            return ""
        minutes = abs(self._off.total_seconds()) / 60
        slow = "slow" if self._off > timedelta() else "fast"
        return f"This computer's clock is {minutes:.0f} min {slow}; requests are signed in AWS's time. Set the clock."


class Transport:
    """Signed calls to one deployment. Thread-safe: 16 calls in flight, 8 of them writes."""

    def __init__(
        self,
        site: Site,
        sign_in: SignIn,
        http: httpx.Client,
        clock: Clock,
        skew: Skew,
        *,
        user_agent: str,
        pace: Pace | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._site, self._sign_in, self._http, self._clock = site, sign_in, http, clock
        self._skew = skew
        self._user_agent = user_agent
        self._sleep = sleep
        self._slots = threading.BoundedSemaphore(READS_IN_FLIGHT)
        self._write_slots = threading.BoundedSemaphore(WRITES_IN_FLIGHT)
        self._pace = pace or AdminPath(clock)
        self._signed_before = False

    def call(
        self,
        operation: Operation,
        *ids: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The reply's JSON object, {} when empty. Raises a ServiceError (see errors.py), never an httpx error.

        Repeats with back-off what edge/repeats.py allows; a wrong clock and ended credentials are mended once each, for
        nothing was done then.
        """
        url = self._site.api + operation.path_for(*ids)
        if query:
            url += "?" + urlencode(query, quote_via=quote, safe="-_.~")
        content = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode() if body is not None else b""
        started, mended = self._clock.monotonic(), set[str]()
        for attempt in range(1, _REPEATS.attempts + 3):
            try:
                return self._attempt(operation, url, content)
            except ServiceError as error:
                if error.code in (CLOCK, EXPIRED) and error.code not in mended:
                    mended.add(error.code)
                    continue
                waited = self._clock.monotonic() - started
                tried = attempt - len(mended)
                wait = _REPEATS.wait(error, harmless=operation.repeatable, attempt=tried, waited=waited)
                if wait is None:
                    raise
                _log.info("%s: %s, again in %.1f s", operation.name, error.code or type(error).__name__, wait)
                self._sleep(wait)
        raise AssertionError("unreachable")  # pragma: no cover

    def pages(self, operation: Operation, *ids: str, of: str) -> Iterator[list[dict[str, Any]]]:
        """The lists under `of`, page by page; the token is opaque and goes back as it came (1.4, Pagination)."""
        token, seen = "", set[str]()
        while True:
            answer = self.call(operation, *ids, query={"token": token} if token else None)
            yield list_in(answer, of, operation)
            seen.add(token)
            following = answer.get("token") or ""
            if not following:
                return
            if following in seen:
                raise Unavailable(
                    "DeepRacer on AWS gives the same page again and again: try again later.",
                    service=SERVICE,
                    operation=operation.name,
                    code="page",
                )
            token = following

    def _attempt(self, operation: Operation, url: str, content: bytes) -> dict[str, Any]:
        if operation.is_admin_path and (wait := self._pace(ADMIN_LIMIT)):
            raise admin_rule(operation, wait)
        if not operation.writes:
            with self._slots:
                return self._send(operation, url, content)
        with self._write_slots, self._slots:
            return self._send(operation, url, content)

    def _send(self, operation: Operation, url: str, content: bytes) -> dict[str, Any]:
        credentials = self._sign_in.credentials()
        headers = {"Content-Type": "application/json"} if content else {}
        signed = AWSRequest(method=operation.method, url=url, data=content, headers=headers)
        assumed = self._skew.off
        _Signer(credentials, self._site.region, self._clock.now() + assumed).add_auth(signed)
        began = self._clock.monotonic()
        try:
            reply = self._http.request(
                operation.method, url, content=content or None, headers=dict(signed.headers.items())
            )
        except _NEVER_SENT as error:
            if refused := by_proxy_of(error, SERVICE, operation.name):
                raise refused from error
            raise Unreachable(
                why_unreachable(error, "DeepRacer on AWS"),
                service=SERVICE,
                operation=operation.name,
                code=type(error).__name__,
            ) from error
        except httpx.RequestError as error:
            raise _broken(operation, type(error).__name__) from error
        _log.debug("%s: HTTP %d in %.2f s", operation.name, reply.status_code, self._clock.monotonic() - began)
        if reply.status_code not in (403, 429) and is_page(reply.status_code, reply.headers, reply.content):
            raise stopped_between(SERVICE, operation.name, reply.status_code)
        if reply.is_success:
            self._signed_before = True
            return _understand(operation, reply)
        failure = read_failure(reply)
        error = error_of(failure, operation, user_agent=self._user_agent, signed_before=self._signed_before)
        if error.code == EXPIRED or (error.code == "role" and self._signed_before):
            # A role change takes effect only with a new ID token and new credentials (1.3).
            self._sign_in.renew(credentials.access_key)
        if error.code == CLOCK and not self._skew.learn(reply.headers.get("date", ""), assumed):
            error.code = "clock_uncorrected"
        raise error


def list_in(answer: Mapping[str, Any], of: str, operation: Operation) -> list[dict[str, Any]]:
    """The objects of a list in an answer. The service writes an empty list as `[]` (transcripts): an answer without
    it is somebody else's, and would read as "nobody". Raises Unavailable.
    """
    items = answer.get(of)
    if not isinstance(items, list):
        raise odd_answer(SERVICE, SERVICE, operation.name)
    return [each for each in items if isinstance(each, dict)]


class _Signer(SigV4Auth):
    """botocore's signer, at the time that the service has."""

    def __init__(self, credentials: Any, region: str, at: datetime) -> None:
        super().__init__(credentials, "execute-api", region)
        self._at = at

    def _modify_request_before_signing(self, request: Any) -> None:
        request.context["timestamp"] = self._at.strftime("%Y%m%dT%H%M%SZ")
        super()._modify_request_before_signing(request)


def _broken(operation: Operation, code: str) -> ServiceError:
    if operation.writes:
        return LostAnswer(
            "The connection to DeepRacer on AWS broke before its answer came, so the change may have been made: look "
            "before you repeat.",
            service=SERVICE,
            operation=operation.name,
            code=code,
        )
    return Unreachable(
        "The connection to DeepRacer on AWS broke: check the network, then try again.",
        service=SERVICE,
        operation=operation.name,
        code=code,
    )


def _understand(operation: Operation, reply: httpx.Response) -> dict[str, Any]:
    """Operations without output answer `{}` or nothing at all (1.4)."""
    if not reply.content.strip():
        return {}
    try:
        body = reply.json()
    except ValueError:
        body = None
    if isinstance(body, dict):
        return body
    raise Unavailable(
        "Something between this computer and DeepRacer on AWS answered in its place (a sign-in page of the network?): "
        "open a browser and check the connection.",
        service=SERVICE,
        operation=operation.name,
        code="not_json",
    )
