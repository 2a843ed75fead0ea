"""Opening and closing sponsorship, pausing people, quotas: what should be is stored, then set, then read back.

The managed service has a switch (multi-user mode). DeepRacer on AWS has none: there sponsorship is open or closed
through the new-user limits and the limits of the event's own profiles; former values are stored before they are
overwritten and restored exactly (deepracer-on-aws.md 2.4 and 3). Running and queued work goes on either way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from deepracer_admin.errors import Missing
from deepracer_admin.flows.jobs import settle_items
from deepracer_admin.flows.ports import Ports
from deepracer_admin.flows.profiles import is_staff, linked_profiles, read_profiles, remember_account
from deepracer_admin.model import Event, Job, JobItem, Lease, Outcome, Profile, Quota, State
from deepracer_admin.racing import RacingService
from deepracer_admin.rules.quotas import quota_for

__all__ = ["QuotaHandler", "SponsorHandler", "SponsorshipHandler"]

CLOSED = Quota(0, 0)
BATCH = 200


class SponsorshipHandler:
    """Job `sponsorship`: plan {"open": bool}."""

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        event = ports.store.event(job.event)
        want_open = bool(job.plan["open"])
        racing = ports.racing()
        if racing.capabilities.multi_user_mode:
            account = racing.set_multi_user_mode(want_open)
            seen, sentence = account.multi_user_mode, f"Multi-user mode reads back {_on(account.multi_user_mode)}."
            state: dict[str, Any] = dict(ports.store.get(event.id, "sponsorship") or {})
        else:
            state = self._keep_former(ports, event, racing, want_open, lease)
            self._set_profiles(ports, event, racing, want_open, lease)
            back = racing.set_new_profile_quota(event.quota if want_open else _former_new(state))
            seen, sentence = self._read_back(ports, event, want_open, back, lease)
        remember_account(ports, event, lease)
        ports.store.put(
            event.id,
            "sponsorship",
            {**state, "open": seen, "as_of": ports.clock.now().isoformat(), "sentence": sentence},
            lease=lease,
        )
        return sentence

    def _keep_former(
        self, ports: Ports, event: Event, racing: RacingService, want_open: bool, lease: Lease
    ) -> dict[str, Any]:
        """Store what will be overwritten, once: a repeat after a crash must not store our own values."""
        state: dict[str, Any] = dict(ports.store.get(event.id, "sponsorship") or {})
        if want_open and "former_new" not in state:
            quota = racing.new_profile_quota()
            state["former_new"] = [quota.minutes, quota.models] if quota else None
        if want_open:
            state["closing"] = False
        elif not state.get("closing"):
            profiles = read_profiles(ports, event, lease)
            state["former"] = {
                profile.id: [profile.quota.minutes, profile.quota.models]
                for profile in linked_profiles(ports, event, profiles)
                if profile.quota
            }
            state["closing"] = True
        ports.store.put(event.id, "sponsorship", state, lease=lease)
        return state

    def _set_profiles(self, ports: Ports, event: Event, racing: RacingService, want_open: bool, lease: Lease) -> None:
        state: Mapping[str, Any] = ports.store.get(event.id, "sponsorship") or {}
        former: Mapping[str, Sequence[int]] = state.get("former") or {}
        paused: Mapping[str, Any] = ports.store.get(event.id, "paused_profiles") or {}
        changes: list[tuple[str, Quota]] = []
        for profile in linked_profiles(ports, event, read_profiles(ports, event, lease)):
            if is_staff(profile, ports.staff_emails):
                continue
            if not want_open:
                wanted = CLOSED
            elif profile.id in former:
                wanted = Quota(*former[profile.id])
            else:
                continue
            if profile.id in paused:
                wanted = CLOSED
            if profile.quota != wanted:
                changes.append((profile.id, wanted))
        for _ in racing.set_quotas(changes):
            pass  # the read-back below counts; single answers prove nothing

    def _read_back(
        self, ports: Ports, event: Event, want_open: bool, new: Quota, lease: Lease
    ) -> tuple[bool | None, str]:
        profiles = linked_profiles(ports, event, read_profiles(ports, event, lease))
        zero = sum(1 for profile in profiles if profile.quota == CLOSED)
        if want_open:
            return True, (
                f"Sponsorship is open: new profiles get {_words(new)} (read back), "
                f"{len(profiles) - zero:,} of {len(profiles):,} event profiles may train."
            )
        done = zero == len(profiles)
        return (False if done else None), (
            f"Sponsorship is closed: {zero:,} of {len(profiles):,} event profiles read back with 0 minutes; new "
            f"profiles get {_words(new)} again. Running and queued work goes on."
        )


def _former_new(state: Mapping[str, Any]) -> Quota:
    former = state.get("former_new")
    return Quota(*former) if former else CLOSED


def _on(value: bool | None) -> str:
    return {True: "on", False: "off", None: "unknown"}[value]


def _words(quota: Quota) -> str:
    hours = "unlimited hours" if quota.minutes < 0 else f"{quota.minutes / 60:g} h"
    models = "unlimited models" if quota.models < 0 else f"{quota.models} models"
    return f"{hours} and {models}"


class QuotaHandler:
    """Job `quota`: items by attendee with before/after; stores the person's own quota, sets it, reads back."""

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        event = ports.store.event(job.event)
        todo = ports.store.job_items(job.id, state=State.TODO)
        if not todo:
            done = [item for item in ports.store.job_items(job.id) if item.state.is_done]
            return f"{len(done):,} people have their quota, read back."
        batch = todo[:BATCH]
        self._store_wanted(ports, event, batch)
        with_profile = {str(item.after["profile"]): item for item in batch if item.after.get("profile")}
        changes = [(key, Quota(item.after["minutes"], item.after["models"])) for key, item in with_profile.items()]
        outcomes = {outcome.person: outcome for outcome in ports.racing().set_quotas(changes)} if changes else {}
        settled = []
        for item in batch:
            outcome = outcomes.get(str(item.after.get("profile") or ""))
            settled.append(_settled(item, outcome))
        settle_items(ports, job, settled, lease)
        read_profiles(ports, event, lease)
        return None

    def _store_wanted(self, ports: Ports, event: Event, items: Iterable[JobItem]) -> None:
        changed = []
        for item in items:
            try:
                person = ports.store.attendee(event.id, item.key)
            except Missing:
                continue
            own = item.after.get("own", "set")
            quota = Quota(item.after["minutes"], item.after["models"])
            changed.append(replace(person, quota=quota if own == "set" else (Quota(*own) if own else None)))
        ports.store.save_attendees(event.id, changed)


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
            return f"{done:,} of {len(items):,} profiles are {word}."
        batch = todo[:BATCH]
        profiles = {profile.id: profile for profile in read_profiles(ports, event, lease, max_age_s=5)}
        racing = ports.racing()
        if racing.capabilities.native_pause:
            outcomes = list(racing.sponsor([item.key for item in batch], active=active))
            self._remember(ports, event, batch, profiles, active, lease)
        else:
            former = self._remember(ports, event, batch, profiles, active, lease)
            changes = [(item.key, CLOSED if not active else former[item.key]) for item in batch if item.key in profiles]
            outcomes = list(racing.set_quotas(changes))
            if active:
                self._forget(ports, event, [outcome.person for outcome in outcomes if outcome.state.is_done], lease)
        by_id = {outcome.person: outcome for outcome in outcomes}
        settle_items(ports, job, [_settled(item, by_id.get(item.key)) for item in batch], lease)
        if racing.capabilities.native_pause and active:
            self._forget(ports, event, [item.key for item in batch], lease)
        return None

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
        if not active:
            for item in batch:
                profile = profiles.get(item.key)
                if profile and profile.quota and item.key not in kept:
                    kept[item.key] = [profile.quota.minutes, profile.quota.models]
            ports.store.put(event.id, "paused_profiles", kept, lease=lease)
        people = {link.profile: link.attendee for link in ports.store.links(event.id).values()}
        former: dict[str, Quota] = {}
        for item in batch:
            if item.key in kept:
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
        if item.after and item.after.get("profile") == "":
            return replace(item, state=State.DONE, reason="wanted", sentence="Will be set when the profile appears.")
        return replace(item, state=State.REFUSED, reason="gone", sentence="The service lists no such profile any more.")
    state = State.TODO if outcome.state in (State.RETRY, State.WAITING) else outcome.state
    return replace(item, state=state, reason=outcome.reason, sentence=outcome.sentence)
