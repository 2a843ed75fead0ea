"""Announcements: mails that an organizer makes beside those that come with the console (page Messages, Templates).

An announcement is a template like the others: edited as a new version, previewed, tested and sent by `MessagesService`.
"""

from __future__ import annotations

from collections.abc import Mapping

from deepracer_admin.errors import BadInput, Conflict, Missing
from deepracer_admin.flows.letters import Letters
from deepracer_admin.model import Actor, Event
from deepracer_admin.records.campaigns import CAMPAIGNS, CampaignState
from deepracer_admin.records.mail_texts import MAIL_TEXTS, text_key
from deepracer_admin.rules.mail_names import check_title, is_announcement, mail_names, new_key
from deepracer_admin.rules.templates import Template, check_template
from deepracer_admin.services.base import House, Service

__all__ = ["MOST", "AnnouncementsService"]

MOST = 50
"""How many an event may have."""


class AnnouncementsService(Service):
    """Makes announcements and takes away those of which nothing was sent."""

    def __init__(self, house: House, letters: Letters, event_id: str = "") -> None:
        super().__init__(house, event_id)
        self.letters = letters

    def make(self, actor: Actor, title: str, subject: str, body: str) -> Template:
        """Keep a new announcement, in the event's language. Raises BadInput; Conflict when its title is in use."""
        self._authorise(actor, "messages.edit", target="announcement")
        event, title = self._event(), check_title(title)
        made = Template(new_key(title), event.language, 1, subject.strip(), body.strip(), title)
        check_template(made)
        name = text_key(made)
        used = {word.casefold() for word in mail_names(self.letters.templates(event)).values()}

        def kept(own: Mapping[str, Template]) -> dict[str, Template]:
            others = {each.key for each in own.values() if is_announcement(each.key)}
            if made.key in others or title.casefold() in used:
                raise Conflict("There is a mail with that title, or one much like it; choose another title.")
            if len(others) >= MOST:
                raise BadInput(f"An event may have {MOST} announcements; take away one that was not sent, or edit one.")
            return {name: made}

        self.store.change_rows(event.id, MAIL_TEXTS, kept)
        self._audit(actor, "messages.edit", target=name, after={"version": 1, "title": title})
        return made

    def why_kept(self, actor: Actor, key: str) -> str:
        """Why this mail cannot be taken away; "" when it can."""
        self._authorise(actor, "messages.view")
        return self._why_kept(self._event(), key)

    def take_away(self, actor: Actor, key: str) -> str:
        """Take away an announcement of which nothing was sent; returns its title. Raises Missing, Conflict.

        A campaign that begins at the same moment finds no text and stops, and says so: nobody gets a mail of it.
        """
        self._authorise(actor, "messages.edit", target=key)
        event = self._event()
        if why := self._why_kept(event, key):
            raise Conflict(why)
        title = mail_names(self.letters.templates(event)).get(key, key)
        gone = self.store.change_rows(
            event.id, MAIL_TEXTS, lambda own: {name: None for name, each in own.items() if each.key == key}
        )
        if not gone:
            raise Missing("That announcement is not there any more.")
        self._audit(actor, "messages.edit", target=key, before={"title": title}, after={"taken_away": True})
        return title

    def _why_kept(self, event: Event, key: str) -> str:
        if not is_announcement(key):
            return "This mail comes with the console; edit it instead."
        campaigns = self.store.rows(event.id, CAMPAIGNS).values()
        over = (CampaignState.DONE, CampaignState.CANCELLED)
        if any(each.template == key and each.state not in over for each in campaigns):
            return "It is being sent or will be: cancel that campaign first."
        if any(row.template == key for row in self.store.deliveries(event.id)):
            return "Mails of it are in the list of every mail, so it stays."
        return ""
