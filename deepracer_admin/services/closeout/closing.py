"""Close page, Audit page and the list of jobs."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from deepracer_admin.counted import counted
from deepracer_admin.errors import BadInput, Conflict, Missing
from deepracer_admin.flows.closeout.run import has_ended
from deepracer_admin.flows.closeout.steps import CloseStep, steps_for
from deepracer_admin.flows.readings.needed_elsewhere import sponsors_elsewhere, stored_elsewhere
from deepracer_admin.model import Actor, AuditEntry, Event, Job, JobItem, JobState, State
from deepracer_admin.records.closing import CLOSING_STEPS, PROOF, ClosingStep, Skip, StillIn
from deepracer_admin.records.limits import SPONSORSHIP
from deepracer_admin.rules.audit import export_rows, select, verify
from deepracer_admin.rules.shared_people import Elsewhere
from deepracer_admin.rules.tabular import inert_csv
from deepracer_admin.services.base import Service
from deepracer_admin.services.closeout.certificate import certificate
from deepracer_admin.services.people.attendees import AttendeesService

__all__ = ["AuditService", "CloseView", "CloseoutService", "JobsService"]

SHORTEST_REASON = 3  # letters
EVERYTHING = 1_000_000
"""More audit entries than an installation ever writes."""


@dataclass(frozen=True, slots=True)
class CloseView:
    """The steps in the only safe order, each with its evidence, and who can still sign in (seen at the service)."""

    steps: Sequence[tuple[CloseStep, JobItem | None]]
    job: Job | None
    closed_at: datetime | None
    can_still_sign_in: Sequence[StillIn] | None  # None: not read back by this close-out
    read_back_at: datetime | None
    created_profiles: int
    adopted_profiles: int
    in_group: int | None
    group_before: int = 0  # of the list, in the group since before the event
    in_identity_center: int | None = None  # None: not asked, or the service has no use for it
    source: str = "the racing service"  # what the list of people was read from
    managed: bool = False
    not_known: Sequence[StillIn] = ()  # of whom the service's answers prove nothing either way
    elsewhere: Sequence[StillIn] = ()  # who can, because another open event wants them
    shared: Sequence[tuple[str, int]] = ()  # other open events' names, and how many people of this one each needs
    kept_profiles: int = 0  # linked profiles that another open event needs, counted in neither of the two above
    sponsoring: Sequence[str] = ()  # other open events that sponsor people on the same service
    settle: str = ""  # what would settle it, a sentence
    rows: Mapping[str, ClosingStep] = field(default_factory=dict)  # by step: when it was read back, what is left

    def read_back(self, step: str) -> datetime | None:
        """When the evidence of this step was read (real time)."""
        return self.rows[step].read_back_at if step in self.rows else None

    @property
    def waiting(self) -> CloseStep | None:
        """The step that is being tried now; None while no close-out runs."""
        if self.job is None or not self.job.state.is_live:
            return None
        return next((step for step, item in self.steps if item is not None and not has_ended(item)), None)

    @property
    def shared_facts(self) -> list[str]:
        """What closing leaves alone because another open event needs it; a sentence each."""
        facts = [
            f"{counted(people, 'person is', 'people are')} in “{name}” too, which is open: they keep their profile, "
            "models and membership of a group that both fill, and that event ends them."
            for name, people in self.shared
        ]
        what = "Multi-user mode stays on" if self.managed else "The limits of new profiles stay as they are"
        return facts + [
            f"{what}: “{name}” sponsors people on the same service, and its close-out ends it."
            for name in self.sponsoring
        ]

    @property
    def models_fact(self) -> str:
        """Whose models closing deletes, before it is started: all of a profile's, not this event's alone."""
        whose = counted(self.created_profiles + self.adopted_profiles, "profile")
        if not self.adopted_profiles:
            return f"Models of {whose} are deleted."
        return (
            f"Models of {whose} are deleted; {self.adopted_profiles:,} of them had a profile before this event: "
            "their older models go too."
        )


class CloseoutService(Service):
    """What the Close page calls."""

    def view(self, actor: Actor) -> CloseView:
        """The steps with their evidence, from the last close-out job."""
        self._authorise(actor, "closeout.view")
        event = self._event()
        job = next(iter(self.store.jobs(event.id, kind="closeout", limit=1)), None)
        items = {item.key: item for item in self.store.job_items(job.id)} if job else {}
        managed = self._kind(event, items) == "managed"
        default = self.house.settings.racing
        needed = stored_elsewhere(self.store, event, default)
        everything = self.store.links(event.id).values()
        links = [link for link in everything if link.profile not in needed.profiles]
        since = self._came_since(event) - needed.profiles
        made = len(since) if managed else sum(1 for link in links if link.how == "created")
        proof = self.store.read(event.id, PROOF)
        if proof is None or (job is not None and proof.job not in ("", job.id)):
            proof = None  # another close-out's: this one has not read anything back yet
        rows = self.store.rows(event.id, CLOSING_STEPS)
        return CloseView(
            steps=[
                (step, items.get(step.key))
                for step in steps_for(self._kind(event, items))
                if not items or step.key in items
            ],
            job=job,
            closed_at=event.closed_at,
            can_still_sign_in=proof.can_still_sign_in if proof else None,
            read_back_at=proof.as_of if proof else None,
            created_profiles=made,
            adopted_profiles=len(links) - made,
            in_group=proof.in_group if proof else None,
            group_before=proof.group_before if proof else 0,
            in_identity_center=proof.in_identity_center if proof else None,
            source=proof.source if proof else "the racing service",
            managed=managed,
            not_known=proof.not_known if proof else (),
            elsewhere=proof.elsewhere if proof else (),
            shared=_shared(needed),
            kept_profiles=len(everything) - len(links),
            sponsoring=[other.name for other in sponsors_elsewhere(self.store, event, default)],
            settle=proof.settle if proof else "",
            rows={key: row for key, row in rows.items() if job is not None and row.job == job.id},
        )

    def _came_since(self, event: Event) -> set[str]:
        """Linked profiles that appeared since this event turned the mode on: nobody is invited there (parting.py)."""
        since = self.store.read(event.id, SPONSORSHIP).since
        if since is None:
            return set()
        linked = {link.profile for link in self.store.links(event.id).values()}
        listed = self.store.profiles(event.id)[0]
        return {each.id for each in listed if each.id in linked and each.created_at and each.created_at >= since}

    def _kind(self, event: Event, items: Mapping[str, JobItem]) -> str:
        """The steps that were planned tell the service; else it is the event's."""
        if items:
            return "managed" if "cycle" in items else "on_aws"
        return event.service or self.house.settings.racing

    def start(self, actor: Actor, *, typed_name: str, wait_for_results: bool = True) -> Job:
        """Close everything, in the only safe order; needs the event's name typed. Safe to press again after a stop.

        `wait_for_results` False: submissions that are still on their way are not waited for, and may be lost.
        """
        self._authorise(actor, "closeout.run")
        event = self._event()
        if typed_name.strip() != event.name:
            raise BadInput("Type the event's name exactly as it stands to close the event.")
        items = [JobItem(job="", key=step.key, state=State.TODO) for step in steps_for(self._kind(event, {}))]
        return self._plan_job(
            actor, "closeout.run", "closeout", target=event.id, plan={"wait": wait_for_results}, items=items
        )

    def skip(self, actor: Actor, step: str, *, reason: str) -> None:
        """Go on without this step of the close-out that runs: it ends at its next try, with what is left named.

        Raises BadInput without a reason, Missing for an unknown step, Conflict when it has ended or nothing runs.
        """
        self._authorise(actor, "closeout.run", target=step)
        event = self._event()
        why = " ".join(reason.split())[:300]
        if len(why) < SHORTEST_REASON:
            raise BadInput("Reason: say in a few words why the event is closed without this step.")
        job = next(iter(self.store.jobs(event.id, kind="closeout", live=True)), None)
        if job is None:
            raise Conflict("No close-out is running, so there is nothing to skip; start it first.")
        items = {item.key: item for item in self.store.job_items(job.id)}
        if step not in items:
            raise Missing("This close-out has no such step; reload the page.")
        if has_ended(items[step]):
            raise Conflict("This step has ended meanwhile; reload the page.")
        skip = Skip(actor.oid, actor.name, why, self.clock.now())

        def change(rows: Mapping[str, ClosingStep]) -> dict[str, ClosingStep]:
            kept = rows.get(step, ClosingStep())
            return {step: replace(kept if kept.job == job.id else ClosingStep(job.id), skip=skip)}

        self.store.change_rows(event.id, CLOSING_STEPS, change, keys=[step])
        self._audit(actor, "closeout.run", target=step, after="skipped", job=job.id)

    def export(self, actor: Actor) -> Mapping[str, bytes]:
        """The export files that the close-out wrote: name -> content."""
        self._authorise(actor, "closeout.run")
        event = self._event()
        folder = self.house.settings.home / "exports" / event.id
        files = {path.name: path.read_bytes() for path in sorted(folder.glob("*"))} if folder.is_dir() else {}
        self._audit(actor, "closeout.run", target="export", count=len(files))
        return files

    def export_zip(self, actor: Actor) -> bytes:
        """The same files and the certificate in one ZIP archive."""
        files = {**self.export(actor), "certificate.txt": self.certificate(actor).encode()}
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return out.getvalue()

    def certificate(self, actor: Actor) -> str:
        """What was done and read back, as plain text to hand over; names nobody."""
        view = self.view(actor)
        entries = self.store.audit(None, limit=1)
        return certificate(
            self._event(),
            view.steps,
            view.rows,
            can_still_sign_in=None if view.can_still_sign_in is None else len(view.can_still_sign_in),
            in_group=view.in_group,
            group_before=view.group_before,
            in_identity_center=view.in_identity_center,
            not_known=len(view.not_known),
            settle=view.settle,
            elsewhere=len(view.elsewhere),
            proof_at=view.read_back_at,
            last_audit=entries[0] if entries else None,
            rehearsal=self.house.settings.rehearsal,
        )


