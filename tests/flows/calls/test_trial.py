"""A trial says of each way whether it was taken, is sent once, and is not repeated by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.errors import BadInput, Refused, Unreachable
from deepracer_admin.flows.calls import caller
from deepracer_admin.flows.calls.caller import Caller
from deepracer_admin.flows.calls.trial import TrialHandler
from deepracer_admin.model import Event, Job, JobState
from deepracer_admin.records.calls import CALL_LIST, POSTS, CallList
from deepracer_admin.rules.calls import PostState
from tests.flows.calls.test_caller import LONG_S, Ground, Hanging, clock, console, event, ground

__all__ = ["clock", "console", "event", "ground"]


def job_of(event: Event, number: int = 1) -> Job:
    created = event.created_at
    return Job(
        f"job-{number}", event.id, "alarm.try", event.id, JobState.RUNNING, created_by_name="Olivia", created_at=created
    )


def test_it_reaches_every_way_once_and_is_never_over(ground: Ground) -> None:
    job = job_of(ground.event)
    for _ in range(2):
        said = TrialHandler().work(ground.ports, job, ground.lease)
    assert said == "Microsoft Teams took it. 1 mail was accepted by the sender."
    [notice], [mail] = ground.outside.notices, ground.outside.mails
    assert notice.title == mail.subject == "[REHEARSAL] Autumn Cup: A trial of the alarms"
    assert notice.link.endswith("/setup?event=ev-1")
    for _ in range(3):
        Caller(ground.ports).run(ground.event, ground.lease)
    assert len(ground.console.store.rows(ground.event.id, POSTS)) == 2
    TrialHandler().work(ground.ports, job_of(ground.event, 2), ground.lease)
    assert len(ground.outside.notices) == 2


def test_a_way_that_does_not_work_is_said_and_not_tried_on(ground: Ground) -> None:
    ground.outside.trouble = [("early", Unreachable("Nobody answers there."))]
    with pytest.raises(Refused, match=r"1 mail was accepted by the sender\. Nobody answers there\."):
        TrialHandler().work(ground.ports, job_of(ground.event), ground.lease)
    assert [post.state for post in ground.posts()] == [PostState.FAILED]
    assert ground.look() == 0


def test_without_anybody_to_tell_it_says_so(ground: Ground, console: Console) -> None:
    console.store.update(ground.event.id, CALL_LIST, lambda _: CallList())
    with pytest.raises(BadInput, match="Nobody is told"):
        TrialHandler().work(replace(ground.ports, chat=None), job_of(ground.event), ground.lease)


def test_a_chat_that_hangs_holds_up_neither_mail_nor_other_jobs(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, handler, job = Hanging(), TrialHandler(), job_of(ground.event)
    ports = replace(ground.ports, chat=lambda: chat)
    monkeypatch.setattr(caller, "PATIENCE_S", 0.0)
    assert handler.work(ports, job, ground.lease) is None
    assert chat.has_it.wait(LONG_S)
    assert handler.work(ports, job, ground.lease) is None
    assert (len(chat.notices), len(ground.outside.mails)) == (1, 1)
    chat.goes_on.set()
    monkeypatch.setattr(caller, "PATIENCE_S", LONG_S)
    assert handler.work(ports, job, ground.lease) == "Microsoft Teams took it. 1 mail was accepted by the sender."
    assert (len(chat.notices), len(ground.outside.mails)) == (1, 1)
