"""Where the console keeps what should be and what was last seen.

Three protocols, because they have three lives (architecture.md, Store). `EventStore`: events, attendees, step states,
the mail ledger, jobs, audit, settings, races, leases, pacing. `History`: usage samples and standings snapshots,
always a local file. `Sessions`: sign-in, always a local file. `sqlite.py` is the embedded default, `dynamodb/` the one
that several computers share.

Rules of every implementation: short transactions in batches; every method is safe from any thread; a method that takes
`lease` refuses the write with `LeaseLost` when a holder with a newer epoch exists; a read never blocks on a write.
Each event has a `revision` that grows with every write that a page could see, so that readers can cache by it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from deepracer_admin.model import (
    Again,
    Attendee,
    AuditEntry,
    Delivery,
    DeliveryEvent,
    Event,
    Job,
    JobItem,
    JobState,
    Lease,
    Outcome,
    Profile,
    Race,
    Sending,
    State,
    Step,
    StepRow,
)
from deepracer_admin.store.documents import Records
from deepracer_admin.store.few import Few
from deepracer_admin.store.following import Followed
from deepracer_admin.store.history import History
from deepracer_admin.store.person import Person

__all__ = ["EventStore", "History", "Person", "ProfileLink", "SavedSession", "Sessions"]


@dataclass(frozen=True, slots=True)
class ProfileLink:
    """Which profile belongs to which attendee, and how we know. `how`: created | adopted | manual.

    Only `created` profiles may be deleted at close (this event made them).
    """

    attendee: str
    profile: str
    how: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SavedSession:
    """A signed-in browser. `id_hash` is the SHA-256 of the cookie value; the value itself is never stored."""

    id_hash: str
    oid: str
    tid: str
    name: str
    roles: tuple[str, ...]
    created_at: datetime
    last_seen_at: datetime
    token_cache: bytes = b""  # encrypted MSAL cache
    roles_read_at: datetime | None = None  # when the directory last confirmed `roles`; None: at `created_at`
    email: str = field(default="", repr=False)  # the person's own, "" where the sign-in told none


class EventStore(Records, Followed, Few, Protocol):
    # -- life and settings
    @property
    def mode(self) -> str:
        """ "rehearsal" or "live": a store refuses the other mode when opened (StoreUnusable)."""
        ...

    def revision(self, event: str) -> int: ...

    def damage(self) -> str: ...  # what the file's own check complains about, "" for nothing; seconds for a large one

    def events(self) -> list[Event]: ...

    def event(self, event: str) -> Event:
        """Raises Missing."""
        ...

    def save_event(self, event: Event, *, lease: Lease | None = None) -> None:
        """A new event. One that there is already is changed with `amend_event`, so that nobody's change is lost."""
        ...

    # -- attendees
    def attendees(self, event: str, *, wanted: bool | None = None) -> list[Attendee]:
        """In the order in which they were added."""
        ...

    def attendee(self, event: str, attendee: str) -> Attendee: ...

    def save_attendees(self, event: str, people: Iterable[Attendee]) -> None:
        """Insert new people in one transaction (and those taken back by an undo). Those on the list are changed with
        `amend_attendees`, so that nobody's change is lost. Raises Conflict when an e-mail belongs to another.
        """
        ...

    def amend_attendees(
        self,
        event: str,
        change: Callable[[Attendee], Attendee],
        *,
        ids: Collection[str] | None = None,
        lease: Lease | None = None,
    ) -> list[Attendee]:
        """Read, change and write people (`ids` None: all) in one transaction, so that a page and the worker lose
        nothing of each other's, and nobody who was erased meanwhile comes back; `change` must be quick and pure.
        Returns those who changed; when nobody does, nothing is written. Raises Conflict as `save_attendees`.
        """
        ...

    def delete_attendees(self, event: str, ids: Sequence[str]) -> None:
        """Undo of an import, or erasure: rows, steps, links and ledger of these people."""
        ...

    # -- steps
    def steps(self, event: str, *, step: Step | None = None, states: Collection[State] | None = None) -> list[StepRow]:
        """Rows of all steps and states, or of these."""
        ...

    def waiting_since(self, event: str) -> dict[Step, datetime]:
        """By step: since when the one of the wanted attendees waits who waits longest (WAITING, RETRY or REFUSED; real
        time). Steps at which nobody waits are left out."""
        ...

    def done(self, event: str, step: Step) -> set[str]:
        """Attendee ids of those for whom this step is done, or was so before (State.is_done). One cheap query."""
        ...

    def steps_of(self, event: str, attendee: str) -> list[StepRow]: ...

    def record(self, event: str, outcomes: Iterable[Outcome], *, lease: Lease | None, now: datetime) -> int:
        """Write outcomes (person = attendee id). Counts attempts, sets next_try_at = now + retry_after, appends to
        the person's history when the state or reason changes; an unchanged state writes nothing. Returns rows changed.
        """
        ...

    def reset_steps(self, event: str, attendees: Sequence[str], steps: Sequence[Step]) -> int:
        """Back to TODO, e.g. for retry after a refusal."""
        ...

    def funnel(self, event: str) -> dict[Step, dict[State, int]]:
        """Counts over wanted attendees; those without a row count as TODO."""
        ...

    def history_of(self, event: str, attendee: str) -> list[StepRow]:
        """Every change of state of one person, oldest first (also mails and jobs that touched them)."""
        ...

    # -- profiles as last read, and whose they are
    def save_profiles(self, event: str, profiles: Iterable[Profile], *, seen_at: datetime, lease: Lease | None) -> None:
        """Replace the whole snapshot (a profile that is not listed any more is gone)."""
        ...

    def profiles(self, event: str) -> tuple[list[Profile], datetime | None]:
        """The last snapshot and when it was read."""
        ...

    def link(self, event: str, links: Iterable[ProfileLink], *, lease: Lease | None = None) -> None: ...

    def unlink(self, event: str, attendees: Sequence[str]) -> None: ...

    def hand_over(self, event: str, links: Iterable[ProfileLink], *, lease: Lease | None = None) -> set[str]:
        """Profiles of another event that ends become this one's: who made a profile ends it, so `created` replaces
        what stands here, and whoever has no link gets this one. Decided in one transaction: nothing is taken over by
        an event that is closed, or for somebody who is not wanted. Idempotent. Returns the profiles that changed.
        """
        ...

    def links(self, event: str) -> dict[str, ProfileLink]:
        """By attendee id."""
        ...

    # -- mail ledger
    def plan_deliveries(
        self,
        event: str,
        rows: Iterable[tuple[str, str, int]],
        *,
        campaign: str,
        lease: Lease | None,
        again: Again = Again.NEVER,
    ) -> int:
        """Queue one more mail (PENDING) of (attendee, template, version of its text) for each of whom no mail stands
        against it (`Delivery.stands_against`), decided in the same transaction; returns how many that were.

        `attendee` here, and in all of the ledger, is the id of somebody on the list, or the key of a registration (a
        row of the table `documents.REGISTERED`): its mails go with it. Whoever is neither is left out.
        """
        ...

    def claim_deliveries(
        self,
        event: str,
        campaign: str,
        limit: int,
        *,
        lease: Lease,
        now: datetime,
        versions: Mapping[str, int] | None = None,
    ) -> list[Delivery]:
        """Atomically PENDING (or FAILED-retryable past next_try_at) -> CLAIMED by this lease; returns those.

        `versions`: of the texts that go out now, by template; each mail is stamped with its own.
        """
        ...

    def settle_deliveries(self, event: str, rows: Iterable[Delivery], *, lease: Lease | None, now: datetime) -> None:
        """Write SENT, FAILED, UNKNOWN, SKIPPED or back to PENDING. A row that is already SENT never changes back.

        Without `lease`, a worker that lost its lease may still tell what became of its own claims, as the rows' owner
        and epoch.
        """
        ...

    def expire_claims(self, event: str, *, lease: Lease, now: datetime) -> int:
        """CLAIMED under an older epoch -> UNKNOWN (the holder died between send and record). Returns how many."""
        ...

    def deliveries(
        self, event: str, *, campaign: str | None = None, attendee: str | None = None, state: Sending | None = None
    ) -> list[Delivery]: ...

    def delivery_counts(self, event: str, campaign: str | None = None) -> dict[Sending, int]: ...

    def apply_delivery_events(self, event: str, events: Iterable[DeliveryEvent], *, now: datetime) -> int:
        """Match by key, else by message id; UNKNOWN becomes SENT on any event that proves acceptance."""
        ...

    # -- jobs
    def create_job(self, job: Job, items: Iterable[JobItem] = ()) -> Job:
        """Raises Conflict when a live job of that kind and target exists (a double click is harmless)."""
        ...

    def job(self, job: str) -> Job: ...

    def jobs(self, event: str, *, live: bool | None = None, kind: str | None = None, limit: int = 200) -> list[Job]:
        """Newest first."""
        ...

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
        """Change a job. Raises Conflict when its state is not one of `expect`."""
        ...

    def forget_jobs(self, event: str, *, keep: Sequence[str] = (), lease: Lease | None = None) -> int:
        """Erasure: jobs that have ended keep their kind, their counts and who planned them; what they were about, for
        whom and what they said goes. Sentences of the kinds in `keep`, which name nobody, stay. Returns how many.
        """
        ...

    def save_job_items(self, job: str, items: Iterable[JobItem], *, lease: Lease | None = None) -> None: ...

    def job_items(self, job: str, *, state: State | None = None) -> list[JobItem]: ...

    # -- races, audit
    def save_races(self, event: str, races: Sequence[Race], *, seen_at: datetime, lease: Lease | None) -> None: ...

    def races(self, event: str) -> tuple[list[Race], datetime | None]: ...

    def append_audit(self, entry: AuditEntry) -> AuditEntry:
        """Assigns `seq` and the chained `digest` in the same transaction; append-only."""
        ...

    def audit(self, event: str | None = None, *, limit: int = 1000, before_seq: int | None = None) -> list[AuditEntry]:
        """Newest first."""
        ...

    # -- erasure of one person, after `delete_attendees`
    def take_out(self, event: str, person: Person, *, lease: Lease | None = None) -> dict[str, int]:
        """Out of every table of the event that has no type and no key of theirs: listings of profiles and races, jobs
        and their items, sentences about others. Idempotent. Returns the rows changed, by table.
        """
        ...

    def redact_audit(
        self, event: str, person: Person, told: Callable[[Mapping[str, str]], AuditEntry], *, lease: Lease | None = None
    ) -> int:
        """Out of the audit, which keeps the fact and not the person: targets and values of entries are blanked, and
        `told` makes the entry that is appended in the same transaction from what those entries are now, number ->
        digest, so that the chain can still be verified (rules/audit.py). Idempotent. Returns how many entries.
        """
        ...

    def compact(self) -> None:
        """Write the store's file anew, so that nothing stands in room that was given back. Seconds for a large file."""
        ...

    # -- leases and pacing (real time)
    def acquire(self, name: str, holder: str, *, ttl_s: float, now: datetime) -> Lease | None:
        """The lease when it is free, expired or ours; None when another holds it. A new holder raises the epoch."""
        ...

    def renew(self, lease: Lease, *, ttl_s: float, now: datetime) -> Lease:
        """Raises LeaseLost."""
        ...

    def release(self, lease: Lease) -> None: ...

    def leases(self) -> list[Lease]: ...

    def take_tokens(self, name: str, wanted: int, *, rate: float, burst: int, now: datetime) -> tuple[int, float]:
        """Lease up to `wanted` tokens of a bucket shared by all processes; returns (granted, seconds until more)."""
        ...

    def close(self) -> None: ...


