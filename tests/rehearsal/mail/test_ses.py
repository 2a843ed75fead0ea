"""The practice SES and its queue of events, asked by boto3."""

import base64
import json
from collections.abc import Callable
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError

from tests.practice import WorldHandle, start_world, start_world_process
from tests.rehearsal.held_time import pass_real_time

SENDER = "DeepRacer <deepracer@example.com>"
TEMPLATE = {"Subject": "Hello {{name}}", "Text": "Race at {{race.track}}", "Html": "<p>{{name}}</p>"}


def aws_client(endpoints: dict[str, Any], service: str, **credentials: str) -> Any:
    aws = endpoints["aws"]
    return boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=aws["ses_url" if service == "sesv2" else "sqs_url"],
        aws_access_key_id=credentials.get("key", aws["access_key_id"]),
        aws_secret_access_key=credentials.get("secret", aws["secret_access_key"]),
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )


@pytest.fixture
def ses(practice: WorldHandle) -> Any:
    return aws_client(practice.endpoints, "sesv2")


@pytest.fixture
def sqs(practice: WorldHandle) -> Any:
    return aws_client(practice.endpoints, "sqs")


def send(ses: Any, *to: str, **changes: Any) -> str:
    simple = {
        "Subject": {"Data": "Your invitation"},
        "Body": {"Text": {"Data": "Come!"}, "Html": {"Data": "<b>Come!</b>"}},
    }
    request = {
        "FromEmailAddress": SENDER,
        "Destination": {"ToAddresses": list(to)},
        "Content": {"Simple": simple},
        "EmailTags": [{"Name": "template", "Value": "invite"}],
        "ConfigurationSetName": "deepracer-mail",
    }
    return ses.send_email(**{name: value for name, value in (request | changes).items() if value is not None})[
        "MessageId"
    ]


