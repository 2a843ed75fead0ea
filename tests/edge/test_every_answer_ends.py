"""Every answer ends: with each library, over TLS and through proxies, for reads and for writes."""

from __future__ import annotations

import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
from botocore import exceptions as boto
from botocore.awsrequest import AWSHTTPConnectionPool

from deepracer_admin.directory.graph_client import Graph, Patience
from deepracer_admin.directory.msal_app import PRACTICE_LOGIN, rewriting_session, system_session
from deepracer_admin.directory.tokens import AppTokens
from deepracer_admin.edge import bounds
from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.edge.bounded_http import bounded_client
from deepracer_admin.edge.bounds import Bounds
from deepracer_admin.edge.http import open_client
from deepracer_admin.edge.reach import Reach
from deepracer_admin.errors import LostAnswer, ServiceError, StoreError, Unreachable
from deepracer_admin.mail.chat import Webhook
from deepracer_admin.mail.ses import Ses
from deepracer_admin.mail.ses_events import EventQueue
from deepracer_admin.mail.smtp import Smtp
from deepracer_admin.model.notices import Notice
from deepracer_admin.racing.bill import Bills
from deepracer_admin.racing.price_list import PriceLists
from deepracer_admin.racing.service_quotas import ServiceQuotas
from deepracer_admin.store.dynamodb import SharedTable
from deepracer_admin.web.identity import Keys
from tests.edge.far_sides import FarSide, far_side, heard, listening, mail_server, make_certificates, packed, proxy
from tests.edge.test_odd_answers import access, app, message
from tests.edge.trickling import BOUNDS, Leaps
from tests.racing.scripted import Naps


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    make_certificates(folder)
    return folder


@pytest.fixture
def tls(certificates: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Of a server whose authority this computer trusts."""
    if sys.platform != "linux":
        pytest.skip("only there does a variable add to the system's store")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "root.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem")
    return context


# ------------------------------------------------------------------------------------------------- what comes of it


def graph(url: str) -> Graph:
    return Graph(f"{url}/v1.0", lambda: "t", patience=Patience(attempts=2, sleep=Naps()), reach=Reach.PRACTICE)


NOTICE = Notice("a-1", "red", "The budget is used", ("It is.",), "http://localhost:8501/usage")


def post(url: str) -> None:
    chat = Webhook(f"{url}/workflows/1", reach=Reach.PRACTICE)
    try:
        chat.post(NOTICE, before=lambda: None)
    finally:
        chat.close()


CALLS: dict[str, tuple[Callable[[str], Any], type[ServiceError]]] = {
    "Graph, a read": (lambda url: graph(url).get("/users", "resolve"), Unreachable),
    "Graph, a write": (lambda url: graph(url).send("POST", "/invitations", "invite", {}, repeat=False), LostAnswer),
    "Entra's keys": (lambda url: Keys(f"{url}/keys", Reach.PRACTICE).find("one"), Unreachable),
    "Entra's tokens": (lambda url: AppTokens(app(url))(), Unreachable),
    "The chat": (post, LostAnswer),
    "SES, a read": (lambda url: Ses(access(url)).limits(), Unreachable),
    "SES, a mail": (lambda url: Ses(access(url)).send(message()), LostAnswer),
    "SQS": (lambda url: EventQueue(access(url), f"{url}/1/q").receive(), Unreachable),
    "Service quotas": (lambda url: ServiceQuotas(access(url)).read(), Unreachable),
    "Price list": (lambda url: PriceLists(access(url)).read("eu-west-1"), Unreachable),
    "Bill": (lambda url: Bills(access(url)).read(date(2026, 5, 1), date(2026, 5, 2)), Unreachable),
}
UNPACKED = ("Graph, a read", "Graph, a write", "Entra's keys", "Entra's tokens", "The chat")  # botocore unpacks nothing


@pytest.mark.parametrize("kind", ["head", "body", "endless body"])
@pytest.mark.parametrize("safe", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("name", CALLS)
def test_a_read_is_out_of_reach_and_a_write_is_lost(
    name: str, safe: bool, kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, error = CALLS[name]
    monkeypatch.setattr(bounds, "WHOLE", BOUNDS[kind])
    with far_side(kind, request.getfixturevalue("tls") if safe else None) as side:
        with pytest.raises(error):
            call(f"{'https://localhost' if safe else 'http://127.0.0.1'}:{side.port}")
        assert side.trickle.have_hung_up()


@pytest.mark.parametrize("kind", ["head", "body", "endless body"])
def test_so_it_is_with_the_shared_table(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "WHOLE", BOUNDS[kind])
    with far_side(kind) as side:
        table = SharedTable(access(f"http://127.0.0.1:{side.port}"), "console", pause=Naps())
        with pytest.raises(StoreError, match="cannot be reached"):
            table.get("a", "b")
        with pytest.raises(StoreError, match="may have been done"):
            table.put({"pk": "a", "sk": "b"})
        assert side.trickle.have_hung_up()


@pytest.mark.parametrize("name", UNPACKED)
def test_a_small_answer_that_holds_a_large_one_is_too_large(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    call, error = CALLS[name]
    monkeypatch.setattr(bounds, "WHOLE", Bounds(octets=2**18))
    with packed(b'"' + b" " * 2**20 + b'"') as side, pytest.raises(error) as told:
        call(f"http://127.0.0.1:{side.port}")
    assert told.value.code in ("ReadError", "ConnectionError", "")


def test_another_that_is_packed_is_read() -> None:
    with packed(b'{"access_token": "x"}') as side:
        url = f"http://127.0.0.1:{side.port}"
        assert graph(url).get("/users", "resolve") == {"access_token": "x"}
        with rewriting_session(PRACTICE_LOGIN, url) as session:
            assert [session.get(f"{PRACTICE_LOGIN}/x").json() for _ in range(2)] == [{"access_token": "x"}] * 2
        assert side.connections == 2


def mailer(port: int, trust: ssl.SSLContext | None = None) -> Smtp:
    host = "localhost" if trust else "127.0.0.1"
    return Smtp(host, port, starttls=trust is not None, trust=trust, timeout=300, reach=Reach.PRACTICE)


@pytest.mark.parametrize("kind", ["reply", "endless reply"])
@pytest.mark.parametrize("step", ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "END"])
def test_a_mail_servers_reply_ends_at_every_step(step: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "WHOLE", BOUNDS[kind])
    with mail_server(step, kind) as side:
        smtp = mailer(side.port)
        with pytest.raises(LostAnswer if step == "END" else Unreachable):
            smtp.send(message())
        smtp.close()
        assert side.trickle.have_hung_up()


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "END"])
def test_so_does_it_under_starttls(
    step: str, tls: ssl.SSLContext, certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "WHOLE", BOUNDS["reply"])
    with mail_server(step, "reply", tls) as side:
        smtp = mailer(side.port, ssl.create_default_context(cafile=str(certificates / "root.pem")))
        with pytest.raises(LostAnswer if step == "END" else Unreachable):
            smtp.send(message())
        smtp.close()
        assert side.trickle.have_hung_up()


# ---------------------------------------------------------------------------------------------------------- proxies


def by_httpx() -> None:
    with open_client(hosts={"races.example.com"}, user_agent="Example/1", in_flight=1) as http:
        http.get("https://races.example.com/")


def by_botocore() -> None:
    reached = AwsAccess(region="eu-west-1", access_key_id="AKIAEXAMPLE", secret_access_key="secret")
    client = reached.client("sesv2", attempts=1)
    try:
        client.get_account()
    finally:
        client.close()


def by_requests() -> None:
    with system_session() as session:
        session.get("https://login.microsoftonline.com/common/discovery")


STACKS: dict[str, tuple[Callable[[], None], type[Exception]]] = {
    "httpx": (by_httpx, httpx.TransportError),
    "botocore": (by_botocore, boto.HTTPClientError),
    "requests": (by_requests, requests.RequestException),
}


@pytest.fixture
def through(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the proxy of this computer."""

    def use(address: str) -> None:
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, address)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)

    return use


