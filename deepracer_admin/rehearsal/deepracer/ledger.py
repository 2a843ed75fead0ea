"""The deployment's own books: who used what, who waits for what. The console never sees them; tests compare."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from .deployment import Deployment
from .state import WAITING


def describe_capacity(site: Deployment) -> dict[str, Any]:
    """Counted facts of slots and waiting, for the truth of the world.

    `never_trained`: profiles with a training that no minute was ever run for. `slot_hours`: instances times the hours
    that they ran, up to the last change. `job_tally`: see `Compute`.
    """
    compute, state = site.compute, site.state
    moment = site.now()
    wanted = {model.profile_id for model in state.models.values() if not model.imported}
    return {
        "quotas": asdict(compute.capacity.quotas(moment)) | {"slots": compute.capacity.quotas(moment).slots},
        "waiting_for_capacity": sum(model.status == WAITING for model in state.models.values()),
        "submissions_on_the_way": sum(job.kind in ("submission", "live") for job in state.jobs.values()),
        "submissions_failed": compute.tally["lacked.submission"] + compute.tally["lost.submission"],
        "never_trained": sum(not compute.ran.get(profile_id, {}).get("training") for profile_id in wanted),
        "slot_hours": compute.queue.slot_seconds / 3600,
        "most_slots_used": compute.queue.most_busy,
        "resets": list(compute.resets),
        "job_tally": dict(compute.tally),
    }


def list_books(site: Deployment) -> list[dict[str, Any]]:
    """One entry for each profile, in minutes, and for each that is gone and had used some.

    `used` and `queued` as the service shows them; `ran` what was ever metered, by kind; `waiting` what waits for
    capacity; `under_way` what was asked for by trainings and evaluations that are queued or running.
    """
    state, ran = site.state, site.compute.ran
    waiting: dict[str, float] = {}
    under_way: dict[str, float] = {}
    for model in state.models.values():
        if model.status == WAITING:
            waiting[model.profile_id] = waiting.get(model.profile_id, 0.0) + model.minutes
    for job in state.jobs.values():
        if job.kind in ("training", "evaluation"):
            under_way[job.profile_id] = under_way.get(job.profile_id, 0.0) + job.asked
    listed = []
    for profile_id in {**state.profiles, **ran}:
        profile = state.profiles.get(profile_id)
        listed.append(
            {
                "profile_id": profile_id,
                "used": profile.used if profile else None,
                "queued": profile.queued if profile else None,
                "ran": dict(ran.get(profile_id, {})),
                "waiting": waiting.get(profile_id, 0.0),
                "under_way": under_way.get(profile_id, 0.0),
            }
        )
    return listed
