"""What the SES adapter makes of every answer, and of none: one exchange at a time, over HTTP."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.edge.reach import Reach
from deepracer_admin.errors import AccessDenied, CredentialsExpired, LostAnswer, Refused, Throttled, Unreachable
from deepracer_admin.mail.ses import Ses
from deepracer_admin.mail.ses_tags import as_tags, key_from_tags
from tests.mail.conftest import Script, a_message
from tests.ports import free_port


@pytest.fixture
def ses(script: Script) -> Iterator[Ses]:
    mailer = Ses(script.access, configuration_set="race-events")
    yield mailer
    mailer.close()


def test_a_mail_is_handed_over_whole_with_its_key_as_a_tag(ses: Ses, script: Script) -> None:
    script.says(200, {"MessageId": "0100-abc"})
    message = a_message(reply_to="help@example.com")
    assert ses.send(message).message_id == "0100-abc"
    ((method, path, body),) = script.heard
    assert (method, path) == ("POST", "/v2/email/outbound-emails")
    assert body["FromEmailAddress"] == message.sender
    assert body["Destination"] == {"ToAddresses": [message.to]}
    assert body["ReplyToAddresses"] == ["help@example.com"]
    assert body["ConfigurationSetName"] == "race-events"
    simple = body["Content"]["Simple"]
    assert simple["Subject"] == {"Data": message.subject, "Charset": "UTF-8"}
    assert simple["Body"]["Text"]["Data"] == message.text
    assert simple["Body"]["Html"]["Data"] == message.html
    tags = {tag["Name"]: [tag["Value"]] for tag in body["EmailTags"]}
    assert key_from_tags(tags) == message.key
    assert tags["template"] == ["access"]
    assert tags["event"] == ["Torino-2026-"]


def test_a_lost_answer_is_never_mailed_twice(ses: Ses, script: Script) -> None:
    script.hangs_up()
    script.says(200, {"MessageId": "second"})
    with pytest.raises(LostAnswer, match="may have been done"):
        ses.send(a_message())
    assert len(script.heard) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failure_while_ses_took_the_mail_is_never_mailed_twice(ses: Ses, script: Script, status: int) -> None:
    script.says(status, {"message": "Internal failure"}, "InternalFailure")
    script.says(200, {"MessageId": "second"})
    with pytest.raises(LostAnswer):
        ses.send(a_message())
    assert len(script.heard) == 1


def test_an_answer_that_cannot_be_read_is_a_lost_answer(ses: Ses, script: Script) -> None:
    script.says(200, {})
    with pytest.raises(LostAnswer):
        ses.send(a_message())


def test_a_connection_that_never_opened_is_harmless() -> None:
    ses = Ses(
        AwsAccess(
            endpoint_url=f"http://127.0.0.1:{free_port()}",
            access_key_id="a",
            secret_access_key="b",
            reach=Reach.PRACTICE,
        )
    )
    with pytest.raises(Unreachable, match="network"):
        ses.send(a_message())
    ses.close()


@pytest.mark.parametrize(
    ("status", "error", "message", "expected", "sentence"),
    [
        (429, "TooManyRequestsException", "Maximum sending rate exceeded.", Throttled, "pause"),
        (429, "TooManyRequestsException", "Daily message quota exceeded.", Throttled, "pause"),
        (400, "LimitExceededException", "Too much.", Throttled, "quota is used up"),
        (400, "MessageRejected", "Virus found.", Refused, "Virus found"),
        (
            400,
            "MessageRejected",
            "Email address is not verified. The following identities failed the check in region US-EAST-1: a@b.c",
            AccessDenied,
            "production access",
        ),
        (400, "AccountSuspendedException", "Suspended.", AccessDenied, "AWS Support"),
        (400, "SendingPausedException", "Paused.", AccessDenied, "resume it"),
        (400, "MailFromDomainNotVerifiedException", "No.", AccessDenied, "DNS records"),
        (404, "NotFoundException", "Configuration set does not exist.", AccessDenied, "'race-events'"),
        (400, "BadRequestException", "Missing final '@domain'", Refused, "Missing final '@domain'"),
        (403, "AccessDeniedException", "not authorized", AccessDenied, r"ses:SendEmail.*mail-ses\.json"),
        (403, "ExpiredTokenException", "expired", CredentialsExpired, "aws sso login"),
        (403, "InvalidClientTokenId", "invalid", CredentialsExpired, "aws sso login"),
        (403, "UnrecognizedClientException", "invalid", CredentialsExpired, "aws sso login"),
        (403, "InvalidSignatureException", "Signature expired", CredentialsExpired, "clock"),
    ],
)
def test_each_refusal_becomes_the_error_that_the_campaign_understands(
    ses: Ses, script: Script, status: int, error: str, message: str, expected: type[Exception], sentence: str
) -> None:
    script.says(status, {"message": message}, error)
    with pytest.raises(expected, match=sentence) as told:
        ses.send(a_message())
    assert told.value.code == error  # type: ignore[attr-defined]
    assert len(script.heard) == 1


def test_the_days_quota_waits_an_hour_and_the_rate_a_second(ses: Ses, script: Script) -> None:
    script.says(429, {"message": "Daily message quota exceeded."}, "TooManyRequestsException")
    script.says(429, {"message": "Maximum sending rate exceeded."}, "TooManyRequestsException")
    waits = []
    for _ in range(2):
        with pytest.raises(Throttled) as told:
            ses.send(a_message())
        waits.append(told.value.retry_after)
    assert waits == [3600.0, 1.0]


def test_a_read_is_repeated_by_itself(ses: Ses, script: Script, account: dict) -> None:
    script.says(503, {"message": "busy"}, "ServiceUnavailable")
    script.says(200, account)
    limits = ses.limits()
    assert (limits.per_second, limits.per_day, limits.used_today) == (14.0, 50_000, 120)
    assert (limits.sandbox, limits.enabled) == (False, True)
    assert limits.as_of is not None
    assert len(script.heard) == 2


def test_the_real_service_is_no_rehearsal(ses: Ses, script: Script, account: dict) -> None:
    script.says(200, account)
    assert ses.practice_world is False


def test_a_sandbox_and_a_shutdown_are_seen(ses: Ses, script: Script, account: dict) -> None:
    script.says(200, account | {"ProductionAccessEnabled": False, "EnforcementStatus": "SHUTDOWN"})
    limits = ses.limits()
    assert (limits.sandbox, limits.enabled) == (True, False)


def test_suppressed_addresses_are_told_with_the_reason(ses: Ses, script: Script) -> None:
    script.says(
        200,
        {
            "SuppressedDestination": {
                "EmailAddress": "a@example.com",
                "Reason": "BOUNCE",
                "LastUpdateTime": 1_700_000_000,
            }
        },
    )
    script.says(404, {"message": "not there"}, "NotFoundException")
    assert ses.suppressed(["A@example.com", "b@example.com"]) == {
        "A@example.com": "SES holds this address back: an earlier mail bounced."
    }


def test_many_addresses_are_looked_up_in_the_list_page_by_page(ses: Ses, script: Script) -> None:
    def page(address: str, token: str) -> dict:
        entry = {"EmailAddress": address, "Reason": "COMPLAINT", "LastUpdateTime": 1_700_000_000}
        return {"SuppressedDestinationSummaries": [entry]} | ({"NextToken": token} if token else {})

    script.says(200, page("racer3@example.com", "two"))
    script.says(200, page("stranger@example.com", ""))
    found = ses.suppressed([f"racer{n}@example.com" for n in range(30)])
    assert list(found) == ["racer3@example.com"]
    assert "complained" in found["racer3@example.com"]
    assert "NextToken=two" in script.heard[1][1]


def test_everything_in_order_is_green(ses: Ses, script: Script, account: dict) -> None:
    script.says(200, account)
    script.says(200, {"VerifiedForSendingStatus": True, "DkimAttributes": {"Status": "SUCCESS"}})
    types = ["SEND", "DELIVERY", "BOUNCE", "COMPLAINT", "REJECT"]
    script.says(200, {"EventDestinations": [{"Name": "q", "Enabled": True, "MatchingEventTypes": types}]})
    found = ses.check("DeepRacer <deepracer@example.com>", need=10_000)
    assert {f.key: f.level for f in found} == dict.fromkeys(
        ("mail.identity", "mail.sandbox", "mail.sending", "mail.quota", "mail.events"), "green"
    )
    assert "49,880 of 50,000" in next(f.evidence for f in found if f.key == "mail.quota")
    assert script.heard[1][1] == "/v2/email/identities/deepracer%40example.com"


def test_each_thing_that_is_wrong_turns_exactly_its_own_line(script: Script, account: dict) -> None:
    ses = Ses(script.access)
    bad = {"ProductionAccessEnabled": False, "SendingEnabled": False}
    script.says(
        200, account | bad | {"SendQuota": {"Max24HourSend": 200.0, "MaxSendRate": 1.0, "SentLast24Hours": 190.0}}
    )
    script.says(404, {"message": "no"}, "NotFoundException")
    script.says(404, {"message": "no"}, "NotFoundException")
    found = {f.key: f for f in ses.check("deepracer@example.com", need=11)}
    assert {key: f.level for key, f in found.items()} == {
        "mail.identity": "red",
        "mail.sandbox": "red",
        "mail.sending": "red",
        "mail.quota": "amber",
        "mail.events": "amber",
    }
    assert "200 mails a day" in found["mail.sandbox"].evidence
    assert "10 of 200" in found["mail.quota"].evidence
    assert all(f.fix for f in found.values())
    assert [path for _, path, _ in script.heard[1:]] == [
        "/v2/email/identities/deepracer%40example.com",
        "/v2/email/identities/example.com",
    ]
    ses.close()


def test_a_configuration_set_that_ses_does_not_know_is_red_and_named(ses: Ses, script: Script, account: dict) -> None:
    script.says(200, account)
    script.says(200, {"VerifiedForSendingStatus": True})
    script.says(404, {"message": "no"}, "NotFoundException")
    events = next(f for f in ses.check("deepracer@example.com") if f.key == "mail.events")
    assert (events.level, events.evidence) == ("red", "SES knows no configuration set race-events.")
    assert "mail_configuration_set" in events.fix


def test_a_configuration_set_that_reports_no_bounces_is_amber(ses: Ses, script: Script, account: dict) -> None:
    script.says(200, account)
    script.says(200, {"VerifiedForSendingStatus": True})
    off = {"Name": "off", "Enabled": False, "MatchingEventTypes": ["BOUNCE"]}
    on = {"Name": "on", "Enabled": True, "MatchingEventTypes": ["SEND", "DELIVERY", "COMPLAINT", "REJECT"]}
    script.says(200, {"EventDestinations": [off, on]})
    events = next(f for f in ses.check("deepracer@example.com") if f.key == "mail.events")
    assert (events.level, events.evidence) == ("amber", "The configuration set does not report: bounce.")


def test_a_domain_that_is_still_pending_is_not_verified(script: Script, account: dict) -> None:
    ses = Ses(script.access)
    script.says(200, account)
    script.says(200, {"VerifiedForSendingStatus": False, "VerificationStatus": "PENDING"})
    found = {f.key: f for f in ses.check("deepracer@example.com")}
    assert found["mail.identity"].level == "red"
    assert "pending" in found["mail.identity"].evidence
    ses.close()


def test_a_profile_that_is_not_on_this_computer_says_how_to_make_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    with pytest.raises(CredentialsExpired, match="aws configure sso --profile racing"):
        Ses(AwsAccess(profile="racing"))


def test_an_expired_company_sign_in_names_the_command_that_renews_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile racing]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Mail\n"
        "[sso-session corp]\nsso_start_url = https://corp.example.com/start\nsso_region = us-east-1\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("HOME", str(tmp_path))
    ses = Ses(AwsAccess(profile="racing", endpoint_url="http://127.0.0.1:9", reach=Reach.PRACTICE))
    with pytest.raises(CredentialsExpired, match="aws sso login --profile racing"):
        ses.send(a_message())
    ses.close()


def test_a_computer_without_credentials_is_told_to_sign_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    ses = Ses(AwsAccess(endpoint_url="http://127.0.0.1:9", reach=Reach.PRACTICE))
    with pytest.raises(CredentialsExpired, match="no AWS credentials"):
        ses.send(a_message())
    ses.close()


def test_the_secret_key_is_not_shown_when_the_access_is_printed(script: Script) -> None:
    assert "hidden" not in repr(replace(script.access, secret_access_key="hidden"))


@pytest.mark.parametrize("key", ["ev1#att1#access#1", "évènement#ünï#t#2", "a" * 190])
def test_a_key_survives_the_tag(key: str) -> None:
    (tag, *_) = as_tags(a_message(key=key))
    assert key_from_tags({tag["Name"]: [tag["Value"]]}) == key


def test_a_key_that_ses_cannot_hold_is_refused_before_it_is_sent() -> None:
    with pytest.raises(Refused, match="too long"):
        as_tags(a_message(key="a" * 200))


@pytest.fixture
def account() -> dict:
    return {
        "ProductionAccessEnabled": True,
        "SendingEnabled": True,
        "EnforcementStatus": "HEALTHY",
        "SendQuota": {"Max24HourSend": 50_000.0, "MaxSendRate": 14.0, "SentLast24Hours": 120.0},
    }


def test_no_address_of_a_person_and_no_text_of_a_mail_reaches_the_log(
    ses: Ses, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    script.says(200, {"MessageId": "1"})
    script.says(400, {"message": "Bad address racer2@example.com"}, "BadRequestException")
    ses.send(a_message(1))
    with pytest.raises(Refused):
        ses.send(a_message(2))
    written = "\n".join(record.getMessage() for record in caplog.records)
    assert "racer1@" not in written
    assert "racer2@" not in written
    assert "well met" not in written
