"""What a page asks of an event of 10,000 people without reading them all: some of them, and counts."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from deepracer_admin.model import Attendee, State, StepRow

__all__ = ["Few"]


class Few(Protocol):
    """The part of an EventStore that reads little; each of these is one cheap query."""

    def attendees_among(self, event: str, ids: Collection[str]) -> list[Attendee]:
        """Those of these ids who are on the list, leavers too, in the order in which they were added."""
        ...

    def steps_among(self, event: str, attendees: Collection[str]) -> list[StepRow]:
        """Step rows of these people alone."""
        ...

    def in_state(self, event: str, states: Collection[State]) -> set[str]:
        """Attendee ids of those of whom some step is in one of these states."""
        ...

    def linked(self, event: str) -> dict[str, str]:
        """Profile id by attendee id, of those who have one."""
        ...

    def sizes(self, event: str) -> dict[str, int]:
        """How many "attendees" (leavers too), "profiles" as last listed and "deliveries" there are."""
        ...

    def delivered_counts(self, event: str) -> dict[str, int]:
        """Mails by what was reported of them (`Delivery.delivered`); "" = nothing yet."""
        ...
