"""Telling alarms where people are: a team's chat, and the mailboxes of named organizers.

A message is claimed in the store at the very moment at which it leaves, and confirmed when it was answered
(rules/calls.py). What if it dies here?

* before the claim: the message is PENDING, the next pass sends it;
* between claim and answer: it becomes UNKNOWN, is shown, and never sent again; the other ways tell it all the same;
* two processes at once: the claim is one change of one row, and the second finds it taken;
* between two changes of a plan: the messages stand before the mark that they were planned, and are not planned twice.

A chat is told beside, in a thread of its own: one that hangs (20 s for each message) holds up no mail.
"""

from __future__ import annotations

import html
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

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
    StoreError,
    Throttled,
    Unavailable,
    Unreachable,
    incident_id,
)
from deepracer_admin.flows.calls.beside import Beside
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Event, Lease, Message
from deepracer_admin.model.notices import Notice
from deepracer_admin.records.alarms import ALARMS
from deepracer_admin.records.calls import CALL_LIST, ENDS_SEEN, POSTS
from deepracer_admin.rules.calls import (
    CHAT,
    MAIL,
    NEWS_KEY,
    Post,
    PostState,
    Target,
    claimed,
    ends_seen,
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
PATIENCE_S = 1.0  # real time for which a pass looks on while the chat is told; a chat that is well answers in it
LONGEST_S = 25.0  # of one message to a chat (mail/chat.py: 5 s to connect, 15 s to answer)


def targets_of(ports: Ports, event: Event) -> dict[Target, str]:
    """Who is told, with the address of those who get mail."""
    found = {Target(CHAT): ""} if ports.chat is not None else {}
    return found | {mail_target(each): each for each in ports.store.read(event.id, CALL_LIST).addresses}


@dataclass(frozen=True, slots=True)
class _Owed:
    """What became of a message, which could not be written down yet. `lease`: under which it left."""

    way: str
    lease: Lease
    state: PostState
    sentence: str
    pause_s: float


class Caller:
    """Of one event. One thread uses it."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self._rested_at = (-1, False)  # revision at which nothing was left to do
        self._chat = Beside("chat")
        self._owed: dict[str, _Owed] = {}

    @property
    def is_telling(self) -> bool:
        """Is a chat being told, or was it told something that nobody looked at yet?"""
        return self._chat.is_busy

    def run(self, event: Event, lease: Lease, *, patience_s: float | None = None) -> int:
        """One pass: plan what is to be told, and tell what is due; how many messages left, as far as is known after
        `patience_s` real seconds in which a chat may answer (None: PATIENCE_S). Raises StoreError, also of what was
        told to a chat in a pass before."""
        store = self.ports.store
        left = self._chat.ended(0.0)
        self._write_owed(event)
        revision = store.revision(event.id)
        if self._rested_at == (revision, True) and not self._chat.is_busy:
            return left
        targets = targets_of(self.ports, event)
        if targets or store.rows(event.id, POSTS):
            self._plan(event, targets, lease)
        if not self._chat.is_busy and self._due(event, targets, CHAT):
            self._chat.start(lambda: self._tell(event, targets, CHAT, lease))
        left += self._tell(event, targets, MAIL, lease)
        left += self._chat.ended(PATIENCE_S if patience_s is None else patience_s)
        is_idle = not self._chat.is_busy and all(post.is_settled for post in store.rows(event.id, POSTS).values())
        self._rested_at = (revision if left == 0 else -1, is_idle)
        return left

    def look_on(self, seconds: float) -> None:
        """While a chat is told, for so many real seconds at most; the next pass says what came of it."""
        self._chat.wait(seconds)

    def close(self) -> None:
        """Wait for the message that a chat is being told, no longer than it may take."""
        try:
            self._chat.ended(LONGEST_S)
        except StoreError as error:
            log.warning("what a chat was told could not be written down: %s", error.sentence)

    def _plan(self, event: Event, targets: Mapping[Target, str], lease: Lease) -> None:
        store, now = self.ports.store, self.ports.clock.now()
        alarms, leases = store.rows(event.id, ALARMS), store.leases()
        seen = store.read(event.id, ENDS_SEEN)

        def change(rows: Mapping[str, Post]) -> dict[str, Post | None]:
            lost = expired(rows, leases, lease, now)
            return lost | planned(rows, alarms, targets, now=now, seen=seen)

        store.change_rows(event.id, POSTS, change, lease=lease)
        newest = ends_seen(alarms, seen, self.ports.clock.event_now())
        if newest != seen:
            store.keep(event.id, ENDS_SEEN, newest, lease=lease)

    def _due(self, event: Event, targets: Mapping[Target, str], way: str) -> list[Post]:
        """What is due on this way, in the order in which it leaves (rules/calls.py)."""
        now = self.ports.clock.now()
        rows = self.ports.store.rows(event.id, POSTS).values()
        due = [post for post in rows if post.way == way and post.is_due(now) and Target(way, post.target) in targets]
        return in_order(due, now)

    def _tell(self, event: Event, targets: Mapping[Target, str], way: str, lease: Lease) -> int:
        """What is due on this way; one that fails is left alone for the rest of this pass."""
        left = 0
        for post in self._due(event, targets, way):
            state = self._one(event, post, targets[Target(way, post.target)], lease)
            left += state in (PostState.SENT, PostState.UNKNOWN)
            if state is PostState.PENDING:
                break
        return left

    def _one(self, event: Event, post: Post, address: str, lease: Lease) -> PostState | None:
        """Let one message leave and write down what became of it; None when somebody else has it. What fails before the
        message was claimed has not left, whatever it was, and goes later. Raises StoreError."""
        left: list[bool] = []
        try:
            self._hand_over(event, post, address, before=lambda: left.append(self._claim(event, post.key, lease)))
        except _Taken:
            return None
        except LeaseLost:
            raise
        except LostAnswer as error:
            return self._settle(event, post, lease, PostState.UNKNOWN, error.sentence)
        except NEVER as error:
            return self._settle(event, post, lease, PostState.FAILED, error.sentence)
        except LATER as error:
            pause = error.retry_after if isinstance(error, Throttled) else 0.0
            return self._settle(event, post, lease, PostState.PENDING, error.sentence, pause)
        except ConsoleError as error:
            state = PostState.UNKNOWN if left else PostState.PENDING
            return self._settle(event, post, lease, state, error.sentence)
        except Exception:
            incident = incident_id()
            log.exception("incident %s while an alarm was told", incident)
            told = f"Something unexpected happened ({incident}); "
            if not left:
                told += "nothing was sent, and it is tried again. The log has the details."
                return self._settle(event, post, lease, PostState.PENDING, told)
            told += "it may have arrived. The log has the details."
            return self._settle(event, post, lease, PostState.UNKNOWN, told)
        return self._settle(event, post, lease, PostState.SENT, "")

    def _hand_over(self, event: Event, post: Post, address: str, *, before: Callable[[], None]) -> None:
        """`before` is called at the moment at which the message leaves."""
        ports = self.ports
        mark = ports.letters.mark
        people = ports.store.attendees(event.id)
        notice = nameless(notice_of(post, event, ports.console_url, mark=mark), event, people)
        if post.way == CHAT:
            assert ports.chat is not None  # noqa: S101 - else it is no target
            ports.chat().post(notice, before=before)
            return
        mailer, message = ports.mailer(), self._mail(event, notice, address)
        before()
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

    def _claim(self, event: Event, key: str, lease: Lease) -> bool:
        """True: it leaves now. Raises _Taken when it is not ours to send any more, StoreError."""
        now, taken = self.ports.clock.now(), []

        def change(rows: Mapping[str, Post]) -> dict[str, Post | None]:
            found = claimed(rows.get(key), lease, now)
            taken[:] = [found is None]
            return {key: found} if found else {}

        self.ports.store.change_rows(event.id, POSTS, change, keys=[key], lease=lease)
        if taken[0]:
            raise _Taken
        return True

    def _settle(
        self, event: Event, post: Post, lease: Lease, state: PostState, sentence: str, pause_s: float = 0.0
    ) -> PostState:
        """Kept in mind until it is written, and tried again by the next pass. Raises StoreError."""
        owed = self._owed[post.key] = _Owed(post.way, lease, state, sentence, pause_s)
        self._write(event, post.key, owed)
        if state is not PostState.SENT:
            log.info("an alarm is %s", state.value)
        return state

    def _write(self, event: Event, key: str, owed: _Owed) -> None:
        """Without the lease: whoever lost it knows best what became of its own messages."""
        now = self.ports.clock.now()

        def change(rows: Mapping[str, Post]) -> dict[str, Post | None]:
            row = rows.get(key)
            found = settled(row, owed.lease, owed.state, now=now, sentence=owed.sentence, pause_s=owed.pause_s)
            return {key: found} if found else {}

        self.ports.store.change_rows(event.id, POSTS, change, keys=[key])
        self._owed.pop(key, None)

    def _write_owed(self, event: Event) -> None:
        """What a store that failed did not take: without it the message would stand there as leaving."""
        for key, owed in [*self._owed.items()]:
            if owed.way != CHAT or not self._chat.is_busy:  # that thread writes its own
                self._write(event, key, owed)


class _Taken(Conflict):
    """Another process lets this message leave."""

    def __init__(self) -> None:
        super().__init__("Another console tells this already.")
