"""Where an event stands and what to do next. Pure: facts in, a stage and a pointer out."""

from __future__ import annotations

from datetime import datetime

from deepracer_admin.counted import counted
from deepracer_admin.model import Event, Stage

__all__ = ["next_step", "stage_of"]


def stage_of(
    event: Event,
    *,
    now: datetime,
    people: int,
    mailed: int,
    proven: int,
    onboarding: str,
    sponsorship_open: bool | None,
    checked: bool,
    races: int,
) -> Stage:
    """The stage, from what was done and the event's own times (event time).

    PLAN until sponsorship is open; OPEN until onboarding starts; ONBOARD until the event starts and people are mailed;
    RACE while it runs; CLOSE from its end on.
    """
    if event.closed_at or now >= event.ends_at:
        return Stage.CLOSE
    if not sponsorship_open:
        return Stage.PLAN
    if onboarding == "idle":
        return Stage.OPEN
    if now < event.starts_at or not races or (people and mailed < 0.5 * people):
        return Stage.ONBOARD
    return Stage.RACE


def next_step(
    stage: Stage,
    event: Event,
    *,
    now: datetime,
    people: int,
    mailed: int,
    proven: int,
    onboarding: str,
    sponsorship_open: bool | None,
    checked: bool,
    races: int,
) -> tuple[str, str, str]:
    """(title, page address, why) of the next thing to do; page "" when there is nothing."""
    if event.closed_at:
        return "Nothing left to do", "", "The event is closed and access is gone."
    if stage is Stage.CLOSE:
        return "Close the event", "closeout", "It has ended: freeze, export, delete, and prove that access is gone."
    if not checked:
        return "Run the pre-flight", "setup", "It tries every service once and says what is missing."
    if not people:
        return "Upload the attendee list", "attendees", "Nobody is on the list yet."
    if not sponsorship_open:
        return "Open sponsorship", "setup", "Until then nobody can train."
    if not races:
        return "Create the race", "races", "The access mail carries its link."
    if onboarding in ("idle", "paused"):
        verb = "Start" if onboarding == "idle" else "Resume"
        return (
            f"{verb} onboarding",
            "onboarding",
            f"{counted(max(0, people - proven), 'person has', 'people have')} no proven access yet.",
        )
    if mailed < people:
        return (
            "Watch onboarding",
            "onboarding",
            f"{counted(people - mailed, 'person is', 'people are')} still on their way.",
        )
    if now < event.starts_at:
        return "Wait for the start", "", "Everybody has their mail."
    return "Watch the race", "leaderboard", "Everything runs: the standings come in live."
