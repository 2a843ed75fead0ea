"""An organizer's word on a campaign against the worker's, each writing through a handle of the file of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.errors import Conflict
from deepracer_admin.flows.mail.campaigns import CampaignReconciler
from deepracer_admin.model import Event, Lease, Outcome, Role, State, Step
from deepracer_admin.records.campaigns import CAMPAIGNS, Audience, CampaignState
from deepracer_admin.store.sqlite import SqliteEventStore, open_event_store
from tests.pages.conftest import NOW, actor_of

ORGANIZER = actor_of(Role.ORGANIZER)
PAUSES = 100


@pytest.fixture
def worker_store(console: Console) -> Iterator[SqliteEventStore]:
    store = open_event_store(console.settings.home / "events.sqlite", "rehearsal")
    yield store
    store.close()


def test_of_100_pauses_none_is_lost_to_the_worker_s_notes(
    console: Console, event: Event, people: object, worker_store: SqliteEventStore
) -> None:
    """Notes on the same campaign and on another one, all the time."""
    console.store.amend_event(event.id, lambda stored: replace(stored, portal_url="https://portal.example.com"))
    console.store.record(event.id, [Outcome("at-1", Step.ACCESS, State.DONE)], lease=None, now=NOW)
    messages = console.of(event.id).messages
    steered, other = (messages.send(ORGANIZER, key, Audience("proven")).campaign for key in ("reminder", "races"))
    lease = worker_store.acquire(f"worker/{event.id}", "worker", ttl_s=3600, now=NOW)
    assert isinstance(lease, Lease)
    mail = CampaignReconciler(replace(console.ports_of(event.id), store=worker_store))
    done, notes, failed = threading.Event(), [0], list[Exception]()

    def note() -> None:
        try:
            while not done.is_set():
                notes[0] += 1
                for key in (steered, other):
                    mail._say(event, key, lease, CampaignState.RUNNING, sentence=f"{notes[0]} wait.")
        except Exception as error:  # noqa: BLE001 - told below, in the thread of the test
            failed.append(error)

    worker = threading.Thread(target=note)
    worker.start()
    lost = 0
    for number in range(PAUSES):
        messages.control(ORGANIZER, steered, "paused")
        before = notes[0]
        while not failed and notes[0] < before + 1 and number % 10 == 0:
            done.wait(0.001)  # a note goes by now and then
        row = console.store.row(event.id, CAMPAIGNS, steered)
        lost += row is None or row.state is not CampaignState.PAUSED
        messages.control(ORGANIZER, steered, "running")
    done.set()
    worker.join()
    assert failed == []
    assert notes[0] >= PAUSES // 10
    assert lost == 0
    audited = [entry.after for entry in console.store.audit(event.id, limit=5000) if entry.target == steered]
    assert audited.count("paused") == PAUSES


def test_two_who_pause_at_once_are_told_apart(console: Console, event: Event, people: object) -> None:
    """The second hears that it is paused already, and only one pause is audited."""
    console.store.amend_event(event.id, lambda stored: replace(stored, portal_url="https://portal.example.com"))
    console.store.record(event.id, [Outcome("at-1", Step.ACCESS, State.DONE)], lease=None, now=NOW)
    messages = console.of(event.id).messages
    campaign = messages.send(ORGANIZER, "reminder", Audience("proven")).campaign
    messages.control(ORGANIZER, campaign, "paused")
    with pytest.raises(Conflict, match="is paused; it cannot become paused"):
        messages.control(ORGANIZER, campaign, "paused")
    assert [entry.after for entry in console.store.audit(event.id) if entry.target == campaign] == ["paused"]
