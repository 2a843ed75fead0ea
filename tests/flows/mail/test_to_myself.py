"""A test goes to whoever asks for it, and shows nobody's data unless a person was named."""

from __future__ import annotations

from tests.flows.conftest import ORGANIZER, Stage


def test_a_test_mail_is_sent_once_and_again_only_when_nothing_left(stage: Stage) -> None:
    stage.world.arm("ses", "throttle", operation="SendEmail", count=1)
    done = stage.finish(stage.console.first.messages.test_to_myself(ORGANIZER, "access"))
    assert done.sentence.startswith("The test mail was accepted")
    assert [(mail["to"], mail["subject"][:6]) for mail in stage.world.outbox()] == [(ORGANIZER.email, "[TEST]")]


def test_a_test_mail_whose_answer_is_lost_is_not_repeated(stage: Stage) -> None:
    stage.world.arm("ses", "lost_answer", operation="SendEmail", count=1)
    done = stage.finish(stage.console.first.messages.test_to_myself(ORGANIZER, "access"))
    assert "its answer was lost" in done.sentence
    assert stage.world.truth()["mails_sent"] == 1


def test_a_test_is_written_about_somebody_who_does_not_exist(stage: Stage) -> None:
    """Also before anybody is on the list, and of nobody's data when somebody is."""
    people = stage.crowd(3)
    stage.finish(stage.console.first.messages.test_to_myself(ORGANIZER, "access"))
    (mail,) = stage.world.outbox()
    shown = mail["subject"] + mail["text"] + mail["html"]
    assert "Ada Example" in shown
    for person in people:
        assert person.email not in shown
        assert person.name not in shown
        assert person.alias not in shown


def test_a_test_with_a_person_s_data_shows_that_person(stage: Stage) -> None:
    first, second = stage.crowd(2)
    stage.finish(stage.console.first.messages.test_to_myself(ORGANIZER, "access", sample=second.id))
    (mail,) = stage.world.outbox()
    assert mail["to"] == ORGANIZER.email
    assert second.email in mail["text"]
    assert first.email not in mail["text"]
