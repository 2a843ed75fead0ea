"""A whole event, whose close-out from the command line is killed again and again on a bad day; then the certificate is
held against the practice servers' own state.

Racers train with few slots, so that models are queued, waiting for capacity, running and broken when the event is
closed. Meanwhile somebody else deletes profiles, the racing service is down for a while, and some answers fail or are
lost. The practice world is never killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deepracer_admin.compose import compose
from deepracer_admin.records.closing import CLOSING_STEPS
from deepracer_admin.rehearse.crew import Crew
from deepracer_admin.rehearse.drills import drill_of
from deepracer_admin.rehearse.event import RehearsedEvent
from deepracer_admin.rehearse.plan import Plan
from deepracer_admin.rehearse.practice import Controls
from deepracer_admin.settings import Settings, read_practice
from deepracer_admin.verify_command import verify
from tests.practice import ProcessHandle, start_world_process

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 3 * 3600.0
PRESSED_BY_OTHERS = 0.05  # of all deletions: somebody else was faster
DOWN_S = 20.0
STANDS_BY_S = 300.0  # on a machine however busy
AFTER_CLOSE = 60.0  # event seconds per real second while it closes


@dataclass(frozen=True)
class Closed:
    """What the practice servers, the store and the certificate say in the end."""

    people: int
    kills: int
    before: Mapping[str, Any]  # of the practice world, when closing began
    models: Mapping[str, int]  # by state, likewise
    truth: Mapping[str, Any]
    certificate: Mapping[str, Any]
    verified: Mapping[str, Any]
    in_meanwhile: int  # the most people who could sign in while models were being deleted
    calls: Mapping[str, int]
    seconds: float
    seconds_closing: float = 0.0  # of these, from the first closing command to the end of the last
    tries: Mapping[str, int] = field(default_factory=dict)

    @property
    def answers(self) -> Counter[str]:
        return Counter(each["answer"] for each in self.certificate["persons"])

    @property
    def checks(self) -> dict[str, bool]:
        """The certificate is whole, and true against the practice servers' own state."""
        still, unknown = self.answers["still there"], self.answers["not known"]
        alive, colour = self.truth["can_sign_in"], self.certificate["verdict"]["colour"]
        left = [each for each in self.certificate["left"] if not each["kept_on_purpose"]]
        return {
            "it_ended": self.certificate["event"]["closed"] != "not yet",
            "whole": bool(self.verified["whole"]),
            "everybody_has_an_answer": self.answers.total() == self.people,
            "nobody_is_called_gone_who_is_not": still <= alive <= still + unknown,
            "red_where_somebody_is_in_or_not_known": (colour == "red") is bool(still or unknown),
            "not_green_where_something_is_left": colour != "green" or not left,
            # but for those of whom the certificate says so: what cannot finish holds up nothing
            "access_was_gone_before_models_were_deleted": self.in_meanwhile <= still + unknown,
            "group_empty": self.truth["in_group"] == 0,
            "no_account_of_the_directory_deleted": self.truth["users_deleted"] == 0,
            "no_mail_twice": self.truth["mails_duplicate"] == 0,
            "the_firewall_was_kept": self.truth["refused_by_firewall"] == 0,
        }


class UpToTheClose(RehearsedEvent):
    """Everything before."""

    def _close(self, organizer: Any) -> None:
        self.organizer = organizer

    def _report(self) -> dict[str, Any]:
        return {}


def close_with_kills(
    home: Path,
    people: int,
    pauses: Sequence[float],
    *,
    version: str = "1.3.1",
    slots: int = 5,
    empty: str = "",
    pool: bool = True,
) -> Closed:
    """Kill the closing command after each of `pauses` (seconds of work: from when it has the event's lease, which its
    predecessor held for up to 15 s after its death), let a last one finish, then look.

    `empty`: DeleteProfile answers `500 {}` for live accounts "always", "half" of the time or for two "minutes".
    `pool`: may the console's AWS credentials read the user pool?
    """
    world = start_world_process(home, "--speed", "1", "--version", version, "--slots", str(slots), "--seed", "7")
    began = time.monotonic()
    try:
        hold_event(home, people, slots, version)
        before, models = world.truth(), models_of(home)
        bad_day(world, empty, pool)
        closing_began = time.monotonic()
        with watching(world) as seen:
            kills, certificate = kill_and_close(home, world, pauses)
        closing_s = time.monotonic() - closing_began
        file = (home / "out" / "certificate.json").read_bytes()
        console = compose(Settings(mode="rehearsal", home=home))
        event = console.store.events()[0].id
        tries = {key: row.tries for key, row in console.store.rows(event, CLOSING_STEPS).items()}
        console.close()
        return Closed(
            people=people,
            kills=kills,
            before=before,
            models=models,
            truth=world.truth(),
            certificate=json.loads(file),
            verified=verify(file, key=certificate["fingerprint"]),
            in_meanwhile=seen["alive"],
            calls=world.counters()["by_operation"],
            seconds=round(time.monotonic() - began, 1),
            seconds_closing=round(closing_s, 1),
            tries=tries,
        )
    finally:
        world.stop()


