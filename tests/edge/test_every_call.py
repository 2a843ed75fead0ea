"""Every call of every port, at every adapter, over real HTTP, while somebody else answers in the service's place.

Each ends in one of our errors with a sentence, or in outcomes that are tried again: no incident, nothing final, nothing
"done". A method that is added to a port has to be added here.
"""

from __future__ import annotations

import inspect
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from deepracer_admin.clock import SystemClock
from deepracer_admin.directory import Directory
from deepracer_admin.directory.cognito import CognitoPool
from deepracer_admin.directory.pool import UserPool
from deepracer_admin.directory.proof import AccessProof
from deepracer_admin.edge.reach import Reach
from deepracer_admin.errors import AccessDenied, ConsoleError, LostAnswer, Unreachable, Unsupported
from deepracer_admin.mail import Mailer
from deepracer_admin.mail.ses import Ses
from deepracer_admin.mail.smtp import Smtp
from deepracer_admin.model import Finding, Outcome, Quota, State
from deepracer_admin.racing import RacingService
from tests.edge.test_odd_answers import (
    ADA,
    ANSWERS,
    GUID,
    access,
    center,
    complaint,
    draft,
    graph,
    managed,
    message,
    small_bounds,
    tried,
    wall,
)
from tests.racing.scripted import Reply, adapter, scripted

__all__ = ["small_bounds", "wall"]

