"""The calendar file of the event and its races, from the Event and Races pages."""

from __future__ import annotations

from deepracer_admin.model import Actor
from deepracer_admin.records.calendar import CALENDAR
from deepracer_admin.records.entrants import OWN_RACES
from deepracer_admin.rules.calendar import calendar_file, revised
from deepracer_admin.services.base import Service

__all__ = ["CalendarService"]


class CalendarService(Service):
    """What a person takes along holds names and times of the event and its races, and nobody's name."""

    def file(self, actor: Actor) -> bytes:
        """As it is now; a program that has an earlier one takes this as its update."""
        self._authorise(actor, "races.view")
        event = self._event()
        races, read_at = self.store.races(event.id)
        own, now = self.store.read(event.id, OWN_RACES), self.clock.now()
        entries = self.store.update(
            event.id, CALENDAR, lambda kept: revised(kept, event, races if read_at else None, own, now=now)
        )
        return calendar_file(entries.values(), event.name)
