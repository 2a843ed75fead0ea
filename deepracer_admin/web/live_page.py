"""The page of the big screen: one HTML document; its own style and script are allowed by their hashes, nothing else.

The script gets everything by polling; the document holds only the event's name, the mark of a rehearsal and the QR
code of the link.
"""

from __future__ import annotations

import base64
import hashlib
import html
import io
from functools import cache
from importlib import resources

import segno
from starlette.responses import HTMLResponse

from deepracer_admin.edge.addresses import is_this_machine
from deepracer_admin.services.races.boards import Screen

__all__ = ["live_page"]


def live_page(screen: Screen) -> HTMLResponse:
    """The document for a screen; it never changes while the link lives."""
    style, script = _asset("screen.css"), _asset("screen.js")
    title = html.escape(f"{screen.event_name} · live")
    mark = '<span class="mark">REHEARSAL · simulated racers</span>' if screen.rehearsal else ""
    body = f"""<body data-scene="{html.escape(screen.scene, quote=True)}">
<header>
<div class="titles"><p class="over">{mark}<span id="event"></span></p>
<h1 id="title">{html.escape(screen.event_name)}</h1><p id="subtitle"></p></div>
{_code(screen.address)}
</header>
<form id="find" role="search" hidden><input id="who" type="search" placeholder="Find me: your racer name"
aria-label="Find me: your racer name" autocomplete="off" maxlength="60"></form>
<main id="main" aria-live="off"><p class="wait" id="wait">Loading …</p></main>
<footer><p id="paging"></p><p id="state" role="status"></p><p id="asof"></p></footer>
<noscript><p class="wait">This page needs JavaScript to follow the race.</p></noscript>
<script>{script}</script></body>"""
    document = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,'
        f'initial-scale=1"><meta name="robots" content="noindex">'
        # phones make links of what looks like an address or a number; a racer's name is text
        f'<meta name="format-detection" content="telephone=no,date=no,address=no,email=no,url=no">'
        f"<title>{title}</title><style>{style}</style></head>"
        f"{body}</html>"
    )
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; connect-src 'self'; "
        "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return HTMLResponse(
        document,
        headers={
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",  # the address is the permission
            "Cache-Control": "no-store",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
            "Cross-Origin-Opener-Policy": "same-origin",
            "X-Robots-Tag": "noindex",
        },
    )


def _code(address: str) -> str:
    """The QR code of this very page, to follow on a phone; none where a phone could not come from it."""
    if not address or is_this_machine(address):
        return ""
    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        out, kind="svg", xmldecl=False, svgns=True, border=2, light="#fff", omitsize=True, nl=False
    )
    return f'<figure class="code">{out.getvalue().decode()}<figcaption>follow on your phone</figcaption></figure>'


@cache
def _asset(name: str) -> str:
    return resources.files("deepracer_admin.web").joinpath("live", name).read_text(encoding="utf-8").strip()


@cache
def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
