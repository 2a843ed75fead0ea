"""Opening and closing sponsorship, pausing people: what should be is stored, then set, then read back.

The managed service has a switch (multi-user mode). DeepRacer on AWS has none: there sponsorship is open or closed
through the new-user limits and the limits of the event's own profiles; former values are stored before they are
overwritten and restored exactly (deepracer-on-aws.md 2.4 and 3). Running and queued work goes on either way.

What if it dies here? Former values are stored before the first write, and never replaced by values of our own; a
repeat sets what does not read back yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from deepracer_admin.counted import counted
from deepracer_admin.flows.jobs import settle_items
from deepracer_admin.flows.ports import Ports
from deepracer_admin.flows.profiles import is_staff, linked_profiles, read_profiles, remember_account
from deepracer_admin.model import Event, Job, JobItem, Lease, Outcome, Profile, Quota, State, Step
from deepracer_admin.racing import RacingService
from deepracer_admin.rules.quotas import quota_for, quota_words

__all__ = ["CLOSED", "FORMER_OF_ADOPTED", "OPENED_AT", "SponsorHandler", "SponsorshipHandler", "is_open"]

CLOSED = Quota(0, 0)
BATCH = 200
SET = "set"
OPENED_AT = "opened_at"  # of the state: event time at which this event first turned multi-user mode on
FORMER_OF_ADOPTED = "adopted_quotas"  # profile id -> [minutes, models] as they were before this event


def is_open(state: Mapping[str, Any] | None) -> bool:
    """Does the event sponsor now? Not while closing is under way: whoever sets limits then would work against it."""
    return bool(state and state.get("open") and not state.get("closing"))


class SponsorshipHandler:
    """Job `sponsorship`: plan {"open": bool}; with {"final": true} adopted profiles get back what they had before."""

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        event = ports.store.event(job.event)
        want_open = bool(job.plan["open"])
        racing = ports.racing()
        if racing.capabilities.multi_user_mode:
            state: dict[str, Any] = dict(ports.store.get(event.id, "sponsorship") or {})
            if want_open and OPENED_AT not in state:  # stored first: whoever comes after this moment came by this event
                state[OPENED_AT] = ports.clock.event_now().isoformat()
                ports.store.put(event.id, "sponsorship", state, lease=lease)
            account = racing.set_multi_user_mode(want_open)
            seen, sentence = account.multi_user_mode, f"Multi-user mode reads back {_on(account.multi_user_mode)}."
        else:
            state = self._keep_former(ports, event, racing, want_open, lease)
            self._set_profiles(ports, event, racing, job.plan, lease)
            back = racing.set_new_profile_quota(event.quota if want_open else _former_new(state))
            left, sentence = self._read_back(ports, event, job.plan, back, lease)
            if left:
                ports.store.update_job(
                    job.id,
                    sentence=f"{counted(left, 'profile is', 'profiles are')} still being set.",
                    lease=lease,
                    now=ports.clock.now(),
                )
                return None
            seen = want_open
            state = dict(ports.store.get(event.id, "sponsorship") or {}) | {"closing": False}
        remember_account(ports, event, lease)
        as_of = ports.clock.now().isoformat()
        changed = {**state, "open": seen, "as_of": as_of, "sentence": sentence}
        ports.store.put(event.id, "sponsorship", changed, lease=lease)
        return sentence

    def _keep_former(
        self, ports: Ports, event: Event, racing: RacingService, want_open: bool, lease: Lease
    ) -> dict[str, Any]:
        """Store what will be overwritten, once: a repeat after a crash must not store our own values."""
        state: dict[str, Any] = dict(ports.store.get(event.id, "sponsorship") or {})
        if want_open:
            if "former_new" not in state:
                quota = racing.new_profile_quota()
                state["former_new"] = [quota.minutes, quota.models] if quota else None
            state["closing"] = False
        else:
            kept: dict[str, Any] = dict(state.get("former") or {})
            paused: Mapping[str, Any] = ports.store.get(event.id, "paused_profiles") or {}
            for profile in linked_profiles(ports, event, read_profiles(ports, event, lease)):
                if profile.quota and profile.quota != CLOSED and profile.id not in paused:
                    kept[profile.id] = [profile.quota.minutes, profile.quota.models]
                elif profile.id in paused:
                    kept.setdefault(profile.id, paused[profile.id])
            state["former"], state["closing"] = kept, True
        ports.store.put(event.id, "sponsorship", state, lease=lease)
        return state

    def _wanted(self, ports: Ports, event: Event, plan: Mapping[str, Any], profile: Profile) -> Quota | None:
        """The limit that this profile should have; None: it is not ours to set."""
        state: Mapping[str, Any] = ports.store.get(event.id, "sponsorship") or {}
        if plan["open"]:
            paused: Mapping[str, Any] = ports.store.get(event.id, "paused_profiles") or {}
            if profile.id in paused:
                return CLOSED
            former = (state.get("former") or {}).get(profile.id)
            return Quota(*former) if former else None
        if plan.get("final"):
            before = (ports.store.get(event.id, FORMER_OF_ADOPTED) or {}).get(profile.id)
            return Quota(*before) if before else CLOSED
        return CLOSED

    def _to_set(
        self, ports: Ports, event: Event, plan: Mapping[str, Any], lease: Lease
    ) -> tuple[list[tuple[str, Quota]], list[Profile]]:
        """Profiles whose limit does not read back as it should; and all profiles of the event."""
        mine = [
            profile
            for profile in linked_profiles(ports, event, read_profiles(ports, event, lease))
            if not is_staff(profile, ports.staff_emails)
        ]
        wanted = [(profile, self._wanted(ports, event, plan, profile)) for profile in mine]
        return [(p.id, quota) for p, quota in wanted if quota is not None and p.quota != quota], mine

    def _set_profiles(
        self, ports: Ports, event: Event, racing: RacingService, plan: Mapping[str, Any], lease: Lease
    ) -> None:
        changes, _ = self._to_set(ports, event, plan, lease)
        for start in range(0, len(changes), BATCH):
            for _ in racing.set_quotas(changes[start : start + BATCH]):
                pass  # the read-back counts; single answers prove nothing
            ports.store.put(event.id, "sponsorship", ports.store.get(event.id, "sponsorship"), lease=lease)  # a fence

    def _read_back(
        self, ports: Ports, event: Event, plan: Mapping[str, Any], new: Quota, lease: Lease
    ) -> tuple[int, str]:
        left, profiles = self._to_set(ports, event, plan, lease)
        zero = sum(1 for profile in profiles if profile.quota == CLOSED)
        if plan["open"]:
            return len(left), (
                f"Sponsorship is open: new profiles get {quota_words(new)} (read back), "
                f"{len(profiles) - zero:,} of {counted(len(profiles), 'event profile')} may train."
            )
        return len(left), (
            f"Sponsorship is closed: {zero:,} of {counted(len(profiles), 'event profile')} read back with 0 minutes; "
            f"new profiles get {quota_words(new)} again. Running and queued work goes on."
        )


def _former_new(state: Mapping[str, Any]) -> Quota:
    former = state.get("former_new")
    return Quota(*former) if former else CLOSED


def _on(value: bool | None) -> str:
    return {True: "on", False: "off", None: "unknown"}[value]


class SponsorHandler:
    """Job `sponsor`: pause or resume profiles, natively or through limits that are remembered first."""

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        event = ports.store.event(job.event)
        active = bool(job.plan["active"])
        todo = ports.store.job_items(job.id, state=State.TODO)
        if not todo:
            items = ports.store.job_items(job.id)
            done = sum(1 for item in items if item.state.is_done)
            word = "sponsored again" if active else "paused; running work, queued work and submissions go on"
            return f"{done:,} of {counted(len(items), 'profile is', 'profiles are')} {word}."
        fresh = [item for item in todo if item.reason != SET]
        batch = fresh[:BATCH] or todo
        # Former limits come from a listing of this minute; what was set counts by a new one, once for everybody.
        listed = read_profiles(ports, event, lease, max_age_s=60 if fresh else 0)
        profiles = {profile.id: profile for profile in listed}
        native = ports.racing().capabilities.native_pause
        if native:
            self._remember(ports, event, batch, profiles, active, lease)
            outcomes = list(ports.racing().sponsor([item.key for item in batch], active=active))
        else:
            outcomes = self._by_limits(ports, event, batch, profiles, active, lease)
        by_id = {outcome.person: outcome for outcome in outcomes}
        settled = [_settled(item, by_id.get(item.key)) for item in batch]
        settle_items(ports, job, settled, lease)
        if active:
            self._forget(ports, event, [item.key for item in settled if item.state.is_done], lease)
        return None

    def _by_limits(
        self,
        ports: Ports,
        event: Event,
        batch: Sequence[JobItem],
        profiles: Mapping[str, Profile],
        active: bool,
        lease: Lease,
    ) -> list[Outcome]:
        """Those that read back as they should are done; the others are set, and looked at again in the next round."""
        former = self._remember(ports, event, batch, profiles, active, lease)
        wanted = {item.key: former[item.key] if active else CLOSED for item in batch if item.key in profiles}
        changes = [(key, quota) for key, quota in wanted.items() if profiles[key].quota != quota]
        answers = {outcome.person: outcome for outcome in ports.racing().set_quotas(changes)} if changes else {}
        told: list[Outcome] = []
        for key in wanted:
            answer = answers.get(key)
            if answer is None:
                told.append(Outcome(key, Step.PROFILE, State.DONE))
            elif answer.state.is_done:
                told.append(Outcome(key, Step.PROFILE, State.RETRY, SET, "Set; it counts once it is read back."))
            else:
                told.append(answer)
        return told

    def _remember(
        self,
        ports: Ports,
        event: Event,
        batch: Sequence[JobItem],
        profiles: Mapping[str, Profile],
        active: bool,
        lease: Lease,
    ) -> dict[str, Quota]:
        """Former limits by profile; stored before anything is overwritten, so that a crash loses none."""
        kept: dict[str, Any] = dict(ports.store.get(event.id, "paused_profiles") or {})
        state: Mapping[str, Any] = ports.store.get(event.id, "sponsorship") or {}
        closed = {} if is_open(state) else state.get("former") or {}
        if not active:
            for item in batch:
                profile = profiles.get(item.key)
                if profile and profile.quota and item.key not in kept:
                    kept[item.key] = closed.get(item.key) or [profile.quota.minutes, profile.quota.models]
            ports.store.put(event.id, "paused_profiles", kept, lease=lease)
            return {}
        people = {link.profile: link.attendee for link in ports.store.links(event.id).values()}
        former: dict[str, Quota] = {}
        for item in batch:
            if closed:
                former[item.key] = CLOSED  # resumed while sponsorship is closed: opening it restores the limit
            elif item.key in kept:
                former[item.key] = Quota(*kept[item.key])
            elif item.key in people:
                former[item.key] = quota_for(event, ports.store.attendee(event.id, people[item.key]))
            else:
                former[item.key] = event.quota
        return former

    def _forget(self, ports: Ports, event: Event, ids: Iterable[str], lease: Lease) -> None:
        kept: dict[str, Any] = dict(ports.store.get(event.id, "paused_profiles") or {})
        for key in ids:
            kept.pop(key, None)
        ports.store.put(event.id, "paused_profiles", kept, lease=lease)


def _settled(item: JobItem, outcome: Outcome | None) -> JobItem:
    if outcome is None:
        return replace(item, state=State.REFUSED, reason="gone", sentence="The service lists no such profile any more.")
    state = State.TODO if outcome.state in (State.RETRY, State.WAITING) else outcome.state
    return replace(item, state=state, reason=outcome.reason, sentence=outcome.sentence)
