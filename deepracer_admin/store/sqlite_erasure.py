"""Taking one person out of an event's rows: out of every table there is, also one that is made later.

What hangs on the person by a key went with them (`delete_attendees`), and values of a declared type are changed by who
knows the type. Here is the rest: the listings of profiles and races, jobs with their items, sentences about others, and
the audit. It goes by the schema as the file has it, so that no list of tables has to be kept.
"""

# ruff: noqa: S608 - the names of tables and columns are those of the schema

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from deepracer_admin.model import AuditEntry, Lease
from deepracer_admin.store.chain import GENESIS, digest
from deepracer_admin.store.codec import encode, plain, text
from deepracer_admin.store.person import Person
from deepracer_admin.store.sqlite_jobs import entry_of
from deepracer_admin.store.sqlite_leases import LeasesPart
from deepracer_admin.store.sqlite_people import forget_people

__all__ = ["ErasurePart"]

ELSEWHERE = frozenset(
    {"about", "settings", "revisions", "leases", "buckets", "copied", "kept_triggers", "touched", "events", "records"}
    | {"attendees", "audit", "snapshots"}
)
"""Tables that name nobody of a list, or are seen to by others: `events` is what organizers set, `records` have a type,
the list itself goes by its keys, and the audit keeps its chain."""
MACHINE = frozenset(
    {"event", "state", "step", "how", "template", "campaign", "lease", "owner", "code", "delivered", "kind", "reason"}
    | {"created_by", "created_by_name", "created_at", "changed_at", "next_try_at", "at", "job", "id", "email"}
)
"""Columns that hold words of the console, times, or who acted."""
PLACES = 5_000  # rows a statement; SQLite takes 32,766 values at most
JSON = frozenset({"body", "plan", "result", "before", "after"})


class ErasurePart(LeasesPart):
    def take_out(self, event: str, person: Person, *, lease: Lease | None = None) -> dict[str, int]:
        """See EventStore.take_out."""
        found: dict[str, int] = {}
        with self._writing(lease) as connection:
            names = [row["name"] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for table in names:
                if table in ELSEWHERE or table.startswith("sqlite_"):
                    continue
                if changed := _clean(connection, table, event, person):
                    found[table] = changed
            if found:
                self._bump(connection, event)
        forget_people()
        self._remembered.clear()
        self._truncate_log()
        return found

    def redact_audit(
        self, event: str, person: Person, told: Callable[[Mapping[str, str]], AuditEntry], *, lease: Lease | None = None
    ) -> int:
        """See EventStore.redact_audit."""
        with self._writing(lease) as connection:
            rows = connection.execute("SELECT * FROM audit WHERE event IN (?, '') ORDER BY seq", (event,)).fetchall()
            pinned: dict[str, str] = {}
            for row in rows:
                if not any(person.perhaps_in(row[name] or "") for name in ("target", "before", "after")):
                    continue
                entry = entry_of(row)
                target = person.mark if person.owns_key(entry.target) else person.blanked(entry.target)
                cut = replace(
                    entry, target=target, before=person.without(entry.before), after=person.without(entry.after)
                )
                if cut == entry:
                    continue
                before = connection.execute("SELECT digest FROM audit WHERE seq = ?", (entry.seq - 1,)).fetchone()
                pinned[str(entry.seq)] = digest(GENESIS if before is None else before["digest"], cut)
                connection.execute(
                    'UPDATE audit SET target = ?, "before" = ?, "after" = ? WHERE seq = ?',
                    (cut.target, text(cut.before), text(cut.after), cut.seq),
                )
            if pinned:
                self._append(connection, told(pinned))
        if pinned:
            self._truncate_log()
        return len(pinned)


def _clean(connection: sqlite3.Connection, table: str, event: str, person: Person) -> int:
    """How many rows of one table were changed or deleted."""
    columns = connection.execute("SELECT name, type, pk FROM pragma_table_info(?)", (table,)).fetchall()
    names = [row["name"] for row in columns]
    if "event" in names:
        within = "event = ?"
    elif "job" in names:
        within = "job IN (SELECT id FROM jobs WHERE event = ?)"
    else:
        return 0
    key = [row["name"] for row in sorted(columns, key=lambda row: row["pk"]) if row["pk"]]
    texts = [row["name"] for row in columns if row["type"].upper() == "TEXT" and row["name"] not in MACHINE]
    listed = ", ".join(f'"{name}"' for name in dict.fromkeys([*key, *texts]))
    where = " AND ".join(f'"{name}" = ?' for name in key)
    done, touched = 0, list[tuple[int, set[str]]]()
    for row in connection.execute(f"SELECT {listed} FROM {table} WHERE {within}", (event,)).fetchall():
        if not any(person.perhaps_in(row[name] or "") for name in texts):
            continue
        if "id" in key and table != "jobs" and person.owns_key(row["id"]):  # what a service listed of them
            connection.execute(f"DELETE FROM {table} WHERE {where}", [row[name] for name in key])
            done += 1
            continue
        changes = {name: new for name in texts if (new := _cleaned(table, name, row, key, person)) != row[name]}
        if changes:
            asked = ", ".join(f'"{name}" = ?' for name in changes)
            connection.execute(
                f"UPDATE {table} SET {asked} WHERE {where}", [*changes.values(), *(row[name] for name in key)]
            )
            done += 1
            if key == ["position"]:
                touched.append((row["position"], {*changes}))
    _write_anew(connection, table, [row["name"] for row in columns], touched)
    return done


def _write_anew(
    connection: sqlite3.Connection, table: str, columns: Sequence[str], touched: Sequence[tuple[int, set[str]]]
) -> None:
    """Rows that are told by their place, and rows that have another name now, come last on every computer that shares
    the table (dynamodb/rows.py): so here, too. Without a name, all of one person go together."""
    names = {
        row["name"]
        for index in connection.execute("SELECT name FROM pragma_index_list(?) WHERE origin = 'u'", (table,)).fetchall()
        for row in connection.execute("SELECT name FROM pragma_index_info(?)", (index["name"],)).fetchall()
    }
    places = [place for place, changed in touched if not names or names & changed]
    kept = ", ".join(f'"{name}"' for name in columns if name != "position")
    put = f"INSERT INTO {table} ({kept}) VALUES ({', '.join('?' * (len(columns) - 1))})"
    for start in range(0, len(places), PLACES):
        some = places[start : start + PLACES]
        within = f"position IN ({', '.join('?' * len(some))})"
        if not names:
            within = f"(event, attendee) IN (SELECT event, attendee FROM {table} WHERE {within})"
        rows = connection.execute(f"SELECT {kept} FROM {table} WHERE {within} ORDER BY position", some).fetchall()
        connection.execute(f"DELETE FROM {table} WHERE {within}", some)
        connection.executemany(put, [[*row] for row in rows])


def _cleaned(table: str, name: str, row: sqlite3.Row, key: Sequence[str], person: Person) -> str | None:
    value = row[name]
    if not value or not person.perhaps_in(value):
        return value
    if name in JSON:
        return encode(person.without(plain(value)))
    if name in key:
        return value
    if table == "job_items" and name == "key":
        return f"{person.mark}-{row['position']}" if person.owns_key(value) else person.blanked(value)
    if table == "jobs" and name == "target":
        theirs = person.blanked(value) != value or person.owns_key(value)
        return f"{person.mark}-{row['position']}" if theirs else value
    return person.blanked(value)
