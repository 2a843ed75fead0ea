"""Opening and closing sponsorship: what should be is stored, then set, then read back.

The managed service has a switch (multi-user mode). DeepRacer on AWS has none: there sponsorship is open or closed
through the limits of new profiles (newcomers.py) and of the event's own; former values are stored before they are
overwritten and restored exactly (deepracer-on-aws.md 2.4 and 3). Running work, queued work and submissions go on either
way: no limit and no switch reaches them (2.3, 2.4). Onboarding keeps who comes meanwhile at what holds (limits.py).

What if it dies here? Former values are stored before the first write, and never replaced by values of our own; a
repeat sets what does not read back yet. The state says what was read back, never what was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from deepracer_admin.counted import counted
from deepracer_admin.errors import Refused
from deepracer_admin.flows.engine.jobs import Later
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.readings.given_elsewhere import limits_now
from deepracer_admin.flows.readings.needed_elsewhere import (
    hand_over_switch,
    needed_by,
    sponsors_elsewhere,
)
from deepracer_admin.flows.readings.profiles import (
    is_staff,
    linked_profiles,
    owners_of,
    read_profiles,
    remember_account,
)
from deepracer_admin.flows.sponsorship.new_profile_limits import forget_former, new_words, set_newcomers, take_over
from deepracer_admin.flows.sponsorship.pause import SponsorHandler
from deepracer_admin.model import RUNNING_MODELS, Attendee, Event, Job, Lease, Profile, Quota
from deepracer_admin.racing import RacingService
from deepracer_admin.records.adopted_quotas import ADOPTED_QUOTAS
from deepracer_admin.records.limits import (
    CLOSED,
    FORMER_LIMITS,
    HELD_BACK,
    NEW_PROFILE_LIMITS,
    SPONSORSHIP,
    SWITCH_JOB,
    Limits,
    Sponsorship,
)
from deepracer_admin.rules.quotas import quota_for, quota_words

__all__ = ["CLOSED", "SponsorHandler", "SponsorshipHandler"]

BATCH = 200
ROUNDS = 5  # after which a job gives up
AGAIN_S = 3.0


class SponsorshipHandler:
    """Job `sponsorship`: plan {"open": bool}; with {"final": true} everything is as it was before this event, with
    {"ending": true} it will be. Who is in another open event that sponsors keeps its hours."""

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        event = ports.store.event(job.event)
        if ports.racing().capabilities.multi_user_mode:
            return self._by_switch(ports, event, job, lease)
        return self._by_limits(ports, event, job, lease)

    def _by_switch(self, ports: Ports, event: Event, job: Job, lease: Lease) -> str | None:
        want_open = bool(job.plan["open"])
        others = [] if want_open else sponsors_elsewhere(ports.store, event, ports.racing_default)
        if others:
            return self._stays_on(ports, event, job, others, lease)
        if want_open:  # stored first: whoever comes after this moment came by this event
            now = ports.clock.event_now()
            _change(ports, event, lambda state: replace(state, opened_at=state.opened_at or now), lease)
        hidden = "" if want_open else _note_hidden(ports, event, lease)
        seen = ports.racing().set_multi_user_mode(want_open).multi_user_mode
        word = f"The service shows multi-user mode {_on(seen)}"
        remember_account(ports, event, lease)
        _say(ports, event, seen, f"{word}.{hidden}", lease, is_through=seen is want_open)
        if seen is want_open:
            return f"{word}.{hidden}"
        _try_again(ports, event, job, word, "switch it in the AWS console", lease)
        return None

    def _stays_on(self, ports: Ports, event: Event, job: Job, others: Sequence[Event], lease: Lease) -> str:
        """The mode is the account's: while another event sponsors people with it, that event turns it off."""
        if job.plan.get("final"):
            hand_over_switch(ports, event, lease)
        account = remember_account(ports, event, lease).account
        sentence = (
            f"Multi-user mode stays on (the service shows it {_on(account.multi_user_mode)}): {needed_by(others)}"
        )
        _say(ports, event, account.multi_user_mode, sentence, lease, is_through=True)
        return sentence

    def _by_limits(self, ports: Ports, event: Event, job: Job, lease: Lease) -> str | None:
        plan, racing = job.plan, ports.racing()
        opening, final = bool(plan["open"]), bool(plan.get("final"))
        others = [] if opening else sponsors_elsewhere(ports.store, event, ports.racing_default)
        if others and final:
            hand_over_switch(ports, event, lease)
        wanted = None if others else take_over(ports, event, plan, lease)
        seen: Quota | None = None
        if opening:
            _change(ports, event, _end_closing, lease)
            seen = set_newcomers(racing, wanted)
            self._compare(ports, event, job, wanted, seen, lease)
            self._set_profiles(ports, event, racing, plan, lease)
        else:
            self._keep_former(ports, event, lease)
            self._set_profiles(ports, event, racing, plan, lease)
            seen = set_newcomers(racing, wanted)
        left, sentence = self._read_back(ports, event, plan, seen, lease)
        if left:
            told = f"{counted(left, 'profile is', 'profiles are')} still being set."
            ports.store.update_job(job.id, sentence=told, lease=lease, now=ports.clock.now())
            return None
        sentence = f"{sentence} New profiles keep their limits: {needed_by(others)}" if others else sentence
        self._compare(ports, event, job, wanted, seen, lease)
        if not opening:  # what they had is kept among the former limits, and listed limits are 0 by now
            ports.store.forget(event.id, HELD_BACK, lease=lease)
        remember_account(ports, event, lease)
        _say(ports, event, opening, sentence, lease, is_through=True, forget=final)
        return sentence

    def _compare(
        self, ports: Ports, event: Event, job: Job, wanted: Quota | None, seen: Quota | None, lease: Lease
    ) -> None:
        """Raises what makes the job try again, or give up, when new profiles do not get what they should."""
        if seen is None or seen == wanted:
            return
        word = f"The service shows {quota_words(seen)} for new profiles"
        open_now = bool(ports.store.read(event.id, SPONSORSHIP).open)  # opening reached nobody so far
        if not job.plan["open"]:  # who closes has not closed while new profiles can train
            open_now = seen != CLOSED and not job.plan.get("final")
        _say(ports, event, open_now, f"{word}.", lease)
        _try_again(ports, event, job, word, "set the limits of new users on the deployment's settings page", lease)

    def _keep_former(self, ports: Ports, event: Event, lease: Lease) -> None:
        """Store what will be overwritten, once: a repeat after a crash must not store our own values."""
        store = ports.store
        limits, switched = limits_now(ports, event), store.read(event.id, SPONSORSHIP)
        new = store.read(event.id, NEW_PROFILE_LIMITS).former
        owners = owners_of(ports, event)
        listed = linked_profiles(ports, event, read_profiles(ports, event, lease))

        def keep(kept: Mapping[str, Quota]) -> dict[str, Quota]:
            fresh: dict[str, Quota] = {}
            for profile in listed:
                person, how = owners.get(profile.id, (None, ""))
                value = limits.paused.get(profile.id) or _held_former(limits, profile)
                value = value or _listed(limits, profile, switched, new, person, how)
                if value and value != CLOSED:
                    fresh[profile.id] = value
                elif profile.id not in kept and person is not None and how == "created":
                    fresh[profile.id] = quota_for(event, person)
            return fresh

        store.change_rows(event.id, FORMER_LIMITS, keep, lease=lease)
        _change(ports, event, lambda state: replace(state, closing=True), lease)

    def _wanted(self, ports: Ports, event: Event, plan: Mapping[str, Any]) -> Callable[[Profile], Quota | None]:
        """The limit that a profile should have; None: it is not ours to set. Decided by what is stored now."""
        limits = limits_now(ports, event)
        owners = owners_of(ports, event)
        before = ports.store.rows(event.id, ADOPTED_QUOTAS)

        def own(profile: Profile) -> Quota | None:
            person, how = owners.get(profile.id, (None, ""))
            if plan["open"]:
                return CLOSED if profile.id in limits.paused else limits.again(profile.id, person, how)
            if plan.get("final") and not limits.given.decides(profile.id):
                return _at_the_end(limits, before, profile, how)
            return CLOSED

        def wanted(profile: Profile) -> Quota | None:
            quota = own(profile)
            return None if quota is None else limits.in_force(profile.id, quota)

        return wanted

    def _to_set(
        self, ports: Ports, event: Event, plan: Mapping[str, Any], lease: Lease
    ) -> tuple[list[tuple[str, Quota]], list[Profile]]:
        """Profiles whose limit does not read back as it should; and all profiles of the event."""
        mine = [
            profile
            for profile in linked_profiles(ports, event, read_profiles(ports, event, lease))
            if not is_staff(profile, ports.staff_emails)
        ]
        wanted = self._wanted(ports, event, plan)
        listed = [(profile, wanted(profile)) for profile in mine]
        return [(p.id, quota) for p, quota in listed if quota is not None and p.quota != quota], mine

    def _set_profiles(
        self, ports: Ports, event: Event, racing: RacingService, plan: Mapping[str, Any], lease: Lease
    ) -> None:
        changes, _ = self._to_set(ports, event, plan, lease)
        for start in range(0, len(changes), BATCH):
            for _ in racing.set_quotas(changes[start : start + BATCH]):
                pass  # the read-back counts; single answers prove nothing
            _change(ports, event, lambda state: state, lease)  # a fence

    def _read_back(
        self, ports: Ports, event: Event, plan: Mapping[str, Any], new: Quota | None, lease: Lease
    ) -> tuple[int, str]:
        left, profiles = self._to_set(ports, event, plan, lease)
        zero = sum(1 for profile in profiles if profile.quota == CLOSED)
        people = counted(len(profiles), "event profile")
        shared = limits_now(ports, event).given.keep(profile.id for profile in profiles)
        goes_on = f"{shared} {_GOES_ON}".lstrip()
        if plan["open"]:
            may = f"{len(profiles) - zero:,} of {people} may train."
            return len(left), f"Sponsorship is open: {new_words(new, final=False)}, {may}"
        said = f"Sponsorship is closed: {zero:,} of {people} have 0 minutes (seen at the service)"
        if new is None and sponsors_elsewhere(ports.store, event, ports.racing_default):
            return len(left), f"{said}. {goes_on}"
        return len(left), f"{said}; {new_words(new, final=bool(plan.get('final')))}. {goes_on}"