@pytest.mark.parametrize("stack", STACKS)
def test_a_proxys_leave_to_pass_ends(
    stack: str, through: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    call, error = STACKS[stack]
    monkeypatch.setattr(bounds, "WHOLE", BOUNDS["head"])
    with far_side("head") as side:
        through(f"http://127.0.0.1:{side.port}")
        with pytest.raises(error):
            call()
        assert side.trickle.have_hung_up()


@pytest.mark.parametrize("stack", STACKS)
def test_a_handshake_through_a_proxy_with_tls_ends(
    stack: str,
    through: Callable[[str], None],
    tls: ssl.SSLContext,
    certificates: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """TLS within TLS is the one handshake that Python does not end as a whole."""
    call, error = STACKS[stack]
    root = str(certificates / "root.pem")
    monkeypatch.setenv("AWS_CA_BUNDLE", root)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", root)
    monkeypatch.setattr(
        "httpcore._sync.connection.default_ssl_context", lambda: ssl.create_default_context(cafile=root)
    )
    monkeypatch.setattr(bounds, "WHOLE", BOUNDS["handshake"])
    with proxy(tls) as side:
        through(f"https://localhost:{side.port}")
        with pytest.raises(error):
            call()
        assert side.trickle.have_hung_up()


# ------------------------------------------------------------------------------------------------- what still works


@pytest.fixture
def kept() -> Iterator[FarSide]:
    """A server that keeps its connections."""

    def talk(connection: socket.socket, side: FarSide) -> None:
        Keeping(connection, ("", 0), side)  # type: ignore[arg-type]

    with listening(talk) as side:
        yield side


class Keeping(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_POST = do_PUT = answer

    def log_message(self, format: str, *_: Any) -> None:
        """Silence."""


def test_a_kept_connection_is_bounded_for_each_request(kept: FarSide, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "WHOLE", Bounds(now=Leaps()))
    url = f"http://127.0.0.1:{kept.port}"
    with bounded_client(timeout=300, trust_env=False) as http:
        assert [http.get(url).status_code for _ in range(9)] == [200] * 9
    assert kept.connections == 1
    client = access(url).client("sesv2", attempts=1)
    assert [client.get_account()["ResponseMetadata"]["HTTPStatusCode"] for _ in range(9)] == [200] * 9
    client.close()
    assert kept.connections == 2
    with rewriting_session(PRACTICE_LOGIN, url) as session:
        assert [session.get(f"{PRACTICE_LOGIN}/x").status_code for _ in range(9)] == [200] * 9
    assert kept.connections == 3


def test_a_server_may_first_ask_for_the_body(kept: FarSide) -> None:
    with AWSHTTPConnectionPool("127.0.0.1", kept.port) as pool:
        headers = {"Expect": b"100-continue", "Content-Length": "5"}
        assert pool.urlopen("PUT", "/", body=b"hello", headers=headers).status == 200


def test_a_request_that_is_taken_slowly_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "WHOLE", Bounds(now=Leaps()))

    def talk(connection: socket.socket, _: FarSide) -> None:
        with suppress(ConnectionError):
            heard(connection, b"what is never said")

    small = [(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)]
    with (
        listening(talk) as side,
        bounded_client(timeout=300, transport=httpx.HTTPTransport(socket_options=small)) as http,
        pytest.raises(httpx.WriteTimeout),
    ):
        http.post(f"http://127.0.0.1:{side.port}", content=b"a" * 2**24)
