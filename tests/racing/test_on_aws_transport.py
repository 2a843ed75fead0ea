"""Signing, renewing, retrying: over real HTTP against scripted answers."""

import logging
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from starlette.requests import Request

from deepracer_admin.clock import SystemClock
from deepracer_admin.errors import (
    AccessDenied,
    CredentialsExpired,
    LostAnswer,
    Refused,
    Throttled,
    Unavailable,
    Unreachable,
    Unsupported,
)
from deepracer_admin.model import Invitee, Limit, Quota, RaceDraft, State, Timing
from deepracer_admin.racing.on_aws.operations import GET_PROFILE, LIST_MODELS_FOR_PROFILE, LIST_PROFILES
from deepracer_admin.racing.on_aws.transport import ADMIN_LIMIT, AdminPath
from deepracer_admin.rehearsal.shared import sigv4
from tests.racing.scripted import DROP, Naps, Reply, ScriptedDeployment, Seen, adapter, scripted

THROTTLED = Reply(429, {"message": "Too Many Requests"}, {"x-amzn-errortype": "TooManyRequestsException"})
CRASHED = Reply(502, {"message": "Internal server error"}, {"x-amzn-errortype": "InternalServerErrorException"})
EXPIRED = Reply(
    403,
    {"message": "The security token included in the request is expired"},
    {"x-amzn-errortype": "ExpiredTokenException"},
)
NO_PROFILES = Reply(body={"profiles": []})
DRAFT = RaceDraft(
    "Cup", "Oval_track", datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 1, 2, tzinfo=UTC), timing=Timing.TOTAL_TIME
)


@pytest.fixture
def deployment() -> Iterator[ScriptedDeployment]:
    with scripted() as found:
        yield found


def verified(seen: Seen, deployment: ScriptedDeployment) -> sigv4.Credential:
    """The signature recomputed from what arrived, by code that shares nothing with the signer."""
    path, _, query = ("/api/prod" + seen.target).partition("?")
    scope = {
        "type": "http",
        "method": seen.method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in seen.headers.items()],
    }
    key = seen.headers["authorization"].partition("Credential=")[2].partition("/")[0]
    token = seen.headers["x-amz-security-token"]
    return sigv4.verify(
        Request(scope),
        seen.body,
        "execute-api",
        lambda _: sigv4.Credential(key, "secret", token),
        region="us-east-1",
        now=datetime.now(UTC),
    )


def test_what_is_signed_is_exactly_what_is_sent(deployment: ScriptedDeployment) -> None:
    token = "a+b/c== %2F é~&x=y"
    deployment.on("GET", "/profiles", Reply(body={"profiles": [], "token": token}), NO_PROFILES)
    deployment.on("PATCH", "/profile", Reply(body={"profile": {}}))
    with adapter(deployment) as service:
        assert list(service.profiles()) == []
        service.set_alias("AAAAAAAAAAAAAAA", "Ada-K")
    page = deployment.calls("GET", "/profiles")[1]
    assert page.target == "/profiles?token=a%2Bb%2Fc%3D%3D%20%252F%20%C3%A9~%26x%3Dy"
    for seen in deployment.seen:
        verified(seen, deployment)
    write = deployment.calls("PATCH", "/profile")[0]
    assert write.headers["content-type"] == "application/json"
    assert write.json == {"profileId": "AAAAAAAAAAAAAAA", "alias": "Ada-K"}
    assert "content-type" not in page.headers


def test_a_signature_over_other_bytes_is_noticed_by_the_check_itself(deployment: ScriptedDeployment) -> None:
    with adapter(deployment) as service:
        service.capabilities  # noqa: B018 - connects
    seen = deployment.seen[0]
    seen.target += "?x=1"
    with pytest.raises(sigv4.Refusal, match="does not match"):
        verified(seen, deployment)