def _shared(needed: Elsewhere) -> list[tuple[str, int]]:
    """How many people each other open event needs, by its name."""
    found: dict[str, set[str]] = {key: set() for key in needed.names}
    for person, events in (*needed.access.items(), *needed.group.items()):
        for key in events:
            found[key].add(person)
    return [(needed.names[key], len(people)) for key, people in found.items() if people]


class AuditService(Service):
    """What the Audit page calls."""

    def entries(self, actor: Actor, *, text: str = "", action: str = "", limit: int = 1000) -> list[AuditEntry]:
        """Newest first, filtered by a word in any field and by the action's name."""
        self._authorise(actor, "audit.view")
        rows = self.store.audit(None, limit=EVERYTHING if text.strip() or action else limit)
        return select(rows, words=text, action=action)[:limit]

    def newest(self, actor: Actor) -> int:
        """The newest entry's number, 0 when there is none: pages cache by it."""
        self._authorise(actor, "audit.view")
        rows = self.store.audit(None, limit=1)
        return rows[0].seq if rows else 0

    def verify(self, actor: Actor) -> tuple[int, int | None]:
        """(entries checked, first broken sequence number or None)."""
        self._authorise(actor, "audit.view")
        rows = list(reversed(self.store.audit(None, limit=EVERYTHING)))
        return len(rows), verify(rows)

    def export(self, actor: Actor) -> bytes:
        """All entries as CSV, inert in spreadsheets."""
        self._authorise(actor, "audit.export")
        rows = list(reversed(self.store.audit(None, limit=EVERYTHING)))
        table = export_rows(rows)
        columns = [*table[0]] if table else ["seq"]
        self._audit(actor, "audit.export", count=len(rows))
        return inert_csv([[*line.values()] for line in table], columns)


