"""The wire of AWS DeepRacer multi-user mode: botocore on our own service model, and failures as typed errors.

managed-deepracer.md 1.1: JSON 1.1, always ``POST /``, SigV4 with the signing name ``deepracer``; no paginators
exist, so pages are walked by hand. botocore does not retry here: reads are repeated with back-off and jitter, since
that is harmless; what a write left open is the caller's to decide.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import botocore
from botocore import exceptions as aws
from botocore.config import Config

from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.edge.aws_errors import AwsService, Meaning, aws_error, odd_answer
from deepracer_admin.edge.reach import PRACTICE_HEADER, Reach
from deepracer_admin.edge.repeats import Repeats
from deepracer_admin.edge.understood import UNREADABLE
from deepracer_admin.errors import Refused, ServiceError, Unavailable

__all__ = ["SERVICE", "ManagedClient"]

SERVICE = "AWS DeepRacer (managed)"
MODEL_FOLDER = Path(__file__).parent / "data"
USER_AGENT = "deepracer-organizer-console"
PAGE_SIZE = 100  # 1.1: 25, 50 and 100 were used in the wild; the ceiling is not known
# Lists that every page has, also an empty one (1.2 to 1.5, marked *). Others may be left out when there is nothing.
_ALWAYS_THERE = frozenset({"AssociatedUsers", "AssociatedResources", "Leaderboards", "PrivateLeaderboardParticipants"})
_REPEATS = Repeats(attempts=4, first=0.25, longest=4.0, in_all=30.0)
CLOSED_NOTE = "AWS closed this service in December 2025, so its address may not answer any more."

_log = logging.getLogger(__name__)

MANAGED = AwsService(
    SERVICE,
    "AWS DeepRacer",
    rights="deepracer",
    policy="AWSDeepRacerAccountAdminAccess",
    own={"CustomerAuthorizationFailedException": Meaning.DENIED},
    gone=f" {CLOSED_NOTE}",
)


class ManagedClient:
    """Calls operations by their wire name and raises nothing but `ServiceError`s, each with a sentence.

    Without keys botocore's own credential chain is used (profile, SSO, environment). `endpoint_url` "" = AWS.
    Raises BadSettings when the address that botocore ends up with is out of `reach`.
    """

    def __init__(
        self,
        *,
        region: str = "us-east-1",
        endpoint_url: str = "",
        profile: str = "",
        access_key_id: str = "",
        secret_access_key: str = "",
        session_token: str = "",
        reach: Reach = Reach.LIVE,
        user_agent: str = "",
        timeout_s: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.region = region
        self._sleep = sleep
        self.practice_world: bool | None = None  # known from the first answer on
        self._access = AwsAccess(
            profile, region, endpoint_url, access_key_id, secret_access_key, session_token, reach=reach
        )
        self._client = self._access.client(
            "deepracer",
            attempts=1,
            connections=8,
            config=Config(user_agent_extra=user_agent or USER_AGENT, connect_timeout=5, read_timeout=timeout_s),
            descriptions=str(MODEL_FOLDER),
        )

    def call(self, operation: str, **members: Any) -> dict[str, Any]:
        """One operation, e.g. ``call("GetLeaderboard", LeaderboardArn=...)``; the reply without its metadata.

        A read is tried four times where trying again may help; a write once, for its answer may be all that was lost.
        """
        began, attempt = time.monotonic(), 0
        while True:
            attempt += 1
            try:
                return self._call_once(operation, members)
            except ServiceError as failure:
                waited, harmless = time.monotonic() - began, _reads(operation)
                wait = _REPEATS.wait(failure, harmless=harmless, attempt=attempt, waited=waited)
                if wait is None:
                    raise
                _log.info("%s: %s, again in %.1f s", operation, failure.code, wait)
                self._sleep(wait)

    def _call_once(self, operation: str, members: Mapping[str, Any]) -> dict[str, Any]:
        method = getattr(self._client, botocore.xform_name(operation))
        try:
            reply: dict[str, Any] = method(**members)
        except aws.ClientError as failure:
            self._note_origin(failure.response)
            raise self._error(failure, operation) from failure
        except (aws.BotoCoreError, *UNREADABLE) as failure:
            raise self._error(failure, operation) from failure
        self._note_origin(reply)
        reply.pop("ResponseMetadata", None)
        return reply

    def _error(self, failure: Exception, operation: str) -> ServiceError:
        access = self._access
        return aws_error(
            failure, MANAGED, operation, reads=_reads(operation), renewal=access.renewal, profile=access.profile
        )

    def _note_origin(self, reply: Mapping[str, Any]) -> None:
        """The practice servers name themselves in a header (architecture.md, Modes)."""
        self.practice_world = PRACTICE_HEADER in reply.get("ResponseMetadata", {}).get("HTTPHeaders", {})

    def walk(self, operation: str, key: str, **members: Any) -> Iterator[dict[str, Any]]:
        """All entries of a paged list. Raises Unavailable when the service repeats a token or lets one die, and for a
        page without a list that every page has, because "nobody" would be believed.
        """
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
            if key in _ALWAYS_THERE and not isinstance(reply.get(key), list):
                raise odd_answer(SERVICE, SERVICE, operation)
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
