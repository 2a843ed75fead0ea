"""Every recorded failure of the service becomes one typed error with a sentence for a person."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from deepracer_admin.errors import (
    AccessDenied,
    CredentialsExpired,
    LostAnswer,
    NotThere,
    Refused,
    ServiceError,
    Throttled,
    Unavailable,
    Unsupported,
)
from deepracer_admin.racing import NOT_KNOWN
from deepracer_admin.racing.on_aws import operations
from deepracer_admin.racing.on_aws.errors import CLOCK, EXPIRED, WAF, error_of, read_failure
from deepracer_admin.racing.on_aws.operations import Operation

TRANSCRIPTS = Path(__file__).parent.parent / "data" / "transcripts"
FILES = ("models", "profiles", "quotas", "races", "rankings", "roles", "settings", "transport_errors")
BY_NAME = {each.name: each for each in vars(operations).values() if isinstance(each, Operation)}


def exchanges() -> list[dict[str, Any]]:
    return [
        {**exchange, "file": name}
        for name in FILES
        for exchange in json.loads((TRANSCRIPTS / f"{name}.json").read_text("utf-8"))
    ]


FAILURES = [each for each in exchanges() if each["response"]["status"] >= 400 and "env.js" not in each["name"]]


def recorded(name: str, file: str = "transport_errors") -> dict[str, Any]:
    return next(each for each in exchanges() if each["file"] == file and each["name"] == name)


def operation_of(exchange: dict[str, Any]) -> Operation:
    """The operation named by the exchange, or a stand-in of the same method."""
    named = BY_NAME.get(exchange["name"].partition(" ")[0])
    return named or Operation("Other", exchange["request"]["method"], "/other", exchange["request"]["method"] == "GET")


def reply_of(exchange: dict[str, Any]) -> httpx.Response:
    recorded_reply = exchange["response"]
    text = recorded_reply.get("raw_body")
    if text is None:
        text = "" if recorded_reply["body"] is None else json.dumps(recorded_reply["body"])
    return httpx.Response(recorded_reply["status"], headers=recorded_reply["headers"], text=text)


def error_for(exchange: dict[str, Any], *, signed_before: bool = True) -> ServiceError:
    return error_of(
        read_failure(reply_of(exchange)),
        operation_of(exchange),
        user_agent="Example/1",
        signed_before=signed_before,
    )


@pytest.mark.parametrize("exchange", FAILURES, ids=lambda each: f"{each['file']}: {each['name']}")
def test_every_recorded_failure_has_a_type_and_a_sentence_that_ends(exchange: dict[str, Any]) -> None:
    error = error_for(exchange)
    assert type(error) in (
        AccessDenied,
        CredentialsExpired,
        LostAnswer,
        NotThere,
        Refused,
        Throttled,
        Unavailable,
        Unsupported,
    )
    assert error.sentence.endswith((".", ".)")), error.sentence
    assert 20 < len(error.sentence) < 400
    assert error.code
    for raw in ("arn:", "Member must", "failed to satisfy", "{", "<profileId"):
        assert raw not in error.sentence


def test_there_are_many_recorded_failures() -> None:
    assert len(FAILURES) > 150


@pytest.mark.parametrize(
    ("name", "kind", "code", "says"),
    [
        ("expired credentials", CredentialsExpired, EXPIRED, "set-up"),
        ("expired credentials on a write", CredentialsExpired, EXPIRED, "set-up"),
        ("clock ten minutes slow", AccessDenied, CLOCK, "set the clock"),
        ("body changed after signing", AccessDenied, "InvalidSignatureException", "proxy"),
        ("bearer ID token instead of SigV4", AccessDenied, "IncompleteSignatureException", "signature"),
        ("signed for another region", AccessDenied, "InvalidSignatureException", "signature"),
        ("throttled by the gateway", Throttled, "TooManyRequestsException", "slows down"),
        ("Cognito throttles the identity look-up", Unavailable, "InternalServerErrorException", "administrator"),
        ("Cognito throttles the role check", Unavailable, "InternalFailureError", "permissions"),
        ("unknown path below a known one", Unsupported, "MissingAuthenticationTokenException", "1.3"),
        ("ListProfiles accept text/html", Unsupported, "NotAcceptableException", "version"),
        ("CreateProfile content-type text/plain", Unsupported, "UnsupportedMediaTypeException", "version"),
        ("CreateProfile body: not JSON", Refused, "SerializationException", "check the values"),
        ("CreateProfile no body", Refused, "ValidationException", "the e-mail address because it is missing"),
    ],
)
def test_each_layer_is_told_apart(name: str, kind: type[ServiceError], code: str, says: str) -> None:
    error = error_for(recorded(name))
    assert type(error) is kind
    assert error.code == code
    assert says in error.sentence


def test_the_front_doors_broken_json_is_read_all_the_same() -> None:
    exchange = recorded("request validator, body is broken JSON")
    failure = read_failure(reply_of({**exchange, "response": {**exchange["response"]}}))
    assert failure.from_validator
    error = error_for({**exchange, "name": "CreateProfile odd"})
    assert type(error) is Refused
    assert "does not match any allowed primitive type" in error.sentence


@pytest.mark.parametrize(
    ("name", "file", "says"),
    [
        ("UpdateProfile alias invalid: accent", "profiles", "the racer name because it may hold only letters"),
        ("UpdateProfile alias invalid: 65 characters", "profiles", "must have length between 2 and 64"),
        ("CreateLeaderboard invalid: name blank", "races", "the name because it must not be blank"),
        ("CreateLeaderboard invalid: unknown track", "races", "none of the values that the service knows"),
        ("CreateLeaderboard invalid: several violations at once", "races", ";"),
        ("CreateLeaderboard invalid: closeTime equals openTime", "races", "close after it opens"),
        ("DeleteLeaderboard open race", "races", "end it first"),
        ("EditLeaderboard now open: refused", "races", "has started"),
    ],
)
def test_a_refusal_names_what_was_wrong(name: str, file: str, says: str) -> None:
    error = error_for(recorded(name, file))
    assert type(error) is Refused
    assert says in error.sentence


def test_a_role_that_is_missing_names_the_group_to_add() -> None:
    error = error_for(recorded("DeleteProfile as facilitator", "roles"))
    assert type(error) is AccessDenied
    assert error.code == "role"
    assert "dr-admins" in error.sentence


def test_a_timeout_on_something_that_is_not_repeatable_is_a_lost_answer() -> None:
    exchange = recorded("gateway timeout")
    lost = error_for({**exchange, "name": "DeleteProfileModels x"})
    assert type(lost) is LostAnswer
    read = error_for({**exchange, "name": "ListProfiles x"})
    assert type(read) is Unavailable


def test_the_firewalls_refusal_of_a_long_body_says_both_reasons() -> None:
    refused = {"name": "BulkInviteUser", "request": {"method": "POST"}, "response": {}}
    refused["response"] = {
        "status": 403,
        "headers": {"x-amzn-errortype": "ForbiddenException"},
        "body": {"message": "Forbidden"},
    }
    error = error_for(refused)
    assert error.code == WAF
    assert "8 KB" in error.sentence
    assert '"Example/1"' in error.sentence


def test_a_403_from_something_else_is_not_taken_for_the_deployment() -> None:
    blocked = {
        "name": "ListProfiles",
        "request": {"method": "GET"},
        "response": {"status": 403, "headers": {}, "raw_body": "<html>blocked by policy</html>"},
    }
    error = error_for(blocked)
    assert type(error) is AccessDenied
    assert "network administrator" in error.sentence


@pytest.mark.parametrize("text", ["", "null", "[]", "<html>", '{"message": 5}', '{"fieldList": [1]}', "\x00"])
@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 429, 500, 502, 503, 504, 418])
def test_no_body_however_odd_breaks_the_reading(text: str, status: int) -> None:
    failure = read_failure(httpx.Response(status, text=text))
    error = error_of(failure, operations.LIST_PROFILES, user_agent="x", signed_before=True)
    assert isinstance(error, ServiceError)
    assert error.sentence.endswith(".")


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        (operations.DELETE_PROFILE, LostAnswer),
        (operations.UPDATE_PROFILE, Unavailable),
        (operations.GET_PROFILE, Unavailable),
    ],
)
def test_a_failure_without_a_reason_is_evidence_of_nothing(operation: Operation, kind: type[ServiceError]) -> None:
    """It means an unknown user, and just as well that Cognito was throttled (deepracer-on-aws-capacity.md 5)."""
    reply = httpx.Response(500, headers={"x-amzn-errortype": "InternalFailure"}, json={})
    error = error_of(read_failure(reply), operation, user_agent="Example/1", signed_before=True)
    assert type(error) is kind
    assert error.code == NOT_KNOWN
