"""The Cognito user pool as a thing: users, passwords, invitations, the pre-sign-up trigger (deepracer-on-aws.md 2.1).

Invitations and temporary passwords age in practice time (an event spans days); tokens and sessions age in real time.
"""

from __future__ import annotations

import hashlib
import re
import string
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Literal

from .settings_doc import as_number
from .state import ADMINS, COMMENTATORS, CONFIRMED, FACILITATORS, FORCE_CHANGE, RACERS, REGISTRARS, Profile, State, User

DEFAULT_ALIAS = "RacerAlias"
DEFAULT_SENDER_CAP = 50
_TEMPORARY_DAYS = 7
_USERNAME = re.compile(r"[A-Za-z0-9-]{15}\Z")
_SYMBOLS = "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+- "
_POLICY: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("Password not long enough", lambda p: len(p) >= 8),
    ("Password must have uppercase characters", lambda p: any(c.isupper() for c in p)),
    ("Password must have lowercase characters", lambda p: any(c.islower() for c in p)),
    ("Password must have numeric characters", lambda p: any(c.isdigit() for c in p)),
    ("Password must have symbol characters", lambda p: any(c in _SYMBOLS for c in p)),
)


class PoolError(Exception):
    """A Cognito error: its name and its text."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name
        self.message = message


class UserPool:
    def __init__(
        self,
        state: State,
        *,
        pool_id: str,
        now: Callable[[], float],
        document: Callable[[], Mapping[str, Any]],
        sender: Callable[[], Literal["ses", "default"]],
        groups: tuple[str, ...],
    ) -> None:
        self.state = state
        self.pool_id = pool_id
        self._sender = sender
        self.groups = groups
        self._now = now
        self._document = document
        self.mails: deque[dict[str, Any]] = deque(maxlen=20_000)
        self.mails_total = 0
        self._mailed_on: dict[str, int] = {}
        self.on_group_change: Callable[[str, str], None] = lambda username, group: None

    # creating

    def create(
        self,
        username: str,
        email: str,
        *,
        attributes: Mapping[str, str] | None = None,
        metadata: Mapping[str, str] | None = None,
        temporary_password: str | None = None,
        suppress: bool = False,
        before_mail: Callable[[], None] = lambda: None,
    ) -> User:
        """AdminCreateUser. Raises `PoolError`. The mail cap is met before the trigger has written the profile row;
        `before_mail` runs between the two (a fault may raise there and so leave an orphan row)."""
        if username in self.state.users:
            raise PoolError("UsernameExistsException", "User account already exists")
        if self.state.find_user(email) is not None:
            raise PoolError("UsernameExistsException", "An account with the email already exists.")
        password = temporary_password or self.invent_password()
        check_policy(password)
        if not suppress:
            self._check_cap()
        self._pre_sign_up(username, email, metadata or {})
        before_mail()
        now = self._now()
        user = User(
            username, str(uuid.UUID(int=self.state.draw("sub").getrandbits(128), version=4)), email, FORCE_CHANGE,
            digest(username, password), now, now, temporary_since=now, attributes=dict(attributes or {}),
        )  # fmt: skip
        self.state.add_user(user)
        if not suppress:
            self._mail(user, "invite", password)
        return user

    def _pre_sign_up(self, username: str, email: str, metadata: Mapping[str, str]) -> None:
        """The trigger that writes the profile row with the quotas for new users as they are now."""
        if not _USERNAME.match(username):
            raise PoolError("UserLambdaValidationException", "PreSignUp failed with error Username is invalid.")
        alias = metadata.get("racerAlias", "")
        quotas = self._document()["usageQuotas"]["newUser"]
        self.state.add_profile(
            Profile(
                username,
                email,
                alias if 3 <= len(alias) <= 20 else DEFAULT_ALIAS,
                self._now(),
                max_minutes=_limit(quotas["newUserComputeMinutesLimit"]),
                max_models=_limit(quotas["newUserModelCountLimit"]),
            )
        )

    def resend(self, user: User, temporary_password: str | None = None) -> None:
        """A new temporary password by mail; the old one dies. Raises `PoolError` unless the user is still invited."""
        if user.status != FORCE_CHANGE:
            raise PoolError(
                "UnsupportedUserStateException", "Resend not possible. User status is not FORCE_CHANGE_PASSWORD"
            )
        self._check_cap()
        password = temporary_password or self.invent_password()
        check_policy(password)
        user.password_hash = digest(user.username, password)
        user.temporary_since = user.modified = self._now()
        self._mail(user, "resend", password)

    def set_password(self, user: User, password: str, *, permanent: bool) -> None:
        check_policy(password)
        user.password_hash = digest(user.username, password)
        user.status = CONFIRMED if permanent else FORCE_CHANGE
        user.temporary_since = None if permanent else self._now()
        user.modified = self._now()

    def temporary_expired(self, user: User) -> bool:
        return user.temporary_since is not None and self._now() - user.temporary_since > _TEMPORARY_DAYS * 86_400

    # groups

    def add_to_group(self, user: User, group: str) -> None:
        self.state.join_group(user, group)
        self.on_group_change(user.username, group)

    def remove_from_group(self, user: User, group: str) -> None:
        self.state.leave_group(user, group)
        self.on_group_change(user.username, group)

    # mail

    @property
    def sender(self) -> Literal["ses", "default"]:
        return self._sender()

    def _today(self) -> str:
        return datetime.fromtimestamp(self._now(), UTC).date().isoformat()

    def _check_cap(self) -> None:
        if self.sender == "default" and self._mailed_on.get(self._today(), 0) >= DEFAULT_SENDER_CAP:
            raise PoolError(
                "LimitExceededException",
                "Exceeded daily email limit for the operation or the account. If a higher limit is required, please "
                "configure your user pool to use your own Amazon SES configuration for sending email from your own "
                "account.",
            )

    def _mail(self, user: User, kind: str, password: str) -> None:
        today = self._today()
        self._mailed_on = {today: self._mailed_on.get(today, 0) + 1}
        self.mails_total += 1
        self.mails.append(
            {
                "seq": self.mails_total,
                "to": user.email,
                "kind": kind,
                "at": self._now(),
                "username": user.username,
                "subject": "Welcome to DeepRacer on AWS",
                "temporary_password": password,
            }
        )

    def mails_after(self, number: int, limit: int) -> list[dict[str, Any]]:
        """At most `limit` mails that came after the one with this number, of the latest 20,000."""
        forgotten = self.mails_total - len(self.mails)
        start = max(0, number - forgotten)
        return list(islice(self.mails, start, start + limit))

    def invent_password(self) -> str:
        chance = self.state.draw("password")
        pick = chance.choice
        letters = [pick(kind) for kind in (string.ascii_uppercase, string.ascii_lowercase, string.digits, "!#%&*+-=?@")]
        letters += [pick(string.ascii_letters + string.digits) for _ in range(8)]
        chance.shuffle(letters)
        return "".join(letters)

    # saving

    def dump(self) -> dict[str, Any]:
        return {"mails": list(self.mails), "total": self.mails_total, "mailed_on": dict(self._mailed_on)}

    def load(self, rows: dict[str, Any]) -> None:
        self.mails = deque(rows["mails"], maxlen=20_000)
        self.mails_total = rows["total"]
        self._mailed_on = dict(rows["mailed_on"])


def check_policy(password: str) -> None:
    """At least 8 characters with upper case, lower case, digit and symbol. Raises `PoolError`."""
    for complaint, holds in _POLICY:
        if not holds(password):
            raise PoolError("InvalidPasswordException", f"Password did not conform with policy: {complaint}")


def digest(username: str, password: str) -> str:
    return hashlib.sha256(f"{username}:{password}".encode()).hexdigest()


def _limit(value: Any) -> float:
    number = as_number(value)
    return int(number) if number == number // 1 else number


def groups_of(version: tuple[int, ...]) -> tuple[str, ...]:
    """The role groups in the order of the identity pool's mapping rules; 1.3 has two more."""
    basic = (ADMINS, FACILITATORS, RACERS)
    return (*basic, COMMENTATORS, REGISTRARS) if version >= (1, 3) else basic
