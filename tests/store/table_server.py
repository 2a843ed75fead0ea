"""DynamoDB on this computer: moto behind a real HTTP server, one request at a time.

moto in memory is not safe for two transactions at once (it puts back the whole table when one is cancelled), and takes
what AWS refuses: batches of more than 25, a repeated transaction. Both are as AWS has them here. As a process of its
own: ``python -m tests.store.table_server``, which prints its port.
"""

import copy
import json
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from moto.core.request import Request
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.edge.reach import Reach
from deepracer_admin.store.dynamodb.table import SharedTable
from deepracer_admin.store.dynamodb.table_facts import create


def _spared(self: Table, _: dict[int, Any]) -> Table:
    """moto copies the whole table before each item of a transaction, to put it back if that is cancelled. What we only
    ever put and delete need not be copied with its contents."""
    spared = copy.copy(self)
    spared.items = copy.copy(self.items)
    for key, items in self.items.items():
        changed = key.value in ("HEADS", "LEASES", "BUCKETS", "ABOUT")
        spared.items[key] = copy.deepcopy(items) if changed else copy.copy(items)
    return spared


Table.__deepcopy__ = _spared  # pyright: ignore[reportAttributeAccessIssue]

__all__ = ["TableServer", "a_table", "access_to"]

AWS = "https://dynamodb.eu-west-1.amazonaws.com/"


class TableServer:
    """`lose_next`: names of operations that are answered with HTTP 500 after they were done (a lost answer)."""

    def __init__(self, port: int = 0) -> None:
        self.lock = threading.Lock()
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.lose_next: list[str] = []
        self._tokens: set[str] = set()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

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

    def answer(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any], bytes]:
        operation = headers["X-Amz-Target"].rpartition(".")[2]
        asked = json.loads(body)
        self.calls.append((operation, asked))
        if operation == "BatchWriteItem" and sum(map(len, asked["RequestItems"].values())) > 25:
            return _refused("ValidationException", "Member must have length less than or equal to 25")
        if operation == "TransactWriteItems":
            if len(asked["TransactItems"]) > 100 or len(body) * 3 / 4 > 4_194_304:
                return _refused("ValidationException", "too many items or too large")
            if asked["ClientRequestToken"] in self._tokens:
                return 200, {"Content-Type": "application/x-amz-json-1.0"}, b"{}"
        request = Request.from_primitives("POST", AWS, headers, body)
        status, answered, text = DynamoHandler.dispatch(request, AWS, headers)
        if operation == "TransactWriteItems" and status == 200:
            self._tokens.add(asked["ClientRequestToken"])
        if operation in self.lose_next:
            self.lose_next.remove(operation)
            return _refused("InternalServerError", "the answer is lost", 500)
        return status, answered, text.encode() if isinstance(text, str) else text

    def start(self) -> "TableServer":
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        return self

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()


def _refused(code: str, message: str, status: int = 400) -> tuple[int, dict[str, Any], bytes]:
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message}
    return status, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(body).encode()


def access_to(url: str) -> AwsAccess:
    return AwsAccess(
        region="eu-west-1",
        endpoint_url=url,
        access_key_id="AKIAEXAMPLE",
        secret_access_key="secret",
        reach=Reach.PRACTICE,
    )


def a_table(url: str, name: str) -> SharedTable:
    """A handle of the table, which is made if it is not there."""
    table = SharedTable(access_to(url), name)
    create(table)
    return table


if __name__ == "__main__":
    server = TableServer(int(sys.argv[1]) if sys.argv[1:] else 0)
    print(server.http.server_port, flush=True)
    server.http.serve_forever()
