"""The operations of `identitystore` and `sso-admin` (identity-and-mail.md 3.1, 3.2) on the practice instance."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from .store import (
    ACCOUNT_ID,
    GROUP_NAME,
    LARGEST_PAGE,
    PERMISSION_SET,
    POLICY,
    Directory,
    Membership,
    User,
    missing,
    page,
)
from .wire import Refused, invalid

Body = Mapping[str, Any]
Handler = Callable[[Body], dict[str, Any]]
CREATED = 1_767_225_600.0  # when the company set its instance up: 1 January 2026


class StoreCalls:
    """`identitystore`. Two groups exist: the provisioned one, and one that an administrator made by hand."""

    prefix, signing_name = "AWSIdentityStore", "identitystore"

    def __init__(self, directory: Callable[[], Directory], now: Callable[[], float]) -> None:
        self._directory, self._now = directory, now
        self.handlers: dict[str, Handler] = {
            "ListUsers": self.list_users,
            "DescribeUser": self.describe_user,
            "GetUserId": self.get_user_id,
            "ListGroups": self.list_groups,
            "DescribeGroup": self.describe_group,
            "GetGroupId": self.get_group_id,
            "ListGroupMemberships": self.list_group_memberships,
            "ListGroupMembershipsForMember": self.list_memberships_of,
            "IsMemberInGroups": self.is_member_in_groups,
            "CreateUser": self.create_user,
            "CreateGroupMembership": self.create_membership,
            "DeleteGroupMembership": self.delete_membership,
        }

    def _store(self, body: Body) -> Directory:
        directory, wanted = self._directory(), text(body, "IdentityStoreId")
        if wanted != directory.names.identity_store_id:
            raise missing("IDENTITY_STORE", wanted)
        return directory

    def _user(self, directory: Directory, user_id: str) -> User:
        if user_id not in directory.users:
            raise missing("USER", user_id)
        return directory.users[user_id]

    def _groups(self, directory: Directory) -> dict[str, str]:
        return {directory.names.group_id: GROUP_NAME, directory.names.other_group_id: "Administrators"}

    def _group(self, directory: Directory, body: Body) -> str:
        wanted = text(body, "GroupId")
        if wanted not in self._groups(directory):
            raise missing("GROUP", wanted)
        return wanted

    # --- users

    def list_users(self, body: Body) -> dict[str, Any]:
        directory = self._store(body)
        filters = body.get("Filters") or []
        if filters:
            path, value = text(filters[0], "AttributePath"), text(filters[0], "AttributeValue")
            if path.lower() != "username":
                raise invalid(f"Attribute path {path} is not supported for filtering.")
            found = directory.user_named(path, value)
            rows, more = ([found] if found else []), {}
        else:
            rows, more = page(list(directory.users.values()), body, "users")
        return {"Users": [describe_user(directory, user) for user in rows], **more}

    def describe_user(self, body: Body) -> dict[str, Any]:
        directory = self._store(body)
        return describe_user(directory, self._user(directory, text(body, "UserId")))

    def get_user_id(self, body: Body) -> dict[str, Any]:
        directory = self._store(body)
        path, value = alternate(body)
        found = (
            next((user for user in directory.users.values() if user.person_id == value), None)
            if path == "ExternalId"
            else directory.user_named(path, value)
        )
        if found is None:
            raise missing("USER", value)
        return {"IdentityStoreId": directory.names.identity_store_id, "UserId": found.user_id}

    def create_user(self, body: Body) -> dict[str, Any]:
        directory = self._store(body)
        user_name = text(body, "UserName")
        name = body.get("Name") or {}
        known = {
            "given": name.get("GivenName"),
            "family": name.get("FamilyName"),
            "shown": body.get("DisplayName"),
        }
        if not all(known.values()):
            raise invalid("Name.GivenName, Name.FamilyName and DisplayName are required.")
        emails = body.get("Emails") or []
        email = emails[0].get("Value") if emails else None
        user = directory.add_user(f"by hand {uuid.uuid4()}", user_name, known, email, self._now())
        return {"IdentityStoreId": directory.names.identity_store_id, "UserId": user.user_id}

    # --- groups

    def list_groups(self, body: Body) -> dict[str, Any]:
        directory = self._store(body)
        filters = body.get("Filters") or []
        wanted = text(filters[0], "AttributeValue") if filters else None
        groups = [
            describe_group(directory, group_id, name)
            for group_id, name in self._groups(directory).items()
            if wanted is None or wanted == name
        ]
        return {"Groups": groups}

    def describe_group(self, body: Body) -> dict[str, Any]:
        directory = self._store(body)
        group_id = self._group(directory, body)
        return describe_group(directory, group_id, self._groups(directory)[group_id])

    def get_group_id(self, body: Body) -> dict[str, Any]:
        directory = self._store(body)
        path, value = alternate(body)
        for group_id, name in self._groups(directory).items():
            if path.lower() == "displayname" and name.casefold() == value.casefold():
                return {"IdentityStoreId": directory.names.identity_store_id, "GroupId": group_id}
        raise missing("GROUP", value)

    # --- memberships

    def list_group_memberships(self, body: Body) -> dict[str, Any]:
        directory = self._store(body)
        group_id = self._group(directory, body)
        rows = list(directory.members.values()) if group_id == directory.names.group_id else []
        shown, more = page(rows, body, f"members of {group_id}")
        return {"GroupMemberships": [describe_membership(directory, row) for row in shown], **more}

    def list_memberships_of(self, body: Body) -> dict[str, Any]:
        directory = self._store(body)
        user = self._user(directory, member(body))
        membership = directory.membership_of(user.user_id)
        rows = [directory.members[membership]] if membership else []
        return {"GroupMemberships": [describe_membership(directory, row) for row in rows]}

    def is_member_in_groups(self, body: Body) -> dict[str, Any]:
        directory = self._store(body)
        user, groups = self._user(directory, member(body)), body.get("GroupIds") or []
        if not 1 <= len(groups) <= LARGEST_PAGE:
            raise invalid(f"GroupIds must have between 1 and {LARGEST_PAGE} members.")
        inside = directory.membership_of(user.user_id) is not None
        return {
            "Results": [
                {
                    "GroupId": group_id,
                    "MemberId": {"UserId": user.user_id},
                    "MembershipExists": inside and group_id == directory.names.group_id,
                }
                for group_id in groups
            ]
        }

    def create_membership(self, body: Body) -> dict[str, Any]:
        directory = self._store(body)
        self._group(directory, body)
        row = directory.join(self._user(directory, member(body)).user_id, self._now())
        return {"IdentityStoreId": directory.names.identity_store_id, "MembershipId": row.membership_id}

    def delete_membership(self, body: Body) -> dict[str, Any]:
        self._store(body).leave(text(body, "MembershipId"))
        return {}


class AdminCalls:
    """`sso-admin`: one instance, two permission sets, one account. `armed` tells which states are on: `no_assignment`
    (the group has no access to the account), `no_policy` (the set lacks the managed policy), `no_relay` (it leads
    nowhere in particular), `short_session` (racers are signed out after an hour)."""

    prefix, signing_name = "SWBExternalService", "sso"

    def __init__(self, directory: Callable[[], Directory], armed: Callable[[str], bool]) -> None:
        self._directory, self._armed = directory, armed
        self.handlers: dict[str, Handler] = {
            "ListInstances": self.list_instances,
            "DescribeInstance": self.describe_instance,
            "ListPermissionSets": self.list_permission_sets,
            "DescribePermissionSet": self.describe_permission_set,
            "ListManagedPoliciesInPermissionSet": self.list_managed_policies,
            "ListAccountAssignments": self.list_account_assignments,
        }

    def _instance(self) -> dict[str, Any]:
        names = self._directory().names
        return {
            "InstanceArn": names.instance_arn,
            "IdentityStoreId": names.identity_store_id,
            "OwnerAccountId": ACCOUNT_ID,
            "Name": "practice",
            "CreatedDate": CREATED,
            "Status": "ACTIVE",
        }

    def _check_instance(self, body: Body) -> None:
        if text(body, "InstanceArn") != self._directory().names.instance_arn:
            raise Refused("ResourceNotFoundException", f"Instance {body['InstanceArn']} not found.")

    def _set(self, body: Body) -> str:
        self._check_instance(body)
        names, wanted = self._directory().names, text(body, "PermissionSetArn")
        if wanted not in (names.permission_set_arn, names.other_set_arn):
            raise Refused("ResourceNotFoundException", f"PermissionSet {wanted} not found.")
        return wanted

    def list_instances(self, body: Body) -> dict[str, Any]:
        return {"Instances": [self._instance()]}

    def describe_instance(self, body: Body) -> dict[str, Any]:
        self._check_instance(body)
        return self._instance()

    def list_permission_sets(self, body: Body) -> dict[str, Any]:
        self._check_instance(body)
        names = self._directory().names
        return {"PermissionSets": [names.other_set_arn, names.permission_set_arn]}

    def describe_permission_set(self, body: Body) -> dict[str, Any]:
        wanted = self._set(body)
        racers = wanted == self._directory().names.permission_set_arn
        described = {
            "Name": PERMISSION_SET if racers else "ReadOnly",
            "PermissionSetArn": wanted,
            "CreatedDate": CREATED,
            "SessionDuration": "PT1H" if racers and self._armed("short_session") else "PT8H",
        }
        if racers and not self._armed("no_relay"):
            described["RelayState"] = "https://console.aws.amazon.com/deepracer/home?region=us-east-1#getStarted"
        return {"PermissionSet": described}

    def list_managed_policies(self, body: Body) -> dict[str, Any]:
        racers = self._set(body) == self._directory().names.permission_set_arn
        if racers and self._armed("no_policy"):
            return {"AttachedManagedPolicies": []}
        name = POLICY if racers else "ReadOnlyAccess"
        return {"AttachedManagedPolicies": [{"Name": name, "Arn": f"arn:aws:iam::aws:policy/{name}"}]}

    def list_account_assignments(self, body: Body) -> dict[str, Any]:
        wanted, account = self._set(body), text(body, "AccountId")
        if account != ACCOUNT_ID:
            raise Refused("ResourceNotFoundException", f"Account {account} not found.")
        names = self._directory().names
        racers = wanted == names.permission_set_arn
        if racers and self._armed("no_assignment"):
            return {"AccountAssignments": []}
        group_id = names.group_id if racers else names.other_group_id
        row = {"AccountId": account, "PermissionSetArn": wanted, "PrincipalType": "GROUP", "PrincipalId": group_id}
        return {"AccountAssignments": [row]}


def text(body: Body, name: str) -> str:
    """A required member. Raises Refused (ValidationException) when it is absent or no text."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise invalid(
            f"1 validation error detected: Value null at '{name[0].lower()}{name[1:]}' failed to satisfy constraint: "
            "Member must not be null"
        )
    return value


