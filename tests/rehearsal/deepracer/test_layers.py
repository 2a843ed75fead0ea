"""The layers in front of an operation, each with its own way to say no."""

import re
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import httpx
import pytest
from botocore.credentials import Credentials

from .conftest import on
from .person import AGENT, Deployed, Person, race, read, sign


def test_the_firewall_blocks_library_agents_no_agent_and_large_bodies(organizer: Person) -> None:
    for agent in ("python-httpx/0.28.1", "python-requests/2.32", "Boto3/1.40 md/Botocore#1.40", ""):
        blocked = organizer.call("GET", "/profile", headers={"user-agent": agent})
        assert (blocked.status, blocked.kind, blocked.body) == (403, "ForbiddenException", {"message": "Forbidden"})
    entries = [{"emailAddress": f"somebody.with.a.long.name.{n:03}@example.com"} for n in range(200)]
    assert organizer.call("POST", "/profiles/bulkInvite", {"profiles": entries}).kind == "ForbiddenException"
    model = organizer.call("POST", "/models", {"modelDefinition": {"name": "x" * 9000}})
    assert model.kind == "BadRequestException"


def test_the_operator_can_let_every_agent_pass_or_none_but_browsers(deployed: Deployed, organizer: Person) -> None:
    armed = deployed.world.arm("deepracer", "bot_control", params={"mode": "off"})
    assert organizer.call("GET", "/profile", headers={"user-agent": "python-httpx/0.28.1"}).status == 200
    deployed.world.disarm(armed)
    armed = deployed.world.arm("deepracer", "bot_control", params={"mode": "non_browser"})
    assert organizer.call("GET", "/profile").kind == "ForbiddenException"
    deployed.world.disarm(armed)
    deployed.world.arm("deepracer", "bot_control", params={"mode": "non_browser", "allow": ["OrganizerConsole"]})
    assert organizer.call("GET", "/profile").status == 200


def test_more_than_a_hundred_admin_calls_in_five_minutes_are_blocked(organizer: Person) -> None:
    kinds = [organizer.call("GET", "/admin/profiles").kind for _ in range(102)]
    assert kinds == [""] * 100 + ["ForbiddenException"] * 2
    assert organizer.call("GET", "/profiles").status == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/nothing"), ("PUT", "/profile"), ("GET", "/Profiles"), ("GET", "/profiles/AAAAAAAAAAAAAAA")],
)
def test_an_unknown_path_looks_like_a_missing_token(organizer: Person, method: str, path: str) -> None:
    reply = organizer.call(method, path)
    assert (reply.status, reply.body) == (403, {"message": "Missing Authentication Token"})


@on("1.2.5")
def test_the_probe_for_bulk_invite_fails_on_an_older_deployment(organizer: Person) -> None:
    assert organizer.call("GET", "/profiles/bulkInvite").kind == "MissingAuthenticationTokenException"
    assert organizer.call("GET", "/events").kind == "MissingAuthenticationTokenException"


def test_the_probes_of_1_3_answer(organizer: Person) -> None:
    assert organizer.call("GET", "/profiles/bulkInvite").body == {"jobs": []}
    assert organizer.call("GET", "/events").body == {"events": []}
    assert organizer.call("GET", "/devices").body == {"devices": []}
    assert organizer.call("GET", "/race-management/stats").body["totalEvents"] == 0


def test_an_unsigned_call_and_a_bearer_token_are_refused(deployed: Deployed, organizer: Person) -> None:
    url = deployed.env["apiEndpointUrl"] + "profile"
    assert read(deployed.http.get(url)).body == {"message": "Missing Authentication Token"}
    bearer = read(deployed.http.get(url, headers={"authorization": f"Bearer {organizer.tokens['IdToken']}"}))
    assert bearer.kind == "IncompleteSignatureException"


def _signed(
    person: Person, keys: Credentials, *, service: str = "execute-api", path: str = "profile"
) -> dict[str, str]:
    url = person.deployed.env["apiEndpointUrl"] + path
    return sign("GET", url, None, keys, service, {"user-agent": AGENT})


def test_what_was_signed_must_be_what_arrives(deployed: Deployed, organizer: Person) -> None:
    base = deployed.env["apiEndpointUrl"]
    headers = _signed(organizer, organizer.keys, path="profiles?token=a")
    for url in ("profiles?token=b", "profiles", "profile"):
        assert read(deployed.http.get(base + url, headers=headers)).kind == "InvalidSignatureException"
    other = _signed(organizer, organizer.keys, service="sts")
    assert "correct service: 'execute-api'" in read(deployed.http.get(base + "profile", headers=other)).body["message"]
    wrong = Credentials(organizer.keys.access_key, "not the secret", organizer.keys.token)
    assert (
        read(deployed.http.get(base + "profile", headers=_signed(organizer, wrong))).kind == "InvalidSignatureException"
    )
    stranger = Credentials(organizer.keys.access_key, organizer.keys.secret_key, "another session")
    assert (
        read(deployed.http.get(base + "profile", headers=_signed(organizer, stranger))).kind
        == "UnrecognizedClientException"
    )


def test_a_clock_ten_minutes_wrong_is_refused_either_way(deployed: Deployed, organizer: Person) -> None:
    for shift, text in ((-10, "Signature expired"), (10, "Signature not yet current")):
        then = datetime.now(UTC) + timedelta(minutes=shift)
        with patch("botocore.auth.get_current_datetime", return_value=then.replace(tzinfo=None)):
            reply = organizer.call("GET", "/profile")
        assert reply.kind == "InvalidSignatureException"
        assert text in reply.body["message"]


