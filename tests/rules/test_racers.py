"""Who a row of a leaderboard is: by profile where it is known, and never guessed where two may be meant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.model import Profile, Standing
from deepracer_admin.rules.racers import Racers, identified, racers_of
from deepracer_admin.rules.standings import board

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def row(alias: str, score: int = 9_000, at: int | None = 0, profile: str = "") -> Standing:
    return Standing(
        0, alias, score, submitted_at=None if at is None else NOW + timedelta(seconds=at), profile_id=profile
    )


def ids(rows: list[Standing]) -> list[str]:
    return [racer.id for racer in racers_of(rows)]


def test_a_row_gets_the_profile_that_alone_bears_its_name() -> None:
    profiles = [Profile("p1", "Speedy"), Profile("p2", "Twin"), Profile("p3", "twin")]
    rows = identified([row("SPEEDY"), row("Twin"), row("Stranger")], profiles)
    assert [each.profile_id for each in rows] == ["p1", "", ""]


def test_two_rows_of_one_name_are_nobodys_even_when_one_profile_bears_it() -> None:
    rows = identified([row("Speedy", at=1), row("Speedy", at=2)], [Profile("p1", "Speedy")])
    assert [each.profile_id for each in rows] == ["", ""]
    assert len({*ids(rows)}) == 2


def test_a_racer_who_takes_another_name_is_still_known_by_the_same_result() -> None:
    before = identified([row("Speedy")], [Profile("p1", "Speedy")])
    later = identified([row("Speedy")], [Profile("p1", "Renamed")], before)
    assert [each.profile_id for each in later] == ["p1"]
    better = identified([row("Renamed", 8_000, 60)], [Profile("p1", "Renamed")], later)
    assert [line.change for line in board(better, before=later)] == [0]


def test_a_name_given_up_and_taken_by_another_does_not_carry_its_results_over() -> None:
    before = identified([row("Speedy")], [Profile("p1", "Speedy")])
    now = identified([row("Speedy"), row("Speedy", 8_000, 60)], [Profile("p1", "X"), Profile("p2", "Speedy")], before)
    assert [each.profile_id for each in now] == ["p1", ""]


@given(
    rows=st.lists(
        st.builds(row, st.sampled_from("abc"), st.integers(1, 3), st.integers(0, 3), st.sampled_from(["", "p1", "p2"]))
    ),
    names=st.lists(st.sampled_from("abcABC"), max_size=5),
)
def test_no_profile_is_given_to_a_row_while_another_has_it(rows: list[Standing], names: list[str]) -> None:
    found = identified(rows, [Profile(f"p{number}", name) for number, name in enumerate(names)])
    given_now = [each.profile_id for each, was in zip(found, rows, strict=True) if each.profile_id != was.profile_id]
    assert len(given_now) == len({*given_now})
    assert not {*given_now} & {each.profile_id for each in rows}


def test_who_shares_a_name_is_known_by_when_they_submitted_and_after_a_new_result_by_the_others() -> None:
    first, second = racers_of([row("Twin", at=1), row("Twin", at=2)])
    same = Racers(racers_of([row("Twin", at=2), row("Twin", at=1)]))
    assert (same.find(first), same.find(second)) == ([1], [0])
    better = Racers(racers_of([row("Twin", 8_000, at=9), row("Twin", at=2)]))
    assert (better.find(first), better.find(second)) == ([0], [1])
    both = Racers(racers_of([row("Twin", 8_000, at=9), row("Twin", 8_000, at=10)]))
    assert both.find(first) == [0, 1], "nobody can tell any more"


def test_who_was_named_by_profile_is_found_by_name_only_where_no_other_profile_has_the_row() -> None:
    (named,) = racers_of([row("Speedy", profile="p1")])
    assert Racers(racers_of([row("Speedy")])).find(named) == [0]
    assert Racers(racers_of([row("Speedy", profile="p2")])).find(named) == []
    assert Racers(racers_of([row("Other", profile="p1"), row("Speedy", profile="p2")])).find(named) == [0]


def test_changes_of_place_follow_the_profile_not_the_name() -> None:
    before = [row("a", 1, profile="p1"), row("b", 2, profile="p2")]
    swapped = [row("b", 1, profile="p1"), row("a", 2, profile="p2")]
    assert [(line.alias, line.change) for line in board(swapped, before=before)] == [("b", 0), ("a", 0)]


def test_hiding_one_of_two_racers_of_a_name_hides_only_that_one() -> None:
    rows = [row("Twin", 8_000, at=1), row("Twin", 9_000, at=2)]
    hidden = racers_of(rows)[0].id
    assert [line.hidden for line in board(rows, hidden={hidden})] == [True, False]