def _note_hidden(ports: Ports, event: Event, lease: Lease) -> str:
    """What turning the mode off takes out of sight, read just before and kept, for afterwards nobody is listed."""
    profiles = [profile.id for profile in read_profiles(ports, event, lease)]
    models = list(ports.racing().models(profiles)) if profiles else []
    if models:
        going = sum(1 for model in models if model.status in RUNNING_MODELS)
        whose = counted(len({model.profile_id for model in models}), "profile")
        told = (
            f" {counted(len(models), 'model')} of {whose} went out of sight, {going:,} of them at work: their storage "
            "goes on billing until they are deleted, for which the mode must be on."
        )
        _change(ports, event, lambda state: replace(state, hidden=told), lease)
    elif ports.racing().account().multi_user_mode:
        _change(ports, event, lambda state: replace(state, hidden=""), lease)
    return ports.store.read(event.id, SPONSORSHIP).hidden


_GOES_ON = "Running work, queued work and submissions go on."


def _listed(
    limits: Limits, profile: Profile, state: Sponsorship, new: Quota | None, person: Attendee | None, how: str
) -> Quota | None:
    """The limit that a profile is listed with, when it is the person's; None when it is not theirs or not known.

    A profile that this event made has the deployment's limit (`new`, before the event), and not its own, until the
    event was open and set it.
    """
    if profile.quota is None:
        return None
    event = limits.event
    if profile.id in limits.given.quotas and person is not None:  # what is listed may be another event's
        return limits.entitled(profile, person, how) if state.open else None
    if how == "created" and person is not None:
        untouched = profile.quota == new and profile.quota != quota_for(event, person)
        if untouched or not state.open:
            return None
    return profile.quota