@pytest.mark.parametrize(
    "path", ["/settings/usageQuotas%2Fglobal", "/settings/a%20b~c", "/profiles?token=eyJ%3D%3D&x=a%2Bb%20c&x=a&y"]
)
def test_odd_paths_and_queries_verify_as_botocore_signs_them(organizer: Person, path: str) -> None:
    assert organizer.call("GET", path).response.headers["access-control-allow-origin"] == "*"


def test_a_racer_is_denied_by_the_policy_with_the_text_that_the_website_looks_for(
    deployed: Deployed, organizer: Person
) -> None:
    organizer.call("POST", "/profile", {"emailAddress": "ada@example.com"})
    ada = deployed.sign_in("ada@example.com")
    denied = ada.call("GET", "/profiles")
    assert denied.kind == "AccessDeniedException"
    assert re.match(r"User: arn:aws:sts::\d+:assumed-role/dr-racers/", denied.body["Message"])
    assert ada.call("POST", "/profile", {"emailAddress": "x@example.com"}).kind == "AccessDeniedException"
    assert ada.call("GET", "/leaderboards").status == 200


@on("1.2.5")
def test_any_racer_may_invite_on_an_older_deployment(deployed: Deployed, organizer: Person) -> None:
    organizer.call("POST", "/profile", {"emailAddress": "ada@example.com"})
    ada = deployed.sign_in("ada@example.com")
    assert ada.call("POST", "/profile", {"emailAddress": "friend@example.com"}).status == 200


def test_a_demoted_organizer_keeps_the_policy_but_fails_the_live_check(deployed: Deployed, organizer: Person) -> None:
    deployed.admin("AdminRemoveUserFromGroup", Username="organizer@example.com", GroupName="dr-admins")
    assert organizer.call("GET", "/profiles").body == {"message": "Only administrators can list all profiles."}
    assert organizer.call("GET", "/admin/profiles").body == {"message": "Not authorized."}


def test_the_request_validator_answers_before_the_server_sdk(deployed: Deployed, organizer: Person) -> None:
    bad = {"profileId": "short", "alias": "x"}
    first = organizer.call("PATCH", "/profile", bad)
    assert (first.status, first.kind) == (400, "BadRequestException")
    assert first.response.text.startswith('{ "errorMessage": "Invalid request body: [')
    deployed.world.arm("deepracer", "no_validator")
    second = organizer.call("PATCH", "/profile", bad)
    assert second.kind == "ValidationException"
    assert second.body["message"].startswith(
        "2 validation errors at 2 paths detected. First failure: Value with length 1"
    )
    assert [entry["path"] for entry in second.body["fieldList"]] == ["/alias", "/profileId"]
    path = organizer.call("GET", "/leaderboards/xx")
    assert path.kind == "ValidationException"


def test_an_error_that_an_operation_does_not_declare_is_an_empty_500(organizer: Person) -> None:
    unknown = organizer.call("PATCH", "/profile", {"profileId": "A" * 15, "alias": "Nobody"})
    assert (unknown.status, unknown.kind, unknown.body) == (500, "InternalFailure", {})
    assert organizer.call("DELETE", f"/profiles/{'A' * 15}").body == {}
    assert organizer.call("GET", "/profiles?token=zzz").kind == "InternalFailure"


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        ("waf", 403, "ForbiddenException"),
        ("skew", 403, "InvalidSignatureException"),
        ("expired_credentials", 403, "ExpiredTokenException"),
        ("profile_deleted", 502, "InternalServerErrorException"),
        ("throttle", 429, "TooManyRequestsException"),
        ("error_5xx", 502, "InternalServerErrorException"),
    ],
)
def test_faults_answer_in_the_shape_of_their_layer(
    deployed: Deployed, organizer: Person, fault: str, status: int, kind: str
) -> None:
    deployed.world.arm("deepracer", fault, operation="GetProfile", count=1)
    hit = organizer.call("GET", "/profile")
    assert (hit.status, hit.kind) == (status, kind)
    assert organizer.call("GET", "/profile").status == 200


def test_cognito_throttles_in_its_own_words(deployed: Deployed) -> None:
    deployed.world.arm("cognito-idp", "throttle", operation="InitiateAuth", count=1)
    throttled = deployed.initiate("organizer@example.com", "whatever")
    assert throttled.body == {"__type": "TooManyRequestsException", "message": "Rate exceeded"}
    assert throttled.status == 400


def test_a_lost_answer_is_a_write_that_happened(deployed: Deployed, organizer: Person) -> None:
    deployed.world.arm("deepracer", "timeout", operation="CreateProfile", count=1)
    late = organizer.call("POST", "/profile", {"emailAddress": "ada@example.com"})
    assert (late.status, late.body) == (504, {"message": "Endpoint request timed out"})
    deployed.world.arm("deepracer", "lost_answer", operation="CreateProfile", count=1)
    with pytest.raises(httpx.RemoteProtocolError):
        organizer.call("POST", "/profile", {"emailAddress": "ben@example.com"})
    assert deployed.world.truth()["profiles"] == 2
    counters = deployed.world.counters()
    assert counters["writes"]["deepracer.CreateProfile"] == 2
    assert counters["faults"] == {"deepracer.timeout": 1, "deepracer.lost_answer": 1}


def test_a_refused_write_changes_nothing(deployed: Deployed, organizer: Person) -> None:
    deployed.world.arm("deepracer", "expired_credentials", count=1)
    organizer.call("POST", "/leaderboards", race(openTime="2026-03-11T10:00:00Z", closeTime="2026-03-12T10:00:00Z"))
    assert organizer.call("GET", "/leaderboards").body == {"leaderboards": []}
