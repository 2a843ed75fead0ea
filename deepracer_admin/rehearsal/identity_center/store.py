"""What the practice identity store holds, and the ids of the practice instance. Moments are epoch seconds."""

from __future__ import annotations

import base64
import uuid
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .wire import Refused, invalid

ACCOUNT_ID = "111122223333"
REGION = "us-east-1"
GROUP_NAME = "DeepRacer Event"
PERMISSION_SET = "DeepRacerRacer"
POLICY = "AWSDeepRacerDefaultMultiUserAccess"
LARGEST_PAGE = 100


@dataclass(frozen=True)
class Names:
    """Ids that depend on the world's own group id, so that a restart keeps them."""

    identity_store_id: str
    instance_arn: str
    permission_set_arn: str
    other_set_arn: str
    group_id: str
    other_group_id: str

    @classmethod
    def of(cls, event_group: str) -> Names:
        fixed = uuid.UUID(event_group)
        digits = [uuid.uuid5(fixed, word).hex for word in ("store", "instance", "set", "other set")]
        store, instance = f"d-{digits[0][:10]}", f"ssoins-{digits[1][:16]}"
        sets = [f"arn:aws:sso:::permissionSet/{instance}/ps-{word[:16]}" for word in digits[2:]]
        groups = [f"{digits[0][:10]}-{uuid.uuid5(fixed, word)}" for word in ("group", "other group")]
        return cls(store, f"arn:aws:sso:::instance/{instance}", *sets, *groups)


@dataclass
class User:
    """A provisioned user. `number` gives the order of the listings."""

    number: int
    user_id: str
    person_id: str
    user_name: str
    given: str
    family: str
    shown: str
    email: str | None
    created: float
    enabled: bool = True


@dataclass
class Membership:
    number: int
    membership_id: str
    user_id: str
    created: float


@dataclass
class Directory:
    """Users and the members of the one provisioned group; who was turned away, and for want of what."""

    names: Names
    numbers: int = 0
    users: dict[str, User] = field(default_factory=dict)  # by user id
    members: dict[str, Membership] = field(default_factory=dict)  # by membership id
    skipped: dict[str, list[str]] = field(default_factory=dict)  # person id -> what is missing

    def __post_init__(self) -> None:
        self._by_name = {user.user_name.casefold(): user.user_id for user in self.users.values()}
        self._by_email = {user.email.casefold(): user.user_id for user in self.users.values() if user.email}
        self._by_person = {user.person_id: user.user_id for user in self.users.values()}
        self._in_group = {row.user_id: row.membership_id for row in self.members.values()}

    def add_user(self, person_id: str, user_name: str, name: Mapping[str, str], email: str | None, now: float) -> User:
        """Raises Refused (ConflictException) for a user name or an address that is taken."""
        if user_name.casefold() in self._by_name or (email and email.casefold() in self._by_email):
            raise Refused("ConflictException", "Duplicate UserName", Reason="UNIQUENESS_CONSTRAINT_VIOLATION")
        self.numbers += 1
        user_id = f"{self.names.identity_store_id[2:]}-{uuid.uuid5(uuid.NAMESPACE_OID, f'user {person_id}')}"
        user = User(
            self.numbers, user_id, person_id, user_name, name["given"], name["family"], name["shown"], email, now
        )
        self.users[user_id] = user
        self._by_name[user_name.casefold()] = self._by_person[person_id] = user_id
        if email:
            self._by_email[email.casefold()] = user_id
        return user

    def join(self, user_id: str, now: float) -> Membership:
        """Raises Refused (ConflictException) for a member."""
        if user_id in self._in_group:
            raise Refused("ConflictException", "Member and Group relationship already exists.")
        self.numbers += 1
        row = Membership(self.numbers, str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.numbers} {user_id}")), user_id, now)
        row.membership_id = f"{self.names.identity_store_id[2:]}-{row.membership_id}"
        self.members[row.membership_id] = row
        self._in_group[user_id] = row.membership_id
        return row

    def leave(self, membership_id: str) -> None:
        """Raises Refused (ResourceNotFoundException)."""
        row = self.members.pop(membership_id, None)
        if row is None:
            raise missing("GROUP_MEMBERSHIP", membership_id)
        del self._in_group[row.user_id]

    def user_of(self, person_id: str) -> User | None:
        return self.users.get(self._by_person.get(person_id, ""))

    def user_named(self, path: str, value: str) -> User | None:
        """By ``userName`` or ``emails.value``, case ignored. Raises Refused for any other attribute."""
        index = {"username": self._by_name, "emails.value": self._by_email}.get(path.lower())
        if index is None:
            raise invalid(f"{path} is not a supported unique attribute for users.")
        return self.users.get(index.get(value.casefold(), ""))

    def membership_of(self, user_id: str) -> str | None:
        return self._in_group.get(user_id)

    def snapshot(self) -> dict[str, Any]:
        return {
            "numbers": self.numbers,
            "users": [vars(user).copy() for user in self.users.values()],
            "members": [vars(row).copy() for row in self.members.values()],
            "skipped": dict(self.skipped),
        }

    @classmethod
    def restored(cls, names: Names, state: Mapping[str, Any]) -> Directory:
        users = {row["user_id"]: User(**row) for row in state["users"]}
        members = {row["membership_id"]: Membership(**row) for row in state["members"]}
        return cls(names, state["numbers"], users, members, dict(state["skipped"]))


@dataclass
class Cycle:
    """A running cycle: `todo` are [what, person id], one every `pace_s` practice seconds; `done` of them are over."""

    number: int
    began: float
    initial: bool
    pace_s: float
    todo: list[list[str]] = field(default_factory=list)
    done: int = 0

    def snapshot(self) -> dict[str, Any]:
        return asdict(self)


def missing(kind: str, wanted: str) -> Refused:
    return Refused("ResourceNotFoundException", f"{kind} not found.", ResourceType=kind, ResourceId=wanted)


def page(rows: list[Any], body: Mapping[str, Any], about: str) -> tuple[list[Any], dict[str, str]]:
    """Rows after the token's number, at most 100, and the `NextToken` member of the reply (or none)."""
    size = body.get("MaxResults", LARGEST_PAGE)
    if not isinstance(size, int) or not 1 <= size <= LARGEST_PAGE:
        raise invalid(
            f"1 validation error detected: Value '{size}' at 'maxResults' failed to satisfy constraint: "
            f"Member must have value less than or equal to {LARGEST_PAGE}"
        )
    after = _read_token(body["NextToken"], about) if body.get("NextToken") else 0
    first = bisect_right(rows, after, key=lambda row: row.number)
    shown = rows[first : first + size]
    if first + size >= len(rows):
        return shown, {}
    return shown, {"NextToken": base64.b64encode(f"{about}:{shown[-1].number}".encode()).decode()}


def _read_token(token: str, about: str) -> int:
    try:
        name, _, number = base64.b64decode(token, validate=True).decode().rpartition(":")
        if name == about:
            return int(number)
    except ValueError:
        pass
    raise invalid("The pagination token is not valid.")
