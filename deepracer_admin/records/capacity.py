"""What a plan for slots and hours assumes beyond the event's settings, and the account's quotas as last read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.store.documents import Document, Reading

__all__ = ["ACCOUNT_QUOTAS", "PLAN_CHOICES", "SLOT_QUOTAS", "PlanChoices", "SlotQuotas"]


@dataclass(frozen=True, slots=True)
class PlanChoices:
    """`arrivals`: a key of rules/capacity's presets. `training_min`: mean minutes of a training. `submissions`: mean
    number of a racer. `others`: training instances that the account uses for other things. `account_slots`: the quota
    for all of them; None = not told. `room_h`: hours before the end without new trainings. `queue`: how a training gets
    a slot, "line" or "retry"; "" = as the deployment's version says. `waves`: hours are given out in rounds.
    """

    arrivals: str = ""
    training_min: float = 41.0
    submissions: float = 4.5
    others: int = 0
    account_slots: int | None = None
    room_h: float = 0.0
    queue: str = ""
    waves: bool = False


PLAN_CHOICES: Document[PlanChoices] = Document("plan_choices", PlanChoices, PlanChoices(), personal=False)
"""Changed by organizers (Set up, Slots and hours); read wherever the plan is looked at."""


@dataclass(frozen=True, slots=True)
class SlotQuotas:
    """Training instances at once, of the instance type and of all; `as_of`: real time, None = never read."""

    per_type: int = 0
    total: int = 0
    region: str = ""
    as_of: datetime | None = None

    @property
    def slots(self) -> int | None:
        """Jobs at once, where the account uses none otherwise: the lower one counts. None: never read, or none."""
        return min(self.per_type, self.total) or None if self.as_of else None


SLOT_QUOTAS: Reading[SlotQuotas] = Reading("slot_quotas", SlotQuotas, SlotQuotas(), personal=False)
"""Written by the job `quotas.read`; read by the Set up page."""

ACCOUNT_QUOTAS: Reading[SlotQuotas] = Reading(
    "account_quotas", SlotQuotas, SlotQuotas(), personal=False, of_event=False
)
"""The same for events that are still to be made (flows/setup/slot_quotas.py); read where a new event is filled in."""
