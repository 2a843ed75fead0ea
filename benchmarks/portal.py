"""A flood at the portal: everybody registers within a minute, and what goes wrong meanwhile. Prints JSON.

    python benchmarks/portal.py [--people 2000] [--within-s 60] [--graph-failures 0.05] [--crashes 0.05]
                                [--mail-rate 100] [--no-upload | --only-upload]

The whole serverless path on this machine (infra/local): each visitor sends the form, presses the button of the mail
that comes, and is counted when the mail with the way in is there. Meanwhile Graph answers a share of its calls with
503, a share of the functions' calls dies (half before their work, half after it, so that it is given again), and one
record of the stream cannot be read. Time from click (the button) to access (that mail) is in real seconds. Beside it,
without `--no-upload`, the same people by list upload: from the import to the mail. Both with a sender of `--mail-rate`
mails a second, as benchmarks/onboarding.py has it. How far it is goes to stderr.

The machine counts: DynamoDB is moto, which takes about 2 ms of CPU a record, and everything shares its cores.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.onboarding import start_world
from deepracer_admin.compose import Console, compose
from deepracer_admin.opening import shared_table
from deepracer_admin.records.onboarding import ONBOARDING, Run
from deepracer_admin.settings import Settings, read_practice
from deepracer_admin.store.dynamodb.table_facts import create
from deepracer_admin.worker import Worker
from deepracer_admin.worker.practice import anchor_clock

PORTAL = "http://127.0.0.1:8601"
VISITORS = 8  # at once; each is a thread of this process
PATIENCE_S = 3600.0
TOLD_EVERY_S = 30.0


class Storm:
    """Deaths and doubles of the functions' calls. The same seed strikes the same calls of a quiet machine."""

    def __init__(self, crashes: float, seed: int = 7) -> None:
        self.crashes, self.counts = crashes, Counter[str]()
        self._chance, self._lock = random.Random(seed), threading.Lock()

    def __call__(self, name: str, handler: Callable[[Any], Any]) -> Callable[[Any], Any]:
        if name == "Authorise":
            return handler

        def call(event: Any) -> Any:
            with self._lock:
                drawn = self._chance.random()
                self.counts[name] += 1
            if drawn < self.crashes / 2:
                self.counts["died before"] += 1
                raise MemoryError("died before its work")
            answer = handler(event)
            if drawn < self.crashes:
                self.counts["died after"] += 1
                raise MemoryError("died after its work")
            return answer

        return call


class Mailboxes:
    """Mails of the practice service as they come: when, to whom, and the link in them."""

    def __init__(self, console: Console) -> None:
        self._outbox = f"{read_practice(console.settings.home).control}/outbox"
        self._http = httpx.Client(timeout=60, trust_env=False)
        self._after = 0
        self.links: dict[str, str] = {}
        self.way_in: dict[str, float] = {}
        self.mails: Counter[tuple[str, bool]] = Counter()

    def look(self) -> list[str]:
        """Who got a link that they have not had before."""
        from infra.local.visitor import link_in

        fresh = []
        answer = self._http.get(self._outbox, params={"after": self._after, "limit": 100_000})
        for mail in answer.json():
            self._after = max(self._after, int(mail["seq"]))
            person, link = mail["to"].lower(), link_in(mail["text"])
            self.mails[person, bool(link)] += 1
            if not link:
                self.way_in.setdefault(person, time.monotonic())
            elif person not in self.links:
                self.links[person] = link
                fresh.append(person)
        return fresh


