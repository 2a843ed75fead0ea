"""What is given again without a reading is what a reading would give: also after another process has written."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deepracer_admin.errors import StoreError
from deepracer_admin.model import Again, Job, JobState, Profile, Quota, Sending
from deepracer_admin.model.registrations import Asked, Registration, RegistrationState, registration_id
from deepracer_admin.records.limits import PAUSED_PROFILES, SPONSORSHIP, Sponsorship
from deepracer_admin.records.onboarding import TROUBLE
from deepracer_admin.records.portal import ASKED, REGISTRATIONS
from deepracer_admin.store import ProfileLink
from deepracer_admin.store.remembered import MOST_LISTS
from deepracer_admin.store.sqlite import SqliteEventStore, open_event_store
from deepracer_admin.store.sqlite_records import _decoded, _decoded_passing
from tests.store.people import NOW, a_person, an_event

SPRING = "spring"


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[SqliteEventStore, SqliteEventStore]]:
    """Two that hold the same file, as two processes do."""
    path = tmp_path / "events.db"
    made = open_event_store(path, "rehearsal"), open_event_store(path, "rehearsal")
    made[0].save_event(an_event())
    yield made
    for each in made:
        each.close()


def statements(store: SqliteEventStore, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is read through the pool from now on."""
    said: list[str] = []
    real = store._borrow

    def borrow() -> sqlite3.Connection:
        connection = real()
        connection.set_trace_callback(said.append)
        return connection

    monkeypatch.setattr(store, "_borrow", borrow)
    return said


def read_all(store: SqliteEventStore) -> tuple[Any, ...]:
    return (
        store.event(SPRING),
        store.read(SPRING, SPONSORSHIP),
        store.rows(SPRING, PAUSED_PROFILES),
        store.delivery_counts(SPRING),
        store.jobs(SPRING, live=True),
        *(store.attendees(SPRING, wanted=wanted) for wanted in (None, True, False)),
        store.profiles(SPRING),
        store.links(SPRING),
    )


def listed(store: SqliteEventStore, people: int) -> None:
    """So many on the list, each with a profile."""
    store.save_attendees(SPRING, [a_person(number) for number in range(people)])
    store.save_profiles(
        SPRING, [Profile(f"p{number}", f"racer-{number}") for number in range(people)], seen_at=NOW, lease=None
    )
    store.link(SPRING, [ProfileLink(a_person(n).id, f"p{n}", "created", NOW) for n in range(people)])


