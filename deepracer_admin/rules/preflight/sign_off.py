"""The result of a pre-flight as one page to print and sign: no script, no request, every text escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from deepracer_admin.errors import Missing
from deepracer_admin.model import Event, Finding
from deepracer_admin.rules.preflight.compare import changes, in_words, worst

__all__ = ["LEVELS", "sign_off_page"]

LEVELS = {
    "red": ("✗", "must be fixed"),
    "amber": ("!", "look at it"),
    "unknown": ("?", "not known"),
    "green": ("✓", "in order"),
    "na": ("–", "does not apply"),
}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
body{font:14px/1.45 system-ui,sans-serif;color:#1a1a1a;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:1.6rem 0 .4rem}
table{border-collapse:collapse;width:100%}td,th{border-top:1px solid #ccc;padding:.4rem .5rem;text-align:left;
vertical-align:top}th{font-weight:600}td:first-child{white-space:nowrap;width:9rem}pre{white-space:pre-wrap;
overflow-wrap:anywhere;background:#f3f3f3;padding:.4rem;margin:.3rem 0}small{color:#555}
.red td:first-child{color:#a4001d;font-weight:700}.amber td:first-child,.unknown td:first-child{color:#8a4b00;
font-weight:700}.green td:first-child{color:#116329}.na{color:#555}
.sign{display:grid;grid-template-columns:1fr 1fr 1fr;gap:1.5rem;margin-top:3rem}.sign div{border-top:1px solid #1a1a1a;
padding-top:.3rem}tr{break-inside:avoid}@page{size:A4;margin:15mm}
"""


def sign_off_page(
    event: Event,
    found: Sequence[Finding],
    as_of: datetime | None,
    before: Sequence[Finding],
    before_as_of: datetime | None,
    by: str,
) -> bytes:
    """UTF-8 HTML. Raises Missing when there was no run yet."""
    if as_of is None:
        raise Missing("The pre-flight has not run yet: run it, then take the page.")
    zone = ZoneInfo(event.zone)
    shown = lambda at: f"{at.astimezone(zone):%a %d %b %Y, %H:%M:%S} ({event.zone})"  # noqa: E731
    verdict = {"red": "Not ready: something must be fixed.", "amber": "Ready, with points to look at."}
    asked = f"asked for by {escape(by)}" if by else "run by itself"
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8>",
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<title>Pre-flight: {escape(event.name)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>Pre-flight: {escape(event.name)}</h1>",
        f"<p><b>{verdict.get(worst(found), 'Ready.')}</b> {escape(in_words(found))}.<br>",
        f"<small>As of {shown(as_of)}, {asked}. "
        f"The event: {shown(event.starts_at)} to {shown(event.ends_at)}.</small></p>",
        *_compared(found, before, before_as_of, shown),
    ]
    for area in dict.fromkeys(finding.area for finding in found):
        parts.append(f"<h2>{escape(area)}</h2><table>")
        parts += [_row(finding) for finding in found if finding.area == area]
        parts.append("</table>")
    parts.append("<div class=sign><div>Name</div><div>Date</div><div>Signature</div></div></body></html>")
    return "\n".join(parts).encode()


def _compared(found: Sequence[Finding], before: Sequence[Finding], at: datetime | None, shown) -> Iterator[str]:
    if at is None:
        yield "<p><small>There is no earlier run to compare with.</small></p>"
        return
    rows = changes(before, found)
    if not rows:
        yield f"<p><small>Nothing changed since {shown(at)}.</small></p>"
        return
    yield f"<h2>Changed since {shown(at)}</h2><ul>"
    for change in rows:
        was = LEVELS[change.before][1] if change.before else "not checked"
        yield f"<li>{escape(change.title)}: {was} → {LEVELS[change.now][1]}</li>"
    yield "</ul>"


def _row(finding: Finding) -> str:
    mark, word = LEVELS.get(finding.level, ("?", finding.level))
    fix = f"<br>→ {escape(finding.fix)}" if finding.fix else ""
    copy = f"<pre>{escape(finding.copy)}</pre>" if finding.copy else ""
    link = f"<br><small>{escape(finding.link)}</small>" if finding.link else ""
    source = f"{escape(finding.source)}, {finding.as_of:%H:%M:%S} UTC" if finding.as_of else escape(finding.source)
    return (
        f"<tr class={finding.level if finding.level in LEVELS else 'unknown'}><td>{mark} {escape(word)}</td>"
        f"<td><b>{escape(finding.title)}</b><br>{escape(finding.evidence)}{fix}{copy}{link}"
        f"<br><small>{escape(finding.why)} Read: {source}.</small></td></tr>"
    )
