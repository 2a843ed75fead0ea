"""Everything that is known of an event, read from the store, and what should be done next: the same for the pages, the
link under an act, and `status --json`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from deepracer_admin.clock import Clock
from deepracer_admin.flows.access.password_ages import ends_soon, password_ages
from deepracer_admin.flows.closeout.run import has_ended
from deepracer_admin.flows.closeout.steps import steps_for
from deepracer_admin.model import UNLIMITED, Attendee, Event, Job, Stage, Step
from deepracer_admin.records.alarms import ALARMS
from deepracer_admin.records.calls import POSTS
from deepracer_admin.records.campaigns import CAMPAIGNS, CampaignState
from deepracer_admin.records.closing import PROOF
from deepracer_admin.records.connect_check import CHECK
from deepracer_admin.records.limits import SPONSORSHIP
from deepracer_admin.records.onboarding import ONBOARDING, TROUBLE, Run
from deepracer_admin.records.restored import RESTORED
from deepracer_admin.rules.alarms import Alarm, live
from deepracer_admin.rules.calls import Post, PostState
from deepracer_admin.rules.known import Closing, Known, NextStep
from deepracer_admin.rules.money import at_prices
from deepracer_admin.rules.next_steps import next_steps
from deepracer_admin.rules.quotas import quota_for
from deepracer_admin.rules.stage import stage_of
from deepracer_admin.services.people.registrations import to_decide
from deepracer_admin.store import EventStore, History

__all__ = ["read_known", "read_next_steps"]

PATIENCE = timedelta(minutes=1)
"""How long work may wait for whoever does it before it is said, in real time: a console starts in seconds."""
_WAITS = frozenset({CampaignState.PAUSED, CampaignState.STOPPED})


def read_next_steps(store: EventStore, history: History, clock: Clock, event: Event, *, kind: str) -> list[NextStep]:
    """What to do next in this event; `kind`: its racing service."""
    return next_steps(read_known(store, history, clock, event, kind=kind))


def read_known(store: EventStore, history: History, clock: Clock, event: Event, *, kind: str) -> Known:
    """All that the engine asks, from the store alone."""
    now = clock.event_now()
    people = store.attendees(event.id, wanted=True)
    funnel = store.funnel(event.id)
    done = {step: sum(n for state, n in states.items() if state.is_done) for step, states in funnel.items()}
    races, _ = store.races(event.id)
    onboarding = store.read(event.id, ONBOARDING)
    sponsored = store.read(event.id, SPONSORSHIP).open
    check = store.read(event.id, CHECK)
    jobs = store.jobs(event.id, live=True)
    alarms = live(store.rows(event.id, ALARMS))
    series = history.usage(event.id, points=2)
    last = series[-1] if series else None
    mailed, proven = done.get(Step.MAIL, 0), done.get(Step.ACCESS, 0)
    closing = _closing(store, event, kind)
    stage = stage_of(
        event,
        now=now,
        people=len(people),
        mailed=mailed,
        proven=proven,
        onboarding=onboarding.state,
        sponsorship_open=sponsored,
        checked=check.as_of is not None,
        races=len(races),
    )
    return Known(
        event=event,
        now=now,
        stage=Stage.CLOSE if closing and closing.is_live else stage,
        people=len(people),
        refused=sum(1 for person in people if person.refusal),
        mailed=mailed,
        proven=proven,
        onboarding=onboarding.state.value,
        sponsorship_open=sponsored,
        checked=check.as_of is not None,
        races=races,
        funnel=funnel,
        works=_works(
            store, event, clock.now(), jobs, since=onboarding.since if onboarding.state is Run.RUNNING else None
        ),
        alarms=alarms,
        untold=_untold(alarms, store.rows(event.id, POSTS).values()),
        red_checks=[finding.title for finding in check.findings if finding.level == "red"],
        waits={} if event.closed_at else store.read(event.id, TROUBLE),
        closing=closing,
        to_decide=to_decide(store, event.id),
        mails=store.delivery_counts(event.id),
        held_campaigns=sum(1 for each in store.rows(event.id, CAMPAIGNS).values() if each.state in _WAITS),
        passwords=0 if event.closed_at else len(ends_soon(password_ages(store, event), now)),
        jobs=jobs,
        spend_usd=at_prices(event.prices, last.minutes_used, last.gb_hours).usd if last else 0.0,
        restored=store.read(event.id, RESTORED),
        most_usd=_most_usd(event, people),
    )


def _works(store: EventStore, event: Event, now: datetime, jobs: list[Job], *, since: datetime | None) -> bool | None:
    """Does somebody do the work of this event? True: they hold it now. False: whoever held it vanished, or what was
    asked for lies there for a minute. None: nothing says either."""
    held = [lease for lease in store.leases() if lease.name in ("worker", f"worker/{event.id}")]
    if any(lease.until > now for lease in held):
        return True
    if any(now - lease.until > PATIENCE for lease in held):
        return False
    asked = [at for at in (since, *(job.created_at for job in jobs)) if at is not None]
    return False if any(now - at > PATIENCE for at in asked) and not event.closed_at else None


def _untold(alarms: Sequence[Alarm], posts: Iterable[Post]) -> list[str]:
    """Of messages about alarms that last, of which nobody knows that they arrived: what became of each."""
    lasting = {(alarm.name, alarm.number) for alarm in alarms}
    return [
        post.sentence
        for post in posts
        if post.state in (PostState.UNKNOWN, PostState.FAILED)
        and not post.is_over
        and (post.alarm.name, post.alarm.number) in lasting
    ]


def _closing(store: EventStore, event: Event, kind: str) -> Closing | None:
    job = next(iter(store.jobs(event.id, kind="closeout", limit=1)), None)
    if job is None:
        return None
    items = {item.key: item for item in store.job_items(job.id)}
    titles = {step.key: step.title for step in steps_for("managed" if "cycle" in items else kind)}
    at = next((titles.get(key, "") for key, item in items.items() if not has_ended(item)), "")
    proof = store.read(event.id, PROOF)
    if proof is None or proof.job not in ("", job.id):
        return Closing(job.state.is_live, at)
    return Closing(job.state.is_live, at, len(proof.can_still_sign_in), len(proof.not_known))


def _most_usd(event: Event, people: list[Attendee]) -> float | None:
    """What it costs at most when everybody uses all of their hours (estimate); None where somebody has no limit."""
    minutes = [quota_for(event, person).minutes for person in people]
    if UNLIMITED in minutes:
        return None
    return sum(minutes) / 60 * event.prices.per_hour
