"""Set up, Alarms: who is told, whether it arrives, and what became of each message."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.counted import counted
from deepracer_admin.edge.addresses import Where, split, where
from deepracer_admin.errors import BadInput, Conflict
from deepracer_admin.model import Actor, Job, read_mailbox
from deepracer_admin.records.alarms import ALARMS
from deepracer_admin.records.calls import CALL_LIST, POSTS, CallList
from deepracer_admin.rules.alarms import live
from deepracer_admin.rules.calls import CHAT, TRIAL, Post, PostState, mail_target
from deepracer_admin.services.base import Service

__all__ = ["MOST_ADDRESSES", "CallRow", "CallsService", "CallsView"]

MOST_ADDRESSES = 10


@dataclass(frozen=True, slots=True)
class CallRow:
    """One message: which alarm, to whom, and what became of it. `at` in real time."""

    id: str
    title: str
    what: str  # "trial" | "alarm" | "over"
    to: str
    state: PostState
    sentence: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class CallsView:
    """`chat_host`: of the chat's webhook, all that is ever shown of it; "" for none. `links_here`: links in messages
    lead to this very computer. `lasting`: alarms that last now. `rows`: messages, the newest first."""

    chat_host: str
    addresses: tuple[str, ...]
    by_name: str
    links_here: bool
    lasting: int
    rows: tuple[CallRow, ...]


class CallsService(Service):
    """Nothing is called from here: the worker tells."""

    def view(self, actor: Actor) -> CallsView:
        """Who is told, and what was."""
        self._authorise(actor, "setup.view")
        event, kept = self._event(), self.store.read(self.event_id, CALL_LIST)
        names = {mail_target(each).key: each for each in kept.addresses}
        posts = sorted(self.store.rows(event.id, POSTS).values(), key=_at, reverse=True)
        secret = split(self.house.settings.alarm_webhook.get_secret_value())
        base = split(self.house.settings.console_url)
        return CallsView(
            chat_host=(secret.hostname or "") if secret else "",
            addresses=kept.addresses,
            by_name=kept.by_name,
            links_here=base is None or where(base.hostname or "") is Where.THIS_MACHINE,
            lasting=len(live(self.store.rows(event.id, ALARMS))),
            rows=tuple(_row(post, names) for post in posts),
        )

    def save(self, actor: Actor, text: str, shown: tuple[str, ...] | None = None) -> CallList:
        """Who is told by mail: addresses with commas or line breaks between. `shown`: those that the form was filled
        with. Raises BadInput naming the first that cannot be used, Conflict when a colleague changed them since."""
        self._authorise(actor, "setup.alarms")
        event = self._event()
        found: dict[str, str] = {}
        for part in filter(None, (each.strip() for each in re.split(r"[,;\n]", text))):
            try:
                address = read_mailbox(part).address
            except BadInput as wrong:
                raise BadInput(f"Who is told: {wrong.sentence}") from None
            found.setdefault(address.lower(), address)
        if len(found) > MOST_ADDRESSES:
            raise BadInput(
                f"Who is told: at most {counted(MOST_ADDRESSES, 'address', 'addresses')}; "
                "name a list of yours for more."
            )
        made = CallList(tuple(found.values()), actor.name)
        before = self.store.read(event.id, CALL_LIST)

        def change(now: CallList) -> CallList:
            if shown is not None and now.addresses != shown:
                raise Conflict("A colleague changed who is told meanwhile. Look at it as it is now, then save again.")
            return made

        self.store.update(event.id, CALL_LIST, change)
        self._audit(
            actor,
            "setup.alarms",
            target=event.id,
            count=len(made.addresses),
            before=len(before.addresses),
            after=len(made.addresses),
        )
        return made

    def try_it(self, actor: Actor) -> Job:
        """One message to everybody who is told. The one under way when there is one."""
        self._authorise(actor, "setup.alarms")
        event = self._event()
        if (
            not self.house.settings.alarm_webhook.get_secret_value()
            and not self.store.read(event.id, CALL_LIST).addresses
        ):
            raise BadInput("Nobody is told of alarms: set a chat's webhook, or name somebody, then try again.")
        return self._plan_or_join(actor, "setup.alarms", "alarm.try", plan={})


def _at(post: Post) -> float:
    at = post.changed_at or post.planned_at
    return at.timestamp() if at else 0.0


def _row(post: Post, names: dict[str, str]) -> CallRow:
    what = "trial" if post.alarm.kind == TRIAL else "over" if post.is_over else "alarm"
    to = "the team's chat" if post.way == CHAT else names.get(post.target, "no longer on the list")
    return CallRow(post.id, post.alarm.title, what, to, post.state, post.sentence, post.changed_at or post.planned_at)
