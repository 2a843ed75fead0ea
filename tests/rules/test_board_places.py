"""A board works out only what is asked for: the same lines as one that looks at every row in turn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.model import Standing
from deepracer_admin.rules.racers import Racer, Racers, racers_among, racers_of
from deepracer_admin.rules.standings import BoardRow, board, ranked, safe_alias

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def row(alias: str, score: int, at: int | None, profile: str) -> Standing:
    return Standing(
        0, alias, score, submitted_at=None if at is None else NOW + timedelta(seconds=at), profile_id=profile
    )


boards = st.lists(
    st.builds(
        row,
        st.sampled_from(["Ann", "ann", "Bo", "Cy", "Dee", "Eve"]),  # few names, so that many share one
        st.integers(1, 9),
        st.none() | st.integers(0, 5),
        st.sampled_from(["", "", "p1", "p2", "p3"]),
    ),
    max_size=14,
)


def racer_by_racer(rows: Sequence[Standing]) -> list[Racer]:
    sharing: defaultdict[str, list[Standing]] = defaultdict(list)
    for each in rows:
        if not each.profile_id:
            sharing[each.alias.casefold()].append(each)
    found: list[Racer] = []
    for each in rows:
        same = sharing[each.alias.casefold()]
        if each.profile_id:
            found.append(Racer(each.profile_id, each.alias))
        elif len(same) == 1:
            found.append(Racer(alias=each.alias))
        else:
            others = [other.submitted_at for other in same if other is not each and other.submitted_at]
            found.append(Racer("", each.alias, each.submitted_at, tuple(sorted(others))))
    return found


def line_by_line(
    rows: Sequence[Standing], before: Sequence[Standing], hidden: Collection[str], out: Collection[str]
) -> list[BoardRow]:
    """Every row ranked, every former row known by its racer."""

    def placed(each: Sequence[Standing]) -> list[tuple[int, Standing, Racer]]:
        kept = [pair for pair in zip(each, racer_by_racer(each), strict=True) if pair[1].id not in out]

        def order(pair: tuple[Standing, Racer]) -> tuple[int, float, str]:
            at = pair[0].submitted_at
            return pair[0].score_ms, at.timestamp() if at else float("inf"), pair[0].alias

        kept.sort(key=order)
        return [(1 + sum(1 for other, _ in kept if other.score_ms < one.score_ms), one, racer) for one, racer in kept]

    now, former = placed(rows), placed(before)
    known = Racers([racer for _, _, racer in former])
    lines: list[BoardRow] = []
    for place, (rank, each, racer) in enumerate(now):
        found = known.find(racer)
        masked = racer.id in hidden
        lines.append(
            BoardRow(
                rank=rank,
                alias=f"Racer {rank}" if masked else safe_alias(each.alias),
                score_ms=each.score_ms,
                gap_ms=each.score_ms - now[0][1].score_ms,
                interval_ms=each.score_ms - now[max(0, place - 1)][1].score_ms,
                best_lap_ms=None,
                laps=None,
                submissions=None,
                change=former[found[0]][0] - rank if len(found) == 1 else None,
                hidden=masked,
                attendee="",
                racer=racer,
            )
        )
    return lines


@given(rows=boards, before=boards, same=st.booleans(), most=st.none() | st.integers(0, 16), data=st.data())
def test_a_board_is_the_same_whatever_is_left_unlooked_at(
    rows: list[Standing], before: list[Standing], same: bool, most: int | None, data: st.DataObject
) -> None:
    former = [*rows[::2], *before[:3]] if same else before  # a real hour ago has most of the same people
    ids = sorted({racer.id for racer in (*racer_by_racer(rows), *racer_by_racer(former))})
    some = st.sets(st.sampled_from(ids), max_size=3) if ids else st.just(set[str]())
    hidden, out = data.draw(some), data.draw(some)
    wanted = line_by_line(rows, former, hidden, out)
    assert board(rows, before=former, hidden=hidden, disqualified=out, most=most) == wanted[:most]
    assert ranked(rows, out) == len(wanted)


@given(rows=boards)
def test_who_a_few_are_is_told_by_all(rows: list[Standing]) -> None:
    assert racers_of(rows) == racer_by_racer(rows)
    assert racers_among(rows, rows[1::2]) == racer_by_racer(rows)[1::2]
