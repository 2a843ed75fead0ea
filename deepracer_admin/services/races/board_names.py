"""Names of a board that whoever runs it should look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from deepracer_admin.rules.rude_names import look_alikes
from deepracer_admin.services.races.board_views import BoardEntry

__all__ = ["NameToLookAt", "names_to_look_at"]


@dataclass(frozen=True, slots=True)
class NameToLookAt:
    """A racer whose alias has a rude word in it, or may be taken for that of one of the first ten: of `like`."""

    entry: BoardEntry
    like: BoardEntry | None = None


def names_to_look_at(entries: Iterable[BoardEntry]) -> tuple[NameToLookAt, ...]:
    """Of a board in its order: first whom the list of words masks, or would, then those who look like a leader. Whom
    somebody hid or decided to show stays among them, so that it can be taken back here.
    """
    board = [*entries]
    like = look_alikes([each.racer for each in board])
    rude = [NameToLookAt(each) for each in board if each.is_rude]
    return (*rude, *(NameToLookAt(board[at], board[to]) for at, to in like.items() if not board[at].is_rude))
