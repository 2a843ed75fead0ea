"""The portal's items in the shared table; everything else there belongs to the store (store/dynamodb).

| item              | sk                     | who writes it, who takes it                                             |
|-------------------|------------------------|-------------------------------------------------------------------------|
| what all may see  | `PORTAL`               | functions (outlet.py); read by the API and its authoriser               |
| a form            | `REG#<sha256 address>` | the API; taken and deleted by `registrations`, else by `sweep`          |
| a mailed link     | `LINK#<sha256 token>`  | functions; the API writes `confirmed` or `leaving` at its buttons       |
| a robot's form    | `REFUSED#<...>`        | the API; nobody, gone after an hour                                     |

All under pk `EVENT#<event>`. Items that may vanish carry `ttl`. Raises StoreError with a sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from deepracer_admin.errors import StoreError

__all__ = ["FORM", "LINK", "PORTAL", "PortalItems", "plain", "typed"]

PORTAL, FORM, LINK = "PORTAL", "REG#", "LINK#"
CONDITION = "ConditionalCheckFailedException"
_serialize, _deserialize = TypeSerializer().serialize, TypeDeserializer().deserialize


def typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """As the API of DynamoDB wants it."""
    return {name: _serialize(value) for name, value in values.items()}


def plain(item: Mapping[str, Any]) -> dict[str, Any]:
    """As we use it; whole numbers as int."""
    return {name: _int(_deserialize(value)) for name, value in item.items()}


def _int(value: Any) -> Any:
    return int(value) if isinstance(value, Decimal) and value == int(value) else value


@dataclass(frozen=True, slots=True)
class PortalItems:
    """`client`: of DynamoDB, made by AwsAccess."""

    client: Any
    table: str
    event_id: str

    def all(self, prefix: str) -> Iterator[dict[str, Any]]:
        """Items whose sk begins with `prefix`, over all pages, as they are now."""
        asked: dict[str, Any] = {
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
            "ExpressionAttributeValues": typed({":pk": self._pk, ":prefix": prefix}),
            "ConsistentRead": True,
        }
        while True:
            answer = self._call("query", **asked)
            yield from map(plain, answer.get("Items", ()))
            if not answer.get("LastEvaluatedKey"):
                return
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def get(self, sk: str) -> dict[str, Any] | None:
        found = self._call("get_item", Key=self._key(sk), ConsistentRead=True).get("Item")
        return plain(found) if found else None

    def put(self, sk: str, values: Mapping[str, Any], *, unless_there: bool = False, unless_state: str = "") -> bool:
        """False: it was there already (`unless_there`), or in that state, and stays as it is."""
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"} if unless_there else {}
        if unless_state:
            condition = {
                "ConditionExpression": "attribute_not_exists(pk) OR #state <> :state",
                "ExpressionAttributeNames": {"#state": "state"},
                "ExpressionAttributeValues": typed({":state": unless_state}),
            }
        return self._held("put_item", Item=typed({"pk": self._pk, "sk": sk, **values}), **condition)

    def delete_form(self, sk: str, at: int) -> None:
        """A form that was taken; one that was sent again meanwhile stays."""
        self._held(
            "delete_item",
            Key=self._key(sk),
            ConditionExpression="#at = :at",
            ExpressionAttributeNames={"#at": "at"},
            ExpressionAttributeValues=typed({":at": at}),
        )

    def delete(self, sk: str) -> None:
        self._held("delete_item", Key=self._key(sk))

    @property
    def _pk(self) -> str:
        return f"EVENT#{self.event_id}"

    def _key(self, sk: str) -> dict[str, Any]:
        return typed({"pk": self._pk, "sk": sk})

    def _held(self, operation: str, **asked: Any) -> bool:
        try:
            getattr(self.client, operation)(TableName=self.table, **asked)
        except ClientError as failure:
            if failure.response["Error"]["Code"] == CONDITION:
                return False
            raise _sentence(failure) from None
        except (BotoCoreError, OSError) as failure:
            raise _sentence(failure) from None
        return True

    def _call(self, operation: str, **asked: Any) -> Any:
        try:
            return getattr(self.client, operation)(TableName=self.table, **asked)
        except (ClientError, BotoCoreError, OSError) as failure:
            raise _sentence(failure) from None


def _sentence(failure: Exception) -> StoreError:
    code = failure.response["Error"]["Code"] if isinstance(failure, ClientError) else type(failure).__name__
    return StoreError(
        f"The portal's items in the shared table could not be read or written ({code}); it is tried again."
    )
