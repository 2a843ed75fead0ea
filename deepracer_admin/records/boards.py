"""What organizers did to boards: who is masked or out, and which boards stand still."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.store.documents import Table

__all__ = ["BOARD_MARKS", "FROZEN_BOARDS", "BoardMark", "FrozenBoard", "mark_key"]


@dataclass(frozen=True, slots=True)
class BoardMark:
    """One racer of one race, named by the profile where it was known when the mark was made.

    `alias` as it stood then. `submitted_at`: only of a racer who shared the name with others and had no profile known;
    `others`: when those others had submitted. `disqualified`: the reason, "" = not disqualified.
    """

    race: str
    profile: str = ""
    alias: str = ""
    submitted_at: datetime | None = None
    others: tuple[datetime, ...] = ()
    hidden: bool = False
    disqualified: str = ""


BOARD_MARKS = Table("board_marks", BoardMark, "racer", personal=True)
"""By race and racer (`mark_key`). Written by who runs the board; read by every board and by the exports."""


def mark_key(race: str, racer: str) -> str:
    """The row of this racer in this race; `racer` as rules/racers.py names them."""
    return f"{race}/{racer}"


@dataclass(frozen=True, slots=True)
class FrozenBoard:
    """`at`: event time up to which results show."""

    at: datetime


FROZEN_BOARDS = Table("frozen_boards", FrozenBoard, "race", personal=False)
"""Boards that are held still; a race without a row moves. Written by who runs the board and by the close-out."""
