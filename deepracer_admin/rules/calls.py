"""Calling a human: which alarms are told to whom, in which words, and what became of each message. Pure.

Each alarm is told once for each time that it rises, and once more when it is over, to each of those who are told.

    PENDING --claim--> LEAVING --answer--> SENT | FAILED | UNKNOWN | PENDING (surely not delivered, tried later)
    LEAVING --its holder died--> UNKNOWN       PENDING --over, or nobody is told there any more--> SKIPPED

What left and was not answered is UNKNOWN: it is shown, and never sent again (chat-webhooks.md 3).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from deepracer_admin.model import Attendee, DeliveryEvent, Event, Lease
from deepracer_admin.model.notices import Notice
from deepracer_admin.rules.alarms import LEVELS, Alarm

__all__ = [
    "ADDRESSES",
    "CHAT",
    "GIVE_UP",
    "MAIL",
    "NEWS_KEY",
    "TRIAL",
    "Post",
    "PostState",
    "Target",
    "by_news",
    "claimed",
    "ends_seen",
    "expired",
    "in_order",
    "mail_target",
    "nameless",
    "notice_of",
    "planned",
    "settled",
]

CHAT, MAIL = "chat", "mail"
GIVE_UP = timedelta(days=1)
"""Real time after which a message that surely was not delivered has failed."""
LONGEST_PAUSE = timedelta(minutes=5)
AGED = timedelta(minutes=2)
"""Real time after which the oldest message that waits goes first, whatever it tells."""
KEPT, KEPT_TRIALS = 400, 40  # messages about what is over, before the oldest are forgotten
NEWS_KEY = "alarm"
"""In the place of the person in the key of a mail about an alarm (identity-and-mail.md 4.4)."""
TRIAL = "trial"
"""Kind of the alarm with which the way to people is tried."""
ADDRESSES = {
    "Event": "event",
    "Set up": "setup",
    "Attendees": "attendees",
    "Onboarding": "onboarding",
    "Messages": "messages",
    "Races": "races",
    "Usage": "usage",
    "Leaderboard": "leaderboard",
    "Close": "closeout",
    "Report": "report",
    "Audit": "audit",
}
"""The address of each page, by the name that alarms call it."""


class PostState(StrEnum):
    PENDING = "pending"
    LEAVING = "leaving"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody who is told. `way`: CHAT or MAIL; `key`: of the address (never the address itself), "" for the chat."""

    way: str
    key: str = ""


def mail_target(address: str) -> Target:
    """The same for the same address."""
    return Target(MAIL, hashlib.sha256(address.strip().lower().encode()).hexdigest()[:16])


@dataclass(frozen=True, slots=True)
class Post:
    """One message to one target about one alarm, as the alarm stood when it was planned. `is_over`: it tells that the
    alarm is over. Real time: `planned_at`, `next_try_at`, `changed_at`. `lease`, `holder`, `epoch`: who lets it leave.
    """

    alarm: Alarm
    way: str
    target: str
    is_over: bool = False
    state: PostState = PostState.PENDING
    planned_at: datetime | None = None
    changed_at: datetime | None = None
    next_try_at: datetime | None = None
    tries: int = 0
    sentence: str = ""
    lease: str = ""
    holder: str = ""
    epoch: int = 0

    @property
    def rise(self) -> str:
        """Which rise of which alarm; the number tells two apart while event time stands still."""
        return f"{self.alarm.name}#{self.alarm.number}"

    @property
    def key(self) -> str:
        """By which it is kept."""
        return "|".join((self.rise, "over" if self.is_over else "up", self.way, self.target))

    @property
    def id(self) -> str:
        """As it travels with the message: the same for every try."""
        return f"alarm-{hashlib.sha256(self.key.encode()).hexdigest()[:32]}"

    @property
    def is_settled(self) -> bool:
        return self.state not in (PostState.PENDING, PostState.LEAVING)

    def is_due(self, now: datetime) -> bool:
        """`now` in real time."""
        return self.state is PostState.PENDING and (self.next_try_at is None or self.next_try_at <= now)


# ------------------------------------------------------------------------------------------------------ the ledger


def planned(
    rows: Mapping[str, Post],
    alarms: Mapping[str, Alarm],
    targets: Collection[Target],
    *,
    now: datetime,
    seen: datetime | None = None,
) -> dict[str, Post | None]:
    """What changes in `rows`: messages about alarms that last, and about those that are over and were told, or that
    ended unseen: after `seen` (event time; None: nobody was told of anything yet). `now` in real time. A reading of
    `alarms` that is older than a row says nothing about it."""
    changes: dict[str, Post | None] = {}
    for alarm in alarms.values():
        is_over = alarm.cleared_at is not None
        if alarm.since is None or alarm.kind == TRIAL or (is_over and not _is_unseen(alarm, seen)):
            continue
        for target in targets:
            post = Post(alarm, target.way, target.key, is_over=is_over, planned_at=now)
            if post.key not in rows and (not is_over or replace(post, is_over=False).key not in rows):
                changes[post.key] = post
    for key, post in rows.items():
        if Target(post.way, post.target) not in targets:
            if post.state is PostState.PENDING:
                changes[key] = _skipped(post, "Nobody is told there any more.", now)
            continue
        ended = None if post.is_over or post.alarm.kind == TRIAL else _ended(post.alarm, alarms.get(post.alarm.key))
        if ended is None:
            continue
        if post.state is PostState.PENDING:
            changes[key] = _skipped(post, "It was over before it could be told.", now)
        over = Post(ended, post.way, post.target, is_over=True, planned_at=now)
        if over.key not in rows:
            changes[over.key] = over
    return changes | _forgotten(rows)


