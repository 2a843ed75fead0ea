"""Jobs with their items, and the audit."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from deepracer_admin.clock import iso, parse_iso
from deepracer_admin.errors import Conflict, Missing
from deepracer_admin.model import AuditEntry, Job, JobItem, JobState, Lease, State
from deepracer_admin.store.chain import GENESIS, digest
from deepracer_admin.store.codec import encode, instant, plain, text
from deepracer_admin.store.sqlite_base import real_now
from deepracer_admin.store.sqlite_ledger import LedgerPart

__all__ = ["JobsPart", "entry_of"]

ALREADY_RUNS = "The same work is already planned or running: open it under Jobs, and wait for it or cancel it."


class JobsPart(LedgerPart):
    # -- jobs

    def create_job(self, job: Job, items: Iterable[JobItem] = ()) -> Job:
        """See EventStore.create_job. A job without times gets the real time of now."""
        created_at = job.created_at or real_now()
        with self._writing() as connection:
            try:
                connection.execute(
                    "INSERT INTO jobs (id, event, kind, target, state, plan, result, total, done, failed, sentence,"
                    " undoable, created_by, created_by_name, created_at, changed_at)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (job.id, job.event, job.kind, job.target, job.state, encode(job.plan), encode(job.result),
                     job.total, job.done, job.failed, job.sentence, job.undoable, job.created_by, job.created_by_name,
                     iso(created_at), iso(job.changed_at or created_at)),
                )  # fmt: skip
            except sqlite3.IntegrityError as error:
                raise Conflict(ALREADY_RUNS) from error
            self._write_items(connection, job.id, items)
            self._bump(connection, job.event)
            return self._job(connection, job.id)

    def job(self, job: str) -> Job:
        with self._reading() as connection:
            return self._job(connection, job)

    def _job(self, connection: sqlite3.Connection, job: str) -> Job:
        row = connection.execute("SELECT * FROM jobs WHERE id = ?", (job,)).fetchone()
        if row is None:
            raise Missing("There is no such job: open the list of jobs and choose one.")
        return _job_of(row)

    def jobs(self, event: str, *, live: bool | None = None, kind: str | None = None, limit: int = 200) -> list[Job]:
        name = ("jobs", live, kind, limit)
        return [*self._as_before(event, name, lambda: self._read_jobs(event, live, kind, limit), lambda jobs: not jobs)]

    def _read_jobs(self, event: str, live: bool | None, kind: str | None, limit: int) -> list[Job]:
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT * FROM jobs WHERE event = :event AND (:kind IS NULL OR kind = :kind)"
                " AND (:live IS NULL OR (state IN ('planned', 'running', 'paused')) = :live)"
                " ORDER BY position DESC LIMIT :limit",
                {"event": event, "kind": kind, "live": live, "limit": limit},
            ).fetchall()
        return [_job_of(row) for row in rows]

    def forget_jobs(self, event: str, *, keep: Sequence[str] = (), lease: Lease | None = None) -> int:
        """See EventStore.forget_jobs."""
        kept = encode([*keep])
        with self._writing(lease) as connection:
            connection.execute(
                "UPDATE job_items SET before = NULL, after = NULL,"
                " sentence = CASE WHEN (SELECT kind FROM jobs WHERE id = job) IN (SELECT value FROM json_each(?))"
                " THEN sentence ELSE '' END WHERE job IN (SELECT id FROM jobs WHERE event = ?)",
                (kept, event),
            )
            blanked = connection.execute(
                "UPDATE jobs SET plan = '{}', result = '{}', target = id,"
                " sentence = CASE WHEN kind IN (SELECT value FROM json_each(?)) THEN sentence ELSE '' END"
                " WHERE event = ? AND state NOT IN ('planned', 'running', 'paused')",
                (kept, event),
            ).rowcount
            self._bump(connection, event)
        self._truncate_log()
        return blanked

    def update_job(
        self,
        job: str,
        *,
        state: JobState | None = None,
        done: int | None = None,
        failed: int | None = None,
        total: int | None = None,
        sentence: str | None = None,
        result: Mapping[str, Any] | None = None,
        expect: Sequence[JobState] = (),
        lease: Lease | None = None,
        now: datetime,
    ) -> Job:
        with self._writing(lease) as connection:
            current = self._job(connection, job)
            if expect and current.state not in expect:
                raise Conflict(f"This job is {current.state} by now, so this was not done: reload the page.")
            given = {"state": state, "done": done, "failed": failed, "total": total, "sentence": sentence}
            changes = {name: value for name, value in given.items() if value is not None}
            changed = replace(current, **changes, result=current.result if result is None else result)
            try:
                connection.execute(
                    "UPDATE jobs SET state = ?, done = ?, failed = ?, total = ?, sentence = ?, result = ?,"
                    " changed_at = ? WHERE id = ?",
                    (changed.state, changed.done, changed.failed, changed.total, changed.sentence,
                     encode(changed.result), iso(now), job),
                )  # fmt: skip
            except sqlite3.IntegrityError as error:
                raise Conflict(ALREADY_RUNS) from error
            self._bump(connection, current.event)
            return self._job(connection, job)

    def save_job_items(self, job: str, items: Iterable[JobItem], *, lease: Lease | None = None) -> None:
        """Insert or update by key. Raises Missing when there is no such job."""
        with self._writing(lease) as connection:
            event = self._job(connection, job).event
            self._write_items(connection, job, items)
            self._bump(connection, event)

    def job_items(self, job: str, *, state: State | None = None) -> list[JobItem]:
        """In the order in which they were first saved."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT * FROM job_items WHERE job = :job AND (:state IS NULL OR state = :state) ORDER BY position",
                {"job": job, "state": state},
            ).fetchall()
        return [
            JobItem(
                job=row["job"],
                key=row["key"],
                state=State(row["state"]),
                reason=row["reason"],
                sentence=row["sentence"],
                before=plain(row["before"]),
                after=plain(row["after"]),
            )
            for row in rows
        ]

    def _write_items(self, connection: sqlite3.Connection, job: str, items: Iterable[JobItem]) -> None:
        now = iso(real_now())
        connection.executemany(
            "INSERT INTO job_items (job, key, state, reason, sentence, before, after, changed_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (job, key) DO UPDATE SET state = excluded.state,"
            " reason = excluded.reason, sentence = excluded.sentence, before = excluded.before,"
            " after = excluded.after, changed_at = excluded.changed_at",
            [
                (job, item.key, item.state, item.reason, item.sentence, text(item.before), text(item.after), now)
                for item in items
            ],
        )

    # -- audit

    def append_audit(self, entry: AuditEntry) -> AuditEntry:
        """See EventStore.append_audit. `seq` counts over all events, so the chain is verified over all of them."""
        with self._writing() as connection:
            return self._append(connection, entry)

    def _append(self, connection: sqlite3.Connection, entry: AuditEntry) -> AuditEntry:
        last = connection.execute("SELECT seq, digest FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
        previous, seq = (GENESIS, 1) if last is None else (last["digest"], last["seq"] + 1)
        entry = replace(
            entry,
            seq=seq,
            at=parse_iso(iso(entry.at)),
            before=plain(text(entry.before)),
            after=plain(text(entry.after)),
        )
        entry = replace(entry, digest=digest(previous, entry))
        connection.execute(
            "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (entry.seq, iso(entry.at), entry.event, entry.actor, entry.actor_name, entry.role, entry.action,
             entry.target, entry.count, text(entry.before), text(entry.after), entry.allowed, entry.job,
             entry.on_behalf_of, entry.digest),
        )  # fmt: skip
        self._bump(connection, entry.event)
        return entry

    def audit(self, event: str | None = None, *, limit: int = 1000, before_seq: int | None = None) -> list[AuditEntry]:
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT * FROM audit WHERE (:event IS NULL OR event = :event)"
                " AND (:before IS NULL OR seq < :before) ORDER BY seq DESC LIMIT :limit",
                {"event": event, "before": before_seq, "limit": limit},
            ).fetchall()
        return [entry_of(row) for row in rows]


def _job_of(row: sqlite3.Row) -> Job:
    return Job(
        id=row["id"],
        event=row["event"],
        kind=row["kind"],
        target=row["target"],
        state=JobState(row["state"]),
        plan=plain(row["plan"]),
        result=plain(row["result"]),
        total=row["total"],
        done=row["done"],
        failed=row["failed"],
        sentence=row["sentence"],
        undoable=bool(row["undoable"]),
        created_by=row["created_by"],
        created_by_name=row["created_by_name"],
        created_at=instant(row["created_at"]),
        changed_at=instant(row["changed_at"]),
    )


def entry_of(row: sqlite3.Row) -> AuditEntry:
    """An entry as it stands in the table `audit`."""
    return AuditEntry(
        seq=row["seq"],
        at=parse_iso(row["at"]),
        event=row["event"],
        actor=row["actor"],
        actor_name=row["actor_name"],
        role=row["role"],
        action=row["action"],
        target=row["target"],
        count=row["count"],
        before=plain(row["before"]),
        after=plain(row["after"]),
        allowed=bool(row["allowed"]),
        job=row["job"],
        on_behalf_of=row["on_behalf_of"],
        digest=row["digest"],
    )
