"""A history file of the first version opens, and says what it said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deepracer_admin.clock import iso
from deepracer_admin.model import Profile
from deepracer_admin.store.sqlite import SqliteHistory, open_history
from deepracer_admin.store.sqlite_base import SqliteFile
from deepracer_admin.store.sqlite_history import MIGRATIONS
from tests.store.people import NOW, after

SAMPLES = ((NOW, 600.0, 5.0, 10**9), (after(3600), 0.0, 5.0, 3 * 10**9), (after(7200), 6.0, 5.0, 0))


class FirstVersion(SqliteFile):
    def fill(self) -> None:
        with self._transaction() as connection:
            for at, one, two, stored in SAMPLES:
                over = one if at == NOW else one + 600.0
                row = ("spring", iso(at), 2, 2, over + two, 0.0, stored, 4)
                connection.execute("INSERT INTO usage_totals VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
                connection.execute("INSERT INTO profile_usage VALUES ('spring', 'p1', ?, ?, 0)", (iso(at), one))
            connection.execute("INSERT INTO profile_usage VALUES ('spring', 'p2', ?, 5, 0)", (iso(NOW),))
            connection.execute("INSERT INTO profile_now VALUES ('spring', 'p1', 6, 0, 600), ('spring', 'p2', 5, 0, 0)")


@pytest.fixture
def history(tmp_path: Path) -> Iterator[SqliteHistory]:
    old = FirstVersion(tmp_path / "history.sqlite", kind="history", mode="", migrations=MIGRATIONS[:1])
    old.fill()
    old.close()
    opened = open_history(tmp_path / "history.sqlite")
    yield opened
    opened.close()


def test_totals_and_changes_are_as_they_were(history: SqliteHistory) -> None:
    assert [sample.minutes_used for sample in history.usage("spring")] == [605.0, 605.0, 611.0]
    assert [sample.gb_hours for sample in history.usage("spring")] == pytest.approx([0.0, 1.0, 4.0])
    assert history.usage("spring")[0].running is None
    assert history.usage_of("spring", "p1") == [(NOW, 600.0, 0.0), (after(3600), 600.0, 0.0), (after(7200), 606.0, 0.0)]
    assert history.used_before_reset("spring") == {"p1": 600.0}


def test_samples_go_on_from_there(history: SqliteHistory) -> None:
    found = history.add_usage(
        "spring", after(7260), [Profile("p1", "a", minutes_used=16.0), Profile("p2", "b", minutes_used=5.0)]
    )
    assert (found.minutes_used, found.gb_hours) == (621.0, pytest.approx(4.0))
    assert [use.minutes for use in history.profile_uses("spring", since=NOW)] == [616.0, 5.0]
    assert history.profile_uses("spring", since=NOW)[0].first_at == NOW
