"""The user pool of DeepRacer on AWS, with AWS credentials: the second way in (identity-and-mail.md 3.7).

Users are created without Cognito's own mail; ours carries the way in. The deployment's trigger writes the profile for
a username of 15 letters and digits and takes the alias from `racerAlias`. What if it dies here?

* before `admin_create_user`: nothing happened;
* after it, before the group: the user exists without a role; `create` again finds them and joins them to the group;
* before the password was mailed: nobody knows it any more; `fresh_password` makes another.

Nothing here touches a user who is in any other group than the racers': staff are refused before the call leaves.
"""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from deepracer_admin.clock import as_utc
from deepracer_admin.directory.aws import Access, AwsCalls, Pace, do_not_wait
from deepracer_admin.directory.pool import Entry, PoolStatus, PoolUser
from deepracer_admin.errors import LostAnswer, NotThere, Refused, ServiceError
from deepracer_admin.model import Invitee, Limit

__all__ = ["CALLS", "RACERS", "CognitoPool", "new_password", "new_username"]

SERVICE = "cognito-idp"
RACERS = "dr-racers"
NO_USER = "UserNotFoundException"
STAFF = ("dr-admins", "dr-race-facilitators", "dr-commentators", "dr-registration-managers")  # 1.3 page, 3
CALLS = Limit(
    "cognito-idp",
    rate=20.0,
    burst=1,
    in_flight=8,
    source="AWS: 50/s for creating users, other categories differ and the site itself draws on them (Cognito, Quotas);"
    " 20/s over all of them is the design's",
)
PAGE = 60  # the most that ListUsers and ListUsersInGroup give
USERNAME_LENGTH = 15
PASSWORD_LENGTH = 14
_ALIAS = re.compile(r"[A-Za-z0-9_-]{3,20}")
_EXISTS = frozenset({"UsernameExistsException", "AliasExistsException"})
# No letter or digit that is mistaken for another one, no symbol that HTML or a shell would change.
_KINDS = ("ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghijkmnpqrstuvwxyz", "23456789", "-+=_.")