def _held_former(limits: Limits, profile: Profile) -> Quota | None:
    """What somebody has whose limit is lowered for a while: what is listed is not theirs."""
    held = limits.held_back.get(profile.id)
    return held.former if held else None


def _at_the_end(limits: Limits, before: Mapping[str, Quota], profile: Profile, how: str) -> Quota | None:
    """What the event leaves behind: theirs to the adopted, 0 where it made or closed the profile."""
    if profile.id in before:
        return before[profile.id]
    return CLOSED if how == "created" or profile.id in limits.former else None


def _change(ports: Ports, event: Event, change: Callable[[Sponsorship], Sponsorship], lease: Lease) -> None:
    ports.store.update(event.id, SPONSORSHIP, change, lease=lease)


def _end_closing(state: Sponsorship) -> Sponsorship:
    """A closing that was broken off counts as a close: nobody is taken for sponsored before opening is through."""
    return replace(state, closing=False, open=False) if state.closing else state


def _say(
    ports: Ports,
    event: Event,
    seen: bool | None,
    sentence: str,
    lease: Lease,
    *,
    is_through: bool = False,
    forget: bool = False,
) -> None:
    """Store what the read-back says, for the pages, in one step with what ends with it."""
    as_of = ports.clock.now()
    if forget:  # first: whoever is interrupted between the two gives back once more what reads back already
        forget_former(ports, event, lease)

    def change(state: Sponsorship) -> Sponsorship:
        told = replace(state, open=seen, as_of=as_of, sentence=sentence)
        return replace(told, tries_job="", tries=0, closing=False) if is_through else told

    _change(ports, event, change, lease)


def _try_again(ports: Ports, event: Event, job: Job, word: str, otherwise: str, lease: Lease) -> None:
    """Raises Later, and Refused when a job of its own has tried often enough.

    A close-out bounds its steps by itself.
    """

    def once_more(state: Sponsorship) -> Sponsorship:
        return replace(state, tries_job=job.id, tries=state.tries + 1 if state.tries_job == job.id else 1)

    rounds = ports.store.update(event.id, SPONSORSHIP, once_more, lease=lease).tries
    if job.kind == SWITCH_JOB and rounds >= ROUNDS:
        raise Refused(f"{word}, after {rounds} tries: {otherwise}, or press again.", service=ports.racing().kind)
    if job.kind == SWITCH_JOB or not ports.racing().capabilities.multi_user_mode:
        raise Later(f"{word}; the console sets it again.", AGAIN_S)


def _on(value: bool | None) -> str:
    return {True: "on", False: "off", None: "unknown"}[value]
