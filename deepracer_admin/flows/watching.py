"""Watching: usage, milestones, races and standings, collected on the worker's clock and kept with their "as of"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from deepracer_admin.flows.entrants import read_participants
from deepracer_admin.flows.ports import Ports
from deepracer_admin.flows.profiles import linked_profiles, read_profiles, remember_account
from deepracer_admin.model import Event, Lease, Outcome, Profile, Race, RaceStatus, State, Step

__all__ = ["RaceWatcher", "UsageWatcher"]

ENTRANTS_EVERY = timedelta(seconds=30)  # real time


class UsageWatcher:
    """Samples every profile's counters: one listing, shared with onboarding, one row of totals, milestones."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self._profiles = 0

    def interval_s(self, event: Event) -> float:
        """Real seconds between samples: about a minute of event time, never more often than the listing costs."""
        pages = self._profiles / 100 + 1
        return max(1.0, min(60.0, 60.0 / max(self.ports.clock.factor, 0.01)), 0.3 * pages)

    def run(self, event: Event, lease: Lease) -> int:
        """Read, keep, and note who has trained. Returns how many profiles of the event were seen."""
        ports = self.ports
        if not ports.store.links(event.id) and not ports.store.attendees(event.id):
            return 0
        profiles = read_profiles(ports, event, lease, max_age_s=self.interval_s(event) / 2)
        self._profiles = len(profiles)
        mine = linked_profiles(ports, event, profiles)
        if mine:
            ports.history.add_usage(event.id, ports.clock.event_now(), mine)
        self._milestones(event, mine, lease)
        return len(mine)

    def _milestones(self, event: Event, profiles: Sequence[Profile], lease: Lease) -> None:
        """A person with minutes or a model has trained, and so has signed in; without either it is not known."""
        owners = {link.profile: link.attendee for link in self.ports.store.links(event.id).values()}
        outcomes = []
        for profile in profiles:
            active = profile.minutes_used > 0 or profile.minutes_queued > 0 or (profile.model_count or 0) > 0
            if not active:
                continue
            person = owners[profile.id]
            outcomes.append(Outcome(person, Step.SIGNED_IN, State.DONE, "model", ref=profile.id))
            if profile.minutes_used > 0 or (profile.model_count or 0) > 0:
                outcomes.append(Outcome(person, Step.TRAINED, State.DONE, ref=profile.id))
        self.ports.store.record(event.id, outcomes, lease=lease, now=self.ports.clock.now())


class RaceWatcher:
    """Reads races, tracks and standings; open races every round, closed ones until their standings hold still."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self._account_at: datetime | None = None
        self._settled: dict[str, int] = {}
        self._entrants_at: dict[str, datetime] = {}

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
        ports.store.save_races(event.id, races, seen_at=now, lease=lease)
        read = 0
        for race in races:
            status = race.status(ports.clock.event_now())
            if racing.capabilities.participants and status is not RaceStatus.CLOSED:
                self._entrants(event, race, now, lease)
            if status is RaceStatus.UPCOMING or self._settled.get(race.id, 0) >= 5:
                continue
            standings = list(racing.standings(race.id))
            changed = ports.history.save_standings(event.id, race.id, ports.clock.event_now(), standings)
            still = status is RaceStatus.CLOSED and not changed
            self._settled[race.id] = self._settled.get(race.id, 0) + 1 if still else 0
            self._submitted(event, race, {row.alias.casefold() for row in standings}, lease)
            read += 1
        return read

    def _entrants(self, event: Event, race: Race, now: datetime, lease: Lease) -> None:
        """Who may enter: racers join by the link whenever they like, so the list is read now and then."""
        read = self._entrants_at.get(race.id)
        if read is None or now - read >= ENTRANTS_EVERY:
            read_participants(self.ports, event.id, race.id, lease)
            self._entrants_at[race.id] = now

    def _tracks(self, event: Event, lease: Lease) -> None:
        rows: list[dict[str, Any]] = [asdict(track) for track in self.ports.racing().tracks()]
        self.ports.store.put(event.id, "tracks", rows, lease=lease)

    def _submitted(self, event: Event, race: Race, aliases: set[str], lease: Lease) -> None:
        """Matched by alias alone: rankings carry no profile id (deepracer-on-aws.md 1.7)."""
        outcomes = [
            Outcome(person.id, Step.SUBMITTED, State.DONE, ref=race.id)
            for person in self.ports.store.attendees(event.id, wanted=True)
            if person.alias and person.alias.casefold() in aliases
        ]
        self.ports.store.record(event.id, outcomes, lease=lease, now=self.ports.clock.now())