class Sessions(Protocol):
    """Signed-in browsers, sign-in flows under way, delegations; local SQLite. Real time throughout."""

    def save_flow(self, flow_hash: str, flow: Mapping[str, Any], *, expires_at: datetime) -> None: ...

    def take_flow(self, flow_hash: str, *, now: datetime) -> Mapping[str, Any] | None:
        """Single use: read and delete in one transaction; None when unknown or expired."""
        ...

    def create(self, session: SavedSession) -> None: ...

    def lookup(self, id_hash: str) -> SavedSession | None: ...

    def touch(self, id_hash: str, *, at: datetime) -> None: ...

    def save_token_cache(self, id_hash: str, cache: bytes) -> None: ...

    def save_roles(self, id_hash: str, roles: Sequence[str], *, at: datetime) -> None:
        """What the directory says about this person's roles now. Never brings a revoked session back."""
        ...

    def revoke(self, id_hash: str) -> None: ...

    def revoke_person(self, oid: str) -> int: ...

    def all(self) -> list[SavedSession]: ...

    def save_delegation(self, oid: str, name: str, cache: bytes, *, at: datetime) -> None:
        """The encrypted token cache with which the worker acts for this person."""
        ...

    def renew_delegation(self, oid: str, cache: bytes, *, at: datetime) -> bool:
        """A newer cache for a delegation that is still there; a dropped one stays dropped. False when there is none."""
        ...

    def drop_delegation(self, oid: str) -> bool:
        """The worker no longer acts for this person. False when it did not."""
        ...

    def delegations(self) -> list[tuple[str, str, datetime]]:
        """(oid, name, saved at) of everybody the worker may act for, by name."""
        ...

    def delegation(self, oid: str) -> tuple[bytes, str, datetime] | None:
        """(cache, name, saved at)."""
        ...

    def purge(self, *, now: datetime) -> int: ...

    def close(self) -> None: ...
