"""What in an event waits for somebody to act."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from deepracer_admin.counted import counted
from deepracer_admin.model import Event, Finding, Job, State, Step
from deepracer_admin.records.alarms import ALARMS
from deepracer_admin.records.calls import POSTS
from deepracer_admin.records.connect_check import CHECK
from deepracer_admin.records.onboarding import TROUBLE
from deepracer_admin.rules.alarms import INFO, RED, Alarm, live
from deepracer_admin.rules.calls import Post, PostState
from deepracer_admin.services.people.registrations import to_decide
from deepracer_admin.store import EventStore

__all__ = ["needs_human", "read_needs"]


BUDGET = "budget"
_LOST_MAIL = ("The answer was lost; nothing is repeated by itself.", "Open Messages to settle them.")
_LOST_WORK = ("The answer was lost; the next listing tells what came of it.", "")


def read_needs(
    store: EventStore, event: Event, funnel: Mapping[Step, Mapping[State, int]], jobs: Sequence[Job]
) -> list[Finding]:
    """`needs_human`, from what is stored."""
    alarms = live(store.rows(event.id, ALARMS))
    return needs_human(
        store.read(event.id, TROUBLE),
        funnel,
        jobs,
        to_decide=to_decide(store, event.id),
        checked=() if event.closed_at else store.read(event.id, CHECK).findings,
        alarms=alarms,
        untold=_untold(alarms, store.rows(event.id, POSTS).values()),
    )


def _untold(alarms: Sequence[Alarm], posts: Iterable[Post]) -> list[Post]:
    """Messages about alarms that last, of which nobody knows that they arrived."""
    lasting = {(alarm.name, alarm.number) for alarm in alarms}
    return [
        post
        for post in posts
        if post.state in (PostState.UNKNOWN, PostState.FAILED)
        and not post.is_over
        and (post.alarm.name, post.alarm.number) in lasting
    ]


def _worst(alarms: Sequence[Alarm]) -> list[Alarm]:
    """Those that need somebody; of several about one budget the one that says most."""
    found: dict[str, Alarm] = {}
    for alarm in alarms:
        if alarm.level == INFO:
            continue
        subject = alarm.subject.rpartition("|")[0] if alarm.kind == BUDGET else alarm.subject
        key = f"{alarm.kind}/{subject}"
        if key not in found or _share(alarm) > _share(found[key]):
            found[key] = alarm
    return sorted(found.values(), key=lambda alarm: alarm.level != RED)


def _share(alarm: Alarm) -> float:
    return float(alarm.subject.rpartition("|")[2]) if alarm.kind == BUDGET else 0.0


def needs_human(
    trouble: Mapping[str, str],
    funnel: Mapping[Step, Mapping[State, int]],
    jobs: Sequence[Job],
    *,
    to_decide: int = 0,
    checked: Sequence[Finding] = (),
    alarms: Sequence[Alarm] = (),
    untold: Sequence[Post] = (),
) -> list[Finding]:
    """Which alarms last, what the pre-flight found (`checked`), who was refused or is unknown at a step, what the
    worker's duties wait for (`trouble`), which jobs wait, and how many registrations wait for an organizer's yes or no
    (`to_decide`)."""
    found = [
        Finding(alarm.key, alarm.title, alarm.level, alarm.sentence, f"{alarm.fix} Open {alarm.where}.", alarm.since)
        for alarm in _worst(alarms)
    ]
    if untold:
        found.append(
            Finding(
                "calls",
                f"{counted(len(untold), 'message')} about alarms may not have arrived",
                "amber",
                untold[0].sentence,
                "Look at the alarms above, and at who is told: Set up, Alarms.",
            )
        )
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