def refused(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def kinds(practice: WorldHandle) -> list[str]:
    return [event["eventType"] for event in practice.control("GET", "events")]


def test_an_accepted_mail_is_in_the_outbox(practice: WorldHandle, ses: Any) -> None:
    message_id = send(ses, "Ada <Ada@example.com>")
    [mail] = practice.outbox()
    assert mail.pop("at")
    assert mail == {
        "seq": 1,
        "message_id": message_id,
        "to": "ada@example.com",
        "subject": "Your invitation",
        "text": "Come!",
        "html": "<b>Come!</b>",
        "tags": {"template": "invite"},
        "from_shown": SENDER,
    }
    assert practice.outbox(after=1) == []
    truth = practice.truth()
    assert (truth["mails_sent"], truth["mails_duplicate"]) == (1, 0)


@pytest.mark.parametrize(
    ("to", "sentence"),
    [
        ("ada", "Missing final '@domain'"),
        ("ada@", "Missing domain"),
        ("ada@bücher.example", "Domain contains control or whitespace"),
        ("ada@example..com", "Domain contains dot-dot"),
        ("ada@exam_ple.com", "Domain contains illegal character"),
        ("jürgen@example.com", "Local address contains control or whitespace"),
        ("ada byron@example.com", "Local address contains control or whitespace"),
        ("mailto:ada@example.com", "Local address contains illegal character"),
        ("Byron, Ada <ada@example.com>", "Illegal address"),
        ("Ada <ada@example.com", "Illegal address"),
    ],
)
def test_an_address_that_ses_cannot_read_is_refused_in_its_words(
    practice: WorldHandle, ses: Any, to: str, sentence: str
) -> None:
    assert refused(lambda: send(ses, to)) == ("BadRequestException", sentence)
    assert refused(lambda: send(ses, "ada@example.com", ReplyToAddresses=[to])) == ("BadRequestException", sentence)
    assert practice.outbox() == []


@pytest.mark.parametrize("name", ["Race, Lisbon", "Team: Lisbon", "lisbon@race", 'The "Cup', "Race\r\nLisbon"])
def test_a_from_name_that_is_not_quoted_is_refused(practice: WorldHandle, ses: Any, name: str) -> None:
    unquoted = f"{name} <deepracer@example.com>"
    assert refused(lambda: send(ses, "ada@example.com", FromEmailAddress=unquoted)) == (
        "BadRequestException",
        "Illegal address",
    )
    assert practice.outbox() == []


@pytest.mark.parametrize(
    "name", ['"Race, Lisbon" ', '"The \\"Cup\\"" ', "Dr. Race (Lisbon) ", "=?utf-8?q?Caf=C3=A9?= ", ""]
)
def test_a_proper_from_name_is_accepted(practice: WorldHandle, ses: Any, name: str) -> None:
    send(ses, "xn--bcher-kva@xn--bcher-kva.example", FromEmailAddress=f"{name}<deepracer@example.com>")
    assert len(practice.outbox()) == 1


def test_a_second_mail_of_the_same_template_counts_as_a_duplicate(practice: WorldHandle, ses: Any) -> None:
    send(ses, "ada@example.com")
    send(ses, "ada@example.com", EmailTags=[{"Name": "template", "Value": "welcome"}])
    assert practice.truth()["mails_duplicate"] == 0
    send(ses, "ADA@example.com")
    assert practice.truth()["mails_duplicate"] == 1


def test_the_account_tells_its_quota_and_what_is_used(practice: WorldHandle, ses: Any) -> None:
    send(ses, "ada@example.com", "bo@example.com")
    account = ses.get_account()
    assert account["ProductionAccessEnabled"] is True
    assert account["SendingEnabled"] is True
    assert account["SendQuota"] == {"Max24HourSend": 50_000.0, "MaxSendRate": 14.0, "SentLast24Hours": 2.0}
    practice.advance(25 * 3600)
    assert ses.get_account()["SendQuota"]["SentLast24Hours"] == 0.0


def test_the_sandbox_knows_only_verified_recipients_one_a_second(practice: WorldHandle, ses: Any) -> None:
    practice.arm("ses", "sandbox")
    account = ses.get_account()
    assert account["ProductionAccessEnabled"] is False
    assert (account["SendQuota"]["Max24HourSend"], account["SendQuota"]["MaxSendRate"]) == (200.0, 1.0)
    code, message = refused(lambda: send(ses, "ada@example.com"))
    assert code == "MessageRejected"
    assert message.endswith("identities failed the check in region US-EAST-1: ada@example.com")
    send(ses, "olivia.organizer@example.com")
    expected = ("TooManyRequestsException", "Maximum sending rate exceeded.")
    assert refused(lambda: send(ses, "olivia.organizer@example.com")) == expected
    assert len(practice.outbox()) == 1


def test_more_than_the_rate_is_refused_and_accepted_later(practice: WorldHandle, ses: Any) -> None:
    practice.arm("ses", "quota", params={"rate": 2})
    send(ses, "a@example.com")
    send(ses, "b@example.com")
    assert refused(lambda: send(ses, "c@example.com"))[0] == "TooManyRequestsException"
    pass_real_time(practice, 0.5)
    send(ses, "c@example.com")
    assert refused(lambda: send(ses, "d@example.com"))[0] == "TooManyRequestsException"
    assert [mail["to"] for mail in practice.outbox()] == ["a@example.com", "b@example.com", "c@example.com"]


def test_the_quota_of_the_day_holds_until_tomorrow(practice: WorldHandle, ses: Any) -> None:
    practice.arm("ses", "quota", params={"max_24h": 1})
    send(ses, "a@example.com")
    assert refused(lambda: send(ses, "b@example.com")) == ("LimitExceededException", "Daily message quota exceeded.")
    practice.advance(24 * 3600 + 1)
    assert send(ses, "b@example.com")


@pytest.mark.parametrize(
    ("fault", "code"), [("paused", "SendingPausedException"), ("suspended", "AccountSuspendedException")]
)
def test_a_stopped_account_sends_nothing(practice: WorldHandle, ses: Any, fault: str, code: str) -> None:
    practice.arm("ses", fault)
    assert refused(lambda: send(ses, "ada@example.com"))[0] == code
    assert ses.get_account()["SendingEnabled"] is False
    assert practice.outbox() == []


def test_a_lost_answer_was_a_sent_mail_and_a_dropped_request_was_not(practice: WorldHandle, ses: Any) -> None:
    practice.arm("ses", "lost_answer", operation="SendEmail", count=1)
    with pytest.raises(HTTPClientError):
        send(ses, "ada@example.com")
    assert practice.truth()["mails_sent"] == 1
    practice.arm("ses", "drop", operation="SendEmail", count=1)
    with pytest.raises(HTTPClientError):
        send(ses, "bo@example.com")
    assert practice.truth()["mails_sent"] == 1


def test_generic_faults_speak_as_ses_does(practice: WorldHandle, ses: Any) -> None:
    practice.arm("ses", "throttle", count=1)
    assert refused(lambda: send(ses, "ada@example.com"))[0] == "TooManyRequestsException"
    practice.arm("ses", "error_5xx", count=1)
    assert refused(lambda: send(ses, "ada@example.com"))[0] == "InternalFailure"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"FromEmailAddress": "stranger@example.com"}, "MessageRejected"),
        ({"ConfigurationSetName": "missing"}, "NotFoundException"),
        ({"Content": {"Simple": {"Subject": {"Data": "s"}, "Body": {}}}}, "BadRequestException"),
        ({"Content": {"Template": {"TemplateName": "missing", "TemplateData": "{}"}}}, "NotFoundException"),
        ({"EmailTags": [{"Name": "template", "Value": "two words"}]}, "BadRequestException"),
        ({"Destination": {"ToAddresses": [f"r{n}@example.com" for n in range(51)]}}, "BadRequestException"),
        ({"Destination": {"ToAddresses": ["nobody"]}}, "BadRequestException"),
    ],
)
def test_a_wrong_mail_is_refused(practice: WorldHandle, ses: Any, changes: dict[str, Any], code: str) -> None:
    assert refused(lambda: send(ses, "ada@example.com", **changes))[0] == code
    assert practice.outbox() == []


