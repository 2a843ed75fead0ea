"""Where a company inspects TLS its root certificate is known to the system alone: every connection must trust it.

Over real TLS, to a server on loopback whose authority stands in no bundle but the one that the system is told of.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore import exceptions as boto
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from deepracer_admin.directory.cognito import CognitoPool
from deepracer_admin.directory.entra import Entra
from deepracer_admin.directory.graph_client import Patience
from deepracer_admin.directory.identity_center import IdentityCenter
from deepracer_admin.edge.aws import AwsAccess, open_session
from deepracer_admin.edge.reach import Reach
from deepracer_admin.errors import ConsoleError
from deepracer_admin.mail.ses import Ses
from deepracer_admin.mail.ses_events import EventQueue
from deepracer_admin.racing.managed_client import ManagedClient
from deepracer_admin.store.dynamodb.table import SharedTable
from deepracer_admin.web.identity import Keys
from tests.racing.scripted import Naps


@dataclass
class Server:
    url: str  # by the name in its certificate
    wrong_name: str
    authority: Path


def a_certificate(name: str, issuer: Any = None, key_of_issuer: Any = None, *, server: bool = False) -> tuple[Any, Any]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder(
            issuer.subject if issuer else subject, subject, key.public_key(), x509.random_serial_number()
        )
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=not server, path_length=None), critical=True)
    )
    if server:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    return builder.sign(key_of_issuer or key, hashes.SHA256()), key


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server behind the company's inspection: it answers {} to everything."""
    folder = tmp_path_factory.mktemp("tls")
    root, root_key = a_certificate("Example Company Inspection")
    leaf, leaf_key = a_certificate("localhost", root, root_key, server=True)
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "root.pem").write_bytes(root.public_bytes(pem))
    private = leaf_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    (folder / "server.pem").write_bytes(private + leaf.public_bytes(pem))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        def log_message(self, format: str, *_: Any) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients that do not trust it hang up
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    port = server.server_port
    yield Server(f"https://localhost:{port}", f"https://127.0.0.1:{port}", folder / "root.pem")
    server.shutdown()
    server.server_close()
    thread.join(300)


def access(url: str) -> AwsAccess:
    return AwsAccess("", "eu-west-1", url, "AKIAEXAMPLE", "secret", reach=Reach.PRACTICE)


def by_credentials(service: str, url: str, method: str, **request: Any) -> Any:
    """A client as botocore makes one by itself, to renew credentials."""
    session = open_session(Reach.PRACTICE)
    keys = {"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": "secret"}
    client = session.create_client(service, region_name="eu-west-1", endpoint_url=url, **keys)
    try:
        return getattr(client, method)(**request)
    finally:
        client.close()


CALLS: dict[str, Callable[[str], Any]] = {
    "SES": lambda url: Ses(access(url)).limits(),
    "SQS": lambda url: EventQueue(access(url), f"{url}/1/q").receive(),
    "User pool": lambda url: CognitoPool(access(url), "pool").groups("A" * 15),
    "Identity Center": lambda url: IdentityCenter(
        access(url), "d-1", "arn:aws:sso:::instance/1", "Racers", "Set", "123456789012"
    ).assignment(),
    "Managed": lambda url: ManagedClient(
        endpoint_url=url, reach=Reach.PRACTICE, sleep=Naps(), access_key_id="AKIAEXAMPLE", secret_access_key="secret"
    ).call("AdminListAssociatedUsers"),
    "Shared table": lambda url: SharedTable(access(url), "console", pause=Naps()).get("a", "b"),
    "SSO": lambda url: by_credentials("sso", url, "list_accounts", accessToken="t"),
    "SSO tokens": lambda url: by_credentials(
        "sso-oidc", url, "create_token", clientId="c", clientSecret="s", grantType="refresh_token"
    ),
    "Graph": lambda url: Entra(
        f"{url}/v1.0", lambda: "token", patience=Patience(attempts=1, sleep=Naps()), reach=Reach.PRACTICE
    ).group("0a0a0a0a-0000-4000-8000-000000000001"),
    "Entra's keys": lambda url: Keys(f"{url}/keys", Reach.PRACTICE).find("one"),
}


def outcome(call: Callable[[str], Any], url: str) -> Exception | None:
    try:
        call(url)
    except (ConsoleError, boto.BotoCoreError, boto.ClientError) as error:
        return error
    return None


def is_about_trust(error: Exception | None) -> bool:
    told = isinstance(error, ConsoleError) and "is not trusted" in error.sentence
    return told or isinstance(error, boto.SSLError)


@pytest.mark.parametrize("name", CALLS)
def test_what_the_system_trusts_is_trusted(company: Server, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(company.authority))
    assert not is_about_trust(outcome(CALLS[name], company.url))


@pytest.mark.parametrize("name", CALLS)
def test_what_the_system_does_not_know_is_not(company: Server, name: str) -> None:
    error = outcome(CALLS[name], company.url)
    assert is_about_trust(error), repr(error)


@pytest.mark.parametrize("name", CALLS)
def test_a_certificate_for_another_name_is_not_trusted(
    company: Server, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(company.authority))
    error = outcome(CALLS[name], company.wrong_name)
    assert is_about_trust(error), repr(error)


def test_a_bundle_that_was_named_for_aws_counts_too(company: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(company.authority))
    assert not is_about_trust(outcome(CALLS["SES"], company.url))
