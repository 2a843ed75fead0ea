"""Job `models.look`: the models of one profile, and since when each is as it is.

What if it dies here? Nothing was changed anywhere; the job is worked on again.
"""

from __future__ import annotations

from deepracer_admin.counted import counted
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Job, Lease
from deepracer_admin.records.profile_models import PROFILE_MODELS, ModelSeen, ProfileModels

__all__ = ["ModelsLookHandler"]


class ModelsLookHandler:
    """Plan: `profile`, an id."""

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        profile, now = str(job.plan["profile"]), ports.clock.event_now()
        listed = [model for model in ports.racing().models([profile]) if model.profile_id == profile]
        before = ports.store.row(job.event, PROFILE_MODELS, profile)
        known = {(each.id, each.status): each.since for each in before.models} if before else {}
        models = tuple(
            ModelSeen(model.id, model.status, known.get((model.id, model.status), now), model.created_at)
            for model in listed
        )
        seen = ProfileModels(models, now)
        ports.store.change_rows(job.event, PROFILE_MODELS, lambda _: {profile: seen}, keys=(profile,), lease=lease)
        return f"{counted(len(models), 'model')} of this racer."
