"""A JSON value as a page that a person can read and print: no script, no request, every text escaped. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

__all__ = ["readable"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
body{font:14px/1.45 system-ui,sans-serif;color:#1a1a1a;max-width:52rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}dl{margin:.2rem 0 .2rem 1rem}dt{font-weight:600;margin-top:.4rem}dd{margin:0 0 0 1rem;
overflow-wrap:anywhere}li{margin:.3rem 0}@page{size:A4;margin:15mm}
"""


def readable(title: str, value: Mapping[str, Any]) -> bytes:
    """UTF-8 HTML of nested names and values; what is empty says so."""
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>",
        *_told(value),
        "</body></html>",
    ]
    return "\n".join(parts).encode("utf-8", "replace")


def _told(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield "<dl>"
        for name, each in value.items():
            yield f"<dt>{escape(str(name).replace('_', ' '))}</dt><dd>"
            yield from _told(each)
            yield "</dd>"
        yield "</dl>"
    elif isinstance(value, list | tuple) and value:
        yield "<ul>"
        for each in value:
            yield "<li>"
            yield from _told(each)
            yield "</li>"
        yield "</ul>"
    elif isinstance(value, bool):
        yield "yes" if value else "no"
    else:
        yield escape(str(value)) if value not in (None, "", [], ()) else "–"
