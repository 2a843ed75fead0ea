"""Calls to AWS's directories, paced before they leave; what their failures mean says edge/aws_errors.py."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

from botocore import exceptions as boto

from deepracer_admin.edge.aws_errors import AwsService, Meaning, aws_error, odd_answer
from deepracer_admin.edge.reach import PRACTICE_HEADER
from deepracer_admin.edge.understood import UNREADABLE
from deepracer_admin.errors import ServiceError, Unavailable
from deepracer_admin.model import Limit

__all__ = ["Access", "AwsCalls", "Pace", "do_not_wait"]

Pace = Callable[[Limit], Any]
"""Called before each request with the limit that it falls under; returns when the request may leave."""

READS = ("list_", "describe_", "get_", "admin_list_")
MOST_PAGES = 5000
T = TypeVar("T")

_REFUSES = {"NotAuthorizedException": Meaning.REFUSED}  # what a user may do in the pool, not what our credentials may
SERVICES = {
    "identitystore": AwsService("identitystore", "IAM Identity Center", policy="identity-center-read.json"),
    "sso-admin": AwsService("sso-admin", "IAM Identity Center", rights="sso", policy="identity-center-read.json"),
    "cognito-idp": AwsService("cognito-idp", "Amazon Cognito", policy="cognito-user-pool.json", own=_REFUSES),
}


class Access(Protocol):
    """How an AWS account is reached: a profile, a region, perhaps an endpoint."""

    @property
    def profile(self) -> str: ...

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
    """One service, one limit; safe from any thread. Raises BadSettings when the access leads to a forbidden address."""

    def __init__(self, access: Access, service: str, *, limit: Limit, pace: Pace) -> None:
        self.service = service
        self._known = SERVICES[service]
        self.practice_world: bool | None = None  # known from the first answer on
        self._access, self._limit, self._pace = access, limit, pace
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
            raise self._error(failure, operation) from None
        except (boto.BotoCoreError, *UNREADABLE) as failure:
            raise self._error(failure, operation) from None
        self._note_origin(reply)
        return reply

    def walk(
        self, operation: str, member: str, request: Mapping[str, Any], *, marker: str = "NextToken"
    ) -> Iterator[Any]:
        """All entries of a paged list; `marker` names the page token in request and reply.

        Raises Unavailable when the service repeats a token, for the walk would never end, and for a page without the
        list: AWS writes an empty one as [], and somebody else's answer must not read as "nobody".
        """
        more: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            reply = self.call(operation, {**request, **more})
            if not isinstance(rows := reply.get(member), list):
                raise odd_answer(self.service, self._known.called, operation)
            yield from rows
            following = reply.get(marker)
            if not following:
                return
            if following == more.get(marker):
                break
            more = {marker: following}
        raise Unavailable(
            "AWS repeats the same page of a list: try again later.", service=self.service, operation=operation
        )

    def read(self, operation: str, rows: Iterable[Any], one: Callable[[Any], T]) -> Iterator[T]:
        """Each row as `one` reads it. Raises Unavailable for a row without what it must hold."""
        for row in rows:
            try:
                made = one(row)
            except UNREADABLE:
                raise odd_answer(self.service, self._known.called, operation) from None
            yield made

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
        self.practice_world = PRACTICE_HEADER in reply.get("ResponseMetadata", {}).get("HTTPHeaders", {})

    def _error(self, failure: Exception, operation: str) -> ServiceError:
        reads = operation.startswith(READS)
        access = self._access
        return aws_error(failure, self._known, operation, reads=reads, renewal=access.renewal, profile=access.profile)
