"""`$batch`: twenty requests in one, each with its own answer (identity-and-mail.md 1.4).

The outer 200 says nothing about the parts. Parts come back in any order and are matched by id; each is throttled alone,
so a 429 inside a 200 is sent again by itself after the longest `Retry-After` among the failed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deepracer_admin.directory.graph_client import RETRIED, SERVICE, Graph, error_of, retry_after
from deepracer_admin.directory.graph_urls import check_write
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
        error = self.body.get("error", {}) if isinstance(self.body, Mapping) else {}
        return str(error.get("message", ""))

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
        again = {0, *RETRIED} if repeat else {429}
        todo = [i for i in todo if replies[i].status in again]
        asked = [s for i in todo if (s := retry_after(replies[i].headers)) is not None]
        if not todo or attempt + 1 >= graph.patience.attempts or max(asked, default=0) > graph.patience.longest:
            break
        graph.patience.pause(attempt, max(asked, default=None))
    return replies


def _exchange(
    graph: Graph, parts: Sequence[Part], todo: Sequence[int], operation: str, *, repeat: bool
) -> list[tuple[int, Reply]]:
    body = {"requests": [parts[i].as_json(str(i)) for i in todo]}
    answer = graph.send("POST", "/$batch", operation, body, repeat=repeat).json()
    wanted = {str(i): i for i in todo}
    return [
        (wanted[r["id"]], Reply(int(r["status"]), r.get("body"), r.get("headers") or {}))
        for r in answer.get("responses", [])
        if r.get("id") in wanted
    ]
