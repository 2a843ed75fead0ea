"""The models of a profile as last read, for whoever looks at one racer. Names of models are left at the service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.store.documents import Table

__all__ = ["PROFILE_MODELS", "ModelSeen", "ProfileModels"]


@dataclass(frozen=True, slots=True)
class ModelSeen:
    """`status` as the service says (an open string); `since`: event time when it was first seen so, no earlier than it
    became so. `created_at` as the service says, None = it does not.
    """

    id: str
    status: str
    since: datetime
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProfileModels:
    """`as_of`: event time of the reading."""

    models: tuple[ModelSeen, ...]
    as_of: datetime


PROFILE_MODELS = Table("profile_models", ProfileModels, "profile", personal=False)
"""Profile -> its models. Written by the job `models.look`; read by the Usage page, one profile at a time."""
