"""The limits that adopted profiles had before this event."""

from __future__ import annotations

from deepracer_admin.model import Quota
from deepracer_admin.store.documents import Table

__all__ = ["ADOPTED_QUOTAS"]

ADOPTED_QUOTAS = Table("adopted_quotas", Quota, "profile", personal=False)
"""A profile that was there before the event -> its quota when onboarding first saw it; the first one stays. Written by
onboarding; read when sponsorship closes and when access ends, so that each gets back what was theirs."""
