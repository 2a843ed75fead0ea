"""How long it takes until everybody has access and their mail, against the least it could take. Prints JSON.

    python benchmarks/onboarding.py [--attendees 2000] [--version 1.3.1] [--latency-ms 100] [--sample 20]

Sponsorship is open before the watch starts. Group, profile, proof and mail against a practice world in a process of
its own at its documented limits: every call waits for `--latency-ms`, the SES account takes 100 mails a second,
DeepRacer on AWS is imitated in the version given.

`bound_s` is what no client could beat with the same calls, and `bound_parts` how it comes about, counts taken from the
practice servers:

* `invitations` (1.3): bulk invitations are serial at the service, one row after another (`invite_seconds` of the
  practice deployment), and each job costs its start and one question after its end;
* `profile_writes` (1.2): CreateProfile and UpdateProfile, eight in flight (architecture.md, Concurrency and limits);
* `mail`: 0.8 x the account's rate, or sixteen in flight, whichever is slower;
* `group`: Graph's own calls, four in flight where the client may overlap them;
* `proof`: one listing after the last invitation, page after page.

The services work side by side, so the bound is the slowest of the first four, plus one proof, plus one mail.
`naive` does the same for a sample of people one by one (three calls and a mail each) and is scaled to everybody.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from datetime import timedelta
from math import ceil
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from deepracer_admin.compose import Console, compose
from deepracer_admin.model import Actor, Event, Invitee, Message, Quota, Role, Sending, Step
from deepracer_admin.records.current_event import CURRENT_EVENT
from deepracer_admin.records.onboarding import ONBOARDING, TROUBLE, Onboarding, Run
from deepracer_admin.rehearsal.deepracer.deployment import Options
from deepracer_admin.settings import Settings, read_practice
from deepracer_admin.worker import Worker

ROOT = Path(__file__).resolve().parents[1]
ORGANIZER = Actor("bench", "tenant", "Benchmark", frozenset({Role.ORGANIZER}))
SES_RATE, SHARE = 100.0, 0.8
WRITES, GRAPH, MAILS = 8, 4, 16
PAGE = 100


def start_world(home: Path, version: str) -> subprocess.Popen[bytes]:
    """A practice world at the speed of real time."""
    command = [sys.executable, "-m", "deepracer_admin.rehearsal", "--home", str(home), "--speed", "1"]
    world = subprocess.Popen([*command, "--version", version], cwd=ROOT, stdout=subprocess.DEVNULL)
    for _ in range(600):
        if (home / "practice.json").exists():
            return world
        time.sleep(0.1)
    world.kill()
    raise SystemExit("The practice world did not start.")


class Control:
    """The practice world's own side."""

    def __init__(self, home: Path) -> None:
        self._url = read_practice(home).control
        self._http = httpx.Client(timeout=120.0, trust_env=False)

    def get(self, path: str, **query: Any) -> Any:
        answer = self._http.get(f"{self._url}/{path}", params=query)
        answer.raise_for_status()
        return answer.json() if answer.headers["content-type"].startswith("application/json") else answer.content

    def post(self, path: str, **body: Any) -> None:
        self._http.post(f"{self._url}/{path}", json=body).raise_for_status()


def make_event(console: Console, people: bytes, group: str, head_count: int) -> Event:
    """An event whose list is imported."""
    now = console.clock.event_now()
    event = Event(
        id="ev-bench",
        name="Benchmark",
        starts_at=now,
        ends_at=now + timedelta(days=2),
        zone="UTC",
        head_count=head_count,
        budget_usd=0,
        quota=Quota(-1, -1),
        group_id=group,
        portal_url=read_practice(console.settings.home).deepracer["site"],
    )
    console.store.save_event(event)
    console.store.update("", CURRENT_EVENT, lambda _: event.id)
    console.first.attendees.run_import(
        ORGANIZER, console.first.attendees.dry_run(ORGANIZER, people, filename="people.csv")
    )
    return event


def open_sponsorship(console: Console) -> None:
    """Wait until the worker has switched it: onboarding would keep everybody at 0 hours until then."""
    job = console.first.events.switch_sponsorship(ORGANIZER, open_=True, typed_name="")
    while console.store.job(job.id).state.is_live:
        time.sleep(0.1)


def wait_for_all(console: Console, event: Event) -> tuple[float, dict[str, float]]:
    """Seconds until everybody is through, and when each part was."""
    began, marks = time.monotonic(), dict[str, float]()
    people = len(console.store.attendees(event.id, wanted=True))
    told = began
    while True:
        funnel = console.store.funnel(event.id)
        for step in (Step.PROFILE, Step.ACCESS, Step.GROUP):
            if sum(n for state, n in funnel[step].items() if state.is_done) >= people:
                marks.setdefault(step.value, round(time.monotonic() - began, 1))
        if console.store.delivery_counts(event.id).get(Sending.SENT, 0) >= people:
            marks.setdefault("mail", round(time.monotonic() - began, 1))
        if len(marks) == 4:
            return time.monotonic() - began, marks
        if time.monotonic() - told > 30:
            told = time.monotonic()
            done = {step.value: sum(n for s, n in funnel[step].items() if s.is_done) for step in funnel}
            print(json.dumps({"at_s": round(told - began), **done}), file=sys.stderr)
        if time.monotonic() - began > 7200:
            raise SystemExit(f"Nothing came of it: {dict(console.store.read(event.id, TROUBLE))}")
        time.sleep(max(0.25, people / 5000))  # looking costs the client, too


