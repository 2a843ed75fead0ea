"""`python -m deepracer_admin store check | create | copy | backup`: the table that several consoles share, and copies.

Exit codes: 0 done, 1 the check found something red, 2 a sentence on standard error says what to mend.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from deepracer_admin.clock import SystemClock
from deepracer_admin.counted import counted
from deepracer_admin.errors import BadInput, ConsoleError
from deepracer_admin.model import FromBackup
from deepracer_admin.opening import shared_table
from deepracer_admin.private import private_folder
from deepracer_admin.records.restored import RESTORED
from deepracer_admin.records.store_copies import COPIED, Copied
from deepracer_admin.settings import Settings, load_settings
from deepracer_admin.store.dynamodb import open_shared_store
from deepracer_admin.store.dynamodb.moving import move
from deepracer_admin.store.dynamodb.table_facts import create, findings
from deepracer_admin.store.sqlite import SqliteEventStore, open_event_store, open_history
from deepracer_admin.vault import open_vault
from deepracer_admin.worker.open_work import goes_on_by_itself

__all__ = ["main", "open_store"]

MARKS = {"green": "ok", "amber": "!", "red": "MISSING"}


def main(argv: Sequence[str]) -> int:
    parsed = _parser().parse_args([*argv])
    try:
        return parsed.run(load_settings(), parsed)
    except ConsoleError as error:
        sys.stderr.write(f"{error.sentence}\n")
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deepracer_admin store", description="The DynamoDB table that several consoles share."
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    check = commands.add_parser("check", help="what the table lacks: itself, keys, rights, time to live, backups")
    check.add_argument("--json", action="store_true", help="print JSON")
    check.set_defaults(run=_check)
    made = commands.add_parser("create", help="make the table, for a rehearsal (in a live event the template does)")
    made.set_defaults(run=_create)
    copied = commands.add_parser("copy", help="copy events from one store to the other, proven by digest")
    copied.add_argument("--from", dest="source", choices=("sqlite", "dynamodb"), required=True)
    copied.add_argument("--to", dest="target", choices=("sqlite", "dynamodb"), required=True)
    copied.add_argument("--event", default="", help="id of one event (default: everything)")
    copied.add_argument("--json", action="store_true", help="print JSON")
    copied.set_defaults(run=_copy)
    saved = commands.add_parser("backup", help="copy this data folder's files, whole, into another folder")
    saved.add_argument("folder", help="where to: best on another disk; people's data is in the copy")
    saved.set_defaults(run=_backup)
    return parser


def _backup(settings: Settings, parsed: argparse.Namespace) -> int:
    if settings.store != "sqlite":
        raise BadInput("The shared table is backed up in AWS: switch point-in-time recovery on (store check).")
    folder = Path(parsed.folder).expanduser().resolve()
    if folder == settings.home.resolve() or settings.home.resolve() in folder.parents:
        raise BadInput("Choose a folder outside of the data folder: a copy beside the original is lost with it.")
    folder.mkdir(parents=True, exist_ok=True)
    now = SystemClock().now()
    mark = f"{now:%Y%m%dT%H%M%SZ}"
    with ExitStack() as opened:
        store = open_event_store(settings.home / "events.sqlite", settings.mode)
        opened.callback(store.close)
        history = open_history(settings.home / "history.sqlite")
        opened.callback(history.close)
        target = folder / f"events-{mark}.sqlite"
        store.copy_to(target, finish=lambda path: _let_wait(path, settings.mode, now))
        sys.stdout.write(f"{target}\n")
        target = folder / f"history-{mark}.sqlite"
        history.copy_to(target)
        sys.stdout.write(f"{target}\n")
        store.update("", COPIED, lambda _: Copied(now))
    return 0


def _let_wait(path: Path, mode: str, now: datetime) -> None:
    """A console that starts on this copy does nothing for its events before an organizer says that they go on there:
    the one that it was made from may go on. What is over has nothing to wait for; what waits already waits on."""
    copy = open_event_store(path, mode)
    try:
        for event in copy.events():
            if event.closed_at is None or goes_on_by_itself(copy, event):
                copy.update(event.id, RESTORED, lambda mark: mark or FromBackup(now, now))
    finally:
        copy.close()


def _check(settings: Settings, parsed: argparse.Namespace) -> int:
    table = shared_table(settings)
    try:
        found = findings(table)
    finally:
        table.close()
    if parsed.json:
        sys.stdout.write(json.dumps([asdict(each) for each in found], indent=2) + "\n")
    else:
        for each in found:
            fix = f" {each.fix}" if each.level != "green" and each.fix else ""
            sys.stdout.write(f"{MARKS[each.level]:8}{each.title}: {each.evidence}{fix}\n")
    return 1 if any(each.level == "red" for each in found) else 0


def _create(settings: Settings, _: argparse.Namespace) -> int:
    if not settings.rehearsal:
        raise BadInput(
            "In a live event the template makes the table, with its protection and its rights (docs/deploy.md); this "
            "command is for rehearsals."
        )
    table = shared_table(settings)
    try:
        made = create(table)
    finally:
        table.close()
    sys.stdout.write(f"The table {table.name} {'was made' if made else 'is there already'}.\n")
    return 0


def _copy(settings: Settings, parsed: argparse.Namespace) -> int:
    if parsed.source == parsed.target:
        raise BadInput("Copy from one kind of store to the other: --from sqlite --to dynamodb, or the other way round.")
    private_folder(settings.home)
    with ExitStack() as opened:
        stores = {name: open_store(settings, name) for name in (parsed.source, parsed.target)}
        for store in stores.values():
            opened.callback(store.close)
        moved = []
        now = SystemClock().now()
        for each in move(stores[parsed.source], stores[parsed.target], event=parsed.event, now=now):
            moved.append(each)
            if not parsed.json:
                told = f" ({each.note})" if each.note else ""
                sys.stdout.write(f"{each.scope}: {counted(each.rows, 'row')}, digest {each.digest[:16] or '-'}{told}\n")
                sys.stdout.flush()
    if parsed.json:
        sys.stdout.write(json.dumps([asdict(each) for each in moved], indent=2) + "\n")
    else:
        sys.stdout.write(f"Both stores hold the same. Set `store` to `{parsed.target}` and start from there alone.\n")
    return 0


def open_store(settings: Settings, name: str) -> SqliteEventStore:
    """The store "sqlite" or "dynamodb" of these settings. Raises StoreUnusable, StoreError."""
    if name == "sqlite":
        return open_event_store(settings.home / "events.sqlite", settings.mode)
    key_print = open_vault(settings).key_print
    return open_shared_store(
        settings.home, shared_table(settings), settings.mode, key_print=key_print, follow_every_s=0
    )
