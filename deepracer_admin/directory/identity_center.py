"""IAM Identity Center, read only: is the group assigned, and who has arrived in it (identity-and-mail.md 3.2, 3.6).

Nothing is ever written: the company's own directory fills Identity Center, and nothing flows back (3.1). Everybody is
read by pages of 100, never one call per person: for N people ceil(N/100) pages of members, and as many of users when
somebody new is among the members.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from deepracer_admin.directory.aws import Access, AwsCalls, Pace, do_not_wait
from deepracer_admin.directory.proof import Arrival, Assignment, Presence
from deepracer_admin.errors import NotThere
from deepracer_admin.model import Limit
from deepracer_admin.model.readiness import PermissionSet

__all__ = ["POLICY", "READS", "IdentityCenter"]

POLICY = "AWSDeepRacerDefaultMultiUserAccess"
READS = Limit(
    "identity-center",
    rate=10.0,
    burst=1,
    in_flight=1,
    source="AWS publishes no rate; the design's number (identity-and-mail.md 3.3; architecture.md, Concurrency)",
)
PAGE = 100  # identity-and-mail.md 3.1
USERS_AGE_S = 600.0  # a listing of users is taken for current so long, unless a new member shows up
_ID = re.compile(r"([0-9a-f]{10}-|)[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True)
class _User:
    id: str
    addresses: tuple[str, ...]  # casefolded: user name and e-mail addresses
    missing: tuple[str, ...]
    enabled: bool


class IdentityCenter:
    """One group, one permission set, one account. Group and permission set go by name or by id (ARN).

    The credentials must be of the management or the delegated administrator account (identity-and-mail.md 5.5).
    """

    def __init__(
        self,
        access: Access,
        identity_store_id: str,
        instance_arn: str,
        group: str,
        permission_set: str,
        account_id: str,
        *,
        pace: Pace = do_not_wait,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = AwsCalls(access, "identitystore", limit=READS, pace=pace)
        self._admin = AwsCalls(access, "sso-admin", limit=READS, pace=pace)
        self._store_id, self._instance, self._account = identity_store_id, instance_arn, account_id
        self._group, self._permission_set = group, permission_set
        self._group_id = group if _ID.fullmatch(group) else ""
        self._set_arn = permission_set if permission_set.startswith("arn:") else ""
        self._monotonic = monotonic
        self._users: dict[str, _User] = {}
        self._users_at: float | None = None

    @property
    def limits(self) -> Sequence[Limit]:
        return (READS,)

    @property
    def practice_world(self) -> bool:
        """True when Identity Center names itself a rehearsal; a live event must not use it. Asks once; may raise."""
        if self._store.practice_world is None:
            self._store.call("list_group_memberships", {**self._of_group(), "MaxResults": 1})
        return bool(self._store.practice_world)

    def assignment(self) -> Assignment:
        """Does the group hold the permission set in the account, with DeepRacer's policy attached?

        Two calls, and a few more the first time when names were given instead of ids.
        """
        try:
            group_id = self._find_group()
        except NotThere:
            return Assignment(False, _NO_GROUP.format(group=self._group))
        try:
            of_set = {"InstanceArn": self._instance, "PermissionSetArn": self._find_set()}
            asked = {**of_set, "AccountId": self._account, "MaxResults": PAGE}
            rows = self._admin.walk("list_account_assignments", "AccountAssignments", asked)
            assigned = any(row.get("PrincipalType") == "GROUP" and row.get("PrincipalId") == group_id for row in rows)
            policies = self._admin.walk(
                "list_managed_policies_in_permission_set", "AttachedManagedPolicies", {**of_set, "MaxResults": PAGE}
            )
            attached = any(str(policy.get("Arn", "")).endswith(f"policy/{POLICY}") for policy in policies)
        except NotThere:
            return Assignment(False, _NO_SET.format(set=self._permission_set, account=self._account))
        if not assigned:
            return Assignment(
                False, _NOT_ASSIGNED.format(group=self._group, set=self._permission_set, account=self._account)
            )
        return Assignment(attached, "" if attached else _NO_POLICY.format(set=self._permission_set, policy=POLICY))

    def permission_set(self) -> PermissionSet:
        described = {"InstanceArn": self._instance, "PermissionSetArn": self._find_set()}
        reply = self._admin.call("describe_permission_set", described)
        return next(self._admin.read("describe_permission_set", [reply], _set_of))

    def arrived(self, emails: Sequence[str]) -> Mapping[str, Arrival]:
        """Where each address stands. Raises NotThere when Identity Center has no such group yet."""
        members = {
            member
            for member in self._store.read(
                "list_group_memberships",
                self._store.walk(
                    "list_group_memberships", "GroupMemberships", {**self._of_group(), "MaxResults": PAGE}
                ),
                lambda row: str(row.get("MemberId", {}).get("UserId") or ""),
            )
            if member
        }
        self._read_users(members)
        by_address: dict[str, list[_User]] = {}
        for user in self._users.values():
            for address in user.addresses:
                by_address.setdefault(address, []).append(user)
        return {email: _judge(email, by_address.get(email.casefold(), ()), members) for email in emails}

    def close(self) -> None:
        """Let connections go."""
        self._store.close()
        self._admin.close()

    # --------------------------------------------------------------------------------------------------- finding

    def _of_group(self) -> dict[str, str]:
        return {"IdentityStoreId": self._store_id, "GroupId": self._find_group()}

    def _find_group(self) -> str:
        if not self._group_id:
            unique = {"AttributePath": "displayName", "AttributeValue": self._group}
            reply = self._store.call(
                "get_group_id",
                {"IdentityStoreId": self._store_id, "AlternateIdentifier": {"UniqueAttribute": unique}},
            )
            self._group_id = next(self._store.read("get_group_id", [reply], lambda found: str(found["GroupId"])))
        return self._group_id

    def _find_set(self) -> str:
        if not self._set_arn:
            sets = self._admin.walk(
                "list_permission_sets", "PermissionSets", {"InstanceArn": self._instance, "MaxResults": PAGE}
            )
            for arn in sets:
                described = {"InstanceArn": self._instance, "PermissionSetArn": arn}
                reply = self._admin.call("describe_permission_set", described)
                named = self._admin.read(
                    "describe_permission_set", [reply], lambda found: found["PermissionSet"]["Name"]
                )
                if next(named) == self._permission_set:
                    self._set_arn = str(arn)
                    break
            else:
                raise NotThere("There is no such permission set.", service="sso-admin", operation="find_set")
        return self._set_arn

    def _read_users(self, members: Iterable[str]) -> None:
        """List all users when somebody among the members is new, or when the last listing has aged."""
        now = self._monotonic()
        aged = self._users_at is None or now - self._users_at > USERS_AGE_S
        if not aged and all(user_id in self._users for user_id in members):
            return
        asked = {"IdentityStoreId": self._store_id, "MaxResults": PAGE}
        rows = self._store.walk("list_users", "Users", asked)
        self._users = {user.id: user for user in self._store.read("list_users", rows, _read_user)}
        self._users_at = now


def _set_of(reply: Mapping[str, Any]) -> PermissionSet:
    found = reply["PermissionSet"]
    return PermissionSet(
        str(found["Name"]),
        str(found["PermissionSetArn"]),
        str(found.get("RelayState") or ""),
        _duration(str(found.get("SessionDuration") or "PT1H")),  # AWS's default (identity-and-mail.md 3.2)
    )


def _duration(text: str) -> timedelta:
    """An ISO 8601 duration of hours and minutes, as sessions have it. Raises ValueError."""
    found = re.fullmatch(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?", text)
    if found is None:
        raise ValueError(text)
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _read_user(row: Mapping[str, Any]) -> _User:
    name = row.get("Name") or {}
    named = {
        "first name": name.get("GivenName"),
        "last name": name.get("FamilyName"),
        "display name": row.get("DisplayName"),
    }
    addresses = [row.get("UserName"), *(mail.get("Value") for mail in row.get("Emails") or [])]
    return _User(
        str(row["UserId"]),
        tuple({str(address).casefold() for address in addresses if address}),
        tuple(label for label, value in named.items() if not value),
        row.get("UserStatus") != "DISABLED",
    )


def _judge(email: str, users: Sequence[_User], members: set[str]) -> Arrival:
    inside = [user for user in users if user.id in members]
    candidates = inside or list(users)
    if not candidates:
        return Arrival(email, Presence.ABSENT)
    if len(candidates) > 1:
        return Arrival(email, Presence.SEVERAL)
    user = candidates[0]
    present = Presence.MEMBER if inside else Presence.USER
    return Arrival(email, present if user.enabled else Presence.DISABLED, user.id, user.missing)


_ADMIN = "ask the administrator of IAM Identity Center to"
_NO_GROUP = (
    "IAM Identity Center has no group {group}: assign the event group itself to the AWS application in Entra, wait for "
    "a cycle, or correct the setting."
)
_NO_SET = (
    "IAM Identity Center has no permission set {set} or no account {account}: correct the settings, or "
    + _ADMIN
    + " make the set."
)
_NOT_ASSIGNED = (
    "The group {group} has no access to account {account} with the permission set {set}: "
    + _ADMIN
    + " assign it once, for the whole group."
)
_NO_POLICY = (
    "The permission set {set} lacks the policy {policy}: " + _ADMIN + " attach it and to provision the set again."
)
