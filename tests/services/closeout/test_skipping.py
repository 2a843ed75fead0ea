"""A human skips a step, waits on or stops at it: by right, with a reason, audited, and only while it is not through."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.errors import BadInput, Conflict, Missing, NotAllowed
from deepracer_admin.model import Actor, Event, JobState, Role, State
from deepracer_admin.records.closing import CLOSING_STEPS, CLOSING_WORDS, ClosingStep


def test_skipping_is_kept_for_the_worker_and_audited(console: Console, event: Event, organizer: Actor) -> None:
    closeout = console.first.closeout
    job = closeout.start(organizer, typed_name=event.name)
    closeout.skip(organizer, "models", reason="  the operator   deletes them ")
    row = console.store.rows(event.id, CLOSING_STEPS)["models"]
    assert row.skip is not None
    assert (row.job, row.skip.by_name, row.skip.reason) == (job.id, organizer.name, "the operator deletes them")
    entry = console.first.audit.entries(organizer)[0]
    assert (entry.action, entry.target, entry.after, entry.job) == ("closeout.run", "models", "skipped", job.id)


def test_only_an_organizer_with_a_reason_skips_what_still_runs(
    console: Console, event: Event, organizer: Actor
) -> None:
    closeout = console.first.closeout
    with pytest.raises(Conflict, match="nothing can be decided"):
        closeout.skip(organizer, "models", reason="because")
    job = closeout.start(organizer, typed_name=event.name)
    with pytest.raises(NotAllowed):
        closeout.skip(replace(organizer, roles=frozenset({Role.FACILITATOR})), "models", reason="because")
    with pytest.raises(BadInput, match="Reason"):
        closeout.skip(organizer, "models", reason=" ")
    with pytest.raises(Missing, match="no such step"):
        closeout.skip(organizer, "cycle", reason="because")
    item = next(item for item in console.store.job_items(job.id) if item.key == "freeze")
    console.store.save_job_items(job.id, [replace(item, state=State.DONE)])
    with pytest.raises(Conflict, match="has ended meanwhile"):
        closeout.skip(organizer, "freeze", reason="because")


def test_waiting_gives_a_step_its_whole_time_once_more(console: Console, event: Event, organizer: Actor) -> None:
    closeout = console.first.closeout
    job = closeout.start(organizer, typed_name=event.name)
    long_ago = console.clock.now() - timedelta(hours=9)
    tired = ClosingStep(job.id, long_ago, "It hangs.", long_ago, long_ago, stalled=8, tries=9)
    console.store.change_rows(event.id, CLOSING_STEPS, lambda _: {"models": tired})
    closeout.wait(organizer, "models", reason="the operator is at it")
    row = console.store.rows(event.id, CLOSING_STEPS)["models"]
    now = console.clock.now()
    assert (row.since, row.event_since, row.extended_at, row.stalled) == (now, console.clock.event_now(), now, 0)
    assert (row.began_at, row.mark, row.tries) == (long_ago, "It hangs.", 9)
    assert console.first.audit.entries(organizer)[0].after == "waited"


def test_stopping_ends_the_close_out_and_its_reason_stays(console: Console, event: Event, organizer: Actor) -> None:
    closeout = console.first.closeout
    job = closeout.start(organizer, typed_name=event.name)
    closeout.stop(organizer, "freeze", reason="the race was prolonged")
    assert console.store.job(job.id).state is JobState.CANCELLED
    assert closeout.start(organizer, typed_name=event.name).id != job.id
    (word,) = console.store.read(event.id, CLOSING_WORDS)
    assert (word.word, word.step, word.reason, word.by_name) == (
        "stop", "freeze", "the race was prolonged", organizer.name,
    )  # fmt: skip
    decided = json.loads(closeout.certificate(organizer))["decided"]
    assert [each["of"] for each in decided] == ["an earlier close-out of this event"]


@pytest.mark.parametrize("decide", ["skip", "wait", "stop"])
def test_nothing_is_decided_without_a_reason_by_others_or_twice(
    console: Console, event: Event, organizer: Actor, decide: str
) -> None:
    act = getattr(console.first.closeout, decide)
    job = console.first.closeout.start(organizer, typed_name=event.name)
    with pytest.raises(BadInput, match="Reason"):
        act(organizer, "models", reason=" x ")
    with pytest.raises(NotAllowed):
        act(replace(organizer, roles=frozenset({Role.FACILITATOR})), "models", reason="because")
    items = [replace(item, state=State.DONE) for item in console.store.job_items(job.id) if item.key == "models"]
    console.store.save_job_items(job.id, items)
    with pytest.raises(Conflict, match="ended meanwhile"):
        act(organizer, "models", reason="because")
    assert console.store.read(event.id, CLOSING_WORDS) == ()
