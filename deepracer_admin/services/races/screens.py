"""Screens: signed links, and the scene that each of them shows."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from deepracer_admin.errors import BadInput, Missing
from deepracer_admin.model import Actor, Event, Race
from deepracer_admin.records.screen_links import SCREEN_LINKS, ScreenLink
from deepracer_admin.services.base import House, Service
from deepracer_admin.services.races.board_views import LiveLink
from deepracer_admin.services.races.followed_link import followed

__all__ = ["OF_A_RACE", "SCENES", "ScreensDesk"]

SCENES = ("board", "countdown", "usage", "text")
OF_A_RACE = ("board", "countdown")
LONGEST_NAME, LONGEST_TEXT = 40, 160


class ScreensDesk(Service):
    """What the Leaderboard page calls about screens. `key` signs links; it is the installation's own."""

    def __init__(self, house: House, key: bytes, event_id: str = "") -> None:
        super().__init__(house, event_id)
        self._key = hmac.digest(key, b"live-links", "sha256")

    def make_link(
        self, actor: Actor, race_id: str, *, scene: str = "board", hours: float = 12, name: str = "", text: str = ""
    ) -> LiveLink:
        """A link for a projector or phone: read-only, without sign-in, expiring (real time), revocable.

        `name`: of the screen, for those who change what it shows; `text`: of the scene of that name.
        """
        self._authorise(actor, "boards.run", target=race_id)
        event = self._event()
        text = self._fits(event.id, scene, race_id, text)
        if not 0 < hours <= 24 * 60:
            raise BadInput("Valid for: more than 0 hours and at most 60 days.")
        if not self._base(event):
            raise BadInput(
                "The second listener is off: set DEEPRACER_ADMIN_PUBLIC_PORT and a public address in Set up first."
            )
        link_id = secrets.token_urlsafe(9)
        now = self.clock.now()
        until = now + timedelta(hours=hours)
        called = " ".join(name.split())[:LONGEST_NAME]
        row = ScreenLink(event.id, race_id, scene, actor.name, now, until, name=called, text=text)
        self.store.change_rows("", SCREEN_LINKS, lambda _: {link_id: row}, keys=(link_id,))
        self._audit(actor, "boards.run", target=race_id, after={"link": link_id, "scene": scene, "hours": hours})
        return _link(link_id, row, address=self._address(event, link_id))

    def show(self, actor: Actor, link_id: str, *, scene: str, race_id: str = "", text: str = "") -> LiveLink:
        """Put another scene on every screen that has this link; they change when they look the next time.
        Raises Missing, and BadInput for a scene, race or text that is none, or a link that is over.
        """
        self._authorise(actor, "boards.run", target=link_id)
        event = self._event()
        text = self._fits(event.id, scene, race_id, text)
        found: list[ScreenLink] = []

        def changed(links: Mapping[str, ScreenLink]) -> dict[str, ScreenLink | None]:
            link = links.get(link_id)
            if link is None or link.event != event.id:
                raise Missing("That link is not in the list of this event.")
            if link.revoked or self.clock.now() >= link.expires_at:
                raise BadInput("This link shows nothing any more; make a new one.")
            found[:] = [replace(link, scene=scene, race=race_id or link.race, text=text)]
            return {link_id: found[0]}

        self.store.change_rows("", SCREEN_LINKS, changed, keys=(link_id,))
        self._audit(actor, "boards.run", target=link_id, after={"scene": scene})
        return _link(link_id, found[0], address=self._address(event, link_id))

    def _fits(self, event_id: str, scene: str, race_id: str, text: str) -> str:
        """The text as it is shown; raises BadInput for what no screen can show, Missing for a race that is not here."""
        if scene not in SCENES:
            raise BadInput("Scene: leaderboard, countdown, totals or a text.")
        if scene in OF_A_RACE:
            self._race(event_id, race_id)
        text = " ".join(text.split())
        if scene == "text" and not text:
            raise BadInput("Text: type what the screen should say.")
        if len(text) > LONGEST_TEXT:
            raise BadInput(f"Text: at most {LONGEST_TEXT} characters fit on a screen.")
        return text if scene == "text" else ""

    def links(self, actor: Actor) -> list[LiveLink]:
        """Links of this event, newest first, with their addresses so that a screen can be opened again."""
        self._authorise(actor, "boards.run")
        event = self._event()
        rows = [
            _link(key, row, address=self._address(event, key))
            for key, row in self.store.rows("", SCREEN_LINKS).items()
            if row.event == event.id
        ]
        return sorted(rows, key=lambda row: row.made_at, reverse=True)

    def revoke_link(self, actor: Actor, link_id: str) -> None:
        """Kill a link of this event at once; open screens say so at their next refresh. Raises Missing."""
        self._authorise(actor, "boards.run", target=link_id)
        event = self._event().id

        def revoked(links: Mapping[str, ScreenLink]) -> dict[str, ScreenLink | None]:
            link = links.get(link_id)
            if link is None or link.event != event:
                raise Missing("That link is not in the list of this event.")
            return {link_id: replace(link, revoked=True)}

        self.store.change_rows("", SCREEN_LINKS, revoked, keys=(link_id,))
        self._audit(actor, "boards.run", target=link_id, after={"revoked": True})

    def _race(self, event_id: str, race_id: str) -> Race:
        for race in self.store.races(event_id)[0]:
            if race.id == race_id:
                return race
        raise Missing("That race is not in the list any more.")

    def _followed(self, token: str) -> ScreenLink:
        link, _, signature = token.partition(".")
        return followed(self.store, link, signature, expected=self._signature(link), now=self.clock.now())

    def _base(self, event: Event) -> str:
        return self.house.settings.public_base(event.public_url)

    def _address(self, event: Event, link_id: str) -> str:
        base = self._base(event)
        return f"{base}/live/{link_id}.{self._signature(link_id)}" if base else ""

    def _signature(self, link_id: str) -> str:
        return hmac.new(self._key, link_id.encode(), "sha256").hexdigest()[:32]


def _link(key: str, row: ScreenLink, *, address: str) -> LiveLink:
    whole = (key, row.race, row.scene, row.by, row.made_at, row.expires_at, row.revoked)
    return LiveLink(*whole, address=address, name=row.name, text=row.text)
