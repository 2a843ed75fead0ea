"""From a template and a person to the mail."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deepracer_admin.errors import BadInput, Missing
from deepracer_admin.flows.letters import mail_key
from deepracer_admin.model import UNLIMITED, Delivery, DeliveryEvent, Outcome, Quota, Sending, State, Step
from tests.flows.conftest import Stage


def written(stage: Stage, language: str = "en", **changes: object) -> str:
    person = replace(stage.crowd(1)[0], **changes)  # type: ignore[arg-type]
    stage.store.save_attendees(stage.event.id, [person])
    letters = stage.ports.letters
    return letters.render(stage.event, letters.template(stage.event, "access", language), person).text


def test_a_mail_carries_the_person_s_own_values(stage: Stage) -> None:
    text = written(stage, name="Ada Berg", quota=Quota(90, 2))
    for words in ("Hello Ada Berg", "racer.no0@example.com", "1.5 hours", "2 models", "https://racing.example.com"):
        assert words in text
    assert "Europe/Rome" in text


def test_unlimited_reads_as_a_word_in_each_language(stage: Stage) -> None:
    assert "unlimited hours" in written(stage, quota=Quota(UNLIMITED, UNLIMITED))
    person = stage.store.attendees(stage.event.id)[0]
    letters = stage.ports.letters
    italian = letters.render(stage.event, letters.template(stage.event, "access", "it"), person)
    assert "ore illimitate" in italian.text


def test_a_language_without_a_text_gets_the_english_one_and_an_unknown_mail_is_refused(stage: Stage) -> None:
    assert stage.ports.letters.template(stage.event, "access", "fi").language == "en"
    with pytest.raises(Missing, match="no mail template called"):
        stage.ports.letters.template(stage.event, "nothing", "en")


def test_a_missing_value_names_the_person(stage: Stage) -> None:
    with pytest.raises(BadInput, match=r"The mail for Ada Berg cannot be written: there is no value for \{alias\}"):
        written(stage, name="Ada Berg", alias="")


def test_a_mail_without_sender_is_stopped(stage: Stage) -> None:
    (person,) = stage.crowd(1)
    letters = stage.ports.letters
    letters.sender = ""
    with pytest.raises(BadInput, match="no From address"):
        letters.writer(stage.event).letter(Delivery(person.id, "access", 1, Sending.CLAIMED))


def test_the_mail_of_somebody_who_is_gone_is_not_written(stage: Stage) -> None:
    assert stage.ports.letters.writer(stage.event).letter(Delivery("at-gone", "access", 1, Sending.CLAIMED)) is None


def test_the_key_that_travels_finds_its_ledger_row(stage: Stage) -> None:
    (person,) = stage.crowd(1)
    store, event, now = stage.store, stage.event, stage.console.clock.now()
    store.plan_deliveries(event.id, [(person.id, "access", 1)], campaign="c", lease=None)
    (row,) = store.claim_deliveries(event.id, "c", 1, lease=stage.lease, now=now)
    store.settle_deliveries(event.id, [replace(row, state=Sending.UNKNOWN)], lease=stage.lease, now=now)
    told = DeliveryEvent("send", "m-1", mail_key(event.id, row), now)
    assert store.apply_delivery_events(event.id, [told], now=now) == 1
    assert store.deliveries(event.id)[0].state is Sending.SENT


def test_audiences_follow_the_steps(stage: Stage) -> None:
    people = stage.crowd(5)
    reached = [Step.ACCESS, Step.MAIL, Step.SIGNED_IN, Step.TRAINED]
    for count, step in zip((4, 3, 2, 1), reached, strict=True):
        rows = [Outcome(person.id, step, State.DONE) for person in people[:count]]
        stage.store.record(stage.event.id, rows, lease=None, now=stage.console.clock.now())

    def audience(kind: str) -> list[str]:
        return [person.id for person in stage.ports.letters.audience(stage.event, kind)]

    assert audience("all") == ["at-0", "at-1", "at-2", "at-3", "at-4"]
    assert audience("proven") == ["at-0", "at-1", "at-2", "at-3"]
    assert audience("not_mailed") == ["at-3"]
    assert audience("not_signed_in") == ["at-2"]
    assert audience("not_trained") == ["at-1", "at-2"]
    assert audience("not_submitted") == ["at-0"]
    with pytest.raises(BadInput, match="Audience"):
        audience("friends")
