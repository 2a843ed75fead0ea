"""A certificate for each racer, one A4 sheet each, to print or to save as PDF, in any script. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

from deepracer_admin.rules.report.words import words

__all__ = ["RacerPage", "racer_pages"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
*{box-sizing:border-box}body{font-family:Georgia,"Times New Roman",serif;color:#1b2733;margin:0;background:#fff}
section{width:297mm;height:209mm;padding:16mm;break-after:page;display:flex;margin:0 auto}
section:last-of-type{break-after:auto}
.frame{border:1.2mm solid #1f6f8b;outline:.3mm solid #1f6f8b;outline-offset:-3mm;flex:1;display:flex;
flex-direction:column;align-items:center;justify-content:center;text-align:center;padding:14mm;gap:5mm}
.event{font:600 6mm system-ui,sans-serif;color:#1f6f8b}h1{font-size:13mm;font-weight:400;margin:0}
.who{font-size:15mm;font-weight:700;line-height:1.15;overflow-wrap:anywhere}.who.long{font-size:9mm}
.what{font-size:7mm}.time{font:600 8mm system-ui,sans-serif;font-variant-numeric:tabular-nums}
.when{font:4.5mm system-ui,sans-serif;color:#4a5560}.mark{color:#a4001d;font:700 4.5mm system-ui,sans-serif}
@page{size:A4 landscape;margin:0}
"""
_LONG = 28  # characters of a name from which on it is set smaller


@dataclass(frozen=True, slots=True)
class RacerPage:
    """One sheet. `who`: the name that stands on it; `held_on`: day of the race in the event's zone."""

    who: str
    race: str
    held_on: date
    rank: int
    racers: int
    score_ms: int


def racer_pages(event: str, pages: Sequence[RacerPage], language: str, *, rehearsal: bool) -> bytes:
    """UTF-8 HTML in a language of LANGUAGES; no script, no request, every text escaped."""
    say = words(language)
    title = f"{say('racer_certificate')}: {event}"
    mark = f'<div class="mark">{escape(say("rehearsal"))}</div>' if rehearsal else ""
    parts = [
        f'<!doctype html><html lang="{say.code}"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
    ]
    for page in pages:
        rank = say("placed", rank=say.number(page.rank), racers=say.number(page.racers), race=page.race)
        long = " long" if len(page.who) > _LONG else ""
        parts.append(
            f'<section><div class="frame">{mark}<div class="event">{escape(event)}</div>'
            f"<h1>{escape(say('racer_certificate'))}</h1>"
            f'<div class="who{long}">{escape(page.who)}</div><div class="what">{escape(rank)}</div>'
            f'<div class="time">{escape(say.lap(page.score_ms))}</div>'
            f'<div class="when">{escape(say.day(page.held_on))}</div></div></section>'
        )
    parts.append("</body></html>")
    return "\n".join(parts).encode("utf-8", "replace")
