"""Copies of one event: made before what cannot be undone, made by hand, and put into another data folder.

The console's own lie in `backups/<event>` of the data folder, for this account alone. They hold people, so an erasure
deletes them and says so. What is not in a copy: sign-ins, tokens, and the key; sealed links of guests open only with
the key of the folder that they came from.

The work of an event that is put elsewhere may still go on where the copy was made. So its rows and the mark that it
waits (documents.OF_THIS_FOLDER) come in one transaction: no worker ever sees the one without the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from deepracer_admin.clock import iso, parse_iso
from deepracer_admin.counted import counted
from deepracer_admin.errors import BadInput, Conflict, StoreError
from deepracer_admin.event_file import pack
from deepracer_admin.model import FromBackup
from deepracer_admin.private import open_private, private_folder
from deepracer_admin.store import EventStore, History
from deepracer_admin.store.codec import encode
from deepracer_admin.store.documents import OF_THIS_FOLDER
from deepracer_admin.store.dynamodb.moving import put_audit, put_scope, rows_of
from deepracer_admin.store.dynamodb.rows import AUDIT, Rows, digest_of, scope_of
from deepracer_admin.store.foreign_rows import check_history, check_names, check_rows
from deepracer_admin.store.history_rows import history_rows, put_history_rows
from deepracer_admin.store.sqlite import SqliteEventStore
from deepracer_admin.store.sqlite_history import SqliteHistory

__all__ = ["Restored", "copies_of", "delete_copies", "keep_copy", "pack_event", "restore_event"]

KEPT = 5
"""Copies that the console keeps of one event."""
KIND = 1
"""Place of a record's kind in a row as it travels: event, kind, key, attendee, body."""


def pack_event(store: EventStore, history: History, home: Path, event: str, *, now: datetime, key_print: str) -> bytes:
    """Everything of one event, with the audit and its export files. Raises Missing."""
    if not isinstance(store, SqliteEventStore) or not isinstance(history, SqliteHistory):
        raise TypeError("a copy is made of the stores that the console has")
    found = store.event(event)
    folder = home / "exports" / event
    files = {path.name: path.read_bytes() for path in sorted(folder.glob("*")) if path.is_file()}
    about = {"mode": store.mode, "event": event, "name": found.name, "made_at": iso(now), "key_print": key_print}
    parts = {
        "about": about,
        "event": _without_mark(rows_of(store, scope_of(event)))[0],
        "audit": rows_of(store, AUDIT),
        "history": history_rows(history, event),
    }
    return pack(parts, files)


def keep_copy(
    store: EventStore, history: History, home: Path, event: str, *, now: datetime, why: str, key_print: str = ""
) -> Path:
    """Write one of the console's own copies, e.g. `20260301T170000Z-closing.backup`; older ones than the last five go.

    Raises StoreError: then what cannot be undone is not to be done either.
    """
    folder = home / "backups" / event
    path = folder / f"{now:%Y%m%dT%H%M%SZ}-{why}.backup"
    try:
        private_folder(folder)
        part = path.with_suffix(".part")
        content = pack_event(store, history, home, event, now=now, key_print=key_print)
        with open(part, "wb", opener=open_private) as file:
            file.write(content)
        part.replace(path)
        for old in copies_of(home, event)[:-KEPT]:
            old.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"The copy {path} cannot be written ({error.strerror}): free some space.") from None
    return path


def copies_of(home: Path, event: str) -> list[Path]:
    """The console's own copies of an event, oldest first."""
    return sorted((home / "backups" / event).glob("*.backup"))


def delete_copies(home: Path, event: str) -> list[str]:
    """Delete the console's own copies of an event, half-written ones too; their names. Raises StoreError."""
    gone: list[str] = []
    try:
        for path in sorted((home / "backups" / event).glob("*")):
            path.unlink(missing_ok=True)
            gone.append(path.name)
    except OSError as error:
        raise StoreError(
            f"The copies in {home / 'backups' / event} cannot be deleted ({error.strerror}): close the programs that "
            "have them open. It goes on by itself."
        ) from None
    return gone


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back. `digest`: of the event's rows, the same as when the copy was made; `audit`: what became of it;
    `is_new`: the event was not here before, so it waits."""

    event: str
    name: str
    made_at: str
    rows: int
    digest: str
    history: int
    files: int
    audit: str
    same_key: bool
    is_new: bool


def restore_event(
    store: EventStore,
    history: History,
    home: Path,
    parts: Mapping[str, Any],
    files: Mapping[str, bytes],
    *,
    now: datetime,
    key_print: str,
) -> Restored:
    """Put a copied event into this data folder, proven by digest; ended in the middle, it can be repeated. One that was
    not here waits from now on, until that mark is taken away.

    Raises Conflict: the event is here already and differs, or a worker runs. BadInput: of another mode, or not whole;
    then nothing was put.
    """
    if not isinstance(store, SqliteEventStore) or not isinstance(history, SqliteHistory):
        raise TypeError("a copy is put into the stores that the console has")
    try:
        about = {name: str(parts["about"][name]) for name in ("mode", "event", "name", "made_at", "key_print")}
        rows, audit, past = parts["event"], parts["audit"], parts["history"]
        made_at = parse_iso(about["made_at"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput("This backup lacks a part: take another copy.") from error
    event = about["event"]
    if about["mode"] != store.mode:
        raise BadInput(
            f"This backup is of {about['mode']} mode, and this data folder of {store.mode} mode: take a data folder of "
            "the same mode, for a rehearsal and a live event are never mixed."
        )
    if any(lease.until > now for lease in store.leases()):
        raise Conflict("A worker works on this data folder: stop every console and worker first, then restore again.")
    check_names([event, *files])
    check_rows(store, event, rows, audit)
    check_history(event, past)
    rows, _ = _without_mark(rows)
    there, mark = _without_mark(rows_of(store, scope_of(event)))
    if not there:
        mark = [event, OF_THIS_FOLDER, "", None, encode(FromBackup(now, made_at))]
    put_scope(scope_of(event), _with_mark(rows, mark), store)
    told = put_audit(audit, store, only_if_it_fits=True)
    if not history_rows(history, event)["usage_totals"]:
        put_history_rows(history, event, past)
    folder = home / "exports" / event
    for name, body in files.items():
        private_folder(folder)
        with open(folder / name, "wb", opener=open_private) as file:
            file.write(body)
    return Restored(
        event,
        about["name"],
        about["made_at"],
        sum(len(each["rows"]) for each in rows.values()),
        digest_of(rows),
        sum(map(len, past.values())),
        len(files),
        told.note or counted(told.rows, "entry", "entries"),
        about["key_print"] == key_print,
        not there,
    )


def _without_mark(rows: Rows) -> tuple[Rows, list[Any] | None]:
    """Rows of an event as they were elsewhere, and the mark of this folder where there is one."""
    records = rows.get("records", {"gone": [], "rows": []})
    kept = [row for row in records["rows"] if row[KIND] != OF_THIS_FOLDER]
    if len(kept) == len(records["rows"]):
        return rows, None
    mark = next(row for row in records["rows"] if row[KIND] == OF_THIS_FOLDER)
    others = {name: each for name, each in rows.items() if name != "records"}
    return ({**others, "records": {**records, "rows": kept}} if kept else others), mark


def _with_mark(rows: Rows, mark: list[Any] | None) -> Rows:
    """The mark comes last, as it is written last."""
    if mark is None:
        return rows
    records = rows.get("records", {"gone": [], "rows": []})
    return {**rows, "records": {**records, "rows": [*records["rows"], mark]}}
