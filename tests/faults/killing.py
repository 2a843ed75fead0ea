"""Runs the client against faulty services, kills it at given moments, and says what came of it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepracer_admin.compose import Console
from deepracer_admin.model import Sending
from tests.faults.client import EVENT, PATIENCE_S, SECOND, is_through, open_console, set_up
from tests.practice import ProcessHandle, start_world_process

ROOT = Path(__file__).resolve().parents[2]
FAULTY = (("throttle", 0.05), ("error_5xx", 0.01), ("lost_answer", 0.01))
IN_FLIGHT = 16
HIDDEN_S = 150.0  # real time; what a killed client took out of the queue comes back after 120 s (mail/ses_events.py)


@dataclass(frozen=True)
class Outcome:
    """What the practice servers and the ledger say in the end."""

    people: int
    kills: int
    truth: dict[str, Any]
    unknown: int  # before delivery events came
    unknown_accepted: int  # after them: mails that the sender took and the ledger does not know
    lost: int  # answers to sends that were lost or failed, so that nobody knows
    seconds: float

    @property
    def may_be_unknown(self) -> int:
        return self.lost + self.kills * IN_FLIGHT


@dataclass(frozen=True)
class BothClosed:
    """Two events on two services, from the list to the close-out: what the practice servers and the ledgers say."""

    people: int  # of each event
    kills: int
    truth: dict[str, Any]
    closed: int  # events that are closed
    closeouts: list[str]  # state of every close-out
    unknown: int  # mails, of both
    lost: int
    seconds: float

    @property
    def checks(self) -> dict[str, bool]:
        """Each event ended as if it had been alone."""
        managed, center = self.truth["managed"], self.truth["identity_center"]
        return {
            "both_closed": self.closed == 2 and self.closeouts == ["done", "done"],
            "nobody_left_on_aws": self.truth["profiles"] == 0,
            "only_its_own_were_invited": self.truth["cognito_mails"] == self.people,
            "nobody_left_managed": managed["active"] == 0 and not managed["multi_user_mode"],
            "only_its_own_came_in": managed["users"] <= self.people and center["users"] == self.people,
            "group_empty": self.truth["in_group"] == 0 and center["members"] == 0,
            "no_mail_twice": self.truth["mails_duplicate"] == 0,
            "no_account_deleted": self.truth["users_deleted"] == 0,
            "unknown_within_bound": self.unknown <= self.lost + self.kills * IN_FLIGHT,
        }


def start_client(home: Path, *options: str) -> subprocess.Popen[str]:
    return start_clients([(home, *options)])[0]


def start_clients(each: Sequence[tuple[Path, *tuple[str, ...]]]) -> list[subprocess.Popen[str]]:
    """Processes on these homes, begun together; returns when all of them work."""
    clients = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.faults.client", str(home), "0", *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for home, *options in each
    ]
    for client in clients:
        assert client.stdout is not None
        client.stdout.readline()  # it works now
    return clients


def arm(world: ProcessHandle, *services: str) -> None:
    for service in ("graph", "ses", "deepracer", *services):
        for name, rate in FAULTY:
            world.arm(service, name, rate=rate)
    world.arm("ses", "quota", params={"max_24h": -1, "rate": 50})


def run_with_kills(home: Path, people: int, pauses: Sequence[float], *, version: str = "1.3.1") -> Outcome:
    """Kill the client after each of `pauses` (seconds of work), let a last one finish, then look."""
    world = start_world_process(home, "--speed", "1", "--version", version)
    began = time.monotonic()
    try:
        set_up(home, people)
        arm(world)
        kills = kill_and_finish(home, pauses)
        return look(home, world, people, kills, time.monotonic() - began)
    finally:
        world.stop()


def kill_and_finish(home: Path, pauses: Sequence[float], *options: str) -> int:
    """How often a client was killed before a last one finished."""
    kills = 0
    for pause in pauses:
        client = start_client(home, *options)
        try:
            client.wait(pause)
            break  # through already
        except subprocess.TimeoutExpired:
            client.kill()  # SIGKILL; terminate on Windows
            client.wait()
            kills += 1
    last = start_client(home, *options)
    code = last.wait(PATIENCE_S + 60)
    assert code == 0, last.stdout.read() if last.stdout else ""
    return kills


def close_two_with_kills(home: Path, people: int, pauses: Sequence[float]) -> BothClosed:
    """Two events, one on each service, from the list to the close-out, with kills on the way. Practice time goes 600
    times as fast, so that the directory's cycles and the racers' trainings come and go.
    """
    world = start_world_process(home, "--speed", "600")
    began = time.monotonic()
    try:
        set_up(home, people, events=2)
        arm(world, "managed")
        kills = kill_and_finish(home, pauses, "--close")
        faults = world.counters()["faults"]
        lost = faults.get("ses.lost_answer", 0) + faults.get("ses.error_5xx", 0)
        console = open_console(home)
        events = [console.store.event(each) for each in (EVENT, SECOND)]
        jobs = [job for event in events for job in console.store.jobs(event.id, kind="closeout")]
        unknown = sum(console.store.delivery_counts(event.id)[Sending.UNKNOWN] for event in events)
        console.close()
        return BothClosed(
            people,
            kills,
            world.truth(),
            sum(event.closed_at is not None for event in events),
            [job.state.value for job in jobs],
            unknown,
            lost,
            time.monotonic() - began,
        )
    finally:
        world.stop()


def look(home: Path, world: ProcessHandle, people: int, kills: int, seconds: float) -> Outcome:
    faults = world.counters()["faults"]
    lost = faults.get("ses.lost_answer", 0) + faults.get("ses.error_5xx", 0)
    world.disarm()
    console = open_console(home)
    assert is_through(console)
    unknown = console.store.delivery_counts(EVENT)[Sending.UNKNOWN]
    world.advance(300)
    accepted = {mail["to"] for mail in world.outbox()}
    until = time.monotonic() + HIDDEN_S
    while (left := _unknown_after_events(console) & accepted) and time.monotonic() < until:
        time.sleep(1.0)
    console.close()
    return Outcome(people, kills, world.truth(), unknown, len(left), lost, seconds)


def _unknown_after_events(console: Console) -> set[str]:
    """Addresses of mails that the ledger does not know, once it has read what the queue shows now."""
    mailer = console.ports_of("").mailer()
    while events := list(mailer.events()):
        console.store.apply_delivery_events(EVENT, events, now=console.clock.now())
        mailer.settle_events()
    addresses = {person.id: person.email for person in console.store.attendees(EVENT)}
    return {addresses[row.attendee] for row in console.store.deliveries(EVENT, state=Sending.UNKNOWN)}