def test_a_raw_mail_is_taken_apart(practice: WorldHandle, ses: Any) -> None:
    raw = (
        "From: deepracer@example.com\r\nTo: Ada <ada@example.com>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
        "X-SES-MESSAGE-TAGS: template=invite, key=abc\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/alternative; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nplain\r\n'
        "--b\r\nContent-Type: text/html\r\n\r\n<i>html</i>\r\n--b--\r\n"
    )
    content = {"Raw": {"Data": raw.encode()}}
    send(ses, Content=content, FromEmailAddress=None, Destination=None, EmailTags=None)
    [mail] = practice.outbox()
    assert (mail["to"], mail["subject"], mail["text"].strip(), mail["html"].strip()) == (
        "ada@example.com",
        "Grüße",
        "plain",
        "<i>html</i>",
    )
    assert mail["tags"] == {"template": "invite", "key": "abc"}


def test_an_inline_template_is_rendered(practice: WorldHandle, ses: Any) -> None:
    data = json.dumps({"name": "Ada", "race": {"track": "Oval"}})
    send(ses, "ada@example.com", Content={"Template": {"TemplateContent": TEMPLATE, "TemplateData": data}})
    [mail] = practice.outbox()
    assert (mail["subject"], mail["text"], mail["html"]) == ("Hello Ada", "Race at Oval", "<p>Ada</p>")


def test_a_missing_variable_is_accepted_and_never_delivered(practice: WorldHandle, ses: Any) -> None:
    send(ses, "ada@example.com", Content={"Template": {"TemplateContent": TEMPLATE, "TemplateData": '{"name": "Ada"}'}})
    practice.advance(60)
    assert practice.outbox() == []
    events = practice.control("GET", "events")
    assert [event["eventType"] for event in events] == ["Send", "Rendering Failure"]
    assert events[1]["failure"]["errorMessage"] == "Attribute 'race.track' is not present in the rendering data."