def test_nothing_is_read_twice_while_nothing_changes(
    pair: tuple[SqliteEventStore, SqliteEventStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = pair
    listed(first, 3)
    before = read_all(first)
    said = statements(first, monkeypatch)
    assert read_all(first) == before
    assert said == []


def test_what_another_process_has_written_is_seen_at_once(pair: tuple[SqliteEventStore, SqliteEventStore]) -> None:
    first, second = pair
    read_all(first)
    second.amend_event(SPRING, lambda event: replace(event, name="Another name"))
    assert first.event(SPRING).name == "Another name"
    second.update(SPRING, SPONSORSHIP, lambda _: Sponsorship(open=True))
    assert first.read(SPRING, SPONSORSHIP).open
    second.change_rows(SPRING, PAUSED_PROFILES, lambda _: {"p-1": Quota(1, 1)})
    assert first.rows(SPRING, PAUSED_PROFILES) == {"p-1": Quota(1, 1)}
    second.create_job(Job("job-1", SPRING, "check", SPRING, JobState.PLANNED, {}))
    assert [job.id for job in first.jobs(SPRING, live=True)] == ["job-1"]
    second.save_attendees(SPRING, [a_person(1)])
    second.plan_deliveries(SPRING, [(a_person(1).id, "access", 1)], campaign="c", lease=None, again=Again.NEVER)
    assert first.delivery_counts(SPRING)[Sending.PENDING] == 1
    listed(second, 3)
    assert [len(first.attendees(SPRING)), len(first.profiles(SPRING)[0]), len(first.links(SPRING))] == [3, 3, 3]
    second.amend_attendees(SPRING, lambda person: replace(person, wanted=False), ids=[a_person(2).id])
    second.unlink(SPRING, [a_person(2).id])
    second.save_profiles(SPRING, [], seen_at=NOW, lease=None)
    assert [len(first.attendees(SPRING, wanted=True)), len(first.attendees(SPRING, wanted=False))] == [2, 1]
    assert (len(first.links(SPRING)), first.profiles(SPRING)) == (2, ([], NOW))


def test_what_somebody_does_to_an_answer_reaches_nobody_else(pair: tuple[SqliteEventStore, SqliteEventStore]) -> None:
    first, _ = pair
    first.update(SPRING, TROUBLE, lambda _: {"mail": "It waits."})
    for answer in (first.read(SPRING, TROUBLE), first.rows(SPRING, PAUSED_PROFILES), first.delivery_counts(SPRING)):
        answer.clear()  # type: ignore[attr-defined]
    listed(first, 1)
    for answer in (first.attendees(SPRING), first.profiles(SPRING)[0], first.links(SPRING)):
        assert len(answer) == 1
        answer.clear()
    assert [len(first.attendees(SPRING)), len(first.profiles(SPRING)[0]), len(first.links(SPRING))] == [1, 1, 1]
    assert first.read(SPRING, TROUBLE) == {"mail": "It waits."}
    assert first.delivery_counts(SPRING)[Sending.SENT] == 0


def test_what_was_forgotten_is_not_kept_in_memory(pair: tuple[SqliteEventStore, SqliteEventStore]) -> None:
    first, _ = pair
    first.update(SPRING, TROUBLE, lambda _: {"mail": "Ada Lovelace waits."})
    first.read(SPRING, TROUBLE)
    first.forget(SPRING, TROUBLE)
    assert "Ada" not in repr(first._remembered._values)
    first.save_attendees(SPRING, [a_person(1, name="Ada Lovelace")])
    assert first.attendees(SPRING)
    assert "Ada" in repr(first._remembered._values)
    first.delete_attendees(SPRING, [a_person(1).id])
    assert "Ada" not in repr(first._remembered._values)


def test_lists_of_many_events_are_not_all_kept(pair: tuple[SqliteEventStore, SqliteEventStore]) -> None:
    first, _ = pair
    for number in range(2 * MOST_LISTS):
        first.attendees(f"event-{number}")
    assert len([name for _, name in first._remembered._values if name == ("attendees", None)]) <= MOST_LISTS


def test_a_closed_store_says_so(pair: tuple[SqliteEventStore, SqliteEventStore]) -> None:
    first, _ = pair
    first.event(SPRING)
    first.close()
    with pytest.raises(StoreError):
        first.event(SPRING)


def registered(count: int) -> dict[str, Registration]:
    emails = [f"ada{number}@example.com" for number in range(count)]
    rows = [Registration(registration_id(each), each, RegistrationState.ASKED, NOW) for each in emails]
    return {row.id: row for row in rows}


def test_a_form_that_was_taken_is_forgotten_and_nobody_else(tmp_path: Path) -> None:
    """In a flood hundreds of forms go in a minute: what stands of all others is not read from its text each time."""
    with_forms = open_event_store(tmp_path / "events.db", "rehearsal")
    with_forms.save_event(an_event())
    with_forms.change_rows(SPRING, REGISTRATIONS, lambda _: registered(60))
    with_forms.change_rows(
        SPRING, ASKED, lambda _: {"f-1": Asked("zelda@example.com", NOW), "f-2": Asked("b@example.com", NOW)}
    )
    assert len(with_forms.rows(SPRING, REGISTRATIONS)) == 60
    assert len(with_forms.rows(SPRING, ASKED)) == 2
    before = _decoded.cache_info().misses
    with_forms.change_rows(SPRING, ASKED, lambda _: {"f-1": None})
    assert "zelda" not in repr([*with_forms._remembered._values.values()])
    assert _decoded_passing.cache_info().currsize == 0
    assert len(with_forms.rows(SPRING, REGISTRATIONS)) == 60
    assert _decoded.cache_info().misses == before
    with_forms.change_rows(SPRING, REGISTRATIONS, lambda rows: {next(iter(rows)): None})
    assert _decoded.cache_info().currsize == 0
    with_forms.close()


def test_many_who_ask_at_once_are_answered_by_one_question_put_after_they_asked(
    pair: tuple[SqliteEventStore, SqliteEventStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One by one, each would wait for a turn of the interpreter while it holds up all the others."""
    store, other = pair
    remembered = store._remembered
    questions: list[int] = []
    first, go_on = threading.Event(), threading.Event()
    real = remembered._ask

    def ask() -> None:
        questions.append(1)
        real()
        if len(questions) == 1:  # it has read already, and is not done yet
            first.set()
            assert go_on.wait(300)

    monkeypatch.setattr(remembered, "_ask", ask)
    answers: list[int] = []
    crowd = [threading.Thread(target=lambda: answers.append(store.revision(SPRING))) for _ in range(20)]
    crowd[0].start()
    assert first.wait(300)
    before = other.revision(SPRING)
    other.save_event(replace(an_event(), name="Changed"))
    for thread in crowd[1:]:
        thread.start()
    while len(remembered._turn._waiters) < len(crowd) - 1:  # type: ignore[attr-defined]
        pass
    go_on.set()
    for thread in crowd:
        thread.join(300)
    assert sorted(answers) == [before, *[before + 1] * (len(crowd) - 1)]
    assert len(questions) == 2


def test_a_question_that_fails_is_put_again_by_whoever_waits_for_it(
    pair: tuple[SqliteEventStore, SqliteEventStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _ = pair
    remembered = store._remembered
    real, failed = remembered._ask, []

    def ask() -> None:
        if not failed:
            failed.append(1)
            raise sqlite3.OperationalError("disk I/O error")
        real()

    monkeypatch.setattr(remembered, "_ask", ask)
    with pytest.raises(sqlite3.OperationalError):
        remembered.revision(SPRING)
    assert remembered.revision(SPRING) == store.revision(SPRING) > 0
