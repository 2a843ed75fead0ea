"""Who passes the gateway: every role against the paths that tell the versions apart."""

import pytest

from deepracer_admin.rehearsal.deepracer.policies import allows

ADMIN, FACILITATOR, RACER = "dr-admins", "dr-race-facilitators", "dr-racers"
COMMENTATOR, REGISTRAR = "dr-commentators", "dr-registration-managers"
OLD, NEW = (1, 2, 5), (1, 3, 1)

WALK = [
    ("POST", "/profile", {OLD: {ADMIN, FACILITATOR, RACER}, NEW: {ADMIN}}),
    ("GET", "/profile", {OLD: {ADMIN, FACILITATOR, RACER}, NEW: {ADMIN, FACILITATOR, RACER, COMMENTATOR, REGISTRAR}}),
    ("GET", "/profiles", {OLD: {ADMIN}, NEW: {ADMIN}}),
    ("PUT", "/profile/role", {OLD: {ADMIN}, NEW: {ADMIN}}),
    ("DELETE", "/profiles/x/models", {OLD: {ADMIN}, NEW: {ADMIN}}),
    ("GET", "/settings/usageQuotas", {OLD: {ADMIN, FACILITATOR, RACER}, NEW: {ADMIN, FACILITATOR, RACER}}),
    ("PUT", "/settings/usageQuotas", {OLD: {ADMIN}, NEW: {ADMIN}}),
    ("POST", "/leaderboards", {OLD: {ADMIN, FACILITATOR}, NEW: {ADMIN, FACILITATOR}}),
    ("PATCH", "/leaderboards/x", {OLD: {ADMIN, FACILITATOR}, NEW: {ADMIN, FACILITATOR}}),
    ("POST", "/leaderboards/x/liveQueue/launch", {OLD: {ADMIN, FACILITATOR, RACER}, NEW: {ADMIN, FACILITATOR, RACER}}),
    ("DELETE", "/leaderboards/x/liveQueue/y", {OLD: {ADMIN, FACILITATOR}, NEW: {ADMIN, FACILITATOR}}),
    ("GET", "/admin/profiles", {OLD: {ADMIN, FACILITATOR}, NEW: {ADMIN, FACILITATOR}}),
    ("POST", "/race-management/users", {OLD: {ADMIN}, NEW: {ADMIN, FACILITATOR, REGISTRAR}}),
    ("POST", "/profiles/bulkInvite", {OLD: {ADMIN}, NEW: {ADMIN}}),
    ("GET", "/race-management/stats", {OLD: {ADMIN}, NEW: {ADMIN}}),
    ("GET", "/events", {OLD: {ADMIN}, NEW: {ADMIN, FACILITATOR, RACER, COMMENTATOR}}),
    ("POST", "/events", {OLD: {ADMIN}, NEW: {ADMIN}}),
    ("PATCH", "/events/x", {OLD: {ADMIN}, NEW: {ADMIN}}),
    ("POST", "/events/x/transition", {OLD: {ADMIN}, NEW: {ADMIN}}),
    ("DELETE", "/events/x", {OLD: {ADMIN}, NEW: {ADMIN}}),
    ("POST", "/events/x/tracks", {OLD: {ADMIN}, NEW: {ADMIN}}),
    ("GET", "/events/x/tracks", {OLD: {ADMIN}, NEW: {ADMIN, FACILITATOR, RACER, COMMENTATOR}}),
    ("GET", "/leaderboards", {OLD: {ADMIN, FACILITATOR, RACER}, NEW: {ADMIN, FACILITATOR, RACER}}),
]


@pytest.mark.parametrize(("method", "path", "expected"), WALK)
@pytest.mark.parametrize("version", [OLD, NEW])
def test_each_role_reaches_what_its_policy_names(
    method: str, path: str, expected: dict[tuple[int, ...], set[str]], version: tuple[int, ...]
) -> None:
    roles = (ADMIN, FACILITATOR, RACER, COMMENTATOR, REGISTRAR)
    assert {role for role in roles if allows(role, method, path, version)} == expected[version]
