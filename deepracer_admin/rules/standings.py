"""Leaderboards: gaps, ties, rank changes, hidden and disqualified aliases, frozen boards. Pure.

Tie rule, printed on every board: equal scores share a rank; the one submitted earlier stands first.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from deepracer_admin.model import Standing
from deepracer_admin.rules.racers import Racer, Racers, racer_among, racers_of

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
    ranked, racer_of = _ranked(rows, disqualified), racer_among(rows)
    former = _ranked(before, disqualified)
    racers = Racers([*map(racer_among(before), (row for _, row in former))])
    result: list[BoardRow] = []
    leader = ranked[0][1].score_ms if ranked else 0
    ahead = leader
    for rank, row in ranked[:most]:
        racer = racer_of(row)
        masked = racer.id in hidden
        places = racers.find(racer)
        result.append(
            BoardRow(
                rank=rank,
                alias=f"Racer {rank}" if masked else safe_alias(row.alias),
                score_ms=row.score_ms,
                gap_ms=row.score_ms - leader,
                interval_ms=row.score_ms - ahead,
                best_lap_ms=row.best_lap_ms,
                laps=row.laps,
                submissions=row.submissions,
                change=former[places[0]][0] - rank if len(places) == 1 else None,
                hidden=masked,
                attendee=owner(row),
                racer=racer,
            )
        )
        ahead = row.score_ms
    return result


def ranked(rows: Sequence[Standing], disqualified: Collection[str]) -> int:
    """How many lines `board` has."""
    return sum(1 for racer in racers_of(rows) if racer.id not in disqualified) if disqualified else len(rows)


def _ranked(rows: Sequence[Standing], disqualified: Collection[str]) -> list[tuple[int, Standing]]:
    """Place and row, best first. Who shares a name is told from others by all rows, also those left out."""
    kept = rows
    if disqualified:
        racer_of = racer_among(rows)
        kept = [row for row in rows if racer_of(row).id not in disqualified]
    ranked: list[tuple[int, Standing]] = []
    for place, row in enumerate(sorted(kept, key=_order), start=1):
        same = ranked and ranked[-1][1].score_ms == row.score_ms
        ranked.append((ranked[-1][0] if same else place, row))
    return ranked


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
