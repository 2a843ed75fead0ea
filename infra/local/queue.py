"""SQS's part of the local proof: a queue that calls its handler, gives messages again, and puts aside what fails.

As AWS documents event source mappings for SQS: at most so many handlers at once, failed items come again after a while,
and after so many times a message goes to the dead-letter queue. A message may come twice (`doubles`).
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["LocalQueue"]

log = logging.getLogger(__name__)

Handler = Callable[[Mapping[str, Any]], Mapping[str, Any] | None]


@dataclass
class _Message:
    id: str
    body: str
    times: int = 0


class LocalQueue:
    """`batch` messages a call; after `most` times a message is put aside (`undone`)."""

    def __init__(self, handler: Handler, *, batch: int = 10, most: int = 8, pause_s: float = 0.5) -> None:
        self._handler, self._batch, self._most, self._pause_s = handler, batch, most, pause_s
        self._ids = itertools.count(1)
        self._messages: deque[_Message] = deque()
        self._there = threading.Condition()
        self._stopping = False
        self._threads: list[threading.Thread] = []
        self.undone: list[str] = []
        self.counts: Counter[str] = Counter()

    def send(self, body: str) -> None:
        with self._there:
            self._messages.append(_Message(f"m-{next(self._ids)}", body))
            self._there.notify()

    def run_once(self) -> int:
        """One call of the handler with what waits. Returns how many messages were settled."""
        with self._there:
            taken = [self._messages.popleft() for _ in range(min(self._batch, len(self._messages)))]
        if not taken:
            return 0
        self.counts["calls"] += 1
        records = [{"messageId": each.id, "body": each.body, "attributes": {}} for each in taken]
        try:
            answer = self._handler({"Records": records}) or {}
            failed = {each["itemIdentifier"] for each in answer.get("batchItemFailures") or ()}
        except Exception:
            log.info("the handler failed", exc_info=True)
            self.counts["handler failed"] += 1
            failed = {each.id for each in taken}
        again = [each for each in taken if each.id in failed]
        for each in again:
            each.times += 1
        with self._there:
            self.undone += [each.body for each in again if each.times >= self._most]
            self._messages.extend(each for each in again if each.times < self._most)
        return len(taken) - len(again)

    def start(self, at_once: int) -> None:
        """`at_once`: the mapping's MaximumConcurrency."""
        for number in range(at_once):
            thread = threading.Thread(target=self._run, name=f"queue-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        with self._there:
            self._stopping = True
            self._there.notify_all()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while True:
            with self._there:
                self._there.wait_for(lambda: self._stopping or self._messages)
                if self._stopping:
                    return
            if not self.run_once():
                with self._there:
                    self._there.wait_for(lambda: self._stopping, timeout=self._pause_s)
