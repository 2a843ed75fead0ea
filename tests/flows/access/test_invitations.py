"""Invitation chunks: one after another, with a token that makes a repeat harmless."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from deepracer_admin.errors import ServiceError
from deepracer_admin.flows.access.invitations import Invitations
from deepracer_admin.model import Attendee, JobState, Outcome, State, Step
from deepracer_admin.racing import InviteProgress
from deepracer_admin.records.ways_in import ChunkState
from tests.flows.conftest import ORGANIZER, Stage


@pytest.fixture
def line(stage: Stage) -> Invitations:
    stage.ports.racing().capabilities  # noqa: B018 - connected
    return Invitations(stage.ports)


def go(stage: Stage, line: Invitations, rounds: int = 12) -> None:
    for _ in range(rounds):
        line.follow(stage.event, stage.lease)
        for token, chunk in line.chunks(stage.event).items():
            if chunk.again_at:
                line._change(stage.event, token, stage.lease, again_at=None)
        if not line.active(stage.event):
            return


def test_a_lost_answer_is_asked_again_with_the_same_token(stage: Stage, line: Invitations) -> None:
    people = stage.crowd(10)
    line.plan(stage.event, people, stage.lease)
    stage.world.arm("deepracer", "lost_answer", operation="BulkInviteUser", count=4)  # as often as it is asked at once
    line.follow(stage.event, stage.lease)
    (chunk,) = line.chunks(stage.event).values()
    assert (chunk.state, chunk.tries) == (ChunkState.PLANNED, 1)
    assert chunk.again_at
    go(stage, line)
    assert not line.active(stage.event)
    assert line.ours(stage.event) == {person.id for person in people}
    assert stage.world.truth()["profiles"] == 10
    site: Any = getattr(stage.world.world.services["deepracer"], "site")  # noqa: B009
    assert len(site.state.invite_jobs) == 1


def test_the_next_chunk_waits_until_the_service_is_through(stage: Stage, line: Invitations) -> None:
    site: Any = getattr(stage.world.world.services["deepracer"], "site")  # noqa: B009
    object.__setattr__(site.options, "invite_seconds", 1.0)
    people = stage.crowd(8)
    line.plan(stage.event, people[:4], stage.lease)
    line.plan(stage.event, people[4:], stage.lease)
    line.follow(stage.event, stage.lease)
    line.follow(stage.event, stage.lease)
    assert [each.state for each in line.chunks(stage.event).values()] == [ChunkState.SENT, ChunkState.PLANNED]
    assert line.pending(stage.event) == {person.id for person in people}
    object.__setattr__(site.options, "invite_seconds", 0.0)
    go(stage, line)
    assert stage.world.truth()["profiles"] == 8


def test_a_failure_of_the_service_keeps_the_chunk(stage: Stage, line: Invitations) -> None:
    line.plan(stage.event, stage.crowd(5), stage.lease)
    stage.world.arm("deepracer", "bulk_start", count=1)
    with suppress(ServiceError):
        line.follow(stage.event, stage.lease)
    assert line.active(stage.event)
    go(stage, line)
    assert not line.active(stage.event)


def test_people_who_left_the_list_meanwhile_are_not_invited(stage: Stage, line: Invitations) -> None:
    people = stage.crowd(5)
    line.plan(stage.event, people, stage.lease)
    stage.store.delete_attendees(stage.event.id, [people[0].id])
    go(stage, line)
    assert stage.world.truth()["profiles"] == 4


def test_the_close_out_forgets_what_was_never_sent(stage: Stage, line: Invitations) -> None:
    line.plan(stage.event, stage.crowd(5), stage.lease)
    line.drop_planned(stage.event, stage.lease)
    assert line.chunks(stage.event) == {}


def test_the_close_out_does_not_wait_for_what_may_have_been_sent_and_has_no_job(
    stage: Stage, line: Invitations
) -> None:
    """A lost answer: the chunk is planned still, and would be sent again. Nobody new comes in now."""
    people = stage.crowd(5)
    line.plan(stage.event, people, stage.lease)
    ((token, _),) = line.chunks(stage.event).items()
    line._change(stage.event, token, stage.lease, tries=1, again_at="2099-01-01T00:00:00+00:00")
    line.drop_planned(stage.event, stage.lease)
    assert not line.active(stage.event)
    assert line.ours(stage.event) == {person.id for person in people}, "a profile that turns up is ours to delete"
    job = stage.console.first.closeout.start(ORGANIZER, typed_name=stage.event.name)
    assert stage.finish(job).state is JobState.DONE


class Played:
    """A service whose answers to `invite` are given."""

    def __init__(self, answer: Outcome) -> None:
        self.answer = answer
        self.tokens: list[str] = []

    def chunk_invites(self, people: Sequence[Any]) -> list[Sequence[Any]]:
        return [people]

    def invite(self, people: Sequence[Any], *, token: str) -> list[Outcome]:
        self.tokens.append(token)
        return [
            Outcome(p.key, Step.PROFILE, self.answer.state, self.answer.reason, self.answer.sentence, 0.0)
            for p in people
        ]


def with_service(stage: Stage, service: Any) -> Invitations:
    return Invitations(replace(stage.ports, racing=lambda: service))


@pytest.fixture
def three(stage: Stage) -> list[Attendee]:
    return stage.crowd(3)


def test_another_job_at_work_keeps_chunk_and_token(stage: Stage, three: list[Attendee]) -> None:
    service = Played(Outcome("", Step.PROFILE, State.RETRY, "job_active", "Another invitation is at work."))
    line = with_service(stage, service)
    line.plan(stage.event, three, stage.lease)
    go(stage, line, 3)
    assert len(set(service.tokens)) == 1
    assert line.active(stage.event)
    assert stage.step(three[0], Step.PROFILE).sentence == "Another invitation is at work."


def test_a_chunk_beyond_the_mail_cap_is_cut_anew(stage: Stage, three: list[Attendee]) -> None:
    line = with_service(stage, Played(Outcome("", Step.PROFILE, State.RETRY, "recut", "Cut again.")))
    line.plan(stage.event, three, stage.lease)
    go(stage, line, 1)
    assert line.chunks(stage.event) == {}
    assert line.settled == 3, "so that a listing plans them again"


def test_who_had_an_account_at_the_first_try_is_not_ours(stage: Stage, three: list[Attendee]) -> None:
    line = with_service(stage, Played(Outcome("", Step.PROFILE, State.ALREADY, "exists", "Already there.")))
    line.plan(stage.event, three, stage.lease)
    go(stage, line, 1)
    assert line.ours(stage.event) == set()
    assert stage.step(three[0], Step.PROFILE).state is State.WAITING


class Paced:
    """A service that works for two seconds a person, and whose answers take a second on their way."""

    def __init__(self, now: list[float]) -> None:
        self.now, self.began, self.asked = now, 0.0, 0

    def chunk_invites(self, people: Sequence[Any]) -> list[Sequence[Any]]:
        return [people]

    def invite(self, people: Sequence[Any], *, token: str) -> list[Outcome]:
        self.began = self.now[0]
        return [Outcome(p.key, Step.PROFILE, State.WAITING, "job", ref=token) for p in people]

    def invite_progress(self, job: str, people: Sequence[Any]) -> InviteProgress:
        self.asked += 1
        self.now[0] += 0.5
        done = int((self.now[0] - self.began) / 2)
        self.now[0] += 0.5
        states = [State.DONE if place < done else State.WAITING for place in range(len(people))]
        outcomes = [Outcome(p.key, Step.PROFILE, each) for p, each in zip(people, states, strict=True)]
        return InviteProgress(done >= len(people), outcomes)


def test_the_service_is_asked_when_it_should_be_through_and_not_before(stage: Stage) -> None:
    people, now = stage.crowd(8), [100.0]
    service = Paced(now)
    clock: Any = stage.ports.clock

    class Mine:
        monotonic = staticmethod(lambda: now[0])

        def __getattr__(self, name: str) -> Any:
            return getattr(clock, name)

    line = Invitations(replace(stage.ports, racing=lambda: service, clock=Mine()))
    line.plan(stage.event, people[:4], stage.lease)
    line.plan(stage.event, people[4:], stage.lease)
    line.follow(stage.event, stage.lease)
    assert not line.is_paced, "nothing is known of its pace"
    for _ in range(40):
        if not line.active(stage.event):
            break
        line.follow(stage.event, stage.lease)
        if not line.is_paced:
            now[0] += line.pause_s
            continue
        # The second chunk: half of its eight seconds at most, and no longer than the longest pause.
        assert line.pause_s == 3.0
        now[0] += line.pause_s
        service.asked = 0
    assert not line.active(stage.event)
    assert service.asked <= 4
    assert now[0] < 100 + 2 * 8 + 5
