"""A deployment that answers what a test tells it to, over real HTTP on loopback.

For failures that a practice world cannot stage at will: odd bodies, broken connections, wrong clocks. What arrived is
kept raw, so that tests can look at the bytes that were signed.
"""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt

from deepracer_admin.clock import SystemClock
from deepracer_admin.edge.reach import Reach
from deepracer_admin.racing.on_aws import OnAws
from tests.edge.trickling import Trickle

PROFILE = {"profile": {"alias": "Organizer", "avatar": {}, "profileId": "organizer000000"}}
NO_SUCH_PATH = (
    403,
    {"message": "Missing Authentication Token"},
    {"x-amzn-errortype": "MissingAuthenticationTokenException"},
)


@dataclass
class Reply:
    """One answer. `body` is sent as JSON unless it is text; `drop` closes the connection without a word."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    date: float | None = None
    trickles: str = ""  # which part of it does not end by itself (tests/edge/trickling.py)


DROP = Reply(drop=True)


@dataclass
class Seen:
    """A request as it arrived; `target` is the raw path with its query."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class ScriptedDeployment:
    """Answers of the API are set with `on`; sign-in works unless a test says otherwise."""

    def __init__(self, version: str = "v1.3.1") -> None:
        self.version = version
        self.groups = ["dr-admins"]
        self.seen: list[Seen] = []
        self.sign_ins: list[dict[str, Any]] = []
        self.keys_handed_out = 0
        self.busy = self.most_busy = 0
        self._lock = threading.Lock()
        self._script: dict[tuple[str, str], list[Reply]] = {}
        self._cognito: dict[str, list[Reply]] = {}
        self.env: Reply | None = None
        self.trickle = Trickle()
        self.on("GET", "/profile", Reply(body=PROFILE))
        for path, body in (
            ("/profiles/bulkInvite", {"jobs": []}),
            ("/race-management/stats", {"totalEvents": 0}),
            ("/events", {"events": []}),
        ):
            self.on("GET", path, Reply(body=body) if version >= "v1.3" else Reply(*NO_SUCH_PATH))

    wall: Reply | None = None  # answers everything but the sign-in, once it is set

    def on(self, method: str, path: str, *replies: Reply) -> None:
        """These replies one after the other; the last one repeats."""
        self._script[method, path] = list(replies)

    def on_cognito(self, operation: str, *replies: Reply) -> None:
        self._cognito[operation] = list(replies)

    def calls(self, method: str, path: str) -> list[Seen]:
        return [each for each in self.seen if each.method == method and each.target.partition("?")[0] == path]

    def answer(self, request: Seen) -> Reply:
        if request.target == "/site/env.js":
            return self.env or Reply(body=self._environment(), headers={"content-type": "application/javascript"})
        if request.target.startswith("/site"):
            return Reply(body="<!doctype html><html></html>", headers={"content-type": "text/html"})
        if request.target.startswith("/cognito-"):
            return self._sign_in(request.headers["x-amz-target"].partition(".")[2], request.json)
        path = request.target.removeprefix("/api/prod")
        request.target = path
        with self._lock:
            self.seen.append(request)
            if self.wall is not None:
                return self.wall
            replies = self._script.get((request.method, path.partition("?")[0]), [Reply(*NO_SUCH_PATH)])
            return replies.pop(0) if len(replies) > 1 else replies[0]

    def _environment(self) -> str:
        values = {
            "apiEndpointUrl": f"{self.url}/api/prod/",
            "userPoolId": "us-east-1_practice",
            "userPoolClientId": "client",
            "identityPoolId": "us-east-1:pool",
            "region": "us-east-1",
            "uploadBucketName": "uploads",
            "solutionVersion": self.version,
        }
        return f"window.EnvironmentConfig = {json.dumps(values)};"

    def _sign_in(self, operation: str, body: dict[str, Any]) -> Reply:
        self.sign_ins.append({"operation": operation, **body})
        with self._lock:
            replies = self._cognito.get(operation)
            if replies:
                return replies.pop(0) if len(replies) > 1 else replies[0]
        if operation == "GetId":
            return Reply(body={"IdentityId": "us-east-1:identity"})
        if operation == "GetCredentialsForIdentity":
            self.keys_handed_out += 1
            keys = {
                "AccessKeyId": f"ASIA{self.keys_handed_out:012d}",
                "SecretKey": "secret",
                "SessionToken": f"session/{self.keys_handed_out}+=",
                "Expiration": time.time() + 3600,
            }
            return Reply(body={"IdentityId": "us-east-1:identity", "Credentials": keys})
        return Reply(body={"AuthenticationResult": self.tokens()})

    def tokens(self, seconds: int = 3600) -> dict[str, Any]:
        claims = {
            "cognito:username": "organizer000000",
            "email": "Organizer@example.com",
            "cognito:groups": self.groups,
        }
        token = jwt.encode(claims, "k" * 32, algorithm="HS256")
        return {"IdToken": token, "AccessToken": "access", "RefreshToken": "refresh", "ExpiresIn": seconds}

    url = ""


def _handler(deployment: ScriptedDeployment) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with deployment._lock:
                deployment.busy += 1
                deployment.most_busy = max(deployment.most_busy, deployment.busy)
            try:
                reply = deployment.answer(Seen(self.command, self.path, headers, body))
            finally:
                with deployment._lock:
                    deployment.busy -= 1
            if reply.drop:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            if reply.trickles:
                self.close_connection = True
                deployment.trickle.speak(self.connection, reply.trickles)
                return
            content = (reply.body if isinstance(reply.body, str) else json.dumps(reply.body)).encode()
            self.send_response_only(reply.status)
            self.send_header("Date", formatdate(reply.date if reply.date is not None else time.time(), usegmt=True))
            self.send_header("Content-Length", str(len(content)))
            for name, value in {"content-type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one

        def log_message(self, format: str, *_: Any) -> None:
            pass

    return Handler


@contextmanager
def scripted(version: str = "v1.3.1") -> Iterator[ScriptedDeployment]:
    """A scripted deployment on a free loopback port."""
    deployment = ScriptedDeployment(version)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(deployment))
    server.daemon_threads = True
    deployment.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield deployment
    finally:
        server.shutdown()
        server.server_close()
        thread.join(300)


class Naps:
    """Takes the place of sleep and remembers how long was asked for."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


@contextmanager
def adapter(deployment: ScriptedDeployment, **options: Any) -> Iterator[OnAws]:
    """The adapter, pointed at the scripted deployment; naps are not slept."""
    options.setdefault("clock", SystemClock())
    options.setdefault("sleep", Naps())
    service = OnAws(
        f"{deployment.url}/site",
        "organizer@example.com",
        "Practice-1",
        cognito_idp_url=f"{deployment.url}/cognito-idp/",
        cognito_identity_url=f"{deployment.url}/cognito-identity/",
        reach=Reach.PRACTICE,
        **options,
    )
    try:
        yield service
    finally:
        service.close()
