"""Words and numbers as people read them: instants with their zone, money with its caveat, text that stays text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo

from deepracer_admin.counted import counted as count
from deepracer_admin.model import Stage
from deepracer_admin.rules.glossary import STATES

__all__ = [
    "SHOWN_LATER",
    "STAGES",
    "as_of",
    "clock_time",
    "count",
    "day",
    "exact",
    "frame_time",
    "hours",
    "level",
    "minute",
    "money",
    "percent",
    "plain",
    "price",
    "second",
    "size",
    "some_names",
    "span",
    "state_mark",
    "table_height",
    "times",
    "when",
    "whole",
]

SHOWN_LATER = "the page shows it when the service says so"
"""How a sentence ends about what was asked for and is not known to be done."""

# Everything that Streamlit's markdown gives a meaning: CommonMark, GFM, `$` for formulas, `[` for colours.
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$<>^=&])")
_DIRECTIVE = re.compile(r":(?=\S)")
_LINKED = re.compile(r"@(?=\S)|(?<=www)(?=\\\.)", re.IGNORECASE)  # finished text with these becomes a link
_WORD_JOINER = "\u2060"

STAGES = {
    Stage.PLAN: ("Plan", "list, budget, check"),
    Stage.OPEN: ("Open", "sponsorship on"),
    Stage.ONBOARD: ("Onboard", "access and mail"),
    Stage.RACE: ("Race", "train and submit"),
    Stage.CLOSE: ("Close", "export, end access"),
}
"""What a stage is called, and what it is about."""

_LEVELS = {
    "green": ("In order", ":material/check_circle:", "green"),
    "amber": ("Look at it", ":material/warning:", "orange"),
    "red": ("Must be fixed", ":material/error:", "red"),
    "unknown": ("Not known", ":material/help:", "orange"),
    "na": ("Does not apply", ":material/do_not_disturb_on:", "gray"),
}
_SIGNS = {"to do": "·", "waiting": "…", "done": "✓", "refused": "✗", "not known": "?"}


def plain(text: str) -> str:
    """`text` for a markdown element, so that it shows as it stands: no emphasis, links, formulas, colours or icons.

    One line: line breaks become blanks. An icon name such as `:material/flag:`, a mail address and `www.` are found by
    Streamlit in finished text, where a backslash does not help; an invisible word joiner does. Show an address that
    people copy with `st.code` instead.
    """
    escaped = _MARKDOWN.sub(r"\\\1", " ".join(text.split()))
    escaped = _LINKED.sub(lambda found: found[0] + _WORD_JOINER, escaped)
    return _DIRECTIVE.sub(rf"\\:{_WORD_JOINER}", escaped)


def some_names(names: Sequence[str], most: int = 3) -> str:
    """The first few names for a markdown element, and how many more, e.g. "Ada, Bob, Cy and 4 more"."""
    shown = [plain(name) for name in names[:most]]
    if len(names) > most:
        return f"{', '.join(shown)} and {len(names) - most:,} more"
    return " and ".join(part for part in (", ".join(shown[:-1]), *shown[-1:]) if part)


def when(at: datetime | None, zone: str) -> str:
    """An instant in the event's zone with the zone's name, e.g. "Sun 22 Nov 2026, 14:00 (Europe/Rome)"; "not yet"."""
    if at is None:
        return "not yet"
    return f"{at.astimezone(ZoneInfo(zone)):%a %d %b %Y, %H:%M} ({zone})"


def frame_time(at: datetime, zone: str) -> str:
    """The clock of the frame, in the event's zone, e.g. "Tue 1 Dec 15:46 Europe/Rome"."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b %H:%M} {plain(zone)}"


def times(factor: float) -> str:
    """How many times as fast, e.g. "60x"."""
    return f"{factor:g}x"