def test_the_console_calls_itself_by_its_own_name(deployment: ScriptedDeployment) -> None:
    with adapter(deployment) as service:
        service.capabilities  # noqa: B018 - connects
    assert deployment.seen[0].headers["user-agent"].startswith("DeepRacer-Organizer-Console/")
    with adapter(deployment, user_agent="Example-Event/2") as service:
        service.capabilities  # noqa: B018 - connects
    assert deployment.seen[-1].headers["user-agent"] == "Example-Event/2"


def test_nothing_is_called_before_it_is_needed(deployment: ScriptedDeployment) -> None:
    with adapter(deployment) as service:
        assert service.tracks()
        assert service.limits
        assert service.address_refusal("ada@example.com") == ""
        assert service.share_link("AAAAAAAAAAAAAAA").endswith("/site/races/AAAAAAAAAAAAAAA")
    assert deployment.seen == []
    assert deployment.sign_ins == []


@pytest.mark.parametrize("failure", [THROTTLED, CRASHED, DROP, Reply(504, {"message": "Endpoint request timed out"})])
def test_a_read_is_repeated_with_growing_pauses(deployment: ScriptedDeployment, failure: Reply) -> None:
    naps = Naps()
    deployment.on("GET", "/profiles", failure, failure, failure, NO_PROFILES)
    with adapter(deployment, sleep=naps) as service:
        assert list(service.profiles()) == []
    assert len(deployment.calls("GET", "/profiles")) == 4
    assert len(naps.taken) == 3
    if failure is not THROTTLED:
        assert naps.taken[0] < 0.6 <= naps.taken[2] + 0.2


def test_a_read_is_given_up_after_four_attempts(deployment: ScriptedDeployment) -> None:
    deployment.on("GET", "/profiles", CRASHED)
    with adapter(deployment) as service, pytest.raises(Unavailable, match="tries again"):
        list(service.profiles())
    assert len(deployment.calls("GET", "/profiles")) == 4


def test_a_dropped_read_is_unreachable_and_a_dropped_write_is_a_lost_answer(deployment: ScriptedDeployment) -> None:
    deployment.on("GET", "/profiles", DROP)
    deployment.on("POST", "/leaderboards", DROP)
    deployment.on("POST", "/profiles/AAAAAAAAAAAAAAA/resendInvite", DROP)
    deployment.on("PATCH", "/profile", DROP)
    with adapter(deployment) as service:
        with pytest.raises(Unreachable):
            list(service.profiles())
        with pytest.raises(LostAnswer):
            service.create_race(DRAFT)
        with pytest.raises(LostAnswer):
            service.resend_invite("AAAAAAAAAAAAAAA")
        with pytest.raises(LostAnswer):
            service.set_alias("AAAAAAAAAAAAAAA", "Ada")
    assert len(deployment.calls("POST", "/leaderboards")) == 1
    assert len(deployment.calls("POST", "/profiles/AAAAAAAAAAAAAAA/resendInvite")) == 1
    assert len(deployment.calls("PATCH", "/profile")) == 4, "setting a name again is harmless"


@pytest.mark.parametrize("failure", [THROTTLED, CRASHED, DROP, Reply(500), Reply(503, {"message": "x"})])
def test_creating_and_mailing_is_never_repeated(deployment: ScriptedDeployment, failure: Reply) -> None:
    deployment.on("POST", "/race-management/users", failure)
    people = [Invitee("k1", "ada@example.com", "Ada")]
    with adapter(deployment) as service:
        try:
            outcomes = list(service.invite(people, token="t-1"))
        except Throttled:
            outcomes = []
    assert len(deployment.calls("POST", "/race-management/users")) == 1
    assert all(outcome.state in (State.UNKNOWN, State.RETRY) for outcome in outcomes)


def test_ended_credentials_are_renewed_once_and_the_call_goes_through(deployment: ScriptedDeployment) -> None:
    deployment.on("POST", "/race-management/users", EXPIRED, Reply(201, {"id": "BBBBBBBBBBBBBBB"}))
    with adapter(deployment) as service:
        outcomes = list(service.invite([Invitee("k1", "ada@example.com", "Ada")], token="t-1"))
    assert [(each.state, each.ref) for each in outcomes] == [(State.DONE, "BBBBBBBBBBBBBBB")]
    assert deployment.keys_handed_out == 2
    assert [each["operation"] for each in deployment.sign_ins].count("GetId") == 1
    assert deployment.sign_ins[-2]["AuthFlow"] == "REFRESH_TOKEN_AUTH"