def alternate(body: Body) -> tuple[str, str]:
    """Attribute path and value of an `AlternateIdentifier`; the path is ``ExternalId`` for ids of another issuer."""
    given = body.get("AlternateIdentifier") or {}
    external, unique = given.get("ExternalId"), given.get("UniqueAttribute")
    if external:
        return "ExternalId", text(external, "Id")
    if not unique:
        raise invalid("AlternateIdentifier must have exactly one member.")
    return text(unique, "AttributePath"), text(unique, "AttributeValue")


def member(body: Body) -> str:
    return text(body.get("MemberId") or {}, "UserId")


def describe_user(directory: Directory, user: User) -> dict[str, Any]:
    described: dict[str, Any] = {
        "IdentityStoreId": directory.names.identity_store_id,
        "UserId": user.user_id,
        "UserName": user.user_name,
        "Name": {"GivenName": user.given, "FamilyName": user.family},
        "DisplayName": user.shown,
        "UserStatus": "ENABLED" if user.enabled else "DISABLED",
    }
    if user.email:
        described["Emails"] = [{"Value": user.email, "Type": "work", "Primary": True}]
    if not user.person_id.startswith("by hand "):
        described["ExternalIds"] = [{"Issuer": "https://scim.aws.com/practice", "Id": user.person_id}]
    return described


def describe_group(directory: Directory, group_id: str, name: str) -> dict[str, Any]:
    return {"IdentityStoreId": directory.names.identity_store_id, "GroupId": group_id, "DisplayName": name}


def describe_membership(directory: Directory, row: Membership) -> dict[str, Any]:
    return {
        "IdentityStoreId": directory.names.identity_store_id,
        "MembershipId": row.membership_id,
        "GroupId": directory.names.group_id,
        "MemberId": {"UserId": row.user_id},
    }
