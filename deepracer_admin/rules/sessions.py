"""How long a sign-in counts, and how long what it said about somebody's roles (identity-and-mail.md 2.4)."""

from __future__ import annotations

from datetime import datetime, timedelta

__all__ = ["ABSOLUTE", "IDLE", "ROLES_COUNT_FOR", "ROLES_READ_EVERY", "is_over", "roles_are_fresh"]

ABSOLUTE = timedelta(hours=8)
IDLE = timedelta(minutes=60)
ROLES_READ_EVERY = timedelta(minutes=2)
ROLES_COUNT_FOR = timedelta(minutes=15)
"""What cannot be taken back needs roles that Microsoft confirmed within this time; signing in anew confirms them."""


def is_over(created_at: datetime, last_seen_at: datetime, now: datetime) -> bool:
    """Has a session ended by itself? Real time."""
    return now - created_at >= ABSOLUTE or now - last_seen_at >= IDLE


def roles_are_fresh(read_at: datetime, now: datetime) -> bool:
    """Were the roles read lately enough for an act that cannot be taken back?"""
    return now - read_at <= ROLES_COUNT_FOR
