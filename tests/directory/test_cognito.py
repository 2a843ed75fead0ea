"""The user pool over real HTTP: making racers, their passwords and states, and leaving staff alone."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from deepracer_admin.directory.cognito import CALLS, CognitoPool, new_password, new_username
from deepracer_admin.directory.pool import Entry, PoolStatus, PoolUser, UserPool
from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.edge.reach import Reach
from deepracer_admin.errors import (
    CredentialsExpired,
    LostAnswer,
    NotThere,
    Refused,
    ServiceError,
    Throttled,
    Unavailable,
    Unreachable,
)
from deepracer_admin.model import Invitee, Limit
from tests.practice import WorldHandle, start_world

ADA = Invitee("a1", "ada.byron@example.com", "Ada-B", "Ada Byron")


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[WorldHandle]:
    """Time stands still here, except where a test puts it forward; nobody of the fleet signs in by themselves."""
    handle = start_world(tmp_path / "world", speed=0)
    handle.control("POST", "fleet", {"ignoring": 1.0})
    yield handle
    handle.leave()


def open_pool(practice: WorldHandle, pace: Callable[[Limit], Any] = lambda limit: None, **changes: str) -> CognitoPool:
    aws = practice.endpoints["aws"]
    access = AwsAccess(
        region=aws["region"],
        endpoint_url=aws["cognito_idp_url"],
        access_key_id=aws["access_key_id"],
        secret_access_key=changes.get("secret", aws["secret_access_key"]),
        reach=Reach.PRACTICE,
    )
    return CognitoPool(access, changes.get("pool", aws["user_pool_id"]), pace=pace)


@pytest.fixture
def pool(practice: WorldHandle) -> Iterator[CognitoPool]:
    made = open_pool(practice)
    yield made
    made.close()


def sign_in(practice: WorldHandle, email: str, password: str, chosen: str = "") -> str:
    """What the site's sign-in says: the challenge, the error, or "in"; `chosen` answers the challenge."""
    site = httpx.get(f"{practice.endpoints['deepracer']['site']}/env.js", trust_env=False, timeout=300).text
    client_id = re.search(r'"?userPoolClientId"?\s*:\s*"([^"]+)"', site)
    assert client_id is not None, site

    def ask(operation: str, **body: Any) -> dict[str, Any]:
        headers = {
            "x-amz-target": f"AWSCognitoIdentityProviderService.{operation}",
            "content-type": "application/x-amz-json-1.1",
        }
        url = practice.endpoints["aws"]["cognito_idp_url"]
        return httpx.post(
            url, json={"ClientId": client_id[1], **body}, headers=headers, trust_env=False, timeout=300
        ).json()

    reply = ask("InitiateAuth", AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": email, "PASSWORD": password})
    if chosen and "ChallengeName" in reply:
        answers = {"USERNAME": email, "NEW_PASSWORD": chosen}
        reply = ask(
            "RespondToAuthChallenge",
            ChallengeName="NEW_PASSWORD_REQUIRED",
            Session=reply["Session"],
            ChallengeResponses=answers,
        )
    if "AuthenticationResult" in reply:
        return "in"
    return str(reply.get("ChallengeName") or reply.get("__type"))


def known(pool: CognitoPool, email: str) -> PoolUser:
    user = pool.find(email)
    assert user is not None
    return user


def groups_of(practice: WorldHandle, username: str) -> list[str]:
    return sorted(practice.world.deepracer.site.state.users[username].groups)


def test_a_racer_gets_in_with_the_password_that_was_returned_once(pool: CognitoPool, practice: WorldHandle) -> None:
    port: UserPool = pool
    entry = port.create(ADA)
    assert re.fullmatch(r"[A-Za-z0-9]{15}", entry.username)
    assert groups_of(practice, entry.username) == ["dr-racers"]
    assert sign_in(practice, ADA.email, entry.password) == "NEW_PASSWORD_REQUIRED"
    assert known(pool, ADA.email).status is PoolStatus.INVITED
    assert sign_in(practice, ADA.email, entry.password, "Own-Passw0rd") == "in"
    assert known(pool, ADA.email).signed_in


def test_the_profile_bears_our_alias_and_cognito_mails_nobody(pool: CognitoPool, practice: WorldHandle) -> None:
    entry = pool.create(ADA)
    profile = practice.world.deepracer.site.state.profiles[entry.username]
    assert (profile.alias, profile.email) == ("Ada-B", ADA.email)
    assert practice.truth()["cognito_mails"] == 0


@pytest.mark.parametrize("alias", ["Al", "x" * 21, "Ada B", "Adà", "Ada-B\n"])
def test_an_alias_that_the_deployment_would_replace_is_refused_before_anything_is_made(
    pool: CognitoPool, practice: WorldHandle, alias: str
) -> None:
    with pytest.raises(Refused, match="3 to 20"):
        pool.create(Invitee("a1", ADA.email, alias))
    assert pool.find(ADA.email) is None


def test_creating_somebody_twice_changes_nothing_and_gives_no_password(
    pool: CognitoPool, practice: WorldHandle
) -> None:
    first = pool.create(ADA)
    again = pool.create(ADA)
    assert again == Entry(first.username, existed=True)
    assert sign_in(practice, ADA.email, first.password) == "NEW_PASSWORD_REQUIRED"


def test_somebody_who_was_made_meanwhile_is_adopted_even_when_thought_absent(
    pool: CognitoPool, practice: WorldHandle
) -> None:
    first = pool.create(ADA, known_absent=True)
    assert first.password
    assert pool.create(ADA, known_absent=True) == Entry(first.username, existed=True)
    assert practice.truth()["can_sign_in"] == 1


def test_after_a_lost_answer_nobody_is_made_twice_and_a_fresh_password_opens(
    pool: CognitoPool, practice: WorldHandle
) -> None:
    practice.arm("cognito-idp", "lost_answer", operation="AdminCreateUser", count=1)
    with pytest.raises(LostAnswer):
        pool.create(ADA)
    assert practice.counters()["by_operation"]["cognito-idp.AdminCreateUser"] == 1
    assert groups_of(practice, known(pool, ADA.email).username) == []
    entry = pool.create(ADA)
    assert entry.existed
    assert groups_of(practice, entry.username) == ["dr-racers"]
    password = pool.fresh_password(entry.username)
    assert sign_in(practice, ADA.email, password) == "NEW_PASSWORD_REQUIRED"


def test_a_crash_before_the_role_is_mended_by_the_next_pass(pool: CognitoPool, practice: WorldHandle) -> None:
    practice.arm("cognito-idp", "down", operation="AdminAddUserToGroup", seconds=600)
    with pytest.raises((LostAnswer, Unreachable)):
        pool.create(ADA)
    practice.disarm()
    entry = pool.create(ADA)
    assert groups_of(practice, entry.username) == ["dr-racers"]


def test_a_fresh_password_kills_the_old_one_and_renews_its_seven_days(pool: CognitoPool, practice: WorldHandle) -> None:
    entry = pool.create(ADA)
    made = known(pool, ADA.email)
    assert made.password_since == made.created_at
    assert made.password_age(event_now(practice)) == timedelta(0)
    practice.advance(8 * 86_400)
    assert sign_in(practice, ADA.email, entry.password) == "NotAuthorizedException"
    assert known(pool, ADA.email).password_until < event_now(practice)  # type: ignore[operator]
    assert known(pool, ADA.email).password_age(event_now(practice)) == timedelta(days=8)
    fresh = pool.fresh_password(entry.username)
    assert sign_in(practice, ADA.email, entry.password) == "NotAuthorizedException"
    assert sign_in(practice, ADA.email, fresh) == "NEW_PASSWORD_REQUIRED"
    renewed = known(pool, ADA.email)
    assert renewed.created_at == made.created_at
    assert renewed.password_until == event_now(practice) + timedelta(days=7)


def event_now(practice: WorldHandle) -> datetime:
    """Practice time to the millisecond, as the pool tells times."""
    now = datetime.fromisoformat(practice.control("GET", "status")["now"])
    user = practice.world.deepracer.site.now()
    assert abs(now.timestamp() - user) < 0.01
    return datetime.fromtimestamp(user, now.tzinfo)


def test_a_disabled_racer_is_kept_out_until_enabled_again(pool: CognitoPool, practice: WorldHandle) -> None:
    entry = pool.create(ADA)
    pool.disable(entry.username)
    assert not known(pool, ADA.email).enabled
    assert sign_in(practice, ADA.email, entry.password) == "NotAuthorizedException"
    pool.enable(entry.username)
    assert known(pool, ADA.email).enabled
    assert sign_in(practice, ADA.email, entry.password) == "NEW_PASSWORD_REQUIRED"


def test_deleting_a_racer_twice_is_fine(pool: CognitoPool) -> None:
    entry = pool.create(ADA)
    pool.delete(entry.username)
    assert pool.find(ADA.email) is None
    pool.delete(entry.username)


@pytest.mark.parametrize("act", ["fresh_password", "disable", "enable", "delete"])
def test_staff_are_never_touched(pool: CognitoPool, practice: WorldHandle, act: str) -> None:
    organizer = known(pool, practice.endpoints["deepracer"]["user"])
    with pytest.raises(Refused, match="role on DeepRacer on AWS"):
        getattr(pool, act)(organizer.username)
    with pytest.raises(Refused):
        pool.create(Invitee("s1", organizer.email, "Olivia-O"))
    assert known(pool, organizer.email) == organizer
    assert practice.counters()["writes"] == {}
    assert sign_in(practice, organizer.email, practice.endpoints["deepracer"]["password"]) == "in"
    written = {"AdminSetUserPassword", "AdminDisableUser", "AdminEnableUser", "AdminDeleteUser", "AdminAddUserToGroup"}
    assert not written & {key.partition(".")[2] for key in practice.counters()["by_operation"]}


def test_everybody_is_listed_by_pages_of_sixty(pool: CognitoPool, practice: WorldHandle) -> None:
    staff = len(list(pool.users()))
    for number in range(125):
        practice.world.deepracer.site.pool.create(new_username(), f"racer{number}@example.com", suppress=True)
    before = practice.counters()["by_operation"]["cognito-idp.ListUsers"]
    users = list(pool.users())
    assert len({user.username for user in users}) == 125 + staff
    assert practice.counters()["by_operation"]["cognito-idp.ListUsers"] - before == -(-(125 + staff) // 60)
    assert list(pool.racers()) == []


def test_racers_are_listed_apart_from_staff(pool: CognitoPool) -> None:
    entry = pool.create(ADA)
    assert [racer.username for racer in pool.racers()] == [entry.username]


def test_a_quote_in_an_address_cannot_change_the_question(pool: CognitoPool) -> None:
    assert pool.find('x" or email = "organizer@example.com') is None


@pytest.mark.parametrize(
    ("fault", "error"), [("throttle", Throttled), ("error_5xx", Unavailable), ("down", Unreachable)]
)
def test_a_failed_listing_becomes_a_typed_error(
    pool: CognitoPool, practice: WorldHandle, fault: str, error: type[ServiceError]
) -> None:
    practice.arm("cognito-idp", fault)
    with pytest.raises(error) as told:
        list(pool.users())
    assert told.value.service == "cognito-idp"


def test_dead_keys_and_an_unknown_pool_or_user_are_told_apart(pool: CognitoPool, practice: WorldHandle) -> None:
    with pytest.raises(CredentialsExpired, match="aws sso login"):
        list(open_pool(practice, secret="wrong").users())
    with pytest.raises(NotThere):
        list(open_pool(practice, pool="us-east-1_Nowhere00").users())
    with pytest.raises(NotThere):
        pool.fresh_password("nobodyhas12345x")


def test_every_call_passes_the_pace_first(practice: WorldHandle) -> None:
    passed: list[Limit] = []
    paced = open_pool(practice, pace=passed.append)
    paced.create(ADA)
    assert passed == [CALLS] * 3
    assert sum(practice.counters()["calls"].values()) == 3
    paced.close()


def test_a_password_is_not_shown_by_accident(pool: CognitoPool) -> None:
    entry = pool.create(ADA)
    assert entry.password not in repr(entry)


def test_passwords_and_usernames_keep_to_the_rules_and_do_not_repeat() -> None:
    passwords = {new_password() for _ in range(500)}
    assert len(passwords) == 500
    for password in passwords:
        assert len(password) == 14
        assert all(re.search(kind, password) for kind in ("[A-Z]", "[a-z]", "[0-9]", r"[-+=_.]"))
        assert not set(password) & set("0O1lI<>&\"'")
    names = {new_username() for _ in range(500)}
    assert len(names) == 500
    assert all(re.fullmatch(r"[A-Za-z0-9]{15}", name) for name in names)


def test_the_practice_pool_names_itself(pool: CognitoPool) -> None:
    assert pool.practice_world


def test_staff_are_told_by_their_groups(pool: CognitoPool, practice: WorldHandle) -> None:
    entry = pool.create(ADA)
    assert pool.groups(entry.username) == {"dr-racers"}
    known = dict(pool.staff())
    assert known["organizer@example.com"] == "dr-admins"
    assert ADA.email not in known
    with pytest.raises(NotThere):
        pool.groups("NobodyNobody123")
