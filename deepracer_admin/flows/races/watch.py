"""Watching: usage, milestones, races and standings, collected on the worker's clock and kept with their "as of"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from deepracer_admin.errors import ServiceError
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.races.entrants import read_participants
from deepracer_admin.flows.races.finish import FinishWatcher
from deepracer_admin.flows.readings.profiles import linked_profiles, remember_account, sample_profiles
from deepracer_admin.flows.readings.standings import read_standings
from deepracer_admin.model import (
    RUNNING_MODELS,
    Event,
    Lease,
    ModelJobs,
    Outcome,
    Profile,
    Race,
    RaceStatus,
    Standing,
    State,
    Step,
)
from deepracer_admin.records.limits import SPONSORSHIP
from deepracer_admin.records.profile_rows import DISOWNED
from deepracer_admin.records.racing_service import MODELS_SEEN, TRACKS, ModelsSeen
from deepracer_admin.rules.aliases import owner_of, racers_by_alias
from deepracer_admin.rules.usage import jobs_of

__all__ = ["RaceWatcher", "UsageWatcher"]

ENTRANTS_EVERY = timedelta(seconds=30)  # real time
MODELS_EVERY = timedelta(seconds=60)  # real time
JOBS_EVERY = timedelta(
    seconds=10
)  # real time: a third of the firewall's rule for admin calls (deepracer-on-aws.md 1.4)
MODE_S = 3.0
_EVER = datetime(2000, 1, 1, tzinfo=UTC)


class UsageWatcher:
    """Samples every profile's counters: one listing, shared with onboarding, one row of totals, milestones.

    With multi-user mode on, everybody is listed although nobody is on the list, and their models are counted: whoever
    is about to turn the mode off is told what it hides (managed-deepracer.md 3.1).
    """

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self._profiles = 0
        self._mode_was_on = False
        self._waits_for_mode = False
        self._models_at: datetime | None = None
        self._jobs_asked_at: datetime | None = None
        self._jobs: tuple[datetime, Mapping[str, ModelJobs]] | None = None  # real time

    def interval_s(self, event: Event) -> float:
        """Real seconds until the next look: until the next sample, or soon when the mode may be turned on."""
        return min(MODE_S, self._sample_s()) if self._waits_for_mode else self._sample_s()

    def _sample_s(self) -> float:
        """Real seconds between samples: about a minute of event time, never more often than the listing costs."""
        pages = self._profiles / 100 + 1
        return max(1.0, min(60.0, 60.0 / max(self.ports.clock.factor, 0.01)), 0.3 * pages)

    def run(self, event: Event, lease: Lease) -> int:
        """Read, keep, and note who has trained. Returns how many profiles of the event were seen."""
        ports = self.ports
        said_on = bool(ports.store.read(event.id, SPONSORSHIP).open)
        nobody = not ports.store.links(event.id) and not ports.store.attendees(event.id)
        if nobody and not said_on:
            self._mode_was_on, self._waits_for_mode = False, True
            return 0
        has_mode = ports.racing().capabilities.multi_user_mode
        self._waits_for_mode = has_mode and not said_on
        if nobody and not has_mode:
            return 0
        just_on = has_mode and said_on and not self._mode_was_on
        mine = self._sample(event, lease, max_age_s=0.0 if just_on else self._sample_s() / 2)
        self._mode_was_on = has_mode and said_on
        if self._mode_was_on:
            self._count_models(event, lease, at_once=just_on)
        return len(mine)

    def _jobs_now(self, mine: Sequence[Profile]) -> Mapping[str, ModelJobs] | None:
        """What models do: read where one call tells it of all of them, for it is what tells waiting from running.

        None: not known, or not lately. A sample never fails for it.
        """
        now, racing = self.ports.clock.now(), self.ports.racing()
        every = max(JOBS_EVERY, timedelta(seconds=self._sample_s()))
        if racing.capabilities.all_models_in_one_call and now - (self._jobs_asked_at or _EVER) >= every:
            self._jobs_asked_at = now  # before it is asked, so that a failing service is not asked more often
            with suppress(ServiceError):  # what else fails says so to people; here it is "not read"
                self._jobs = (now, jobs_of(racing.models([profile.id for profile in mine])))
        if self._jobs is None or now - self._jobs[0] > max(3 * every, MODELS_EVERY + every):
            return None
        return self._jobs[1]

    def _sample(self, event: Event, lease: Lease, *, max_age_s: float) -> list[Profile]:
        profiles, at = sample_profiles(self.ports, event, lease, max_age_s=max_age_s)
        self._profiles = len(profiles)
        mine = linked_profiles(self.ports, event, profiles)
        self._disown(event, mine, lease)
        if mine:
            jobs, slots = self._jobs_now(mine), max(1, event.slots)
            self.ports.history.add_usage(event.id, at, mine, jobs=jobs, slots=slots)
        self._milestones(event, mine, lease)
        return mine

    def _disown(self, event: Event, mine: Sequence[Profile], lease: Lease) -> None:
        """What a profile used that a human has said is not the person's goes out of the totals, before the next sample
        counts it among those that vanished. One that is somebody's of the list again is the event's."""
        store, ids = self.ports.store, {profile.id for profile in mine}
        said = store.rows(event.id, DISOWNED)
        if not said:
            return
        self.ports.history.disown(event.id, [profile for profile in said if profile not in ids])
        again = {profile: None for profile in said if profile in ids}
        if again:
            store.change_rows(event.id, DISOWNED, lambda _: again, keys=again, lease=lease)

    def _count_models(self, event: Event, lease: Lease, *, at_once: bool) -> None:
        """Everybody's models are pages of their own to read, so they are counted now and then."""
        now = self.ports.clock.now()
        if not at_once and self._models_at is not None and now - self._models_at < MODELS_EVERY:
            return
        self._models_at = now  # before it is asked, so that a failing service is not asked more often
        ids = [profile.id for profile in self.ports.store.profiles(event.id)[0]]
        models = list(self.ports.racing().models(ids)) if ids else []
        self._jobs = (now, jobs_of(models))
        running = sum(1 for model in models if model.status in RUNNING_MODELS)
        self.ports.store.keep(event.id, MODELS_SEEN, ModelsSeen(len(models), running, len(ids), now), lease=lease)

    def _milestones(self, event: Event, profiles: Sequence[Profile], lease: Lease) -> None:
        """A person with minutes, queued ones too, or a model has signed in; without either it is not known.

        Used minutes tell that somebody has trained, and so does a model while nothing is queued: one that waits for
        capacity counts as a model and keeps its minutes queued (deepracer-on-aws-capacity.md 1).
        """
        owners = {link.profile: link.attendee for link in self.ports.store.links(event.id).values()}
        outcomes = []
        for profile in profiles:
            active = profile.minutes_used > 0 or profile.minutes_queued > 0 or (profile.model_count or 0) > 0
            if not active:
                continue
            person = owners[profile.id]
            outcomes.append(Outcome(person, Step.SIGNED_IN, State.DONE, "model", ref=profile.id))
            if profile.minutes_used > 0 or ((profile.model_count or 0) > 0 and not profile.minutes_queued):
                outcomes.append(Outcome(person, Step.TRAINED, State.DONE, ref=profile.id))
        self.ports.store.record(event.id, outcomes, lease=lease, now=self.ports.clock.now())


