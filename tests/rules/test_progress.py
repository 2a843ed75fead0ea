"""Lines of the first ten: who they are, where they begin, and that a mask is kept."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.model import Standing
from deepracer_admin.rules.progress import FIRST, lines_of
from deepracer_admin.rules.racers import racers_of
from deepracer_admin.rules.standings import board

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_a_line_begins_where_its_racer_came_among_the_first_and_has_a_point_for_each_new_time() -> None:
    boards = [
        (NOW, [Standing(1, "ann", 9_000, profile_id="p1")]),
        (NOW + timedelta(minutes=1), [Standing(1, "ann", 9_000, profile_id="p1"), Standing(2, "Bob", 9_500)]),
        (NOW + timedelta(minutes=2), [Standing(1, "bob", 8_000), Standing(2, "Anna", 8_900, profile_id="p1")]),
    ]
    first, second = lines_of(board(boards[-1][1]), boards)
    assert (first.rank, first.alias) == (1, "bob")
    assert first.points == ((NOW + timedelta(minutes=1), 9_500), (NOW + timedelta(minutes=2), 8_000))
    assert (second.alias, second.points) == ("Anna", ((NOW, 9_000), (NOW + timedelta(minutes=2), 8_900)))


def test_who_is_hidden_stays_so() -> None:
    rows = [Standing(1, "ann", 9_000), Standing(2, "bob", 9_500)]
    lines = lines_of(board(rows, hidden={racers_of(rows)[0].id}), [(NOW, rows)])
    assert [line.alias for line in lines] == ["Racer 1", "bob"]
    assert [len(line.points) for line in lines] == [1, 1]


@given(
    boards=st.lists(
        st.dictionaries(st.sampled_from([f"r{n}" for n in range(15)]), st.integers(5_000, 99_000)), max_size=6
    )
)
def test_every_line_ends_with_what_the_board_says(boards: list[dict[str, int]]) -> None:
    told = [
        (NOW + timedelta(minutes=place), [Standing(0, name, score) for name, score in scores.items()])
        for place, scores in enumerate(boards)
    ]
    rows = board(told[-1][1] if told else [])
    lines = lines_of(rows, told)
    assert [line.alias for line in lines] == [row.alias for row in rows[:FIRST]]
    for line, row in zip(lines, rows, strict=False):
        assert line.points[-1][1] == row.score_ms
        assert [at for at, _ in line.points] == sorted({at for at, _ in line.points})
        assert all(before[1] != after[1] for before, after in zip(line.points, line.points[1:], strict=False))
