"""What boards and screens show, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.model import Race, RaceStatus
from deepracer_admin.rules.finish import Finality
from deepracer_admin.rules.standings import BoardRow
from deepracer_admin.services.usage.usage import UsageView

__all__ = ["BoardEntry", "BoardMarksView", "BoardView", "LiveLink", "MarkedRacer", "Screen"]


@dataclass(frozen=True, slots=True)
class BoardView:
    """A board as shown: rows, "as of" (event time), the race's status and what was done to the board."""

    race: Race
    status: RaceStatus
    rows: Sequence[BoardRow]
    as_of: datetime | None
    frozen_at: datetime | None
    tie_rule: str
    digest: str
    event_name: str
    zone: str
    rehearsal: bool
    finality: Finality
    live_rows: Sequence[BoardRow] | None = None  # of a held board, as it stands now: for those who run it
    live_as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class BoardEntry:
    """A line of the board for those who run it. `id` is what `hide` and `disqualify` take, and stays the racer's when
    places move; `racer` is the alias as the service gives it, even a hidden one; `shared`: others have it too;
    `since_held`: of somebody who came in after the board was held, with the place they have now.
    """

    id: str
    row: BoardRow
    racer: str
    shared: bool = False
    since_held: bool = False


@dataclass(frozen=True, slots=True)
class MarkedRacer:
    """Somebody who is hidden or out; `id` takes the mark back. `alias` as it was; `reason` of a disqualification."""

    id: str
    alias: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BoardMarksView:
    """What was done to a board. `unclear`: sentences about racers who cannot be told apart any more."""

    frozen_at: datetime | None
    hidden: Sequence[MarkedRacer]
    disqualified: Sequence[MarkedRacer]
    unclear: Sequence[str]


@dataclass(frozen=True, slots=True)
class Screen:
    """What a signed link shows: a board, a race's countdown, the totals or a text, never a person. `address` is the
    link itself, for its QR; `race`: whose close is counted down to."""

    scene: str
    event_name: str
    zone: str
    rehearsal: bool
    source: str  # the connected racing service
    address: str
    board: BoardView | None = None
    rows: Sequence[str] = ()  # of the board, in its order: a name for each racer that says nothing and stays theirs
    totals: UsageView | None = None
    turn: str = ""  # whose turn it is to train, while hours are given out in rounds
    race: Race | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class LiveLink:
    """A signed, expiring, revocable link to a screen. `address` is given once, when it is made."""

    id: str
    race: str
    scene: str
    made_by: str
    made_at: datetime
    expires_at: datetime
    revoked: bool
    address: str = ""
    name: str = ""
    text: str = ""
