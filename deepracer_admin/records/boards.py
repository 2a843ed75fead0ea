"""What organizers did to boards: who is masked or out, and which boards stand still."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.rules.racers import Racer
from deepracer_admin.store.documents import Document, Table

__all__ = ["BOARD_MARKS", "FROZEN_BOARDS", "MASKED_WORDS", "BoardMark", "FrozenBoard", "MaskedWords", "mark_key"]


@dataclass(frozen=True, slots=True)
class BoardMark:
    """What was done to one racer of one race. `racer` as they were known at that moment.

    `disqualified`: the reason, "" = not disqualified. `shown`: the alias that is shown although a word of the list is
    in it; "" = none. Another alias that the racer takes later is not meant by it.
    """

    race: str
    racer: Racer
    hidden: bool = False
    disqualified: str = ""
    shown: str = ""


BOARD_MARKS = Table("board_marks", BoardMark, "racer", personal=True)
"""By race and racer (`mark_key`), so that the marks of two racers never meet. Written by who runs the board; read by
every board."""


def mark_key(race: str, racer: Racer) -> str:
    """The row of this racer in this race."""
    return f"{race}/{racer.id}"


@dataclass(frozen=True, slots=True)
class MaskedWords:
    """Words that the boards of an event mask besides those of rules/rude_names.txt, as `cleaned_word` gives them."""

    words: tuple[str, ...] = ()


MASKED_WORDS = Document("masked_words", MaskedWords, MaskedWords(), personal=True)
"""Written by who runs the boards; read by every board. Whoever typed a word may have typed a name."""


@dataclass(frozen=True, slots=True)
class FrozenBoard:
    """`at`: event time up to which results show."""

    at: datetime


FROZEN_BOARDS = Table("frozen_boards", FrozenBoard, "race", personal=False)
"""Boards that are held still; a race without a row moves. Written by who runs the board and by the close-out."""
