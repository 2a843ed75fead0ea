"""Ending a managed event: nobody makes new work, trainings stop, profiles end, and the mode goes off last.

Whose profiles? With multi-user mode off the service lists nobody (managed-deepracer.md 3.1), so what must be ended is
ended before, and known ids are kept. A profile belongs to the event when it is linked with somebody of the list, or
appeared since the event turned the mode on; those that were there before get back the state and limits they had.

What if it dies here? Former states are stored before the first is changed; every step acts on what a listing shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from deepracer_admin.counted import counted
from deepracer_admin.errors import NotThere, Refused
from deepracer_admin.flows.closeout.steps import NotYet, Told
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.readings.given_elsewhere import given_elsewhere
from deepracer_admin.flows.readings.models import holders, not_deleted
from deepracer_admin.flows.readings.needed_elsewhere import (
    hand_over,
    hand_over_switch,
    needed_elsewhere,
    sponsors_elsewhere,
)
from deepracer_admin.flows.readings.profiles import is_staff, read_profiles
from deepracer_admin.flows.sponsorship.switch import SponsorshipHandler
from deepracer_admin.model import RUNNING_MODELS, Event, Job, Lease, Model, Outcome, Profile, State, Step
from deepracer_admin.racing import RacingService
from deepracer_admin.records.adopted_quotas import ADOPTED_QUOTAS
from deepracer_admin.records.closing import (
    CLOSING_STEPS,
    ENDED_PROFILES,
    FORMER_STATES,
    GIVEN_BACK,
    KNOWN_PROFILES,
    FormerState,
    GivenBack,
    Leftover,
)
from deepracer_admin.records.limits import SPONSORSHIP

__all__ = ["Crowd", "ended", "event_crowd", "pause_everybody", "stop_trainings", "turn_off"]

OFF = "DISABLED"
STOPS = 50  # trainings stopped between two looks
TRAINING, EVALUATING, _ = RUNNING_MODELS
CREATED = "CREATED"  # computes nothing, but its training may wait for a slot
STILL_ON_S = 5.0
LAST_LOOK = timedelta(minutes=10)  # real time, within the patience of the step (steps.py)
NAMED = 10  # ids that are named before the rest is only counted


@dataclass(frozen=True, slots=True)
class Crowd:
    """Profiles as listed now: the event's (some known by id alone once the mode is off), those from before, others."""

    mine: Sequence[Profile]
    before: Sequence[Profile]
    strangers: Sequence[Profile]
    listed: frozenset[str]
    elsewhere: Sequence[Profile] = ()  # of people whom another open event wants; they are left alone

    @property
    def at_work(self) -> list[Profile]:
        """Everybody whose work the close-out ends: linked, or new since the event."""
        return [*self.mine, *self.before]


def event_crowd(ports: Ports, event: Event, lease: Lease, *, max_age_s: float = 0.0) -> Crowd:
    """A listing, told apart, staff left out. Keeps the ids of `mine` for when the mode is off and nobody is listed."""
    listed = read_profiles(ports, event, lease, max_age_s=max_age_s)
    linked = {link.profile for link in ports.store.links(event.id).values()}
    since = ports.store.read(event.id, SPONSORSHIP).since
    mine: list[Profile] = []
    before: list[Profile] = []
    strangers: list[Profile] = []
    elsewhere: list[Profile] = []
    needed, others = needed_elsewhere(ports, event), sponsors_elsewhere(ports.store, event, ports.racing_default)
    for profile in listed:
        fresh = since is not None and profile.created_at is not None and profile.created_at >= since
        if is_staff(profile, ports.staff_emails):
            continue
        if needed.needs(profile):
            elsewhere.append(profile)
        elif profile.id in linked:
            (mine if fresh or since is None else before).append(profile)
        else:
            # while another event sponsors, who is new and on no list is as likely its own: that one ends them
            (mine if fresh and not others else strangers).append(profile)
    fresh = frozenset(profile.id for profile in mine)
    ids = ports.store.update(event.id, KNOWN_PROFILES, lambda known: known | fresh, lease=lease)
    seen = {profile.id for profile in listed}
    mine += [Profile(key, "", state="") for key in sorted((ids | linked) - seen - needed.profiles)]
    return Crowd(mine, before, strangers, frozenset(seen), elsewhere)


