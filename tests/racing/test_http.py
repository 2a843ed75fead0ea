"""Outbound HTTPS trusts what the system trusts, and says so when it does not."""

import ipaddress
import ssl
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from boto3.session import Session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deepracer_admin.clock import SystemClock
from deepracer_admin.edge.boto_http import carry
from deepracer_admin.edge.http import open_client, why_unreachable
from deepracer_admin.edge.reach import Reach
from deepracer_admin.errors import Refused, Unreachable
from deepracer_admin.racing.on_aws import OnAws

UNSIGNED_ONCE = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})


class _Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(302 if self.path == "/moved" else 200)
        if self.path == "/moved":
            self.send_header("Location", "https://elsewhere.example.com/")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *_: object) -> None:
        pass


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Example Company Root")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "site.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "root.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_certificate(tmp_path))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(300)


def test_a_certificate_that_the_system_does_not_know_is_named(site: str) -> None:
    service = OnAws(site, "organizer@example.com", "Practice-1", clock=SystemClock(), reach=Reach.PRACTICE)
    with pytest.raises(Unreachable, match="root certificate"):
        service.connect()
    service.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only there does a variable add to the system's store")
def test_a_certificate_in_the_systems_store_is_trusted(
    site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "root.pem"))
    with open_client(hosts={"127.0.0.1"}, user_agent="Example/1", in_flight=1) as client:
        assert client.get(site).text == "ok"


@pytest.mark.skipif(sys.platform != "linux", reason="only there does a variable add to the system's store")
def test_a_redirect_is_shown_and_not_followed(site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "root.pem"))
    with open_client(hosts={"127.0.0.1"}, user_agent="Example/1", in_flight=1) as client:
        assert client.get(f"{site}/moved").status_code == 302


@pytest.mark.skipif(sys.platform != "linux", reason="only there does a variable add to the system's store")
def test_the_sign_in_trusts_what_the_system_trusts(site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Session().client("cognito-idp", region_name="us-east-1", endpoint_url=site, config=UNSIGNED_ONCE)
    question = {"ClientId": "client", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "a"}}
    with pytest.raises(SSLError):
        client.initiate_auth(**question)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "root.pem"))
    with open_client(hosts={"127.0.0.1"}, user_agent="Example/1", in_flight=1) as http:
        carry(client, http)
        assert client.initiate_auth(**question)["ResponseMetadata"]["HTTPStatusCode"] == 200
    client.close()


@pytest.mark.parametrize(
    ("broken", "becomes"),
    [
        (httpx.ConnectError("x"), EndpointConnectionError),
        (httpx.ConnectTimeout("x"), ConnectTimeoutError),
        (httpx.ReadTimeout("x"), ReadTimeoutError),
        (httpx.ProxyError("x"), ProxyConnectionError),
        (httpx.RemoteProtocolError("x"), ConnectionClosedError),
    ],
)
def test_a_carried_call_breaks_as_botocore_knows_it(broken: Exception, becomes: type[Exception]) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise broken

    client = Session().client("cognito-idp", region_name="us-east-1", config=UNSIGNED_ONCE)
    hosts = {"cognito-idp.us-east-1.amazonaws.com"}
    with open_client(hosts=hosts, user_agent="x", in_flight=1, transport=httpx.MockTransport(fail)) as http:
        carry(client, http)
        with pytest.raises(becomes):
            client.forget_device(AccessToken="token", DeviceKey="us-east-1_00000000-0000-0000-0000-000000000000")
    client.close()


def test_hosts_may_be_added_and_no_other_is_called() -> None:
    hosts: set[str] = set()

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=request.headers["user-agent"])

    with open_client(hosts=hosts, user_agent="Example/1", in_flight=1, transport=httpx.MockTransport(answer)) as client:
        with pytest.raises(Refused, match=r"races\.example\.com"):
            client.get("https://races.example.com/")
        hosts.add("races.example.com")
        assert client.get("https://races.example.com/").text == "Example/1"


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (httpx.ConnectError("refused"), "cannot be reached"),
        (httpx.ProxyError("407"), "proxy settings"),
    ],
)
def test_a_broken_connection_is_explained(error: httpx.TransportError, says: str) -> None:
    assert says in why_unreachable(error, "DeepRacer on AWS")
