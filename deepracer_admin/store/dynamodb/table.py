"""The calls to one DynamoDB table: plain values in and out, repeats, pages, batches, and failures as sentences.

What AWS answers and moto does not (throttling, unprocessed items, a second page) is handled here, so that nothing above
has to know of it. Every read is consistent. A call that was repeated in vain raises StoreError.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.edge.aws_errors import AwsService, Meaning, aws_error
from deepracer_admin.edge.reach import Reach
from deepracer_admin.errors import (
    LostAnswer,
    NotThere,
    Refused,
    ServiceError,
    StoreError,
    StoreUnusable,
    Throttled,
    Unavailable,
    Unreachable,
)

__all__ = ["Cancelled", "Item", "SharedTable", "Value", "plain_item", "typed_item"]

Value = str | int | bytes
Item = Mapping[str, Value]

TRIES = 6  # about 6 s of pauses in the worst case; a copy's writers wait 20 s for one another
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0
BATCH = 25  # AWS's limit of BatchWriteItem
NEVER_HELD = "attribute_not_exists(pk)"

SERVICE = AwsService(
    name="dynamodb",
    called="The shared table (Amazon DynamoDB)",
    rights="dynamodb",
    own={
        "ProvisionedThroughputExceededException": Meaning.THROTTLED,
        "TransactionConflictException": Meaning.THROTTLED,
        "TransactionInProgressException": Meaning.THROTTLED,
        "LimitExceededException": Meaning.THROTTLED,
    },
)
PASSING = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}  # reasons that a repeat mends
AGAIN = (Throttled, Unavailable, Unreachable, LostAnswer)


class Cancelled(Exception):
    """A condition did not hold, so nothing was written. `failed`: by position in what was asked, the item as it is."""

    def __init__(self, failed: Mapping[int, Item | None]) -> None:
        super().__init__(f"conditions {sorted(failed)} did not hold")
        self.failed = failed


def typed_item(item: Item) -> dict[str, dict[str, Any]]:
    """As the API wants it."""
    return {name: _typed(value) for name, value in item.items()}


def plain_item(item: Mapping[str, Mapping[str, Any]]) -> dict[str, Value]:
    """As we use it; attributes of types that we never write are left out."""
    return {name: found for name, value in item.items() if (found := _plain(value)) is not None}


def _typed(value: Value) -> dict[str, Any]:
    if isinstance(value, bytes):
        return {"B": value}
    return {"N": str(value)} if isinstance(value, int) else {"S": value}


def _plain(value: Mapping[str, Any]) -> Value | None:
    if "S" in value:
        return str(value["S"])
    if "N" in value:
        return int(value["N"])
    return bytes(value["B"]) if "B" in value else None


@dataclass(slots=True)
class Used:
    """What the calls consumed, as AWS answered (ReturnConsumedCapacity): units by operation, and how many calls."""

    units: Counter[str] = field(default_factory=Counter[str])
    calls: Counter[str] = field(default_factory=Counter[str])

    def count(self, operation: str, answer: Mapping[str, Any]) -> None:
        told = answer.get("ConsumedCapacity") or []
        for each in [told] if isinstance(told, Mapping) else told:
            self.units[operation] += each.get("CapacityUnits", 0)
        self.calls[operation] += 1


class SharedTable:
    """One table. Any thread may call. `pause` is for tests: how a pause between two tries is made."""

    def __init__(self, access: AwsAccess, name: str, *, pause: Callable[[float], None] = time.sleep) -> None:
        self.name = name
        self.used = Used()
        self._access = access
        self._pause = pause
        # With a host of its own per account, the address would be none that the console admits (edge/reach.py).
        patience = 5 if access.reach is Reach.LIVE else 30  # a rehearsal's table shares this computer with all else
        quick = Config(connect_timeout=3, read_timeout=patience, account_id_endpoint_mode="disabled")
        self.client = access.client("dynamodb", attempts=1, connections=20, config=quick)

    @property
    def renewal(self) -> str:
        """The command that renews the credentials."""
        return self._access.renewal

    @property
    def profile(self) -> str:
        return self._access.profile

    # -- one item

    def get(self, pk: str, sk: str) -> dict[str, Value] | None:
        answer = self.call("get_item", Key=typed_item({"pk": pk, "sk": sk}), ConsistentRead=True)
        return plain_item(answer["Item"]) if answer.get("Item") else None

    def put(
        self, item: Item, *, condition: str = "", given: Item | None = None, names: Mapping[str, str] | None = None
    ) -> None:
        """Raises Cancelled when the condition does not hold."""
        self._write("put_item", {"Item": typed_item(item)}, condition, given or {}, names or {})

    def update(
        self, pk: str, sk: str, change: str, given: Item, *, condition: str = "", names: Mapping[str, str] | None = None
    ) -> None:
        """Raises Cancelled when the condition does not hold."""
        what = {"Key": typed_item({"pk": pk, "sk": sk}), "UpdateExpression": change}
        self._write("update_item", what, condition, given, names or {})

    def _write(
        self, operation: str, what: Mapping[str, Any], condition: str, given: Item, names: Mapping[str, str]
    ) -> None:
        asked: dict[str, Any] = dict(what)
        if condition:
            asked |= {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        if given:
            asked["ExpressionAttributeValues"] = typed_item(given)
        if names:
            asked["ExpressionAttributeNames"] = dict(names)
        self.call(operation, **asked)

    # -- many

    def query(self, pk: str, low: str, high: str, *, only: Sequence[str] = ()) -> Iterator[dict[str, Value]]:
        """Items of a partition from `low` to `high`, both included, in order, over all pages (1 MB each)."""
        asked: dict[str, Any] = {
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :low AND :high",
            "ExpressionAttributeValues": typed_item({":pk": pk, ":low": low, ":high": high}),
            "ConsistentRead": True,
        }
        if only:
            asked["ExpressionAttributeNames"] = {f"#n{place}": name for place, name in enumerate(only)}
            asked["ProjectionExpression"] = ", ".join(asked["ExpressionAttributeNames"])
        while True:
            answer = self.call("query", **asked)
            yield from map(plain_item, answer.get("Items", []))
            if not answer.get("LastEvaluatedKey"):
                return
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def put_all(self, items: Iterable[Item]) -> None:
        """Without conditions, in batches; what AWS leaves unprocessed is asked for again."""
        self._batches({"PutRequest": {"Item": typed_item(item)}} for item in items)

    def delete_all(self, keys: Iterable[tuple[str, str]]) -> None:
        """Likewise; who is gone already stays so."""
        self._batches({"DeleteRequest": {"Key": typed_item({"pk": pk, "sk": sk})}} for pk, sk in keys)

    def _batches(self, requests: Iterable[dict[str, Any]]) -> None:
        waiting = list(requests)
        vain = 0
        while waiting:
            batch, waiting = waiting[:BATCH], waiting[BATCH:]
            answer = self.call("batch_write_item", RequestItems={self.name: batch})
            left = answer.get("UnprocessedItems", {}).get(self.name, [])
            waiting = [*left, *waiting]
            vain = vain + 1 if len(left) == len(batch) else 0
            if vain >= TRIES:
                raise StoreError("The shared table takes no more at the moment; we try again by ourselves.")
            if left:
                self._pause(_pause_s(vain))

    def transact(self, items: Sequence[Mapping[str, Any]], *, token: str) -> None:
        """All of `items` (at most 100) or none. A repeat with the same `token` is harmless. Raises Cancelled."""
        named = [{kind: {"TableName": self.name, **what} for kind, what in item.items()} for item in items]
        self.call("transact_write_items", TransactItems=named, ClientRequestToken=token)

    # -- calling

    def call(self, operation: str, **asked: Any) -> Mapping[str, Any]:
        """One call, repeated while a repeat may help. Raises Cancelled, StoreUnusable, StoreError."""
        if operation not in ("transact_write_items", "batch_write_item"):
            asked["TableName"] = self.name
        asked["ReturnConsumedCapacity"] = "TOTAL"
        sure = True  # that nothing of it has been done
        for attempt in range(1, TRIES + 1):
            try:
                answer = getattr(self.client, operation)(**asked)
            except ClientError as failure:
                if (cancelled := _cancelled(failure)) is not None:
                    raise cancelled from None
                error = self._meant(failure, operation)
            except (BotoCoreError, OSError) as failure:
                error = self._meant(failure, operation)
            else:
                self.used.count(operation, answer)
                return answer
            sure = sure and not isinstance(error, LostAnswer | Unavailable)
            if not isinstance(error, AGAIN) or attempt == TRIES:
                raise self._told(error, operation, sure) from error
            self._pause(_pause_s(attempt))
        raise AssertionError("unreachable")

    def _meant(self, failure: Exception, operation: str) -> ServiceError:
        if isinstance(failure, ClientError) and (reasons := _reasons(failure)):
            if reasons <= PASSING:
                return Throttled("The shared table is busy with another change; we go on by ourselves.")
            return Refused(f"The shared table refused the change ({', '.join(sorted(reasons))}).")
        reads = operation in ("get_item", "query", "describe_table")
        return aws_error(failure, SERVICE, operation, reads=reads, renewal=self.renewal, profile=self.profile)

    def _told(self, error: ServiceError, operation: str, sure: bool) -> StoreError:
        if isinstance(error, NotThere):
            return StoreUnusable(
                f"There is no table {self.name} in this account and region: correct `store_table` and `store_region`, "
                "or make it (docs/deploy.md)."
            )
        if operation in ("get_item", "query", "describe_table"):
            return StoreError(error.sentence)
        if sure:
            return StoreError(f"{error.sentence} Nothing was saved.")
        return StoreError(
            f"{error.sentence} Whether it was saved is not known yet: look again in a minute before you repeat it."
        )

    def close(self) -> None:
        self.client.close()


def _pause_s(attempt: int) -> float:
    """Full jitter, so that two who met do not meet again."""
    return random.uniform(0.02, min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**attempt))  # noqa: S311 - not for a secret


def _reasons(failure: ClientError) -> set[str]:
    """Why a transaction was cancelled; empty where it was none."""
    response: Mapping[str, Any] = failure.response
    if response["Error"]["Code"] != "TransactionCanceledException":
        return set()
    return {
        code for reason in response.get("CancellationReasons", []) if (code := reason.get("Code", "None")) != "None"
    }


def _cancelled(failure: ClientError) -> Cancelled | None:
    """Conditions that did not hold; None where something else stands in the way, as which a repeat may help."""
    code = failure.response["Error"]["Code"]
    response: Mapping[str, Any] = failure.response
    if code == "ConditionalCheckFailedException":
        item = response.get("Item")
        return Cancelled({0: plain_item(item) if item else None})
    if code != "TransactionCanceledException":
        return None
    reasons = response.get("CancellationReasons", [])
    failed = {
        place: plain_item(reason["Item"]) if reason.get("Item") else None
        for place, reason in enumerate(reasons)
        if reason.get("Code") == "ConditionalCheckFailed"
    }
    return Cancelled(failed) if failed else None
