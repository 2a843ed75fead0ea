"""Every mail ends, and whatever waits says for what: a sender that refuses, a sandbox, a quota for weeks, a cancel."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from deepracer_admin.errors import AccessDenied
from deepracer_admin.flows.mail.campaigns import CampaignReconciler
from deepracer_admin.model import Message, Receipt, SenderLimits, Sending, State, Step
from deepracer_admin.records.campaigns import CampaignState
from deepracer_admin.worker.open_work import QUIET, has_open_work
from tests.flows.conftest import ORGANIZER, Stage
from tests.flows.mail.mailers import PlayedMailer
from tests.flows.mail.test_campaigns import PROVEN, counts, played, prove, row, start_access


class SandboxMailer(PlayedMailer):
    """Takes mail to verified addresses alone, while it is in the sandbox."""

    def __init__(self, *verified: str) -> None:
        super().__init__(limits=SenderLimits(1000.0, -1, 0, sandbox=True))
        self.verified = {*verified}

    def send(self, message: Message) -> Receipt:
        if self.given.sandbox and message.to not in self.verified:
            raise AccessDenied("This address is not verified.", code="MessageRejected")
        return super().send(message)


def run(stage: Stage, mail: CampaignReconciler, *, rounds: int = 3, pause: float = 5.0) -> None:
    for _ in range(rounds):
        mail.run(stage.event, stage.lease)
        stage.rest(pause)


def reminder(stage: Stage, count: int) -> tuple[str, list[Any]]:
    people = stage.crowd(count)
    prove(stage, *people)
    return stage.console.first.messages.send(ORGANIZER, "reminder", PROVEN).campaign, people


def test_what_a_cancelled_campaign_had_queued_is_left_out_and_says_so(stage: Stage) -> None:
    key, people = reminder(stage, 3)
    stage.worker.mail._plan(stage.event, key, row(stage, key), stage.lease)
    assert counts(stage, key) == {"pending": 3}
    messages = stage.console.first.messages
    messages.control(ORGANIZER, key, "cancelled")
    run(stage, stage.worker.mail)
    assert counts(stage, key) == {"skipped": 3}
    assert {entry.sentence for entry in stage.store.deliveries(stage.event.id)} == {
        "The campaign was cancelled before this mail went."
    }
    reached, had = messages.reach(ORGANIZER, "reminder", PROVEN)
    assert (len(reached), had) == (len(people), 0), "a mail that never went stands against no other"


def test_an_access_mail_that_was_cancelled_shows_on_the_person(stage: Stage) -> None:
    (person,) = start_access(stage, 1)
    stage.worker.mail._plan(stage.event, "access", row(stage), stage.lease)
    stage.console.first.messages.control(ORGANIZER, "access", "cancelled")
    run(stage, stage.worker.mail)
    found = stage.step(person, Step.MAIL)
    assert (found.state, found.reason) == (State.REFUSED, "cancelled")


def test_a_campaign_of_which_nothing_can_be_sent_for_two_days_stops_and_can_be_resumed(stage: Stage) -> None:
    key, _ = reminder(stage, 2)
    mailer = PlayedMailer(limits=SenderLimits(10.0, -1, 0, sandbox=False, enabled=False))
    mail = played(stage, mailer)
    run(stage, mail)
    assert (row(stage, key).state, row(stage, key).sentence[:29]) == (
        CampaignState.RUNNING,
        "The sender has paused sending",
    )
    stage.clock.advance(timedelta(days=1).total_seconds())
    run(stage, mail)
    assert row(stage, key).state is CampaignState.RUNNING
    stage.clock.advance(timedelta(days=1, minutes=5).total_seconds())
    run(stage, mail)
    assert row(stage, key).state is CampaignState.STOPPED
    assert row(stage, key).sentence.startswith(
        "Nothing could be sent for two days, so it has stopped: resume or cancel"
    )
    mailer.given = SenderLimits(10.0, -1, 0, sandbox=False)
    stage.console.first.messages.control(ORGANIZER, key, "running")
    run(stage, mail, rounds=6)
    mail.close()
    assert (row(stage, key).state, counts(stage, key)) == (CampaignState.DONE, {"sent": 2})


def test_in_the_sandbox_only_the_unverified_wait(stage: Stage) -> None:
    key, people = reminder(stage, 4)
    mailer = SandboxMailer(people[1].email, people[3].email)
    mail = played(stage, mailer)
    run(stage, mail)
    assert counts(stage, key) == {"sent": 2, "pending": 2}
    assert row(stage, key).state is CampaignState.RUNNING
    assert row(stage, key).sentence == "2 mails wait. This address is not verified."
    mailer.given = SenderLimits(1000.0, -1, 0, sandbox=False)
    stage.clock.advance(timedelta(hours=1, minutes=5).total_seconds())
    run(stage, mail)
    mail.close()
    assert (row(stage, key).state, counts(stage, key)) == (CampaignState.DONE, {"sent": 4})


@pytest.mark.parametrize(
    ("per_day", "waiting", "said"),
    [
        (5, 3, "leaves 0 now; 3 go tomorrow by themselves."),
        (5, 1, "leaves 0 now; 1 goes tomorrow by itself."),
        (5, 11, "leaves 0 now; 11 go by themselves within about 3 days, the last of them after the event has ended."),
        (0, 2, "leaves 0 now; 2 wait for the sender's administrator to raise it."),
    ],
)
def test_a_quota_of_the_day_says_how_many_days_it_takes(stage: Stage, per_day: int, waiting: int, said: str) -> None:
    key, _ = reminder(stage, waiting)
    mail = played(stage, PlayedMailer(limits=SenderLimits(10.0, per_day, per_day, sandbox=False)))
    run(stage, mail, rounds=1)
    mail.close()
    assert said in row(stage, key).sentence


def test_a_mail_that_was_asked_for_and_is_refused_says_so_on_the_person(stage: Stage) -> None:
    """It is tried once, not again and again in silence."""
    (person,) = start_access(stage, 1)
    run(stage, stage.worker.mail)
    stage.console.first.messages.resend_one(ORGANIZER, person.id)
    mailer = PlayedMailer(AccessDenied("The mail server does not let us send."))
    mail = played(stage, mailer)
    run(stage, mail, rounds=5)
    mail.close()
    assert len(mailer.sent) == 1
    (entry,) = stage.store.deliveries(stage.event.id, campaign="resend")
    assert (entry.state, entry.sentence) == (Sending.FAILED, "The mail server does not let us send.")
    stage.console.first.messages.resend_one(ORGANIZER, person.id)


def test_a_mail_that_was_asked_for_waits_two_days_at_most_and_says_for_what(stage: Stage) -> None:
    (person,) = start_access(stage, 1)
    run(stage, stage.worker.mail)
    stage.console.first.messages.resend_one(ORGANIZER, person.id)
    mail = played(stage, PlayedMailer(limits=SenderLimits(10.0, -1, 0, sandbox=False, enabled=False)))
    run(stage, mail)
    (entry,) = stage.store.deliveries(stage.event.id, campaign="resend")
    assert (entry.state, entry.sentence[:29]) == (Sending.PENDING, "The sender has paused sending")
    stage.clock.advance(timedelta(days=2, minutes=5).total_seconds())
    run(stage, mail)
    mail.close()
    (entry,) = stage.store.deliveries(stage.event.id, campaign="resend")
    assert entry.state is Sending.FAILED


def test_an_event_with_mail_to_go_is_served_however_long_it_is_over(stage: Stage) -> None:
    key, _ = reminder(stage, 1)
    long_after = stage.event.ends_at + QUIET + timedelta(days=30)
    assert has_open_work(stage.store, stage.event, "another", long_after)
    stage.console.first.messages.control(ORGANIZER, key, "cancelled")
    assert not has_open_work(stage.store, stage.event, "another", long_after)


def test_a_claim_that_was_left_behind_is_looked_after_however_long_the_event_is_over(stage: Stage) -> None:
    (person,) = stage.crowd(1)
    long_after = stage.event.ends_at + QUIET + timedelta(days=30)
    stage.store.plan_deliveries(stage.event.id, [(person.id, "access", 1)], campaign="access", lease=None)
    assert not has_open_work(stage.store, stage.event, "another", long_after)
    stage.store.claim_deliveries(stage.event.id, "access", 1, lease=stage.lease, now=stage.clock.now())
    assert has_open_work(stage.store, stage.event, "another", long_after)
    late = replace(stage.lease, epoch=stage.lease.epoch)
    stage.worker.lead.stop()
    stage.worker.lead.beat()
    assert stage.lease.epoch > late.epoch
    run(stage, stage.worker.mail)
    assert not has_open_work(stage.store, stage.event, "another", long_after)