def pause_everybody(ports: Ports, event: Event, job: Job, lease: Lease) -> Told:
    """Restrict whoever is active. Submitting would still work, but the races are over by now (3.1)."""
    crowd = event_crowd(ports, event, lease)
    former = {profile.id: FormerState(profile.state) for profile in crowd.before}
    ports.store.change_rows(event.id, FORMER_STATES, lambda kept: {**former, **kept}, keys=former, lease=lease)
    active = [profile.id for profile in crowd.at_work if profile.id in crowd.listed and profile.state == "ACTIVE"]
    refused = _refused(ports.racing().sponsor(active, active=False)) if active else {}
    if len(refused) < len(active):
        said = f"{counted(len(active), 'profile')} could still start work: paused, and looked at again next."
        raise NotYet(said, left=[_left("profiles that may still start work", active, said)])
    _leave_to_others(ports, event, crowd)
    paused = sum(1 for profile in crowd.at_work if profile.id in crowd.listed) - len(refused)
    if not crowd.listed and not ports.racing().account().multi_user_mode:
        return Told("Multi-user mode is off already, so nobody can start work; the service lists no profile.")
    still = counted(paused, "profile is", "profiles are")
    return Told(
        f"{still} paused or ended (seen at the service): nobody starts new work.{_named(refused)}", _refusals(refused)
    )


def stop_trainings(ports: Ports, event: Event, job: Job, lease: Lease) -> str:
    """Stop what runs or waits, a few at a time, until nothing does; an evaluation ends by itself."""
    racing = ports.racing()
    crowd = event_crowd(ports, event, lease, max_age_s=60).at_work
    ids = [profile.id for profile in crowd]
    waiting = {profile.id for profile in crowd if profile.minutes_queued}
    models: list[Model] = list(racing.models(ids)) if ids else []
    running = [model for model in models if model.status in RUNNING_MODELS]
    created = [model for model in models if model.status == CREATED and model.profile_id in waiting]
    busy = _told_to_stop(racing, running, created)
    if not busy:
        return f"No training runs for {counted(len(ids), 'profile')} (seen at the service)."
    evaluations = sum(1 for model in busy if model.status == EVALUATING)
    trainings = len(busy) - evaluations
    told = (
        [f"{counted(trainings, 'training')} running or queued: told to stop, which takes minutes."] if trainings else []
    )
    if evaluations:
        told.append(
            f"{counted(evaluations, 'evaluation runs and ends by itself', 'evaluations run and end by themselves')}."
        )
    said = " ".join(told)
    raise NotYet(said, left=[_left("models at work", [model.id for model in busy], said)])


def _told_to_stop(racing: RacingService, running: Sequence[Model], created: Sequence[Model]) -> list[Model]:
    """Stop some of these; returns those to be waited for: a created model counts only when it has a job to stop."""
    idle: set[str] = set()
    stopped = 0
    for model in [*(model for model in running if model.status == TRAINING), *created]:
        if stopped == STOPS:
            break
        try:
            racing.stop_training(model.id)
            stopped += 1
        except (NotThere, Refused):  # ended meanwhile, or not to be stopped: the next listing tells
            if model.status == CREATED:
                idle.add(model.id)
    return [model for model in [*running, *created] if model.id not in idle]


def ended(ports: Ports, event: Event, job: Job, lease: Lease) -> Told:
    """Disable the event's profiles until a listing shows none that is not; the service keeps their names."""
    ports.store.amend_attendees(event.id, lambda person: replace(person, wanted=False), lease=lease)
    hand_over_switch(ports, event, lease)
    needed = hand_over(ports, event, lease)
    crowd = event_crowd(ports, event, lease)
    refused = _end(ports, crowd)
    off = {profile.id for profile in crowd.mine if profile.state == OFF}
    _remember_ended(ports, event, off, lease)
    gone = [
        Outcome(link.attendee, Step.PROFILE, State.TODO, "removed", "Sponsorship has ended (seen at the service).")
        for link in ports.store.links(event.id).values()
        if link.profile in off
    ]
    ports.store.record(event.id, gone, lease=lease, now=ports.clock.now())
    stay = f"; {len(crowd.before):,} there before the event stay" if crowd.before else ""
    said = f"{counted(len(off), 'profile is', 'profiles are')} disabled (seen at the service){stay}.{_named(refused)}"
    if needed.access:
        said += f" {needed.keep('profile', needed.access)}"
    return Told(said, (*_refusals(refused), *_kept(crowd)))


