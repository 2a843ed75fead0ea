"""The event and its races as a calendar file (RFC 5545). Pure.

A calendar program that knows an entry by its UID takes a file as an update when its SEQUENCE is higher (3.8.7.4); so
each entry keeps its number, which grows with each change of what people see, and a race that is gone is CANCELLED and
not merely left out. Times are in UTC: every program shows them in its own zone, and no table of zones can be wrong.

Written here, by hand: what is needed is a page of text, and no library for it is among those that the console has.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from deepracer_admin.model import Event, Race

__all__ = ["Entry", "calendar_file", "folded", "revised"]

LINE = 75  # octets without the line break (3.1)
_HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it was last given out. `changed_at`: real time. `sequence` grows by one with each change."""

    uid: str
    title: str
    starts_at: datetime
    ends_at: datetime
    text: str = ""
    url: str = ""
    is_cancelled: bool = False
    sequence: int = 0
    changed_at: datetime | None = None


def revised(
    kept: Mapping[str, Entry], event: Event, races: Iterable[Race] | None, own: Collection[str], *, now: datetime
) -> dict[str, Entry]:
    """The entries by UID as they are now. `races` None: they were never read, so nothing is said about any. `own`: ids
    of races that the event made; without any, those that overlap it. `now` in real time."""
    wanted = {entry.uid: entry for entry in _entries(event, races or (), own)}
    after = {**kept}
    for uid, entry in wanted.items():
        after[uid] = _next(kept.get(uid), entry, now)
    for uid, entry in kept.items():
        if uid not in wanted and races is not None:
            after[uid] = _next(entry, replace(entry, is_cancelled=True), now)
    return after


def _next(before: Entry | None, entry: Entry, now: datetime) -> Entry:
    if before is None:
        return replace(entry, sequence=0, changed_at=now)
    same = replace(entry, sequence=before.sequence, changed_at=before.changed_at)
    return before if same == before else replace(entry, sequence=before.sequence + 1, changed_at=now)


def _entries(event: Event, races: Iterable[Race], own: Collection[str]) -> Iterable[Entry]:
    where = f"Sign in: {event.portal_url}" if event.portal_url else ""
    yield Entry(_uid(event, ""), event.name, event.starts_at, event.ends_at, where, event.portal_url)
    listed = [*races]
    ours = {race.id for race in listed} & {*own}
    for race in listed:
        draft = race.draft
        overlaps = draft.opens_at < event.ends_at and draft.closes_at > event.starts_at
        if race.id in ours or (not ours and overlaps):
            title = f"{draft.name} ({event.name})"
            text = "\n".join(part for part in ("Submit a model before it closes.", where) if part)
            yield Entry(_uid(event, race.id), title, draft.opens_at, draft.closes_at, text, event.portal_url)


def _uid(event: Event, race: str) -> str:
    """The same for ever; no id of ours can be read from it."""
    return f"{hashlib.sha256(f'{event.id}/{race}'.encode()).hexdigest()[:32]}@deepracer-organizer-console"


def calendar_file(entries: Iterable[Entry], name: str) -> bytes:
    """The file, with CRLF and lines of at most 75 octets."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//DeepRacer Organizer Console//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"NAME:{_text(name)}",
        f"X-WR-CALNAME:{_text(name)}",
    ]
    for entry in entries:
        changed = _moment(entry.changed_at or entry.starts_at)
        lines += [
            "BEGIN:VEVENT",
            f"UID:{entry.uid}",
            f"DTSTAMP:{changed}",
            f"LAST-MODIFIED:{changed}",
            f"SEQUENCE:{entry.sequence}",
            f"DTSTART:{_moment(entry.starts_at)}",
            f"DTEND:{_moment(entry.ends_at)}",
            f"SUMMARY:{_text(entry.title)}",
            *([f"DESCRIPTION:{_text(entry.text)}"] if entry.text else []),
            *([f"URL:{_HIDDEN.sub('', entry.url)}"] if entry.url else []),
            f"STATUS:{'CANCELLED' if entry.is_cancelled else 'CONFIRMED'}",
            "TRANSP:TRANSPARENT",  # an event of weeks keeps nobody's calendar busy
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(f"{folded(line)}\r\n" for line in lines).encode()


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(text: str) -> str:
    """A TEXT value (3.3.11): backslash, semicolon, comma and line breaks are escaped, other controls left out."""
    plain = _HIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    for mark in ("\\", ";", ","):
        plain = plain.replace(mark, f"\\{mark}")
    return plain.replace("\n", "\\n")


def folded(line: str) -> str:
    """The line with breaks so that no part has more than 75 octets; never inside a character (3.1)."""
    parts: list[str] = []
    part, room = "", LINE
    for letter in line:
        size = len(letter.encode())
        if size > room:
            parts.append(part)
            part, room = "", LINE - 1  # a blank stands before it
        part, room = part + letter, room - size
    return "\r\n ".join([*parts, part])