def _is_unseen(alarm: Alarm, seen: datetime | None) -> bool:
    return seen is not None and alarm.cleared_at is not None and alarm.cleared_at > seen


def ends_seen(alarms: Mapping[str, Alarm], seen: datetime | None, now: datetime) -> datetime:
    """Up to which event time ends were looked at, after a look at `alarms`; `now` in event time."""
    ends = [alarm.cleared_at for alarm in alarms.values() if alarm.cleared_at is not None]
    return max([seen or now, *ends])


def _ended(told: Alarm, found: Alarm | None) -> Alarm | None:
    """The alarm that was told, with its end; None while it lasts, or when `found` is no newer than it."""
    if found is None or found.since is None or told.since is None:
        return None
    if (found.since, found.number) == (told.since, told.number):
        return found if found.cleared_at is not None else None
    if found.since < told.since or (found.since == told.since and found.number < told.number):
        return None
    return replace(told, cleared_at=found.since)  # it has risen anew since: this rise was over by then


def _skipped(post: Post, why: str, now: datetime) -> Post:
    return replace(post, state=PostState.SKIPPED, sentence=why, changed_at=now)


def _forgotten(rows: Mapping[str, Post]) -> dict[str, None]:
    """The oldest rises of which all has been said, and old trials. Both messages of a rise go together: one alone would
    be planned again."""
    trials = [key for key, post in rows.items() if post.alarm.kind == TRIAL and post.is_settled]
    return dict.fromkeys([*trials[: max(0, len(trials) - KEPT_TRIALS)], *_said(rows)])


def _said(rows: Mapping[str, Post]) -> list[str]:
    over = {key: post for key, post in rows.items() if post.is_over and post.is_settled}
    oldest = sorted(over, key=lambda key: _instant(over[key].changed_at))[: max(0, len(over) - KEPT)]
    pairs = [replace(over[key], is_over=False).key for key in oldest]
    return [key for key in (*oldest, *pairs) if key in rows]


def _instant(at: datetime | None) -> float:
    return at.timestamp() if at else 0.0


def in_order(posts: Iterable[Post], now: datetime) -> list[Post]:
    """In which order they leave. What goes wrong now comes before what is over, the worst first, then the oldest: so
    nobody waits for bad news behind good ones. Of one alarm its former end goes before it rises anew.

    The one that has waited longest goes before all, once that is AGED (`now` in real time): where each process lives
    for one message only, and worse news keep coming, everything is told at last."""
    every = list(posts)
    aged = [post for post in every if post.planned_at is not None and now - post.planned_at >= AGED]
    first = min(aged, key=lambda post: (_instant(post.planned_at), not post.is_over, _rank(post)), default=None)
    rest = _by_weight(post for post in every if post is not first)
    return rest if first is None else [first, *rest]


def _by_weight(posts: Iterable[Post]) -> list[Post]:
    every = list(posts)
    ends: dict[tuple[str, str, str], list[Post]] = {}
    for post in sorted((post for post in every if post.is_over), key=_rank):
        ends.setdefault((post.alarm.key, post.way, post.target), []).append(post)
    found: list[Post] = []
    for post in sorted((post for post in every if not post.is_over), key=_rank):
        before = ends.get((post.alarm.key, post.way, post.target), [])
        former = [each for each in before if _when(each) < _when(post)]
        ends[post.alarm.key, post.way, post.target] = before[len(former) :]
        found += [*former, post]
    return found + sorted((post for rest in ends.values() for post in rest), key=_rank)


def _when(post: Post) -> tuple[float, int]:
    return _instant(post.alarm.since), post.alarm.number


def _rank(post: Post) -> tuple[int, float, int, str]:
    """Both messages of a rise to all who are told stand together."""
    return (0 if post.is_over else LEVELS.index(post.alarm.level), *_when(post), post.key)


def claimed(post: Post | None, lease: Lease, now: datetime) -> Post | None:
    """The message as it leaves; None when somebody else has taken it, or it is settled. `now` in real time."""
    if post is None or post.state is not PostState.PENDING:
        return None
    return replace(
        post,
        state=PostState.LEAVING,
        tries=post.tries + 1,
        changed_at=now,
        next_try_at=None,
        sentence="",
        lease=lease.name,
        holder=lease.holder,
        epoch=lease.epoch,
    )


