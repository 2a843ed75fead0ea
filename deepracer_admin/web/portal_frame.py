"""What every page of the portal stands in: band, languages, dates and material beside it, the headers.

No script, no cookie, nothing from elsewhere: the page's own style is allowed by its hash, forms go to this server.
"""

from __future__ import annotations

import base64
import hashlib
import html
from functools import cache
from importlib import resources
from urllib.parse import quote

from starlette.responses import HTMLResponse

from deepracer_admin.model import Event
from deepracer_admin.rules.portal import readable
from deepracer_admin.services.people.public_registration import ShownPortal
from deepracer_admin.web.portal_words import LANGUAGES, Words, words

__all__ = ["aside", "between", "e", "framed", "link_out", "paragraphs", "path_of"]


def path_of(event: str, *more: str) -> str:
    """A path of one event's portal."""
    return "/".join(["/register", quote(event, safe=""), *more])


def aside(shown: ShownPortal, say: Words, *, steps: bool = False) -> str:
    """Dates, material, how it works."""
    event = shown.event
    cards = [
        f"<h2>{e(say('page.when'))}</h2><p>{e(between(say, event, event.starts_at, event.ends_at))}</p>"
        f'<p class="soft">{e(say("page.zone", zone=event.zone))}</p>'
    ]
    text = shown.portal.texts.get(say.code)
    if text and text.how_to.strip():
        cards.append(f"<h2>{e(say('page.how_to'))}</h2>{paragraphs(text.how_to)}")
    elif steps:
        items = "".join(f"<li>{e(each)}</li>" for each in say.lines("page.steps"))
        cards.append(f"<h2>{e(say('page.how_to'))}</h2><ol>{items}</ol>")
    links = [(each.title, each.address) for each in shown.portal.material]
    if event.material_url and event.material_url not in {address for _, address in links}:
        links.insert(0, (say("page.material_of_event"), event.material_url))
    listed = "".join(f"<li>{found}</li>" for title, address in links if (found := link_out(address, title)))
    if listed:
        cards.append(f"<h2>{e(say('page.material'))}</h2><ul>{listed}</ul>")
    return "<aside>" + "".join(f'<section class="card">{card}</section>' for card in cards) + "</aside>"


def between(say: Words, event: Event, start, end) -> str:
    first, last = say.span(start, end, event.zone)
    return say("page.from_to", start=first, end=last)


def framed(
    say: Words,
    title: str,
    main: str,
    *,
    shown: ShownPortal | None = None,
    beside: str = "",
    status: int = 200,
    here: str | None = None,
    rehearsal: bool = False,
) -> HTMLResponse:
    """`here`: the path below the event's, where the page can be read in another language."""
    name = shown.event.name if shown else ""
    rehearsal = rehearsal or bool(shown and shown.rehearsal)
    mark = f'<p class="mark">{e(say("page.rehearsal"))}</p>' if rehearsal else ""
    band = ""
    if shown is not None:
        start = say.instant(shown.event.starts_at, shown.event.zone)
        nav = _languages(shown, say, here) if here is not None else ""
        band = f'<div class="band"><div><p class="event">{e(name)}</p><p>{e(start)}</p>{nav}</div></div>'
    style = _style()
    document = (
        f'<!doctype html><html lang="{say.code}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{e(' · '.join(filter(None, (title, name))))}</title><style>{style}</style></head><body>"
        f'<a class="skip" href="#main">{e(say("page.skip"))}</a><header>{mark}{band}</header>'
        f'<div class="wrap {"two" if beside else "one"}"><main id="main" tabindex="-1">{main}</main>{beside}</div>'
        f"<footer><p>{e(say('page.footer'))}</p></footer></body></html>"
    )
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return HTMLResponse(
        document,
        status_code=status,
        headers={
            "Content-Security-Policy": policy,
            "Cache-Control": "no-store",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
            "Cross-Origin-Opener-Policy": "same-origin",
            "X-Robots-Tag": "noindex",
        },
    )


def _languages(shown: ShownPortal, say: Words, here: str) -> str:
    parts = []
    for code in LANGUAGES:
        name = e(words(code).name)
        if code == say.code:
            parts.append(f'<span aria-current="true" lang="{code}">{name}</span>')
        else:
            address = e(f"{path_of(shown.event.id)}{here}?lang={code}")
            parts.append(f'<a href="{address}" lang="{code}" hreflang="{code}">{name}</a>')
    return f'<nav aria-label="{e(say("page.other_language"))}">{"".join(parts)}</nav>'


def paragraphs(text: str) -> str:
    """The organizers' text: escaped, a paragraph for each."""
    return "".join(f"<p>{e(part).replace(chr(10), '<br>')}</p>" for part in readable(text))


def link_out(address: str, title: str, kind: str = "") -> str:
    """A link out; "" for what is no web address."""
    if not address.startswith(("https://", "http://")):
        return ""
    css = f' class="{kind}"' if kind else ""
    return f'<a{css} href="{e(address)}" rel="noopener noreferrer">{e(title)}</a>'


def e(text: str) -> str:
    """Escaped, for text and attributes."""
    return html.escape(text, quote=True)


@cache
def _style() -> str:
    return resources.files("deepracer_admin.web").joinpath("portal", "portal.css").read_text(encoding="utf-8").strip()


@cache
def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