def new_username() -> str:
    """15 letters and digits, as the deployment's trigger wants it (identity-and-mail.md 3.7)."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(USERNAME_LENGTH))


def new_password() -> str:
    """14 characters with upper case, lower case, digit and symbol (deepracer-on-aws.md 1.2)."""
    letters = [secrets.choice(kind) for kind in _KINDS]
    letters += [secrets.choice("".join(_KINDS[:3])) for _ in range(PASSWORD_LENGTH - len(letters))]
    secrets.SystemRandom().shuffle(letters)
    return "".join(letters)


class CognitoPool:
    """One user pool. Policy: cognito-user-pool.json."""

    def __init__(self, access: Access, user_pool_id: str, *, pace: Pace = do_not_wait) -> None:
        self._calls = AwsCalls(access, SERVICE, limit=CALLS, pace=pace)
        self._pool_id = user_pool_id

    @property
    def limits(self) -> Sequence[Limit]:
        return (CALLS,)

    @property
    def practice_world(self) -> bool:
        """True when the pool names itself a rehearsal; a live event must not use it. Asks once; may raise."""
        if self._calls.practice_world is None:
            self._call("list_users", Limit=1)
        return bool(self._calls.practice_world)

    # ---------------------------------------------------------------------------------------------------- reading

    def users(self) -> Iterator[PoolUser]:
        """Everybody, by pages of 60: ceil(N/60) calls."""
        asked = {"UserPoolId": self._pool_id, "Limit": PAGE}
        rows = self._calls.walk("list_users", "Users", asked, marker="PaginationToken")
        return self._calls.read("list_users", rows, _read_user)

    def racers(self) -> Iterator[PoolUser]:
        """The members of `dr-racers`: who may race when they have signed in."""
        asked = {"UserPoolId": self._pool_id, "GroupName": RACERS, "Limit": PAGE}
        rows = self._calls.walk("list_users_in_group", "Users", asked)
        return self._calls.read("list_users_in_group", rows, _read_user)

    def find(self, email: str) -> PoolUser | None:
        """Who has this address, in one call. The pool ignores case, a filter does not: give it normalised."""
        escaped = email.replace("\\", "\\\\").replace('"', '\\"')
        reply = self._call("list_users", Filter=f'email = "{escaped}"', Limit=2)
        # An answer without the list would read as "nobody has this address".
        rows = self._calls.read("list_users", [reply], lambda found: list(found["Users"]))
        return next(self._calls.read("list_users", next(rows), _read_user), None)

    def account(self, username: str) -> PoolUser | None:
        """The user behind a profile id; None only when the pool says that it knows no such user."""
        try:
            found = self._call("admin_get_user", Username=username)
        except NotThere as absent:
            if absent.code != NO_USER:  # the pool itself is not there: that says nothing about a user
                raise Refused(absent.sentence, service=SERVICE, operation="admin_get_user", code=absent.code) from None
            return None
        described = {**found, "Attributes": found.get("UserAttributes")}
        return next(self._calls.read("admin_get_user", [described], _read_user))

    def groups(self, username: str) -> frozenset[str]:
        """The roles of this user, read now. Raises NotThere."""
        asked = {"UserPoolId": self._pool_id, "Username": username, "Limit": PAGE}
        rows = self._calls.walk("admin_list_groups_for_user", "Groups", asked)
        return frozenset(self._calls.read("admin_list_groups_for_user", rows, lambda row: str(row["GroupName"])))

    def staff(self) -> Iterator[tuple[str, str]]:
        """(address, group) of administrators, facilitators and the like; a version without a group has nobody in it."""
        for group in STAFF:
            asked = {"UserPoolId": self._pool_id, "GroupName": group, "Limit": PAGE}
            try:
                rows = self._calls.walk("list_users_in_group", "Users", asked)
                for user in self._calls.read("list_users_in_group", rows, _read_user):
                    yield user.email, group
            except NotThere:
                continue

    # ---------------------------------------------------------------------------------------------------- writing

    def create(self, person: Invitee, *, known_absent: bool = False) -> Entry:
        """Look first (unless `known_absent`), then create, then give the role: three calls, or two.

        Raises Refused for an alias that the deployment would replace, and for an address that belongs to staff;
        LostAnswer when the user may have been created, or was, without the role: create again, which finds them.
        """
        if person.alias and not _ALIAS.fullmatch(person.alias):
            raise Refused(
                f"{person.alias} cannot be a racer name: use 3 to 20 letters, digits, hyphens and underscores.",
                service=SERVICE,
                operation="admin_create_user",
                code="alias",
            )
        existing = None if known_absent else self.find(person.email)
        if existing is not None:
            return self._adopt(existing.username)
        username, password = new_username(), new_password()
        try:
            self._call(
                "admin_create_user",
                once=True,  # a repeat of a lost answer would be told that the user exists
                Username=username,
                TemporaryPassword=password,
                MessageAction="SUPPRESS",
                UserAttributes=[
                    {"Name": "email", "Value": person.email},
                    {"Name": "email_verified", "Value": "true"},
                ],
                **({"ClientMetadata": {"racerAlias": person.alias}} if person.alias else {}),
            )
        except Refused as refused:
            raced = self.find(person.email) if refused.code in _EXISTS else None
            if raced is None:
                raise
            return self._adopt(raced.username)
        try:
            self._join(username)
        except ServiceError as error:  # the user is made: whoever asked must know that it was us
            about = {"service": error.service, "operation": error.operation, "code": error.code}
            raise LostAnswer(error.sentence, **about) from error
        return Entry(username, password)

    def fresh_password(self, username: str) -> str:
        """Set a new temporary password and return it, this once. Raises Refused for staff, NotThere."""
        self._spare_staff(username)
        password = new_password()
        self._call("admin_set_user_password", Username=username, Password=password, Permanent=False)
        return password

    def disable(self, username: str) -> None:
        """Nobody signs in with a disabled user; tokens and keys that were given out live on for up to an hour."""
        self._spare_staff(username)
        self._call("admin_disable_user", Username=username)

    def enable(self, username: str) -> None:
        """The opposite. Raises Refused for staff, NotThere."""
        self._spare_staff(username)
        self._call("admin_enable_user", Username=username)

    def delete(self, username: str) -> None:
        """Delete a racer; who is gone already is fine. Raises Refused for staff.

        The profile row stays behind without a user (deepracer-on-aws.md 2.1): prefer the deployment's own removal.
        """
        try:
            self._spare_staff(username)
            self._call("admin_delete_user", Username=username)
        except NotThere:
            return

    def close(self) -> None:
        """Let connections go."""
        self._calls.close()

    def _adopt(self, username: str) -> Entry:
        """Who exists gets the racers' role unless they have it. Raises Refused for staff."""
        if RACERS not in self._spare_staff(username):
            self._join(username)
        return Entry(username, existed=True)

    def _join(self, username: str) -> None:
        self._call("admin_add_user_to_group", Username=username, GroupName=RACERS)

    def _spare_staff(self, username: str) -> frozenset[str]:
        """The user's groups; raises Refused when there is any but the racers' (people have one role, 3.7)."""
        groups = self.groups(username)
        if groups - {RACERS}:
            raise Refused(
                "This user has a role on DeepRacer on AWS (administrator, facilitator or the like): change them there.",
                service=SERVICE,
                operation="admin_list_groups_for_user",
                code="staff",
            )
        return groups

    def _call(self, operation: str, *, once: bool = False, **request: Any) -> dict[str, Any]:
        return self._calls.call(operation, {"UserPoolId": self._pool_id, **request}, once=once)


def _read_user(row: Mapping[str, Any]) -> PoolUser:
    attributes = {entry["Name"]: entry.get("Value", "") for entry in row.get("Attributes") or []}
    known = {status.value for status in PoolStatus}
    told = str(row.get("UserStatus", ""))
    return PoolUser(
        str(row["Username"]),
        str(attributes.get("email", "")).strip().lower(),
        PoolStatus(told) if told in known else PoolStatus.OTHER,
        bool(row.get("Enabled", True)),
        as_utc(row["UserCreateDate"]) if row.get("UserCreateDate") else None,
        as_utc(row["UserLastModifiedDate"]) if row.get("UserLastModifiedDate") else None,
    )
