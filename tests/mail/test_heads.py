"""Who a mail is from and to, over real HTTP to the practice SES and over SMTP: any name, and nothing smuggled in."""

from __future__ import annotations

import email
import email.policy
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.header import decode_header, make_header

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP, Envelope, Session

from deepracer_admin.edge.reach import Reach
from deepracer_admin.errors import AccessDenied, BadInput, Refused
from deepracer_admin.mail import Mailer
from deepracer_admin.mail.ses import Ses
from deepracer_admin.mail.smtp import Smtp
from deepracer_admin.model import read_mailbox
from tests.mail.conftest import a_message
from tests.mail.test_ses_practice import access
from tests.practice import WorldHandle

NAMES = [
    "DeepRacer Torino",
    "Café Racer",
    "DeepRacer, Torino",
    "Società Gruppo, S.p.A. — Torino",
    'Team "Rosso"',
    'Gara "È", Torino',
    "🏁 Race Day 👩🏽‍💻",
    "日本支社の皆さまへ、" * 9,
    "Dr. Race (IT) [AWS]; x@y",
    "back\\slash",
    "a=?utf-8?q?b",
    "O'Neil & Sons",
]
INJECTED = ["\r\nBcc: everybody@example.com", "\nX-Evil: 1", "\r", "\x00", "\u2028", "\x0b"]


@pytest.fixture
def ses(practice: WorldHandle) -> Iterator[Ses]:
    mailer = Ses(access(practice))
    yield mailer
    mailer.close()


class Kept(Sink):
    def __init__(self) -> None:
        super().__init__()
        self.accepted: list[Envelope] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.accepted.append(envelope)
        return "250 OK"


@contextmanager
def smtp_server(*, utf8: bool = False) -> Iterator[tuple[Smtp, Kept]]:
    kept = Kept()
    controller = Controller(kept, hostname="127.0.0.1", port=0, enable_SMTPUTF8=utf8)
    controller.port = _free_port()
    controller.start()
    mailer = Smtp("127.0.0.1", controller.port, starttls=False, reach=Reach.PRACTICE)
    yield mailer, kept
    mailer.close()
    controller.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def read(kept: Kept) -> email.message.Message:
    (envelope,) = kept.accepted
    assert isinstance(envelope.content, bytes)
    assert max(map(len, envelope.content.split(b"\r\n"))) < 200
    return email.message_from_bytes(envelope.content, policy=email.policy.compat32)


def name_in(header: str) -> str:
    """As a reader's program shows it."""
    raw = " ".join(header.split()).rpartition(" <")[0]
    quoted = raw.startswith('"')
    return raw[1:-1].replace('\\"', '"').replace("\\\\", "\\") if quoted else str(make_header(decode_header(raw)))


@pytest.mark.parametrize("name", NAMES)
def test_any_name_of_a_sender_arrives_as_it_was_written_by_ses(ses: Ses, practice: WorldHandle, name: str) -> None:
    ses.send(a_message(sender=f"{name} <deepracer@example.com>", reply_to=f"{name} <help@example.com>"))
    (mail,) = practice.outbox()
    assert mail["from_shown"] == f"{name} <deepracer@example.com>"


@pytest.mark.parametrize("name", NAMES)
def test_any_name_of_a_sender_arrives_as_it_was_written_by_smtp(name: str) -> None:
    with smtp_server() as (smtp, kept):
        smtp.send(a_message(sender=f"{name} <deepracer@example.com>", reply_to=f"{name} <help@example.com>"))
    mail = read(kept)
    assert kept.accepted[0].mail_from == "deepracer@example.com"
    assert (name_in(mail["From"]), name_in(mail["Reply-To"])) == (name, name)
    assert " ".join(mail["From"].split()).endswith(" <deepracer@example.com>")
    assert mail["To"] == "racer1@example.com"


