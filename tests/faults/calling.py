"""Alarms rise and end while the process that tells them is killed: what reached a chat and a mailbox, and how often.

That process is telling.py. The chat is a receiver in the process of the test, mail goes to the practice world; both
outlive every kill.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from deepracer_admin.compose import Console
from deepracer_admin.errors import StoreError
from deepracer_admin.flows.engine.alarms import keep_alarms
from deepracer_admin.mail.ses_tags import key_from_tags
from deepracer_admin.model import Attendee, AuditEntry, Event, Lease, Outcome, Quota, State, Step
from deepracer_admin.records.alarms import ALARMS
from deepracer_admin.records.calls import CALL_LIST, CREDENTIAL_ENDS, POSTS, CallList
from deepracer_admin.records.current_event import CURRENT_EVENT
from deepracer_admin.records.onboarding import TROUBLE
from deepracer_admin.rules.alarms import Alarm, live
from deepracer_admin.rules.calls import CHAT, Post, PostState
from deepracer_admin.worker import WorkerWatch
from tests.faults.telling import WEBHOOK, open_console
from tests.practice import ProcessHandle, start_world_process

ROOT = Path(__file__).resolve().parents[2]
EVENT = "ev-calls"
NAMED = ("olivia@example.com", "floor@example.com")
PEOPLE = [Attendee(f"at-{n}", f"racer{n}@example.org", f"Ada Racer-{n}", f"speedy-{n}") for n in range(60)]
DRILLS = 4  # alarms that rise and end again and again
PATIENCE_S = 300.0


class Chat:
    """Keeps what it was told, and answers as Teams' workflow does. `on_post` is called when a whole message is here and
    nothing was answered yet."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str, float]] = []  # id, body, monotonic second
        self.on_post: Any = lambda: None
        chat = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                body = self.rfile.read(length)
                if len(body) < length:
                    return  # cut off: no message
                chat.got.append((self.headers["x-notice-id"], body.decode(), time.monotonic()))
                chat.on_post()
                try:
                    self.send_response(202)
                    self.send_header("content-length", "0")
                    self.end_headers()
                except OSError:
                    return  # whoever told it is dead

            def log_message(self, format: str, *_: Any) -> None:
                """Silence."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/workflows/1/invoke?sig=secret"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@dataclass
class Told:
    """What came of it. Messages: one for each rise and each end of an alarm, to each of three who are told."""

    kills: int
    rises: int
    messages: int
    arrived_once: int
    arrived_twice: int
    unknown: int  # of which the console says that nobody knows
    unknown_arrived: int
    lost: int  # never arrived
    lost_unsaid: int  # of those the ones that the console does not show as not known
    rises_unheard: int  # rises that reached nobody at all
    slowest_s: float  # from rise to first arrival, of rises
    median_s: float
    slow: tuple[str, ...]  # the five slowest: which alarm, seconds, kills in that time
    named: int  # bodies in which somebody's name, address or racer name stands
    kinds: tuple[str, ...]
    seconds: float

    @property
    def checks(self) -> dict[str, bool]:
        return {
            "nothing_twice": self.arrived_twice == 0,
            "what_is_lost_is_shown": self.lost_unsaid == 0,
            "lost_at_most_once_a_kill": self.lost <= self.kills,
            "every_rise_reached_somebody": self.rises_unheard == 0,
            "nobody_is_named": self.named == 0,
        }


@dataclass
class Drill:
    """The side that outlives the kills: makes alarms rise and end, and notes when."""

    console: Console
    lease: Lease
    chance: random.Random
    up: set[int] = field(default_factory=set)
    rose_at: dict[str, float] = field(default_factory=dict)
    killed_at: list[float] = field(default_factory=list)
    step: int = 0

    def turn(self) -> None:
        """One alarm more or less, and the causes of real ones now and then."""
        self.step += 1
        self.up ^= {self.chance.randrange(DRILLS)}
        self._keep()
        store, now = self.console.store, datetime.now(UTC)
        real = self.step % 8 < 4
        store.keep(EVENT, CREDENTIAL_ENDS, now + timedelta(days=1 if real else 90))
        if self.step == 3:
            refused = [Outcome(person.id, Step.GROUP, State.REFUSED, "no", person.name) for person in PEOPLE]
            store.record(EVENT, refused, lease=None, now=now)
            for _ in range(12):
                store.append_audit(AuditEntry(0, now, EVENT, "o", "Olivia", "", "signin", "console", 1, allowed=False))
            store.update(EVENT, TROUBLE, lambda told: {**told, "drill": f"{PEOPLE[0].name} cannot be written to."})

    def end_all(self) -> None:
        self.up.clear()
        self._keep()

    def _keep(self) -> None:
        found = [
            Alarm(
                f"drill-{n}", f"Drill {n} is on", f"{PEOPLE[n].name} leads." if n == 0 else "It is.", "Look.", "Usage"
            )
            for n in sorted(self.up)
        ]
        kinds = [f"drill-{n}" for n in range(DRILLS)]
        store = self.console.store
        keep_alarms(store, EVENT, kinds, found, now=self.console.clock.event_now(), lease=self.lease)
        for alarm in live(store.rows(EVENT, ALARMS)):
            self.rose_at.setdefault(f"{alarm.name}#{alarm.number}", time.monotonic())


def set_up(home: Path) -> tuple[Console, Lease]:
    console = open_console(home)
    now = console.clock.event_now()
    event = Event(
        id=EVENT,
        name="Calls",
        starts_at=now,
        ends_at=now + timedelta(days=30),
        zone="UTC",
        head_count=len(PEOPLE),
        budget_usd=0,
        quota=Quota(-1, -1),
    )
    console.store.save_event(event)
    console.store.update("", CURRENT_EVENT, lambda _: event.id)
    console.store.save_attendees(EVENT, PEOPLE)
    console.store.update(EVENT, CALL_LIST, lambda _: CallList(NAMED))
    lease = console.store.acquire("drill", "drill", ttl_s=10**6, now=datetime.now(UTC))
    assert lease
    return console, lease


def start_client(home: Path) -> subprocess.Popen[str]:
    client = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.telling", str(home)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert client.stdout is not None
    client.stdout.readline()
    return client


def kill(client: subprocess.Popen[str]) -> None:
    client.kill()  # SIGKILL; terminate on Windows
    client.wait()
    if client.stdout:
        client.stdout.close()


def call_with_kills(home: Path, kills: int, *, seed: int = 1, silent_worker: bool = False) -> Told:
    """Kill the process that tells so often: at a random moment, as the chat gets a message, or just after its answer.

    `silent_worker`: at the end nobody works until the watch of a console has told that.
    """
    chat, chance, began = Chat(), random.Random(seed), time.monotonic()
    os.environ[WEBHOOK] = chat.url
    world = start_world_process(home, "--speed", "1")
    try:
        console, lease = set_up(home)
        drill = Drill(console, lease, chance)
        for number in range(kills):
            before = _epoch(console)
            client, struck = start_client(home), threading.Event()
            _turned(drill)
            if number % 3 == 0:  # at a random moment of its work
                _wait_for(lambda before=before: _has_told(console, before), struck)
                struck.wait(chance.uniform(0.0, 1.5))
            else:
                dies = client.kill if number % 3 == 1 else lambda: None
                chat.on_post = lambda dies=dies, struck=struck: (dies(), struck.set())
                _wait_for(lambda: False, struck)
            chat.on_post = lambda: None
            kill(client)
            drill.killed_at.append(time.monotonic())
        if silent_worker:
            _until_told(console, "Nobody does the event's work", chat)
        client = start_client(home)
        _turned(drill)
        time.sleep(3)
        drill.end_all()
        _until_quiet(console)
        kill(client)
        told = _count(console, chat, world, drill, kills, time.monotonic() - began)
        console.close()
        return told
    finally:
        world.stop()
        chat.close()
        del os.environ[WEBHOOK]


AT_WORK_S = 60.0


def _wait_for(ready: Callable[[], bool], struck: threading.Event) -> None:
    """Until it is so, or the chat had a message; for a minute at most: who tells nothing is killed as well."""
    end = time.monotonic() + AT_WORK_S
    while not ready() and not struck.wait(0.1) and time.monotonic() < end:
        pass


def _epoch(console: Console) -> int:
    """Of the lease of the event's work: it grows with each new holder. 0: nobody ever had it."""
    return max((each.epoch for each in console.store.leases() if each.name == f"worker/{EVENT}"), default=0)


