"""Whatever JSON the service sends, the adapter answers with values or with a ServiceError."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepracer_admin.errors import ServiceError, Unavailable
from deepracer_admin.model import Invitee
from deepracer_admin.racing.on_aws import profiles, quotas, races
from deepracer_admin.racing.on_aws.bulk_results import bulk_outcomes
from tests.racing.scripted import Reply, adapter, scripted

PATIENT = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
PROFILE = ("alias", "profileId", "emailAddress", "computeMinutesUsed", "maxTotalComputeMinutes", "maxModelCount")
PROFILE += ("modelCount", "modelStorageUsage", "roleName", "createdAt")
RACE = ("leaderboardId", "name", "openTime", "closeTime", "trackConfig", "raceType", "maxSubmissionsPerUser")
RACE += ("resettingBehaviorConfig", "submissionTerminationConditions", "timingMethod", "objectAvoidanceConfig")
RACE += ("participantCount", "eventId", "isLive")
RANKING = ("rank", "rankingScore", "stats", "submittedAt", "userProfile")
PARTS = ("trackId", "trackDirection", "minimumLaps", "maximumLaps", "maxTimeInMinutes", "offTrackPenaltySeconds")
PARTS += ("numberOfObjects", "bestLapTime", "avgLapTime", "completedLapCount", "alias")


def objects(names: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    part = st.fixed_dictionaries({}, optional={name: values for name in PARTS})
    known = st.sampled_from(["TOTAL_TIME", "OBJECT_AVOIDANCE", "2026-11-22T12:00:00Z", -1, 7.5])
    return st.fixed_dictionaries({}, optional={name: known | values | part for name in names})


class Answers:
    """In the place of the transport: every page and every call is this answer."""

    def __init__(self, items: Any) -> None:
        self.items = items

    def pages(self, *_: Any, **__: Any) -> Iterator[list[dict[str, Any]]]:
        yield self.items

    def call(self, *_: Any, **__: Any) -> dict[str, Any]:
        return self.items


@PATIENT
@given(st.lists(objects(PROFILE), max_size=2))
def test_any_profile_is_read(items: list[dict[str, Any]]) -> None:
    found = list(profiles.list_profiles(Answers(items)))  # type: ignore[arg-type]
    assert len(found) == len(items)
    assert all(profile.minutes_used == profile.minutes_used for profile in found)


@PATIENT
@given(st.lists(objects(RACE), max_size=2))
def test_any_race_is_read_or_left_out(items: list[dict[str, Any]]) -> None:
    found = races.list_races(Answers(items), "https://races.example.com")  # type: ignore[arg-type]
    assert len(found) <= len(items)


@PATIENT
@given(st.lists(objects(RANKING), max_size=2))
def test_any_ranking_is_read(items: list[dict[str, Any]]) -> None:
    assert len(list(races.rankings(Answers(items), "R" * 15))) == len(items)  # type: ignore[arg-type]


@PATIENT
@given(
    st.dictionaries(
        st.sampled_from(["value"]), st.dictionaries(st.sampled_from(["newUserComputeMinutesLimit"]), values)
    )
)
def test_any_setting_is_read(answer: dict[str, Any]) -> None:
    with suppress(ServiceError):
        quota = quotas.read_new_profile_quota(Answers(answer))  # type: ignore[arg-type]
        assert quota is None or isinstance(quota.minutes, int)


@PATIENT
@given(st.fixed_dictionaries({}, optional={name: values for name in ("status", "results", "processedCount")}))
def test_any_progress_has_one_outcome_per_person(answer: dict[str, Any]) -> None:
    people = [Invitee("k1", "ada@example.com", "Ada"), Invitee("k2", "bo@example.com", "Bo")]
    _, outcomes, sentence = bulk_outcomes("J", people, answer)
    assert [outcome.person for outcome in outcomes] == ["k1", "k2"]
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("InitiateAuth", {}),
        ("InitiateAuth", {"AuthenticationResult": {}}),
        ("InitiateAuth", {"AuthenticationResult": {"IdToken": "no token"}}),
        ("GetCredentialsForIdentity", {"IdentityId": "i"}),
        ("GetCredentialsForIdentity", {"IdentityId": "i", "Credentials": {"AccessKeyId": "A"}}),
    ],
)
def test_an_odd_answer_of_cognito_is_said_and_tried_later(operation: str, body: dict[str, Any]) -> None:
    with scripted() as deployment, adapter(deployment) as service:
        deployment.on_cognito(operation, Reply(body=body))
        with pytest.raises(Unavailable, match="tries again later"):
            service.connect()