def clock_time(at: datetime, zone: str = "UTC") -> str:
    """A time of today, or with its day, e.g. "14:02 Europe/Rome" or "22 Nov 14:02 Europe/Rome"."""
    local = at.astimezone(ZoneInfo(zone))
    is_today = local.date() == datetime.now(UTC).astimezone(ZoneInfo(zone)).date()
    return f"{local:%H:%M} {zone}" if is_today else f"{local:%d %b %H:%M} {zone}"


def as_of(at: datetime | None, source: str, zone: str = "UTC") -> str:
    """Where a number comes from and how old it is, e.g. "as of 14:03:22 Europe/Rome (service)"."""
    if at is None:
        return f"not read yet ({source})"
    local = at.astimezone(ZoneInfo(zone))
    today = datetime.now(UTC).astimezone(ZoneInfo(zone)).date()
    day = "" if local.date() == today else f"{local:%d %b} "
    return f"as of {day}{local:%H:%M:%S} {zone} ({source})"


def money(usd: float) -> str:
    """US dollars, always an estimate unless it comes from the bill: write the word *estimate* beside it.

    "USD" and no sign: two `$` in one text are a formula to Streamlit.
    """
    if usd == float("inf"):
        return "no upper limit"
    return f"{usd:,.0f} USD" if abs(usd) >= 100 else f"{usd:,.2f} USD"


def hours(value: float) -> str:
    """Compute hours, e.g. "12.5 h"; "unlimited" for UNLIMITED, in minutes or in hours."""
    if value < 0:
        return "unlimited"
    return f"{value:,.0f} h" if abs(value) >= 100 else f"{value:,.1f} h"


def whole(value: float) -> str:
    """A number without its noun, thousands separated, e.g. "1,974"; with a noun: `count`."""
    return f"{value:,.0f}"


def percent(part: float) -> str:
    """A share (1.0 = all), e.g. "63%"; over 100 % as such."""
    return f"{part:.0%}"


def exact(value: float) -> str:
    """A number that somebody typed or set, no digit more than it has, e.g. "12.5"."""
    return f"{value:g}"


def price(usd: float) -> str:
    """A price for an hour or a gigabyte, e.g. "0.876 USD"."""
    return f"{usd:.3f} USD"


def size(gigabytes: float) -> str:
    """Storage, e.g. "12.4 GB"."""
    return f"{gigabytes:,.1f} GB"


def day(at: date, zone: str = "UTC") -> str:
    """A day, e.g. "22 Nov 2026"; of a time, its day in the zone."""
    return f"{at.astimezone(ZoneInfo(zone)) if isinstance(at, datetime) else at:%d %b %Y}"


def minute(at: datetime | None, zone: str) -> str:
    """A time of a column whose zone stands above it, e.g. "22 Nov 14:02"."""
    return f"{at.astimezone(ZoneInfo(zone)):%d %b %H:%M}" if at else ""


def second(at: datetime, zone: tzinfo = UTC) -> str:
    """When something was said, real time, e.g. "14:03:22"."""
    return f"{at.astimezone(zone):%H:%M:%S}"


def span(length: timedelta) -> str:
    """A length of time in its two largest units, e.g. "2 d 4 h", "35 min", "12 s"."""
    seconds = max(0, round(length.total_seconds()))
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        amount, seconds = divmod(seconds, size)
        if amount:
            parts.append(f"{amount} {unit}")
    return " ".join(parts[:2]) or "0 s"


def level(name: str) -> tuple[str, str, str]:
    """(word, icon, colour) of a finding's level: never colour alone."""
    return _LEVELS.get(name, (name, ":material/help:", "gray"))


def state_mark(state: str) -> str:
    """A step's state with a sign before the word, for tables."""
    word = STATES.get(state, state)
    return f"{_SIGNS.get(word, '')} {word}".strip()


def table_height(rows: int, *, most: int = 12) -> int | Literal["content"]:
    """Height of a table: as high as its rows, scrolling beyond `most` of them."""
    return "content" if rows <= most else 38 + 35 * most
