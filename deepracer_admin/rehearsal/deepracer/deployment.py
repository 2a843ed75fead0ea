"""One practice deployment: its switches, its state and the parts that work on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from .compute import Compute
from .errors import Crash, internal
from .settings_doc import initial_document
from .state import ADMINS, FACILITATORS, State, User
from .tokens import TokenMint
from .user_pool import UserPool, groups_of

ACCOUNT = "123456789012"


class Clock(Protocol):
    def now(self) -> datetime: ...

    def real(self) -> datetime: ...


class FaultBook(Protocol):
    def armed(self, service: str, name: str, operation: str | None = None) -> Any: ...

    def take(self, service: str, operation: str | None = None, *, names: Any = None) -> Any: ...


@dataclass(frozen=True)
class Options:
    """How a practice deployment was set up. `invite_seconds` is the real time that one row of a bulk invite takes
    (shorter than on AWS, so that a rehearsal of 10,000 people takes minutes; the state `invite_pace` changes it),
    `admin_rate` the calls to ``/admin/`` paths per address and five minutes that the WAF lets pass."""

    version: str = "1.3.1"
    slots: int = 100
    region: str = "us-east-1"
    namespace: str = "default"
    cognito_mail: Literal["ses", "default"] = "ses"
    admin_rate: int = 100
    invite_seconds: float = 0.02
    bulk_mail_cap: int = 50
    organizer: str = "organizer@example.com"
    organizer_password: str = "Practice-1-Organizer"
    facilitator: str = "facilitator@example.com"
    facilitator_password: str = "Practice-1-Facilitator"


OLDEST, NEWEST = (1, 2), (1, 3, 1)


def read_version(text: str) -> tuple[int, ...]:
    """The parts of an edition that is imitated. Raises ValueError for any other."""
    try:
        version = tuple(int(part) for part in text.split("."))
    except ValueError:
        version = ()
    if not OLDEST <= version <= NEWEST or len(version) > 3:
        raise ValueError(f"DeepRacer on AWS is imitated from 1.2 to 1.3.1, not {text}: give one of these versions.")
    return version


def checked_slots(slots: int) -> int:
    """Raises ValueError for an account in which no job could ever run."""
    if slots < 1:
        raise ValueError(f"The account runs at least one job at the same time, not {slots}: give 1 slot or more.")
    return slots


@dataclass
class Caller:
    """Who calls: the user behind the signature and the role that the credentials carry (fixed at sign-in)."""

    user: User
    role: str

    @property
    def profile_id(self) -> str:
        return self.user.username


@dataclass
class Call:
    caller: Caller
    operation: str
    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)


class Deployment:
    """State, clock and faults together; every operation gets this and the call."""

    def __init__(self, *, clock: Clock, faults: FaultBook, seed: int, options: Options) -> None:
        self.clock = clock
        self.faults = faults
        self.options = options
        self.version = read_version(options.version)
        self.state = State(seed)
        self.settings = initial_document()
        suffix = self.state.new_id()[:9]
        self.pool_id = f"{options.region}_{suffix}"
        self.client_id = (self.state.new_id() + self.state.new_id()).lower()[:26]
        self.identity_pool_id = f"{options.region}:{_as_uuid(self.state)}"
        self.api_id = self.state.new_id().lower()[:10]
        self.credentials: dict[str, dict[str, Any]] = {}
        self.role_updates: list[tuple[float, str, str]] = []
        self.invitation_tokens: dict[str, tuple[str, float]] = {}
        self.events: dict[str, dict[str, Any]] = {}
        self.users_deleted = 0
        self.refused_by_firewall = 0  # since this world was started
        self.on_fault: Callable[[str], None] = lambda name: None
        self.on_write: Callable[[str, str], None] = lambda service, operation: None
        self._moment: float | None = None
        self._performing: str | None = None
        self._ticked = clock.now().timestamp()
        self.pool = UserPool(
            self.state,
            pool_id=self.pool_id,
            now=self.now,
            document=lambda: self.settings,
            sender=lambda: "default" if self.switched("default_sender", self._performing) else options.cognito_mail,
            groups=groups_of(self.version),
        )
        self.pool.on_group_change = self._expect_role_update
        self.mint = TokenMint(self.issuer, self.client_id)
        self.compute = Compute(self.state, options.slots, self.hit, trainings_wait=self.version < (1, 3))
        self._seed_staff()

    @property
    def issuer(self) -> str:
        return f"https://{self.login_provider}"

    @property
    def login_provider(self) -> str:
        return f"cognito-idp.{self.options.region}.amazonaws.com/{self.pool_id}"

    def now(self) -> float:
        """Practice time in epoch seconds; inside a tick the moment that the tick has reached."""
        return self._moment if self._moment is not None else self.clock.now().timestamp()

    @contextmanager
    def in_tick(self) -> Iterator[None]:
        """Let the racers act at the moment that the world has lived through, not at the one it is catching up with."""
        self._moment = self._ticked
        try:
            yield
        finally:
            self._moment = None

    def real(self) -> float:
        """Real time in epoch seconds."""
        return self.clock.real().timestamp()

    def hit(self, name: str, operation: str | None = None) -> bool:
        """Does an armed fault of this name strike now? Uses it up."""
        return self.struck(name, operation) is not None

    def struck(self, name: str, operation: str | None = None) -> Any:
        """The fault of this name that strikes now, with its params, or None. Uses it up."""
        fault = self.faults.take("deepracer", operation, names={name})
        if fault is not None:
            self.on_fault(name)
        return fault

    @contextmanager
    def performing(self, operation: str) -> Iterator[None]:
        """What the user pool does meanwhile belongs to this operation: a state may be armed for it alone."""
        before, self._performing = self._performing, operation
        try:
            yield
        finally:
            self._performing = before

    def switched(self, name: str, operation: str | None = None) -> Any:
        """The armed state of this name for this operation, or None. States stay until they are disarmed:

        `bot_control` with params.mode "libraries" (what is in force without it: default User-Agents of HTTP libraries
        are blocked), "non_browser" (only browsers, and agents that start with one of params.allow) or "off";
        `no_validator` shows the server SDK's own errors; `no_policies` shows which operations check the role
        themselves; `default_sender` is Cognito's own mail with its cap of 50 a day; `wrong_site` serves no env.js;
        `invite_pace` with params.seconds of real time for each row of a bulk invite.
        """
        return self.faults.armed("deepracer", name, operation)

    def _seed_staff(self) -> None:
        """The administrator made at deploy time, and a facilitator whom she invited. Both have signed in before."""
        options = self.options
        first = "admin" + "".join(self.state.random.choices("0123456789abcdef", k=10))
        staff = (
            (first, options.organizer, options.organizer_password, ADMINS),
            (self.state.new_id(), options.facilitator, options.facilitator_password, FACILITATORS),
        )
        for username, email, password, group in staff:
            user = self.pool.create(username, email, attributes={"email_verified": "true"}, suppress=True)
            self.pool.set_password(user, password, permanent=True)
            self.state.join_group(user, group)

    # roles

    def verify_groups(self, call: Call) -> list[str]:
        """The caller's groups as they are now (AdminListGroupsForUser); Cognito may throttle it."""
        if self.hit("role_check", call.operation):
            raise internal("Failed to verify user permissions.")
        return call.caller.user.groups

    def is_admin(self, call: Call) -> bool:
        return ADMINS in self.verify_groups(call)

    def identify(self, sub: str, role: str, operation: str) -> Caller:
        """The ListUsers look-up that every Lambda starts with. Raises `Crash` for a user who is gone."""
        username = self.state.by_sub.get(sub)
        if username is None or self.hit("identity_lookup", operation):
            raise Crash
        return Caller(self.state.users[username], role)

    def find_user(self, name: str) -> User | None:
        """By username or e-mail address. The pool ignores letter case in both (1.2 step 1)."""
        wanted = name.lower()
        named = (user for username, user in self.state.users.items() if username.lower() == wanted)
        return self.state.find_user(name) or next(named, None)

    def _expect_role_update(self, username: str, group: str) -> None:
        """`roleName` follows later, by a CloudTrail rule that fires for additions and removals alike."""
        self.role_updates.append((self.now() + 20 + 70 * self.state.random.random(), username, group))

    # time

    def tick(self, now: float) -> bool:
        """Live through practice time up to `now`; True when anything happened."""
        self._ticked = now
        changed = self.compute.tick(now)
        if self.role_updates and self.role_updates[0][0] <= now:
            for _, username, group in [row for row in self.role_updates if row[0] <= now]:
                if username in self.state.profiles:
                    self.state.profiles[username].role_name = group
            self.role_updates = [row for row in self.role_updates if row[0] > now]
            changed = True
        return changed

    # saving

    def dump(self) -> dict[str, Any]:
        return {
            "state": self.state.dump(),
            "settings": self.settings,
            "ids": [self.pool_id, self.client_id, self.identity_pool_id, self.api_id],
            "credentials": dict(self.credentials),
            "role_updates": [list(row) for row in self.role_updates],
            "invitation_tokens": {key: list(row) for key, row in self.invitation_tokens.items()},
            "events": {key: dict(row) for key, row in self.events.items()},
            "users_deleted": self.users_deleted,
            "pool": self.pool.dump(),
            "mint": self.mint.dump(),
            "slots": self.options.slots,
            **self.compute.dump(),
        }

    def load(self, rows: Mapping[str, Any]) -> None:
        self.state.load(rows["state"])
        self.settings = rows["settings"]
        self.pool_id, self.client_id, self.identity_pool_id, self.api_id = rows["ids"]
        self.pool.pool_id = self.pool_id
        self.mint.issuer, self.mint.client_id = self.issuer, self.client_id
        self.credentials = dict(rows["credentials"])
        self.role_updates = [(row[0], row[1], row[2]) for row in rows["role_updates"]]
        self.invitation_tokens = {key: (row[0], row[1]) for key, row in rows["invitation_tokens"].items()}
        self.events = {key: dict(row) for key, row in rows.get("events", {}).items()}
        self.users_deleted = rows["users_deleted"]
        self.pool.load(rows["pool"])
        self.mint.load(rows["mint"])
        self.compute.load(rows, self._ticked)


def _as_uuid(state: State) -> str:
    digits = f"{state.random.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