def flood(
    people: int, within_s: float, graph_failures: float, crashes: float, patience_s: float, mail_rate: float
) -> dict[str, Any]:
    """The serverless path. Needs the checks' packages."""
    os.environ["POWERTOOLS_METRICS_DISABLED"] = "true"
    from infra.functions.proof import VALID_S
    from infra.local.chain import TABLE, Chain, serve_table, shared_settings
    from infra.local.seed import company, seed
    from infra.local.visitor import Visitor

    with tempfile.TemporaryDirectory(prefix="portal-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        world, table = start_world(home, "1.3.1"), serve_table()
        _wait_for(home)
        settings = shared_settings(home, table.endpoint, PORTAL, entra_app_only=True)
        create(shared_table(settings))
        console = compose(settings)
        storm = Storm(crashes)
        try:
            anchor_clock(console)
            event = seed(console, people=people)
            everybody = [address.lower() for address in company(console, people)][:people]
            chain = Chain(home, table, event.id, PORTAL, wrap=storm)
            chain.place("sweep").outlet.publish()
            visitor, boxes = Visitor(chain), Mailboxes(console)
            before = _graph_calls(console)
            parts = {"table": table.pid, "services": world.pid, "resolvers": chain.node, "all else": os.getpid()}
            used = {name: _cpu_s(pid) for name, pid in parts.items()}
            _send_at(console, mail_rate)
            if graph_failures:
                _arm(console, {"service": "graph", "name": "error_5xx", "rate": graph_failures})
            chain.dynamodb.put_item(TableName=TABLE, Item=_poison(event.id))
            # A visitor's own computer does this work, not ours; what has become too old meanwhile is done anew.
            permits = {person: visitor.permit(person) for person in everybody}
            until = time.monotonic() + VALID_S / 2
            chain.start()
            began = time.monotonic()
            sent: dict[str, float] = {}
            clicked: dict[str, float] = {}
            pool = ThreadPoolExecutor(VISITORS)
            refused = [0]
            pressing, over, told_at = ThreadPoolExecutor(VISITORS), threading.Event(), began

            def comes(number: int, person: str) -> None:
                time.sleep(max(0.0, began + number * within_s / len(everybody) - time.monotonic()))
                answer = visitor.register(person, permit=permits[person] if time.monotonic() < until else "")
                sent[person] = time.monotonic()
                refused[0] += answer["answer"] != "received"

            def presses(person: str) -> None:
                """Until the link is open, which is within seconds of its mail."""
                if visitor.confirm(boxes.links[person]) in ("confirmed", "used"):
                    clicked[person] = time.monotonic()
                elif not over.wait(0.5):
                    with suppress(RuntimeError):  # the pool was shut down this moment
                        pressing.submit(presses, person)

            coming = [pool.submit(comes, number, person) for number, person in enumerate(everybody)]
            while len(boxes.way_in) < len(everybody) and time.monotonic() - began < patience_s:
                for person in boxes.look():
                    pressing.submit(presses, person)
                if time.monotonic() - told_at >= TOLD_EVERY_S:
                    told_at = time.monotonic()
                    _tell(told_at - began, sent=len(sent), links=len(boxes.links), clicked=len(clicked), boxes=boxes)
                time.sleep(0.5)
            over.set()
            took = time.monotonic() - began
            for each in coming:
                each.result()
            pool.shutdown()
            pressing.shutdown(cancel_futures=True)
            waits = sorted(boxes.way_in[person] - clicked[person] for person in clicked if person in boxes.way_in)
            chain.place("sweep").catch_up()
            known = [json.loads(each["payload"])["Records"] for each in chain.failures.kept]
            result = {
                "people": len(everybody),
                "registered_within_s": round(max(sent.values()) - began, 1) if sent else None,
                "refused": refused[0],
                "confirmed": len(clicked),
                "in": len(boxes.way_in),
                "not_in": len(everybody) - len(boxes.way_in),
                "all_in_after_s": round(took, 1),
                "click_to_access_s": {"p50": _share(waits, 0.5), "p95": _share(waits, 0.95)},
                "mails_with_link_more_than_one": sum(1 for (_, link), n in boxes.mails.items() if link and n > 1),
                "mails_with_way_in_more_than_one": sum(1 for (_, link), n in boxes.mails.items() if not link and n > 1),
                "graph_calls_a_person": round((_graph_calls(console) - before) / len(everybody), 3),
                "cpu_s": {name: round(_cpu_s(pid) - used[name], 1) for name, pid in parts.items()},
                "load_average": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
                "functions": dict(storm.counts),
                "stream": dict(chain.pump.counts),
                "poison": [record["dynamodb"]["NewImage"]["email"]["S"] for records in known for record in records],
                "mail_states": {
                    state.value: count
                    for state, count in chain.place("sweep").console.store.delivery_counts(event.id).items()
                    if count
                },
            }
            chain.stop()
            return result
        finally:
            console.close()
            table.stop()
            world.terminate()
            world.wait()


def _tell(after_s: float, *, boxes: Mailboxes, **counts: int) -> None:
    told = ", ".join(f"{count} {name}" for name, count in {**counts, "in": len(boxes.way_in)}.items())
    print(f"{after_s:.0f} s: {told}", file=sys.stderr, flush=True)


def upload(people: int, graph_failures: float, mail_rate: float) -> dict[str, Any]:
    """The same people as a list, and the same Graph: from the import to the mail, on the embedded store."""
    from infra.local.seed import ORGANIZER, company, seed

    with tempfile.TemporaryDirectory(prefix="upload-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        world = start_world(home, "1.3.1")
        _wait_for(home)
        given = {"mode": "rehearsal", "home": home, "entra_app_only": True, "portal_url": PORTAL}
        console = compose(Settings.model_validate(given))
        try:
            anchor_clock(console)
            event = seed(console, people=people)
            everybody = [address.lower() for address in company(console, people)][:people]
            boxes, before = Mailboxes(console), _graph_calls(console)
            data = "E-mail\n" + "\n".join(everybody)
            desk = console.of(event.id).attendees
            _send_at(console, mail_rate)
            if console.store.read(event.id, ONBOARDING).state is not Run.RUNNING:
                console.of(event.id).onboarding.start(ORGANIZER)
            if graph_failures:
                _arm(console, {"service": "graph", "name": "error_5xx", "rate": graph_failures})
            worker = Worker(console, holder="benchmark")
            worker.start()
            began = time.monotonic()
            desk.run_import(ORGANIZER, desk.dry_run(ORGANIZER, data.encode(), filename="people.csv"))
            while len(boxes.way_in) < len(everybody) and time.monotonic() - began < PATIENCE_S:
                boxes.look()
                time.sleep(0.5)
            waits = sorted(at - began for at in boxes.way_in.values())
            worker.stop()
            return {
                "in": len(boxes.way_in),
                "import_to_access_s": {"p50": _share(waits, 0.5), "p95": _share(waits, 0.95)},
                "graph_calls_a_person": round((_graph_calls(console) - before) / len(everybody), 3),
            }
        finally:
            console.close()
            world.terminate()
            world.wait()


def _poison(event_id: str) -> dict[str, Any]:
    return {
        "pk": {"S": f"EVENT#{event_id}"},
        "sk": {"S": "REG#poison"},
        "email": {"S": "poison@example.com"},
        "at": {"S": "no time"},
    }


def _control(console: Console, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    control = read_practice(console.settings.home).control
    return httpx.request(method, f"{control}/{path}", json=body, timeout=60, trust_env=False).json()


def _arm(console: Console, fault: dict[str, Any]) -> None:
    _control(console, "POST", "faults", fault)


def _send_at(console: Console, rate: float) -> None:
    """What the practice account takes: mails a second, without a quota of the day."""
    _arm(console, {"service": "ses", "name": "quota", "params": {"max_24h": -1, "rate": rate}})


def _graph_calls(console: Console) -> int:
    return int(_control(console, "GET", "counters")["calls"].get("graph", 0))


def _cpu_s(pid: int) -> float:
    """Seconds of CPU that a process has had, where the system tells; else 0."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _share(waits: Sequence[float], share: float) -> float | None:
    return round(waits[min(int(share * len(waits)), len(waits) - 1)], 1) if waits else None


def _wait_for(home: Path) -> None:
    end = time.monotonic() + 120
    while not (home / "practice.json").exists():
        if time.monotonic() > end:
            raise RuntimeError("The practice world did not start.")
        time.sleep(0.1)


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--within-s", type=float, default=60.0, help="seconds in which they all come")
    parser.add_argument("--graph-failures", type=float, default=0.05, help="share of Graph's calls that fail")
    parser.add_argument("--crashes", type=float, default=0.05, help="share of the functions' calls that die")
    parser.add_argument("--patience-s", type=float, default=PATIENCE_S, help="after which it is told how far it came")
    parser.add_argument("--mail-rate", type=float, default=100.0, help="mails a second that the sender takes")
    parser.add_argument("--no-upload", action="store_true", help="leave the comparison out")
    parser.add_argument("--only-upload", action="store_true", help="the comparison alone")
    options = parser.parse_args(given)
    result: dict[str, Any] = {}
    if not options.only_upload:
        result["portal"] = flood(
            options.people,
            options.within_s,
            options.graph_failures,
            options.crashes,
            options.patience_s,
            options.mail_rate,
        )
    if not options.no_upload:
        result["list_upload"] = upload(options.people, options.graph_failures, options.mail_rate)
    print(json.dumps(result, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
