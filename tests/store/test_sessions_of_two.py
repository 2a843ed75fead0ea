"""Two consoles on one file: what one does to a session, the other sees at its next look."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deepracer_admin.errors import StoreError
from deepracer_admin.store.sqlite_sessions import SqliteSessions
from tests.store.contract_sessions import ANNA
from tests.store.people import after


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[SqliteSessions, SqliteSessions]]:
    made = SqliteSessions(tmp_path / "sessions.sqlite"), SqliteSessions(tmp_path / "sessions.sqlite")
    yield made
    for each in made:
        each.close()


def test_a_sign_out_at_one_is_seen_at_the_other(two: tuple[SqliteSessions, SqliteSessions]) -> None:
    here, there = two
    assert here.lookup("hash-1") is None
    there.create(ANNA)
    assert [here.lookup("hash-1") for _ in range(3)] == [ANNA] * 3
    there.touch("hash-1", at=after(60))
    seen = here.lookup("hash-1")
    assert seen is not None
    assert seen.last_seen_at == after(60)
    there.revoke("hash-1")
    assert here.lookup("hash-1") is None


def test_a_closed_file_answers_nobody_from_memory(tmp_path: Path) -> None:
    sessions = SqliteSessions(tmp_path / "sessions.sqlite")
    sessions.create(ANNA)
    assert sessions.lookup("hash-1") == ANNA
    sessions.close()
    with pytest.raises(StoreError):
        sessions.lookup("hash-1")
