"""`$batch`: twenty requests in one, each with its own answer (identity-and-mail.md 1.4).

The outer 200 says nothing about the parts. Parts come back in any order and are matched by id; each is throttled alone,
so a 429 inside a 200 is sent again by itself after the longest `Retry-After` among the failed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deepracer_admin.directory.graph_client import (
    SERVICE,
    UNDONE,
    Graph,
    as_object,
    error_of,
    odd_answer,
    retry_after,
    told_of,
)
from deepracer_admin.directory.graph_urls import check_write
from deepracer_admin.edge.repeats import BUSY_STATUSES, status_may_repeat
from deepracer_admin.errors import LostAnswer, ServiceError

__all__ = ["BATCH", "Part", "Reply", "send_batch"]

BATCH = 20  # parts in one batch


@dataclass(frozen=True, slots=True)
class Part:
    """One request of a batch; `url` is relative to the version root and may be as long as it likes."""

    method: str
    url: str
    body: Mapping[str, Any] | None = None

    def as_json(self, part_id: str) -> dict[str, Any]:
        request: dict[str, Any] = {"id": part_id, "method": self.method, "url": self.url}
        if self.body is not None:
            request |= {"headers": {"Content-Type": "application/json"}, "body": dict(self.body)}
        return request


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for one part. `status` 0: the batch was answered, this part never was."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def message(self) -> str:
        return told_of(self.body)[1]

    @property
    def is_final(self) -> bool:
        """True for a refusal of Graph's own, which a repeat would meet again.

        What passes by itself is not (in conflict, locked, too many), nor is a part without Graph's error in it, which
        somebody else may have made.
        """
        return 400 <= self.status < 500 and self.status not in BUSY_STATUSES and bool(told_of(self.body)[0])

    @property
    def found(self) -> Mapping[str, Any]:
        """The JSON object of an answer that is `ok`. Raises Unavailable when there is none."""
        if not isinstance(self.body, Mapping):
            raise odd_answer("batch")
        return self.body

    def error(self, operation: str) -> ServiceError:
        """The error that this reply means."""
        if self.status == 0:
            return LostAnswer("The directory left this part unanswered.", service=SERVICE, operation=operation)
        return error_of(self.status, self.body, operation, retry_after(self.headers))


def send_batch(graph: Graph, parts: Sequence[Part], operation: str, *, repeat: bool = True) -> list[Reply]:
    """Send up to twenty parts; replies in the order of `parts`. Raises `ServiceError` when the whole batch fails.

    Without `repeat` a part is sent again only when Graph said that it did not take it (429).
    """
    if len(parts) > BATCH:
        raise ValueError(f"a batch holds at most {BATCH} requests")
    for part in parts:
        check_write(part.method, part.url)
    replies = [Reply(0)] * len(parts)
    todo = list(range(len(parts)))
    for attempt in range(graph.patience.attempts):
        for index, reply in _exchange(graph, parts, todo, operation, repeat=repeat):
            replies[index] = reply
        todo = [i for i in todo if status_may_repeat(replies[i].status, harmless=repeat, undone=UNDONE)]
        asked = [s for i in todo if (s := retry_after(replies[i].headers)) is not None]
        if not todo or attempt + 1 >= graph.patience.attempts or max(asked, default=0) > graph.patience.longest:
            break
        graph.patience.pause(attempt, max(asked, default=None))
    return replies


def _exchange(
    graph: Graph, parts: Sequence[Part], todo: Sequence[int], operation: str, *, repeat: bool
) -> list[tuple[int, Reply]]:
    body = {"requests": [parts[i].as_json(str(i)) for i in todo]}
    answer = as_object(graph.send("POST", "/$batch", operation, body, repeat=repeat), operation)
    wanted = {str(i): i for i in todo}
    rows = answer.get("responses")
    found = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    return [(wanted[str(row.get("id"))], _reply(row)) for row in found if str(row.get("id")) in wanted]


def _reply(row: Mapping[str, Any]) -> Reply:
    """One part of the answer. Without a status that can be read it counts as unanswered."""
    try:
        status = int(row["status"])
    except (KeyError, TypeError, ValueError):
        status = 0
    headers = row.get("headers")
    named = {str(name): str(value) for name, value in headers.items()} if isinstance(headers, Mapping) else {}
    return Reply(status if 200 <= status < 600 else 0, row.get("body"), named)
