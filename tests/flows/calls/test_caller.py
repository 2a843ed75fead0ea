"""Telling alarms: what leaves, what a bad answer comes to, and a kill at each line of the way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.errors import (
    AccessDenied,
    ConsoleError,
    LostAnswer,
    NotThere,
    Refused,
    StoreError,
    Throttled,
    Unreachable,
)
from deepracer_admin.flows.calls import caller
from deepracer_admin.flows.calls.caller import Caller
from deepracer_admin.flows.engine.alarms import keep_alarms
from deepracer_admin.model import Attendee, Event, Lease, Message, Receipt
from deepracer_admin.model.notices import Notice
from deepracer_admin.records.calls import CALL_LIST, POSTS, CallList
from deepracer_admin.rules.alarms import RED, Alarm
from deepracer_admin.rules.calls import Post, PostState
from tests.pages.conftest import NOW, StandingClock, clock, console, event, people

__all__ = ["clock", "console", "event", "people"]

ALARM = Alarm("budget", "Half is used", "It is.", "Look.", "Usage", level=RED)
OLIVIA = "olivia@example.com"
LONG_S = 120.0


@dataclass
class Outside:
    """A chat and a sender of mail. `trouble`: what the chat raises next, before ("early") or after it took it."""

    name: str = "Microsoft Teams"
    host: str = "example"
    notices: list[Notice] = field(default_factory=list)
    mails: list[Message] = field(default_factory=list)
    trouble: list[tuple[str, BaseException]] = field(default_factory=list)

    def post(self, notice: Notice, *, before: Callable[[], None]) -> None:
        self._raise("early")
        before()
        self.notices.append(notice)
        self._raise("late")

    def send(self, message: Message) -> Receipt:
        self.mails.append(message)
        return Receipt("m-1")

    def close(self) -> None:
        """Nothing."""

    def _raise(self, when: str) -> None:
        if self.trouble and self.trouble[0][0] == when:
            raise self.trouble.pop(0)[1]


@dataclass
class Ground:
    console: Console
    event: Event
    outside: Outside
    clock: StandingClock
    lease: Lease
    ports: Any

    def alarm(self, *found: Alarm) -> None:
        keep_alarms(self.console.store, self.event.id, ("budget",), found, now=NOW, lease=self.lease)

    def look(self) -> int:
        """A process that begins anew: it remembers nothing."""
        return Caller(self.ports).run(self.event, self.lease)

    def posts(self, way: str = "chat") -> list[Post]:
        return [post for post in self.console.store.rows(self.event.id, POSTS).values() if post.way == way]

    def successor(self) -> None:
        """The holder has died, and another goes on."""
        self.console.store.release(self.lease)
        found = self.console.store.acquire(self.lease.name, "next", ttl_s=10**6, now=self.clock.at)
        assert found
        self.lease = found


@pytest.fixture
def ground(console: Console, event: Event, clock: StandingClock, monkeypatch: pytest.MonkeyPatch) -> Ground:
    monkeypatch.setattr(caller, "PATIENCE_S", LONG_S)  # whoever asks here wants to know what the chat said
    lease = console.store.acquire(f"worker/{event.id}", "test", ttl_s=10**6, now=NOW)
    assert lease
    outside = Outside()
    ports = replace(console.ports_of(event.id), chat=lambda: outside, mailer=lambda: outside)
    console.store.update(event.id, CALL_LIST, lambda _: CallList((OLIVIA,)))
    return Ground(console, event, outside, clock, lease, ports)


def test_each_way_tells_it_once_and_once_more_when_it_is_over(ground: Ground) -> None:
    ground.alarm(ALARM)
    assert [ground.look() for _ in range(3)] == [2, 0, 0]
    [notice], [mail] = ground.outside.notices, ground.outside.mails
    assert notice.title == mail.subject == "[REHEARSAL] Autumn Cup: Half is used"
    assert mail.to == OLIVIA
    assert notice.link in mail.text
    ground.alarm()
    assert [ground.look() for _ in range(3)] == [2, 0, 0]
    assert [each.level for each in ground.outside.notices] == ["red", "green"]
    ground.alarm(ALARM)
    assert [ground.look() for _ in range(2)] == [2, 0]


@pytest.mark.parametrize("early", [Unreachable("No way."), Throttled("Wait.", retry_after=9), AccessDenied("A proxy.")])
def test_what_did_not_arrive_is_tried_again_later_and_told_once(ground: Ground, early: ConsoleError) -> None:
    ground.alarm(ALARM)
    ground.outside.trouble = [("early", early)]
    assert ground.look() == 1, "the mail goes all the same"
    [post] = ground.posts()
    assert (post.state, post.sentence) == (PostState.PENDING, early.sentence)
    assert ground.look() == 0
    ground.clock.at = NOW + timedelta(seconds=10)
    assert ground.look() == 1
    assert len(ground.outside.notices) == len(ground.outside.mails) == 1


@pytest.mark.parametrize(
    ("late", "state"),
    [(LostAnswer("Who knows."), PostState.UNKNOWN), (Refused("No."), PostState.FAILED),
     (NotThere("Gone."), PostState.FAILED), (ValueError("secret"), PostState.UNKNOWN)],
)  # fmt: skip
def test_what_left_and_was_not_answered_well_is_never_repeated(
    ground: Ground, late: BaseException, state: PostState
) -> None:
    ground.alarm(ALARM)
    ground.outside.trouble = [("late", late)]
    ground.look()
    ground.successor()
    ground.clock.at = NOW + timedelta(days=2)
    assert ground.look() == 0
    [post] = ground.posts()
    assert post.state is state
    assert "secret" not in post.sentence
    assert len(ground.outside.notices) == 1


@pytest.mark.parametrize("way", ["chat", "mail"])
@pytest.mark.parametrize("number", [1, 2, 3], ids=["plan", "claim", "settle"])
@pytest.mark.parametrize("kept", [False, True], ids=["before", "after"])
def test_a_kill_at_any_change_of_the_store_tells_nothing_twice(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, way: str, number: int, kept: bool
) -> None:
    """SystemExit stands for a kill: nothing of ours catches it. `kept`: was the change still made?"""
    if way == "chat":
        ground.console.store.update(ground.event.id, CALL_LIST, lambda _: CallList())
    else:
        ground.ports = replace(ground.ports, chat=None)
    ground.alarm(ALARM)
    real, changes = ground.console.store.change_rows, 0

    def dying(*args: Any, **named: Any) -> Any:
        nonlocal changes
        changes += 1
        if changes == number and not kept:
            raise SystemExit
        found = real(*args, **named)
        if changes == number:
            raise SystemExit
        return found

    monkeypatch.setattr(ground.console.store, "change_rows", dying)
    with pytest.raises(SystemExit):
        ground.look()
    monkeypatch.setattr(ground.console.store, "change_rows", real)
    ground.successor()
    for _ in range(3):
        ground.look()
    [post] = ground.posts(way)
    got = len(ground.outside.notices) + len(ground.outside.mails)
    is_lost = number == 2 and kept  # between the claim and the first byte: the one moment of which nobody knows
    assert got == (0 if is_lost else 1)
    not_known = (number, kept) in ((2, True), (3, False))
    assert post.state is (PostState.UNKNOWN if not_known else PostState.SENT)


def test_a_kill_before_it_left_loses_nothing(ground: Ground) -> None:
    ground.alarm(ALARM)
    ground.outside.trouble = [("early", SystemExit())]
    with pytest.raises(SystemExit):
        ground.look()
    ground.successor()
    assert ground.look() == 1, "the mail went before"
    assert [post.state for post in ground.posts()] == [PostState.SENT]


def test_two_at_once_let_one_message_leave(ground: Ground) -> None:
    ground.alarm(ALARM)
    other = Outside()
    real = ground.outside.post

    def slow(notice: Notice, *, before: Callable[[], None]) -> None:
        lease = ground.console.store.acquire("watch/ev-1", "web", ttl_s=60, now=NOW)
        assert lease
        Caller(replace(ground.ports, chat=lambda: other)).run(ground.event, lease)
        real(notice, before=before)

    ground.outside.post = slow  # type: ignore[method-assign]
    ground.look()
    assert (len(ground.outside.notices), len(other.notices), len(ground.outside.mails)) == (0, 1, 1)


def test_a_racers_name_in_it_leaves_nothing_but_the_link(ground: Ground, people: list[Attendee]) -> None:
    ground.alarm(replace(ALARM, sentence="Racer 1 leads."))
    ground.look()
    [notice], [mail] = ground.outside.notices, ground.outside.mails
    for person in people:
        for word in (person.name, person.email, person.alias):
            assert word not in f"{notice} {mail.subject} {mail.text} {mail.html}"


def test_without_anybody_to_tell_nothing_is_kept(ground: Ground) -> None:
    ground.console.store.update(ground.event.id, CALL_LIST, lambda _: CallList())
    ground.ports = replace(ground.ports, chat=None)
    ground.alarm(ALARM)
    assert ground.look() == 0
    assert ground.posts() == ground.posts("mail") == []


def test_without_a_sender_the_mail_waits_and_says_so(ground: Ground) -> None:
    ground.ports.letters.sender = ""
    ground.alarm(ALARM)
    ground.look()
    [post] = ground.posts("mail")
    assert (post.state, post.sentence) == (
        PostState.PENDING,
        "There is no From address; set the sender on the Set up page.",
    )


@dataclass
class Hanging(Outside):
    """A chat that takes a message and answers only when it is let go on."""

    goes_on: threading.Event = field(default_factory=threading.Event)
    has_it: threading.Event = field(default_factory=threading.Event)

    def post(self, notice: Notice, *, before: Callable[[], None]) -> None:
        before()
        self.notices.append(notice)
        self.has_it.set()
        assert self.goes_on.wait(LONG_S)


def test_a_chat_that_hangs_holds_up_no_mail_and_is_told_one_at_a_time(ground: Ground) -> None:
    chat = Hanging()
    ground.ports = replace(ground.ports, chat=lambda: chat)
    told = Caller(ground.ports)
    for number in range(3):
        ground.alarm(*(replace(ALARM, subject=str(n)) for n in range(number + 1)))
        assert told.run(ground.event, ground.lease, patience_s=0.0) == 1
        assert chat.has_it.wait(LONG_S)
        assert (len(ground.outside.mails), len(chat.notices)) == (number + 1, 1)
    assert told.is_telling
    chat.goes_on.set()
    told.look_on(LONG_S)
    assert told.run(ground.event, ground.lease) == 3, "the one that hung, and those that waited for it"
    assert {post.state for post in ground.posts()} == {PostState.SENT}
    assert (len(chat.notices), told.is_telling) == (3, False)
    assert told.run(ground.event, ground.lease) == 0


def test_what_becomes_of_a_message_after_its_pass_is_written_or_said_by_the_next(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, real = Hanging(), ground.console.store.change_rows
    ground.ports = replace(ground.ports, chat=lambda: chat)
    ground.alarm(ALARM)
    told = Caller(ground.ports)
    told.run(ground.event, ground.lease, patience_s=0.0)
    assert chat.has_it.wait(LONG_S)

    def full(*_: Any, **__: Any) -> None:
        raise StoreError("The disk is full.")

    monkeypatch.setattr(ground.console.store, "change_rows", full)
    chat.goes_on.set()
    told.look_on(LONG_S)
    with pytest.raises(StoreError, match="full"):
        told.run(ground.event, ground.lease)
    monkeypatch.setattr(ground.console.store, "change_rows", real)
    told.run(ground.event, ground.lease)
    assert [post.state for post in ground.posts()] == [PostState.SENT]
    assert len(chat.notices) == 1


@pytest.mark.parametrize("way", ["chat", "mail"])
@pytest.mark.parametrize("kept", [False, True], ids=["lost", "kept"])
def test_a_store_that_fails_at_the_claim_leaves_a_message_that_was_not_sent_and_goes_later(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, way: str, kept: bool
) -> None:
    """`kept`: the store took the claim all the same."""
    ground.alarm(ALARM)
    real, failures = ground.console.store.change_rows, 0

    def failing(event: str, table: Any, change: Any, **named: Any) -> Any:
        nonlocal failures
        keys = named.get("keys") or ()
        if failures < 2 and any(f"|{way}|" in key for key in keys):  # the claim, and what became of it
            failures += 1
            if kept and failures == 1:
                real(event, table, change, **named)
            raise StoreError("The disk is full.")
        return real(event, table, change, **named)

    monkeypatch.setattr(ground.console.store, "change_rows", failing)
    told = Caller(ground.ports)
    with pytest.raises(StoreError, match="full"):
        told.run(ground.event, ground.lease)
    assert not (ground.outside.notices if way == "chat" else ground.outside.mails)
    told.run(ground.event, ground.lease)
    [post] = ground.posts(way)
    assert (post.state, post.sentence) == (PostState.PENDING, "The disk is full.")
    ground.clock.at = NOW + timedelta(seconds=10)
    told.run(ground.event, ground.lease)
    assert [each.state for each in (*ground.posts("chat"), *ground.posts("mail"))] == [PostState.SENT] * 2
    assert len(ground.outside.notices) == len(ground.outside.mails) == 1


@pytest.mark.parametrize("error", [StoreError("The list cannot be read."), ValueError("secret")])
def test_whatever_fails_before_the_claim_was_not_sent(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    ground.alarm(ALARM)
    real = ground.console.store.attendees

    def failing(*_: Any) -> None:
        raise error

    monkeypatch.setattr(ground.console.store, "attendees", failing)
    assert ground.look() == 0
    assert {post.state for way in ("chat", "mail") for post in ground.posts(way)} == {PostState.PENDING}
    monkeypatch.setattr(ground.console.store, "attendees", real)
    ground.clock.at = NOW + timedelta(seconds=10)
    assert ground.look() == 2


def test_an_alarm_that_came_and_went_between_two_processes_is_told_as_over_once(ground: Ground) -> None:
    ground.look()
    ground.alarm(ALARM)
    store = ground.console.store
    keep_alarms(store, ground.event.id, ("budget",), [], now=NOW + timedelta(seconds=5), lease=ground.lease)
    ground.successor()
    assert [ground.look() for _ in range(3)] == [2, 0, 0]
    assert [notice.level for notice in ground.outside.notices] == ["green"]