def hold_event(home: Path, people: int, slots: int, version: str) -> None:
    """From the list to the last minute of the race."""
    plan = Plan(attendees=people, speed=600.0, hours=3.0, slots=slots, version=version, home=str(home))
    console = compose(Settings.model_validate({"mode": "rehearsal", "home": home}))
    crew = Crew(console)
    try:
        crew.start()
        say = lambda line: print(line, file=sys.stderr, flush=True)  # noqa: E731
        UpToTheClose(plan, console, Controls(read_practice(home)), say, drill_of(""), crew).run()
    finally:
        crew.stop()
        console.close()


def models_of(home: Path) -> dict[str, int]:
    """How many of the event's models are in which state, as the service says."""
    console = compose(Settings(mode="rehearsal", home=home))
    try:
        racing = console.ports_of(console.opens_first).racing()
        ids = [profile.id for profile in racing.profiles()]
        return dict(Counter(model.status for model in racing.models(ids)))
    finally:
        console.close()


def bad_day(world: ProcessHandle, empty: str, pool: bool) -> None:
    for service in ("graph", "deepracer"):
        for name, rate in (("throttle", 0.03), ("error_5xx", 0.01), ("lost_answer", 0.01)):
            world.arm(service, name, rate=rate)
    world.arm("deepracer", "profile_deleted", operation="DeleteProfile", rate=PRESSED_BY_OTHERS)
    if empty:
        options: dict[str, Any] = {"always": {}, "half": {"rate": 0.5}, "minutes": {"seconds": 120}}[empty]
        world.arm("deepracer", "delete_profile_500_empty", **options)
    if not pool:
        for operation in ("AdminGetUser", "ListUsers"):
            world.arm("cognito-idp", "denied", operation=operation)


@contextlib.contextmanager
def watching(world: ProcessHandle) -> Any:
    """Looks all the time how many can still sign in while models are deleted."""
    seen, over = {"alive": 0}, threading.Event()

    def look() -> None:
        while not over.wait(0.1):
            alive = world.truth()["can_sign_in"]  # read first: it only falls
            called = world.counters()["by_operation"].get("deepracer.DeleteProfileModels", 0)
            if called and not alive:
                return
            if called:
                seen["alive"] = max(seen["alive"], world.truth()["can_sign_in"])

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join(60)


def kill_and_close(home: Path, world: ProcessHandle, pauses: Sequence[float]) -> tuple[int, dict[str, Any]]:
    """(how often it was killed, what the last one printed of its certificate)."""
    world.control("POST", "clock", {"speed": AFTER_CLOSE})
    kills, epoch = 0, held_since(home)
    for number, pause in enumerate(pauses):
        if number == len(pauses) // 2:
            world.arm("deepracer", "down", seconds=DOWN_S)
        client = closing(home, subprocess.DEVNULL)
        epoch = await_work(home, client, epoch)
        try:
            client.wait(pause)
            break  # through already
        except subprocess.TimeoutExpired:
            client.kill()  # SIGKILL; terminate on Windows
            client.wait()
            kills += 1
    print(f"Killed {kills} times; the last one closes it.", file=sys.stderr, flush=True)
    last = closing(home, subprocess.PIPE, says=None)
    out, _ = last.communicate(timeout=PATIENCE_S)
    assert last.returncode in (0, 1), out
    return kills, json.loads(out)["certificate"]


def held_since(home: Path) -> int:
    """Epoch of the lease of the event's work: it grows with each new holder. 0: nobody ever had it."""
    with contextlib.closing(sqlite3.connect(f"file:{home / 'events.sqlite'}?mode=ro", uri=True, timeout=60)) as file:
        return max((row[0] for row in file.execute("SELECT epoch FROM leases WHERE name LIKE 'worker/%'")), default=0)


def await_work(home: Path, client: subprocess.Popen[str], before: int) -> int:
    """The epoch under which the client works: it stands by until its predecessor's lease has run out."""
    end = time.monotonic() + STANDS_BY_S
    while (epoch := held_since(home)) == before and client.poll() is None and time.monotonic() < end:
        time.sleep(0.1)
    return epoch


def closing(home: Path, out: int, says: int | None = subprocess.DEVNULL) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "deepracer_admin", "closeout", "--name", "Rehearsal", "--json"]
    return subprocess.Popen(
        [*command, "--folder", str(home / "out")],
        cwd=ROOT,
        stdout=out,
        stderr=says,
        text=True,
        env={**os.environ, "DEEPRACER_ADMIN_HOME": str(home), "DEEPRACER_ADMIN_MODE": "rehearsal"},
    )