def turn_off(ports: Ports, event: Event, job: Job, lease: Lease) -> Told:
    """The last look at everybody, then the mode: what is not empty now would be hidden by it and go on costing.

    Somebody may have signed in for the first time while the directory's cycle was waited for.
    """
    racing = ports.racing()
    crowd = event_crowd(ports, event, lease)
    tail, refused = "", dict[str, str]()
    if crowd.listed and not _is_hopeless(ports, event):
        refused = _end(ports, crowd)
        _remember_ended(ports, event, {profile.id for profile in crowd.mine if profile.state == OFF}, lease)
        owners = holders(ports, event, crowd.at_work, lease, job=job.id)
        if owners:
            for _ in racing.delete_models(sorted(owners)):
                pass  # the read-back of the next round counts
            raise NotYet(f"{counted(len(owners), 'profile')} held a model again: deleted before the mode goes off.")
        _give_back(ports, event, crowd)
        _look_at_limits(ports, event, job, crowd, lease)
        tail = _named(refused) + _left_behind(crowd)
    others = sponsors_elsewhere(ports.store, event, ports.racing_default)
    evidence = SponsorshipHandler().work(ports, replace(job, plan={"open": False, "final": True}), lease)
    if others and evidence is not None:
        return Told(f"{evidence}{tail}", (*_refusals(refused), _MODE_KEPT))
    if evidence is None or racing.account().multi_user_mode:
        raise NotYet(_STILL_ON, STILL_ON_S, left=[Leftover("multi-user mode", why=_STILL_ON, way_out=_TURN_OFF)])
    stuck = [*not_deleted(ports, event, job.id)]
    hidden = [_left("models that went out of sight", stuck, _NOT_DELETED)] if stuck else []
    return Told(f"{evidence}{tail}", (*_refusals(refused), *hidden))


_STILL_ON = "Multi-user mode was turned off, and the service still shows it on; it is turned off again."
_TURN_OFF = "Turn multi-user mode off in the AWS console, then close again."
_MODE_KEPT = Leftover(
    "multi-user mode",
    why="Another open event sponsors people with it.",
    way_out="That event's close-out turns it off.",
    is_kept=True,
)
_NOT_DELETED = "The service did not delete them; their storage goes on billing until they are deleted with the mode on."


def _is_hopeless(ports: Ports, event: Event) -> bool:
    """Has the last look at everybody gone on for so long that the mode must go off without it?

    The switch lets nobody in any more, so it waits for nothing that may never be: half of the step's patience.
    """
    row = ports.store.row(event.id, CLOSING_STEPS, "sponsorship")
    return bool(row and row.began_at and ports.clock.now() - row.began_at > LAST_LOOK)


def _end(ports: Ports, crowd: Crowd) -> dict[str, str]:
    """Disable who is not; raises Later until all are or are refused. Returns the refused with the reason."""
    going = [profile.id for profile in crowd.mine if profile.id in crowd.listed and profile.state != OFF]
    refused = _refused(ports.racing().remove(going)) if going else {}
    if len(refused) < len(going):
        said = f"{counted(len(going), 'profile')} still sponsored: disabled, and looked at again next."
        raise NotYet(said, left=[_left("profiles that are still sponsored", going, said)])
    return refused


def _remember_ended(ports: Ports, event: Event, off: set[str], lease: Lease) -> None:
    ports.store.update(event.id, ENDED_PROFILES, lambda kept: kept | off, lease=lease)


