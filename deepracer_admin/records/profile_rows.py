"""What is known about rows of the service's listing beyond what the listing says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.store.documents import Reading, Table

__all__ = ["DISOWNED", "NOT_THEIRS", "PASSWORDS_UNTIL", "ROWS_WITHOUT_ACCOUNT", "Disowned", "ProfileIds"]


@dataclass(frozen=True, slots=True)
class ProfileIds:
    ids: frozenset[str]


ROWS_WITHOUT_ACCOUNT = Table("rows_without_account", ProfileIds, "attendee", personal=True)
"""Attendee -> ids of the rows that a failed invitation of theirs left. Judged anew, written and read by every listing
(flows/access/rows_without_account.py)."""

NOT_THEIRS = Table("not_theirs", ProfileIds, "attendee", personal=True)
"""Attendee -> ids of profiles that a human has said are not theirs, though they bear their racer name. Written by
organizers on the Attendees page; read by every listing."""

PASSWORDS_UNTIL: Reading[Mapping[str, datetime]] = Reading("passwords_until", Mapping[str, datetime], {}, personal=True)
"""Attendee -> event time at which their temporary password ends, of those who have not signed in, as the user pool said
last. Written by the worker's look at the pool (flows/access/proof.py); read by the Onboarding page."""


@dataclass(frozen=True, slots=True)
class Disowned:
    """`at`: real time when it was said."""

    at: datetime


DISOWNED = Table("disowned_profiles", Disowned, "profile", personal=False)
"""A profile of which a human has said that it is not the person's it was linked to: what it used is none of the event's
then. Written by organizers on the Attendees page; whoever takes samples takes its use out of the totals, and forgets
the row once the profile is somebody's of the list again."""