def _has_told(console: Console, before: int) -> bool:
    """Does the process that came after the holder under epoch `before` tell something, or has it told?"""
    rows = console.store.rows(EVENT, POSTS).values()
    return any(row.lease == f"worker/{EVENT}" and row.epoch > before for row in rows)


def _turned(drill: Drill) -> None:
    for _ in range(20):
        try:
            drill.turn()
        except StoreError:  # the client was killed inside a change, and the file is busy for a moment
            time.sleep(0.1)
        else:
            return


def _until_told(console: Console, title: str, chat: Chat) -> None:
    watch = WorkerWatch(console)
    end = time.monotonic() + PATIENCE_S
    while not any(title in body for _, body, _ in chat.got):
        assert time.monotonic() < end, f"{title} was never told"
        watch.look()
        time.sleep(1.0)
    watch.stop()


def _until_quiet(console: Console) -> None:
    """Everything that was planned is settled, and every drill has ended."""
    end = time.monotonic() + PATIENCE_S
    while True:
        rows = list(console.store.rows(EVENT, POSTS).values())
        drills = {post.rise for post in rows if post.alarm.kind.startswith("drill")}
        ended = {post.rise for post in rows if post.is_over}
        if all(post.is_settled for post in rows) and drills <= ended:
            return
        assert time.monotonic() < end, [(post.key, post.state) for post in rows if not post.is_settled]
        time.sleep(0.3)


