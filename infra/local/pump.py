"""Lambda's part of the local proof: reads the table's stream and calls the handler as the template's mapping says.

As AWS documents event source mappings for DynamoDB streams (docs.aws.amazon.com/lambda/latest/dg, the pages
services-ddb-params.html and services-dynamodb-errors.html): filter, batch, window; an answer with failed items is
resumed at the lowest of them and what follows is given again; an error halves the batch, which costs no try; a record
that is too old or was tried too often goes to the failure destination, whole, and the shard goes on. One shard is read
by one reader, in order.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from infra.local.template import StreamMapping

__all__ = ["Failures", "StreamPump", "matches"]

log = logging.getLogger(__name__)

Record = Mapping[str, Any]
Handler = Callable[[Mapping[str, Any]], Mapping[str, Any] | None]
READ_AT_ONCE = 1000
BETWEEN_READS_S = 0.25
BETWEEN_TRIES_S = 0.05


def matches(pattern: Any, value: Any) -> bool:
    """Does an event fit a filter pattern? The parts of EventBridge's language that the template uses: a list holds
    alternatives, each a value or {"prefix": text}; an object asks for each of its keys.
    """
    if isinstance(pattern, Mapping):
        return isinstance(value, Mapping) and all(key in value and matches(pattern[key], value[key]) for key in pattern)
    if not isinstance(pattern, list):
        raise ValueError(f"A filter pattern holds lists and objects, not {pattern!r}.")
    return any(_is(each, value) for each in pattern)


def _is(alternative: Any, value: Any) -> bool:
    if isinstance(alternative, Mapping):
        if [*alternative] != ["prefix"]:
            raise ValueError(f"The pump knows no filter {alternative!r}.")
        return isinstance(value, str) and value.startswith(alternative["prefix"])
    return alternative == value


class Failures:
    """The failure destination: as S3 gets it, the invocation's record with the stream's own records in it."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []

    def keep(self, reason: str, records: Sequence[Record], tries: int) -> None:
        """`reason`: RetryAttemptsExhausted | MaximumRecordAgeExceeded."""
        self.kept.append(
            {
                "requestContext": {"condition": reason, "approximateInvokeCount": tries},
                "timestamp": datetime.now(UTC).isoformat(),
                "payload": json.dumps({"Records": [*records]}, default=str),
            }
        )


