"""How samples of the service's counters add up, over monthly resets, gaps and odd answers. Pure; event time.

A sample is what the service said about a profile at an instant. Its `computeMinutesUsed` grows when a job ends, falls
to 0 once a month between 00:00 and 04:00 UTC of the 1st, and the service keeps no history (deepracer-on-aws.md 2.3).
What was used between the last sample and the reset was never seen, so beside the minutes that are certain stands how
many more there may have been. Nothing that was counted is ever taken away, but for a fall that proves to be no reset.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from deepracer_admin.model import UNLIMITED, ModelJobs, Profile, UsageSample

__all__ = ["RESET_WINDOW", "Kept", "Step", "reset_between", "step"]

RESET_WINDOW = timedelta(hours=4)
LATE = timedelta(minutes=30)  # a reset that runs longer than its window is still one
SUBMISSION = 20.0  # minutes: a submission is in no counter until it ends (deepracer-on-aws.md 2.3)
SHORTEST = 10.0  # minutes: no training or evaluation is shorter (deepracer-on-aws.md 1.7)
GLITCH = timedelta(hours=24)  # a counter that fell for no reason and came back within that time never fell


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of one profile after its last sample. `month`: the service's counter; `before`: minutes that resets
    took from it; `unsure`: so many more may have been used unseen. `fell_from`, `fell_at`: a fall out of season.
    """

    month: float
    queued: float = 0.0
    before: float = 0.0
    unsure: float = 0.0
    waiting: float = 0.0
    limit: float | None = None
    storage_bytes: int = 0
    gb_hours: float = 0.0
    weighed_at: datetime | None = None
    first_at: datetime | None = None
    changed_at: datetime | None = None
    waiting_since: datetime | None = None
    fell_from: float | None = None
    fell_at: datetime | None = None
    listed: bool = True

    @property
    def used(self) -> float:
        """Minutes since the event first read it, over resets."""
        return self.before + self.month

    def stored_until(self, at: datetime) -> float:
        """GB-hours up to `at`."""
        if self.weighed_at is None:
            return self.gb_hours
        return self.gb_hours + self.storage_bytes / 1e9 * max(0.0, (at - self.weighed_at).total_seconds() / 3600)


@dataclass(frozen=True, slots=True)
class Step:
    """What one sample of all profiles changes: the totals, and the profiles that are not as they were."""

    sample: UsageSample
    changed: Mapping[str, Kept] = field(default_factory=dict[str, Kept])
    unsure: float = 0.0  # of the whole event, from now on


def reset_between(before: datetime, now: datetime) -> tuple[bool, bool]:
    """(May the counters have been reset in between, must they have?)"""
    start, end = before.astimezone(UTC), now.astimezone(UTC)
    first = end.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    may = first <= end and first + RESET_WINDOW + LATE >= start
    return may, start < first and end > first + RESET_WINDOW + LATE


def step(
    kept: Mapping[str, Kept],
    before: datetime | None,
    unsure: float,
    at: datetime,
    profiles: Sequence[Profile],
    *,
    jobs: Mapping[str, ModelJobs] | None,
    slots: int,
) -> Step:
    """The sample `profiles` at `at`, after `before` (None: the first). `jobs`: models of profiles by what they do
    (None: not read). `unsure`: minutes that the whole event may have used unseen so far.
    """
    may, must = reset_between(before, at) if before is not None else (False, False)
    fallen = [each for each in profiles if each.id in kept and each.minutes_used < kept[each.id].month]
    counting = sum(1 for each in profiles if each.id in kept and kept[each.id].month > 0)
    seen_by = may and 0 < counting <= 2 * len(fallen)
    gap_min = (at - before).total_seconds() / 60 if before is not None else 0.0
    now: dict[str, Kept] = dict(kept)
    resets: list[Kept] = []
    doubts = 0.0
    for profile in profiles:
        old = kept.get(profile.id)
        new = _first(profile, at) if old is None else _next(old, profile, at, may=may, must=must, seen=seen_by)
        if old is not None and new.unsure > old.unsure:
            doubts += new.unsure - old.unsure
        lost = old is not None and may and new.before > old.before
        if old is not None and (lost or ((seen_by or must) and _may_have_ended(old, profile, gap_min))):
            resets.append(old)
            new = replace(new, unsure=new.unsure + old.queued + gap_min + SUBMISSION)
        now[profile.id] = _with_jobs(new, profile, at, None if jobs is None else jobs.get(profile.id, ModelJobs()))
    listed = {profile.id for profile in profiles}
    for name, old in kept.items():
        if name not in listed and old.listed:
            gone = old.stored_until(at)
            now[name] = replace(
                old, listed=False, queued=0.0, waiting=0.0, waiting_since=None, storage_bytes=0, gb_hours=gone,
                weighed_at=at, changed_at=at,
            )  # fmt: skip
    unsure += doubts + _unseen(resets, gap_min, slots)
    changed = {name: state for name, state in now.items() if state is not kept.get(name) and state != kept.get(name)}
    return Step(_totals(at, profiles, now, unsure, jobs), changed, unsure)


