"""`python -m deepracer_admin closeout`: how far closing is, or, with the event's name, close it and prove it.

Exit codes: 0 closed and nobody can sign in who should not, 1 not closed or not proved, 2 a sentence on standard error
says why it could not run. Ctrl-C stops watching; closing goes on with the next worker.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from deepracer_admin.compose import Console, compose
from deepracer_admin.counted import counted
from deepracer_admin.errors import Conflict, ConsoleError, Missing, StoreError, Unavailable
from deepracer_admin.journal import set_up_logging
from deepracer_admin.model import Actor, Event, Job, Role
from deepracer_admin.private import open_private, private_folder
from deepracer_admin.records.onboarding import ONBOARDING
from deepracer_admin.records.restored import refuse_while_waiting
from deepracer_admin.services.closeout.view import CloseView
from deepracer_admin.settings import load_settings
from deepracer_admin.worker import Worker

__all__ = ["close", "main", "report"]

LONGEST = timedelta(days=3)
"""Real time after which a close-out, each step of which is bounded, is not watched any more."""
LOOK_S = 0.5


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m deepracer_admin closeout", description=__doc__)
    parser.add_argument("--event", default="", help="id of the event (default: the one that opens first)")
    parser.add_argument(
        "--name", default="", help="the event's name, typed exactly: close it now. Without it: only look"
    )
    parser.add_argument("--no-wait", action="store_true", help="do not wait for the last results of races")
    parser.add_argument("--folder", type=Path, help="write certificate.json and certificate.html there")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parsed = parser.parse_args([*argv])
    try:
        settings = load_settings()
        console = compose(settings)
        try:
            event = _event(console, parsed.event)
            if parsed.name:
                set_up_logging(settings)
                close(console, event, parsed.name, wait=not parsed.no_wait, say=_say)
            found = report(console, event)
            if parsed.folder:
                found["certificate"] = _write(console, event, parsed.folder)
        finally:
            console.close()
    except ConsoleError as error:
        sys.stderr.write(f"{error.sentence}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    if parsed.json:
        sys.stdout.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    else:
        _print(found)
    return 0 if found["verdict"] and found["verdict"]["colour"] != "red" else 1


def close(console: Console, event: Event, typed_name: str, *, wait: bool, say: Callable[[str], None]) -> Job:
    """Start it, or follow the one under way, with a worker of this process beside any other; returns when it ended.

    Raises BadInput for another name, Conflict for an event that came from a backup and waits, Unavailable when it has
    not ended after `LONGEST`.
    """
    refuse_while_waiting(console.store, event.id)
    closeout, actor = console.of(event.id).closeout, _actor(console, event)
    try:
        job = closeout.start(actor, typed_name=typed_name, wait_for_results=wait)
    except Conflict:
        job = console.store.jobs(event.id, live=True, kind="closeout")[0]
    worker = Worker(console, holder="closeout")
    worker.start()
    told: dict[str, str] = {}
    end = console.clock.monotonic() + LONGEST.total_seconds()
    try:
        while console.store.job(job.id).state.is_live:
            if console.clock.monotonic() > end:
                raise Unavailable("Closing has not ended after three days; look at the Close page.")
            _tell(closeout.view(actor), told, say)
            console.clock.sleep(LOOK_S)
    finally:
        worker.stop()
    _tell(closeout.view(actor), told, say)
    return console.store.job(job.id)


def report(console: Console, event: Event) -> dict[str, Any]:
    """How the last close-out stands, as plain values without personal data."""
    view = console.of(event.id).closeout.view(_actor(console, event))
    at = view.closed_at
    return {
        "event": event.id,
        "name": event.name,
        "closed_at": at.isoformat() if at else None,
        "state": view.job.state.value if view.job else "not started",
        "says": view.job.sentence if view.job else "",
        "verdict": asdict(view.verdict) if view.verdict else None,
        "can_still_sign_in": None
        if view.proof is None
        else len({each.attendee for each in view.proof.can_still_sign_in}),
        "not_known": None if view.proof is None else len(view.proof.not_known),
        "steps": [
            {
                "step": step.key,
                "title": step.title,
                "state": item.state.value if item else "todo",
                "evidence": item.sentence if item else "",
                "read_at": read.isoformat() if (read := view.read_back(step.key)) else None,
            }
            for step, item in view.steps
        ],
        "left": [{"step": step.key, **asdict(left)} for step, left in view.leftovers],
        "certificate": None,
    }


def _event(console: Console, event_id: str) -> Event:
    event_id = event_id or console.opens_first
    if not event_id:
        raise Missing("There is no event yet; an organizer creates one on the Set up page.")
    return console.store.event(event_id)


def _actor(console: Console, event: Event) -> Actor:
    """Whoever may use this data folder closes the event, for the person who ran it: for them the console may still act
    in the directory."""
    lent = [oid for oid, _, _ in console.sessions.delegations()]
    ran = [console.store.read(event.id, ONBOARDING).by, *(job.created_by for job in console.store.jobs(event.id))]
    whose = next((oid for oid in [*ran, *lent] if oid in lent), "") or next(filter(None, ran), "system")
    return Actor("system", "", "The command line", frozenset({Role.SYSTEM}), on_behalf_of=whose)


def _write(console: Console, event: Event, folder: Path) -> dict[str, str]:
    desk, actor = console.of(event.id).closeout, _actor(console, event)
    files = {"certificate.json": desk.certificate(actor), "certificate.html": desk.certificate_page(actor)}
    try:
        private_folder(folder)
        for name, content in files.items():
            with open(folder / name, "wb", opener=open_private) as file:
                file.write(content)
    except OSError as error:
        raise StoreError(f"The certificate cannot be written to {folder}: {error.strerror}.") from None
    return {"folder": str(folder), "fingerprint": desk.fingerprint(actor)}


def _tell(view: CloseView, told: dict[str, str], say: Callable[[str], None]) -> None:
    """What is new."""
    for step, item in view.steps:
        if item is not None and item.sentence and told.get(step.key) != item.sentence:
            told[step.key] = item.sentence
            say(f"{step.title}: {item.sentence}")


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _print(found: dict[str, Any]) -> None:
    sys.stdout.write(f"{found['name']}: {'closed ' + found['closed_at'] if found['closed_at'] else 'not closed'}\n")
    for number, step in enumerate(found["steps"], start=1):
        sys.stdout.write(f"  {number}. {step['title']}: {step['state']}. {step['evidence']}\n")
    if found["verdict"]:
        sys.stdout.write(f"{found['verdict']['colour'].upper()}: {found['verdict']['sentence']}\n")
        for each in found["verdict"]["because"]:
            sys.stdout.write(f"  - {each}\n")
    sys.stdout.write(f"{counted(len(found['left']), 'thing is', 'things are')} left.\n")
