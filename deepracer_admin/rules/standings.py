"""Leaderboards: gaps, ties, rank changes, hidden and disqualified aliases, frozen boards. Pure.

Tie rule, printed on every board: equal scores share a rank; the one submitted earlier stands first.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from deepracer_admin.model import Standing
from deepracer_admin.rules.racers import Racer, Racers, racers_among, racers_of

__all__ = ["TIE_RULE", "BoardRow", "board", "lap_time", "ranked", "safe_alias", "standings_digest"]

TIE_RULE = "Equal times share a place; the one submitted first stands first."
_BIDI = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C}
_INVISIBLE = {0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD}


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One line of a board. Times in milliseconds; `change` is places won (+) or lost (-), None for a newcomer."""

    rank: int
    alias: str
    score_ms: int
    gap_ms: int
    interval_ms: int
    best_lap_ms: int | None
    laps: int | None
    submissions: int | None
    change: int | None
    hidden: bool = False
    attendee: str = ""
    racer: Racer = field(default_factory=Racer)


def board(
    rows: Sequence[Standing],
    *,
    before: Sequence[Standing] = (),
    hidden: Collection[str] = (),
    disqualified: Collection[str] = (),
    owner: Callable[[Standing], str] = lambda row: "",
    most: int | None = None,
) -> list[BoardRow]:
    """Standings as a board shows them: the disqualified left out, hidden aliases masked, places counted anew.

    `hidden` and `disqualified` are ids of racers (rules/racers.py); `owner` gives the attendee id of a row, or "".
    `most`: places wanted, from the first; None: all.
    """
    ordered = _first(_without(rows, disqualified), most)
    racers = racers_among(rows, ordered)
    place_of = _former(before, disqualified, racers)
    result: list[BoardRow] = []
    leader = ordered[0].score_ms if ordered else 0
    rank, ahead = 1, leader
    for place, (row, racer) in enumerate(zip(ordered, racers, strict=True), start=1):
        if row.score_ms != ahead:
            rank = place
        masked = racer.id in hidden if hidden else False
        former = place_of(racer)
        result.append(
            BoardRow(
                rank,
                f"Racer {rank}" if masked else safe_alias(row.alias),
                row.score_ms,
                row.score_ms - leader,
                row.score_ms - ahead,
                row.best_lap_ms,
                row.laps,
                row.submissions,
                None if former is None else former - rank,
                masked,
                owner(row),
                racer,
            )
        )
        ahead = row.score_ms
    return result


def ranked(rows: Sequence[Standing], disqualified: Collection[str]) -> int:
    """How many lines `board` has."""
    return sum(1 for racer in racers_of(rows) if racer.id not in disqualified) if disqualified else len(rows)


def _without(rows: Sequence[Standing], disqualified: Collection[str]) -> Sequence[Standing]:
    """Who shares a name is told from others by all rows, also those left out."""
    if not disqualified:
        return rows
    return [row for row, racer in zip(rows, racers_of(rows), strict=True) if racer.id not in disqualified]


def _first(rows: Sequence[Standing], most: int | None) -> list[Standing]:
    """So many, best first. Only those are put in order that can be among them."""
    if most is not None and 0 < most < len(rows):
        last = sorted([row.score_ms for row in rows])[most - 1]
        rows = [row for row in rows if row.score_ms <= last]
    return sorted(rows, key=_order)[:most]


def _former(
    before: Sequence[Standing], disqualified: Collection[str], wanted: Sequence[Racer]
) -> Callable[[Racer], int | None]:
    """The place that one of `wanted` had; None where that cannot be told. Others are looked at for their time alone."""
    kept = _without(before, disqualified)
    scores = sorted([row.score_ms for row in kept])
    aliases = {racer.alias.casefold() for racer in wanted}
    profiles = {racer.profile for racer in wanted if racer.profile}
    near = [row for row in kept if row.profile_id in profiles or row.alias.casefold() in aliases]
    known = Racers(racers_among(before, near))

    def place(racer: Racer) -> int | None:
        found = known.find(racer)
        return 1 + bisect_left(scores, near[found[0]].score_ms) if len(found) == 1 else None

    return place


def _order(row: Standing) -> tuple[int, float, str]:
    return row.score_ms, row.submitted_at.timestamp() if row.submitted_at else float("inf"), row.alias


def safe_alias(alias: str, *, limit: int = 32) -> str:
    """A racer name fit for a projector: no direction marks, invisible or stacked signs, at most `limit` characters."""
    if len(alias) <= limit and alias.isascii() and alias.isprintable():  # nearly all: nothing of the sort in them
        return " ".join(alias.split()) or "(no name)"
    kept: list[str] = []
    marks = 0
    for sign in unicodedata.normalize("NFC", alias):
        code = ord(sign)
        if code in _BIDI or code in _INVISIBLE or unicodedata.category(sign) in ("Cc", "Cs", "Co"):
            continue
        marks = marks + 1 if unicodedata.combining(sign) else 0
        if marks <= 1:
            kept.append(sign)
    text = " ".join("".join(kept).split())
    if not text:
        return "(no name)"
    return text if len(text) <= limit else text[: limit - 1] + "…"


def lap_time(milliseconds: int | None) -> str:
    """ "1:13.197" or "8.123"; "–" for none."""
    if milliseconds is None:
        return "–"
    minutes, rest = divmod(abs(milliseconds), 60_000)
    sign = "-" if milliseconds < 0 else ""
    return f"{sign}{minutes}:{rest / 1000:06.3f}" if minutes else f"{sign}{rest / 1000:.3f}"


def standings_digest(rows: Sequence[Standing]) -> str:
    """SHA-256 over the final standings (rank, alias, score), for the certificate."""
    plain = [[row.rank, row.alias, row.score_ms] for row in rows]
    return hashlib.sha256(json.dumps(plain, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()
