"""Fair waves, for the Usage page: whether hours are given out in rounds, and how the round stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from deepracer_admin.errors import BadInput, Conflict
from deepracer_admin.flows.sponsorship.waves import last_moves
from deepracer_admin.model import Actor, Event
from deepracer_admin.records.limits import HELD_BACK
from deepracer_admin.records.racing_service import ACCOUNT
from deepracer_admin.records.waves import WAVES
from deepracer_admin.rules.capacity import Queue, queue_of
from deepracer_admin.rules.waves import Round, Waves, round_of
from deepracer_admin.services.base import Service

__all__ = ["WavesDesk", "WavesView"]

LEAST, MOST = 10, 1440  # minutes of a training (deepracer-on-aws.md 1.7)
IN_LINE = (
    "On this racing service trainings wait in line, the oldest first: everybody's turn comes, and rounds would only "
    "hold people back."
)


@dataclass(frozen=True, slots=True)
class WavesView:
    """`now`: how the round stands, None while hours are not given out in rounds. `held`: people who are held back.
    `why_not`: a sentence where rounds are of no use, "" where they are. `waits`: for how long each model that waits for
    a slot has, by person, the longest first (event time, as of the last sample)."""

    waves: Waves
    now: Round | None
    held: int
    why_not: str
    waits: Sequence[timedelta]


class WavesDesk(Service):
    """What the Usage page calls."""

    def waves(self, actor: Actor) -> WavesView:
        """Whether hours are given out in rounds, and how this round stands."""
        self._authorise(actor, "usage.view")
        event, now = self._event(), self.clock.event_now()
        waves = self.store.read(event.id, WAVES)
        mine = {link.profile for link in self.store.links(event.id).values()}
        profiles = [each for each in self.store.profiles(event.id)[0] if each.id in mine]
        moved = last_moves(self.house.history, event.id, now) if waves.on else {}
        return WavesView(
            waves,
            round_of(waves, profiles, moved, now) if waves.on else None,
            len(self.store.rows(event.id, HELD_BACK)),
            self._why_not(event),
            self._waits(event, now),
        )

    def _why_not(self, event: Event) -> str:
        """Before 1.3 a queue gives everybody their turn (deepracer-on-aws-capacity.md 1)."""
        if self._racing_kind(event) != "on_aws":
            return IN_LINE
        return IN_LINE if queue_of(self.store.read(event.id, ACCOUNT).account.version) is Queue.LINE else ""

    def _waits(self, event: Event, now: datetime) -> list[timedelta]:
        uses = self.house.history.profile_uses(event.id, since=now)
        found = [now - at for at, listed in zip(uses.waiting_since, uses.listed, strict=True) if at and listed]
        return sorted((max(timedelta(), each) for each in found), reverse=True)

    def set_waves(self, actor: Actor, *, on: bool, minutes: int) -> Waves:
        """Give hours out in rounds of so many minutes, from the first round on; off: everybody gets theirs back.

        Raises BadInput; Conflict where the racing service keeps people in line by itself.
        """
        self._authorise(actor, "usage.guard")
        if not LEAST <= minutes <= MOST:
            raise BadInput(f"Minutes a round: {LEAST} to {MOST:,}.")
        event = self._event()
        if on and (why_not := self._why_not(event)):
            raise Conflict(why_not)
        before = self.store.read(event.id, WAVES)

        def change(kept: Waves) -> Waves:
            if kept.on == on and kept.minutes == minutes:
                return replace(kept, by_name=actor.name)
            return Waves(on, minutes, by_name=actor.name)

        after = self.store.update(event.id, WAVES, change)
        self._audit(
            actor,
            "usage.guard",
            target=event.id,
            before={"waves": before.on, "minutes": before.minutes},
            after={"waves": after.on, "minutes": after.minutes},
        )
        return after
