"""The list of jobs, on every page."""

from __future__ import annotations

from deepracer_admin.errors import Conflict
from deepracer_admin.model import Actor, Job, JobItem, JobState, State
from deepracer_admin.services.base import Service
from deepracer_admin.services.people.attendees import AttendeesService

__all__ = ["JobsService"]


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