def settled(
    post: Post | None, lease: Lease, state: PostState, *, now: datetime, sentence: str = "", pause_s: float = 0.0
) -> Post | None:
    """What became of a message that left under `lease`, or of one (PENDING) that did not get so far; None when that is
    not this holder's to say. PENDING: it surely was not delivered, and is tried later, for a day in all."""
    if post is None:
        return None
    mine = (post.lease, post.holder, post.epoch) == (lease.name, lease.holder, lease.epoch)
    if not (post.state is PostState.PENDING or (mine and post.state in (PostState.LEAVING, PostState.UNKNOWN))):
        return None
    if state is not PostState.PENDING:
        return replace(post, state=state, sentence=sentence, changed_at=now, next_try_at=None)
    tries = post.tries + (post.state is PostState.PENDING)
    if post.planned_at is not None and now - post.planned_at >= GIVE_UP:
        return replace(post, state=PostState.FAILED, sentence=sentence, changed_at=now, next_try_at=None, tries=tries)
    pause = max(timedelta(seconds=pause_s), min(LONGEST_PAUSE, timedelta(seconds=2.0 ** min(tries, 10))))
    return replace(
        post, state=state, sentence=sentence, changed_at=now, next_try_at=now + pause, tries=tries, lease="", holder=""
    )


def expired(rows: Mapping[str, Post], leases: Iterable[Lease], own: Lease, now: datetime) -> dict[str, Post | None]:
    """Messages that were leaving when their holder died: nobody knows whether they arrived. `now` in real time."""
    alive = {(each.name, each.holder, each.epoch) for each in leases if each.until > now}
    alive.add((own.name, own.holder, own.epoch))
    told = "The console stopped while this was being told; it may have arrived."
    return {
        key: replace(post, state=PostState.UNKNOWN, sentence=told, changed_at=now)
        for key, post in rows.items()
        if post.state is PostState.LEAVING and (post.lease, post.holder, post.epoch) not in alive
    }


def by_news(rows: Mapping[str, Post], news: Iterable[DeliveryEvent], now: datetime) -> dict[str, Post | None]:
    """What a mail sender's news say: one whose answer was lost arrived after all, one that was accepted came back."""
    by_id = {post.id: post for post in rows.values() if post.way == MAIL}
    changes: dict[str, Post | None] = {}
    for each in news:
        parts = each.key.split("#")
        post = by_id.get(parts[2]) if len(parts) == 4 and parts[1] == NEWS_KEY else None
        if post is None:
            continue
        if each.kind in ("bounce", "reject", "rendering_failure"):
            told = "The mail came back: correct the address."
            changes[post.key] = replace(post, state=PostState.FAILED, sentence=told, changed_at=now)
        elif post.state in (PostState.UNKNOWN, PostState.LEAVING) and post.key not in changes:
            changes[post.key] = replace(post, state=PostState.SENT, sentence="", changed_at=now)
    return changes


# ------------------------------------------------------------------------------------------------------- the words


def notice_of(post: Post, event: Event, base: str, *, mark: str = "") -> Notice:
    """The message as people read it. `base`: the console's address; `mark` goes before the title (rehearsal)."""
    alarm = post.alarm
    level = "green" if post.is_over else alarm.level
    title = f"{mark}{event.name}: {'over: ' if post.is_over else ''}{alarm.title}"
    lines = [alarm.sentence]
    if post.is_over:
        lines = [f"It was so from {_at(alarm.since, event)} to {_at(alarm.cleared_at, event)}. Nothing is to be done."]
    else:
        lines += [f"What to do: {alarm.fix} It stands at {alarm.where}.", f"Since {_at(alarm.since, event)}."]
    link = f"{base.rstrip('/')}/{ADDRESSES.get(alarm.page, 'event')}?event={event.id}"
    return Notice(post.id, level, title, tuple(lines), link)


def _at(at: datetime | None, event: Event) -> str:
    return f"{at.astimezone(ZoneInfo(event.zone)):%a %d %b %Y, %H:%M} ({event.zone})" if at else "an unknown time"


def nameless(notice: Notice, event: Event, people: Sequence[Attendee]) -> Notice:
    """The notice, unless something in it names a racer by address, name or racer name (a race can be called after
    somebody): then only where to look. A second lock: no alarm is written with a name in it."""
    text = " ".join((notice.title, *notice.lines)).casefold()
    if not any(_is_in(text, _words(person)) for person in people):
        return notice
    told = "What it says stands in the console alone, because a racer is named in it: open it there."
    return replace(notice, title="An alarm of the console", lines=(told,))


def _words(person: Attendee) -> tuple[str, ...]:
    names = (person.email, person.name, person.alias)
    return tuple(each for each in (name.strip().casefold() for name in names) if len(each) >= 4)


def _is_in(text: str, words: Iterable[str]) -> bool:
    return any(word in text and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) for word in words)
