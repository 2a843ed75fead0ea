"""What should be done next, from everything that is known: one engine, the same answer everywhere. Pure.

Most urgent first: something fails; the event is being closed; somebody waits for an answer; a deadline is near; plan
and reality differ; the next stage. Each step leads to the very place: page, part and filter, by the names that these
have in the address (`narrow`). It never names a person: it is shown to all who may see the event's state, and printed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from deepracer_admin.counted import counted
from deepracer_admin.model import UNLIMITED, FromBackup, JobState, RaceStatus, Sending, Stage, State, Step
from deepracer_admin.rules.alarms import INFO, RED, Alarm, place_of
from deepracer_admin.rules.known import Known, NextStep, Urgency
from deepracer_admin.rules.stage import next_step

__all__ = ["next_steps"]

HOUR = timedelta(hours=1)
SOON = timedelta(hours=24)
OVER = 1.5
"""People on the list, or the most that hours can cost, as a multiple of the plan, before it is said."""
BUDGET, WORKER = "budget", "worker"
_ACCESS = (Step.PROFILE, Step.GROUP, Step.ACCESS)
_PAGES = {
    "Attendees": "attendees",
    "Close": "closeout",
    "Leaderboard": "leaderboard",
    "Messages": "messages",
    "Onboarding": "onboarding",
    "Races": "races",
    "Set up": "setup",
    "Usage": "usage",
}


def next_steps(known: Known) -> list[NextStep]:
    """Everything to do, the most urgent first. Never empty: the last one is the stage's own. While an event that came
    from a backup waits, all else is of how it stood elsewhere: the one thing to do is to say where it goes on."""
    if known.restored is not None:
        return [_where_it_goes_on(known.restored)]
    found = [
        *_failing(known),
        *_closing(known),
        *(() if known.event.closed_at else (*_waiting(known), *_deadlines(known), *_differs(known))),
        *_stage(known),
    ]
    return sorted(found, key=lambda step: (step.urgency, not step.is_red))


def _where_it_goes_on(restored: FromBackup) -> NextStep:
    return NextStep(
        "restored",
        Urgency.FAILING,
        "Say whether the event goes on here",
        f"It came from a backup of {restored.made_at:%d %b %Y, %H:%M} UTC and waits: nothing is sent, changed or "
        "deleted for it here.",
        "event",
        until="An organizer says on the Event page that it goes on here.",
        is_red=True,
    )


def _failing(known: Known) -> Iterator[NextStep]:
    if known.works is False and all(alarm.kind != WORKER for alarm in known.alarms):
        yield NextStep(
            "works",
            Urgency.FAILING,
            "Start the console's work again",
            "Nothing is being worked on: what was asked for waits, and nothing new is read from the services.",
            "event",
            until="The console is started again, with start.py; everything goes on by itself.",
            is_red=True,
        )
    budget_said = False
    for alarm in _worst(known.alarms):
        budget_said |= alarm.kind == BUDGET
        yield NextStep(
            alarm.key,
            Urgency.FAILING,
            alarm.title,
            f"{alarm.sentence} {alarm.fix}",
            _PAGES.get(alarm.page, ""),
            place_of(alarm),
            "It is looked at again by itself.",
            alarm.level == RED,
        )
    if known.untold:
        yield NextStep(
            "calls",
            Urgency.FAILING,
            f"{counted(len(known.untold), 'message')} about alarms may not have arrived",
            f"{known.untold[0]} Look at the alarms, and at who is told.",
            "setup",
            {"setup-part": "Alarms"},
            "The alarms are over, or the messages arrive.",
        )
    budget = known.event.budget_usd
    if budget and known.spend_usd >= budget and not budget_said:
        yield NextStep(
            "overspend",
            Urgency.FAILING,
            "The budget is used up",
            f"About {known.spend_usd:,.0f} USD are spent (estimate), of a budget of {budget:,.0f} USD.",
            "usage",
            {"budget-guard": "true"},
            until="Spend is below the budget, or the budget is raised.",
            is_red=True,
        )
    if known.red_checks and not known.event.closed_at:
        what = counted(len(known.red_checks), "check of the pre-flight is red", "checks of the pre-flight are red")
        yield NextStep(
            "preflight",
            Urgency.FAILING,
            "Mend what the pre-flight found",
            f"{what}: {known.red_checks[0]}",
            "setup",
            {"setup-part": "Pre-flight"},
            "The pre-flight finds nothing red.",
            True,
        )
    for name, sentence in sorted(known.waits.items()):
        yield NextStep(
            f"waits/{name}",
            Urgency.FAILING,
            "The console waits",
            sentence,
            "onboarding",
            until="It is tried again by itself until it works.",
        )


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


def _closing(known: Known) -> Iterator[NextStep]:
    event, closing = known.event, known.closing
    if closing and closing.is_live:
        what = f"It works at “{closing.waits_for}”." if closing.waits_for else "It works through its steps."
        yield NextStep(
            "closing", Urgency.CLOSING, "Closing is under way", what, "closeout", until="Its last step ends."
        )
    elif closing and not event.closed_at:
        yield NextStep(
            "closing",
            Urgency.CLOSING,
            "Finish closing the event",
            "It was stopped before the end; each step looks first, so it is safe to start again.",
            "closeout",
            until="The last step of the close-out ends.",
            is_red=True,
        )
    if event.closed_at and closing and (closing.still_in or closing.not_known):
        parts = []
        if closing.still_in:
            parts.append(f"{counted(closing.still_in, 'person', 'people')} can still sign in")
        if closing.not_known:
            parts.append(f"of {counted(closing.not_known, 'person', 'people')} it is not known")
        yield NextStep(
            "proof",
            Urgency.CLOSING,
            "Settle who can still sign in",
            f"The event is closed, and {' and '.join(parts)}.",
            "closeout",
            until="The close-out proves that nobody of the list can sign in.",
            is_red=True,
        )


def _waiting(known: Known) -> Iterator[NextStep]:
    lost = known.mails.get(Sending.UNKNOWN, 0)
    if lost:
        yield NextStep(
            "mail.unknown",
            Urgency.WAITING,
            f"Settle {counted(lost, 'mail')} whose answer was lost",
            "Nobody knows whether they arrived; none is repeated by itself, so that nobody is mailed twice.",
            "messages",
            {"section": "Every mail", "ledger-state": "unknown"},
            "Each is settled as arrived or sent again.",
        )
    refused = sum(known.funnel.get(step, {}).get(State.REFUSED, 0) for step in _ACCESS)
    if refused:
        yield NextStep(
            "people.refused",
            Urgency.WAITING,
            f"Help {counted(refused, 'person', 'people')} who {'is' if refused == 1 else 'are'} refused",
            "Each has a reason and a way out; the list can be handed to whoever can correct it.",
            "attendees",
            {"attendees-view": "The list", "roster-kind": "Needs a human"},
            "Each is corrected and tried again, or taken out.",
            True,
        )
    mail_refused = known.funnel.get(Step.MAIL, {}).get(State.REFUSED, 0)
    if mail_refused:
        mails = counted(mail_refused, "person has", "people have")
        yield NextStep(
            "mail.refused",
            Urgency.WAITING,
            "Correct addresses that take no mail",
            f"The access mail of {mails} come back or was refused.",
            "attendees",
            {"attendees-view": "The list", "roster-kind": "Needs a human"},
            "Each address is corrected and the mail sent again.",
            True,
        )
    if known.to_decide:
        waits = counted(known.to_decide, "registration waits", "registrations wait")
        yield NextStep(
            "portal.decide",
            Urgency.WAITING,
            f"Say yes or no: {waits}",
            "Their people have confirmed; nothing happens before you decide.",
            "attendees",
            {"attendees-view": "Portal", "portal-part": "Registrations"},
            "Each is accepted or refused.",
        )
    for step in _ACCESS:
        unknown = known.funnel.get(step, {}).get(State.UNKNOWN, 0)
        if unknown:
            yield NextStep(
                f"{step}.unknown",
                Urgency.WAITING,
                f"The answer for {counted(unknown, 'person', 'people')} was lost",
                "The next listing of the service tells what came of it.",
                "onboarding",
                until="The service is listed again.",
            )
    for job in known.jobs:
        if job.state is JobState.PAUSED and job.sentence:
            yield NextStep(
                f"job/{job.kind}",
                Urgency.WAITING,
                "Work waits",
                job.sentence,
                "event",
                until="What it waits for comes.",
            )


def _deadlines(known: Known) -> Iterator[NextStep]:
    event, now = known.event, known.now
    left = event.starts_at - now
    without = known.people - known.proven
    if timedelta() < left <= SOON and known.people and without > 0:
        yield NextStep(
            "starts",
            Urgency.DEADLINE,
            f"The event starts in {_span(left)}",
            f"{counted(without, 'person has', 'people have')} no proven access yet.",
            "onboarding",
            until="Everybody has access, or the event has started.",
            is_red=left <= HOUR,
        )
    for race in known.races:
        closes = race.draft.closes_at - now
        if race.status(now) is RaceStatus.OPEN and timedelta() < closes <= HOUR:
            yield NextStep(
                f"race/{race.id}",
                Urgency.DEADLINE,
                f"{race.draft.name} closes in {_span(closes)}",
                "Tell those who have not submitted; what is submitted later does not count.",
                "leaderboard",
                {"board-race": race.id},
                "The race closes.",
            )
    waiting = known.mails.get(Sending.PENDING, 0)
    if waiting and (known.onboarding == "paused" or known.held_campaigns):
        stopped = "onboarding is paused" if known.onboarding == "paused" else "sending was stopped"
        yield NextStep(
            "mail.waits",
            Urgency.DEADLINE,
            f"{counted(waiting, 'mail waits', 'mails wait')}",
            f"They go out when you let them: {stopped}.",
            "onboarding" if known.onboarding == "paused" else "messages",
            {} if known.onboarding == "paused" else {"section": "Campaigns"},
            "Sending goes on, or is cancelled.",
        )
    if known.passwords:
        yield NextStep(
            "passwords",
            Urgency.DEADLINE,
            f"Send a fresh password to {counted(known.passwords, 'person', 'people')}",
            "They have not signed in, and their temporary password ends soon or has ended.",
            "onboarding",
            until="They sign in, or get a fresh one.",
        )


def _differs(known: Known) -> Iterator[NextStep]:
    event = known.event
    if event.head_count and known.people > OVER * event.head_count:
        times = known.people / event.head_count
        yield NextStep(
            "list",
            Urgency.DIFFERS,
            f"The list is {times:.0f} times the plan" if times >= 2 else "The list is longer than the plan",
            f"{counted(known.people, 'person is', 'people are')} on the list, the event is planned for "
            f"{event.head_count:,}: hours, slots and budget do not fit.",
            "setup",
            {"setup-part": "Settings"},
            "Head-count, budget and hours fit the list, or the list is corrected.",
        )
    if event.budget_usd and known.most_usd is not None and known.most_usd > OVER * event.budget_usd:
        yield NextStep(
            "exposure",
            Urgency.DIFFERS,
            f"Hours given can cost {known.most_usd / event.budget_usd:.0f} times the budget"
            if known.most_usd >= 2 * event.budget_usd
            else "Hours given can cost more than the budget",
            f"If everybody uses all of their hours it is about {known.most_usd:,.0f} USD (estimate), of a budget of "
            f"{event.budget_usd:,.0f} USD.",
            "setup",
            {"setup-part": "Settings"},
            "Hours per person or the budget are changed.",
        )
    if event.quota.minutes == UNLIMITED and event.budget_usd and known.people:
        yield NextStep(
            "unlimited",
            Urgency.DIFFERS,
            "Hours have no limit, the budget has",
            "Each person may train without end; only the budget guard stops it.",
            "setup",
            {"setup-part": "Settings"},
            "Hours per person are limited.",
        )


_PARTS = {
    "Run the pre-flight": {"setup-part": "Pre-flight"},
    "Open sponsorship": {"setup-part": "Sponsorship"},
    "Upload the attendee list": {"attendees-view": "Upload"},
}
_UNTIL = {
    "Close the event": "The close-out has proven that access is gone.",
    "Run the pre-flight": "It has run once.",
    "Upload the attendee list": "Somebody is on the list.",
    "Open sponsorship": "The service says that it is open.",
    "Create the race": "There is a race.",
}


def _stage(known: Known) -> Iterator[NextStep]:
    """What the stage itself asks for; while a close-out runs or waits, that says it all."""
    if known.stage is Stage.CLOSE and known.closing and not known.event.closed_at:
        return
    title, page, why = next_step(
        known.stage,
        known.event,
        now=known.now,
        people=known.people,
        mailed=known.mailed,
        proven=known.proven,
        onboarding=known.onboarding,
        sponsorship_open=known.sponsorship_open,
        checked=known.checked,
        races=len(known.races),
    )
    urgency = Urgency.CLOSING if title == "Close the event" else Urgency.STAGE
    yield NextStep("stage", urgency, title, why, page, _PARTS.get(title, {}), _UNTIL.get(title, ""))


def _span(left: timedelta) -> str:
    minutes = max(1, round(left.total_seconds() / 60))
    return counted(minutes, "minute") if minutes < 120 else counted(round(minutes / 60), "hour")
