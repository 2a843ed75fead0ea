"""Two events on two services, served by one worker: each goes its way as if alone, whatever the other does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deepracer_admin.compose import Console, EventDesk
from deepracer_admin.model import Attendee, Event, JobState, Sending, Step
from deepracer_admin.services.setup.drafts import EventDraft
from deepracer_admin.worker import EventRuntime, Worker
from tests.flows.conftest import (
    A_MOMENT,
    ORGANIZER,
    make_console,
    make_event,
    no_rest_between_listings,
    real_time,
    world,
)
from tests.flows.fake_time import RealTime
from tests.practice import WorldHandle
from tests.racing.worlds import in_world
from tests.rehearsal.managed.account import sign_in

__all__ = ["no_rest_between_listings", "real_time", "world"]
PEOPLE = 3
MINUTES = 42.0


class Side:
    """One of the two events, with its people."""

    def __init__(self, console: Console, event: Event, first: int) -> None:
        self.console, self.id = console, event.id
        emails = [f"racer.no{first + number:04}@example.com" for number in range(PEOPLE)]
        aliases = [f"racer-no{first + number:04}" for number in range(PEOPLE)]
        self.people = [
            Attendee(f"{event.id}-{number}", email, f"Racer {alias}", alias)
            for number, (email, alias) in enumerate(zip(emails, aliases, strict=True))
        ]
        console.store.save_attendees(event.id, self.people)

    @property
    def desk(self) -> EventDesk:
        return self.console.of(self.id)

    @property
    def emails(self) -> set[str]:
        return {person.email for person in self.people}

    @property
    def profiles(self) -> list[str]:
        links = self.console.store.links(self.id)
        return [links[person.id].profile for person in self.people if person.id in links]

    def done(self, step: Step) -> int:
        return sum(n for state, n in self.console.store.funnel(self.id)[step].items() if state.is_done)

    def sent(self) -> int:
        return self.console.store.delivery_counts(self.id)[Sending.SENT]

    def usage(self) -> float:
        samples = self.console.history.usage(self.id)
        return samples[-1].minutes_used if samples else 0.0


class Pair:
    """A on DeepRacer on AWS, B on the managed service; one console, one worker, one group in the directory."""

    def __init__(self, world: WorldHandle, console: Console) -> None:
        self.world, self.console = world, console
        group = world.endpoints["graph"]["group_id"]
        first = make_event(console, group=group, event_id="ev-a")
        second = replace(first, id="ev-b", name="Winter Cup", service="managed")
        console.store.save_event(second)
        self.a, self.b = Side(console, first, 0), Side(console, second, 100)
        self.worker = Worker(console, holder="test")

    def rounds(self, ready: Callable[[], bool], *, seconds: float = 0.0, most: int = 200) -> None:
        """Every event that the worker serves goes round, one after the other, until something is so; practice time goes
        on by `seconds` after each.
        """
        for _ in range(most):
            self.worker.look()
            for runtime in [*self.worker.runtimes.values()]:
                runtime.jobs._not_before.clear()
                runtime.run_once()
            if ready():
                return
            self.console.clock.advance(1.0)  # type: ignore[attr-defined]  # the pauses between two rounds
            self.world.advance(seconds) if seconds else A_MOMENT.wait(0.01)
        funnels = {side.id: self.console.store.funnel(side.id) for side in (self.a, self.b)}
        jobs = [(job.kind, job.state, job.sentence) for side in (self.a, self.b) for job in self.jobs(side)]
        raise AssertionError(f"not ready after {most} rounds: {funnels}; {jobs}")

    def jobs(self, side: Side) -> Any:
        return self.console.store.jobs(side.id)

    def finish(self, job: Any, *, seconds: float = 0.0) -> Any:
        self.rounds(lambda: not self.console.store.job(job.id).state.is_live, seconds=seconds)
        return self.console.store.job(job.id)

    def calls(self, service: str) -> dict[str, int]:
        """What was asked of a racing service, by operation."""
        counted = self.world.counters()["by_operation"]
        return {name: count for name, count in counted.items() if name.startswith(f"{service}.")}

    @property
    def on_aws(self) -> Any:
        return getattr(self.world.world.services["deepracer"], "site").state  # noqa: B009

    @property
    def managed(self) -> Any:
        return getattr(self.world.world.services["managed"], "account")  # noqa: B009

    def directory_ids(self) -> list[str]:
        return [self.world.world.company.by_mail(person.email)[0].id for person in self.b.people]


@pytest.fixture
def pair(world: WorldHandle, tmp_path: Path, real_time: RealTime, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    monkeypatch.setattr(EventRuntime, "start", lambda self: self.lead.beat())  # its duties go round by hand
    in_world(world, lambda: world.world.services.pop("fleet"))
    site: Any = getattr(world.world.services["deepracer"], "site")  # noqa: B009
    object.__setattr__(site.options, "invite_seconds", 0.0)
    console = make_console(tmp_path, real_time)
    made = Pair(world, console)
    yield made
    made.worker.stop()
    console.close()


@pytest.fixture
def both_in(pair: Pair) -> Pair:
    """Everybody of both events has access and their mail, and has raced for a while."""
    job = pair.b.desk.events.switch_sponsorship(ORGANIZER, open_=True, typed_name="")
    assert pair.finish(job).state is JobState.DONE
    pair.a.desk.onboarding.start(ORGANIZER)
    pair.b.desk.onboarding.start(ORGANIZER)
    pair.rounds(lambda: pair.a.sent() == PEOPLE and pair.b.done(Step.GROUP) == PEOPLE)
    pair.world.advance(3 * 3600)  # the directory's cycle
    sign_in(pair.world, pair.directory_ids())
    for runtime in pair.worker.runtimes.values():
        if runtime.proof:
            runtime.proof._looked_at = None
    pair.rounds(lambda: len(pair.b.profiles) == PEOPLE and pair.b.sent() == PEOPLE, seconds=60)
    pair.rounds(lambda: min(pair.a.done(Step.PROFILE), pair.b.done(Step.PROFILE)) == PEOPLE, seconds=60)
    return pair


def test_both_onboard_mail_and_count_at_once_each_at_its_own_service(both_in: Pair) -> None:
    a, b = both_in.a, both_in.b
    kinds = {key: runtime.ports.racing().kind for key, runtime in both_in.worker.runtimes.items()}
    assert kinds == {"ev-a": "on_aws", "ev-b": "managed"}
    assert {*a.profiles} <= {*both_in.on_aws.profiles}
    assert not b.emails & {profile.email for profile in both_in.on_aws.profiles.values()}
    assert len(both_in.managed.users) == PEOPLE
    assert sorted(mail["to"] for mail in both_in.world.outbox()) == sorted(a.emails | b.emails)
    for side in (a, b):
        assert {row.attendee for row in side.console.store.deliveries(side.id)} == {each.id for each in side.people}

    def race() -> None:
        both_in.on_aws.profiles[a.profiles[0]].used = MINUTES
        getattr(both_in.world.world.services["managed"], "garage").train(both_in.directory_ids()[0], "m", 20)  # noqa: B009

    in_world(both_in.world, race)
    both_in.rounds(lambda: a.usage() >= MINUTES and b.usage() > 0, seconds=300)
    assert a.usage() == MINUTES
    assert 0 < b.usage() <= 25


def test_news_of_a_mail_lands_on_the_event_that_sent_it_whoever_reads_the_queue(both_in: Pair) -> None:
    """There is one queue of delivery events for all."""
    both_in.world.advance(300)
    reader = both_in.worker.runtimes["ev-a"]
    while reader.mail.take_events(both_in.console.store.event("ev-a"), reader.lead.lease):
        pass
    for side in (both_in.a, both_in.b):
        assert {row.delivered for row in side.console.store.deliveries(side.id)} == {"delivered"}


def test_a_job_of_one_event_touches_nobody_of_the_other(both_in: Pair) -> None:
    def asked() -> int:
        return both_in.calls("managed").get("managed.AdminManageUser", 0)

    before = asked()
    everybody = [person.id for person in both_in.a.people]
    assert both_in.finish(both_in.a.desk.usage.sponsor(ORGANIZER, everybody, active=False)).state is JobState.DONE
    assert {user.state for user in both_in.managed.users.values()} == {"ACTIVE"}
    assert asked() == before
    for side, paused in ((both_in.a, True), (both_in.b, False)):
        assert [row.paused for row in side.desk.usage.profiles(ORGANIZER) if row.attendee] == [paused] * PEOPLE


def test_one_closes_while_the_other_goes_on_and_a_third_is_made_and_opened(both_in: Pair) -> None:
    closing = both_in.a.desk.closeout.start(ORGANIZER, typed_name="Autumn Cup")
    more = both_in.b.desk.usage.set_quotas(ORGANIZER, [both_in.b.people[0].id], hours=7, models=4)
    late = Attendee("ev-b-late", "racer.no0200@example.com", "Racer Late", "racer-no0200")
    both_in.console.store.save_attendees("ev-b", [late])
    third = both_in.b.desk.events.create(ORGANIZER, draft(both_in))
    both_in.b.desk.events.open_first(ORGANIZER, third.id)
    assert both_in.console.opens_first == third.id
    assert both_in.finish(closing).state is JobState.DONE
    assert both_in.finish(more).state is JobState.DONE
    assert both_in.console.store.event("ev-a").closed_at is not None
    # of the event that closed, nobody is left; of the other, everybody
    assert not {*both_in.a.profiles} & {*both_in.on_aws.profiles}
    assert {user.state for user in both_in.managed.users.values()} == {"ACTIVE"}
    both_in.rounds(lambda: both_in.b.done(Step.GROUP) == PEOPLE + 1)
    assert both_in.world.truth()["in_group"] == PEOPLE + 1
    assert both_in.b.desk.onboarding.view(ORGANIZER).state == "running"
    assert both_in.console.store.event("ev-b").closed_at is None
    # the third is watched and left alone
    assert third.id in both_in.worker.runtimes
    assert both_in.console.store.jobs(third.id) == []
    assert both_in.console.store.links(third.id) == {}


def test_the_managed_event_closes_and_the_other_keeps_its_people(both_in: Pair) -> None:
    changing = ("Delete", "Update", "Edit", "Create", "Bulk")

    def changes() -> int:
        calls = both_in.calls("deepracer")
        return sum(n for name, n in calls.items() if name.partition(".")[2].startswith(changing))

    before = changes()
    closing = both_in.b.desk.closeout.start(ORGANIZER, typed_name="Winter Cup")
    assert both_in.finish(closing, seconds=300).state is JobState.DONE
    assert not both_in.managed.multi_user_mode
    assert {*both_in.a.profiles} <= {*both_in.on_aws.profiles}
    assert changes() == before
    assert both_in.world.truth()["in_group"] == PEOPLE
    assert both_in.a.desk.onboarding.view(ORGANIZER).state == "running"


def draft(pair: Pair) -> EventDraft:
    return replace(pair.b.desk.events.template(ORGANIZER, "day"), name="Spring Cup")