def test_a_stored_template_can_be_tried(ses: Any) -> None:
    ses.create_email_template(TemplateName="invite", TemplateContent=TEMPLATE)
    data = '{"name": "Ada", "race": {"track": "Oval"}}'
    shown = ses.test_render_email_template(TemplateName="invite", TemplateData=data)["RenderedTemplate"]
    assert "Subject: Hello Ada" in shown
    assert "Race at Oval" in shown
    missing = refused(lambda: ses.test_render_email_template(TemplateName="invite", TemplateData="{}"))
    assert missing == ("BadRequestException", "Attribute 'name' is not present in the rendering data.")


def test_bulk_results_come_in_the_order_of_the_entries(practice: WorldHandle, ses: Any) -> None:
    def entry(address: str, **data: Any) -> dict[str, Any]:
        template = {"ReplacementTemplateData": json.dumps(data)}
        return {
            "Destination": {"ToAddresses": [address]},
            "ReplacementEmailContent": {"ReplacementTemplate": template},
            "ReplacementTags": [{"Name": "key", "Value": data.get("name", "x")}],
        }

    content = {"Template": {"TemplateContent": TEMPLATE, "TemplateData": '{"race": {"track": "Oval"}}'}}
    results = ses.send_bulk_email(
        FromEmailAddress=SENDER,
        DefaultContent=content,
        DefaultEmailTags=[{"Name": "template", "Value": "invite"}],
        BulkEmailEntries=[entry("a@example.com", name="A"), entry("nobody"), entry("b@example.com", name="B")],
    )["BulkEmailEntryResults"]
    assert [result["Status"] for result in results] == ["SUCCESS", "INVALID_PARAMETER", "SUCCESS"]
    assert [(mail["subject"], mail["tags"]) for mail in practice.outbox()] == [
        ("Hello A", {"template": "invite", "key": "A"}),
        ("Hello B", {"template": "invite", "key": "B"}),
    ]
    many = [entry(f"r{n}@example.com", name="R") for n in range(51)]
    too_many = refused(
        lambda: ses.send_bulk_email(FromEmailAddress=SENDER, DefaultContent=content, BulkEmailEntries=many)
    )
    assert too_many[0] == "BadRequestException"


def test_entries_over_the_rate_or_the_quota_say_so_one_by_one(practice: WorldHandle, ses: Any) -> None:
    def statuses() -> list[str]:
        entries = [{"Destination": {"ToAddresses": [f"r{n}@example.com"]}} for n in range(3)]
        content = {"Template": {"TemplateContent": {"Subject": "s", "Text": "t"}, "TemplateData": "{}"}}
        answer = ses.send_bulk_email(FromEmailAddress=SENDER, DefaultContent=content, BulkEmailEntries=entries)
        return [result["Status"] for result in answer["BulkEmailEntryResults"]]

    fault = practice.arm("ses", "quota", params={"rate": 0.01})
    assert statuses() == ["SUCCESS", "ACCOUNT_THROTTLED", "ACCOUNT_THROTTLED"]
    practice.disarm(fault)
    practice.arm("ses", "quota", params={"max_24h": 3})
    assert statuses() == ["SUCCESS", "SUCCESS", "ACCOUNT_DAILY_QUOTA_EXCEEDED"]