def test_credentials_that_stay_refused_are_reported_and_not_hammered(deployment: ScriptedDeployment) -> None:
    deployment.on("GET", "/profiles", EXPIRED)
    with adapter(deployment) as service, pytest.raises(CredentialsExpired, match="check it in set-up"):
        list(service.profiles())
    assert len(deployment.calls("GET", "/profiles")) == 2


def test_a_dead_refresh_token_signs_in_with_the_password_again(deployment: ScriptedDeployment) -> None:
    deployment.on("GET", "/profiles", EXPIRED, NO_PROFILES)
    refused = Reply(400, {"__type": "NotAuthorizedException", "message": "Refresh Token has expired"})
    tokens = Reply(body={"AuthenticationResult": deployment.tokens()})
    deployment.on_cognito("InitiateAuth", tokens, refused, tokens)
    with adapter(deployment) as service:
        assert list(service.profiles()) == []
    flows = [each["AuthFlow"] for each in deployment.sign_ins if each["operation"] == "InitiateAuth"]
    assert flows == ["USER_PASSWORD_AUTH", "REFRESH_TOKEN_AUTH", "USER_PASSWORD_AUTH"]


def test_tokens_about_to_end_are_renewed_before_the_call(deployment: ScriptedDeployment) -> None:
    deployment.on_cognito("InitiateAuth", Reply(body={"AuthenticationResult": deployment.tokens(seconds=60)}))
    keys = {"AccessKeyId": "ASIA1", "SecretKey": "secret", "SessionToken": "s", "Expiration": time.time() + 60}
    deployment.on_cognito("GetCredentialsForIdentity", Reply(body={"IdentityId": "i", "Credentials": keys}))
    deployment.on("GET", "/profiles", NO_PROFILES)
    with adapter(deployment) as service:
        list(service.profiles())
        exchanges = [each["operation"] for each in deployment.sign_ins].count("GetCredentialsForIdentity")
        list(service.profiles())
        again = [each["operation"] for each in deployment.sign_ins].count("GetCredentialsForIdentity")
    assert again == exchanges + 1


class SlowClock(SystemClock):
    """A computer whose clock is ten minutes slow."""

    def now(self) -> datetime:
        return datetime.now(UTC) - timedelta(minutes=10)


def test_a_wrong_clock_is_corrected_once_from_the_reply_and_said(deployment: ScriptedDeployment) -> None:
    wrong = Reply(
        403,
        {"message": "Signature expired: 20261122T120000Z is now earlier than 20261122T120500Z"},
        {"x-amzn-errortype": "InvalidSignatureException"},
    )
    deployment.on("GET", "/profile", wrong, Reply(body={"profile": {}}))
    deployment.on("GET", "/settings/usageQuotas.newUser", Reply(404, {"message": "no"}, {}))
    deployment.on("GET", "/settings/usageQuotas.global", Reply(404, {"message": "no"}, {}))
    with adapter(deployment, clock=SlowClock()) as service:
        account = service.account()
    assert any("10 min slow" in note and "Set the clock" in note for note in account.warnings)
    stamps = [seen.headers["x-amz-date"] for seen in deployment.calls("GET", "/profile")]
    assert stamps[0] < stamps[1]
    verified(deployment.seen[-1], deployment)


def test_a_clock_that_cannot_be_corrected_is_named_in_the_sentence(deployment: ScriptedDeployment) -> None:
    wrong = {"message": "Signature not yet current: 20261122T120000Z is still later than 20261122T120500Z"}
    reply = Reply(403, wrong, {"x-amzn-errortype": "InvalidSignatureException"})
    deployment.on("GET", "/profile", reply)
    with adapter(deployment) as service, pytest.raises(AccessDenied, match="set the clock"):
        service.account()
    assert len(deployment.calls("GET", "/profile")) == 1, "the reply's own time agrees with ours: no repeat helps"


