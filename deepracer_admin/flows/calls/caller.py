"""Telling alarms where people are: a team's chat, and the mailboxes of named organizers.

A message is claimed in the store at the very moment at which it leaves, and confirmed when it was answered
(rules/calls.py). What if it dies here?

* before the claim: the message is PENDING, the next pass sends it;
* between claim and answer: it becomes UNKNOWN, is shown, and never sent again; the other ways tell it all the same;
* two processes at once: the claim is one change of one row, and the second finds it taken.
"""

from __future__ import annotations

import html
import logging
from collections.abc import Mapping

from deepracer_admin.errors import (
    AccessDenied,
    BadInput,
    BadSettings,
    Conflict,
    ConsoleError,
    CredentialsExpired,
    LeaseLost,
    LostAnswer,
    NotThere,
    Refused,
    Throttled,
    Unavailable,
    Unreachable,
    incident_id,
)
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Event, Lease, Message
from deepracer_admin.model.notices import Notice
from deepracer_admin.records.alarms import ALARMS
from deepracer_admin.records.calls import CALL_LIST, POSTS
from deepracer_admin.rules.calls import (
    CHAT,
    NEWS_KEY,
    Post,
    PostState,
    Target,
    claimed,
    expired,
    in_order,
    mail_target,
    nameless,
    notice_of,
    planned,
    settled,
)

__all__ = ["Caller", "targets_of"]

log = logging.getLogger(__name__)
LATER = (Throttled, Unreachable, Unavailable, AccessDenied, CredentialsExpired, BadSettings, BadInput)
"""Errors after which a message surely was not delivered and may go later."""
NEVER = (Refused, NotThere)


def targets_of(ports: Ports, event: Event) -> dict[Target, str]:
    """Who is told, with the address of those who get mail."""
    found = {Target(CHAT): ""} if ports.chat is not None else {}
    return found | {mail_target(each): each for each in ports.store.read(event.id, CALL_LIST).addresses}


class Caller:
    """Of one event."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self._rested_at = (-1, False)  # revision at which nothing was left to do

    def run(self, event: Event, lease: Lease) -> int:
        """One pass: plan what is to be told, and tell what is due; how many messages left. Raises StoreError."""
        store = self.ports.store
        revision = store.revision(event.id)
        if self._rested_at == (revision, True):
            return 0
        targets = targets_of(self.ports, event)
        if targets or store.rows(event.id, POSTS):
            self._plan(event, targets, lease)
        left = self._tell(event, targets, lease)
        is_idle = not any(not post.is_settled for post in store.rows(event.id, POSTS).values())
        self._rested_at = (revision if left == 0 else -1, is_idle)
        return left

    def _plan(self, event: Event, targets: Mapping[Target, str], lease: Lease) -> None:
        store, now = self.ports.store, self.ports.clock.now()
        alarms, leases = store.rows(event.id, ALARMS), store.leases()

        def change(rows: Mapping[str, Post]) -> dict[str, Post | None]:
            lost = expired(rows, leases, lease, now)
            return lost | planned(rows, alarms, targets, now=now)

        store.change_rows(event.id, POSTS, change, lease=lease)

    def _tell(self, event: Event, targets: Mapping[Target, str], lease: Lease) -> int:
        """What is due, in its order (rules/calls.py). A way that fails is left alone for the rest of this pass."""
        store, left = self.ports.store, 0
        broken: set[str] = set()
        for post in in_order(store.rows(event.id, POSTS).values()):
            target = Target(post.way, post.target)
            if not post.is_due(self.ports.clock.now()) or post.way in broken or target not in targets:
                continue
            state = self._one(event, post.key, post, targets[target], lease)
            left += state in (PostState.SENT, PostState.UNKNOWN)
            if state is PostState.PENDING:
                broken.add(post.way)
        return left

    def _one(self, event: Event, key: str, post: Post, address: str, lease: Lease) -> PostState | None:
        """Let one message leave and write down what became of it; None when somebody else has it. Raises StoreError."""
        try:
            self._hand_over(event, key, post, address, lease)
        except _Taken:
            return None
        except LeaseLost:
            raise
        except LostAnswer as error:
            return self._settle(event, key, lease, PostState.UNKNOWN, error.sentence)
        except NEVER as error:
            return self._settle(event, key, lease, PostState.FAILED, error.sentence)
        except LATER as error:
            pause = error.retry_after if isinstance(error, Throttled) else 0.0
            return self._settle(event, key, lease, PostState.PENDING, error.sentence, pause)
        except ConsoleError as error:
            return self._settle(event, key, lease, PostState.UNKNOWN, error.sentence)
        except Exception:
            incident = incident_id()
            log.exception("incident %s while an alarm was told", incident)
            told = f"Something unexpected happened ({incident}); it may have arrived. The log has the details."
            return self._settle(event, key, lease, PostState.UNKNOWN, told)
        return self._settle(event, key, lease, PostState.SENT, "")

    def _hand_over(self, event: Event, key: str, post: Post, address: str, lease: Lease) -> None:
        ports = self.ports
        mark = ports.letters.mark
        people = ports.store.attendees(event.id)
        notice = nameless(notice_of(post, event, ports.console_url, mark=mark), event, people)
        if post.way == CHAT:
            assert ports.chat is not None  # noqa: S101 - else it is no target
            ports.chat().post(notice, before=lambda: self._claim(event, key, lease))
            return
        mailer, message = ports.mailer(), self._mail(event, notice, address)
        self._claim(event, key, lease)
        mailer.send(message)

    def _mail(self, event: Event, notice: Notice, address: str) -> Message:
        """Raises BadInput where there is no From address."""
        sender = event.sender or self.ports.letters.sender
        if not sender:
            raise BadInput("There is no From address; set the sender on the Set up page.")
        key = f"{event.id}#{NEWS_KEY}#{notice.id}#1"
        text = "\n\n".join([*notice.lines, notice.link]) + "\n"
        parts = "".join(f"<p>{html.escape(line)}</p>" for line in notice.lines)
        link = html.escape(notice.link, quote=True)
        body = f'<!doctype html><html><body>{parts}<p><a href="{link}">{link}</a></p></body></html>'
        tags = {"key": key, "template": "alarm"}
        return Message(
            key, sender, address, " ".join(notice.title.split()), text, body, tags, self.ports.letters.reply_to
        )

    def _claim(self, event: Event, key: str, lease: Lease) -> None:
        """Raises _Taken when it is not ours to send any more, LeaseLost."""
        now, taken = self.ports.clock.now(), []

        def change(rows: Mapping[str, Post]) -> dict[str, Post | None]:
            found = claimed(rows.get(key), lease, now)
            taken[:] = [found is None]
            return {key: found} if found else {}

        self.ports.store.change_rows(event.id, POSTS, change, keys=[key], lease=lease)
        if taken[0]:
            raise _Taken

    def _settle(
        self, event: Event, key: str, lease: Lease, state: PostState, sentence: str, pause_s: float = 0.0
    ) -> PostState:
        """Without the lease: whoever lost it knows best what became of its own messages."""
        now = self.ports.clock.now()

        def change(rows: Mapping[str, Post]) -> dict[str, Post | None]:
            found = settled(rows.get(key), lease, state, now=now, sentence=sentence, pause_s=pause_s)
            return {key: found} if found else {}

        self.ports.store.change_rows(event.id, POSTS, change, keys=[key])
        if state is not PostState.SENT:
            log.info("an alarm is %s", state.value)
        return state


class _Taken(Conflict):
    """Another process lets this message leave."""

    def __init__(self) -> None:
        super().__init__("Another console tells this already.")
