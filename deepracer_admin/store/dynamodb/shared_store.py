"""The EventStore of a shared table: this computer's copy, whose every transaction goes through the table's journal.

What if the process dies? Before the journal has the change: nobody has it, and the copy rolls back. After it, and
before the copy has it: the copy is behind by one and takes it from the journal like anybody's.
"""

from __future__ import annotations

import logging
import random
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

from deepracer_admin.clock import iso
from deepracer_admin.errors import BadInput, ConsoleError, StoreError, StoreUnusable
from deepracer_admin.model import Lease
from deepracer_admin.store.dynamodb.copy_file import CopyFile
from deepracer_admin.store.dynamodb.journal import Behind, Journal
from deepracer_admin.store.dynamodb.rows import changed_rows
from deepracer_admin.store.dynamodb.shared_leases import SharedLeases
from deepracer_admin.store.dynamodb.table import SharedTable
from deepracer_admin.store.dynamodb.table_facts import admit
from deepracer_admin.store.sqlite import SqliteEventStore
from deepracer_admin.store.sqlite_base import real_now

__all__ = ["FOLLOW_EVERY_S", "SharedEventStore", "open_shared_store"]

log = logging.getLogger(__name__)

T = TypeVar("T")
Method = TypeVar("Method", bound=Callable[..., Any])

FOLLOW_EVERY_S = 1.0
MOST_PAUSE_S = 15.0  # between two looks at a table that cannot be reached
MOST_ROUNDS = 100  # in which others were faster; each of them means that somebody else was served


def shared(method: Method, *, erases: bool = False) -> Method:
    """A changing method of the embedded store, as a change of the table: carried out again when others were faster.

    `erases`: what was there before must not stay in the journal either.
    """

    @wraps(method)
    def call(self: SharedEventStore, *args: Any, **kwargs: Any) -> Any:
        given = [[*value] if isinstance(value, Iterator) else value for value in args]
        named = {name: [*value] if isinstance(value, Iterator) else value for name, value in kwargs.items()}
        return self.carried_out(lambda: method(self, *given, **named), erases=erases)

    return cast(Method, call)