NOW = SystemClock().now()
PROFILE, RACE = "A" * 15, "R" * 15
RACING: dict[str, Callable[[Any], Any]] = {
    "account": lambda service: service.account(),
    "connect": lambda service: service.connect(),
    "set_multi_user_mode": lambda service: service.set_multi_user_mode(True),
    "new_profile_quota": lambda service: service.new_profile_quota(),
    "set_new_profile_quota": lambda service: service.set_new_profile_quota(Quota(60, 1)),
    "set_account_limits": lambda service: service.set_account_limits(Quota(60, 1)),
    "profiles": lambda service: list(service.profiles()),
    "invite": lambda service: list(service.invite([ADA], token="t")),
    "invite_progress": lambda service: list(service.invite_progress("job", [ADA]).outcomes),
    "resend_invite": lambda service: service.resend_invite(PROFILE),
    "set_alias": lambda service: service.set_alias(PROFILE, "Ada-B"),
    "set_quotas": lambda service: list(service.set_quotas([(PROFILE, Quota(60, 1))])),
    "set_profile": lambda service: service.set_profile(PROFILE, alias="Ada-B", quota=Quota(60, 1)),
    "self_sign_up": lambda service: service.self_sign_up(),
    "set_role": lambda service: service.set_role(PROFILE, "dr-racers"),
    "sponsor": lambda service: list(service.sponsor([PROFILE], active=False)),
    "remove": lambda service: list(service.remove([PROFILE])),
    "models": lambda service: list(service.models([PROFILE])),
    "delete_models": lambda service: list(service.delete_models([PROFILE])),
    "stop_training": lambda service: service.stop_training("M" * 15),
    "tracks": lambda service: service.tracks(),
    "races": lambda service: service.races(),
    "create_race": lambda service: service.create_race(a_race()),
    "edit_race": lambda service: service.edit_race(RACE, a_race()),
    "close_race": lambda service: service.close_race(RACE),
    "delete_race": lambda service: service.delete_race(RACE),
    "share_link": lambda service: service.share_link(RACE, reset=True),
    "participants": lambda service: service.participants(RACE),
    "add_participants": lambda service: service.add_participants(RACE, [PROFILE]),
    "remove_participant": lambda service: service.remove_participant(RACE, PROFILE),
    "standings": lambda service: list(service.standings(RACE)),
}
DIRECTORY: dict[str, Callable[[Any], Any]] = {
    "resolve": lambda entra: entra.resolve(["ada@example.com"]),
    "group": lambda entra: entra.group(GUID(1)),
    "members": lambda entra: entra.members(GUID(1)),
    "add": lambda entra: list(entra.add(GUID(1), [GUID(2)])),
    "remove": lambda entra: list(entra.remove(GUID(1), [GUID(2)])),
    "invite": lambda entra: [each.outcome for each in entra.invite([ADA], redirect_url="https://x.example")],
}
POOL: dict[str, Callable[[Any], Any]] = {
    "users": lambda pool: list(pool.users()),
    "find": lambda pool: pool.find("ada@example.com"),
    "account": lambda pool: pool.account(PROFILE),
    "groups": lambda pool: pool.groups(PROFILE),
    "staff": lambda pool: list(pool.staff()),
    "create": lambda pool: pool.create(ADA),
    "fresh_password": lambda pool: pool.fresh_password(PROFILE),
    "disable": lambda pool: pool.disable(PROFILE),
    "enable": lambda pool: pool.enable(PROFILE),
    "delete": lambda pool: pool.delete(PROFILE),
}
PROOF: dict[str, Callable[[Any], Any]] = {
    "assignment": lambda proof: proof.assignment(),
    "permission_set": lambda proof: proof.permission_set(),
    "arrived": lambda proof: proof.arrived(["ada@example.com"]),
}
MAILER: dict[str, Callable[[Any], Any]] = {
    "limits": lambda mailer: mailer.limits(),
    "send": lambda mailer: mailer.send(message()),
    "suppressed": lambda mailer: mailer.suppressed(["ada@example.com"]),
    "events": lambda mailer: mailer.events(),
    "dkim_records": lambda mailer: mailer.dkim_records("deepracer@example.com"),
    "settle_events": lambda mailer: mailer.settle_events(),
    "check": lambda mailer: mailer.check("DeepRacer <deepracer@example.com>"),
}
ASKS_NOBODY = {"capabilities", "close", "address_refusal", "chunk_invites"}
PORTS: list[tuple[type, dict[str, Callable[[Any], Any]]]] = [
    (RacingService, RACING),
    (Directory, DIRECTORY),
    (UserPool, POOL),
    (AccessProof, PROOF),
    (Mailer, MAILER),
]
ADAPTERS: dict[str, tuple[dict[str, Callable[[Any], Any]], Callable[[str], Any]]] = {
    "Graph": (DIRECTORY, graph),
    "Managed": (RACING, managed),
    "User pool": (POOL, lambda url: CognitoPool(access(url), "pool")),
    "Identity Center": (PROOF, center),
    "SES": (MAILER, lambda url: Ses(access(url), configuration_set="set", events_queue_url=f"{url}/1/q")),
}
PLAIN = {"nothing at all", "no content", "an empty object", "another object"}
"""What many writes answer with, so that it means "done"."""
MAY_SAY_NOTHING: dict[str, set[str]] = {
    "Graph": set(),
    "Managed": {*RACING} - {"account", "connect", "profiles", "create_race"},
    "User pool": {"disable", "enable", "delete", "fresh_password"},
    "Identity Center": set(),
    "SES": {"events", "settle_events"},  # SQS leaves an empty list out
    "DeepRacer on AWS": {*RACING}
    - {"profiles", "models", "races", "standings", "create_race", "edit_race", "close_race"},
}
"""For which calls such an answer is not judged: only that nothing breaks over it."""


def a_race() -> Any:
    return replace(draft(), opens_at=NOW + timedelta(hours=1), closes_at=NOW + timedelta(hours=2))


@pytest.mark.parametrize(("port", "calls"), PORTS, ids=lambda each: getattr(each, "__name__", ""))
def test_every_method_of_every_port_is_called_here(port: type, calls: dict[str, Any]) -> None:
    methods = {name for name, member in inspect.getmembers(port) if inspect.isfunction(member) and name[0] != "_"}
    left = {"limits"} - {*calls}  # without a request, but for the mailers
    assert methods - ASKS_NOBODY - left == {*calls}


