"""All that is known of an event when one asks what to do next, and what a next step is. Values alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from deepracer_admin.model import Event, FromBackup, Job, Race, Sending, Stage, State, Step
from deepracer_admin.rules.alarms import Alarm

__all__ = ["Closing", "Known", "NextStep", "Urgency"]


class Urgency(IntEnum):
    """What kind of step it is; the lowest comes first."""

    FAILING = 0
    CLOSING = 1
    WAITING = 2
    DEADLINE = 3
    DIFFERS = 4
    STAGE = 5


@dataclass(frozen=True, slots=True)
class NextStep:
    """One thing to do. `page`: address of the page ("" = nothing to open); `narrow`: its part and filter there.

    `until`: what makes it vanish. `is_red`: it must be mended, the others can wait.
    """

    key: str
    urgency: Urgency
    title: str
    why: str
    page: str = ""
    narrow: Mapping[str, str] = field(default_factory=dict[str, str])
    until: str = ""
    is_red: bool = False


@dataclass(frozen=True, slots=True)
class Closing:
    """The last close-out. `waits_for`: the step under way; the counts are of its proof (None: not proven yet)."""

    is_live: bool
    waits_for: str = ""
    still_in: int | None = None
    not_known: int | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of an event. Times of `event` and `now` are event time; `works` is whether the console's work
    goes on (None: not known); money in US dollars, estimates; `mails`: how many in which state; `waits`: what the
    console itself waits for, in sentences; `untold`: messages about alarms of which nobody knows that they arrived, in
    sentences; `passwords`: people whose temporary password ends soon or has ended; `restored`: the event came from a
    backup, and nothing is done for it before somebody says that it goes on here.
    """

    event: Event
    now: datetime
    stage: Stage
    people: int
    refused: int
    mailed: int
    proven: int
    onboarding: str
    sponsorship_open: bool | None
    checked: bool
    races: Sequence[Race] = ()
    funnel: Mapping[Step, Mapping[State, int]] = field(default_factory=dict[Step, Mapping[State, int]])
    works: bool | None = None
    alarms: Sequence[Alarm] = ()
    red_checks: Sequence[str] = ()
    waits: Mapping[str, str] = field(default_factory=dict[str, str])
    untold: Sequence[str] = ()
    closing: Closing | None = None
    to_decide: int = 0
    mails: Mapping[Sending, int] = field(default_factory=dict[Sending, int])
    held_campaigns: int = 0
    passwords: int = 0
    jobs: Sequence[Job] = ()
    spend_usd: float = 0.0
    restored: FromBackup | None = None
    most_usd: float | None = None  # if everybody used all their hours; None = without limit, or not known
