"""The operations the console uses, as a table: name, method, path, and whether a repeat is harmless.

Facts: deepracer-on-aws.md 1.5, deepracer-on-aws-1.3.md 4, 5 and 8. A repeat is harmless for reads, for writes that set
a value, and for a bulk invitation with its token; it is not for anything that creates, mails or deletes.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

__all__ = [
    "BULK_INVITE",
    "BULK_INVITE_STATUS",
    "CREATE_LEADERBOARD",
    "CREATE_PROFILE",
    "DELETE_LEADERBOARD",
    "DELETE_PROFILE",
    "DELETE_PROFILE_MODELS",
    "EDIT_LEADERBOARD",
    "GET_LEADERBOARD",
    "GET_PROFILE",
    "GET_SETTING",
    "LIST_ADMIN_MODELS",
    "LIST_BULK_INVITES",
    "LIST_LEADERBOARDS",
    "LIST_MODELS_FOR_PROFILE",
    "LIST_PROFILES",
    "LIST_RANKINGS",
    "RACE_STATS",
    "REGISTER_USER",
    "RESEND_INVITE",
    "UPDATE_PROFILE",
    "UPDATE_ROLE",
    "UPDATE_SETTING",
    "Operation",
]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API. `path` is below the stage and holds one `{}` per id."""

    name: str
    method: str
    path: str
    repeatable: bool

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    @property
    def is_admin_path(self) -> bool:
        """Counts under the firewall's rule of 100 requests per 5 minutes for `/admin/` (deepracer-on-aws.md 1.4)."""
        return "/admin/" in self.path

    def path_for(self, *ids: str) -> str:
        """The path with its ids, escaped as AWS signs them (unreserved characters stay)."""
        return self.path.format(*(quote(each, safe="-_.~") for each in ids))


GET_PROFILE = Operation("GetProfile", "GET", "/profile", True)
LIST_PROFILES = Operation("ListProfiles", "GET", "/profiles", True)
UPDATE_PROFILE = Operation("UpdateProfile", "PATCH", "/profile", True)
CREATE_PROFILE = Operation("CreateProfile", "POST", "/profile", False)
UPDATE_ROLE = Operation("UpdateGroupMembership", "PUT", "/profile/role", True)
DELETE_PROFILE = Operation("DeleteProfile", "DELETE", "/profiles/{}", False)

RACE_STATS = Operation("GetRaceStats", "GET", "/race-management/stats", True)

LIST_BULK_INVITES = Operation("ListBulkInviteUserJobs", "GET", "/profiles/bulkInvite", True)
BULK_INVITE = Operation("BulkInviteUser", "POST", "/profiles/bulkInvite", True)  # with its clientToken
BULK_INVITE_STATUS = Operation("GetBulkInviteUserJobStatus", "GET", "/profiles/bulkInvite/{}", True)
RESEND_INVITE = Operation("ResendInvite", "POST", "/profiles/{}/resendInvite", False)
REGISTER_USER = Operation("RegisterUser", "POST", "/race-management/users", False)

LIST_ADMIN_MODELS = Operation("ListAdminModels", "GET", "/admin/models", True)
LIST_MODELS_FOR_PROFILE = Operation("ListModelsForProfile", "GET", "/admin/profiles/{}/models", True)
DELETE_PROFILE_MODELS = Operation("DeleteProfileModels", "DELETE", "/profiles/{}/models", False)

GET_SETTING = Operation("GetGlobalSetting", "GET", "/settings/{}", True)
UPDATE_SETTING = Operation("UpdateGlobalSetting", "PUT", "/settings/{}", True)

LIST_LEADERBOARDS = Operation("ListLeaderboards", "GET", "/leaderboards", True)
GET_LEADERBOARD = Operation("GetLeaderboard", "GET", "/leaderboards/{}", True)
CREATE_LEADERBOARD = Operation("CreateLeaderboard", "POST", "/leaderboards", False)
EDIT_LEADERBOARD = Operation("EditLeaderboard", "PATCH", "/leaderboards/{}", True)
DELETE_LEADERBOARD = Operation("DeleteLeaderboard", "DELETE", "/leaderboards/{}", False)
LIST_RANKINGS = Operation("ListRankings", "GET", "/leaderboards/{}/rankings", True)
