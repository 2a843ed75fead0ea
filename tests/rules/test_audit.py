"""An altered, missing or reordered audit entry shows; entries can be found and handed over."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.model import AuditEntry
from deepracer_admin.rules.audit import digest, export_rows, select, verify

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def chain(count: int) -> list[AuditEntry]:
    entries: list[AuditEntry] = []
    previous = ""
    for seq in range(1, count + 1):
        entry = AuditEntry(
            seq=seq,
            at=NOW + timedelta(minutes=seq),
            event="spring",
            actor=f"oid-{seq % 2}",
            actor_name="Anna Rossi" if seq % 2 else "Bo Lind",
            role="Organizer",
            action="attendees.import" if seq % 3 else "races.close",
            target=f"target {seq}",
            count=seq,
            after={"added": seq},
            allowed=seq != 4,
        )
        entry = replace(entry, digest=digest(previous, entry))
        previous = entry.digest
        entries.append(entry)
    return entries


def test_a_whole_chain_verifies_in_any_order() -> None:
    assert verify([]) is None
    assert verify(chain(5)) is None
    assert verify(reversed(chain(5))) is None


CHANGES: list[dict[str, Any]] = [
    {"at": NOW},
    {"event": "autumn"},
    {"actor": "oid-9"},
    {"actor_name": "Somebody"},
    {"role": "Viewer"},
    {"action": "attendees.export"},
    {"target": "other"},
    {"count": 0},
    {"before": 1},
    {"after": None},
    {"allowed": False},
    {"job": "j9"},
    {"on_behalf_of": "oid-9"},
    {"digest": "0" * 64},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_every_field_is_covered(change: dict[str, Any]) -> None:
    entries = chain(5)
    entries[2] = replace(entries[2], **change)
    assert verify(entries) == 3


@given(missing=st.integers(1, 5))
def test_a_missing_entry_shows_at_the_next(missing: int) -> None:
    entries = [entry for entry in chain(6) if entry.seq != missing]
    assert verify(entries) == missing + 1


def test_an_entry_rewritten_with_a_fresh_digest_breaks_the_next() -> None:
    entries = chain(5)
    forged = replace(entries[1], count=999)
    entries[1] = replace(forged, digest=digest(entries[0].digest, forged))
    assert verify(entries) == 3


def test_the_rest_of_a_chain_verifies_after_a_known_entry() -> None:
    entries = chain(6)
    assert verify(entries[3:], after=entries[2]) is None
    assert verify(entries[4:], after=entries[2]) == 5
    assert verify(entries[3:]) == 4


def test_entries_are_found_by_what_is_given() -> None:
    entries = chain(6)

    def found(**given: Any) -> list[int]:
        return [entry.seq for entry in select(entries, **given)]

    assert found() == [1, 2, 3, 4, 5, 6]
    assert found(actor="oid-0") == [2, 4, 6]
    assert found(action="races.close") == [3, 6]
    assert found(words="ANNA target") == [1, 3, 5]
    assert found(words='"added": 5') == [5]
    assert found(allowed=False) == [4]
    assert found(since=NOW + timedelta(minutes=2), until=NOW + timedelta(minutes=4)) == [2, 3]
    assert found(action="races.close", actor="oid-1") == [3]


def test_an_export_leaves_nothing_out() -> None:
    (row,) = export_rows(chain(1))
    assert row["seq"] == 1
    assert row["at"] == "2026-11-02T09:31:00.000Z"
    assert (row["who"], row["before"], row["after"]) == ("Anna Rossi", "", '{"added": 1}')
    assert (row["allowed"], row["count"], len(str(row["digest"]))) == ("yes", 1, 64)
