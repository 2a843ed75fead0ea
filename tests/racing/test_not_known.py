"""`500 {}` from DeepRacer on AWS: neither yes nor no, and what settles it (deepracer-on-aws-capacity.md 5)."""

from __future__ import annotations

from typing import Any

import pytest

from deepracer_admin.directory.cognito import CognitoPool
from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.edge.reach import Reach
from deepracer_admin.errors import NotThere, ServiceError, Unavailable
from deepracer_admin.model import Invitee, Quota, State
from deepracer_admin.racing import NOT_KNOWN
from tests.practice import WorldHandle
from tests.racing.scripted import Reply, adapter, scripted

NO_REASON = Reply(500, {}, {"x-amzn-errortype": "InternalFailure"})
HERE, GONE = "A" * 15, "B" * 15


def listing(*ids: str) -> Reply:
    rows: list[dict[str, Any]] = [
        {"profileId": each, "alias": "Ada", "emailAddress": "ada@example.com"} for each in ids
    ]
    return Reply(body={"profiles": rows})


def test_a_deletion_that_failed_without_a_reason_is_not_known_whether_or_not_the_row_is_listed() -> None:
    with scripted() as deployment, adapter(deployment) as service:
        for profile in (HERE, GONE):
            deployment.on("DELETE", f"/profiles/{profile}", NO_REASON)
        deployment.on("GET", "/profiles", listing(HERE))
        outcomes = service.remove([HERE, GONE])
        assert [(each.person, each.state, each.reason) for each in outcomes] == [
            (HERE, State.UNKNOWN, NOT_KNOWN),
            (GONE, State.UNKNOWN, NOT_KNOWN),
        ]
        assert not [each for each in outcomes if each.state.is_done]
        assert "whether the account still exists is not known" in outcomes[0].sentence
        assert len(deployment.calls("DELETE", f"/profiles/{HERE}")) == 1, "a deletion is not repeated by itself"


def test_a_limit_that_failed_without_a_reason_is_settled_by_one_listing() -> None:
    """Limits are in the row, so a row that is not listed is evidence, and one that is listed is tried again."""
    with scripted() as deployment, adapter(deployment) as service:
        deployment.on("PATCH", "/profile", NO_REASON)
        deployment.on("GET", "/profiles", listing(HERE))
        here, gone = service.set_quotas([(HERE, Quota(60, 1)), (GONE, Quota(60, 1))])
        assert (here.state, here.reason) == (State.RETRY, NOT_KNOWN)
        assert (gone.state, gone.reason) == (State.REFUSED, "not_there")
        assert len(deployment.calls("GET", "/profiles")) == 1
        with pytest.raises(Unavailable):
            service.set_alias(HERE, "Ada-L")
        with pytest.raises(NotThere):
            service.set_alias(GONE, "Ada-L")


def test_a_listing_that_fails_too_leaves_it_open() -> None:
    with scripted() as deployment, adapter(deployment) as service:
        deployment.on("PATCH", "/profile", NO_REASON)
        deployment.on("GET", "/profiles", Reply(503, {"message": "busy"}))
        (outcome,) = service.set_quotas([(HERE, Quota(60, 1))])
        assert (outcome.state, outcome.reason) == (State.RETRY, NOT_KNOWN)


def pool_of(practice: WorldHandle, **changes: str) -> CognitoPool:
    aws = {**practice.endpoints["aws"], **changes}
    keys = {name: aws[name] for name in ("region", "access_key_id", "secret_access_key")}
    access = AwsAccess(endpoint_url=aws["cognito_idp_url"], reach=Reach.PRACTICE, **keys)
    return CognitoPool(access, aws["user_pool_id"])


def test_the_user_pool_tells_a_live_account_from_none(practice: WorldHandle) -> None:
    pool = pool_of(practice)
    username = pool.create(Invitee("a1", "ada.byron@example.com", "Ada-B")).username
    found = pool.account(username)
    assert found
    assert (found.username, found.email, found.enabled) == (username, "ada.byron@example.com", True)
    pool.delete(username)
    assert pool.account(username) is None
    pool.close()


@pytest.mark.parametrize("fault", ["throttle", "error_5xx", "drop"])
def test_a_pool_that_does_not_answer_is_no_evidence(practice: WorldHandle, fault: str) -> None:
    pool = pool_of(practice)
    practice.arm("cognito-idp", fault)
    with pytest.raises(ServiceError):
        pool.account(GONE)
    practice.disarm()
    pool.close()


def test_a_pool_that_is_not_there_is_no_evidence_either(practice: WorldHandle) -> None:
    pool = pool_of(practice, user_pool_id="us-east-1_another")
    with pytest.raises(ServiceError):
        pool.account(GONE)
    pool.close()
