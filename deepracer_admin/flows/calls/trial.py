"""Job `alarm.try`: one message to everybody who is told of alarms, to see whether it arrives.

It goes the way of an alarm and no other. What if it dies here? The messages are planned once for this job; one that
left and was not answered stays not known, and is not sent again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from deepracer_admin.counted import counted
from deepracer_admin.errors import BadInput, Refused
from deepracer_admin.flows.calls.caller import Caller, targets_of
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Event, Job, Lease
from deepracer_admin.records.calls import POSTS
from deepracer_admin.rules.alarms import INFO, Alarm
from deepracer_admin.rules.calls import CHAT, TRIAL, Post, PostState

__all__ = ["TrialHandler"]


class TrialHandler:
    """Job `alarm.try`. A chat is told beside: a piece of the job waits a moment for it, and the next looks again."""

    def __init__(self) -> None:
        self._callers: dict[str, Caller] = {}  # job -> who tells it, while a chat has not answered

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        event = ports.store.event(job.event)
        if not targets_of(ports, event):
            raise BadInput("Nobody is told of alarms: set a chat's webhook, or name somebody, then try again.")
        self._plan(ports, event, job, lease)
        caller = self._callers.pop(job.id, None) or Caller(ports)
        caller.run(event, lease)
        if caller.is_telling:
            self._callers[job.id] = caller
            return None
        self._give_up(ports, event, job, lease)
        rows = [post for post in ports.store.rows(event.id, POSTS).values() if _is_of(post, job)]
        if any(post.state is PostState.LEAVING for post in rows):
            return None  # the other thread that calls is at it
        said = _said(ports, rows)
        if any(post.state is PostState.FAILED for post in rows):
            raise Refused(said)
        return said

    def _plan(self, ports: Ports, event: Event, job: Job, lease: Lease) -> None:
        alarm = Alarm(
            TRIAL,
            "A trial of the alarms",
            f"{job.created_by_name or 'Somebody'} tries whether alarms arrive here. All is well.",
            "Nothing.",
            "Set up",
            subject=job.id,
            tab="Alarms",
            level=INFO,
            since=job.created_at,
        )
        now = ports.clock.now()
        posts = [Post(alarm, target.way, target.key, planned_at=now) for target in targets_of(ports, event)]
        ports.store.change_rows(
            event.id,
            POSTS,
            lambda rows: {post.key: post for post in posts if not any(_is_of(row, job) for row in rows.values())},
            lease=lease,
        )

    def _give_up(self, ports: Ports, event: Event, job: Job, lease: Lease) -> None:
        """A trial is not tried again by itself: what did not arrive has failed."""
        now = ports.clock.now()

        def change(rows: Mapping[str, Post]) -> dict[str, Post | None]:
            return {
                key: replace(post, state=PostState.FAILED, changed_at=now, next_try_at=None)
                for key, post in rows.items()
                if _is_of(post, job) and post.state is PostState.PENDING
            }

        ports.store.change_rows(event.id, POSTS, change, lease=lease)


def _is_of(post: Post, job: Job) -> bool:
    return post.alarm.kind == TRIAL and post.alarm.subject == job.id


def _said(ports: Ports, rows: list[Post]) -> str:
    """What became of each way, in a sentence each."""
    told: list[str] = []
    for post in rows:
        if post.way == CHAT and ports.chat is not None and post.state is PostState.SENT:
            told.append(f"{ports.chat().name} took it.")
    mails = sum(1 for post in rows if post.way != CHAT and post.state is PostState.SENT)
    if mails:
        told.append(f"{counted(mails, 'mail was', 'mails were')} accepted by the sender.")
    told += dict.fromkeys(post.sentence or "It was not tried." for post in rows if post.state is not PostState.SENT)
    return " ".join(told)
