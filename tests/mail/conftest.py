"""A scripted SES for single exchanges, and the messages that tests send."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.edge.reach import Reach
from deepracer_admin.model import Message


def a_message(n: int = 1, **changes: Any) -> Message:
    values: dict[str, Any] = {
        "key": f"ev1#att{n}#access#1",
        "sender": "DeepRacer <deepracer@example.com>",
        "to": f"racer{n}@example.com",
        "subject": "Your place in the race — benvenuti",
        "text": "Hello,\n.a line that begins with a dot\nwell met\n",
        "html": "<p>Hello</p>",
        "tags": {"template": "access", "event": "Torino 2026!"},
    }
    return Message(**(values | changes))


@dataclass
class Script:
    """What a scripted SES answers, in order; an answer of None closes the connection. `heard` is what came in."""

    answers: list[tuple[int, dict[str, Any], str] | None] = field(default_factory=list)
    heard: list[tuple[str, str, Any]] = field(default_factory=list)
    url: str = ""

    def says(self, status: int, body: dict[str, Any] | None = None, error: str = "") -> None:
        self.answers.append((status, body or {}, error))

    def hangs_up(self) -> None:
        self.answers.append(None)

    @property
    def access(self) -> AwsAccess:
        return AwsAccess(
            profile="",
            region="us-east-1",
            endpoint_url=self.url,
            access_key_id="AKIAPRACTICE",
            secret_access_key="x",
            reach=Reach.PRACTICE,
        )


@pytest.fixture
def script() -> Iterator[Script]:
    script = Script()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
            script.heard.append((self.command, self.path, json.loads(raw) if raw else None))
            answer = script.answers.pop(0) if script.answers else (500, {}, "")
            if answer is None:
                self.close_connection = True
                return
            status, body, error = answer
            payload = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(payload)))
            if error:
                self.send_header("x-amzn-errortype", error)
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = _answer

        def log_message(self, format: str, *args: Any) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    script.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield script
    server.shutdown()
    server.server_close()
    thread.join(300)
