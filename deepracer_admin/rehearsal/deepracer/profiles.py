"""Profiles, roles and invitations one by one (deepracer-on-aws.md 1.7 "Profiles", 1.3 page 3 and 4)."""

from __future__ import annotations

import re
from typing import Any

from .deployment import Call, Deployment
from .errors import Unmodelled, bad_request, conflict, internal, not_authorized, not_found
from .happenings import keep_account_alive
from .models import delete_all_models, require_staff
from .state import FORCE_CHANGE, RACERS, Profile, User
from .user_pool import PoolError
from .wire import PAGE, open_token, seal_token, to_moment, to_number

EMAIL = re.compile(r"[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}\Z")
_INVITED = "Profile created successfully. Check your email for login instructions."


class GroupFailed(Exception):
    """The account was made but could not be put into the racer group."""


def invite(site: Deployment, operation: str, email: str, *, alias: str | None = None) -> User:
    """AdminCreateUser with a random username, then the racer group. Raises `PoolError`; `GroupFailed` after the user
    was rolled back, when the profile row of the trigger stays behind as an orphan."""
    if site.hit("mail_quota", operation):
        raise over_quota()

    def fail_after_trigger() -> None:
        if site.hit("mail_quota_after_trigger", operation):
            raise over_quota()

    user = site.pool.create(
        site.state.new_id(),
        email,
        attributes={"email_verified": "true"},
        metadata={"racerAlias": alias} if alias else None,
        before_mail=fail_after_trigger,
    )
    if site.hit("half_done", operation):
        site.state.remove_user(user.username)
        raise GroupFailed
    site.pool.add_to_group(user, RACERS)
    return user


def over_quota() -> PoolError:
    return PoolError("LimitExceededException", "Exceeded daily email limit for the operation or the account.")


def create_profile(site: Deployment, call: Call) -> dict[str, Any]:
    if site.version >= (1, 3) and not site.is_admin(call):
        raise not_authorized("Only administrators can create profiles.")
    email = call.body["emailAddress"]
    if not EMAIL.match(email):
        raise bad_request("Invalid email address format.")
    if site.state.find_user(email) is not None:
        raise bad_request("A user with this email address already exists.")
    try:
        invite(site, call.operation, email)
    except PoolError:
        raise internal("Unable to create profile. Please try again.") from None
    except GroupFailed:
        raise internal("Unable to add user to Group. Please try again.") from None
    return {"message": _INVITED}


def register_user(site: Deployment, call: Call) -> tuple[int, dict[str, Any]]:
    email = call.body["emailAddress"]
    if not EMAIL.match(email):
        raise bad_request("Invalid email address format.")
    if site.state.find_user(email) is not None:
        raise conflict("A user with this email address already exists.")
    try:
        user = invite(site, call.operation, email)
    except (PoolError, GroupFailed):
        raise internal("Unable to register racer. Please try again.") from None
    country = call.body.get("countryCode")
    site.state.profiles[user.username].country = country.upper() if country else None
    return 201, {"id": user.username}


def list_profiles(site: Deployment, call: Call) -> dict[str, Any]:
    if site.version >= (1, 3) and not site.is_admin(call):
        raise not_authorized("Only administrators can list all profiles.")
    token = open_token("profiles", call.query.get("token"))
    keys, last = site.state.profile_order.page(token.get("key"), PAGE)
    reply: dict[str, Any] = {"profiles": [describe(site.state.profiles[key]) for key in keys]}
    following = seal_token("profiles", last)
    return reply | ({"token": following} if following else {})