def judge(call: Callable[[Any], Any], service: Any, answer: str, hits: Callable[[], int], *, plain: bool) -> str:
    """What is wrong; "" when all is well. An error of a library goes through, for it would be an incident. `plain`: an
    answer that says nothing may mean "done"."""
    before = hits()
    found, error = tried(call, service)
    if (plain and answer in PLAIN) or (isinstance(error, Unsupported) and hits() == before):
        return ""  # or this service cannot do that, and was not asked
    if error is not None:
        return complaint(error, between=ANSWERS[answer].between)
    if hits() == before:
        return ""  # nobody was asked
    rows = list(found) if isinstance(found, list) else [found]
    settled = [
        each
        for each in rows
        if not (isinstance(each, Outcome) and each.state in (State.RETRY, State.UNKNOWN))
        and not (isinstance(each, Finding) and each.level != "green")
    ]
    return f"{found!r} was made of it" if settled or not rows else ""


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("name", ADAPTERS)
def test_who_answers_in_a_services_place_settles_nothing(wall: Any, name: str, answer: str) -> None:
    calls, make = ADAPTERS[name]
    url = wall(ANSWERS[answer])
    service = make(url)
    wrong = {
        method: judge(call, service, answer, lambda: wall.hits[0], plain=method in MAY_SAY_NOTHING[name])
        for method, call in calls.items()
    }
    assert {method: told for method, told in wrong.items() if told} == {}
    assert wall.trickle.have_hung_up() or not ANSWERS[answer].trickles


@pytest.mark.parametrize("answer", ANSWERS)
def test_nor_in_the_place_of_deepracer_on_aws(answer: str) -> None:
    odd = ANSWERS[answer]
    with scripted() as deployment, adapter(deployment) as service:
        assert service.capabilities.bulk_invite  # signed in, and the version is known
        deployment.wall = Reply(
            odd.status, odd.body, {"content-type": odd.kind, **dict(odd.headers)}, trickles=odd.trickles
        )
        plain, hits = MAY_SAY_NOTHING["DeepRacer on AWS"], lambda: len(deployment.seen)
        wrong = {method: judge(call, service, answer, hits, plain=method in plain) for method, call in RACING.items()}
        assert deployment.trickle.have_hung_up() or not odd.trickles
    assert {method: told for method, told in wrong.items() if told} == {}


@pytest.mark.parametrize("answer", [name for name, odd in ANSWERS.items() if not odd.cut_off])
def test_nor_in_the_place_of_its_site(answer: str) -> None:
    odd = ANSWERS[answer]
    with scripted() as deployment, adapter(deployment) as service:
        deployment.env = Reply(
            odd.status, odd.body, {"content-type": odd.kind, **dict(odd.headers)}, trickles=odd.trickles
        )
        _, error = tried(lambda each: each.connect(), service)
        assert isinstance(error, ConsoleError), "it was taken for a site"
        assert error.sentence.endswith(".")
        assert "secret" not in error.sentence
        assert "<" not in error.sentence


# ------------------------------------------------------------------------------------------------------------- SMTP

BANNERS = {
    "a web server": b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/html\r\n\r\n<html>secret</html>",
    "a proxy that wants a sign-in": b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
    "a page": b"<!DOCTYPE html><html>secret</html>\r\n",
    "noise": bytes(range(128, 256)) + b"\r\n",
    "noise without an end": b"\x00" * 70_000,
    "another service": b"* OK IMAP4rev1 ready\r\n",
    "a status that is none": b"999 hello\r\n",
    "no word": b"",
    "a firewall": b"554 5.7.1 proxy policy forbids this\r\n",
    "a busy one": b"421 try later\r\n",
}


@contextmanager
def banner(words: bytes, after: bytes = b"") -> Iterator[int]:
    """A server that says `words` to whoever connects, and `after` to whatever it is told then."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                try:
                    connection.sendall(words)
                    while after and connection.recv(4096):
                        connection.sendall(after)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join(300)


@pytest.mark.parametrize("words", BANNERS)
@pytest.mark.parametrize("later", [False, True])
def test_nor_in_the_place_of_a_mail_server(words: str, later: bool) -> None:
    first, after = (b"220 mail.example\r\n", BANNERS[words]) if later else (BANNERS[words], b"")
    with banner(first, after) as port:
        mailer = Smtp("127.0.0.1", port, starttls=False, timeout=300, reach=Reach.PRACTICE)
        _, error = tried(lambda each: each.send(message()), mailer)
        findings = mailer.check("DeepRacer <deepracer@example.com>")
        mailer.close()
    assert error is not None
    assert complaint(error, between=False) == ""
    assert not isinstance(error, LostAnswer), "no mail had left"
    assert [finding.level for finding in findings] == ["red"]
    if words in ("a web server", "a proxy that wants a sign-in", "a page", "another service", "a status that is none"):
        assert isinstance(error, Unreachable | AccessDenied)
        assert "network" in error.sentence
