"""Lambda's stand-in: filters, batches, partial failures, halving, retries, the failure destination."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from infra.local.pump import Failures, StreamPump, matches
from infra.local.queue import LocalQueue
from infra.local.template import StreamMapping, deployed

AT = 1_000_000.0


class Stream:
    """A shard that holds what it is given."""

    def __init__(self, records: list[dict[str, Any]]) -> None:
        self.records = records

    def describe_stream(self, **_: Any) -> dict[str, Any]:
        return {"StreamDescription": {"Shards": [{"ShardId": "one"}]}}

    def get_shard_iterator(self, **_: Any) -> dict[str, Any]:
        return {"ShardIterator": "0"}

    def get_records(self, *, ShardIterator: str, Limit: int) -> dict[str, Any]:
        start = int(ShardIterator)
        found = self.records[start : start + Limit]
        return {"Records": found, "NextShardIterator": str(start + len(found))}


def record(number: int, *, name: str = "INSERT", sk: str = "REG#x", at: float = AT, **images: Any) -> dict[str, Any]:
    told = {"SequenceNumber": str(number), "ApproximateCreationDateTime": at, "Keys": {"sk": {"S": sk}}, **images}
    return {"eventName": name, "eventID": str(number), "dynamodb": told}


def numbers(event: Mapping[str, Any]) -> list[int]:
    return [int(each["dynamodb"]["SequenceNumber"]) for each in event["Records"]]


def pumped(
    count: int, handler: Callable[[Mapping[str, Any]], Any], **changed: Any
) -> tuple[list[list[int]], Failures, StreamPump]:
    calls: list[list[int]] = []

    def watched(event: Mapping[str, Any]) -> Any:
        calls.append(numbers(event))
        return handler(event)

    given = {"batch": 4, "window": 0.0, "retries": 2, "oldest": 60.0, "bisects": True, "partial": True}
    mapping = StreamMapping(**{**given, "patterns": deployed().stream.patterns, **changed})
    failures = Failures()
    pump = StreamPump(Stream([record(n) for n in range(count)]), "arn", mapping, watched, failures, clock=lambda: AT)
    pump.run_once(whole_window=True)
    return calls, failures, pump


def given_up(failures: Failures) -> list[int]:
    return [number for each in failures.kept for number in numbers(json.loads(each["payload"]))]


def test_records_come_in_order_and_in_batches() -> None:
    calls, failures, _ = pumped(10, lambda _: None)
    assert calls == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert failures.kept == []


def test_what_follows_the_lowest_failed_record_is_given_again() -> None:
    tries: list[list[int]] = []

    def fails_once(event: Mapping[str, Any]) -> Any:
        tries.append(numbers(event))
        return {"batchItemFailures": [{"itemIdentifier": "2"}]} if len(tries) == 1 else None

    pumped(4, fails_once)
    assert tries == [[0, 1, 2, 3], [2], [3]]


def test_a_poison_record_is_isolated_and_kept_whole_while_all_others_pass() -> None:
    taken: set[int] = set()

    def poisoned(event: Mapping[str, Any]) -> None:
        if 5 in numbers(event):
            raise ValueError("poison")
        taken.update(numbers(event))

    _, failures, pump = pumped(8, poisoned)
    assert taken == {0, 1, 2, 3, 4, 6, 7}
    assert given_up(failures) == [5]
    assert failures.kept[0]["requestContext"] == {"condition": "RetryAttemptsExhausted", "approximateInvokeCount": 3}
    assert pump.counts["given up"] == 1


def test_a_record_that_is_too_old_is_not_tried() -> None:
    calls, failures, _ = pumped(2, lambda _: None, oldest=-1.0)
    assert calls == []
    assert given_up(failures) == [0, 1]


def test_an_unknown_failed_identifier_fails_the_batch_whole() -> None:
    calls, failures, _ = pumped(1, lambda _: {"batchItemFailures": [{"itemIdentifier": "77"}]})
    assert calls == [[0]] * 3
    assert given_up(failures) == [0]


def test_the_window_is_waited_for_unless_the_batch_is_full() -> None:
    now = [AT]
    calls: list[list[int]] = []
    mapping = StreamMapping(4, 5.0, 2, 60.0, True, True, deployed().stream.patterns)
    pump = StreamPump(
        Stream([record(n) for n in range(5)]), "arn", mapping, lambda event: calls.append(numbers(event)), Failures(),
        clock=lambda: now[0],
    )  # fmt: skip
    pump.run_once()
    assert calls == [[0, 1, 2, 3]]
    now[0] += 5
    pump.run_once()
    assert calls == [[0, 1, 2, 3], [4]]


OPEN, CONFIRMED, ACCEPTED = ({"state": {"S": state}} for state in ("open", "confirmed", "accepted"))


@pytest.mark.parametrize(
    ("event", "fits"),
    [
        (record(1), True),
        (record(1, sk="REFUSED#x"), False),
        (record(1, sk="LOG#000000000001#00"), False),
        (record(1, name="MODIFY"), False),
        (record(1, name="REMOVE"), False),
        (record(1, name="MODIFY", sk="LINK#x", OldImage=OPEN, NewImage=CONFIRMED), True),
        (record(1, name="MODIFY", sk="LINK#x", OldImage=CONFIRMED, NewImage=ACCEPTED), False),
        (record(1, name="INSERT", sk="LINK#x", NewImage=OPEN), False),
    ],
    ids=["form", "robot", "journal", "form again", "form gone", "button", "own update", "new link"],
)
def test_only_forms_and_pressed_buttons_reach_the_function_and_never_its_own_writes(event: Any, fits: bool) -> None:
    assert any(matches(pattern, event) for pattern in deployed().stream.patterns) is fits


def test_a_filter_that_the_pump_does_not_know_is_an_error_not_a_match() -> None:
    with pytest.raises(ValueError, match="no filter"):
        matches({"a": [{"suffix": "x"}]}, {"a": "x"})


def test_a_message_that_fails_comes_again_and_is_put_aside_in_the_end() -> None:
    def fails(event: Mapping[str, Any]) -> Any:
        bad = [each["messageId"] for each in event["Records"] if each["body"] == "bad"]
        return {"batchItemFailures": [{"itemIdentifier": each} for each in bad]}

    queue = LocalQueue(fails, most=3)
    queue.send("good")
    queue.send("bad")
    assert [queue.run_once() for _ in range(4)] == [1, 0, 0, 0]
    assert queue.undone == ["bad"]
