"""Mails that are scheduled by what happens in an event: two hours before a race closes, a day after the start. Pure.

Such a mail holds for the moment that whoever scheduled it saw. When that moment moves, or is past before the console
could send, the mail is cancelled and says why: sent anyway, it would tell people the wrong time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from deepracer_admin.model import Event, Race

__all__ = ["FURTHEST", "Relative", "anchors", "instant_of", "relative_words", "why_cancelled"]

STARTS, ENDS = "starts", "ends"
FURTHEST = timedelta(days=60)
"""From what it is scheduled by."""
SAME = timedelta(minutes=1)
"""Services round times; what moves by less has not moved."""


@dataclass(frozen=True, slots=True)
class Relative:
    """`anchor`: "starts" or "ends" (the event), or "opens:" or "closes:" with a race's id. `offset`: how long after it;
    negative = before. `seen_at`: when the anchor was to be when this was scheduled (event time)."""

    anchor: str
    offset_minutes: int
    seen_at: datetime
    words: str = ""

    @property
    def at(self) -> datetime:
        """When the mail goes (event time)."""
        return self.seen_at + timedelta(minutes=self.offset_minutes)


def anchors(event: Event, races: Iterable[Race], now: datetime) -> dict[str, str]:
    """What a mail can be scheduled by, with the words for it; races that are over are left out. `now` in event time."""
    found = {STARTS: "the event starts", ENDS: "the event ends"}
    for race in races:
        if race.draft.opens_at > now:
            found[f"opens:{race.id}"] = f"“{race.draft.name}” opens"
        if race.draft.closes_at > now:
            found[f"closes:{race.id}"] = f"“{race.draft.name}” closes"
    return found


def instant_of(anchor: str, event: Event, races: Iterable[Race]) -> datetime | None:
    """When it happens (event time); None when there is no such thing any more."""
    if anchor in (STARTS, ENDS):
        return event.starts_at if anchor == STARTS else event.ends_at
    kind, _, race_id = anchor.partition(":")
    race = next((race for race in races if race.id == race_id), None)
    if race is None:
        return None
    return {"opens": race.draft.opens_at, "closes": race.draft.closes_at}.get(kind)


def relative_words(relative: Relative) -> str:
    """E.g. "2 h before “Final” closes"."""
    hours, minutes = divmod(abs(relative.offset_minutes), 60)
    length = " ".join(part for part in (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "") if part)
    if not length:
        return f"when {relative.words}"
    return f"{length} {'before' if relative.offset_minutes < 0 else 'after'} {relative.words}"


def why_cancelled(relative: Relative, event: Event, races: Iterable[Race], now: datetime) -> str:
    """Why this mail must not go any more; "" while it stands. `now` in event time."""
    at = instant_of(relative.anchor, event, races)
    mail = f"It was to go {relative_words(relative)}"
    if at is None:
        return f"{mail}, but that race is not listed any more: it was cancelled."
    if abs(at - relative.seen_at) >= SAME:
        return (
            f"{mail}, but that is no longer {_at(relative.seen_at, event)} but {_at(at, event)}: it was cancelled. "
            "Schedule it anew."
        )
    late = relative.offset_minutes < 0 and now >= at
    if late or now - relative.at > timedelta(days=1):
        return f"{mail}, and the console could not send it in time: it was cancelled."
    return ""


def _at(at: datetime, event: Event) -> str:
    return f"{at.astimezone(ZoneInfo(event.zone)):%a %d %b %Y, %H:%M} ({event.zone})"
