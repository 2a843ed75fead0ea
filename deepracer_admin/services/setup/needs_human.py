"""What in an event waits for somebody to act."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deepracer_admin.counted import counted
from deepracer_admin.model import Finding, Job, State, Step

__all__ = ["needs_human"]


_LOST_MAIL = ("The answer was lost; nothing is repeated by itself.", "Open Messages to settle them.")
_LOST_WORK = ("The answer was lost; the next listing tells what came of it.", "")


def needs_human(
    trouble: Mapping[str, str],
    funnel: Mapping[Step, Mapping[State, int]],
    jobs: Sequence[Job],
    *,
    to_decide: int = 0,
    checked: Sequence[Finding] = (),
) -> list[Finding]:
    """Who was refused or is unknown at a step, what the worker's duties wait for (`trouble`), which jobs wait, how
    many registrations wait for an organizer's yes or no (`to_decide`), and what the pre-flight found (`checked`)."""
    found: list[Finding] = []
    red = [each for each in checked if each.level == "red"]
    if red:
        found.append(
            Finding(
                "preflight",
                f"{counted(len(red), 'check of the pre-flight is', 'checks of the pre-flight are')} red",
                "red",
                f"{red[0].title}: {red[0].evidence}",
                "Open Set up, Pre-flight: each has its fix.",
            )
        )
    if to_decide:
        found.append(
            Finding(
                "portal.decide",
                f"{counted(to_decide, 'registration waits', 'registrations wait')} for your yes or no",
                "amber",
                "Their people have confirmed; nothing happens before.",
                "Open Attendees, Portal.",
            )
        )
    for step in (Step.PROFILE, Step.GROUP, Step.ACCESS, Step.MAIL):
        states = funnel.get(step, {})
        if states.get(State.REFUSED):
            found.append(
                Finding(
                    f"{step}.refused",
                    f"{counted(states[State.REFUSED], 'person is', 'people are')} refused at “{step}”",
                    "red",
                    "Each has a reason and a way out.",
                    "Open Onboarding and look at the reasons.",
                )
            )
        if states.get(State.UNKNOWN):
            found.append(
                Finding(
                    f"{step}.unknown",
                    f"{counted(states[State.UNKNOWN], 'person is', 'people are')} unknown at “{step}”",
                    "amber",
                    *(_LOST_MAIL if step is Step.MAIL else _LOST_WORK),
                )
            )
    found += [
        Finding(key, "The console waits", "amber", sentence, "It is tried again by itself until it works.")
        for key, sentence in sorted(trouble.items())
    ]
    found += [
        Finding(job.id, f"Job “{job.kind}” waits", "amber", job.sentence)
        for job in jobs
        if job.sentence and job.state.value == "paused"
    ]
    return found
