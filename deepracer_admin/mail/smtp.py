"""The company's own SMTP server behind the Mailer port (identity-and-mail.md 4.3).

One connection with STARTTLS, renewed every hundred mails. The dialogue is spoken step by step, because what a broken
connection means depends on the step: until the end of the text has left, the server has no mail; after it, who knows.
"""

from __future__ import annotations

import hashlib
import logging
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

import truststore

from deepracer_admin.clock import Clock, SystemClock
from deepracer_admin.edge.bounded_smtp import BoundedSmtp
from deepracer_admin.edge.reach import MAIL_SERVER, Reach
from deepracer_admin.errors import (
    AccessDenied,
    BadInput,
    BadSettings,
    CredentialsExpired,
    LostAnswer,
    Refused,
    ServiceError,
    Throttled,
    Unreachable,
)
from deepracer_admin.mail.envelope import Envelope, envelope_of
from deepracer_admin.model import (
    UNLIMITED,
    DeliveryEvent,
    Finding,
    Mailbox,
    Message,
    Receipt,
    SenderLimits,
    read_mailbox,
)

__all__ = ["Smtp", "message_id"]

log = logging.getLogger(__name__)

SERVICE = "smtp"
RECONNECT_AFTER = 100  # mails over one connection
PAUSE_S = 60.0  # after a 4xx: grey-listing and full queues pass in minutes