def test_what_somebody_quoted_or_encoded_already_is_understood() -> None:
    for text in ('"Café, Torino" <r@example.com>', "=?utf-8?q?Caf=C3=A9=2C?= Torino <r@example.com>"):
        assert read_mailbox(text).name == "Café, Torino"


def test_domains_travel_in_punycode_to_ses(ses: Ses, practice: WorldHandle) -> None:
    ses.send(a_message(to="ada@bücher.example"))
    assert [mail["to"] for mail in practice.outbox()] == ["ada@xn--bcher-kva.example"]
    with pytest.raises(AccessDenied, match="verify the sender"):  # it was read, and is none of the account's
        ses.send(a_message(sender="Gara <gara@città.example>"))


def test_domains_travel_in_punycode_by_smtp() -> None:
    with smtp_server() as (smtp, kept):
        smtp.send(a_message(to="ada@bücher.example", sender="Gara <gara@città.example>"))
    (envelope,) = kept.accepted
    assert (envelope.mail_from, envelope.rcpt_tos) == ("gara@xn--citt-3na.example", ["ada@xn--bcher-kva.example"])
    assert read(kept)["Message-ID"].endswith("@xn--citt-3na.example>")


def test_ses_is_not_asked_for_what_it_cannot_do(ses: Ses, practice: WorldHandle) -> None:
    with pytest.raises(Refused, match=r"letters like é.*another address"):
        ses.send(a_message(to="zoë@example.com"))
    with pytest.raises(AccessDenied, match=r"letters like é.*Sender of our mail"):
        ses.send(a_message(sender="società@example.com"))
    assert "ses.SendEmail" not in practice.counters()["by_operation"]


@pytest.mark.parametrize("injected", INJECTED)
@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (lambda bad: {"sender": f"Race{bad}Day <deepracer@example.com>"}, AccessDenied),
        (lambda bad: {"sender": f"deepracer@example.com{bad}x"}, AccessDenied),
        (lambda bad: {"reply_to": f"Help{bad}Desk <help@example.com>"}, AccessDenied),
        (lambda bad: {"to": f"ada{bad}@example.com"}, Refused),
        (lambda bad: {"subject": f"Hello{bad}there"}, Refused),
    ],
)
def test_nothing_is_smuggled_into_the_head_of_a_mail(
    ses: Ses, practice: WorldHandle, place: Callable[[str], dict[str, str]], expected: type[Exception], injected: str
) -> None:
    message = a_message(**place(injected))
    with smtp_server(utf8=True) as (smtp, kept):
        mailers: list[Mailer] = [ses, smtp]
        for mailer in mailers:
            with pytest.raises(expected):
                mailer.send(message)
    assert kept.accepted == []
    assert practice.outbox() == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Race Day", "no e-mail address"),
        ("a@example.com, b@example.com", "no e-mail address"),
        ("Race <a@example.com", "< or >"),
        ("Race a@example.com", "no e-mail address"),
        ("Race <a@localhost>", "no e-mail address"),
        ("Race <@example.com>", "no e-mail address"),
        ("x" * 101 + " <a@example.com>", "shorten"),
        ("\u202emoc.elpmaxe@a <a@example.com>", "nobody sees"),
        ("Race\r\nBcc: b@example.com <a@example.com>", "line break"),
    ],
)
def test_what_is_no_mailbox_is_told_why(text: str, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        read_mailbox(text)


def test_the_check_names_a_sender_that_cannot_be_used(ses: Ses) -> None:
    for sender in ("Race Day", "società@example.com"):
        found = {finding.key: finding for finding in ses.check(sender)}
        assert found["mail.identity"].level == "red"
        assert found["mail.identity"].fix
    assert {finding.level for finding in ses.check("Gara, Torino <deepracer@example.com>")} <= {"green", "amber"}
    with smtp_server() as (smtp, _):
        assert [finding.level for finding in smtp.check("Race Day")] == ["red"]
        assert [finding.level for finding in smtp.check("Gara, Torino <deepracer@example.com>")] == ["green"]
