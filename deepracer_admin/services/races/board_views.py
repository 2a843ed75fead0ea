"""What boards and screens show, as plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from deepracer_admin.collector import collector_at_rest
from deepracer_admin.flows.races.board_marks import brought
from deepracer_admin.model import Race, RaceStatus
from deepracer_admin.records.boards import BoardMark
from deepracer_admin.rules.finish import Finality
from deepracer_admin.rules.progress import Line
from deepracer_admin.rules.racers import Racer
from deepracer_admin.rules.rude_names import rude_test
from deepracer_admin.rules.standings import TIE_RULE, BoardRow, board, ranked
from deepracer_admin.services.usage.usage import UsageView
from deepracer_admin.store.history import Snapshot

__all__ = [
    "BoardEntry",
    "BoardLines",
    "BoardMarksView",
    "BoardRead",
    "BoardView",
    "LiveLink",
    "MarkedRacer",
    "RacerNames",
    "Screen",
]


@dataclass(frozen=True, slots=True)
class BoardView:
    """A board as shown: rows, "as of" (event time), the status of its race and what was done to it. `racers`: how many
    are ranked, where `rows` are only the first of them.
    """

    race: Race
    status: RaceStatus
    rows: Sequence[BoardRow]
    racers: int
    as_of: datetime | None
    frozen_at: datetime | None
    tie_rule: str
    event_name: str
    zone: str
    rehearsal: bool
    finality: Finality
    live_rows: Sequence[BoardRow] | None = None  # of a held board, as it stands now: for those who run it
    live_racers: int = 0
    live_as_of: datetime | None = None
    stamp: Hashable = None  # of the rows: the same for the same ones


@dataclass(frozen=True, slots=True)
class BoardLines:
    """Everything of a board that takes long to work out where many race: see BoardView."""

    rows: Sequence[BoardRow]
    racers: int
    live_rows: Sequence[BoardRow] | None = None
    live_racers: int = 0


@dataclass(frozen=True, slots=True)
class BoardEntry:
    """A line of the board for those who run it. `id` is what `hide` and `disqualify` take, and stays the racer's when
    places move; `racer` is the alias as the service gives it, even a hidden one; `shared`: others have it too;
    `since_held`: of somebody who came in after the board was held, with the place they have now; `is_rude`: a word
    of the list is in the alias, so it is masked unless somebody decided otherwise.
    """

    id: str
    row: BoardRow
    racer: str
    shared: bool = False
    since_held: bool = False
    is_rude: bool = False


@dataclass(frozen=True, slots=True)
class BoardRead:
    """What a board is made from, as read at one instant. `shown`, `before`: the standings that it shows, and those that
    places are compared with; `now`: likewise of a held board as it stands now, for those who run it. `words`: masked
    besides those of the list.
    """

    race: Race
    status: RaceStatus
    as_of: datetime | None
    frozen_at: datetime | None
    event_name: str
    zone: str
    rehearsal: bool
    finality: Finality
    marks: Mapping[str, BoardMark]
    words: tuple[str, ...]
    shown: Snapshot
    before: Snapshot
    now: tuple[Snapshot, Snapshot] | None = None
    live_as_of: datetime | None = None

    @property
    def stamp(self) -> Hashable:
        """The same for the same `lines`, whenever and by whom they are asked for."""
        now = self.now and tuple(each.stamp for each in self.now)
        return self.shown.stamp, self.before.stamp, now, tuple(sorted(self.marks.items())), self.words

    def lines(self, most: int | None = None) -> BoardLines:
        """Worked out of nothing but what `stamp` is of; `most`: places wanted, from the first."""
        live = (None, 0) if self.now is None else self._lines(*self.now, most)
        return BoardLines(*self._lines(self.shown, self.before, most), *live)

    def _lines(self, shown: Snapshot, before: Snapshot, most: int | None) -> tuple[tuple[BoardRow, ...], int]:
        marks = brought(self.marks, shown.rows, self.words)
        hidden, out = marks.hidden, marks.disqualified
        with collector_at_rest():
            lines = board(shown.rows, before=before.rows, hidden=hidden, disqualified=out, most=most)
        return tuple(lines), len(lines) if most is None else ranked(shown.rows, out)

    def entries(self) -> tuple[BoardEntry, ...]:
        """A line for each who is ranked, then for those who came in since a held board was held; of `stamp` alone."""
        shown = self._entries(self.shown)
        if self.now is None:
            return shown
        known = {each.id for each in shown}
        since = [each for each in self._entries(self.now[0]) if each.id not in known]
        return (*shown, *(replace(each, since_held=True) for each in since))

    def _entries(self, shown: Snapshot) -> tuple[BoardEntry, ...]:
        marks = brought(self.marks, shown.rows, self.words)
        borne = Counter(row.alias.casefold() for row in shown.rows)
        is_rude = rude_test(self.words)
        return tuple(
            BoardEntry(
                line.racer.id,
                line,
                line.racer.alias,
                borne[line.racer.alias.casefold()] > 1,
                is_rude=is_rude(line.racer.alias),
            )
            for line in board(shown.rows, hidden=marks.hidden, disqualified=marks.disqualified)
        )

    def view(self, lines: BoardLines) -> BoardView:
        """The board as shown; `lines`: its own, now or kept under its stamp."""
        return BoardView(
            race=self.race,
            status=self.status,
            rows=lines.rows,
            racers=lines.racers,
            as_of=self.as_of,
            frozen_at=self.frozen_at,
            tie_rule=TIE_RULE,
            event_name=self.event_name,
            zone=self.zone,
            rehearsal=self.rehearsal,
            finality=self.finality,
            live_rows=lines.live_rows,
            live_racers=lines.live_racers,
            live_as_of=self.live_as_of,
            stamp=self.stamp,
        )


@dataclass(frozen=True, slots=True)
class RacerNames:
    """Names of racers for organizers: by profile id, and where standings carry none by alias (case folded)."""

    profiles: Mapping[str, str]
    aliases: Mapping[str, str]

    def of(self, racer: Racer) -> str:
        """The person's name, their address where they have none; "" = nobody of ours."""
        if racer.profile:
            return self.profiles.get(racer.profile, "")
        return self.aliases.get(racer.alias.casefold(), "")


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
    """What a signed link shows: a board, its first ten over time, a race's countdown, totals, slots, where to register,
    the sponsors or a text; never a person. `address` is the link itself, for its QR; `race`: whose close is counted
    down to."""

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
    lines: Sequence[Line] = ()  # of the first ten over time
    join: str = ""  # where people register; "" = nobody can now
    logo: str = ""  # the stamp of the sponsors' picture


@dataclass(frozen=True, slots=True)
class LiveLink:
    """A signed, expiring, revocable link to a screen. `address` is given once, when it is made. `seen_s`: real seconds
    since a screen last asked this console for it; None: not since it started.
    """

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
    seen_s: float | None = None
    on_phones: bool = False  # can its address be opened elsewhere?
