"""The calendar entries that were given out."""

from __future__ import annotations

from collections.abc import Mapping

from deepracer_admin.rules.calendar import Entry
from deepracer_admin.store.documents import Document

__all__ = ["CALENDAR"]

CALENDAR: Document[Mapping[str, Entry]] = Document("calendar", Mapping[str, Entry], {}, personal=False)
"""By UID. Written whenever somebody takes the file, so that each change has a number that grows."""
