"""A human goes on without a step: by right, with a reason, audited, and only while there is something to skip."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.errors import BadInput, Conflict, Missing, NotAllowed
from deepracer_admin.model import Actor, Event, Role, State
from deepracer_admin.records.closing import CLOSING_STEPS


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
    with pytest.raises(Conflict, match="nothing to skip"):
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
