"""Two who write at the same time, each with an own handle of the file, lose nothing: every declared document, reading
and table, and the ways in which events and people are changed."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deepracer_admin.errors import LeaseLost
from deepracer_admin.model import Lease
from deepracer_admin.records import every
from deepracer_admin.store.documents import Document, Reading, Table
from deepracer_admin.store.sqlite import SqliteEventStore, open_event_store
from tests.store.growing import grown, sample, size
from tests.store.people import after, an_event, people

WRITES = 50  # of each of the two
DECLARED = every()
DOCUMENTS = sorted(name for name, what in DECLARED.items() if isinstance(what, Document))
READINGS = sorted(name for name, what in DECLARED.items() if isinstance(what, Reading))
TABLES = sorted(name for name, what in DECLARED.items() if isinstance(what, Table))


@pytest.fixture
def two(tmp_path: Path) -> Iterator[list[SqliteEventStore]]:
    stores = [open_event_store(tmp_path / "events.db", "rehearsal") for _ in range(2)]
    yield stores
    for store in stores:
        store.close()


def at_once(stores: list[SqliteEventStore], write: Callable[[SqliteEventStore, int], object]) -> None:
    """Each store writes WRITES times, with numbers of its own."""
    failed: list[Exception] = []

    def work(store: SqliteEventStore, first: int) -> None:
        try:
            for number in range(first, first + WRITES):
                write(store, number)
        except Exception as error:  # noqa: BLE001 - told below, in the thread of the test
            failed.append(error)

    threads = [threading.Thread(target=work, args=(store, n * WRITES)) for n, store in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def event_of(what: Any) -> str:
    return "spring" if what.of_event else ""


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_change_of_a_document_is_lost(two: list[SqliteEventStore], name: str) -> None:
    document: Document[Any] = DECLARED[name]  # pyright: ignore[reportAssignmentType]
    event = event_of(document)
    start = size(document.kind, document.empty)
    at_once(two, lambda store, number: store.update(event, document, lambda value: grown(document.kind, value, number)))
    assert size(document.kind, two[0].read(event, document)) - start == 2 * WRITES


@pytest.mark.parametrize("name", TABLES)
def test_no_change_of_a_row_is_lost(two: list[SqliteEventStore], name: str) -> None:
    """Both change one row, and add rows of their own."""
    table: Table[Any] = DECLARED[name]  # pyright: ignore[reportAssignmentType]
    event = event_of(table)
    two[0].save_attendees("spring", people(2 * WRITES + 1))
    shared = f"a{2 * WRITES:05d}"
    first = sample(table.kind)

    def write(store: SqliteEventStore, number: int) -> None:
        own = f"a{number:05d}"
        store.change_rows(
            event,
            table,
            lambda rows: {own: first, shared: grown(table.kind, rows.get(shared, first), number)},
            keys=(own, shared),
        )

    at_once(two, write)
    rows = two[1].rows(event, table)
    assert len(rows) == 2 * WRITES + 1
    assert size(table.kind, rows[shared]) - size(table.kind, first) == 2 * WRITES


@pytest.mark.parametrize("name", READINGS)
def test_a_reading_is_written_by_its_one_reader_alone(two: list[SqliteEventStore], name: str) -> None:
    reading: Reading[Any] = DECLARED[name]  # pyright: ignore[reportAssignmentType]
    value = grown(reading.kind, reading.empty, 1)
    two[0].keep(event_of(reading), reading, value)
    with pytest.raises(LeaseLost):
        two[1].keep(event_of(reading), reading, reading.empty, lease=Lease("worker", "late", 1, after(60)))
    assert two[1].read(event_of(reading), reading) == value


def test_no_change_of_an_event_is_lost(two: list[SqliteEventStore]) -> None:
    two[0].save_event(an_event(head_count=0, slots=0))

    def write(store: SqliteEventStore, number: int) -> None:
        field = "head_count" if number < WRITES else "slots"
        store.amend_event("spring", lambda event: replace(event, **{field: getattr(event, field) + 1}))

    at_once(two, write)
    assert (two[0].event("spring").head_count, two[0].event("spring").slots) == (WRITES, WRITES)


def test_no_change_of_a_person_is_lost(two: list[SqliteEventStore]) -> None:
    two[0].save_attendees("spring", people(1))

    def write(store: SqliteEventStore, number: int) -> None:
        field = "alias" if number < WRITES else "office"
        store.amend_attendees("spring", lambda person: replace(person, **{field: getattr(person, field) + "+"}))

    at_once(two, write)
    [person] = two[0].attendees("spring")
    assert (person.alias.count("+"), person.office.count("+")) == (WRITES, WRITES)
