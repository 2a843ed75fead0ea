"""Rows of a board as a history file keeps them: read by column as the general codec reads them one by one."""

from __future__ import annotations

import json
import zlib
from dataclasses import fields, make_dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepracer_admin.clock import iso
from deepracer_admin.model import Standing
from deepracer_admin.store.codec import decode, encode
from deepracer_admin.store.sqlite_history import SqliteHistory
from deepracer_admin.store.standings_rows import rows_of, told

NOW = datetime(2026, 12, 1, tzinfo=UTC)
_HINTS = get_type_hints(Standing)
Line: Any = make_dataclass(  # a row as versions 1 and 2 of the schema knew it
    "Line",
    [
        (name, _HINTS[name], Standing._field_defaults[name])
        if name in Standing._field_defaults
        else (name, _HINTS[name])
        for name in Standing._fields
    ],
    frozen=True,
)
instants = st.integers(0, 4 * 10**15).map(lambda us: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us))
numbers = st.none() | st.integers(0, 10**9)
rows = st.lists(
    st.builds(
        Standing,
        st.integers(0, 10_000),
        st.text(st.characters(codec="utf-8"), max_size=20),
        st.integers(0, 10**9),
        numbers, numbers, numbers, numbers, numbers, numbers, numbers,
        st.none() | instants,
        st.just("") | st.text("abc", max_size=3),
    ),
    max_size=12,
)  # fmt: skip


def by_the_codec(board: list[Standing]) -> list[Standing]:
    """Written and read one by one, as it was before columns."""
    read = decode(tuple[Line, ...], encode([Line(*row) for row in board]))
    return [Standing(*(getattr(line, field.name) for field in fields(Line))) for line in read]


@given(board=rows)
def test_what_is_read_is_what_the_codec_reads_from_columns_and_from_rows_of_old(board: list[Standing]) -> None:
    wanted = by_the_codec(board)
    assert [*rows_of(told(board))] == wanted
    assert [*rows_of(encode([Line(*row) for row in board]))] == wanted
    assert all(row.submitted_at is None or row.submitted_at.tzinfo is UTC for row in rows_of(told(board)))


@given(board=rows)
def test_equal_rows_are_told_alike_and_others_are_not(board: list[Standing]) -> None:
    assert told(rows_of(told(board))) == told(board)
    assert told([*board, Standing(1, "one more", 1)]) != told(board)


@given(at=instants, hours=st.integers(-12, 12))
def test_an_instant_is_kept_as_everywhere(at: datetime, hours: int) -> None:
    elsewhere = at.astimezone(timezone(timedelta(hours=hours)))
    kept = json.loads(told([Standing(1, "a", 1, submitted_at=elsewhere)]))["submitted_at"]
    assert kept == [iso(at)]


def test_reading_is_lenient_as_the_codec_is() -> None:
    assert rows_of('{"rows":2,"rank":[1,2],"alias":["a","b"],"score_ms":[5,6],"colour":["red","blue"]}') == (
        Standing(1, "a", 5),
        Standing(2, "b", 6),
    )
    assert rows_of('[{"rank":1,"alias":"a","score_ms":5,"colour":"red"}]') == (Standing(1, "a", 5),)
    offset = '{"rows":1,"rank":[1],"alias":["a"],"score_ms":[5],"submitted_at":["2026-12-01T01:00:00+01:00"]}'
    assert rows_of(offset)[0].submitted_at == NOW
    with pytest.raises(KeyError):
        rows_of('{"rows":1,"rank":[1],"alias":["a"]}')


@settings(max_examples=5)
@given(board=rows)
def test_a_board_that_an_older_version_kept_is_read_and_not_kept_anew_while_it_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, board: list[Standing]
) -> None:
    history = SqliteHistory(_file(tmp_path_factory))
    of_old = zlib.compress(encode([Line(*row) for row in board]).encode())
    with history._transaction() as connection:
        connection.execute("INSERT INTO standings VALUES ('spring', 'r1', ?, ?)", (iso(NOW), of_old))
    assert [*history.snapshot("spring", "r1").rows] == by_the_codec(board)
    assert history.save_standings("spring", "r1", NOW + timedelta(seconds=30), board) is False
    assert history.save_standings("spring", "r1", NOW + timedelta(seconds=60), [*board, Standing(1, "new", 1)]) is True
    history.close()


def _file(folders: pytest.TempPathFactory) -> Path:
    return folders.mktemp("history") / "history.sqlite"