def _may_have_ended(old: Kept, profile: Profile, gap_min: float) -> bool:
    """Around a reset: may a job of somebody whose counter stood at 0 have ended before it? The counter does not tell;
    the queue does, unless there was time to ask for as much again.
    """
    if old.month > 0 or old.queued <= 0:
        return False
    return profile.minutes_queued < old.queued or gap_min >= SHORTEST


def _first(profile: Profile, at: datetime) -> Kept:
    return Kept(
        month=profile.minutes_used, queued=profile.minutes_queued, limit=_limit(profile), first_at=at, changed_at=at,
        storage_bytes=profile.storage_bytes or 0, weighed_at=at,
    )  # fmt: skip


def _limit(profile: Profile) -> float | None:
    return None if profile.quota is None or profile.quota.minutes == UNLIMITED else float(profile.quota.minutes)


def _next(old: Kept, profile: Profile, at: datetime, *, may: bool, must: bool, seen: bool) -> Kept:
    """The next sample of one profile. `may`, `must`: reset in between; `seen`: others' counters fell just now."""
    month = profile.minutes_used
    new = old
    if month < old.month:
        fell = (None, None) if may else (old.month, at)
        new = replace(old, before=old.before + old.month, fell_from=fell[0], fell_at=fell[1])
    elif must and old.month > 0:
        new = replace(old, before=old.before + old.month, fell_from=None, fell_at=None)
    elif seen and month > old.month > 0:  # reset and then used more than before, or not reset yet: not to be told
        new = replace(old, unsure=old.unsure + old.month)
    elif old.fell_from is not None and month > old.month:
        new = _came_back(old, month, at)
    moved = (month, profile.minutes_queued) != (old.month, old.queued) or not old.listed
    stored = old.storage_bytes if profile.storage_bytes is None else profile.storage_bytes
    if stored != old.storage_bytes:
        new = replace(new, gb_hours=old.stored_until(at), storage_bytes=stored, weighed_at=at)
    limit = _limit(profile)
    if not moved and limit == old.limit and new is old:
        return old
    return replace(
        new, month=month, queued=profile.minutes_queued, limit=limit, listed=True,
        changed_at=at if moved else old.changed_at,
    )  # fmt: skip


def _came_back(old: Kept, month: float, at: datetime) -> Kept:
    """A counter that fell out of season moves again. Back to where it was, it had not been reset: an odd answer."""
    fell_from, fell_at = old.fell_from or 0.0, old.fell_at or at
    if month < fell_from or at - fell_at > GLITCH:
        return replace(old, fell_from=None, fell_at=None)
    before = max(old.before - fell_from, old.used - month)
    return replace(old, before=before, unsure=old.unsure + old.before - before, fell_from=None, fell_at=None)


def _with_jobs(new: Kept, profile: Profile, at: datetime, jobs: ModelJobs | None) -> Kept:
    """Minutes wait for capacity for certain when nothing else of that profile is on its way."""
    if jobs is None:
        waiting = min(new.waiting, profile.minutes_queued)
        since = new.waiting_since if waiting or new.waiting_since else None
    else:
        waits = jobs.waiting > 0
        waiting = profile.minutes_queued if waits and not jobs.running and not jobs.queued else 0.0
        since = (new.waiting_since or at) if waits else None
    if (waiting, since) == (new.waiting, new.waiting_since):
        return new
    return replace(new, waiting=waiting, waiting_since=since)


def _unseen(resets: Sequence[Kept], gap_min: float, slots: int) -> float:
    """Minutes that all of them together may have used between their last sample and the reset, at most: in each slot
    one job that was under way (a submission shows in no counter before it ends), and what began after it.
    """
    if not resets:
        return 0.0
    asked = sorted((old.queued for old in resets), reverse=True)[: max(0, slots)]
    under_way = math.fsum(max(each, SUBMISSION) for each in asked) + SUBMISSION * (slots - len(asked))
    return under_way + slots * gap_min


def _totals(
    at: datetime,
    profiles: Sequence[Profile],
    now: Mapping[str, Kept],
    unsure: float,
    jobs: Mapping[str, ModelJobs] | None,
) -> UsageSample:
    listed = [now[profile.id] for profile in profiles]
    return UsageSample(
        at=at,
        profiles=len(profiles),
        active=sum(1 for each in listed if each.used > 0 or each.queued > 0),
        minutes_used=math.fsum(each.used for each in now.values()),
        minutes_queued=math.fsum(each.queued for each in listed),
        storage_bytes=sum(each.storage_bytes for each in listed),
        models=sum(profile.model_count or 0 for profile in profiles),
        minutes_waiting=math.fsum(each.waiting for each in listed),
        minutes_unsure=unsure,
        gb_hours=math.fsum(each.stored_until(at) for each in now.values()),
        running=None if jobs is None else _count(jobs.values(), "running"),
        queued=None if jobs is None else _count(jobs.values(), "queued"),
        waiting=None if jobs is None else _count(jobs.values(), "waiting"),
    )


def _count(jobs: Iterable[ModelJobs], what: str) -> int:
    return sum(getattr(each, what) for each in jobs)
