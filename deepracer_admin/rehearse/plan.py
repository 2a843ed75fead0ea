"""What to rehearse."""

from __future__ import annotations

from dataclasses import dataclass

from deepracer_admin.errors import BadInput
from deepracer_admin.rules.race_room import MOST_HOURS

__all__ = ["Plan", "checked"]

VERSIONS = ("1.2.5", "1.3.1")


@dataclass(frozen=True, slots=True)
class Plan:
    """`hours` is the length of the event in event time, `speed` event seconds per real second, `slots` the jobs that
    the account runs at once, `version` that of DeepRacer on AWS, `drill` a named situation ("" = none). `room`: hours
    before the close in which the drill of a deadline lets the console keep room for submissions, 0 = none.
    """

    attendees: int = 200
    speed: float = 600.0
    hours: float = 8.0
    slots: int = 100
    seed: int = 7
    home: str = ""
    version: str = "1.3.1"
    drill: str = ""
    room: float = 2.0


def checked(plan: Plan) -> Plan:
    """Raises BadInput with a sentence for what cannot be rehearsed."""
    if not 1 <= plan.attendees <= 10_000:
        raise BadInput("--attendees: give 1 to 10000.")
    if not 1 <= plan.speed <= 600:
        raise BadInput("--speed: give 1 to 600.")
    if not 0 < plan.hours <= 24 * 31:
        raise BadInput("--hours: more than 0 and at most 744.")
    if plan.slots < 1:
        raise BadInput("--slots: give 1 or more.")
    if not 0 <= plan.room <= MOST_HOURS:
        raise BadInput(f"--room, in hours: give 0 (none) to {MOST_HOURS:g}.")
    if plan.version not in VERSIONS:
        raise BadInput(f"--version: give {' or '.join(VERSIONS)}.")
    return plan
