"""The SES adapter against the practice SES: signed requests over HTTP, and what really arrived."""

from collections.abc import Iterator

import pytest

from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.edge.reach import Reach
from deepracer_admin.errors import AccessDenied, CredentialsExpired, LostAnswer, ServiceError, Throttled
from deepracer_admin.mail.ses import Ses
from tests.mail.conftest import a_message
from tests.practice import WorldHandle


def access(practice: WorldHandle, url: str = "ses_url", **changes: str) -> AwsAccess:
    aws = practice.endpoints["aws"]
    keys = {"access_key_id": aws["access_key_id"], "secret_access_key": aws["secret_access_key"]} | changes
    return AwsAccess(region=aws["region"], endpoint_url=aws[url], **keys, reach=Reach.PRACTICE)


@pytest.fixture
def ses(practice: WorldHandle) -> Iterator[Ses]:
    mailer = Ses(
        access(practice),
        configuration_set=practice.endpoints["mail"]["configuration_set"],
        events_queue_url=practice.endpoints["aws"]["mail_events_queue_url"],
        queue_access=access(practice, "sqs_url"),
    )
    yield mailer
    mailer.close()


def test_a_rehearsal_names_itself(ses: Ses) -> None:
    assert ses.practice_world is True


def test_what_was_sent_is_what_arrived(ses: Ses, practice: WorldHandle) -> None:
    message = a_message()
    receipt = ses.send(message)
    (mail,) = practice.outbox()
    assert (mail["message_id"], mail["to"], mail["subject"]) == (receipt.message_id, message.to, message.subject)
    assert (mail["text"], mail["html"]) == (message.text, message.html)
    assert mail["tags"]["template"] == "access"


@pytest.mark.parametrize("fault", ["lost_answer", "drop", "error_5xx"])
def test_whatever_happens_on_the_way_nobody_is_mailed_twice(ses: Ses, practice: WorldHandle, fault: str) -> None:
    practice.arm("ses", fault, operation="SendEmail", count=1)
    with pytest.raises(LostAnswer):
        ses.send(a_message())
    assert practice.counters()["by_operation"]["ses.SendEmail"] == 1
    assert len(practice.outbox()) == (1 if fault == "lost_answer" else 0)


def test_a_lost_answer_is_resolved_by_its_event(ses: Ses, practice: WorldHandle) -> None:
    practice.arm("ses", "lost_answer", operation="SendEmail", count=1)
    with pytest.raises(LostAnswer):
        ses.send(a_message(1))
    practice.advance(600)
    events = ses.events()
    assert [(e.kind, e.key) for e in events] == [("send", a_message(1).key), ("delivery", a_message(1).key)]
    assert {e.message_id for e in events} == {practice.outbox()[0]["message_id"]}
    ses.settle_events()
    practice.advance(600)
    assert ses.events() == []


def test_a_bounce_is_told_and_held_back_from_then_on(ses: Ses, practice: WorldHandle) -> None:
    ses.send(a_message(to="bounce.bea@example.com"))
    practice.advance(600)
    kinds = {e.kind: e.detail for e in ses.events()}
    assert kinds["bounce"].startswith("Permanent")
    everybody = ["bounce.bea@example.com", *(f"racer{n}@example.com" for n in range(30))]
    for some in (everybody[:3], everybody):
        assert list(ses.suppressed(some)) == ["bounce.bea@example.com"]
    asked = practice.counters()["by_operation"]
    assert (asked["ses.GetSuppressedDestination"], asked["ses.ListSuppressedDestinations"]) == (3, 1)


def test_the_account_is_read_as_it_is(ses: Ses, practice: WorldHandle) -> None:
    ses.send(a_message())
    limits = ses.limits()
    assert (limits.per_second, limits.per_day, limits.used_today) == (14.0, 50_000, 1)
    assert (limits.sandbox, limits.enabled) == (False, True)


@pytest.mark.parametrize(
    ("fault", "params", "expected", "sentence"),
    [
        ("sandbox", {}, AccessDenied, "production access"),
        ("quota", {"max_24h": 0}, Throttled, "quota is used up"),
        ("paused", {}, AccessDenied, "resume it"),
        ("suspended", {}, AccessDenied, "AWS Support"),
        ("throttle", {}, Throttled, "pause"),
    ],
)
def test_the_account_says_no_in_many_ways_and_nothing_is_sent(
    ses: Ses, practice: WorldHandle, fault: str, params: dict, expected: type[ServiceError], sentence: str
) -> None:
    practice.arm("ses", fault, params=params)
    with pytest.raises(expected, match=sentence):
        ses.send(a_message())
    assert practice.outbox() == []


def test_the_check_turns_red_for_each_thing_that_is_wrong(ses: Ses, practice: WorldHandle) -> None:
    def reds(sender: str) -> set[str]:
        return {f.key for f in ses.check(sender) if f.level == "red"}

    good = practice.endpoints["mail"]["from"]
    assert {f.level for f in ses.check(good)} == {"green"}
    assert reds("stranger@example.net") == {"mail.identity"}
    practice.arm("ses", "sandbox")
    assert reds(good) == {"mail.sandbox"}
    practice.disarm()
    practice.arm("ses", "paused")
    assert reds(good) == {"mail.sending"}


def test_wrong_keys_are_told_as_what_they_are(practice: WorldHandle) -> None:
    for keys in ({"access_key_id": "AKIAUNKNOWNUNKNOWN00"}, {"secret_access_key": "wrong"}):
        ses = Ses(access(practice, **keys))
        with pytest.raises(CredentialsExpired, match="aws sso login"):
            ses.send(a_message())
        ses.close()
    assert practice.outbox() == []


def test_a_sender_that_is_not_verified_stops_the_campaign(ses: Ses, practice: WorldHandle) -> None:
    with pytest.raises(AccessDenied, match="verify the sender"):
        ses.send(a_message(sender="stranger@example.net"))
    assert practice.outbox() == []


def test_an_unknown_configuration_set_stops_the_campaign(practice: WorldHandle) -> None:
    ses = Ses(access(practice), configuration_set="missing")
    with pytest.raises(AccessDenied, match="'missing'"):
        ses.send(a_message())
    ses.close()