class JobsService(Service):
    """Jobs with their items; cancel and undo."""

    def list(self, actor: Actor, *, live: bool | None = None, limit: int = 50) -> list[Job]:
        """Newest first."""
        self._authorise(actor, "jobs.view")
        event = self.event()
        return self.store.jobs(event.id, live=live, limit=limit) if event else []

    def items(self, actor: Actor, job: str) -> list[JobItem]:
        """Per-person results of one job."""
        self._authorise(actor, "jobs.view")
        return self.store.job_items(self._job(job).id)

    def cancel(self, actor: Actor, job: str) -> Job:
        """Stop after the batch under way; what was done stays done."""
        self._authorise(actor, "jobs.control", target=job)
        changed = self.store.update_job(
            self._job(job).id,
            state=JobState.CANCELLED,
            expect=(JobState.PLANNED, JobState.RUNNING, JobState.PAUSED),
            now=self.clock.now(),
        )
        self._audit(actor, "jobs.control", target=job, after="cancelled")
        return changed

    def undo(self, actor: Actor, job_id: str) -> Job:
        """Write the former desired state back, as a new job of the same kind."""
        self._authorise(actor, "jobs.control", target=job_id)
        job = self._job(job_id)
        if job.kind == "roster.import":
            return AttendeesService(self.house, self.event_id).undo_import(actor, job_id)
        if not job.undoable or job.state is not JobState.DONE:
            raise Conflict("This job cannot be undone: it is not finished, or its kind has no undo.")
        items = [
            JobItem(job="", key=item.key, state=State.TODO, before=item.after, after=item.before)
            for item in self.store.job_items(job_id)
            if item.before is not None
        ]
        plan = {**job.plan, "undo_of": job_id}
        if job.kind == "sponsor":
            plan["active"] = not job.plan["active"]
            items = [
                JobItem(job="", key=item.key, state=State.TODO, after={"active": plan["active"]})
                for item in self.store.job_items(job_id)
            ]
        undo = self._plan_job(actor, "jobs.control", job.kind, target=job.target, plan=plan, items=items)
        self.store.update_job(job_id, state=JobState.UNDONE, expect=(JobState.DONE,), now=self.clock.now())
        return undo