def test_at_most_sixteen_reads_and_eight_writes_are_in_flight(deployment: ScriptedDeployment) -> None:
    slow = Reply(body={"profile": {}})
    deployment.on("PATCH", "/profile", slow)
    original, together = deployment.answer, threading.Barrier(8)

    def dawdle(request: Seen) -> Reply:
        if request.method == "PATCH":
            together.wait(300)  # eight really are there at once; a ninth would be counted by `most_busy`
        return original(request)

    deployment.answer = dawdle  # type: ignore[method-assign]
    with adapter(deployment) as service:
        outcomes = list(service.set_quotas([(f"A{n:014d}", Quota(60, 3)) for n in range(40)]))
    assert {outcome.state for outcome in outcomes} == {State.DONE}
    assert [outcome.person for outcome in outcomes] == [f"A{n:014d}" for n in range(40)]
    assert deployment.most_busy == 8


def test_the_firewall_is_named_with_our_user_agent_and_the_rule_to_add(deployment: ScriptedDeployment) -> None:
    deployment.on("GET", "/profile", Reply(403, {"message": "Forbidden"}, {"x-amzn-errortype": "ForbiddenException"}))
    with adapter(deployment, user_agent="Example-Event/2") as service, pytest.raises(AccessDenied) as caught:
        service.connect()
    assert "allow rule" in caught.value.sentence
    assert '"Example-Event/2"' in caught.value.sentence
    assert len(deployment.calls("GET", "/profile")) == 1


def test_an_unknown_path_means_an_old_version_only_after_a_signed_call_has_worked(
    deployment: ScriptedDeployment,
) -> None:
    deployment.on("GET", "/profile", Reply(403, {"message": "Missing Authentication Token"}))
    with adapter(deployment) as service, pytest.raises(AccessDenied, match="check the deployment"):
        service.connect()
    with scripted("v1.2.5") as older, adapter(older) as service:
        assert not service.capabilities.bulk_invite
        with pytest.raises(Unsupported):
            service.resend_invite("AAAAAAAAAAAAAAA")


def test_the_version_text_does_not_decide_what_a_deployment_can_do() -> None:
    with scripted("v1.2.5") as deployment:
        deployment.on("GET", "/profiles/bulkInvite", Reply(body={"jobs": []}))
        with adapter(deployment) as service:
            assert service.capabilities.bulk_invite
            assert service.capabilities.close_early


def test_a_web_page_in_place_of_an_answer_is_not_taken_for_one(deployment: ScriptedDeployment) -> None:
    deployment.on("GET", "/profiles", Reply(body="<html>Please sign in to the guest network</html>"))
    with adapter(deployment) as service, pytest.raises(AccessDenied, match="answered in the place of DeepRacer on AWS"):
        list(service.profiles())


def test_a_page_token_that_never_changes_ends_in_an_error_not_in_a_loop(deployment: ScriptedDeployment) -> None:
    deployment.on("GET", "/profiles", Reply(body={"profiles": [], "token": "same"}))
    with adapter(deployment) as service, pytest.raises(Unavailable, match="same page"):
        list(service.profiles())


def test_an_adapter_alone_never_hits_the_admin_rule() -> None:
    clock = HandClock()
    path = AdminPath(clock)
    assert [path(ADMIN_LIMIT) for _ in range(90)] == [0.0] * 90
    assert path(ADMIN_LIMIT) == pytest.approx(300.0)
    clock.at += 301
    assert path(ADMIN_LIMIT) == 0.0


