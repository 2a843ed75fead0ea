"""The SMTP adapter against a real SMTP server in this process, well and badly behaved."""

import asyncio
import email
import email.policy
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from deepracer_admin.edge.reach import Reach
from deepracer_admin.errors import (
    AccessDenied,
    BadSettings,
    CredentialsExpired,
    LostAnswer,
    Refused,
    Throttled,
    Unreachable,
)
from deepracer_admin.mail.smtp import Smtp, message_id
from deepracer_admin.model import UNLIMITED, Mailbox, read_mailbox
from tests.mail.conftest import a_message
from tests.ports import free_port

PASSWORD = "right"


class Server:
    """An aiosmtpd handler: replies by script, keeps what it accepted, counts connections."""

    def __init__(self) -> None:
        self.accepted: list[Envelope] = []
        self.connections = 0
        self.replies: dict[str, list[str]] = {"MAIL": [], "RCPT": [], "DATA": []}

    def _scripted(self, step: str) -> str | None:
        return self.replies[step].pop(0) if self.replies[step] else None

    async def handle_EHLO(self, server: SMTP, session: Session, envelope: Envelope, name: str, lines: list[str]) -> Any:
        session.host_name = name
        return lines

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list) -> str:
        if reply := self._scripted("MAIL"):
            return reply
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list) -> str:
        if reply := self._scripted("RCPT"):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        reply = self._scripted("DATA")
        if reply == "lost":
            self.accepted.append(envelope)
            assert server.transport is not None
            server.transport.abort()
            await asyncio.sleep(0)
            return "250 never read"
        if reply:
            return reply
        self.accepted.append(envelope)
        return "250 OK"


