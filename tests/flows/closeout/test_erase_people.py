"""Personal data goes on its date: only of a closed event, all of it, once, and the audit says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from cryptography.fernet import Fernet

from deepracer_admin.clock import SystemClock
from deepracer_admin.errors import StoreError
from deepracer_admin.flows.closeout.erase_people import ERASED, Eraser
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Attendee, AuditEntry, Event, Lease, Profile, Quota, Standing
from deepracer_admin.records.closing import PROOF, Proof, StillIn
from deepracer_admin.records.erasures import ERASURES, LEGAL_HOLD, LegalHold
from deepracer_admin.rules.audit import verify
from deepracer_admin.store import ProfileLink
from deepracer_admin.store.event_copies import copies_of, keep_copy
from deepracer_admin.store.sqlite import open_event_store, open_history
from deepracer_admin.vault import Vault

KEY = Fernet.generate_key()
END = datetime(2026, 3, 1, 17, tzinfo=UTC)
DUE = "2026-04-30"


class DayClock(SystemClock):
    """Event time stands on a day that the test sets; real time runs on from call to call."""

    def __init__(self) -> None:
        self.day = datetime(2026, 4, 29, 12, tzinfo=UTC)
        self.real = datetime(2026, 4, 29, 12, tzinfo=UTC)

    def event_now(self) -> datetime:
        return self.day

    def now(self) -> datetime:
        self.real += timedelta(minutes=11)
        return self.real


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[Any]:
    store, history = open_event_store(tmp_path / "e.sqlite", "live"), open_history(tmp_path / "h.sqlite")
    event = Event("spring", "Spring Cup", END - timedelta(hours=8), END, "UTC", 2, 100.0, Quota(60, 1), erase_on=DUE)
    store.save_event(replace(event, closed_at=END))
    store.save_attendees("spring", [Attendee("a", "ada@example.com", "Ada"), Attendee("b", "bo@example.com", "Bo")])
    store.update("spring", PROOF, lambda _: Proof(END, can_still_sign_in=(StillIn("a", "Ada"),)))
    profile = Profile("p", "Ada-L", email="ada@example.com", minutes_used=5)
    store.save_profiles("spring", [profile], seen_at=END, lease=None)
    history.add_usage("spring", END, [profile])
    history.save_standings("spring", "r", END, [Standing(1, "Ada-L", 9000)])
    exports = tmp_path / "exports" / "spring"
    exports.mkdir(parents=True)
    (exports / "usage.csv").write_text("Ada")
    clock = DayClock()
    yield SimpleNamespace(
        store=store, history=history, clock=clock, home=tmp_path, vault=Vault(KEY), drop_delegation=lambda _: True
    )
    store.close()
    history.close()


def _lease(ports: Any) -> Lease:
    lease = ports.store.acquire("worker", "test", ttl_s=3600, now=ports.clock.now())
    assert lease is not None
    return lease


def test_nothing_is_erased_before_the_date(ports: Any) -> None:
    assert Eraser(cast(Ports, ports)).run(_lease(ports)) == 0
    assert len(ports.store.attendees("spring")) == 2


def test_an_event_that_was_never_closed_keeps_its_people(ports: Any) -> None:
    ports.clock.day = datetime(2027, 1, 1, tzinfo=UTC)
    ports.store.amend_event("spring", lambda event: replace(event, closed_at=None))
    assert Eraser(cast(Ports, ports)).run(_lease(ports)) == 0
    assert len(ports.store.attendees("spring")) == 2


def test_on_the_date_everything_personal_goes_and_the_audit_says_so(ports: Any) -> None:
    ports.clock.day = datetime(2026, 4, 30, 0, 5, tzinfo=UTC)
    assert Eraser(cast(Ports, ports)).run(_lease(ports)) == 2
    assert ports.store.attendees("spring") == []
    assert ports.store.profiles("spring")[0] == []
    assert ports.store.read("spring", PROOF) is None
    assert ports.history.usage("spring") == []
    assert ports.history.standings("spring", "r")[0] == []
    assert not (ports.home / "exports" / "spring").exists()
    assert ports.store.read("spring", ERASED).people == 2
    entry = ports.store.audit("spring")[0]
    assert (entry.action, entry.count, entry.role) == ("attendees.erase", 2, "System")


def test_the_same_people_in_another_event_stay_there(ports: Any) -> None:
    ports.clock.day = datetime(2026, 4, 30, 0, 5, tzinfo=UTC)
    store = ports.store
    store.save_event(replace(store.event("spring"), id="winter", closed_at=None, erase_on=""))
    people = [replace(each, id=f"w-{each.id}") for each in store.attendees("spring")]
    store.save_attendees("winter", people)
    store.link("winter", [ProfileLink("w-a", "p", "created", END)])
    assert Eraser(cast(Ports, ports)).run(_lease(ports)) == 2
    assert store.attendees("spring") == []
    assert store.attendees("winter") == people
    assert [*store.links("winter")] == ["w-a"]


def test_it_is_done_once(ports: Any) -> None:
    ports.clock.day = datetime(2026, 5, 30, tzinfo=UTC)
    eraser, lease = Eraser(cast(Ports, ports)), _lease(ports)
    eraser.run(lease)
    assert eraser.run(lease) == 0
    assert len(ports.store.audit("spring")) == 1


def test_who_dies_before_the_mark_is_told_once(ports: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ports.clock.day = datetime(2026, 5, 30, tzinfo=UTC)
    lease = _lease(ports)

    def dies(*_: object, **__: object) -> None:
        raise StoreError("The power is cut.")

    with monkeypatch.context() as cut:
        cut.setattr(ports.store, "update", dies)
        with pytest.raises(StoreError):
            Eraser(cast(Ports, ports)).run(lease)
    Eraser(cast(Ports, ports)).run(lease)
    assert [entry.count for entry in ports.store.audit("spring")] == [2]
    assert ports.store.read("spring", ERASED).people == 2


def test_an_export_that_is_open_elsewhere_is_told_and_erasure_goes_on_when_it_is_closed(
    ports: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports.clock.day = datetime(2026, 4, 30, 0, 5, tzinfo=UTC)
    eraser = Eraser(cast(Ports, ports))
    with monkeypatch.context() as windows:

        def refused(*_: object, **__: object) -> None:
            raise PermissionError(13, "The process cannot access the file because it is being used by another process")

        windows.setattr("os.unlink", refused)
        with pytest.raises(StoreError, match="The exports of “Spring Cup” cannot be erased"):
            eraser.run(_lease(ports))
    assert ports.store.read("spring", ERASED) is None
    assert eraser.run(_lease(ports)) == 2
    assert not (ports.home / "exports" / "spring").exists()


def test_a_legal_hold_stops_it_until_it_is_lifted(ports: Any) -> None:
    ports.clock.day = datetime(2026, 5, 30, tzinfo=UTC)
    hold = LegalHold("A claim is open.", "oid-1", "Olga", END)
    ports.store.update("spring", LEGAL_HOLD, lambda _: hold)
    lease = _lease(ports)
    assert Eraser(cast(Ports, ports)).run(lease) == 0
    assert len(ports.store.attendees("spring")) == 2
    ports.store.update("spring", LEGAL_HOLD, lambda _: None)
    assert Eraser(cast(Ports, ports)).run(lease) == 2


def test_the_receipt_of_an_event_counts_people_and_its_copies_go(ports: Any) -> None:
    ports.clock.day = datetime(2026, 5, 30, tzinfo=UTC)
    keep_copy(ports.store, ports.history, ports.home, "spring", now=END, why="closing")
    Eraser(cast(Ports, ports)).run(_lease(ports))
    receipt = ports.store.rows("spring", ERASURES)["erased-spring-all"]
    assert (receipt.people, receipt.sealed, receipt.left) == (2, "", ())
    assert receipt.copies_gone == ("20260301T170000Z-closing.backup",)
    assert copies_of(ports.home, "spring") == []


def test_ids_of_people_leave_the_audit_of_an_event_and_its_chain_holds(ports: Any) -> None:
    ports.clock.day = datetime(2026, 5, 30, tzinfo=UTC)
    entry = AuditEntry(0, END, "spring", "oid-1", "Olga", "Organizer", "attendees.add", "att-000a", 1)
    ports.store.save_attendees("spring", [Attendee("att-000a", "cy@example.com", "Cy Young")])
    ports.store.append_audit(entry)
    Eraser(cast(Ports, ports)).run(_lease(ports))
    rows = ports.store.audit(None)
    assert verify(rows) is None
    assert all("att-000a" not in str(row) for row in rows)


def test_one_erasure_that_cannot_end_keeps_no_other_from_ending(ports: Any) -> None:
    """It was begun under another key: it is told each time, and everybody else goes on their day."""
    store, before = ports.store, ports.vault
    ports.vault = Vault(Fernet.generate_key())
    eraser = Eraser(cast(Ports, ports))
    ada, bo = store.attendees("spring")
    for person, vault in ((ada, before), (bo, ports.vault)):
        begun = replace(eraser._eraser, vault=vault)
        begun.begin(store.event("spring"), person, mark=f"erased-{person.id}", by="o", by_name="Olga")
    autumn = replace(store.event("spring"), id="autumn", name="Autumn Cup")
    store.save_event(autumn)
    store.save_attendees("autumn", [Attendee("c", "cy@example.com", "Cy")])
    lease = _lease(ports)
    with pytest.raises(StoreError, match="begun with another key"):
        eraser.run(lease)
    assert [person.id for person in store.attendees("spring")] == ["a"]
    ports.clock.day = datetime(2026, 5, 1, tzinfo=UTC)
    for _ in range(2):
        with pytest.raises(StoreError, match="begun with another key"):
            eraser.run(lease)
    assert store.attendees("spring") == []
    assert store.attendees("autumn") == []
    assert store.read("autumn", ERASED).people == 1
