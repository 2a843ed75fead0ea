"""Plain HTML pages outside Streamlit: sign-in, and what to do when it fails. Every value is escaped."""

from __future__ import annotations

import html
from collections.abc import Sequence

from starlette.responses import HTMLResponse

__all__ = ["SECURITY_HEADERS", "page"]

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer a form is sent with `Origin: null`, which the gate refuses
    "Cache-Control": "no-store",
}
_STYLE = """
:root { color-scheme: light dark; --ink: #16202b; --soft: #4a5a6a; --ground: #f4f6f8; --card: #fff; --accent: #0b5cab }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8edf2; --soft: #a9b7c4; --ground: #10161d; --card: #1a232d; --accent: #7db8f0 }
}
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--ground); color: var(--ink);
  font: 17px/1.5 "Segoe UI", system-ui, sans-serif }
main { background: var(--card); padding: 2.5rem 3rem; border-radius: 12px; max-width: 34rem; margin: 1rem;
  box-shadow: 0 1px 3px #0003 }
h1 { font-size: 1.5rem; margin: 0 0 .75rem } p { margin: 0 0 1rem; color: var(--soft) }
.mark { display: inline-block; background: #b45309; color: #fff; border-radius: 4px; padding: .1rem .6rem;
  font-size: .8rem; font-weight: 700; letter-spacing: .06em; margin-bottom: 1rem }
a.button, button { display: inline-block; background: var(--accent); color: #fff; border: 0; border-radius: 8px;
  padding: .7rem 1.4rem; font: inherit; font-weight: 600; text-decoration: none; cursor: pointer }
@media (prefers-color-scheme: dark) { a.button, button { color: #10161d } }
a.button:focus-visible, button:focus-visible { outline: 3px solid var(--ink); outline-offset: 2px }
label { display: flex; gap: .7rem; align-items: flex-start; margin: 0 0 1.2rem }
label input { flex: none; width: 1.2rem; height: 1.2rem; margin: .15rem 0 0 }
label input:focus-visible { outline: 3px solid var(--ink); outline-offset: 2px }
code { font-size: .9em }
dl { margin: 0 0 1.5rem } dt { margin: 1rem 0 .1rem } dd { margin: 0; color: var(--soft) }
.further { margin: 1.2rem 0 0; font-size: .9em } .further a { color: var(--accent) }
"""


def page(
    title: str,
    sentence: str,
    *,
    link: tuple[str, str] | None = None,
    further: tuple[str, str] | None = None,
    rows: Sequence[tuple[str, str]] = (),
    post: tuple[str, str] | None = None,
    choice: tuple[str, str] | None = None,
    status: int = 200,
    rehearsal: bool = False,
    incident: str = "",
) -> HTMLResponse:
    """A page with one heading, one sentence and at most one button. `link`/`post`: (relative address, label);
    `further`: the same as a quiet link below; `rows`: (term, sentence) below the sentence.

    `choice`: (field, label) of a box to tick beside the button of `post`, sent as `field=yes`.
    """
    parts = ['<span class="mark">REHEARSAL</span>' if rehearsal else "", f"<h1>{html.escape(title)}</h1>"]
    parts.append(f"<p>{html.escape(sentence)}</p>")
    if rows:
        entries = "".join(
            f"<dt><code>{html.escape(term)}</code></dt><dd>{html.escape(told)}</dd>" for term, told in rows
        )
        parts.append(f"<dl>{entries}</dl>")
    if incident:
        parts.append(f"<p>Incident <code>{html.escape(incident)}</code>; the log of the console has the details.</p>")
    if link:
        parts.append(f'<a class="button" href="{html.escape(link[0], quote=True)}">{html.escape(link[1])}</a>')
    if post:
        action = html.escape(post[0], quote=True)
        box = _box(*choice) if choice else ""
        parts.append(f'<form method="post" action="{action}">{box}<button>{html.escape(post[1])}</button></form>')
    if further:
        address = html.escape(further[0], quote=True)
        parts.append(f'<p class="further"><a href="{address}">{html.escape(further[1])}</a></p>')
    body = "\n".join(part for part in parts if part)
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width"><title>{html.escape(title)} · DeepRacer Organizer Console</title>'
        f"<style>{_STYLE}</style></head><body><main>{body}</main></body></html>",
        status_code=status,
        headers=SECURITY_HEADERS,
    )


def _box(field: str, label: str) -> str:
    name = html.escape(field, quote=True)
    return f'<label><input type="checkbox" name="{name}" value="yes"><span>{html.escape(label)}</span></label>'