class Counting(Controller):
    def factory(self) -> SMTP:
        self.handler.connections += 1
        return super().factory()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a self-signed certificate for loopback, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("tls") / "mail.pem"
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def mail_server(certificate: Path) -> Iterator[tuple[Server, int]]:
    """A server that wants STARTTLS and a password."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    handler = Server()

    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)

    controller = Counting(
        handler,
        hostname="127.0.0.1",
        port=free_port(),
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=check,
        enable_SMTPUTF8=True,
    )
    controller.start()
    handler.connections = 0  # the controller's own greeting
    yield handler, controller.port
    controller.stop()


@pytest.fixture
def smtp(mail_server: tuple[Server, int], certificate: Path) -> Iterator[Smtp]:
    mailer = connect(mail_server[1], certificate)
    yield mailer
    mailer.close()


def connect(port: int, certificate: Path, password: str = PASSWORD) -> Smtp:
    trust = ssl.create_default_context(cafile=str(certificate))
    return Smtp(
        "127.0.0.1", port, username="console", password=password, trust=trust, timeout=300, reach=Reach.PRACTICE
    )


def test_a_mail_arrives_whole_over_tls(smtp: Smtp, mail_server: tuple[Server, int]) -> None:
    server, _ = mail_server
    message = a_message(reply_to="help@example.com")
    receipt = smtp.send(message)
    (envelope,) = server.accepted
    assert (envelope.mail_from, envelope.rcpt_tos) == ("deepracer@example.com", ["racer1@example.com"])
    assert isinstance(envelope.content, bytes)
    mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert mail["Subject"] == message.subject
    assert mail["Reply-To"] == "help@example.com"
    assert mail["Message-ID"] == receipt.message_id == message_id(message.key, read_mailbox(message.sender))
    text, html = mail.iter_parts()
    assert text.get_content().replace("\r\n", "\n") == message.text
    assert html.get_content().strip() == message.html


def test_the_message_id_depends_on_our_key_alone() -> None:
    first, again, other = (
        message_id(k, Mailbox("Race", "r@example.com")) for k in ("ev#a#t#1", "ev#a#t#1", "ev#a#t#2")
    )
    assert first == again != other
    assert first.endswith("@example.com>")
    assert "#" not in first


def test_one_connection_serves_a_hundred_mails(smtp: Smtp, mail_server: tuple[Server, int]) -> None:
    server, _ = mail_server
    for n in range(205):
        smtp.send(a_message(n))
    assert len(server.accepted) == 205
    assert server.connections == 3


@pytest.mark.parametrize(
    ("step", "reply", "expected", "sentence"),
    [
        ("RCPT", "451 greylisted, come back", Throttled, "try later"),
        ("RCPT", "550 no such user", Refused, "550 no such user"),
        ("DATA", "452 queue full", Throttled, "try later"),
        ("DATA", "554 looks like spam", Refused, "554 looks like spam"),
        ("MAIL", "421 too many connections", Throttled, "try later"),
        ("MAIL", "550 sender not allowed", AccessDenied, "ask its administrator"),
        ("MAIL", "530 sign in first", CredentialsExpired, "smtp_password"),
    ],
)
def test_each_refusal_is_known_for_what_it_is_and_the_next_mail_goes_out(
    smtp: Smtp, mail_server: tuple[Server, int], step: str, reply: str, expected: type[Exception], sentence: str
) -> None:
    server, _ = mail_server
    server.replies[step].append(reply)
    with pytest.raises(expected, match=sentence) as told:
        smtp.send(a_message(1))
    assert told.value.code == reply[:3]  # type: ignore[attr-defined]
    assert server.accepted == []
    smtp.send(a_message(2))
    assert [e.rcpt_tos for e in server.accepted] == [["racer2@example.com"]]


def test_an_answer_lost_after_the_text_left_is_never_mailed_twice(smtp: Smtp, mail_server: tuple[Server, int]) -> None:
    server, _ = mail_server
    server.replies["DATA"].append("lost")
    with pytest.raises(LostAnswer, match="may have been sent"):
        smtp.send(a_message(1))
    assert len(server.accepted) == 1
    smtp.send(a_message(2))
    assert [e.rcpt_tos for e in server.accepted] == [["racer1@example.com"], ["racer2@example.com"]]


def test_a_server_that_closed_an_idle_connection_is_called_again(smtp: Smtp, mail_server: tuple[Server, int]) -> None:
    server, _ = mail_server
    smtp.send(a_message(1))
    assert smtp._server is not None
    assert smtp._server.sock is not None
    smtp._server.sock.shutdown(socket.SHUT_RDWR)
    smtp.send(a_message(2))
    assert [e.rcpt_tos for e in server.accepted] == [["racer1@example.com"], ["racer2@example.com"]]
    assert server.connections == 2


def test_a_wrong_password_pauses_everything(mail_server: tuple[Server, int], certificate: Path) -> None:
    mailer = connect(mail_server[1], certificate, password="wrong")
    with pytest.raises(CredentialsExpired, match="smtp_user and smtp_password"):
        mailer.send(a_message())
    mailer.close()


def test_a_certificate_that_is_not_trusted_is_told_before_the_password_leaves(
    mail_server: tuple[Server, int],
) -> None:
    mailer = Smtp(
        "127.0.0.1",
        mail_server[1],
        username="u",
        password="p",
        trust=ssl.create_default_context(),
        reach=Reach.PRACTICE,
    )
    with pytest.raises(Unreachable, match="certificate is not trusted"):
        mailer.send(a_message())
    mailer.close()


def test_a_server_without_starttls_is_not_talked_to() -> None:
    controller = Controller(Server(), hostname="127.0.0.1", port=free_port())
    controller.start()
    mailer = Smtp("127.0.0.1", controller.port, reach=Reach.PRACTICE)
    with pytest.raises(AccessDenied, match="no STARTTLS"):
        mailer.send(a_message())
    mailer.close()
    controller.stop()


def test_mail_to_another_machine_never_goes_in_the_clear() -> None:
    with pytest.raises(BadSettings, match="STARTTLS"):
        Smtp("mail.example.com", starttls=False)


def test_nobody_listening_is_unreachable() -> None:
    mailer = Smtp("127.0.0.1", free_port(), starttls=False, reach=Reach.PRACTICE)
    with pytest.raises(Unreachable, match="name and port"):
        mailer.send(a_message())


@pytest.mark.parametrize("until", ["MAIL", "RCPT", "DATA", "text"])
def test_a_connection_that_breaks_before_the_end_of_the_text_sent_nothing(until: str) -> None:
    """A server that hangs up at a chosen step; "text": in the middle of a large mail, before the final dot."""
    with breaking_server(until) as (port, finished):
        mailer = Smtp("127.0.0.1", port, starttls=False, timeout=300, reach=Reach.PRACTICE)
        large = "x" * 70 + "\n"
        with pytest.raises(Unreachable, match="before it had the mail"):
            mailer.send(a_message(text=large * 200_000, html=""))
        mailer.close()
        assert finished.is_set() is False


def test_a_subject_with_a_line_break_is_refused_and_adds_no_header(smtp: Smtp, mail_server: tuple[Server, int]) -> None:
    with pytest.raises(Refused, match="line break"):
        smtp.send(a_message(subject="Hello\r\nBcc: everybody@example.com"))
    assert mail_server[0].accepted == []


def test_an_address_with_letters_beyond_ascii_is_sent_where_the_server_takes_it(
    smtp: Smtp, mail_server: tuple[Server, int]
) -> None:
    smtp.send(a_message(to="zoë@example.com"))
    assert mail_server[0].accepted[0].rcpt_tos == ["zoë@example.com"]


def test_an_address_with_letters_beyond_ascii_is_refused_where_it_does_not() -> None:
    controller = Controller(Server(), hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=False)
    controller.start()
    mailer = Smtp("127.0.0.1", controller.port, starttls=False, reach=Reach.PRACTICE)
    with pytest.raises(Refused, match="letters like é"):
        mailer.send(a_message(to="zoë@example.com"))
    mailer.close()
    controller.stop()


def test_a_check_sends_nothing_and_is_green_only_when_the_sender_may_send(
    smtp: Smtp, mail_server: tuple[Server, int]
) -> None:
    server, port = mail_server
    (good,) = smtp.check("DeepRacer <deepracer@example.com>")
    assert (good.level, good.evidence) == ("green", f"127.0.0.1:{port} accepts deepracer@example.com.")
    server.replies["MAIL"].append("550 sender not allowed")
    (bad,) = smtp.check("stranger@example.com")
    assert bad.level == "red"
    assert "550 sender not allowed" in bad.evidence
    assert bad.fix
    assert server.accepted == []


def test_an_smtp_server_keeps_no_lists_and_tells_no_quota() -> None:
    mailer = Smtp("127.0.0.1", 9, starttls=False, per_second=2.5, reach=Reach.PRACTICE)
    limits = mailer.limits()
    assert (limits.per_second, limits.per_day, limits.sandbox) == (2.5, UNLIMITED, False)
    assert (mailer.suppressed(["a@example.com"]), mailer.events()) == ({}, [])


class breaking_server:
    """A line-by-line SMTP server that hangs up at one step; `finished` is set only if it saw the final dot."""

    def __init__(self, until: str) -> None:
        self.until = until
        self.finished = threading.Event()

    def __enter__(self) -> tuple[int, threading.Event]:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        return self.listener.getsockname()[1], self.finished

    def __exit__(self, *_: object) -> None:
        self.listener.close()
        self.thread.join(300)

    def _serve(self) -> None:
        try:
            connection, _ = self.listener.accept()
        except OSError:
            return
        with connection, connection.makefile("rb") as lines:
            reply: Callable[[bytes], object] = connection.sendall
            reply(b"220 ready\r\n")
            for line in lines:
                verb = line[:4].decode().strip().upper()
                if verb == self.until:
                    break
                if verb == "DATA":
                    reply(b"354 go on\r\n")
                    lines.read(10_000)  # some of the text, then nothing more
                    break
                reply(b"250 OK\r\n")
            # unread bytes make the close a reset, as a crashed server's would be