def _give_back(ports: Ports, event: Event, crowd: Crowd) -> None:
    """State and limits of those who were there before the event; raises Later until they read back."""
    racing = ports.racing()
    states = ports.store.rows(event.id, FORMER_STATES)
    quotas = ports.store.rows(event.id, ADOPTED_QUOTAS)
    active = {key for key, former in states.items() if former.state == "ACTIVE"}
    resumed = [p.id for p in crowd.before if p.id in active and p.state != "ACTIVE"]
    limits = [(p.id, quotas[p.id]) for p in crowd.before if p.id in quotas and p.quota != quotas[p.id]]
    refused = _refused(racing.sponsor(resumed, active=True)) if resumed else {}
    refused |= _refused(racing.set_quotas(limits)) if limits else {}
    if len(refused) < len({*resumed, *(key for key, _ in limits)}):
        said = "Who was there before the event gets back what they had; it is looked at again."
        whose = [*{*resumed, *dict(limits)}]
        raise NotYet(said, left=[_left("profiles that did not get back what they had", whose, said)])


def _look_at_limits(ports: Ports, event: Event, job: Job, crowd: Crowd, lease: Lease) -> None:
    """How many of those from before have what they had, while they are still listed."""
    states = ports.store.rows(event.id, FORMER_STATES)
    quotas = ports.store.rows(event.id, ADOPTED_QUOTAS)
    back = sum(
        profile.quota == quotas.get(profile.id, profile.quota)
        and (profile.id not in states or profile.state == states[profile.id].state)
        for profile in crowd.before
    )
    seen = GivenBack(job.id, ports.clock.now(), len(crowd.before), back)
    ports.store.update(event.id, GIVEN_BACK, lambda _: seen, lease=lease)


def _leave_to_others(ports: Ports, event: Event, crowd: Crowd) -> None:
    """Who is in another open event has its limit from now on, or its pause; raises Later until they read back."""
    racing, given = ports.racing(), given_elsewhere(ports.store, event, ports.racing_default)
    asleep = [p.id for p in crowd.elsewhere if p.state == "ACTIVE" and given.is_asleep(p.id)]
    limits = [(p.id, q) for p in crowd.elsewhere if (q := given.quotas.get(p.id)) is not None and p.quota != q]
    refused = _refused(racing.sponsor(asleep, active=False)) if asleep else {}
    refused |= _refused(racing.set_quotas(limits)) if limits else {}
    if len(refused) < len({*asleep, *dict(limits)}):
        said = "Who is in another open event keeps what that one gives; it is looked at again."
        whose = [*{*asleep, *dict(limits)}]
        raise NotYet(said, left=[_left("profiles that do not have what another event gives", whose, said)])


def _refused(outcomes: Any) -> dict[str, str]:
    return {outcome.person: outcome.sentence for outcome in outcomes if outcome.state is State.REFUSED}


def _refusals(refused: dict[str, str]) -> tuple[Leftover, ...]:
    """Those whom the service refused to change."""
    if not refused:
        return ()
    return (_left("profiles that could not be changed", [*refused], next(iter(refused.values()))),)


def _kept(crowd: Crowd) -> tuple[Leftover, ...]:
    ids = sorted(profile.id for profile in crowd.elsewhere)
    if not ids:
        return ()
    why, out = "They are left as they are for that event.", "Its own close-out disables them."
    return (Leftover("profiles that another open event needs", len(ids), (*ids[:NAMED],), why, out, is_kept=True),)


def _left(what: str, ids: Sequence[str], why: str) -> Leftover:
    return Leftover(what, len(ids), tuple(sorted(ids)[:NAMED]), why)


def _named(refused: dict[str, str]) -> str:
    return f" {len(refused):,} could not be changed: {next(iter(refused.values()))}" if refused else ""


def _left_behind(crowd: Crowd) -> str:
    """What the mode hides although it is not ours: its storage goes on costing."""
    stored = [profile for profile in crowd.strangers if profile.storage_bytes]
    if not stored:
        return ""
    size = sum(profile.storage_bytes or 0 for profile in stored) / 1e9
    return (
        f" {counted(len(stored), 'profile')}, there before and of nobody on the list, with {size:,.1f} GB of models: "
        "not touched, not listed while the mode is off, and billed."
    )
