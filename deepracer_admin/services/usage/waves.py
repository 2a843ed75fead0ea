"""Fair waves, for the Usage page: whether hours are given out in rounds, and how the round stands."""

from __future__ import annotations

from dataclasses import dataclass, replace

from deepracer_admin.errors import BadInput
from deepracer_admin.flows.sponsorship.waves import last_moves
from deepracer_admin.model import Actor
from deepracer_admin.records.limits import HELD_BACK
from deepracer_admin.records.waves import WAVES
from deepracer_admin.rules.waves import Round, Waves, round_of
from deepracer_admin.services.base import Service

__all__ = ["WavesDesk", "WavesView"]

LEAST, MOST = 10, 1440  # minutes of a training (deepracer-on-aws.md 1.7)


@dataclass(frozen=True, slots=True)
class WavesView:
    """`now`: how the round stands, None while hours are not given out in rounds. `held`: people who are held back."""

    waves: Waves
    now: Round | None
    held: int


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
        )

    def set_waves(self, actor: Actor, *, on: bool, minutes: int) -> Waves:
        """Give hours out in rounds of so many minutes, from the first round on; off: everybody gets theirs back.

        Raises BadInput.
        """
        self._authorise(actor, "usage.guard")
        if not LEAST <= minutes <= MOST:
            raise BadInput(f"Minutes a round: {LEAST} to {MOST:,}.")
        event = self._event()
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
