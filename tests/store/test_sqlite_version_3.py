"""The untyped values of version 3 are documents, readings and tables of version 4."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deepracer_admin.model import Quota
from deepracer_admin.records import every
from deepracer_admin.records.adopted_quotas import ADOPTED_QUOTAS
from deepracer_admin.records.guest_book import GUESTS, Guest, GuestState
from deepracer_admin.records.onboarding import ONBOARDING, Onboarding, Run
from deepracer_admin.records.profile_rows import NOT_THEIRS, PASSWORDS_UNTIL, ProfileIds
from deepracer_admin.records.ways_in import INVITATIONS, POOL, RESENT, Chunk, ChunkState, Resent
from deepracer_admin.store.documents import Single
from deepracer_admin.store.version_4 import MOVES
from tests.store.old_files import opened_old_store
from tests.store.version_3 import EXAMPLES, access

CASES = [(key, number) for key in sorted(MOVES) for number in range(len(EXAMPLES[key]))]


@pytest.mark.parametrize(("key", "number"), CASES)
def test_an_old_value_is_read_from_the_new_place(tmp_path: Path, key: str, number: int) -> None:
    value = EXAMPLES[key][number]
    moved = [*MOVES[key](value)]
    whose = "spring" if all(every()[row.kind].of_event for row in moved) else ""
    store = opened_old_store(tmp_path / "events.db", {(whose, key): value}, people=20)
    for row in moved:
        what = every()[row.kind]
        if isinstance(what, Single):
            assert store.read(whose, what) != what.empty
        else:
            assert store.row(whose, what, row.key) is not None
    store.close()


def test_nothing_is_left_at_the_old_place(tmp_path: Path) -> None:
    """Of what is moved; whatever nobody maps stays."""
    path = tmp_path / "events.db"
    old = {("spring", key): value for key in MOVES for value in EXAMPLES[key]}
    opened_old_store(path, {**old, ("spring", "of nobody"): [1]}, people=20).close()
    connection = sqlite3.connect(path)
    left = {key for (key,) in connection.execute("SELECT key FROM settings").fetchall()}
    connection.close()
    assert not left & {*MOVES}
    assert "of nobody" in left


def test_the_values_of_access_mean_what_they_meant(tmp_path: Path) -> None:
    old = {("spring", key): value for key, (value, *_) in access.EXAMPLES.items() if key != "current_event"}
    store = opened_old_store(tmp_path / "events.db", old, people=20)
    at = datetime(2026, 11, 2, 9, 30, 0, 123456, tzinfo=UTC)
    assert store.read("spring", ONBOARDING) == Onboarding(Run.RUNNING, "oid-1", "Anna Rossi", at)
    assert store.rows("spring", INVITATIONS) == {
        "0a": Chunk(
            ("a00100", "a00101"),
            at,
            state=ChunkState.FINISHED,
            job="job-1",
            tries=1,
            existed=frozenset({"a00101"}),
            mailed_at=at,
            mails=1,
        ),
        "0b": Chunk(("a00102",), at),
        "0c": Chunk(
            ("a00103", "a00104"), at, POOL, tries=1, again_at=at, left=("a00104",), doubt=frozenset({"a00104"})
        ),
    }
    assert store.row("spring", GUESTS, "a00100") == Guest(GuestState.PENDING, "g1", True, "sealed", at)
    assert store.rows("spring", ADOPTED_QUOTAS) == {"p1": Quota(600, 5), "p2": Quota(-1, 0)}
    assert store.read("spring", RESENT) == (Resent(at, "a00100"), Resent(at, "a00101"))
    assert store.read("spring", PASSWORDS_UNTIL) == {"a00100": at}
    assert store.rows("spring", NOT_THEIRS) == {"a00100": ProfileIds(frozenset({"p3"}))}
    store.close()


def test_a_row_of_somebody_who_is_not_on_the_list_any_more_is_left_behind(tmp_path: Path) -> None:
    old = {("spring", "guests"): {"gone": {"state": "pending", "id": "g1", "made": True, "link": ""}}}
    store = opened_old_store(tmp_path / "events.db", old)
    assert store.rows("spring", GUESTS) == {}
    store.close()