def test_the_pace_is_asked_before_every_admin_call_and_a_wait_is_told() -> None:
    asked: list[str] = []

    def pace(limit: Limit) -> float:
        asked.append(limit.name)
        return 0.0 if len(asked) < 3 else 42.0

    with scripted("v1.2.5") as deployment, adapter(deployment, pace=pace) as service:
        deployment.on("GET", "/admin/profiles/A1/models", Reply(body={"models": []}))
        deployment.on("GET", "/profiles", NO_PROFILES)
        list(service.profiles())
        list(service.models(["A1"] * 2))
        with pytest.raises(Throttled, match="100 reads of this kind in five minutes") as caught:
            list(service.models(["A1"]))
    assert (caught.value.retry_after, caught.value.code) == (42.0, "admin_rule")
    assert asked == ["deepracer.admin"] * 3
    assert len(deployment.calls("GET", "/admin/profiles/A1/models")) == 2


def test_a_reply_that_is_more_than_the_service_can_give_is_not_asked_for_again_at_once() -> None:
    clock = HandClock()
    with scripted("v1.3.1") as deployment, adapter(deployment, clock=clock) as service:
        deployment.on("GET", "/admin/models", CRASHED)
        for number in range(2):
            deployment.on("GET", f"/admin/profiles/A{number}/models", Reply(body={"models": []}))
        for _ in range(3):
            assert list(service.models(["A0", "A1"])) == []
        tried = len(deployment.calls("GET", "/admin/models"))
        assert tried == 4, "one round of retries"
        clock.at += 301
        list(service.models(["A0"]))
        assert len(deployment.calls("GET", "/admin/models")) == 2 * tried


def test_a_firewall_that_blocks_admin_paths_alone_is_waited_for() -> None:
    blocked = Reply(403, {"message": "Forbidden"}, {"x-amzn-errortype": "ForbiddenException"})
    with scripted("v1.2.5") as deployment, adapter(deployment) as service:
        deployment.on("GET", "/admin/profiles/A1/models", blocked)
        with pytest.raises(Throttled) as caught:
            list(service.models(["A1"]))
    assert caught.value.retry_after == 300.0


def test_only_admin_paths_count_under_the_admin_rule() -> None:
    assert LIST_MODELS_FOR_PROFILE.is_admin_path
    assert not LIST_PROFILES.is_admin_path
    assert not GET_PROFILE.is_admin_path


def test_the_declared_admin_limit_stays_below_the_rule_in_any_five_minutes(deployment: ScriptedDeployment) -> None:
    with adapter(deployment) as service:
        limit = next(each for each in service.limits if each.name == "deepracer.admin")
    assert limit.burst + 300 * limit.rate < 100


def test_page_tokens_that_go_in_a_ring_end_in_an_error(deployment: ScriptedDeployment) -> None:
    ring = [Reply(body={"profiles": [], "token": token}) for token in ("a", "b", "a")]
    deployment.on("GET", "/profiles", *ring)
    with adapter(deployment) as service, pytest.raises(Unavailable, match="same page"):
        list(service.profiles())


def test_neither_password_nor_token_nor_address_is_logged(
    deployment: ScriptedDeployment, caplog: pytest.LogCaptureFixture
) -> None:
    deployment.on("POST", "/race-management/users", Reply(201, {"id": "BBBBBBBBBBBBBBB"}))
    deployment.on("GET", "/profiles", CRASHED, NO_PROFILES)
    with caplog.at_level(logging.DEBUG), adapter(deployment) as service:
        service.invite([Invitee("k1", "ada@example.com", "Ada")], token="t-1")
        list(service.profiles())
    assert "ListProfiles" in caplog.text
    for secret in ("Practice-1", "session/1", "ada@example.com", "organizer@example.com", "eyJ", "AWS4-HMAC"):
        assert secret not in caplog.text


def test_the_adapter_does_not_call_hosts_off_its_list(deployment: ScriptedDeployment) -> None:
    with adapter(deployment) as service:
        service.capabilities  # noqa: B018 - connects
        with pytest.raises(Refused, match="does not call"):
            service._http.get("http://example.com/")


class HandClock(SystemClock):
    def __init__(self) -> None:
        self.at = 1000.0

    def monotonic(self) -> float:
        return self.at
