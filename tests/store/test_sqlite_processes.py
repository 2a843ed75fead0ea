"""Several processes on one file, and processes that die."""

import time
from pathlib import Path

from deepracer_admin.model import Sending
from deepracer_admin.rules.audit import verify
from deepracer_admin.store.sqlite import open_event_store
from tests.store.counting import COUNTER
from tests.store.crew import go, start, together
from tests.store.people import a_person, people


def test_two_processes_write_at_once_and_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    assert together("add_people", path, 300) == [300, 300]
    store = open_event_store(path, "rehearsal")
    assert len(store.attendees("spring")) == 600
    audit = store.audit()
    assert len(audit) == 60
    assert {entry.actor for entry in audit} == {"one", "two"}
    assert verify(audit) is None
    store.close()


def test_two_processes_share_the_mails_and_mail_nobody_twice(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    store = open_event_store(path, "rehearsal")
    store.save_attendees("spring", people(400))
    store.plan_deliveries("spring", [(each.id, "access", 1) for each in people(400)], campaign="c", lease=None)
    one, two = together("claim_mails", path, 7)
    assert sorted(one + two) == [each.id for each in people(400)]
    assert store.delivery_counts("spring")[Sending.SENT] == 400
    by_message = {row.attendee: row.message_id.partition("-")[0] for row in store.deliveries("spring")}
    assert by_message == dict.fromkeys(one, "one") | dict.fromkeys(two, "two")
    store.close()


def test_two_processes_under_one_lease_never_write_over_each_other(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    one, two = together("contend", path, 40)
    assert sorted(one + two) == list(range(1, 81))
    store = open_event_store(path, "rehearsal")
    assert store.read("", COUNTER) == 80
    store.close()


def test_a_process_killed_in_the_middle_of_a_batch_leaves_nothing_of_it(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    before = open_event_store(path, "rehearsal")
    before.save_attendees("spring", [a_person(99_999)])
    before.close()
    process = start("add_endlessly", path, "one", 20_000)
    go(process)
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "half way\n"
    assert path.with_name("events.db-wal").stat().st_size > 1_000_000
    process.kill()
    process.wait()
    process.stdout.close()
    process.stdin.close()
    store = open_event_store(path, "rehearsal")
    assert store.attendees("spring") == [a_person(99_999)]
    store.save_attendees("spring", people(3))
    assert len(store.attendees("spring")) == 4
    store.close()


def test_a_process_killed_between_batches_keeps_what_it_had_finished(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    process = start("add_people", path, "one", 1_000_000)
    go(process)
    watching = open_event_store(path, "rehearsal")
    while len(watching.audit(limit=20)) < 20:
        time.sleep(0.01)
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        pipe.close()
    store = open_event_store(path, "rehearsal")
    batches, ids = len(store.audit(limit=10_000_000)), [each.id for each in store.attendees("spring")]
    assert ids == [a_person(number).id for number in range(len(ids))]
    assert len(ids) in (batches * 10, batches * 10 + 10)
    assert verify(store.audit(limit=10_000_000)) is None
    watching.close()
    store.close()
