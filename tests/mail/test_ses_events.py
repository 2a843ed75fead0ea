"""Delivery events out of SQS, in each of the three envelopes."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.errors import AccessDenied
from deepracer_admin.mail.ses import Ses
from deepracer_admin.mail.ses_events import read_event
from deepracer_admin.mail.ses_tags import as_tags
from tests.mail.conftest import Script, a_message

ACCESS = AwsAccess(access_key_id="testing", secret_access_key="testing")


def an_event(kind: str, part: dict[str, Any], n: int = 1) -> dict[str, Any]:
    tags = {tag["Name"]: [tag["Value"]] for tag in as_tags(a_message(n))}
    name = {"DeliveryDelay": "deliveryDelay", "Rendering Failure": "failure"}.get(kind, kind.lower())
    mail = {"messageId": f"id-{n}", "timestamp": "2026-11-20T08:00:00.000Z", "tags": tags}
    return {"eventType": kind, "mail": mail, name: part}


@pytest.fixture
def queue() -> Iterator[tuple[Any, str]]:
    with mock_aws():
        sqs = boto3.client("sqs", "us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing")
        yield sqs, sqs.create_queue(QueueName="race-mail")["QueueUrl"]


@pytest.mark.parametrize(
    ("kind", "part", "expected", "detail"),
    [
        ("Send", {}, "send", ""),
        ("Delivery", {"timestamp": "2026-11-20T08:00:05.000Z"}, "delivery", ""),
        (
            "Bounce",
            {"bounceType": "Permanent", "bounceSubType": "General", "timestamp": "2026-11-20T08:00:05.000Z"},
            "bounce",
            "Permanent/General",
        ),
        ("Complaint", {"complaintFeedbackType": "abuse"}, "complaint", "abuse"),
        ("Reject", {"reason": "Bad content"}, "reject", "Bad content"),
        (
            "Rendering Failure",
            {"errorMessage": "Attribute 'x' is missing"},
            "rendering_failure",
            "Attribute 'x' is missing",
        ),
        ("DeliveryDelay", {"delayType": "MailboxFull"}, "delay", "MailboxFull"),
    ],
)
def test_each_kind_of_event_is_read_with_our_key(kind: str, part: dict, expected: str, detail: str) -> None:
    event = read_event(json.dumps(an_event(kind, part)))
    assert event is not None
    assert (event.kind, event.message_id, event.key, event.detail) == (expected, "id-1", "ev1#att1#access#1", detail)
    assert event.at == datetime(2026, 11, 20, 8, 0, 5 if "timestamp" in part else 0, tzinfo=UTC)


def test_the_envelopes_of_sns_and_eventbridge_are_opened() -> None:
    event = an_event("Delivery", {})
    plain = read_event(json.dumps(event))
    assert read_event(json.dumps({"Type": "Notification", "Message": json.dumps(event)})) == plain
    assert read_event(json.dumps({"detail-type": "Email Delivered", "detail": event})) == plain


@pytest.mark.parametrize("body", ["", "hello", "[]", "{}", '{"Message": "hi"}', '{"eventType": "Open", "mail": {}}'])
def test_anything_else_is_no_event(body: str) -> None:
    assert read_event(body) is None


def test_a_mail_that_is_none_of_ours_has_no_key() -> None:
    event = an_event("Delivery", {})
    event["mail"]["tags"] = {"key": ["%%%"]}
    foreign = read_event(json.dumps(event))
    assert foreign is not None
    assert foreign.key == ""


def test_events_are_only_forgotten_once_they_are_settled(queue: tuple[Any, str]) -> None:
    sqs, url = queue
    for n in range(23):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(an_event("Delivery", {}, n)))
    sqs.send_message(QueueUrl=url, MessageBody="a test notification")
    ses = Ses(ACCESS, events_queue_url=url)
    assert sorted(e.message_id for e in ses.events()) == sorted(f"id-{n}" for n in range(23))
    assert waiting(sqs, url) == 24
    ses.settle_events()
    assert waiting(sqs, url) == 0
    ses.settle_events()
    assert ses.events() == []
    ses.close()


def test_without_a_queue_there_are_no_events() -> None:
    ses = Ses(ACCESS)
    ses.settle_events()
    assert ses.events() == []
    ses.close()


def test_a_queue_that_may_not_be_read_names_the_policy(script: Script) -> None:
    ses = Ses(script.access, events_queue_url=f"{script.url}/123456789012/race-mail")
    script.says(403, {"__type": "com.amazonaws.sqs#AccessDeniedException", "message": "no"})
    with pytest.raises(AccessDenied, match=r"sqs:ReceiveMessage.*events-sqs\.json"):
        ses.events()
    ses.close()


def waiting(sqs: Any, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)
