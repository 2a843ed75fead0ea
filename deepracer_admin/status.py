"""What `status --json` and `racing --json` print: plain numbers for scripts and monitors, no personal data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from deepracer_admin.compose import Console
from deepracer_admin.errors import Throttled, Unavailable
from deepracer_admin.model import UNLIMITED, Quota, Step
from deepracer_admin.racing import RacingService
from deepracer_admin.records.alarms import ALARMS
from deepracer_admin.records.onboarding import ONBOARDING, TROUBLE
from deepracer_admin.records.restored import RESTORED
from deepracer_admin.rules.alarms import live
from deepracer_admin.services.setup.next_steps import read_next_steps

__all__ = ["racing_report", "status"]


def status(console: Console, event_id: str | None = None) -> dict[str, Any]:
    """An event's state from the store, of the one that opens first unless told; no outside call. Raises Missing."""
    event_id = console.opens_first if event_id is None else event_id
    leases = [
        {"name": lease.name, "holder": lease.holder, "epoch": lease.epoch, "until": lease.until.isoformat()}
        for lease in console.store.leases()
    ]
    seen = console.store.followed_at
    store = {
        "kind": console.settings.store,
        "as_of": seen.isoformat() if seen else None,  # of a copy of a shared store
        "trouble": console.store.trouble,
    }
    if not event_id:
        return {"mode": console.settings.mode, "store": store, "event": None, "leases": leases}
    event = console.store.event(event_id)
    funnel = console.store.funnel(event_id)
    profiles, seen_at = console.store.profiles(event_id)
    restored = console.store.read(event_id, RESTORED)
    return {
        "mode": console.settings.mode,
        "store": store,
        "event": {
            "id": event.id,
            "name": event.name,
            "starts_at": event.starts_at.isoformat(),
            "ends_at": event.ends_at.isoformat(),
            "closed": event.closed_at is not None,
            "waits": {"restored_at": restored.at.isoformat(), "backup_made_at": restored.made_at.isoformat()}
            if restored
            else None,  # from a backup: nothing is done before an organizer says that it goes on here
        },
        "people": len(console.store.attendees(event_id, wanted=True)),
        "onboarding": console.store.read(event_id, ONBOARDING).state.value,
        "steps": {step.value: {state.value: count for state, count in funnel.get(step, {}).items()} for step in Step},
        "mails": {state.value: count for state, count in console.store.delivery_counts(event_id).items()},
        "profiles": len(profiles),
        "profiles_as_of": seen_at.isoformat() if seen_at else None,
        "live_jobs": [
            {"kind": job.kind, "done": job.done, "total": job.total} for job in console.store.jobs(event_id, live=True)
        ],
        "trouble": console.store.read(event_id, TROUBLE),
        "alarms": [
            {
                "kind": alarm.kind,
                "level": alarm.level,
                "title": alarm.title,
                "what": alarm.sentence,
                "do": alarm.fix,
                "where": alarm.where,
                "since": alarm.since.isoformat() if alarm.since else None,
            }
            for alarm in live(console.store.rows(event_id, ALARMS))
        ],
        "next": [
            {
                "key": step.key,
                "urgency": step.urgency.name.lower(),
                "title": step.title,
                "why": step.why,
                "page": step.page,
                "narrow": dict(step.narrow),
                "until": step.until,
                "must": step.is_red,
            }
            for step in read_next_steps(
                console.store,
                console.history,
                console.clock,
                event,
                kind=event.service or console.settings.racing,
            )
        ],
        "leases": leases,
    }


def racing_report(console: Console, event_id: str | None = None) -> dict[str, Any]:
    """Account, capabilities, profiles and races, asked now. Raises ServiceError, BadSettings.

    `models_by_status` counts them by state, such as WAITING_FOR_CAPACITY; None where the service does not tell it in
    one call.
    """
    racing = console.ports_of(console.opens_first if event_id is None else event_id).racing()
    account = racing.account()
    profiles = list(racing.profiles())
    races = racing.races()
    return {
        "account": {**asdict(account), "new_profile_quota": _quota(account.new_profile_quota)},
        "capabilities": asdict(racing.capabilities),
        "profiles": {
            "count": len(profiles),
            "minutes_used": round(sum(profile.minutes_used for profile in profiles), 3),
            "minutes_queued": round(sum(profile.minutes_queued for profile in profiles), 3),
            "storage_bytes": sum(profile.storage_bytes or 0 for profile in profiles),
            "models_by_status": _models_by_status(racing, [profile.id for profile in profiles]),
            "list": [
                {
                    "id": profile.id,
                    "alias": profile.alias,
                    "minutes_used": profile.minutes_used,
                    "minutes_queued": profile.minutes_queued,
                    "quota": _quota(profile.quota),
                    "models": profile.model_count,
                    "state": profile.state,
                }
                for profile in profiles
            ],
        },
        "races": [
            {
                "id": race.id,
                "name": race.draft.name,
                "track": race.draft.track_id,
                "opens_at": race.draft.opens_at.isoformat(),
                "closes_at": race.draft.closes_at.isoformat(),
                "participants": race.participants,
                "share_link": race.share_link,
            }
            for race in races
        ],
    }


def _quota(quota: Quota | None) -> dict[str, int | str] | None:
    """None: not read. A limit is a number, or the words "no limit"."""
    if quota is None:
        return None
    return {name: "no limit" if each == UNLIMITED else each for name, each in asdict(quota).items()}


def _models_by_status(racing: RacingService, ids: Sequence[str]) -> dict[str, int] | None:
    if not racing.capabilities.all_models_in_one_call:
        return None
    try:
        return dict(sorted(Counter(model.status for model in racing.models(ids)).items()))
    except (Unavailable, Throttled):
        return None  # a reply that was too large, or the firewall's rule: the rest is known all the same
