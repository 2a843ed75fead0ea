"""DynamoDB and its streams on this computer: moto behind a real HTTP server, one request at a time.

moto in memory is not safe for two transactions at once: a cancelled one puts back the whole table, with it whatever
others wrote meanwhile, and gives the table a new stream, so that whoever reads the old one reads nothing any more. It
copies the whole table before each item of a transaction, and sorts the whole table for each query, so that an event
takes the square of its size. And it takes what AWS refuses: batches of more than 25, a repeated transaction. Here all
five are as AWS has them.

As a process of its own: `python -m infra.local.table_server [port] [--with-parent]`, which prints its port. With the
second it ends when its standard input does, which is when whoever started it ends, also by a kill.
"""

from __future__ import annotations

import base64
import contextvars
import copy
import gc
import json
import os
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from moto.core.request import Request
from moto.core.responses import ActionContext, ActionResult
from moto.dynamodb.comparisons import get_comparison_func
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler, DynamoResult
from moto.dynamodbstreams import responses as streams_responses

__all__ = ["TableServer"]

AWS = "https://{}.eu-west-1.amazonaws.com/"
JSON = {"Content-Type": "application/x-amz-json-1.0"}
STREAMS = "DynamoDBStreams_"
BATCH, TRANSACTION, TRANSACTION_BYTES = 25, 100, 4_194_304

Names = frozenset[tuple[str, str]]
_changing: contextvars.ContextVar[Names] = contextvars.ContextVar("changing", default=frozenset())
"""Partition and sort key of the items that the running transaction names, to be put back if it is cancelled."""


def _spared(self: Table, memo: dict[int, Any]) -> Table:
    """What moto keeps to put back: of the partitions that the transaction names the places of all items, and copies of
    those alone that it changes. Moto asks for it once for each item of a transaction.

    The stream stays the one that everybody reads.
    """
    spared = copy.copy(self)
    if not self.has_range_key:
        spared.items = copy.deepcopy(self.items, memo)
        return spared
    spared.items = copy.copy(self.items)
    for pk, sk in _changing.get():
        partition, name = DynamoType({"S": pk}), DynamoType({"S": sk})
        items = self.items.get(partition)
        if items is None:
            continue
        if spared.items[partition] is items:
            spared.items[partition] = copy.copy(items)
        if name in items:
            spared.items[partition][name] = copy.deepcopy(items[name], memo)
    return spared


Asked = tuple[Any, str | None, list[Any]]
_asked: contextvars.ContextVar[Asked | None] = contextvars.ContextVar("asked", default=None)
"""Of the running query: the partition, and how the sort key is compared with what."""
_query, _all_items = Table.query, Table.all_items


def _of_a_partition(
    self: Table, hash_key: Any, range_comparison: str | None, range_objs: list[Any], *rest: Any, **more: Any
) -> Any:
    asked = _asked.set((hash_key, range_comparison, range_objs))
    try:
        return _query(self, hash_key, range_comparison, range_objs, *rest, **more)
    finally:
        _asked.reset(asked)


def _looked_at(self: Table) -> list[Any]:
    """What a query has to look at: items of its partition whose sort key fits, where moto takes all of the table."""
    asked = _asked.get()
    if asked is None or self.all_indexes():
        return _all_items(self)
    partition, comparison, given = asked
    found = self.items.get(partition)
    if not isinstance(found, dict):
        return []
    if comparison is None:
        return [*found.values()]
    values = [each.cast_value for each in given]
    if comparison == "BETWEEN":  # how the journal is read, thousands of times in a flood
        low, high = values
        return [item for name, item in found.items() if low <= name.value <= high]
    fits = get_comparison_func(comparison)
    return [item for name, item in found.items() if fits(name.value, *values)]


class _Plain(ActionResult):
    """An answer as it stands, which is as the wire has it: moto looks up each field of each item in the service's
    description, about a millisecond an item."""

    def execute_result(self, context: ActionContext) -> Any:
        return 200, dict(JSON), json.dumps(self.result, default=_on_the_wire)


