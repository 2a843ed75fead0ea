"""Does the time of a form's answer tell whose address it was? 1,000 requests a kind, mixed. Prints JSON.

    python benchmarks/portal_timing.py [--requests 1000] [--seed 7]

Over real HTTP at /register. (The serverless path asks its table for the same one write whoever it is about:
tests/infra/test_resolvers.py.)

Kinds: `known` (on the list and accepted), `refused` (by an organizer), `unknown`; in random order, so that what the
machine does meanwhile meets all alike. For each pair the Kolmogorov-Smirnov distance of the two samples with its
p-value (asymptotic), and the difference of the medians in ms. Two samples of one kind beside them say what chance does.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from deepracer_admin.compose import Console, compose
from deepracer_admin.model import Attendee, Event, Quota
from deepracer_admin.model.registrations import Portal, Registration, RegistrationState, registration_id
from deepracer_admin.records.portal import ASKED, PORTAL, REGISTRATIONS
from deepracer_admin.settings import Settings

KINDS = ("known", "refused", "unknown", "unknown too")
FORM = {"new_to_ml": "yes", "new_to_aws": "no", "consent": "0"}
Ask = Callable[[str], None]


def prepared(home: Path, requests: int) -> tuple[Console, Event]:
    """An event of 2,000 people whose portal is open; of each kind as many addresses as are asked for."""
    nobody = "http://127.0.0.1:9"  # no service is asked: a form is only kept
    practice = {
        "url": nobody,
        "control": f"{nobody}/control",
        "entra": {"authority": nobody, "tenant": "t", "client_id": "c", "client_secret": "s"},
        "graph": {"url": nobody, "group_id": ""},
        "deepracer": {"site": nobody, "user": "console@example.com", "password": "p"},
        "aws": {"region": "us-east-1", "access_key_id": "a", "secret_access_key": "s", "ses_url": nobody},
        "mail": {"from": "deepracer@example.com"},
    }
    (home / "practice.json").write_text(json.dumps(practice), encoding="utf-8")
    console = compose(Settings.model_validate({"mode": "rehearsal", "home": home, "worker": False}))
    now = console.clock.event_now()
    event = Event(
        "spring", "Cup", now - timedelta(hours=1), now + timedelta(days=7), "UTC", 2000, 100.0, Quota(60, 1)
    )  # fmt: skip
    console.store.save_event(event)
    console.store.update("spring", PORTAL, lambda _: Portal(open=True, domains=("example.com",)))
    rows: dict[str, Registration] = {}
    people: list[Attendee] = []
    for number in range(requests):
        for kind, state in (("known", RegistrationState.ACCEPTED), ("refused", RegistrationState.REFUSED)):
            email = address(kind, number)
            row = Registration(registration_id(email), email, state, now, verified_at=now)
            if kind == "known":
                people.append(Attendee(f"at-{number}", email, "", alias=f"racer-{number}"))
                row = replace(row, attendee=f"at-{number}")
            rows[row.id] = row
    console.store.save_attendees("spring", people)
    console.store.change_rows("spring", REGISTRATIONS, lambda _: rows, keys=rows)
    return console, event


def address(kind: str, number: int) -> str:
    """Alike in length, whatever the kind."""
    return f"{KINDS.index(kind)}person{number:06d}@example.com"


def measured(ask: Ask, requests: int, seed: int) -> dict[str, list[float]]:
    """Milliseconds of each request, by kind."""
    order = [(kind, number) for kind in KINDS for number in range(requests)]
    random.Random(seed).shuffle(order)
    for number in range(20):  # connections and caches
        ask(f"warm{number}@example.com")
    found: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for kind, number in order:
        began = time.perf_counter()
        ask(address(kind, number))
        found[kind].append((time.perf_counter() - began) * 1000)
    return found


def compared(samples: dict[str, list[float]]) -> dict[str, Any]:
    """Each pair of kinds; the last one is of one kind with itself."""
    pairs = [("known", "unknown"), ("refused", "unknown"), ("known", "refused"), ("unknown", "unknown too")]
    return {
        "median_ms": {kind: round(statistics.median(each), 3) for kind, each in samples.items()},
        "pairs": {f"{one} / {other}": two_samples(samples[one], samples[other]) for one, other in pairs},
    }


def two_samples(one: Sequence[float], other: Sequence[float]) -> dict[str, float]:
    """The Kolmogorov-Smirnov test of two samples: distance, and how likely one that large is by chance alone."""
    first, second = sorted(one), sorted(other)
    distance, i, j = 0.0, 0, 0
    while i < len(first) and j < len(second):
        at = min(first[i], second[j])
        while i < len(first) and first[i] <= at:
            i += 1
        while j < len(second) and second[j] <= at:
            j += 1
        distance = max(distance, abs(i / len(first) - j / len(second)))
    root = math.sqrt(len(first) * len(second) / (len(first) + len(second)))
    scaled = (root + 0.12 + 0.11 / root) * distance
    terms = ((-1) ** (k - 1) * math.exp(-2 * k * k * scaled * scaled) for k in range(1, 101))
    p = 2 * sum(terms) if scaled > 0.2 else 1.0
    difference = statistics.median(one) - statistics.median(other)
    return {
        "distance": round(distance, 4),
        "p": round(min(max(p, 0.0), 1.0), 4),
        "medians_differ_ms": round(difference, 4),
    }


def at_register(home: Path, requests: int, seed: int) -> dict[str, Any]:
    """The page at /register, over HTTP; what was kept is let go now and then, as the worker does."""
    import httpx
    import uvicorn

    from deepracer_admin.web.public import public_app

    console, _ = prepared(home, requests)
    config = uvicorn.Config(
        public_app(console.of("spring").boards, console.registration), port=0, log_level="critical", lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as client:

        def ask(email: str) -> None:
            answer = client.post("/register/spring", data={**FORM, "email": email})
            if answer.status_code != 303:
                raise RuntimeError(f"{answer.status_code} for {email}")

        result = compared(measured(ask, requests, seed))
    kept = len(console.store.rows("spring", ASKED))
    server.should_exit = True
    thread.join()
    console.close()
    return {**result, "forms_kept": kept}


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1000, help="of each kind")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args(given)
    with tempfile.TemporaryDirectory(prefix="timing-", ignore_cleanup_errors=True) as folder:
        found = at_register(Path(folder), options.requests, options.seed)
        result = {"requests_of_each_kind": options.requests, "at_register": found}
    print(json.dumps(result, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
