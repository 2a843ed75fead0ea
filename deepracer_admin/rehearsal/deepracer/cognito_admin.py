"""The user-pool calls that need AWS credentials: create, resend, disable, list, groups (page 1.2.5, 2.1, 2.4)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from .deployment import Deployment
from .errors import Unmodelled
from .state import RESET_REQUIRED, HashOrder, User
from .user_pool import PoolError
from .wire import open_token, seal_token

Content = dict[str, Any]
_FILTER = re.compile(r'\s*"?([a-z_:]+)"?\s*(\^=|=)\s*"((?:[^"\\]|\\.)*)"\s*\Z')
_MOST = 60


class AdminCalls:
    def __init__(self, site: Deployment) -> None:
        self.site = site
        self.pool = site.pool
        self._calls: dict[str, Callable[[Content], Content]] = {
            "AdminCreateUser": self._create,
            "AdminGetUser": lambda content: self._describe(self._user(content), "UserAttributes"),
            "AdminDeleteUser": self._delete,
            "AdminEnableUser": lambda content: self._enable(content, enabled=True),
            "AdminDisableUser": lambda content: self._enable(content, enabled=False),
            "AdminSetUserPassword": self._set_password,
            "AdminResetUserPassword": self._reset_password,
            "AdminAddUserToGroup": self._add_to_group,
            "AdminRemoveUserFromGroup": self._remove_from_group,
            "AdminListGroupsForUser": self._list_groups_of,
            "ListGroups": self._list_groups,
            "ListUsers": self._list_users,
            "ListUsersInGroup": self._list_members,
            "DescribeUserPool": self._describe_pool,
        }

    def find(self, operation: str) -> Callable[[Content], Content] | None:
        return self._calls.get(operation)

    def _user(self, content: Content) -> User:
        user = self.site.find_user(str(content.get("Username") or ""))
        if user is None:
            raise PoolError("UserNotFoundException", "User does not exist.")
        return user

    def _group(self, content: Content) -> str:
        group = str(content.get("GroupName"))
        if group not in self.pool.groups:
            raise PoolError("ResourceNotFoundException", "Group not found.")
        return group

    def _create(self, content: Content) -> Content:
        username = content.get("Username")
        if not username:
            raise PoolError("InvalidParameterException", "Missing required parameter Username")
        if content.get("MessageAction") == "RESEND":
            user = self._user(content)
            self.pool.resend(user, content.get("TemporaryPassword"))
            return {"User": self._describe(user, "Attributes")}
        if "@" in username:
            raise PoolError(
                "InvalidParameterException",
                "Username cannot be of email format, since user pool is configured for email alias.",
            )
        attributes = {row["Name"]: row["Value"] for row in content.get("UserAttributes") or []}
        email = attributes.pop("email", "")
        if not email:
            raise PoolError(
                "InvalidParameterException",
                "Attributes did not conform to the schema: email: The attribute is required",
            )
        attributes.pop("sub", None)
        user = self.pool.create(
            username,
            email,
            attributes=attributes,
            metadata=content.get("ClientMetadata"),
            temporary_password=content.get("TemporaryPassword"),
            suppress=content.get("MessageAction") == "SUPPRESS",
        )
        return {"User": self._describe(user, "Attributes")}

    def _delete(self, content: Content) -> Content:
        """Only the user goes; the profile row stays behind as an orphan."""
        self.site.state.remove_user(self._user(content).username)
        return {}

    def _enable(self, content: Content, *, enabled: bool) -> Content:
        user = self._user(content)
        user.enabled = enabled
        user.modified = self.site.now()
        return {}

    def _set_password(self, content: Content) -> Content:
        self.pool.set_password(
            self._user(content), str(content.get("Password") or ""), permanent=bool(content.get("Permanent"))
        )
        return {}

    def _reset_password(self, content: Content) -> Content:
        self._user(content).status = RESET_REQUIRED
        return {}

    def _add_to_group(self, content: Content) -> Content:
        group = self._group(content)
        self.pool.add_to_group(self._user(content), group)
        return {}

    def _remove_from_group(self, content: Content) -> Content:
        group = self._group(content)
        self.pool.remove_from_group(self._user(content), group)
        return {}

    def _list_groups_of(self, content: Content) -> Content:
        user = self._user(content)
        return {"Groups": [self._describe_group(group) for group in self.pool.groups if group in user.groups]}

    def _list_groups(self, content: Content) -> Content:
        return {"Groups": [self._describe_group(group) for group in self.pool.groups]}

    def _list_members(self, content: Content) -> Content:
        group = self._group(content)
        order = self.site.state.members.get(group, HashOrder())
        users, token = self._page(order, content, f"members/{group}", "NextToken")
        shown = [self._describe(user, "Attributes") for user in users]
        return {"Users": shown} | ({"NextToken": token} if token else {})

    def _list_users(self, content: Content) -> Content:
        wanted = content.get("Filter")
        if wanted:
            found = self._filter(wanted)
            order = HashOrder()
            for user in found:
                order.add(user.username)
        else:
            order = self.site.state.user_order
        users, token = self._page(order, content, "users", "PaginationToken")
        shown = [self._describe(user, "Attributes", content.get("AttributesToGet")) for user in users]
        return {"Users": shown} | ({"PaginationToken": token} if token else {})

    def _page(self, order: HashOrder, content: Content, kind: str, member: str) -> tuple[list[User], str | None]:
        limit = content.get("Limit", _MOST)
        if not isinstance(limit, int) or not 0 <= limit <= _MOST:
            raise PoolError(
                "InvalidParameterException",
                f"1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: "
                "Member must have value less than or equal to 60",
            )
        try:
            after = open_token(kind, content.get(member)).get("key")
        except Unmodelled:
            raise PoolError("InvalidParameterException", "Invalid pagination token given.") from None
        keys, last = order.page(after, limit or _MOST)
        return [self.site.state.users[key] for key in keys], seal_token(kind, last)

    def _filter(self, text: str) -> Iterable[User]:
        match = _FILTER.match(text)
        if match is None:
            raise PoolError("InvalidParameterException", f"Error while parsing filter: {text}")
        name, operator, value = match[1], match[2], match[3].replace('\\"', '"')
        state = self.site.state
        if operator == "=" and name in ("email", "username", "sub"):
            lookup = {"email": state.by_email.get(value.lower()), "sub": state.by_sub.get(value), "username": value}
            user = state.users.get(lookup[name] or "")
            return [user] if user else []
        readers: dict[str, Callable[[User], str]] = {
            "email": lambda user: user.email.lower(),
            "username": lambda user: user.username,
            "sub": lambda user: user.sub,
            "cognito:user_status": lambda user: user.status,
            "status": lambda user: "Enabled" if user.enabled else "Disabled",
        }
        read = readers.get(name, lambda user: user.attributes.get(name, ""))
        wanted = value.lower() if name == "email" else value
        hit = str.startswith if operator == "^=" else str.__eq__
        return [user for user in state.users.values() if hit(read(user), wanted)]

    def _describe(self, user: User, member: str, only: list[str] | None = None) -> Content:
        attributes = {"sub": user.sub, "email": user.email, **user.attributes}
        return {
            "Username": user.username,
            member: [{"Name": n, "Value": v} for n, v in attributes.items() if only is None or n in only],
            "UserCreateDate": user.created,
            "UserLastModifiedDate": user.modified,
            "Enabled": user.enabled,
            "UserStatus": user.status,
        }

    def _describe_group(self, group: str) -> Content:
        return {"GroupName": group, "UserPoolId": self.site.pool_id, "Precedence": self.pool.groups.index(group)}

    def _describe_pool(self, content: Content) -> Content:
        account = "DEVELOPER" if self.pool.sender == "ses" else "COGNITO_DEFAULT"
        return {
            "UserPool": {
                "Id": self.site.pool_id,
                "Name": f"{self.site.options.namespace}-deepracer-on-aws",
                "EmailConfiguration": {"EmailSendingAccount": account},
                "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True},
                "UsernameConfiguration": {"CaseSensitive": False},
                "EstimatedNumberOfUsers": len(self.site.state.users),
            }
        }
