"""Faults that a rehearsal can arm: what real services and real networks do on bad days."""

import itertools
import random
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

GENERIC = frozenset({"latency", "error_5xx", "throttle", "drop", "lost_answer", "down"})
"""What can happen to any service and is applied by the traffic layer. All other names belong to one service."""

_CONNECTION = {"expired_credentials", "expired_token", "skew", "waf"}
OWN: Mapping[str, frozenset[str]] = {
    "deepracer": frozenset(
        _CONNECTION
        | {"identity_lookup", "profile_deleted", "timeout", "role_check", "group_change", "settings_conflict"}
        | {"mail_quota", "mail_quota_after_trigger", "half_done", "capacity", "delete_profile_500_empty"}
        | {"capacity_lookup", "hand_over"}
        | {"bulk_start", "bulk_stall", "bulk_fails", "row_fails", "result_lost"}
        | {"bot_control", "no_validator", "no_policies", "default_sender", "wrong_site", "invite_pace"}
    ),
    "managed": frozenset(_CONNECTION | {"denied", "profile_deleted"}),
    "identity-center": frozenset(
        {
            "denied",
            "expired_credentials",
            "no_assignment",
            "no_policy",
            "no_relay",
            "short_session",
            "cycle",
            "quarantine",
        }
    ),
    "graph": frozenset({"expired_token", "small_tenant", "replication_lag", "no_owner", "credential_ends"}),
    "entra": frozenset({"wrong_tenant", "no_refresh", "skew", "short_lived", "withhold_scopes", "refuse"}),
    "ses": frozenset({"sandbox", "quota", "paused", "suspended", "denied", "unverified", "no_events"}),
    "service-quotas": frozenset({"denied"}),
    "price-list": frozenset({"denied", "odd", "several", "nothing"}),
    "cost-explorer": frozenset({"denied", "not_enabled", "odd"}),
    "sqs": frozenset(),
    "dns": frozenset({"no_spf", "two_spf", "no_dmarc", "no_dkim", "failing"}),
    "cognito-idp": frozenset({"denied"}),
    "cognito-identity": frozenset(),
}
"""The names that each service knows beside the generic ones. A service that is not here takes any name."""


def check_name(service: str, name: str) -> None:
    """Raises ValueError for a name that would never strike: most likely a typo."""
    own = frozenset[str]().union(*OWN.values()) if service == "*" else OWN.get(service)
    if own is not None and name not in own | GENERIC:
        known = ", ".join(sorted(own | GENERIC))
        raise ValueError(f"{'The world' if service == '*' else service} knows no fault {name}: give one of {known}.")


@dataclass
class Fault:
    """One armed fault.

    `rate` is the share of matching requests that are hit; `count` how many hits are left (None: no end);
    `until` the monotonic second at which it ends (None: no end).
    """

    id: int
    service: str
    name: str
    operation: str | None = None
    rate: float = 1.0
    count: int | None = None
    until: float | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    hits: int = 0

    def concerns(self, service: str, operation: str | None) -> bool:
        return self.service in (service, "*") and self.operation in (None, operation)

    def spent(self, now: float) -> bool:
        return (self.count is not None and self.count <= 0) or (self.until is not None and now >= self.until)

    def describe(self, now: float) -> dict[str, Any]:
        return {
            "id": self.id,
            "service": self.service,
            "name": self.name,
            "operation": self.operation,
            "rate": self.rate,
            "count": self.count,
            "seconds_left": None if self.until is None else max(0.0, self.until - now),
            "params": dict(self.params),
            "hits": self.hits,
        }


class Faults:
    """The armed faults of a world. Chance is seeded, so that a rehearsal can be repeated."""

    def __init__(self, seed: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._random = random.Random(f"faults-{seed}")
        self._ids = itertools.count(1)
        self._armed: dict[int, Fault] = {}

    def arm(
        self,
        service: str,
        name: str,
        *,
        operation: str | None = None,
        rate: float = 1.0,
        count: int | None = None,
        seconds: float | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> int:
        """Arm a fault and return its id. `service` may be ``*`` for all. Raises ValueError for impossible values."""
        if not 0.0 <= rate <= 1.0:
            raise ValueError("The rate of a fault is a number from 0 to 1.")
        if (count is not None and count < 1) or (seconds is not None and not seconds > 0):
            raise ValueError("A fault lasts for at least one hit and for more than zero seconds.")
        until = None if seconds is None else self._monotonic() + seconds
        fault = Fault(next(self._ids), service, name, operation, rate, count, until, dict(params or {}))
        self._armed[fault.id] = fault
        return fault.id

    def disarm(self, fault_id: int | None = None) -> bool:
        """Disarm one fault, or all of them. False: there was none with this id."""
        if fault_id is None:
            self._armed.clear()
            return True
        return self._armed.pop(fault_id, None) is not None

    def armed(self, service: str, name: str, operation: str | None = None) -> Fault | None:
        """Look without using it up: for faults that are a state of the service (a sandbox, a wrong tenant)."""
        self._forget_spent()
        return next((f for f in self._armed.values() if f.name == name and f.concerns(service, operation)), None)

    def take(self, service: str, operation: str | None = None, *, names: Collection[str] | None = None) -> Fault | None:
        """The fault that hits this request, if any; uses up one of its `count`.

        Without `names` only the service's own faults are considered: the generic ones belong to the traffic layer.
        """
        self._forget_spent()
        for fault in self._armed.values():
            wanted = fault.name in names if names is not None else fault.name not in GENERIC
            if wanted and fault.concerns(service, operation) and self._random.random() < fault.rate:
                fault.hits += 1
                if fault.count is not None:
                    fault.count -= 1
                return fault
        return None

    def listing(self) -> list[dict[str, Any]]:
        self._forget_spent()
        now = self._monotonic()
        return [fault.describe(now) for fault in self._armed.values()]

    def _forget_spent(self) -> None:
        now = self._monotonic()
        for fault_id in [f.id for f in self._armed.values() if f.spent(now)]:
            del self._armed[fault_id]
