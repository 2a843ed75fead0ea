"""A file as the first version wrote it still opens, is led to the newest version, and has lost nothing."""

import sqlite3
from pathlib import Path

from deepracer_admin.model import Again, DeliveryEvent, JobState, Outcome, Sending, State, Step
from deepracer_admin.rules.audit import verify
from deepracer_admin.store.sqlite import open_event_store
from deepracer_admin.store.sqlite_schema import MIGRATIONS
from tests.store.contract_jobs import an_entry
from tests.store.old_files import version_1
from tests.store.people import NOW


def schema(path: Path) -> list[tuple[str, str]]:
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()
    connection.close()
    return [(name, " ".join(sql.split())) for name, sql in rows]


def test_a_version_1_file_keeps_its_people_mails_jobs_and_audit(tmp_path: Path) -> None:
    store = open_event_store(version_1(tmp_path / "events.db"), "rehearsal")
    assert [event.name for event in store.events()] == ["Spring Cup"]
    assert [(each.id, each.email, each.extra) for each in store.attendees("spring")] == [
        ("a1", "person1@example.com", {"T-shirt": "L"})
    ]
    assert store.funnel("spring")[Step.PROFILE][State.DONE] == 1
    assert [(row.state, row.message_id) for row in store.deliveries("spring")] == [(Sending.SENT, "m1")]
    assert [(job.id, job.state) for job in store.jobs("spring", live=True)] == [("j1", JobState.RUNNING)]
    assert store.revision("spring") == 9
    store.append_audit(an_entry())
    assert verify(store.audit()) is None
    assert store.record("spring", [Outcome("a1", Step.MAIL, State.DONE)], lease=None, now=NOW) == 1
    store.close()


def test_mails_of_a_version_4_file_are_told_apart_by_number_and_keep_the_version_of_their_text(tmp_path: Path) -> None:
    """A resent mail had 1,000 more than the version before it; a delivery event that is still under way finds it."""
    path = version_1(tmp_path / "events.db")
    connection = sqlite3.connect(path)
    for version in (2, 1002):
        connection.execute(
            "INSERT INTO deliveries (event, attendee, template, version, state, owner, epoch, campaign)"
            " VALUES ('spring', 'a1', 'access', ?, 'unknown', 'one', 1, 'c')",
            (version,),
        )
    connection.commit()
    connection.close()
    store = open_event_store(path, "rehearsal")
    assert [(row.number, row.version) for row in store.deliveries("spring")] == [(1, 1), (2, 2), (1002, 2)]
    told = DeliveryEvent("delivery", "m9", "spring#a1#access#1002", NOW)
    assert store.apply_delivery_events("spring", [told], now=NOW) == 1
    rows = [("a1", "access", 3)]
    assert store.plan_deliveries("spring", rows, campaign="access", lease=None) == 0
    assert store.plan_deliveries("spring", rows, campaign="resend", lease=None, again=Again.ASKED) == 1
    assert store.deliveries("spring")[-1].number == 1003
    assert "mail:access:2:delivered" in [row.reason for row in store.history_of("spring", "a1")]
    store.close()


def test_a_migrated_file_has_the_schema_of_a_new_one(tmp_path: Path) -> None:
    open_event_store(version_1(tmp_path / "old.db"), "rehearsal").close()
    open_event_store(tmp_path / "new.db", "rehearsal").close()
    assert schema(tmp_path / "old.db") == schema(tmp_path / "new.db")


def test_a_migrated_file_carries_the_newest_version(tmp_path: Path) -> None:
    open_event_store(version_1(tmp_path / "old.db"), "rehearsal").close()
    connection = sqlite3.connect(tmp_path / "old.db")
    assert connection.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
    connection.close()