def _count(console: Console, chat: Chat, world: ProcessHandle, drill: Drill, kills: int, seconds: float) -> Told:
    rows = list(console.store.rows(EVENT, POSTS).values())
    mails = [mail for mail in world.outbox() if mail["to"] in NAMED]
    arrived = Counter(identity for identity, _, _ in chat.got)
    arrived.update(_id_of(mail) for mail in mails)
    bodies = [body for _, body, _ in chat.got] + [f"{mail['subject']} {mail['text']} {mail['html']}" for mail in mails]
    words = [word.lower() for person in PEOPLE for word in (person.name, person.email, person.alias)]
    planned = [post for post in rows if post.state is not PostState.SKIPPED]
    lost = [post for post in planned if not arrived[post.id]]
    unknown = [post for post in planned if post.state is PostState.UNKNOWN]
    waits = sorted(_waits(rows, chat, drill), key=lambda wait: -wait[1]) or [("", 0.0, 0)]
    return Told(
        kills=kills,
        rises=len({post.rise for post in rows}),
        messages=len(planned),
        arrived_once=sum(arrived[post.id] == 1 for post in planned),
        arrived_twice=sum(count > 1 for count in arrived.values()),
        unknown=len(unknown),
        unknown_arrived=sum(arrived[post.id] == 1 for post in unknown),
        lost=len(lost),
        lost_unsaid=sum(post.state is not PostState.UNKNOWN for post in lost),
        rises_unheard=len(_unheard(planned, arrived)),
        slowest_s=round(max(seconds for _, seconds, _ in waits), 1),
        median_s=round(statistics.median(seconds for _, seconds, _ in waits), 1),
        slow=tuple(f"{kind}: {seconds:.1f} s, {killed} kills" for kind, seconds, killed in waits[:5]),
        named=sum(any(word in body.lower() for word in words) for body in bodies),
        kinds=tuple(sorted({post.alarm.kind for post in rows})),
        seconds=round(seconds, 1),
    )


def _id_of(mail: dict[str, Any]) -> str:
    """Of the notice, from the key that travels with the mail."""
    return key_from_tags({name: [str(value)] for name, value in mail["tags"].items()}).split("#")[2]


def _unheard(planned: Sequence[Post], arrived: Counter[str]) -> set[str]:
    heard = {post.rise for post in planned if arrived[post.id]}
    return {post.rise for post in planned} - heard


def _waits(rows: Sequence[Post], chat: Chat, drill: Drill) -> list[tuple[str, float, int]]:
    """Of rises that the drill made: (kind, seconds until the chat had the message, or that of its end where it ended
    before, kills in that time)."""
    at = {identity: moment for identity, _, moment in reversed(chat.got)}
    found: list[tuple[str, float, int]] = []
    for post in rows:
        if post.way != CHAT or post.is_over or post.rise not in drill.rose_at:
            continue
        first = at.get(post.id, at.get(replace(post, is_over=True).id))
        if first is not None:
            rose = drill.rose_at[post.rise]
            found.append((post.alarm.kind, first - rose, sum(rose < killed < first for killed in drill.killed_at)))
    return found
