"""What is told to people who have no page open: an alarm, in words that name nobody."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Notice"]


@dataclass(frozen=True, slots=True)
class Notice:
    """One message. `id` travels with it, so that a receiver may drop a second copy: letters, digits and "-".

    `level`: "info", "amber", "red", or "green" when it tells that something is over. `lines`: plain text, a paragraph
    each. `link`: the page of the console that it is about.
    """

    id: str
    level: str
    title: str
    lines: tuple[str, ...]
    link: str
