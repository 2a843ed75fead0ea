"""Pausing and resuming profiles: natively, or through limits that are remembered first.

Whom another open event gives hours goes on by its limit, paused in this event alone, and that is said. Running work,
queued work and submissions go on (deepracer-on-aws.md 2.4). What if it dies here? What a person had is
stored before it is overwritten; a repeat sets what does not read back yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from deepracer_admin.counted import counted
from deepracer_admin.flows.engine.jobs import settle_items
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.readings.given_elsewhere import limits_now
from deepracer_admin.flows.readings.profiles import owners_of, read_profiles
from deepracer_admin.model import Event, Job, JobItem, Lease, Outcome, Profile, Quota, State, Step
from deepracer_admin.records.limits import CLOSED, PAUSED_PROFILES, Limits
from deepracer_admin.rules.quotas import quota_for, quota_words

__all__ = ["SponsorHandler"]

BATCH = 200
SET = "set"
GOES_ON = "goes_on_elsewhere"


@dataclass(frozen=True, slots=True)
class _Round:
    """What one round works with."""

    event: Event
    batch: Sequence[JobItem]
    profiles: Mapping[str, Profile]
    active: bool
    limits: Limits
    lease: Lease


class SponsorHandler:
    """Job `sponsor`: plan {"active": bool}, items by profile."""

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        event = ports.store.event(job.event)
        active = bool(job.plan["active"])
        todo = ports.store.job_items(job.id, state=State.TODO)
        if not todo:
            items = ports.store.job_items(job.id)
            done = sum(1 for item in items if item.state.is_done)
            word = "sponsored again" if active else "paused; running work, queued work and submissions go on"
            shared = sum(1 for item in items if item.reason == GOES_ON)
            tail = f" {counted(shared, 'of them goes', 'of them go')} on by the hours of another open event."
            return f"{done:,} of {counted(len(items), 'profile is', 'profiles are')} {word}.{tail if shared else ''}"
        fresh = [item for item in todo if item.reason != SET]
        batch = fresh[:BATCH] or todo
        # Former limits come from a listing of this minute; what was set counts by a new one, once for everybody.
        listed = read_profiles(ports, event, lease, max_age_s=60 if fresh else 0)
        by_id = {profile.id: profile for profile in listed}
        now = _Round(event, batch, by_id, active, limits_now(ports, event), lease)
        if not active:  # others are asked again after that: of two that pause one person at once, the second sees it
            self._remember(ports, now)
            now = replace(now, limits=limits_now(ports, event))
        if ports.racing().capabilities.native_pause:
            outcomes = self._natively(ports, now)
        else:
            outcomes = self._by_limits(ports, now)
        answers = {outcome.person: outcome for outcome in outcomes}
        settled = [_settled(item, answers.get(item.key)) for item in batch]
        settle_items(ports, job, settled, lease)
        if active:
            self._forget(ports, event, [item.key for item in settled if item.state.is_done], lease)
        return None

    def _natively(self, ports: Ports, now: _Round) -> list[Outcome]:
        keys = [item.key for item in now.batch]
        going = [] if now.active else [key for key in keys if key in now.limits.given.quotas]
        asked = [key for key in keys if key not in going]
        told = list(ports.racing().sponsor(asked, active=now.active)) if asked else []
        return told + [self._goes_on(now, key) for key in going]

    def _goes_on(self, now: _Round, key: str) -> Outcome:
        """Paused in this event alone."""
        given = now.limits.given
        said = _GOES_ON.format(given.names([key]), quota_words(given.quotas[key]))
        return Outcome(key, Step.PROFILE, State.DONE, GOES_ON, said)

    def _by_limits(self, ports: Ports, now: _Round) -> list[Outcome]:
        """Those that read back as they should are done; the others are set, and looked at again in the next round."""
        keys = [item.key for item in now.batch if item.key in now.profiles]
        own = self._given_back(ports, now, keys) if now.active else dict.fromkeys(keys, CLOSED)
        wanted = {key: now.limits.in_force(key, quota) for key, quota in own.items()}
        changes = [(key, quota) for key, quota in wanted.items() if now.profiles[key].quota != quota]
        answers = {outcome.person: outcome for outcome in ports.racing().set_quotas(changes)} if changes else {}
        told: list[Outcome] = []
        for key in wanted:
            answer = answers.get(key)
            if answer is None and not now.active and key in now.limits.given.quotas:
                told.append(self._goes_on(now, key))
            elif answer is None:
                told.append(Outcome(key, Step.PROFILE, State.DONE))
            elif answer.state.is_done:
                told.append(Outcome(key, Step.PROFILE, State.RETRY, SET, "Set; it counts once the service shows it."))
            else:
                told.append(answer)
        return told

    def _remember(self, ports: Ports, now: _Round) -> None:
        """What each has apart from a closing, which opening gives back by itself; stored before it is overwritten."""
        limits = now.limits
        owners = owners_of(ports, now.event)
        fresh: dict[str, Quota] = {}
        for item in now.batch:
            profile = now.profiles.get(item.key)
            if profile is None or profile.quota is None or item.key in limits.paused:
                continue
            person, how = owners.get(item.key, (None, ""))
            fresh[item.key] = limits.entitled(profile, person, how) if person else profile.quota
        ports.store.change_rows(
            now.event.id, PAUSED_PROFILES, lambda kept: {**fresh, **kept}, keys=fresh, lease=now.lease
        )

    def _given_back(self, ports: Ports, now: _Round, keys: Iterable[str]) -> dict[str, Quota]:
        """The limit that each gets; 0 for those whom a closed sponsorship holds: opening it gives them theirs."""
        limits = now.limits
        owners = owners_of(ports, now.event)

        def given(key: str) -> Quota:
            person, how = owners.get(key, (None, ""))
            if limits.is_held(key, how):
                return CLOSED
            kept = limits.paused.get(key)
            if kept:
                return kept
            return quota_for(now.event, person) if person is not None else now.event.quota

        return {key: given(key) for key in keys}

    def _forget(self, ports: Ports, event: Event, ids: Iterable[str], lease: Lease) -> None:
        gone = {*ids}
        ports.store.change_rows(event.id, PAUSED_PROFILES, dict.fromkeys, keys=gone, lease=lease)


def _settled(item: JobItem, outcome: Outcome | None) -> JobItem:
    if outcome is None:
        return replace(item, state=State.REFUSED, reason="gone", sentence="The service lists no such profile any more.")
    state = State.TODO if outcome.state in (State.RETRY, State.WAITING) else outcome.state
    return replace(item, state=state, reason=outcome.reason, sentence=outcome.sentence)


_GOES_ON = "Paused in this event; {} gives this person {}, so they go on until they are paused there too."
