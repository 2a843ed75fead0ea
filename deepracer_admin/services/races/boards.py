"""Leaderboards and the big screen: boards, signed links, hiding an alias, freezing, disqualifying."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from deepracer_admin.errors import BadInput, Missing, NotAllowed
from deepracer_admin.model import Actor, Event, Race, RaceStatus, Standing
from deepracer_admin.rules.aliases import racers_by_alias
from deepracer_admin.rules.standings import TIE_RULE, BoardRow, board, standings_digest
from deepracer_admin.rules.tabular import inert_csv
from deepracer_admin.services.base import House, Service
from deepracer_admin.services.usage.usage import UsageView, read_totals

__all__ = ["BoardEntry", "BoardView", "BoardsService", "LiveLink", "Screen"]

SCENES = ("board", "usage")


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


@dataclass(frozen=True, slots=True)
class BoardEntry:
    """A line of the board for those who run it; `racer` is the alias as the service gives it, even a hidden one."""

    row: BoardRow
    racer: str


@dataclass(frozen=True, slots=True)
class Screen:
    """What a signed link shows: a board or the totals, never a person. `address` is the link itself, for its QR."""

    scene: str
    event_name: str
    zone: str
    rehearsal: bool
    source: str  # the connected racing service
    address: str
    board: BoardView | None = None
    totals: UsageView | None = None


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


class BoardsService(Service):
    """What the Leaderboard page and the public listener call. `key` signs links; it is the installation's own."""

    def __init__(self, house: House, key: bytes, event_id: str = "") -> None:
        super().__init__(house, event_id)
        self._key = hmac.digest(key, b"live-links", "sha256")

    def view(self, actor: Actor, race_id: str, *, minutes_back: int = 60) -> BoardView:
        """The board of one race, with rank changes against `minutes_back` of event time ago."""
        self._authorise(actor, "boards.view")
        return self._view(self._event().id, race_id, minutes_back)

    def people(self, actor: Actor) -> Mapping[str, str]:
        """Attendee id -> name, for organizers only."""
        self._authorise(actor, "boards.names")
        return {person.id: person.name or person.email for person in self.store.attendees(self._event().id)}

    def _view(self, event_id: str, race_id: str, minutes_back: int) -> BoardView:
        race = self._race(event_id, race_id)
        event = self.store.event(event_id)
        marks = self._marks(event_id, race_id)
        now = self.clock.event_now()
        frozen = _time(marks.get("frozen_at"))
        rows, as_of = self._standings(event_id, race_id, frozen)
        earlier = (frozen or now) - timedelta(minutes=minutes_back)
        before = self.house.history.standings_before(event_id, race_id, earlier)
        owners = {link.profile: link.attendee for link in self.store.links(event_id).values()}
        people = racers_by_alias(self.store.attendees(event_id), self.store.profiles(event_id)[0], owners)
        return BoardView(
            race=race,
            status=race.status(now),
            rows=board(
                rows,
                before=before,
                hidden=set(marks.get("hidden", ())),
                disqualified=set(marks.get("disqualified", {})),
                people=people,
            ),
            as_of=as_of,
            frozen_at=frozen,
            tie_rule=TIE_RULE,
            digest=standings_digest(rows),
            event_name=event.name,
            zone=event.zone,
            rehearsal=self.house.settings.rehearsal,
        )

    def _race(self, event_id: str, race_id: str) -> Race:
        for race in self.store.races(event_id)[0]:
            if race.id == race_id:
                return race
        raise Missing("That race is not in the list any more.")

    # ------------------------------------------------------------------------------------------ running it

    def entries(self, actor: Actor, race_id: str) -> list[BoardEntry]:
        """The board's lines with the alias that `hide` and `disqualify` take."""
        self._authorise(actor, "boards.run", target=race_id)
        event = self._event()
        self._race(event.id, race_id)
        marks = self._marks(event.id, race_id)
        rows, _ = self._standings(event.id, race_id, _time(marks.get("frozen_at")))
        lines = board(
            rows,
            hidden=set(marks.get("hidden", ())),
            disqualified=set(marks.get("disqualified", {})),
            people={row.alias.casefold(): row.alias for row in rows},  # each line says its racer, even a hidden one
        )
        return [BoardEntry(replace(line, attendee=""), line.attendee) for line in lines]

    def _standings(
        self, event_id: str, race_id: str, frozen: datetime | None
    ) -> tuple[Sequence[Standing], datetime | None]:
        if frozen:
            return self.house.history.standings_before(event_id, race_id, frozen), frozen
        return self.house.history.standings(event_id, race_id)

    def marks(self, actor: Actor, race_id: str) -> Mapping[str, Any]:
        """`hidden` aliases, `disqualified` alias -> reason, `frozen_at`."""
        self._authorise(actor, "boards.run")
        return self._marks(self._event().id, race_id)

    def hide(self, actor: Actor, race_id: str, alias: str, *, hidden: bool) -> None:
        """Mask an alias on every screen at once; the original stays in the audit."""

        def change(marks: dict[str, Any]) -> None:
            kept = set(marks.get("hidden", ()))
            marks["hidden"] = sorted(kept | {alias} if hidden else kept - {alias})

        self._change(actor, race_id, change, {"alias": alias, "hidden": hidden})

    def disqualify(self, actor: Actor, race_id: str, alias: str, *, reason: str | None) -> None:
        """Take an alias out of the board with a reason; `reason=None` puts it back."""
        if reason is not None and len(reason.strip()) < 3:
            raise BadInput("Write the reason for the disqualification; it is kept in the audit.")

        def change(marks: dict[str, Any]) -> None:
            listed = dict(marks.get("disqualified", {}))
            if reason is None:
                listed.pop(alias, None)
            else:
                listed[alias] = reason.strip()
            marks["disqualified"] = listed

        self._change(actor, race_id, change, {"alias": alias, "disqualified": reason})

    def freeze(self, actor: Actor, race_id: str, *, frozen: bool) -> None:
        """Hold the board still (for the ceremony); standings go on being collected."""

        def change(marks: dict[str, Any]) -> None:
            marks["frozen_at"] = self.clock.event_now().isoformat() if frozen else None

        self._change(actor, race_id, change, {"frozen": frozen})

    def _change(self, actor: Actor, race_id: str, change: Any, after: Mapping[str, Any]) -> None:
        self._authorise(actor, "boards.run", target=race_id)
        event = self._event()

        def amended(every: dict[str, Any] | None) -> dict[str, Any]:
            marks = dict((every or {}).get(race_id, {}))
            change(marks)
            return {**(every or {}), race_id: marks}

        self.store.amend(event.id, "board_marks", amended)
        self._audit(actor, "boards.run", target=race_id, after=after)

    def _marks(self, event: str, race_id: str) -> dict[str, Any]:
        return dict((self.store.get(event, "board_marks") or {}).get(race_id, {}))

    def export(self, actor: Actor, race_id: str) -> bytes:
        """The board as CSV, inert in spreadsheets; aliases only."""
        self._authorise(actor, "boards.export", target=race_id)
        view = self._view(self._event().id, race_id, 60)
        columns = ["Rank", "Alias", "Score (ms)", "Gap (ms)", "Best lap (ms)", "Submissions"]
        if self.house.settings.rehearsal:
            columns.append("REHEARSAL")
        rows = [
            [row.rank, row.alias, row.score_ms, row.gap_ms, row.best_lap_ms, row.submissions]
            + (["rehearsal"] if self.house.settings.rehearsal else [])
            for row in view.rows
        ]
        self._audit(actor, "boards.export", target=race_id, count=len(rows))
        return inert_csv(rows, columns)

    # ------------------------------------------------------------------------------------------------ links

    def make_link(self, actor: Actor, race_id: str, *, scene: str = "board", hours: float = 12) -> LiveLink:
        """A link for a projector or phone: read-only, without sign-in, expiring (real time), revocable."""
        self._authorise(actor, "boards.run", target=race_id)
        event = self._event()
        if scene not in SCENES:
            raise BadInput("Scene: board or usage.")
        if not 0 < hours <= 24 * 60:
            raise BadInput("Valid for: more than 0 hours and at most 60 days.")
        if scene == "board":
            self._race(event.id, race_id)
        if not self._base(event):
            raise BadInput(
                "The second listener is off: set DEEPRACER_ADMIN_PUBLIC_PORT and a public address in Set up first."
            )
        link_id = secrets.token_urlsafe(9)
        now = self.clock.now()
        row = {
            "event": event.id,
            "race": race_id,
            "scene": scene,
            "by": actor.name,
            "made_at": now.isoformat(),
            "expires_at": (now + timedelta(hours=hours)).isoformat(),
            "revoked": False,
        }
        self.store.amend("", "live_links", lambda links: {**(links or {}), link_id: row})
        self._audit(actor, "boards.run", target=race_id, after={"link": link_id, "scene": scene, "hours": hours})
        return _link(link_id, row, address=self._address(event, link_id))

    def links(self, actor: Actor) -> list[LiveLink]:
        """Links of the current event, newest first, with their addresses so that a screen can be opened again."""
        self._authorise(actor, "boards.run")
        event = self._event()
        rows = [
            _link(key, row, address=self._address(event, key))
            for key, row in (self.store.get("", "live_links") or {}).items()
            if row["event"] == event.id
        ]
        return sorted(rows, key=lambda row: row.made_at, reverse=True)

    def revoke_link(self, actor: Actor, link_id: str) -> None:
        """Kill a link at once; open screens say so at their next refresh."""
        self._authorise(actor, "boards.run", target=link_id)

        def revoked(links: dict[str, Any] | None) -> dict[str, Any]:
            if link_id not in (links or {}):
                raise Missing("That link is not in the list any more.")
            return {**(links or {}), link_id: {**(links or {})[link_id], "revoked": True}}

        self.store.amend("", "live_links", revoked)
        self._audit(actor, "boards.run", target=link_id, after={"revoked": True})

    def screen(self, token: str) -> Screen:
        """What a signed link shows. Raises NotAllowed for a forged, expired or revoked link, Missing for a gone race.

        The link is the permission here: it reaches one board or the totals, without names, and nothing else.
        """
        link_id, _, signature = token.partition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(link_id).encode()):
            raise NotAllowed("This link is not valid. Ask the organizers for a new one.")
        row = (self.store.get("", "live_links") or {}).get(link_id)
        if row is None or row["revoked"]:
            raise NotAllowed("This link has been withdrawn. Ask the organizers for a new one.")
        if self.clock.now() >= datetime.fromisoformat(row["expires_at"]):
            raise NotAllowed("This link has expired. Ask the organizers for a new one.")
        event = self.store.event(row["event"])
        return Screen(
            scene=row["scene"],
            event_name=event.name,
            zone=event.zone,
            rehearsal=self.house.settings.rehearsal,
            source=(self.store.get(event.id, "account") or {}).get("service", ""),
            address=self._address(event, link_id),
            board=self._view(event.id, row["race"], 60) if row["scene"] == "board" else None,
            totals=read_totals(self.house, event) if row["scene"] == "usage" else None,
        )

    def _base(self, event: Event) -> str:
        settings = self.house.settings
        loopback = f"http://127.0.0.1:{settings.public_port}" if settings.public_port else ""
        return (event.public_url or settings.public_url or loopback).rstrip("/")

    def _address(self, event: Event, link_id: str) -> str:
        base = self._base(event)
        return f"{base}/live/{link_id}.{self._signature(link_id)}" if base else ""

    def _signature(self, link_id: str) -> str:
        return hmac.new(self._key, link_id.encode(), "sha256").hexdigest()[:32]


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _link(key: str, row: Mapping[str, Any], *, address: str) -> LiveLink:
    return LiveLink(
        id=key,
        race=row["race"],
        scene=row["scene"],
        made_by=row["by"],
        made_at=datetime.fromisoformat(row["made_at"]),
        expires_at=datetime.fromisoformat(row["expires_at"]),
        revoked=row["revoked"],
        address=address,
    )
