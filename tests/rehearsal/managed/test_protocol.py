"""The envelope of the managed practice service: signatures, targets, error shapes, pages (managed-deepracer.md 1.1)."""

import pytest
from botocore.credentials import Credentials

from tests.practice import WorldHandle
from tests.rehearsal.managed.account import RawCaller, sign_in, sponsor, switch_on


def test_a_signed_call_gets_json_1_1_and_the_mark_of_the_practice_world(caller: RawCaller) -> None:
    answer = caller.post("AdminGetAccountConfig", {})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"
    assert answer.headers["x-practice-world"] == "deepracer-rehearsal"
    assert answer.json() == {"MultiracerConfig": {"MultiracerModeEnabled": False}}


def test_an_unsigned_call_is_refused(caller: RawCaller) -> None:
    target = {"X-Amz-Target": "AwsSilverstoneCloudService.AdminGetAccountConfig"}
    answer = caller.http.post(
        caller.url, content=b"{}", headers={"Content-Type": "application/x-amz-json-1.1", **target}
    )
    assert answer.status_code == 400
    assert answer.json() == {"__type": "MissingAuthenticationTokenException", "message": "Missing Authentication Token"}


@pytest.mark.parametrize(
    ("key", "secret", "code"),
    [(None, "wrong", "InvalidSignatureException"), ("AKIAUNKNOWN", None, "UnrecognizedClientException")],
)
def test_wrong_keys_are_refused(caller: RawCaller, key: str | None, secret: str | None, code: str) -> None:
    right = caller.credentials
    caller.credentials = Credentials(key or right.access_key, secret or right.secret_key)
    assert caller.refusal("AdminGetAccountConfig")[:2] == (400, code)


def test_a_body_changed_on_the_way_is_refused(caller: RawCaller) -> None:
    signed = caller.post("AdminGetAccountConfig", {}).request
    headers = {name: value for name, value in signed.headers.items() if name != "content-length"}
    changed = caller.http.post(caller.url, content=b'{"a": 1}', headers=headers)
    assert changed.json()["__type"] == "InvalidSignatureException"


@pytest.mark.parametrize("operation", ["AdminDeleteEverything", ""])
def test_an_unknown_operation_is_refused(caller: RawCaller, operation: str) -> None:
    assert caller.refusal(operation)[:2] == (400, "UnknownOperationException")


def test_another_content_type_is_refused(caller: RawCaller) -> None:
    answer = caller.post("AdminGetAccountConfig", {}, Content_Type="application/json")
    assert answer.json()["__type"] == "SerializationException"


def test_a_body_that_is_not_json_is_refused(caller: RawCaller) -> None:
    assert caller.post("AdminGetAccountConfig", b"{").json()["__type"] == "SerializationException"


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({}, "InvalidRequestException", "Missing required member 'UserIds'."),
        ({"UserIds": "u1", "Action": "ENABLE"}, "SerializationException", "Value at 'UserIds' has the wrong type."),
        (
            {"UserIds": [1], "Action": "ENABLE"},
            "SerializationException",
            "Value at 'UserIds.member' has the wrong type.",
        ),
        (
            {"UserIds": ["u1"], "Action": "PAUSE"},
            "InvalidRequestException",
            "Value at 'Action' must be one of [DELETE_RESOURCES, DISABLE, ENABLE, RESTRICT, SET_LIMITS].",
        ),
        (
            {"UserIds": ["u1"], "Action": "SET_LIMITS", "Limits": {"MaxModels": True}},
            "SerializationException",
            "Value at 'Limits.MaxModels' has the wrong type.",
        ),
    ],
)
def test_wrong_input_is_refused_with_the_member_that_is_wrong(
    caller: RawCaller, body: dict[str, object], code: str, message: str
) -> None:
    assert caller.refusal("AdminManageUser", **body) == (400, code, message)


def test_pages_hold_what_was_asked_for_and_together_everybody_once(still: WorldHandle, caller: RawCaller) -> None:
    switch_on(caller)
    users = sign_in(still, sponsor(still, 7))
    seen: list[str] = []
    token: dict[str, str] = {}
    sizes: list[int] = []
    while True:
        reply = caller.call("AdminListAssociatedUsers", MaxResults=3, **token)
        sizes.append(len(reply["AssociatedUsers"]))
        seen += [user["UserId"] for user in reply["AssociatedUsers"]]
        if "NextToken" not in reply:
            break
        token = {"NextToken": reply["NextToken"]}
    assert sizes == [3, 3, 1]
    assert seen == users


@pytest.mark.parametrize("body", [{"MaxResults": 0}, {"MaxResults": 101}, {"NextToken": "bm9uc2Vuc2U="}])
def test_impossible_pages_are_refused(caller: RawCaller, body: dict[str, object]) -> None:
    assert caller.refusal("ListTracks", **body)[:2] == (400, "InvalidRequestException")


def test_a_token_of_one_list_is_refused_for_another(caller: RawCaller) -> None:
    token = caller.call("ListTracks", MaxResults=5)["NextToken"]
    assert caller.refusal("ListLeaderboards", NextToken=token)[1] == "InvalidRequestException"


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("throttle", 400, "TooManyRequestsException"),
        ("error_5xx", 500, "ServiceException"),
        ("expired_credentials", 400, "ExpiredTokenException"),
        ("denied", 400, "AccessDeniedException"),
    ],
)
def test_faults_speak_the_language_of_the_service(
    still: WorldHandle, caller: RawCaller, fault: str, status: int, code: str
) -> None:
    still.arm("managed", fault, operation="ListTracks", count=1)
    assert caller.refusal("ListTracks")[:2] == (status, code)
    assert len(caller.call("ListTracks")["Tracks"]) == 62


@pytest.mark.parametrize(
    ("params", "kind", "body"),
    [({}, "text/html; charset=utf-8", "<html>"), ({"json": True}, "application/json", '{"message":"Forbidden"}')],
)
def test_a_firewall_on_the_way_answers_in_its_own_words(
    still: WorldHandle, caller: RawCaller, params: dict[str, object], kind: str, body: str
) -> None:
    still.arm("managed", "waf", count=1, params=params)
    answer = caller.post("ListTracks", {})
    assert (answer.status_code, answer.headers["content-type"]) == (403, kind)
    assert answer.text.startswith(body)
    assert len(caller.call("ListTracks")["Tracks"]) == 62


def test_calls_and_writes_are_counted_by_operation(still: WorldHandle, caller: RawCaller) -> None:
    switch_on(caller)
    caller.call("AdminGetAccountConfig")
    caller.refusal("DeleteLeaderboard", LeaderboardArn="arn:aws:deepracer:::leaderboard/none")
    counters = still.counters()
    assert counters["by_operation"]["managed.AdminGetAccountConfig"] == 1
    assert counters["writes"] == {"managed.AdminSetAccountConfig": 1}
