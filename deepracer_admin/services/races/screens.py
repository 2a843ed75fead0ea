"""Screens: signed links, and the scene that each of them shows."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from deepracer_admin.edge.addresses import is_this_machine
from deepracer_admin.errors import BadInput, Missing
from deepracer_admin.flows.people.portal_links import portal_address, takes_people
from deepracer_admin.model import Actor, Event, Race
from deepracer_admin.records.screen_links import SCREEN_LINKS, ScreenLink
from deepracer_admin.records.sponsors import SPONSORS_LOGO, SponsorsLogo
from deepracer_admin.services.base import House, Service
from deepracer_admin.services.races.board_views import LiveLink
from deepracer_admin.services.races.followed_link import followed

__all__ = ["MOST_LOGO", "OF_A_RACE", "SCENES", "ScreensDesk"]

SCENES = ("board", "progress", "countdown", "usage", "slots", "join", "sponsors", "text")
OF_A_RACE = ("board", "progress", "countdown")
LONGEST_NAME, LONGEST_TEXT = 40, 160
MOST_LOGO = 200_000
"""Bytes: kept in one item of the shared table, which holds 400 kB."""
_PICTURES = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg"}  # how their files begin


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
            raise BadInput("Scene: choose one of those that a screen can show.")
        if scene in OF_A_RACE:
            self._race(event_id, race_id)
        if scene == "join" and not self._join(self._event()):
            raise BadInput("Where to register: open the portal first, on the Attendees page.")
        if scene == "sponsors" and not self.store.read(event_id, SPONSORS_LOGO).image:
            raise BadInput("Sponsors: give their picture first.")
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
            replace(_link(key, row, address=self._address(event, key)), seen_s=self.house.seen.since_s(key))
            for key, row in self.store.rows("", SCREEN_LINKS).items()
            if row.event == event.id
        ]
        return sorted(rows, key=lambda row: row.made_at, reverse=True)

    def logo(self, actor: Actor) -> SponsorsLogo:
        """The picture of the sponsors of this event."""
        self._authorise(actor, "boards.run")
        return self.store.read(self._event().id, SPONSORS_LOGO)

    def set_logo(self, actor: Actor, file: bytes) -> SponsorsLogo:
        """Keep this PNG or JPEG for the screens. It is shown by browsers, and never opened here. Raises BadInput."""
        self._authorise(actor, "boards.run", target="sponsors")
        kind = next((kind for start, kind in _PICTURES.items() if file.startswith(start)), "")
        if not kind:
            raise BadInput("Sponsors: this file is no PNG and no JPEG; save the picture as one of the two.")
        if len(file) > MOST_LOGO:
            raise BadInput(f"Sponsors: at most {MOST_LOGO // 1000} kB; save the picture smaller.")
        stamp = hashlib.sha256(file).hexdigest()[:16]
        return self._keep_logo(actor, SponsorsLogo(base64.b64encode(file).decode(), kind, stamp, actor.name))

    def forget_logo(self, actor: Actor) -> None:
        """Take the picture of the sponsors away."""
        self._authorise(actor, "boards.run", target="sponsors")
        self._keep_logo(actor, SponsorsLogo())

    def _keep_logo(self, actor: Actor, kept: SponsorsLogo) -> SponsorsLogo:
        """The same again is no act."""
        event = self._event().id
        if self.store.read(event, SPONSORS_LOGO).stamp != kept.stamp:
            self.store.update(event, SPONSORS_LOGO, lambda _: kept)
            self._audit(actor, "boards.run", target="sponsors", after={"picture": kept.stamp})
        return kept

    def picture(self, token: str) -> tuple[bytes, str]:
        """(file, "png" | "jpeg") that a signed link to the sponsors shows. Raises NotAllowed, Missing."""
        row = self._followed(token)
        kept = self.store.read(row.event, SPONSORS_LOGO)
        if row.scene != "sponsors" or not kept.image:
            raise Missing("There is no picture here.")
        return base64.b64decode(kept.image), kept.kind

    def _join(self, event: Event) -> str:
        """Where people register on their phone; "" while nobody can."""
        base = self.house.settings.portal_base(event.public_url)
        is_open = takes_people(self.store, event, self.clock.event_now())
        return portal_address(base, event.id) if base and is_open else ""

    def seen(self, token: str) -> None:
        """A screen with this link was answered."""
        self.house.seen.note(token.partition(".")[0])

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
    on_phones = bool(address) and not is_this_machine(address)
    return LiveLink(*whole, address=address, name=row.name, text=row.text, on_phones=on_phones)