def bound(people: int, version: str, latency: float, calls: dict[str, int]) -> dict[str, float]:
    """The least seconds of each part; `calls` by operation, as the practice servers counted them."""
    graph = sum(count for name, count in calls.items() if name.startswith("graph."))
    parts = {
        "mail": people / min(SES_RATE * SHARE, MAILS / latency if latency else 1e9),
        "group": graph * latency / GRAPH,
        "proof": ceil((people + 2) / PAGE) * latency,
        "one_mail": latency,
    }
    if version.startswith("1.3"):
        jobs = calls.get("deepracer.BulkInviteUser", 0)
        parts["invitations"] = people * Options.invite_seconds + jobs * 2 * latency
    else:
        writes = calls.get("deepracer.CreateProfile", 0) + calls.get("deepracer.UpdateProfile", 0)
        parts["profile_writes"] = writes * latency / WRITES
    return {name: round(seconds, 2) for name, seconds in parts.items()}


def naive(home: Path, sample: int) -> float:
    """Seconds a person: look up, add to the group, invite, mail, one call after another."""
    console = compose(Settings.model_validate({"home": home, "entra_app_only": True}))
    try:
        practice = read_practice(home)
        ports = console.ports_of(console.opens_first)
        directory, racing, mailer = (
            ports.directory(""),
            ports.racing(),
            ports.mailer(),
        )
        racing.capabilities  # noqa: B018 - connects before the watch starts
        began = time.monotonic()
        for number in range(sample):
            email = f"one.byone{number}@example.com"
            person = directory.resolve([email])[email]
            list(directory.add(practice.graph["group_id"], [person.person_id]))
            list(racing.invite([Invitee(str(number), email, f"Naive-{number}")], token=f"naive-{number}"))
            mailer.send(Message(f"naive#{number}#x#1", practice.mail["from"], email, "Hello", "Text", "<p>Text</p>"))
        return (time.monotonic() - began) / sample
    finally:
        console.close()


def run(home: Path, options: argparse.Namespace) -> dict[str, Any]:
    """One world, one event; the report."""
    control = Control(home)
    practice = read_practice(home)
    control.post("faults", service="ses", name="quota", params={"max_24h": -1, "rate": SES_RATE})
    console = compose(Settings.model_validate({"home": home, "entra_app_only": True}))
    event = make_event(
        console, control.get("people.csv", n=options.attendees, seed=3), practice.graph["group_id"], options.attendees
    )
    console.ports_of(event.id).racing().capabilities  # noqa: B018 - signed in before the watch starts
    for service in ("graph", "deepracer", "ses"):
        control.post("faults", service=service, name="latency", params={"ms": options.latency_ms})
    worker = Worker(console, holder="benchmark")
    worker.start()
    open_sponsorship(console)
    control.post("counters/reset")
    used = time.process_time()
    try:
        console.store.update(event.id, ONBOARDING, lambda _: Onboarding(Run.RUNNING, by_name="Benchmark"))
        elapsed, marks = wait_for_all(console, event)
    finally:
        worker.stop()
    used = time.process_time() - used
    counters, truth = control.get("counters"), control.get("truth")
    console.close()
    one = naive(home, options.sample) if options.sample else 0.0
    latency = options.latency_ms / 1000
    parts = bound(options.attendees, options.version, latency, counters["by_operation"])
    tail = parts["proof"] + parts["one_mail"]
    least = max(seconds for name, seconds in parts.items() if name not in ("proof", "one_mail")) + tail
    calls = counters["calls"]
    return {
        "attendees": options.attendees,
        "version": options.version,
        "elapsed_s": round(elapsed, 1),
        "done_at_s": marks,
        "bound_s": round(least, 1),
        "bound_parts": parts,
        "ratio": round(elapsed / least, 3),
        "load_average": [round(value, 1) for value in os.getloadavg()] if hasattr(os, "getloadavg") else None,
        "client_cpu_s": round(used, 1),
        "calls_per_attendee": {
            name: round(calls.get(name, 0) / options.attendees, 4) for name in ("graph", "deepracer", "ses")
        },
        "calls": dict(sorted(counters["by_operation"].items())),
        "naive_s_per_person": round(one, 3),
        "naive_s_for_all": round(one * options.attendees, 1),
        "truth": {name: truth[name] for name in ("profiles", "in_group", "mails_sent", "mails_duplicate")},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attendees", type=int, default=2000)
    parser.add_argument("--version", default="1.3.1")
    parser.add_argument("--latency-ms", type=float, default=100.0)
    parser.add_argument("--sample", type=int, default=20)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory(prefix="onboarding-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        world = start_world(home, options.version)
        try:
            report = run(home, options)
        finally:
            world.terminate()
            world.wait(30)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
