"""Lowering limits for a while and giving back exactly what was there: one that does both, told whom to hold at what.

Level-triggered. What a person has is stored before their limit is lowered, from a listing of this minute; it is
forgotten only after a listing that is newer than the giving back shows it. Whom another open event gives hours keeps
the larger limit (docs/decisions/7-the-larger-limit-counts.md). Nothing is touched while a job sets limits, and while
sponsorship is not open: closing sets everybody to 0 by itself. What if it dies here? A repeat sets what does not read
back yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.readings.given_elsewhere import limits_now
from deepracer_admin.flows.readings.profiles import is_staff, linked_profiles, owners_of, read_profiles
from deepracer_admin.model import Attendee, Event, JobState, Lease, Profile, Quota
from deepracer_admin.records.limits import CLOSED, HELD_BACK, Limits
from deepracer_admin.rules.holding_back import Cap, HeldBack
from deepracer_admin.rules.quotas import quota_for

__all__ = ["Held", "hold_back", "sponsored"]

BATCH = 200
QUOTA_JOB = "quota"
LISTED_S = 60.0


@dataclass(frozen=True, slots=True)
class Held:
    """How things stand after a round. `held`: profiles whose limit reads back lowered; `shared`: those whom another
    event gives more; `to_lower`, `to_give_back`: not read back yet. `busy`: a job sets limits, nothing was done."""

    held: int = 0
    shared: int = 0
    to_lower: int = 0
    to_give_back: int = 0
    busy: bool = False


def sponsored(ports: Ports, event: Event, lease: Lease, *, max_age_s: float = LISTED_S) -> list[Profile]:
    """The event's own profiles, without staff, as listed."""
    listed = read_profiles(ports, event, lease, max_age_s=max_age_s)
    return [each for each in linked_profiles(ports, event, listed) if not is_staff(each, ports.staff_emails)]


def hold_back(ports: Ports, event: Event, caps: Mapping[str, Cap], lease: Lease) -> Held:
    """Bring limits to `caps`, by profile; whoever is in HELD_BACK and not in `caps` gets theirs back. One bounded
    round; may raise ServiceError."""
    rows = ports.store.rows(event.id, HELD_BACK)
    if not caps and not rows:
        return Held()
    limits = limits_now(ports, event)
    if not limits.open or limits.switching or limits.pausing or _sets_quotas(ports, event):
        return Held(held=len(rows), busy=True)
    already = {key for key, row in rows.items() if row.minutes is None}
    # a listing that is newer than what was given back, and else of this minute
    profiles = {each.id: each for each in sponsored(ports, event, lease, max_age_s=0.0 if already else LISTED_S)}
    owners = owners_of(ports, event)
    rows = _store(ports, event, caps, profiles, owners, limits, lease)
    limits = limits_now(ports, event)  # others are asked again after that: of two that lower at once, each sees it
    wanted = {key: _wanted(ports, limits, key, row, owners) for key, row in rows.items() if key in profiles}
    changes = [(key, quota) for key, quota in wanted.items() if profiles[key].quota != quota]
    for _ in ports.racing().set_quotas(changes[:BATCH]) if changes else ():
        pass  # the next listing counts
    off = {key for key, _ in changes}
    gone = {key for key in rows if key not in profiles}
    back = {key for key in already if key in rows and rows[key].minutes is None and (key in gone or key not in off)}
    if back:
        _forget(ports, event, back, lease)
    down = [key for key, row in rows.items() if row.minutes is not None and key in profiles]
    return Held(
        held=sum(1 for key in down if key not in off),
        shared=sum(1 for key in down if key in limits.given.quotas),
        to_lower=sum(1 for key in down if key in off),
        to_give_back=sum(1 for key, row in rows.items() if row.minutes is None and key not in back),
    )


def _sets_quotas(ports: Ports, event: Event) -> bool:
    jobs = ports.store.jobs(event.id, live=True, kind=QUOTA_JOB)
    return any(job.state in (JobState.PLANNED, JobState.RUNNING) for job in jobs)


def _store(
    ports: Ports,
    event: Event,
    caps: Mapping[str, Cap],
    profiles: Mapping[str, Profile],
    owners: Mapping[str, tuple[Attendee, str]],
    limits: Limits,
    lease: Lease,
) -> dict[str, HeldBack]:
    """Who is held back from now on, at what, and who is given back; returns all rows."""
    now = ports.clock.event_now()
    fresh: dict[str, HeldBack] = {}
    for key, cap in caps.items():
        profile = profiles.get(key)
        person, how = owners.get(key, (None, ""))
        if profile is None or profile.quota is None or person is None:
            continue
        former = limits.entitled(profile, person, how)
        by_rule = how == "created" and former == quota_for(event, person)
        fresh[key] = HeldBack(former, cap.minutes, cap.why, by_rule, now)

    def change(kept: Mapping[str, HeldBack]) -> dict[str, HeldBack]:
        found: dict[str, HeldBack] = {}
        for key, row in kept.items():
            cap = caps.get(key)
            minutes, why = (cap.minutes, cap.why) if cap else (None, ())
            if (row.minutes, row.why) != (minutes, why):
                found[key] = replace(row, minutes=minutes, why=why)
        # who has no more than that anyway is left alone
        needed = {key: row for key, row in fresh.items() if key not in kept and row.lower(row.former) != row.former}
        return found | needed

    ports.store.change_rows(event.id, HELD_BACK, change, lease=lease)
    return ports.store.rows(event.id, HELD_BACK)


def _wanted(ports: Ports, limits: Limits, key: str, row: HeldBack, owners: Mapping[str, tuple[Attendee, str]]) -> Quota:
    """What the service should list: what the person has now, held back or not. A pause by limits stays a pause."""
    person, how = owners.get(key, (None, ""))
    if (key in limits.paused and not ports.racing().capabilities.native_pause) or limits.is_held(key, how):
        own = CLOSED
    elif row.by_rule and person is not None:
        own = quota_for(limits.event, person)
    else:
        own = row.former
    return limits.in_force(key, own)


def _forget(ports: Ports, event: Event, keys: set[str], lease: Lease) -> None:
    def change(kept: Mapping[str, HeldBack]) -> dict[str, HeldBack | None]:
        return {key: None for key, row in kept.items() if row.minutes is None}

    ports.store.change_rows(event.id, HELD_BACK, change, keys=keys, lease=lease)
