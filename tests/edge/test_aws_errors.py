"""AWS's errors are read in one place: a code means the same to whoever hears it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from botocore import exceptions as boto

from deepracer_admin.directory.aws import SERVICES
from deepracer_admin.edge.answers import BETWEEN, PROXY
from deepracer_admin.edge.aws_errors import CODES, AwsService, Meaning, aws_error
from deepracer_admin.errors import (
    AccessDenied,
    CredentialsExpired,
    LostAnswer,
    NotThere,
    Refused,
    Throttled,
    Unavailable,
    Unreachable,
    Unsupported,
)
from deepracer_admin.mail.ses import SES
from deepracer_admin.mail.ses_events import SQS
from deepracer_admin.racing.managed_client import MANAGED

PACKAGE = Path(__file__).resolve().parents[2] / "deepracer_admin"
ALL = (SES, SQS, MANAGED, *SERVICES.values())
services = pytest.mark.parametrize("service", ALL, ids=lambda each: each.name)
ERRORS = {
    Meaning.THROTTLED: Throttled,
    Meaning.EXHAUSTED: Throttled,
    Meaning.DEAD_KEYS: CredentialsExpired,
    Meaning.CLOCK_OR_KEYS: CredentialsExpired,
    Meaning.DENIED: AccessDenied,
    Meaning.NOT_THERE: NotThere,
    Meaning.UNKNOWN_OPERATION: Unsupported,
    Meaning.FAILING: Unavailable,
    Meaning.REFUSED: Refused,
}


def told(code: str, status: int = 400, message: str = "Because.") -> boto.ClientError:
    reply = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return boto.ClientError(reply, "DoThis")  # type: ignore[arg-type]


@services
@pytest.mark.parametrize("code", CODES)
def test_a_code_means_the_same_whichever_service_says_it(service: AwsService, code: str) -> None:
    error = aws_error(told(code), service, "DoThis", reads=True, renewal="`aws sso login`")
    assert type(error) is ERRORS[service.own.get(code, CODES[code])]
    assert error.code == code
    assert error.service == service.name
    assert error.sentence.endswith(".")


def test_where_a_word_means_something_else_the_service_says_so_itself() -> None:
    own = {(service.name, code) for service in ALL for code in service.own}
    assert own == {
        ("cognito-idp", "NotAuthorizedException"),
        (MANAGED.name, "CustomerAuthorizationFailedException"),
    }


def test_no_other_module_keeps_a_list_of_its_own() -> None:
    """Ten of fifteen codes meant different things in three lists."""
    named = {
        (str(path.relative_to(PACKAGE)), node.value)
        for path in PACKAGE.rglob("*.py")
        if path.relative_to(PACKAGE).parts[0] in ("racing", "directory", "mail")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and node.value in CODES
    }
    assert {code for module, code in named if not module.startswith("racing/on_aws")} <= {
        "NotAuthorizedException",  # the one word with two meanings
        "UserNotFoundException",  # proof that there is no account
        "NotFoundException",  # SES: the configuration set, not its events
        "LimitExceededException",  # SES: told as the day's quota
    }


@services
def test_who_is_not_the_service_decides_nothing(service: AwsService) -> None:
    for status in (400, 403, 404, 409):
        for code in ("", str(status)):
            error = aws_error(told(code, status), service, "DoThis", reads=True)
            assert type(error) is AccessDenied
            assert error.code == BETWEEN


@services
def test_a_failure_is_an_answer_that_may_be_lost_only_where_a_repeat_reaches_people(service: AwsService) -> None:
    for failure in (told("InternalFailure", 500), told("", 503)):
        assert type(aws_error(failure, service, "DoThis", reads=False)) is Unavailable
        assert type(aws_error(failure, service, "DoThis", reads=False, at_most_once=True)) is LostAnswer
    broken = boto.ConnectionClosedError(endpoint_url="https://x.example")
    assert type(aws_error(broken, service, "DoThis", reads=True)) is Unreachable
    assert type(aws_error(broken, service, "DoThis", reads=False)) is LostAnswer
    assert type(aws_error(KeyError("x"), service, "DoThis", reads=False)) is Unavailable
    assert type(aws_error(KeyError("x"), service, "DoThis", reads=False, at_most_once=True)) is LostAnswer


@services
def test_a_proxy_that_refuses_to_connect_is_named(service: AwsService) -> None:
    tunnel = OSError("Tunnel connection failed: 407 Proxy Authentication Required")
    error = aws_error(boto.ProxyConnectionError(proxy_url="http://proxy", error=tunnel), service, "DoThis", reads=False)
    assert type(error) is AccessDenied
    assert error.code == PROXY
    assert "company proxy" in error.sentence
    away = boto.ProxyConnectionError(proxy_url="http://proxy", error=OSError("Connection refused"))
    assert type(aws_error(away, service, "DoThis", reads=False)) is Unreachable
