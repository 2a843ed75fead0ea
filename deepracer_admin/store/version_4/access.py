"""Onboarding, invitations, guests, first passwords, lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from deepracer_admin.store.version_4.moved import Move, Moved, same, to_rows

__all__ = ["MOVES"]


def _quotas(pairs: Mapping[str, list[int]]) -> Iterable[Moved]:
    for profile, (minutes, models) in pairs.items():
        yield Moved("adopted_quotas", {"minutes": minutes, "models": models}, profile)


def _resent(rows: list[list[str]]) -> Iterable[Moved]:
    yield Moved("invites_resent", [{"at": at, "attendee": attendee} for at, attendee in rows])


def _ids(table: str) -> Move:
    return lambda value: [Moved(table, {"ids": ids}, attendee, by_attendee=True) for attendee, ids in value.items()]


def _mappings(value: Mapping[str, Any]) -> Iterable[Moved]:
    return (Moved("column_mappings", {"columns": columns}, headings) for headings, columns in value.items())


MOVES: dict[str, Move] = {
    "onboarding": same("onboarding"),
    "onboarding_report": same("onboarding_report"),
    "trouble": same("trouble"),
    "current_event": same("current_event"),
    "invites": to_rows("invitations"),
    "invites_resent": _resent,
    "guests": to_rows("guests", by_attendee=True),
    "guests_seen_at": same("guests_seen_at"),
    "orphan_rows": _ids("rows_without_account"),
    "not_theirs": _ids("not_theirs"),
    "passwords_until": same("passwords_until"),
    "adopted_quotas": _quotas,
    "column_mappings": _mappings,
    "rehearsal_before_close": same("rehearsal_before_close"),
}
