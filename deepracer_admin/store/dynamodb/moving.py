"""Events from one store to another, both ways: whole, proven equal by digest, and again after a crash.

Each scope (an event, the house, the audit) goes in one step that happens or does not, so a copy that was ended in the
middle is simply begun again: what is there and equal stays, what is there and differs is refused, nothing is mixed.
Nothing is taken away from where it came from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.clock import iso
from deepracer_admin.errors import Conflict, StoreError
from deepracer_admin.store.dynamodb.journal import Behind
from deepracer_admin.store.dynamodb.rows import (
    AUDIT,
    EVENT,
    HOUSE,
    Rows,
    digest_of,
    dump,
    put_rows,
    scope_of,
    scopes_in,
)
from deepracer_admin.store.dynamodb.shared_store import SharedEventStore
from deepracer_admin.store.sqlite import SqliteEventStore
from deepracer_admin.store.sqlite_base import real_now

__all__ = ["Moved", "move", "put_audit", "put_scope", "rows_of"]

AUDIT_STEP = 2_000  # entries a change


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of one scope. `digest`: of all its rows, the same in both stores ("" where it was left out)."""

    scope: str
    rows: int
    digest: str
    note: str = ""


def move(source: SqliteEventStore, target: SqliteEventStore, *, event: str = "", now: datetime) -> Iterator[Moved]:
    """Copy one event with the audit, or everything there is. Either store may be the shared one.

    Raises Missing, Conflict: a worker works on one of the two, or the target holds something else under the same name.
    """
    for store, called in ((source, "copied from"), (target, "copied to")):
        if any(lease.until > now for lease in store.leases()):
            raise Conflict(
                f"A worker works on the store that is {called}: stop every console and worker first, then copy again."
            )
    if event:
        source.event(event)
    with source._reading() as connection:
        scopes = [scope_of(event), AUDIT] if event else scopes_in(connection)
    for scope in scopes:
        rows = rows_of(source, scope)
        if scope == AUDIT:
            yield put_audit(rows, target, only_if_it_fits=bool(event))
        elif scope != HOUSE or rows:
            yield put_scope(scope, rows, target)


def rows_of(store: SqliteEventStore, scope: str) -> Rows:
    """All rows of a scope, as they travel."""
    with store._reading() as connection:
        return dump(connection, scope)


def _count(rows: Rows) -> int:
    return sum(len(kept["rows"]) for kept in rows.values())


def put_scope(scope: str, rows: Rows, target: SqliteEventStore) -> Moved:
    """Put a scope where nothing of it is, or the same; proven by digest. Raises Conflict, StoreError."""
    digest, there = digest_of(rows), rows_of(target, scope)
    note = ""
    if there:
        note = "was there already"
        if digest_of(there) != digest:
            raise Conflict(_differs(scope))
    elif isinstance(target, SharedEventStore):
        try:
            target.journal.begin(scope, rows, digest, iso(real_now()))
        except Behind:
            raise Conflict(_differs(scope)) from None
        target.follow()
    else:
        _put(target, scope, rows)
    if digest_of(rows_of(target, scope)) != digest:
        raise StoreError(
            f"{_called(scope)} did not arrive as it was sent: do not use the copy, and tell the developers."
        )
    return Moved(scope, _count(rows), digest, note)


def put_audit(rows: Rows, target: SqliteEventStore, *, only_if_it_fits: bool) -> Moved:
    """The audit is one chain over all events: it goes on where the target's is the beginning of it."""
    entries = rows.get("audit", {}).get("rows", [])
    there = rows_of(target, AUDIT).get("audit", {}).get("rows", [])
    if entries[: len(there)] != there:
        if only_if_it_fits:
            return Moved(AUDIT, 0, "", "stays where it is: the target has an audit of its own. Export it there.")
        raise Conflict(
            "The target has an audit of its own, and two chains cannot become one: copy single events with --event."
        )
    for start in range(len(there), len(entries), AUDIT_STEP):
        _put(target, AUDIT, {"audit": {"gone": [], "rows": entries[start : start + AUDIT_STEP]}})
    if rows_of(target, AUDIT).get("audit", {}).get("rows", []) != entries:
        raise StoreError("The audit did not arrive as it was sent: do not use the copy, and tell the developers.")
    note = "was there already" if len(there) == len(entries) else ""
    return Moved(AUDIT, len(entries), digest_of(rows), note)


def _put(target: SqliteEventStore, scope: str, rows: Rows) -> None:
    def put() -> None:
        with target._transaction() as connection:
            put_rows(connection, rows)
            target._bump(connection, scope.removeprefix(EVENT) if scope.startswith(EVENT) else "")

    if isinstance(target, SharedEventStore):
        target.carried_out(put)
    else:
        put()


def _called(scope: str) -> str:
    return f"The event {scope.removeprefix(EVENT)}" if scope.startswith(EVENT) else "What belongs to no event"


def _differs(scope: str) -> str:
    return (
        f"{_called(scope)} is in the target already, and is not the same there: nothing of it was copied. Start from "
        "an empty target"
        + (", or leave it out." if scope.startswith(EVENT) else ", or copy single events with --event.")
    )