def describe(profile: Profile, *, hidden: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The stored members; what was never set is absent."""
    members: dict[str, Any] = {
        "alias": profile.alias,
        "avatar": profile.avatar,
        "profileId": profile.profile_id,
        "emailAddress": profile.email,
        "computeMinutesUsed": to_number(profile.used),
        "computeMinutesQueued": to_number(profile.queued),
        "maxTotalComputeMinutes": to_number(profile.max_minutes),
        "modelCount": profile.model_count,
        "maxModelCount": to_number(profile.max_models),
        "modelStorageUsage": profile.storage,
        "roleName": profile.role_name,
        "createdAt": to_moment(profile.created, always_millis=True),
    }
    return {name: value for name, value in members.items() if value is not None and name not in hidden}


_NOT_IN_GET = frozenset({"roleName", "createdAt", "modelStorageUsage"})
_NOT_IN_UPDATE = _NOT_IN_GET | {"emailAddress", "modelCount"}


def get_profile(site: Deployment, call: Call) -> dict[str, Any]:
    profile = site.state.profiles.get(call.caller.profile_id)
    if profile is None:
        raise not_found()
    return {"profile": describe(profile, hidden=_NOT_IN_GET)}


def update_profile(site: Deployment, call: Call) -> dict[str, Any]:
    body = call.body
    profile_id = body.get("profileId") or call.caller.profile_id
    admin = site.is_admin(call)
    if profile_id != call.caller.profile_id and not admin:
        raise bad_request("Admin permission required to make this change.")
    limits = {name for name in ("maxTotalComputeMinutes", "maxModelCount") if name in body}
    if limits and not admin:
        raise bad_request("Non-admin user requesting to change one or more admin-only properties.")
    avatar = {name: item for name, item in body.get("avatar", {}).items() if name != "countryCode"}
    if not (limits or avatar or "alias" in body):
        raise bad_request(
            "At least one valid field (alias, avatar, maxTotalComputeMinutes, or maxModelCount) needs to be provided."
        )
    profile = site.state.profiles.get(profile_id)
    if profile is None:
        raise not_found()
    profile.alias = body.get("alias", profile.alias)
    profile.avatar = avatar or profile.avatar
    profile.max_minutes = body.get("maxTotalComputeMinutes", profile.max_minutes)
    profile.max_models = body.get("maxModelCount", profile.max_models)
    return {"profile": describe(profile, hidden=_NOT_IN_UPDATE)}


def update_group_membership(site: Deployment, call: Call) -> dict[str, Any]:
    """No check of the last admin, nor of the caller; a demoted admin's old credentials still pass here."""
    user = site.state.users.get(call.body["profileId"])
    if user is None:
        raise internal("Failed to remove user from groups.")
    if site.hit("group_change", call.operation):
        raise internal("Failed to add user to new group.")
    for group in list(user.groups):
        site.pool.remove_from_group(user, group)
    site.pool.add_to_group(user, call.body["targetUserPoolGroup"])
    return {}


def delete_profile(site: Deployment, call: Call) -> dict[str, Any]:
    """Cognito user, row, models, in this order. Without a Cognito user it fails before the row (orphans stay), and so
    it does when Cognito refuses: the answer tells the two apart in nothing (deepracer-on-aws-capacity.md 5)."""
    if not site.is_admin(call):
        raise bad_request("Only administrators can delete user profiles")
    profile_id = call.path["profileId"]
    if profile_id not in site.state.users or keep_account_alive(site, call):
        raise Unmodelled
    site.state.remove_user(profile_id)
    site.users_deleted += 1
    site.state.remove_profile(profile_id)
    delete_all_models(site, profile_id)
    return {}


def delete_profile_models(site: Deployment, call: Call) -> dict[str, Any]:
    delete_all_models(site, call.path["profileId"])
    return {}


def resend_invite(site: Deployment, call: Call) -> dict[str, Any]:
    if not site.is_admin(call):
        raise not_authorized("Only administrators can resend invitations.")
    profile_id = call.path["profileId"]
    if profile_id not in site.state.profiles:
        raise not_found()
    user = site.state.users.get(profile_id)
    if user is None:
        raise not_found("User account not found. The user may have been deleted externally.")
    if not user.enabled:
        raise conflict("This user account is disabled.")
    if user.status == "CONFIRMED":
        raise conflict("This user has already accepted their invitation and set a password.")
    if user.status != FORCE_CHANGE:
        raise conflict("Unable to resend invitation for this user.")
    try:
        if site.hit("mail_quota", call.operation):
            raise over_quota()
        site.pool.resend(user)
    except PoolError:
        raise internal("Failed to resend invitation. Please try again.") from None
    return {"message": "Invitation resent. The user will receive a new invitation email."}


def list_admin_profiles(site: Deployment, call: Call) -> dict[str, Any]:
    """Unpaged. `totalModelCount` counts model folders in S3: a model that never ran has none."""
    require_staff(site, call)
    rows = [site.state.profiles[key] for key in site.state.profile_order]
    return {
        "profiles": [
            {
                "profileId": row.profile_id,
                "alias": row.alias,
                "emailAddress": row.email,
                "totalModelCount": sum(model.has_objects for model in site.state.list_models(row.profile_id)),
            }
            for row in rows
        ]
    }