class RaceWatcher:
    """Reads races, tracks and standings; open races every round, closed ones until their result is final and their
    standings hold still.

    `watches`: were there races when it last looked?
    """

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self._account_at: datetime | None = None
        self._settled: dict[str, int] = {}
        self._entrants_at: dict[str, datetime] = {}
        self.finish = FinishWatcher(ports)
        self.watches = False

    def run(self, event: Event, lease: Lease) -> int:
        """One round; returns how many standings were read."""
        ports = self.ports
        racing = ports.racing()
        now = ports.clock.now()
        if self._account_at is None or now - self._account_at > timedelta(minutes=5):
            remember_account(ports, event, lease)
            self._tracks(event, lease)
            self._account_at = now
        races = list(racing.races())
        self.watches = bool(races)
        ports.store.save_races(event.id, races, seen_at=now, lease=lease)
        finishes = self.finish.look(event, races, lease)
        read = 0
        for race in races:
            status = race.status(ports.clock.event_now())
            if racing.capabilities.participants and status is not RaceStatus.CLOSED:
                self._entrants(event, race, now, lease)
            is_final = race.id not in finishes or finishes[race.id].final_at is not None
            if status is RaceStatus.UPCOMING or (is_final and self._settled.get(race.id, 0) >= 5):
                continue
            began = ports.clock.event_now()
            standings = read_standings(ports, event.id, race.id)
            if status is RaceStatus.CLOSED:
                self.finish.settle(event, race, at=began, changed=standings.changed, lease=lease)
            still = status is RaceStatus.CLOSED and not standings.changed
            self._settled[race.id] = self._settled.get(race.id, 0) + 1 if still else 0
            self._submitted(event, race, standings.rows, lease)
            read += 1
        return read

    def _entrants(self, event: Event, race: Race, now: datetime, lease: Lease) -> None:
        """Who may enter: racers join by the link whenever they like, so the list is read now and then."""
        read = self._entrants_at.get(race.id)
        if read is None or now - read >= ENTRANTS_EVERY:
            read_participants(self.ports, event.id, race.id, lease)
            self._entrants_at[race.id] = now

    def _tracks(self, event: Event, lease: Lease) -> None:
        self.ports.store.keep(event.id, TRACKS, tuple(self.ports.racing().tracks()), lease=lease)

    def _submitted(self, event: Event, race: Race, standings: Sequence[Standing], lease: Lease) -> None:
        """By profile where it is known, else by the alias that we gave (rules/racers.py)."""
        store = self.ports.store
        people = {person.id: person for person in store.attendees(event.id, wanted=True)}
        owners = {link.profile: link.attendee for link in store.links(event.id).values()}
        named = racers_by_alias(people.values(), store.profiles(event.id)[0], owners)
        raced = {owner_of(row, owners, named) for row in standings}
        outcomes = [Outcome(person, Step.SUBMITTED, State.DONE, ref=race.id) for person in people if person in raced]
        store.record(event.id, outcomes, lease=lease, now=self.ports.clock.now())