def _on_the_wire(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.timestamp() if isinstance(value, datetime) else value.to_json()


def _mend_moto() -> None:
    Table.__deepcopy__ = _spared  # pyright: ignore[reportAttributeAccessIssue]
    Table.query = _of_a_partition  # pyright: ignore[reportAttributeAccessIssue]
    Table.all_items = _looked_at
    DynamoResult.execute_result = _Plain.execute_result  # pyright: ignore[reportAttributeAccessIssue]
    streams_responses.ActionResult = _Plain  # pyright: ignore[reportPrivateImportUsage]


_mend_moto()


class TableServer:
    """`lose_next`: names of operations that are answered with HTTP 500 after they were done (a lost answer)."""

    def __init__(self, port: int = 0) -> None:
        self.lock = threading.Lock()
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.lose_next: list[str] = []
        self.keeps_calls = True
        self._tokens: set[str] = set()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with server.lock:
                    status, headers, text = server.answer(dict(self.headers), body)
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in ("content-length", "date", "server", "status"):
                        self.send_header(name, str(value))
                self.send_header("Content-Length", str(len(text)))
                with suppress(OSError):  # who asked was killed, or waits no longer
                    self.end_headers()
                    self.wfile.write(text)

            def log_message(self, format: str, *args: object) -> None: ...

        self.http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def answer(self, headers: dict[str, str], body: bytes) -> tuple[int, Mapping[str, Any], bytes]:
        """(status, headers, body) of one request."""
        target, _, operation = headers["X-Amz-Target"].partition(".")
        asked = json.loads(body)
        if self.keeps_calls:
            self.calls.append((operation, asked))
        if target.startswith(STREAMS):
            return _dispatched(streams_responses.DynamoDBStreamsHandler, "streams.dynamodb", headers, body)
        if operation == "BatchWriteItem" and sum(map(len, asked["RequestItems"].values())) > BATCH:
            return _refused("ValidationException", "Member must have length less than or equal to 25")
        if operation == "TransactWriteItems":
            answered = self._transaction(asked, headers, body)
        else:
            answered = _dispatched(DynamoHandler, "dynamodb", headers, body)
        if operation in self.lose_next:
            self.lose_next.remove(operation)
            return _refused("InternalServerError", "the answer is lost", 500)
        return answered

    def _transaction(
        self, asked: Mapping[str, Any], headers: dict[str, str], body: bytes
    ) -> tuple[int, Mapping[str, Any], bytes]:
        if len(asked["TransactItems"]) > TRANSACTION or len(body) * 3 / 4 > TRANSACTION_BYTES:
            return _refused("ValidationException", "too many items or too large")
        if asked["ClientRequestToken"] in self._tokens:
            return 200, JSON, b"{}"
        streams = {name: len(items) for name, items in _streamed()}
        named = _changing.set(frozenset(_names(asked["TransactItems"])))
        try:
            answered = _dispatched(DynamoHandler, "dynamodb", headers, body)
        finally:
            _changing.reset(named)
        if answered[0] == 200:
            self._tokens.add(asked["ClientRequestToken"])
        else:  # nothing of it was done, so nobody reads of it
            for name, items in _streamed():
                del items[streams[name] :]
        return answered

    def start(self) -> TableServer:
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()


def _dispatched(handler: Any, host: str, headers: dict[str, str], body: bytes) -> tuple[int, Mapping[str, Any], bytes]:
    address = AWS.format(host)
    request = Request.from_primitives("POST", address, headers, body)
    status, answered, text = handler.dispatch(request, address, headers)
    return status, answered, text.encode() if isinstance(text, str) else text


def _streamed() -> list[tuple[str, list[Any]]]:
    """The records of each table's stream."""
    tables = [
        table for backend in dynamodb_backends.values() for each in backend.values() for table in each.tables.values()
    ]
    return [(table.name, table.stream_shard.items) for table in tables if table.stream_shard]


def _names(items: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Partition and sort key of what a transaction writes, in tables whose keys are `pk` and `sk`."""
    found = []
    for item in items:
        told = next(iter(item.values()))
        key = told.get("Key") or told.get("Item") or {}
        found.append(tuple(str(next(iter(key[name].values()))) if name in key else "" for name in ("pk", "sk")))
    return [(pk, sk) for pk, sk in found]


def _refused(code: str, message: str, status: int = 400) -> tuple[int, Mapping[str, Any], bytes]:
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message}
    return status, JSON, json.dumps(body).encode()


def _end_with_parent() -> None:
    while sys.stdin.buffer.read(1024):
        pass
    os._exit(0)  # nothing is kept, so nothing is to be put away


def main(given: list[str]) -> None:
    if "--with-parent" in given:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    ports = [each for each in given if each.isdecimal()]
    server = TableServer(int(ports[0]) if ports else 0)
    server.keeps_calls = False
    gc.set_threshold(200_000, 50, 1000)  # what a table holds is no garbage, and need not be looked through each second
    print(server.http.server_port, flush=True)
    server.http.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