class Smtp:
    """Sends through one server. `per_second` is the company's own pace, since SMTP tells none.

    Passwords and addresses never cross the network in the clear, so `starttls` may be off within a rehearsal only,
    which stays on this machine. `trust` replaces the system's certificate store in tests. Raises BadSettings.
    """

    kind = "smtp"
    in_flight = 1

    def __init__(
        self,
        host: str,
        port: int = 587,
        *,
        username: str = "",
        password: str = "",
        starttls: bool = True,
        per_second: float = 5.0,
        timeout: float = 30.0,
        trust: ssl.SSLContext | None = None,
        reach: Reach = Reach.LIVE,
        clock: Clock | None = None,
    ) -> None:
        reach.admit_host(host, MAIL_SERVER)
        if not starttls and reach is not Reach.PRACTICE:
            raise BadSettings("Mail to another machine needs STARTTLS: leave it on, or use a server on this machine.")
        self._host, self._port, self._timeout = host, port, timeout
        self._username, self._password = username, password
        self._starttls = starttls
        self._trust = trust
        self._per_second = per_second
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._server: smtplib.SMTP | None = None
        self._sent = 0

    def send(self, message: Message) -> Receipt:
        with self._lock:
            server = self._ready()
            envelope = envelope_of(message, SERVICE)
            wire = self._written(message, envelope, server)
            reused = self._sent > 0
            try:
                try:
                    self._address(server, envelope)
                except _Gone:
                    if not reused:
                        raise
                    server = self._connect()  # the server closed an idle connection; nothing was handed over yet
                    self._address(server, envelope)
                self._hand_over(server, wire)
            except _Gone as gone:
                self._drop()
                raise Unreachable(_GONE, service=SERVICE, operation="send", code=str(gone)) from None
            except ServiceError:
                self._reset()
                raise
            self._sent += 1
        return Receipt(message_id(message.key, envelope.sender))

    def limits(self) -> SenderLimits:
        return SenderLimits(self._per_second, UNLIMITED, 0, sandbox=False, as_of=self._clock.now())

    def suppressed(self, addresses: Sequence[str]) -> dict[str, str]:
        """An SMTP server keeps no list of addresses that it holds back."""
        return {}

    def events(self) -> Sequence[DeliveryEvent]:
        return []

    def settle_events(self) -> None:
        return None

    def check(self, sender: str, *, need: int = 0) -> Sequence[Finding]:
        """Connect, sign in and offer `sender`, without sending anything."""
        title, place = "The mail server takes our mail", f"{self._host}:{self._port}"
        as_of = self._clock.now()
        with self._lock:
            try:
                address = read_mailbox(sender).address
                server = self._ready()
                self._expect(lambda: server.mail(address, _options(address)), "MAIL")
            except BadInput as wrong:
                evidence = f"The sender cannot be used: {wrong.sentence}"
                return [Finding("mail.smtp", title, "red", evidence, "Correct it on the Set up page.", as_of)]
            except ServiceError as error:
                self._drop()
                return [Finding("mail.smtp", title, "red", f"{place}: {error.sentence}", _FIX, as_of)]
            except _Gone as gone:
                self._drop()
                return [Finding("mail.smtp", title, "red", f"{place} closed the connection ({gone}).", _FIX, as_of)]
            self._reset()
        return [Finding("mail.smtp", title, "green", f"{place} accepts {address}.", as_of=as_of)]

    def dkim_records(self, sender: str) -> dict[str, str]:
        """SMTP tells nothing about signing: the mail server's owner knows."""
        return {}

    def close(self) -> None:
        with self._lock:
            self._drop()

    # ----------------------------------------------------------------------------------------------- the dialogue

    def _address(self, server: smtplib.SMTP, envelope: Envelope) -> None:
        """MAIL, RCPT, DATA: up to here the server holds nothing."""
        sender = envelope.sender.address
        self._expect(lambda: server.mail(sender, _options(sender + envelope.to)), "MAIL")
        self._expect(lambda: server.rcpt(envelope.to), "RCPT")
        self._expect(lambda: server.docmd("DATA"), "DATA", wanted=354)

    def _hand_over(self, server: smtplib.SMTP, wire: bytes) -> None:
        try:
            server.send(wire)  # without the final dot: a server that loses us here has to forget it (RFC 5321 4.1.1.4)
        except (OSError, smtplib.SMTPException) as broken:
            raise _Gone(type(broken).__name__) from None
        try:
            server.send(b".\r\n")
            code, text = server.getreply()
        except (OSError, smtplib.SMTPException) as broken:
            self._drop()
            raise LostAnswer(
                "The mail server's answer was lost: the mail may have been sent.",
                service=SERVICE,
                operation="send",
                code=type(broken).__name__,
            ) from None
        if not 200 <= code < 600:  # no SMTP: somebody in between, and the text had left
            self._drop()
            raise LostAnswer(
                "The mail server's answer made no sense: the mail may have been sent.",
                service=SERVICE,
                operation="send",
                code=str(code),
            )
        if code // 100 != 2:
            raise _refusal(code, text, "END")

    def _expect(self, command: Callable[[], tuple[int, bytes]], step: str, wanted: int = 250) -> None:
        """Run one command. Raises `_Gone` when the connection broke, else the error that the reply means."""
        try:
            code, text = command()
        except (OSError, smtplib.SMTPException) as broken:
            raise _Gone(type(broken).__name__) from None
        if code != wanted and not (wanted == 250 and code // 100 == 2):
            raise _refusal(code, text, step)

    def _written(self, message: Message, envelope: Envelope, server: smtplib.SMTP) -> bytes:
        """The mail as it crosses the wire. Who it is from and to is written here: of a long name with commas, some
        versions of Python's own header folding make several mailboxes (CPython issue 100884).
        """
        if not envelope.is_ascii and not server.has_extn("smtputf8"):
            raise Refused("This mail server takes no addresses with letters like é or ü.", service=SERVICE)
        mail = EmailMessage(policy=SMTP if envelope.is_ascii else SMTPUTF8)
        try:
            mail["Subject"] = message.subject
            mail["Message-ID"] = message_id(message.key, envelope.sender)
            mail["Date"] = format_datetime(self._clock.now())
            mail.set_content(message.text)
            if message.html:
                mail.add_alternative(message.html, subtype="html")
            plain = mail.as_bytes()
        except (ValueError, LookupError):
            raise Refused(
                "This mail's address or subject cannot be written in a mail; correct it.", service=SERVICE
            ) from None
        head = [_header("From", envelope.sender), f"To: {envelope.to}\r\n"]
        head += [_header("Reply-To", envelope.reply_to)] if envelope.reply_to else []
        return _dotted("".join(head).encode() + plain)

    # --------------------------------------------------------------------------------------------- the connection

    def _ready(self) -> smtplib.SMTP:
        if self._server is None or self._sent >= RECONNECT_AFTER:
            return self._connect()
        return self._server

    def _connect(self) -> smtplib.SMTP:
        self._drop()
        where = {"service": SERVICE, "operation": "connect"}
        try:
            server = BoundedSmtp(self._host, self._port, timeout=self._timeout)
        except smtplib.SMTPConnectError as refused:
            raise _refusal(refused.smtp_code, refused.smtp_error, "CONNECT") from None
        except (OSError, smtplib.SMTPException) as broken:
            raise Unreachable(_NO_SERVER, code=type(broken).__name__, **where) from None
        self._server, self._sent = server, 0
        try:
            if server.sock is not None:  # the final dot is a small write of its own and must not wait for an ACK
                server.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server.ehlo_or_helo_if_needed()
            if self._starttls:
                server.starttls(context=self._trust or truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
            if self._username:
                server.login(self._username, self._password)
        except smtplib.SMTPAuthenticationError as refused:
            self._drop()
            if refused.smtp_code < 500:
                raise _refusal(refused.smtp_code, refused.smtp_error, "CONNECT") from None
            raise CredentialsExpired(_PASSWORD, code=str(refused.smtp_code), **where) from None
        except smtplib.SMTPNotSupportedError:
            self._drop()
            raise AccessDenied(_NO_TLS, **where) from None
        except smtplib.SMTPResponseException as refused:
            self._drop()
            raise _refusal(refused.smtp_code, refused.smtp_error, "CONNECT") from None
        except (OSError, smtplib.SMTPException) as broken:
            self._drop()
            untrusted = isinstance(broken, ssl.SSLCertVerificationError)
            raise Unreachable(_UNTRUSTED if untrusted else _NO_SERVER, code=type(broken).__name__, **where) from None
        return server

    def _reset(self) -> None:
        """Forget a half-told mail; a connection that cannot even do that is dropped."""
        if self._server is None:
            return
        try:
            self._server.rset()
        except (OSError, smtplib.SMTPException):
            self._drop()

    def _drop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()


class _Gone(Exception):
    """The connection broke before the server had the mail."""


def message_id(key: str, sender: Mailbox) -> str:
    """The Message-ID of our key: always the same, so that receivers can collapse a repeat."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{sender.domain}>"


def _options(addresses: str) -> list[str]:
    return [] if addresses.isascii() else ["SMTPUTF8"]


def _header(name: str, mailbox: Mailbox) -> str:
    """One header line, folded between encoded words (RFC 2047 2: no line of more than 76 characters)."""
    return f"{name}: {mailbox.written()}\r\n".replace("?= ", "?=\r\n ")


def _dotted(plain: bytes) -> bytes:
    """The text with doubled leading dots and a line end, ready for the final dot (RFC 5321 4.5.2)."""
    lines = plain.replace(b"\r\n.", b"\r\n..")
    lines = b"." + lines if lines.startswith(b".") else lines
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"


def _refusal(code: int, text: bytes | str, step: str) -> ServiceError:
    """What a reply of 4xx or 5xx means at this step. A refused sender or sign-in concerns every mail, not this one."""
    said = (text.decode("utf-8", "replace") if isinstance(text, bytes) else text).replace("\n", " ")[:160]
    where = {"service": SERVICE, "operation": step.lower(), "code": str(code)}
    if not 200 <= code < 600:
        return Unreachable(_NO_SMTP, **where)
    if 400 <= code < 500:
        return Throttled("The mail server asks to try later; we go on by ourselves.", retry_after=PAUSE_S, **where)
    if code in (530, 534, 535, 538):
        return CredentialsExpired(_PASSWORD, **where)
    if step in ("CONNECT", "MAIL"):
        return AccessDenied(f"The mail server does not let us send ({code} {said}): ask its administrator.", **where)
    return Refused(f"The mail server refused this mail ({code} {said}).", **where)


_GONE = "The mail server closed the connection before it had the mail; we try again."
_NO_SERVER = "The mail server cannot be reached; check its name and port in the settings."
_NO_SMTP = (
    "Something in this network that is no mail server answers in its place; check the server's name and port, or ask "
    "IT to let this computer call it."
)
_UNTRUSTED = "The mail server's certificate is not trusted here: ask IT for its right name or certificate."
_NO_TLS = (
    "The mail server offers no STARTTLS or no sign-in on this port: ask its administrator, usually it is port 587."
)
_PASSWORD = "The mail server refused our user name and password: renew smtp_user and smtp_password in the settings."  # noqa: S105
_FIX = "Correct smtp_host, smtp_port, smtp_user and smtp_password, or ask the mail administrator to allow this sender."