class SharedEventStore(CopyFile):
    """See the package. `follow_every_s` 0: nobody follows in the background; `follow()` does it once."""

    def __init__(
        self, path: Path, table: SharedTable, mode: str, *, follow_every_s: float = FOLLOW_EVERY_S, key_print: str = ""
    ) -> None:
        self._table = table
        self._shared_leases = SharedLeases(table)
        self._changing = 0  # how deep in `carried_out`
        self._erases = False
        self._checked: list[Lease] = []
        self._taken_over: dict[str, tuple[str, int]] = {}  # lease -> holder and epoch that have seen all before them
        self._followed_at: datetime | None = None
        self._trouble = ""
        self._key_print = key_print
        self._admitted = False
        super().__init__(path, mode, Journal(table, writer=secrets.token_hex(8)))
        try:
            self.follow()
        except StoreError as error:
            if isinstance(error, StoreUnusable) or not self.holds_copy:
                CopyFile.close(self)
                raise
            self._trouble = error.sentence
            log.warning("the shared table was not read: %s", error.sentence)
        self._stopping = threading.Event()
        self._follower: threading.Thread | None = None
        if follow_every_s:
            self._follower = threading.Thread(
                target=self._keep_following, args=(follow_every_s,), name="store-follower", daemon=True
            )
            self._follower.start()

    # -- following

    @property
    def followed_at(self) -> datetime | None:
        """See EventStore.followed_at."""
        return self._followed_at

    @property
    def trouble(self) -> str:
        """See EventStore.trouble."""
        return self._trouble

    def follow(self) -> None:
        """Take over what others changed, once. Raises StoreUnusable when the table is not ours, StoreError."""
        if not self._admitted:
            self.tell_table(admit(self._table, self.mode, self._key_print))
            self._admitted = True
        began = real_now()
        heads = self.journal.heads()
        if self.scopes - {head.scope for head in heads}:
            raise StoreUnusable(
                f"The table {self._table.name} was emptied or replaced: start the console again, so that it takes a "
                "new copy."
            )
        self._shared_leases.look()
        for head in heads:
            if self.known(head.scope)[1] != head.tx:
                self.catch_up(head)
        self._followed_at, self._trouble = began, ""
        for head in heads:
            self.tidy(head)

    def _keep_following(self, every_s: float) -> None:
        pause = every_s
        while not self._stopping.wait(pause):
            try:
                self.follow()
                pause = every_s
            except ConsoleError as error:
                self._trouble = error.sentence
                pause = min(pause * 2, MOST_PAUSE_S)
                log.info("the shared table was not read: %s", error.sentence)
            except Exception:
                pause = MOST_PAUSE_S
                log.exception("the shared table was not followed")

    # -- changing

    def carried_out(self, change: Callable[[], T], *, erases: bool = False) -> T:
        """Carry out a change until nobody else is faster. Raises StoreError after 100 rounds, and what it raises."""
        with self._lock:
            lost, outer = 0, self._erases
            self._changing, self._erases = self._changing + 1, erases
            try:
                if erases:
                    self.catch_up_all()  # also what was written a moment ago
                while True:
                    try:
                        return change()
                    except (StoreError, BadInput):
                        raise
                    except ConsoleError:  # judged by a copy that may be behind
                        if not self.catch_up_all():
                            raise
                        continue
                    except Behind:
                        lost += 1
                        if lost == MOST_ROUNDS:
                            raise StoreError(
                                "Others change the same event all the time; nothing was saved. Try again in a minute."
                            ) from None
                    time.sleep(random.uniform(0.0, min(0.5, 0.02 * 2**lost)))  # noqa: S311 - so that they do not meet again
                    self.catch_up_all()
            finally:
                self._changing, self._erases = self._changing - 1, outer

    @contextmanager
    def _transaction(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """As the embedded store's; what it changed is in the table's journal before the copy has it."""
        with self._lock:
            if not self._changing:
                raise AssertionError("a change that does not go through the shared table")
            self._checked = []
            # The copy can always be made anew, so it need not outlive a power cut: its log is not flushed each time.
            with super()._transaction(durable=False) as connection:
                connection.execute("DELETE FROM touched")
                yield connection
                if changes := changed_rows(connection):
                    self._publish(connection, changes)

    def _publish(self, connection: sqlite3.Connection, changes: Mapping[str, Any]) -> None:
        if not self._admitted:
            self.follow_later()
        tx = secrets.token_hex(16)
        known = {scope: self.known(scope, connection) for scope in changes}
        self.journal.publish(tx, iso(real_now()), changes, known, self._checked, erases=self._erases)
        for scope, (number, _) in known.items():
            self.know(connection, scope, number + 1, tx)
        self.last_changed = [*changes]

    def follow_later(self) -> None:
        """The table was not reached yet, so whether it is ours is not known: nothing is written to it. Raises."""
        raise StoreError(f"{self._trouble or 'The shared table was not reached yet.'} Nothing was saved.")

    def _fence(self, connection: sqlite3.Connection, lease: Lease) -> None:
        """The table checks the lease in the write itself."""
        self._checked.append(lease)

    def _truncate_log(self) -> None:
        """After an erasure: in the table, too. What cannot be done now is done by whoever follows next."""
        super()._truncate_log()
        if self._erases:
            for scope in self.last_changed:
                with suppress(StoreError):
                    self.tidy(self.journal.head(scope))

    save_event = shared(SqliteEventStore.save_event)
    amend_event = shared(SqliteEventStore.amend_event)
    save_races = shared(SqliteEventStore.save_races)
    update = shared(SqliteEventStore.update)
    keep = shared(SqliteEventStore.keep)
    forget = shared(SqliteEventStore.forget, erases=True)
    change_rows = shared(SqliteEventStore.change_rows)
    save_attendees = shared(SqliteEventStore.save_attendees)
    amend_attendees = shared(SqliteEventStore.amend_attendees)
    delete_attendees = shared(SqliteEventStore.delete_attendees, erases=True)
    save_profiles = shared(SqliteEventStore.save_profiles)
    link = shared(SqliteEventStore.link)
    unlink = shared(SqliteEventStore.unlink)
    hand_over = shared(SqliteEventStore.hand_over)
    record = shared(SqliteEventStore.record)
    reset_steps = shared(SqliteEventStore.reset_steps)
    plan_deliveries = shared(SqliteEventStore.plan_deliveries)
    claim_deliveries = shared(SqliteEventStore.claim_deliveries)
    settle_deliveries = shared(SqliteEventStore.settle_deliveries)
    apply_delivery_events = shared(SqliteEventStore.apply_delivery_events)
    create_job = shared(SqliteEventStore.create_job)
    update_job = shared(SqliteEventStore.update_job)
    forget_jobs = shared(SqliteEventStore.forget_jobs, erases=True)
    save_job_items = shared(SqliteEventStore.save_job_items)
    append_audit = shared(SqliteEventStore.append_audit)
    take_out = shared(SqliteEventStore.take_out, erases=True)
    redact_audit = shared(SqliteEventStore.redact_audit, erases=True)

    def expire_claims(self, event: str, *, lease: Lease, now: datetime) -> int:
        """See EventStore.expire_claims. Whose lease still runs is asked of the table first."""
        running = self._shared_leases.look()

        def change() -> int:
            self.put_leases(running)
            return SqliteEventStore.expire_claims(self, event, lease=lease, now=now)

        return self.carried_out(change)

    # -- leases and pacing: items of their own

    def acquire(self, name: str, holder: str, *, ttl_s: float, now: datetime) -> Lease | None:
        """See EventStore.acquire. A new holder first takes over all that its predecessor wrote: whatever that one
        writes from now on is refused."""
        lease = self._shared_leases.acquire(name, holder, ttl_s=ttl_s, now=now)
        if lease is not None and self._taken_over.get(name) != (holder, lease.epoch):
            self.catch_up_all()
            self._taken_over[name] = (holder, lease.epoch)
        return lease

    def renew(self, lease: Lease, *, ttl_s: float, now: datetime) -> Lease:
        return self._shared_leases.renew(lease, ttl_s=ttl_s, now=now)

    def release(self, lease: Lease) -> None:
        self._shared_leases.release(lease)

    def leases(self) -> list[Lease]:
        return self._shared_leases.all()

    def take_tokens(self, name: str, wanted: int, *, rate: float, burst: int, now: datetime) -> tuple[int, float]:
        return self._shared_leases.take_tokens(name, wanted, rate=rate, burst=burst, now=now)

    def close(self) -> None:
        self._stopping.set()
        if self._follower is not None:
            self._follower.join(timeout=30)
            self._follower = None
        super().close()
        self._table.close()


def open_shared_store(
    folder: Path, table: SharedTable, mode: str, *, follow_every_s: float = FOLLOW_EVERY_S, key_print: str = ""
) -> SharedEventStore:
    """The copy in `folder` of `table`, of "rehearsal" or "live". Raises StoreUnusable, StoreError: no copy is there yet
    and the table cannot be reached.
    """
    path = folder / f"shared-{table.name}.sqlite"
    return SharedEventStore(path, table, mode, follow_every_s=follow_every_s, key_print=key_print)