def test_a_bounce_is_told_and_the_address_is_suppressed(practice: WorldHandle, ses: Any) -> None:
    assert (
        refused(lambda: ses.get_suppressed_destination(EmailAddress="bounce.ada@example.com"))[0] == "NotFoundException"
    )
    send(ses, "bounce.ada@example.com")
    practice.advance(60)
    events = practice.control("GET", "events")
    assert [event["eventType"] for event in events] == ["Send", "Bounce"]
    assert events[1]["bounce"]["bounceType"] == "Permanent"
    assert events[1]["bounce"]["bouncedRecipients"][0]["emailAddress"] == "bounce.ada@example.com"
    kept = ses.get_suppressed_destination(EmailAddress="bounce.ada@example.com")["SuppressedDestination"]
    assert kept["Reason"] == "BOUNCE"
    send(ses, "bounce.ada@example.com")
    practice.advance(60)
    assert practice.control("GET", "events")[-1]["bounce"]["bounceSubType"] == "OnAccountSuppressionList"


def test_an_address_can_be_suppressed_and_freed(practice: WorldHandle, ses: Any) -> None:
    ses.put_suppressed_destination(EmailAddress="ada@example.com", Reason="COMPLAINT")
    send(ses, "ada@example.com")
    practice.advance(60)
    assert kinds(practice) == ["Send", "Bounce"]
    ses.delete_suppressed_destination(EmailAddress="ada@example.com")
    send(ses, "ada@example.com")
    practice.advance(60)
    assert kinds(practice)[-1] == "Delivery"


def test_suppressed_addresses_are_listed_page_by_page_even_while_the_list_changes(ses: Any) -> None:
    for name in ("cyd", "ada", "eve", "bea"):
        reason = "BOUNCE" if name == "bea" else "COMPLAINT"
        ses.put_suppressed_destination(EmailAddress=f"{name}@example.com", Reason=reason)
    first = ses.list_suppressed_destinations(PageSize=2)
    assert [one["EmailAddress"] for one in first["SuppressedDestinationSummaries"]] == [
        "ada@example.com",
        "bea@example.com",
    ]
    ses.delete_suppressed_destination(EmailAddress="ada@example.com")
    second = ses.list_suppressed_destinations(PageSize=2, NextToken=first["NextToken"])
    assert [one["EmailAddress"] for one in second["SuppressedDestinationSummaries"]] == [
        "cyd@example.com",
        "eve@example.com",
    ]
    assert "NextToken" not in second
    bounced = ses.list_suppressed_destinations(Reasons=["BOUNCE"])["SuppressedDestinationSummaries"]
    assert [(one["EmailAddress"], one["Reason"]) for one in bounced] == [("bea@example.com", "BOUNCE")]


def test_a_page_of_the_suppression_list_must_exist(ses: Any) -> None:
    code, message = refused(lambda: ses.list_suppressed_destinations(NextToken="?"))
    assert (code, message) == ("InvalidNextTokenException", "The specified NextToken is not valid.")
    code, message = refused(lambda: ses.list_suppressed_destinations(PageSize=1001))
    assert (code, message) == ("BadRequestException", "PageSize must be between 1 and 1000.")


def test_only_the_companys_configuration_set_has_a_destination_for_its_events(
    practice: WorldHandle, ses: Any, sqs: Any
) -> None:
    ses.create_configuration_set(ConfigurationSetName="fresh")
    assert ses.get_configuration_set_event_destinations(ConfigurationSetName="fresh")["EventDestinations"] == []
    (told,) = ses.get_configuration_set_event_destinations(ConfigurationSetName="deepracer-mail")["EventDestinations"]
    assert told["Enabled"]
    assert {"SEND", "DELIVERY", "BOUNCE", "COMPLAINT"} <= set(told["MatchingEventTypes"])
    code, message = refused(lambda: ses.get_configuration_set_event_destinations(ConfigurationSetName="none"))
    assert (code, message) == ("NotFoundException", "Configuration set <none> does not exist.")
    send(ses, "ada@example.com", ConfigurationSetName="fresh")
    practice.advance(60)
    queue = practice.endpoints["aws"]["mail_events_queue_url"]
    assert "Messages" not in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=0)


def test_a_complaint_follows_a_delivery(practice: WorldHandle, ses: Any) -> None:
    send(ses, "complaint.ada@example.com")
    practice.advance(600)
    assert kinds(practice) == ["Send", "Delivery", "Complaint"]