class StreamPump:
    """Reads one table's stream. `run_once` for tests; `start`, `stop` for a process."""

    def __init__(
        self,
        streams: Any,
        stream_arn: str,
        mapping: StreamMapping,
        handler: Handler,
        failures: Failures,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._streams, self._arn = streams, stream_arn
        self._mapping, self._handler, self._failures, self._clock = mapping, handler, failures, clock
        self._iterators: dict[str, str] = {}
        self._finished: set[str] = set()
        self._waiting: deque[Record] = deque()
        self._oldest_at: float | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.counts: Counter[str] = Counter()

    # ------------------------------------------------------------------------------------------------ reading

    def read(self) -> int:
        """Take what the shards hold now. Returns how many records fit the filter."""
        if not self._iterators:
            self._find_shards()
        fitting = 0
        for name, iterator in [*self._iterators.items()]:
            answer = self._streams.get_records(ShardIterator=iterator, Limit=READ_AT_ONCE)
            for record in answer["Records"]:
                self.counts["read"] += 1
                if any(matches(pattern, record) for pattern in self._mapping.patterns):
                    self._waiting.append(record)
                    fitting += 1
            if answer.get("NextShardIterator"):
                self._iterators[name] = answer["NextShardIterator"]
            else:
                del self._iterators[name]
                self._finished.add(name)
        if fitting and self._oldest_at is None:
            self._oldest_at = self._clock()
        return fitting

    def _find_shards(self) -> None:
        for shard in self._streams.describe_stream(StreamArn=self._arn)["StreamDescription"]["Shards"]:
            name = shard["ShardId"]
            if name not in self._finished:
                asked = {"StreamArn": self._arn, "ShardId": name, "ShardIteratorType": "TRIM_HORIZON"}
                self._iterators[name] = self._streams.get_shard_iterator(**asked)["ShardIterator"]

    def run_once(self, *, whole_window: bool = False) -> int:
        """Read, and call the handler for each batch that is full or has waited its window (`whole_window`: for all).
        Returns how many records were settled, one way or another."""
        self.read()
        settled = 0
        while self._waiting and (whole_window or len(self._waiting) >= self._mapping.batch or self._is_due()):
            size = min(self._mapping.batch, len(self._waiting))
            batch = [self._waiting.popleft() for _ in range(size)]
            self._settle(batch)
            settled += len(batch)
            self._oldest_at = self._clock() if self._waiting else None
        return settled

    def _is_due(self) -> bool:
        return self._oldest_at is not None and self._clock() - self._oldest_at >= self._mapping.window

    # --------------------------------------------------------------------------------------------- one batch

    def _settle(self, batch: list[Record]) -> None:
        """Until each record of the batch was taken or given up, in order. Halving costs no try."""
        todo: deque[tuple[list[Record], int]] = deque([(batch, 0)])
        while todo:
            part, tries = todo.popleft()
            part = self._young(part, tries)
            if not part:
                continue
            failed_from = self._call(part)
            if failed_from is None:
                continue
            rest = part[failed_from:]
            if self._mapping.bisects and len(rest) > 1:
                self.counts["halved"] += 1
                middle = (len(rest) + 1) // 2
                todo.extendleft([(rest[middle:], tries), (rest[:middle], tries)])
            elif tries >= self._mapping.retries:
                self.counts["given up"] += len(rest)
                self._failures.keep("RetryAttemptsExhausted", rest, tries + 1)
            else:
                self.counts["tried again"] += 1
                self._stopping.wait(BETWEEN_TRIES_S * 2**tries)
                todo.appendleft((rest, tries + 1))

    def _young(self, records: list[Record], tries: int) -> list[Record]:
        now, oldest = self._clock(), self._mapping.oldest
        young = [each for each in records if now - _created(each) <= oldest]
        if len(young) < len(records):
            self._failures.keep("MaximumRecordAgeExceeded", [each for each in records if each not in young], tries)
        return young

    def _call(self, records: list[Record]) -> int | None:
        """None: all were taken; else from where the batch has to come again."""
        self.counts["calls"] += 1
        event = json.loads(json.dumps({"Records": [_as_lambda_sees(each, self._arn) for each in records]}, default=str))
        try:
            answer = self._handler(event) or {}
        except Exception:
            log.info("the handler failed", exc_info=True)
            self.counts["handler failed"] += 1
            return 0
        failed = {each.get("itemIdentifier") for each in answer.get("batchItemFailures") or ()}
        if not failed or not self._mapping.partial:
            return None
        places = {each["dynamodb"]["SequenceNumber"]: place for place, each in enumerate(records)}
        if not failed <= {*places}:
            return 0  # AWS takes an unknown identifier for a failure of the whole batch
        return min(places[each] for each in failed)

    # ------------------------------------------------------------------------------------------------ running

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="stream-pump", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop after the batch that is under way."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(BETWEEN_READS_S):
            try:
                self.run_once()
            except Exception:
                log.exception("the stream could not be read")
                self._stopping.wait(1.0)


def _created(record: Record) -> float:
    at = record["dynamodb"].get("ApproximateCreationDateTime")
    return at.timestamp() if isinstance(at, datetime) else float(at or time.time())


def _as_lambda_sees(record: Record, arn: str) -> dict[str, Any]:
    """Times as epoch seconds, binary as base64: what JSON carries."""
    told = {**record["dynamodb"], "ApproximateCreationDateTime": _created(record)}
    return {**record, "dynamodb": told, "eventSource": "aws:dynamodb", "eventSourceARN": arn}
