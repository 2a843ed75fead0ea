"""Whatever ends a slice of mail, nobody is stranded between claim and record, and nobody is written to twice."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from deepracer_admin.errors import StoreError
from deepracer_admin.flows.letters import LetterWriter
from deepracer_admin.flows.mail.campaigns import CampaignReconciler, ensure_access_campaign
from deepracer_admin.model import Lease, Sending
from deepracer_admin.records.onboarding import ONBOARDING, Onboarding, Run
from deepracer_admin.worker import EventRuntime
from tests.flows.conftest import Stage
from tests.flows.mail.mailers import PATIENCE_S, GatedMailer, PlayedMailer
from tests.flows.mail.test_campaigns import counts, prove

PEOPLE = 40


@pytest.fixture
def running(stage: Stage) -> Stage:
    """Forty people whose access is proven, and their campaign under way; no worker is at it yet."""
    prove(stage, *stage.crowd(PEOPLE))
    stage.store.update(stage.event.id, ONBOARDING, lambda _: Onboarding(Run.RUNNING))
    ensure_access_campaign(stage.ports, stage.event, stage.lease)
    stage.worker.lead.stop()
    return stage


def runtime(stage: Stage, mailer: PlayedMailer) -> EventRuntime:
    """The event's worker, of whose duties only the mail goes on."""
    made = EventRuntime(stage.console, stage.event, holder="test")
    made.mail = CampaignReconciler(
        replace(stage.ports, mailer=lambda: mailer),  # type: ignore[arg-type, return-value]
        keep_on=lambda: not made.threads.stopping.is_set(),
    )
    made.threads.duties = tuple(duty for duty in made.threads.duties if duty.name == "mail")
    return made


def go_on_until_all_have_it(stage: Stage, mailer: PlayedMailer) -> None:
    anew = runtime(stage, mailer)
    anew.start()
    try:
        settled = threading.Event()
        for _ in range(3000):
            if counts(stage) == {"sent": PEOPLE}:
                break
            settled.wait(0.1)
    finally:
        anew.stop()
    assert counts(stage) == {"sent": PEOPLE}


def mails_of(*mailers: PlayedMailer) -> Counter[str]:
    return Counter(message.to for mailer in mailers for message in mailer.sent)


def test_a_worker_that_is_stopped_in_the_middle_leaves_nobody_behind(running: Stage) -> None:
    mailer = GatedMailer(shut_after=10)
    first = runtime(running, mailer)
    first.start()
    mailer.wait_until_full()
    stopping = threading.Thread(target=first.stop)
    stopping.start()
    assert first.threads.stopping.wait(PATIENCE_S)
    mailer.gate.set()
    stopping.join(PATIENCE_S)
    left = counts(running)
    assert left["sent"] == len(mailer.sent)
    assert left == {"sent": left["sent"], "pending": PEOPLE - left["sent"]}
    go_on_until_all_have_it(running, mailer)
    assert mails_of(mailer) == Counter({person.email: 1 for person in running.store.attendees(running.event.id)})


def test_a_worker_that_loses_its_lease_in_the_middle_leaves_nobody_behind(running: Stage) -> None:
    """Another takes over while mails are in flight: what was sent is told late, what was not goes once."""
    mailer, clock = GatedMailer(shut_after=10), running.console.clock
    first = runtime(running, mailer)
    first.start()
    mailer.wait_until_full()
    lost = first.lead.lease
    running.store.release(lost)
    taken = running.store.acquire(lost.name, "another", ttl_s=3600, now=clock.now())
    assert isinstance(taken, Lease)
    assert running.store.expire_claims(running.event.id, lease=taken, now=clock.now()) == mailer.in_flight
    mailer.gate.set()
    first.stop()
    left = counts(running)
    assert left == {"sent": len(mailer.sent), "pending": PEOPLE - len(mailer.sent)}
    running.store.release(taken)
    go_on_until_all_have_it(running, mailer)
    assert mails_of(mailer) == Counter({person.email: 1 for person in running.store.attendees(running.event.id)})


def fails_once(error: Exception, real: Callable[..., Any], *, after: int = 0) -> Callable[..., Any]:
    calls = [0]

    def call(*given: Any, **named: Any) -> Any:
        calls[0] += 1
        if calls[0] == after + 1:
            raise error
        return real(*given, **named)

    return call


def test_a_letter_that_breaks_unforeseen_gives_back_what_was_claimed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    prove(stage, *stage.crowd(6))
    stage.store.update(stage.event.id, ONBOARDING, lambda _: Onboarding(Run.RUNNING))
    ensure_access_campaign(stage.ports, stage.event, stage.lease)
    mailer = PlayedMailer()
    mail = CampaignReconciler(replace(stage.ports, mailer=lambda: mailer))  # type: ignore[arg-type, return-value]
    monkeypatch.setattr(LetterWriter, "letter", fails_once(ZeroDivisionError(), LetterWriter.letter, after=2))
    with pytest.raises(ZeroDivisionError):
        mail.run(stage.event, stage.lease)
    assert set(counts(stage)) <= {"sent", "pending"}
    for _ in range(20):
        mail.run(stage.event, stage.lease)
    mail.close()
    assert counts(stage) == {"sent": 6}
    assert max(mails_of(mailer).values()) == 1


def test_what_a_full_disk_kept_from_being_written_is_written_later(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    prove(stage, *stage.crowd(4))
    stage.store.update(stage.event.id, ONBOARDING, lambda _: Onboarding(Run.RUNNING))
    ensure_access_campaign(stage.ports, stage.event, stage.lease)
    mailer = PlayedMailer()
    mail = CampaignReconciler(replace(stage.ports, mailer=lambda: mailer))  # type: ignore[arg-type, return-value]
    full = StoreError("The disk is full.")

    def refuse(*_: Any, **__: Any) -> None:
        raise full

    with monkeypatch.context() as patched:
        patched.setattr(stage.store, "settle_deliveries", refuse)
        with pytest.raises(StoreError):
            mail.run(stage.event, stage.lease)
    assert counts(stage)["claimed"] == len(mailer.sent)
    for _ in range(20):
        mail.run(stage.event, stage.lease)
    mail.close()
    assert counts(stage) == {"sent": 4}
    assert max(mails_of(mailer).values()) == 1


def test_a_mail_without_an_answer_is_unknown_and_the_rest_goes_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mailer that never answers holds nobody for ever."""
    prove(stage, *stage.crowd(6))
    stage.store.update(stage.event.id, ONBOARDING, lambda _: Onboarding(Run.RUNNING))
    ensure_access_campaign(stage.ports, stage.event, stage.lease)
    mailer = GatedMailer(shut_after=2)
    mail = CampaignReconciler(replace(stage.ports, mailer=lambda: mailer))  # type: ignore[arg-type, return-value]
    for module in ("claims", "sender"):
        monkeypatch.setattr(f"deepracer_admin.flows.mail.{module}.LONGEST_ANSWER_S", 0.2)
    mail.run(stage.event, stage.lease)
    unknown = stage.store.deliveries(stage.event.id, state=Sending.UNKNOWN)
    assert len(unknown) == 4
    assert all("may have arrived" in row.sentence for row in unknown)
    mailer.gate.set()
    mail.close()
    assert counts(stage) == {"sent": 2, "unknown": 4}
