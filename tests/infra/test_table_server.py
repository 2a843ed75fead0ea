"""DynamoDB's stand-in keeps what others wrote while a transaction is cancelled, and its stream goes on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.local.table_server import TableServer
from tests.store.table_server import a_table

KEYS = {"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": "secret", "region_name": "eu-west-1"}


class Stand:
    def __init__(self, url: str, name: str) -> None:
        self.name = name
        a_table(url, name).close()
        self.table: Any = boto3.client("dynamodb", endpoint_url=url, **KEYS)
        self.streams: Any = boto3.client("dynamodbstreams", endpoint_url=url, **KEYS)
        arn = self.table.describe_table(TableName=self.name)["Table"]["LatestStreamArn"]
        shard = self.streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
        asked = {"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
        self.iterator = self.streams.get_shard_iterator(**asked)["ShardIterator"]

    def put(self, pk: str, sk: str) -> None:
        self.table.put_item(TableName=self.name, Item={"pk": {"S": pk}, "sk": {"S": sk}, "n": {"N": "1"}})

    def keys(self) -> set[str]:
        return {item["sk"]["S"] for item in self.table.scan(TableName=self.name)["Items"]}

    def number(self) -> int:
        key = {"pk": {"S": "HEADS"}, "sk": {"S": "head"}}
        return int(self.table.get_item(TableName=self.name, Key=key)["Item"]["n"]["N"])

    def read(self) -> list[tuple[str, str]]:
        """What the stream brought since the last time: (what happened, sort key)."""
        answer = self.streams.get_records(ShardIterator=self.iterator, Limit=1000)
        self.iterator = answer["NextShardIterator"]
        return [(each["eventName"], each["dynamodb"]["Keys"]["sk"]["S"]) for each in answer["Records"]]

    def transact(self, token: str, *, condition: str) -> None:
        key = {"pk": {"S": "HEADS"}, "sk": {"S": "head"}}
        change = {
            "TableName": self.name, "Key": key, "UpdateExpression": "SET n = :n", "ConditionExpression": condition,
            "ExpressionAttributeValues": {":n": {"N": "2"}}, "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }  # fmt: skip
        put = {"TableName": self.name, "Item": {"pk": {"S": "EVENT#e"}, "sk": {"S": f"LOG#{token}"}}}
        self.table.transact_write_items(TransactItems=[{"Put": put}, {"Update": change}], ClientRequestToken=token)


@pytest.fixture(scope="module")
def server() -> Iterator[TableServer]:
    server = TableServer().start()
    yield server
    server.stop()


@pytest.fixture
def stand(server: TableServer, request: pytest.FixtureRequest) -> Stand:
    return Stand(server.url, request.node.name)


def test_a_cancelled_transaction_takes_back_what_it_did_and_no_more(stand: Stand) -> None:
    stand.put("HEADS", "head")
    stand.put("EVENT#e", "REG#ada")
    stand.read()
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        stand.transact("lost", condition="n > :n")
    assert stand.keys() == {"head", "REG#ada"}
    assert stand.number() == 1
    assert stand.read() == []


def test_the_stream_goes_on_after_a_cancelled_transaction(stand: Stand) -> None:
    """A stream that falls silent after two writers met loses every form that comes later."""
    stand.put("HEADS", "head")
    stand.read()
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        stand.transact("lost", condition="n > :n")
    stand.put("EVENT#e", "REG#ada")
    stand.transact("held", condition="n < :n")
    assert stand.read() == [("INSERT", "REG#ada"), ("INSERT", "LOG#held"), ("MODIFY", "head")]


def test_a_repeated_transaction_is_done_once(stand: Stand) -> None:
    stand.put("HEADS", "head")
    stand.transact("one", condition="n < :n")
    stand.transact("one", condition="n < :n")
    assert len(stand.read()) == 3


def test_it_ends_with_whoever_started_it_also_by_a_kill() -> None:
    command = [sys.executable, "-m", "infra.local.table_server", "--with-parent"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        assert server.stdout.readline().strip().isdigit()
        server.stdin.close()
        assert server.wait(300) == 0
