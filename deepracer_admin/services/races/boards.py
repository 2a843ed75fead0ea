"""Leaderboards and the big screen: boards, signed links, hiding an alias, freezing, disqualifying."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

from deepracer_admin.flows.races.board_marks import marks_of, words_of
from deepracer_admin.model import Actor, Event
from deepracer_admin.records.racing_service import ACCOUNT
from deepracer_admin.records.sponsors import SPONSORS_LOGO
from deepracer_admin.records.waves import WAVES
from deepracer_admin.rules.access import allowed
from deepracer_admin.rules.aliases import racers_by_alias
from deepracer_admin.rules.progress import Line, lines_of
from deepracer_admin.rules.standings import BoardRow
from deepracer_admin.rules.tabular import inert_csv
from deepracer_admin.rules.waves import turn_words
from deepracer_admin.services.base import House
from deepracer_admin.services.races.board_views import (
    BoardEntry,
    BoardMarksView,
    BoardRead,
    BoardView,
    LiveLink,
    MarkedRacer,
    RacerNames,
    Screen,
)
from deepracer_admin.services.races.finish import finality_of
from deepracer_admin.services.races.marks import MarksDesk
from deepracer_admin.services.races.shown_boards import ShownBoards
from deepracer_admin.services.usage.view import read_view
from deepracer_admin.store.history import Snapshot

__all__ = [
    "BoardEntry",
    "BoardMarksView",
    "BoardView",
    "BoardsService",
    "LiveLink",
    "MarkedRacer",
    "Screen",
]

AMONG, POINTS = 50, 40
"""A line of the first ten begins where its racer came among so many; snapshots of a chart."""


class BoardsService(MarksDesk):
    """What the Leaderboard page and the public listener call. `key` signs links; it is the installation's own."""

    def __init__(self, house: House, key: bytes, event_id: str = "") -> None:
        super().__init__(house, key, event_id)
        self._shown_boards = ShownBoards(house.clock.monotonic)
        self._whole_boards = ShownBoards(house.clock.monotonic, places=None)

    def view(self, actor: Actor, race_id: str, *, minutes_back: int = 60) -> BoardView:
        """The board of one race, with rank changes against `minutes_back` of event time ago. Whoever runs the board
        sees both orders while it is held still: the one that is shown, and how it stands now.
        """
        return (read := self.read(actor, race_id, minutes_back=minutes_back)).view(read.lines())

    def read(self, actor: Actor, race_id: str, *, minutes_back: int = 60) -> BoardRead:
        """What `view` is made from: cheap to ask, its `lines` may be kept under its `stamp`."""
        self._authorise(actor, "boards.view")
        return self._read(self._event(), race_id, minutes_back, both=allowed(actor, "boards.run"))

    def shown(self, actor: Actor, race_id: str) -> BoardView:
        """`view` of the first places, made by one for all who look (shown_boards.py). What was done to the board is in
        it at once."""
        self._authorise(actor, "boards.view")
        return self._shown(self._event(), race_id, both=allowed(actor, "boards.run"))

    def _shown(self, event: Event, race_id: str, *, both: bool = False, whole: bool = False) -> BoardView:
        marks = tuple(sorted(marks_of(self.store, event.id, race_id).items()))
        return (self._whole_boards if whole else self._shown_boards).view(
            (event.id, race_id, both, self._frozen_at(event.id, race_id), marks, words_of(self.store, event.id)),
            self.house.history.standings_version(event.id, race_id),
            lambda: self._read(event, race_id, 60, both=both),
        )

    def _read(self, event: Event, race_id: str, minutes_back: int, *, both: bool = False) -> BoardRead:
        history, now = self.house.history, self.clock.event_now()
        race, frozen = self._race(event.id, race_id), self._frozen_at(event.id, race_id)
        earlier, read_at = timedelta(minutes=minutes_back), history.standings_read_at(event.id).get(race_id)

        def back_to(at: datetime) -> Snapshot:
            return history.snapshot(event.id, race_id, at=at)

        is_both = both and frozen is not None
        return BoardRead(
            race=race,
            status=race.status(now),
            as_of=frozen or read_at,
            frozen_at=frozen,
            event_name=event.name,
            zone=event.zone,
            rehearsal=self.house.settings.rehearsal,
            finality=finality_of(self.store, event, race, now),
            marks=marks_of(self.store, event.id, race_id),
            words=words_of(self.store, event.id),
            shown=back_to(frozen) if frozen else history.snapshot(event.id, race_id),
            before=back_to((frozen or now) - earlier),
            now=(history.snapshot(event.id, race_id), back_to(now - earlier)) if is_both else None,
            live_as_of=read_at if is_both else None,
        )

    def people(self, actor: Actor) -> RacerNames:
        """Who the racers are, for organizers only. Reads the whole list: keep it under `people_stamp`."""
        self._authorise(actor, "boards.names")
        event = self._event().id
        people = self.store.attendees(event)
        names = {person.id: person.name or person.email for person in people}
        owners = {profile: one for one, profile in self.store.linked(event).items() if one in names}
        named = racers_by_alias(people, self.store.profiles(event)[0], owners)
        return RacerNames(
            {profile: names[one] for profile, one in owners.items()},
            {alias: names[one] for alias, one in named.items()},
        )

    def people_stamp(self, actor: Actor) -> tuple[str, int]:
        """(event id, revision): with the same, `people` answers the same."""
        self._authorise(actor, "boards.names")
        event = self._event().id
        return event, self.store.revision(event)

    # ------------------------------------------------------------------------------------------ running it

    def read_to_run(self, actor: Actor, race_id: str) -> BoardRead:
        """As `read`, for who runs the board: its `entries` may be kept under its `stamp`."""
        self._authorise(actor, "boards.run", target=race_id)
        return self._read(self._event(), race_id, 60, both=True)

    def entries(self, actor: Actor, race_id: str) -> list[BoardEntry]:
        """The board's lines, each with the id that `hide` and `disqualify` take; while it is held, then those who came
        in since.
        """
        return [*self.read_to_run(actor, race_id).entries()]

    def export(self, actor: Actor, race_id: str) -> bytes:
        """The board as CSV, inert in spreadsheets; aliases only."""
        self._authorise(actor, "boards.export", target=race_id)
        lines = self._read(self._event(), race_id, 60).lines()
        columns = ["Rank", "Alias", "Score (ms)", "Gap (ms)", "Best lap (ms)", "Submissions"]
        if self.house.settings.rehearsal:
            columns.append("REHEARSAL")
        rows = [
            [row.rank, row.alias, row.score_ms, row.gap_ms, row.best_lap_ms, row.submissions]
            + (["rehearsal"] if self.house.settings.rehearsal else [])
            for row in lines.rows
        ]
        self._audit(actor, "boards.export", target=race_id, count=len(rows))
        return inert_csv(rows, columns)

    def screen(self, token: str) -> Screen:
        """What a signed link shows. Raises NotAllowed for a forged, expired or revoked link, Missing for a gone race.

        The link is the permission here: it reaches one board or the totals, without names, and nothing else.
        """
        row = self._followed(token)
        event = self.store.event(row.event)
        board = self._shown(event, row.race) if row.scene in ("board", "progress") else None
        return Screen(
            scene=row.scene,
            event_name=event.name,
            zone=event.zone,
            rehearsal=self.house.settings.rehearsal,
            source=self.store.read(event.id, ACCOUNT).account.service,
            address=self._address(event, token.partition(".")[0]),
            board=board,
            rows=[self._blind(event.id, line.racer.id) for line in board.rows] if board else (),
            totals=read_view(self.house, event) if row.scene in ("usage", "slots") else None,
            turn=turn_words(self.store.read(event.id, WAVES)),
            race=self._race(event.id, row.race) if row.scene == "countdown" else None,
            text=row.text,
            lines=self._lines(event.id, board) if board and row.scene == "progress" else (),
            join=self._join(event) if row.scene == "join" else "",
            logo=self.store.read(event.id, SPONSORS_LOGO).stamp if row.scene == "sponsors" else "",
        )

    def _lines(self, event: str, board: BoardView) -> list[Line]:
        """Over the whole race, up to where a held board stands."""
        leaders = self.house.history.leaders(event, board.race.id, first=AMONG, points=POINTS, until=board.frozen_at)
        return lines_of(board.rows, leaders)

    def everybody(self, token: str) -> Sequence[BoardRow]:
        """All rows of the board that a signed link shows, () where it shows something else. Raises as `screen`."""
        row = self._followed(token)
        return self._shown(self.store.event(row.event), row.race, whole=True).rows if row.scene == "board" else ()

    def _blind(self, event: str, racer: str) -> str:
        """Two racers may bear one name, so a screen tells them apart by this; without the key it says nothing."""
        return hmac.new(self._key, f"{event}/{racer}".encode(), "sha256").hexdigest()[:8]
