"""Charts of the report as inline SVG: no script, no font, no request; readable in black and white. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape

__all__ = ["bars", "columns", "line"]

WIDTH = 640
INK, FILL, GREY = "#1a1a1a", "#1f6f8b", "#767676"


def bars(rows: Sequence[tuple[str, int, str]], whole: int) -> str:
    """Horizontal bars of (label, number, what stands at its end), each within an outline of the whole."""
    height, left, most = 26, 210, max(1, whole)
    room = WIDTH - left - 110
    parts = [_open(height * len(rows) + 4)]
    for place, (label, number, told) in enumerate(rows):
        y = place * height + 3
        parts += [
            _text(left - 8, y + 14, label, "end"),
            f'<rect x="{left}" y="{y}" width="{room}" height="18" fill="none" stroke="#bbb"/>',
            f'<rect x="{left}" y="{y}" width="{room * min(1.0, number / most):.1f}" height="18" fill="{FILL}"/>',
            _text(left + room + 6, y + 14, told),
        ]
    return "".join([*parts, "</svg>"])


def columns(rows: Sequence[tuple[str, int, str]]) -> str:
    """Upright columns of (label, number, what stands above)."""
    height, base, most = 170, 140, max((number for _, number, _ in rows), default=0) or 1
    step = WIDTH / max(1, len(rows))
    every = max(1, -(-len(rows) // 14))  # labels that have room
    parts = [_open(height), f'<line x1="0" y1="{base}" x2="{WIDTH}" y2="{base}" stroke="{GREY}"/>']
    for place, (label, number, told) in enumerate(rows):
        tall, x = 112 * number / most, place * step
        width = min(60.0, step * 0.7)
        middle = x + step / 2
        parts.append(
            f'<rect x="{middle - width / 2:.1f}" y="{base - tall:.1f}" width="{width:.1f}" height="{tall:.1f}"'
            f' fill="{FILL}"/>'
        )
        if place % every == 0:
            parts += [_text(middle, base + 18, label, "middle"), _text(middle, base - tall - 5, told, "middle")]
    return "".join([*parts, "</svg>"])


def line(
    points: Sequence[tuple[datetime, float]], *, ceiling: float, ceiling_label: str, ends: tuple[str, str], last: str
) -> str:
    """One line over time, with a ceiling that is named at its end; `ends`: labels of the first and the last instant."""
    height, base, right = 150, 122, WIDTH - 118
    if len(points) < 2:
        return ""
    start, span = points[0][0], max(1.0, (points[-1][0] - points[0][0]).total_seconds())
    most = max([ceiling, *(value for _, value in points)]) * 1.05 or 1.0
    place = [((at - start).total_seconds() / span * right, base - value / most * (base - 12)) for at, value in points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in place)
    parts = [
        _open(height),
        f'<line x1="0" y1="{base}" x2="{right}" y2="{base}" stroke="{GREY}"/>',
        f'<polyline points="{path}" fill="none" stroke="{FILL}" stroke-width="2.5"/>',
        _text(right + 6, place[-1][1] + 4, last),
        _text(0, base + 18, ends[0]),
        _text(right, base + 18, ends[1], "end"),
    ]
    if ceiling > 0:
        y = base - ceiling / most * (base - 12)
        apart = 14 if abs(y - place[-1][1]) < 14 and y <= place[-1][1] else 0
        parts += [
            f'<line x1="0" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="{INK}" stroke-dasharray="5 4"/>',
            _text(right + 6, y + 4 - apart, ceiling_label),
        ]
    return "".join([*parts, "</svg>"])


def _open(height: float) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" font-size="12" font-family="system-ui,sans-serif">'


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{INK}">{escape(text)}</text>'
