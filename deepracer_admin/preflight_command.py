"""`python -m deepracer_admin preflight`: is everything ready to open? Reads everything once and changes nothing.

Exit codes: 0 nothing is red, 1 something must be fixed, 2 a sentence on standard error says why it could not run.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from deepracer_admin.compose import Console, compose
from deepracer_admin.errors import ConsoleError, Missing
from deepracer_admin.flows.setup.connect_check import check_now
from deepracer_admin.model import Event, Finding
from deepracer_admin.records.connect_check import CHECK, Checked
from deepracer_admin.records.restored import refuse_while_waiting
from deepracer_admin.rules.audit import by_system
from deepracer_admin.rules.preflight.compare import changes, in_words, worst
from deepracer_admin.rules.preflight.sign_off import LEVELS
from deepracer_admin.settings import load_settings

__all__ = ["main", "preflight", "report"]

BY = "the command line"


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m deepracer_admin preflight", description=__doc__)
    parser.add_argument("--event", default="", help="id of the event (default: the one that opens first)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parsed = parser.parse_args([*argv])
    try:
        console = compose(load_settings())
        try:
            found = preflight(console, parsed.event)
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
    return 1 if found["worst"] == "red" else 0


def preflight(console: Console, event_id: str = "") -> dict[str, Any]:
    """Run it, keep and audit it. Raises Missing without an event, Conflict for one that came from a backup and waits,
    StoreError."""
    event_id = event_id or console.opens_first
    if not event_id:
        raise Missing("There is no event yet; an organizer creates one on the Set up page.")
    event = console.store.event(event_id)
    refuse_while_waiting(console.store, event_id)
    checked = check_now(console.ports_of(event_id), event, _on_behalf_of(console, event), by=BY, lease=None)
    console.store.append_audit(
        by_system(
            event_id,
            "setup.check",
            at=console.clock.now(),
            name="The command line",
            target=event_id,
            count=len(checked.findings),
            after={"worst": worst(checked.findings)},
        )
    )
    return report(event, console.store.read(event_id, CHECK))


def report(event: Event, checked: Checked) -> dict[str, Any]:
    """A run as plain values: the verdict, each line, what changed. No personal data."""
    return {
        "event": event.id,
        "name": event.name,
        "as_of": checked.as_of.isoformat() if checked.as_of else None,
        "worst": worst(checked.findings),
        "words": in_words(checked.findings),
        "checks": [_plain(finding) for finding in checked.findings],
        "compared_with": checked.before_as_of.isoformat() if checked.before_as_of else None,
        "changes": [asdict(change) for change in changes(checked.before, checked.findings)],
    }


def _plain(finding: Finding) -> dict[str, Any]:
    return {**asdict(finding), "as_of": finding.as_of.isoformat() if finding.as_of else None}


def _on_behalf_of(console: Console, event: Event) -> str:
    """Whoever asked for the last run here; else somebody for whom the worker may act; "" for nobody."""
    last = next(iter(console.store.jobs(event.id, kind="check", limit=1)), None)
    lent = [oid for oid, _, _ in console.sessions.delegations()]
    if last is not None and last.created_by in lent:
        return last.created_by
    return lent[0] if lent else ""


def _print(found: dict[str, Any]) -> None:
    area = ""
    for line in found["checks"]:
        if line["area"] != area:
            area = line["area"]
            sys.stdout.write(f"\n{area}\n")
        mark, word = LEVELS[line["level"]]
        sys.stdout.write(f"  {mark} {word:15} {line['title']}: {line['evidence']}\n")
        if line["level"] in ("red", "amber", "unknown"):
            sys.stdout.write(f"      -> {line['fix']}\n")
            for text in (line["copy"], line["link"]):
                for each in text.splitlines():
                    sys.stdout.write(f"         {each}\n")
    sys.stdout.write(f"\n{found['words']}.\n")
    for change in found["changes"]:
        was = LEVELS[change["before"]][1] if change["before"] else "not checked"
        sys.stdout.write(f"  changed: {change['title']}: {was}, now {LEVELS[change['now']][1]}\n")
