"""The untyped values of version 3 are documents, readings and tables of version 4."""

import sqlite3
from pathlib import Path

import pytest

from deepracer_admin.records import every
from deepracer_admin.store.documents import Single
from deepracer_admin.store.version_4 import MOVES
from tests.store.old_files import opened_old_store
from tests.store.version_3 import EXAMPLES

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
