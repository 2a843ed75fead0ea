"""Jobs on races and models: create, edit, end, delete; delete models with read-back.

Creating a race is not idempotent at the service. What if it dies between the answer and the record? The handler looks
for a race of that name and window first, so a repeat finds the one that was made. Which races this event made is kept
(`OWN_RACES`), because a deployment may hold races of other people, which the close-out leaves alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from deepracer_admin.counted import counted
from deepracer_admin.errors import LostAnswer
from deepracer_admin.flows.engine.jobs import Later, settle_items
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.readings.models import FEW, models_at_once
from deepracer_admin.model import Job, JobState, Lease, Race, RaceDraft, State, Timing
from deepracer_admin.records.entrants import OWN_RACES

__all__ = [
    "ModelsHandler",
    "RaceCloseHandler",
    "RaceCreateHandler",
    "RaceDeleteHandler",
    "RaceEditHandler",
    "draft_from_plan",
    "own_races",
    "refresh_races",
]

EVERY = 10_000  # more race jobs than an event ever has
SAME_S = 2.0  # times of a race come back rounded


def draft_from_plan(plan: Mapping[str, Any]) -> RaceDraft:
    """The draft that a plan carries as JSON."""
    values = dict(plan)
    values["opens_at"] = datetime.fromisoformat(values["opens_at"])
    values["closes_at"] = datetime.fromisoformat(values["closes_at"])
    values["timing"] = Timing(values["timing"])
    return RaceDraft(**values)


def refresh_races(ports: Ports, job: Job, lease: Lease) -> list[Race]:
    """Races as the service lists them now, kept for the pages."""
    races = list(ports.racing().races())
    ports.store.save_races(job.event, races, seen_at=ports.clock.now(), lease=lease)
    return races


class RaceCreateHandler:
    """Job `race.create`."""

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        draft = draft_from_plan(job.plan["draft"])
        found = _find(refresh_races(ports, job, lease), draft)
        made = found or self._made(ports, draft)
        _keep_own(ports, job, made, lease)
        if found is None:
            refresh_races(ports, job, lease)
        link = f"its link is {made.share_link}" if made.share_link else "make its share link on the Races page"
        return f"The race “{made.draft.name}” exists (seen at the service); {link}."

    def _made(self, ports: Ports, draft: RaceDraft) -> Race:
        try:
            return ports.racing().create_race(draft)
        except LostAnswer:
            raise Later("The service's answer was lost; the console looks whether the race is there.") from None


def _find(races: list[Race], draft: RaceDraft) -> Race | None:
    for race in races:
        if _is_named(race, draft) and _is_near(race.draft.closes_at, draft.closes_at):
            return race
    return None


def _is_named(race: Race, draft: RaceDraft) -> bool:
    return race.draft.name == draft.name and race.draft.track_id == draft.track_id


def _is_near(one: datetime, other: datetime) -> bool:
    return abs((one - other).total_seconds()) < SAME_S


def _keep_own(ports: Ports, job: Job, race: Race, lease: Lease) -> None:
    ports.store.update(job.event, OWN_RACES, lambda kept: kept | {race.id}, lease=lease)


def own_races(ports: Ports, event: str, races: Iterable[Race]) -> set[str]:
    """Ids of those of these races that this event made.

    A race that was made before ids were kept, or whose job died just then, is known by the draft in its job: the name,
    the track, and one end of its window, as an open race can be ended early or extended.
    """
    kept = ports.store.read(event, OWN_RACES)
    jobs = ports.store.jobs(event, kind="race.create", limit=EVERY)
    drafts = [draft_from_plan(job.plan["draft"]) for job in jobs if job.state is not JobState.FAILED]
    return {
        race.id
        for race in races
        if race.id in kept
        or any(
            _is_named(race, draft)
            and (_is_near(race.draft.opens_at, draft.opens_at) or _is_near(race.draft.closes_at, draft.closes_at))
            for draft in drafts
        )
    }


class RaceEditHandler:
    """Job `race.edit`."""

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        race = ports.racing().edit_race(str(job.plan["race"]), draft_from_plan(job.plan["draft"]))
        refresh_races(ports, job, lease)
        return f"The race “{race.draft.name}” was changed (seen at the service)."


class RaceCloseHandler:
    """Job `race.close`."""

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        race = ports.racing().close_race(str(job.plan["race"]))
        refresh_races(ports, job, lease)
        return f"The race “{race.draft.name}” closes at {race.draft.closes_at:%H:%M:%S} UTC (seen at the service)."


class RaceDeleteHandler:
    """Job `race.delete`."""

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        race_id = str(job.plan["race"])
        if all(race.id != race_id for race in refresh_races(ports, job, lease)):
            return "The race is gone (seen at the service)."
        ports.racing().delete_race(race_id)
        return None  # the next round reads back


class ModelsHandler:
    """Job `models.delete`: items by profile id; done only when a listing shows no model of theirs."""

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        todo = [
            item for item in ports.store.job_items(job.id) if not item.state.is_done and item.state != State.REFUSED
        ]
        if not todo:
            items = ports.store.job_items(job.id)
            clean = sum(1 for item in items if item.state.is_done)
            whose = counted(len(items), "profile has", "profiles have")
            return f"{clean:,} of {whose} no model left (seen at the service)."
        racing = ports.racing()
        at_once = None
        if racing.capabilities.all_models_in_one_call:
            at_once = models_at_once(racing, [item.key for item in todo])
        if at_once is None:
            # Each is asked alone, under the firewall's rule; what was asked is settled at once, and what cannot be
            # deleted comes last, so that it holds nobody up.
            todo = sorted(todo, key=lambda item: item.state is State.WAITING)[:FEW]
        ids = [item.key for item in todo]
        left: dict[str, int] = {}
        for model in racing.models(ids) if at_once is None else at_once:
            left[model.profile_id] = left.get(model.profile_id, 0) + 1
        with_models = [key for key in ids if left.get(key)]
        answers = {outcome.person: outcome for outcome in racing.delete_models(with_models)} if with_models else {}
        settled = []
        for item in todo:
            answer = answers.get(item.key)
            if not left.get(item.key):
                settled.append(replace(item, state=State.DONE, reason="none_left"))
            elif answer is not None and answer.state is State.REFUSED:
                settled.append(replace(item, state=State.REFUSED, reason=answer.reason, sentence=answer.sentence))
            else:
                count = left[item.key]
                settled.append(
                    replace(
                        item,
                        state=State.WAITING,
                        sentence=f"{counted(count, 'model was', 'models were')} still there; asked again.",
                    )
                )
        settle_items(ports, job, settled, lease)
        if with_models:
            raise Later("Models were deleted and are looked for again.")
        return None
