"""The connect check, the connected account, staff, what is remembered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from deepracer_admin.store.version_4.moved import Move, Moved, same

__all__ = ["MOVES"]

_SAID = (
    "service",
    "version",
    "region",
    "site",
    "signed_in_as",
    "multi_user_mode",
    "account_quotas",
    "notes",
    "roles",
    "warnings",
)


def _account(value: dict[str, Any]) -> Iterable[Moved]:
    said = {name: value[name] for name in _SAID if value.get(name) is not None}
    if quota := value.get("new_profile_quota"):
        said["new_profile_quota"] = {"minutes": quota[0], "models": quota[1]}
    body = {
        "kind": value.get("kind", ""),
        "account": {"service": "", **said},
        "capabilities": value.get("capabilities") or {},
        "as_of": value.get("as_of"),
    }
    yield Moved("account", body)


def _staff(table: str) -> Move:
    return lambda value: [Moved(table, {"role": role or ""}, email) for email, role in value.items()]


MOVES: dict[str, Move] = {
    "account": _account,
    "check": same("check"),
    "pool_check": lambda value: [Moved("pool_check", value["sentence"])] if value.get("sentence") else [],
    "staff": _staff("staff"),
    "staff_groups": _staff("staff_groups"),
    "racing_login": same("racing_login"),
}