def test_the_queue_holds_the_events_until_they_are_deleted(practice: WorldHandle, ses: Any, sqs: Any) -> None:
    message_id = send(ses, "ada@example.com")
    send(ses, "bo@example.com", ConfigurationSetName=None)
    practice.advance(60)
    url = sqs.get_queue_url(QueueName="deepracer-mail-events")["QueueUrl"]
    assert url == practice.endpoints["aws"]["mail_events_queue_url"]
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    bodies = [json.loads(message["Body"]) for message in messages]
    assert [body["eventType"] for body in bodies] == ["Send", "Delivery"]
    assert {body["mail"]["messageId"] for body in bodies} == {message_id}
    assert bodies[1]["mail"]["tags"]["template"] == ["invite"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    entries = [{"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(messages)]
    answer = sqs.delete_message_batch(QueueUrl=url, Entries=[*entries, {"Id": "x", "ReceiptHandle": "made-up"}])
    assert [good["Id"] for good in answer["Successful"]] == ["0", "1"]
    assert [bad["Id"] for bad in answer["Failed"]] == ["x"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == attributes["ApproximateNumberOfMessagesNotVisible"] == "0"
    missing = refused(lambda: sqs.receive_message(QueueUrl=f"{url}-other"))
    assert missing[1] == "The specified queue does not exist."


def test_a_received_event_comes_again_when_it_was_not_deleted(practice: WorldHandle, ses: Any, sqs: Any) -> None:
    send(ses, "ada@example.com")
    practice.advance(60)
    url = practice.endpoints["aws"]["mail_events_queue_url"]
    first = sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)["Messages"][0]["Body"]
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == first


def test_only_the_right_key_signs(practice: WorldHandle) -> None:
    stranger = aws_client(practice.endpoints, "sesv2", key="AKIAAAAAAAAAAAAAAAAA")
    assert refused(stranger.get_account)[0] == "UnrecognizedClientException"
    forger = aws_client(practice.endpoints, "sesv2", secret="wrong")
    assert refused(forger.get_account)[0] == "InvalidSignatureException"
    unsigned = httpx.get(f"{practice.endpoints['aws']['ses_url']}/v2/email/account", trust_env=False, timeout=300)
    assert unsigned.status_code == 403
    assert unsigned.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"


def test_identities_are_verified_or_unknown(ses: Any) -> None:
    assert ses.get_email_identity(EmailIdentity="deepracer@example.com")["VerifiedForSendingStatus"] is True
    assert refused(lambda: ses.get_email_identity(EmailIdentity="example.net"))[0] == "NotFoundException"


def test_a_power_cut_forgets_no_accepted_mail(tmp_path) -> None:
    first = start_world_process(tmp_path, "--speed", "0")
    send(aws_client(first.endpoints, "sesv2"), "ada@example.com")
    first.control("POST", "save")
    send(aws_client(first.endpoints, "sesv2"), "bo@example.com")
    first.kill()
    second = start_world(tmp_path, speed=0)
    try:
        assert [mail["to"] for mail in second.outbox()] == ["ada@example.com", "bo@example.com"]
        assert second.truth()["mails_sent"] == 2
        second.advance(60)
        assert sorted(kinds(second)) == ["Delivery", "Delivery", "Send", "Send"]
        second.control("POST", "reset")
        assert second.outbox() == []
        assert second.truth()["mails_sent"] == 0
    finally:
        second.stop()


def test_raw_data_must_be_base64(practice: WorldHandle, ses: Any) -> None:
    good = base64.b64encode(b"From: deepracer@example.com\r\nTo: ada@example.com\r\nSubject: s\r\n\r\nbody")
    assert send(ses, Content={"Raw": {"Data": base64.b64decode(good)}}, FromEmailAddress=None, Destination=None)
    assert practice.outbox()[0]["text"].strip() == "body"
