"""The pages of the practice Entra tenant that a person sees in a browser."""

from collections.abc import Iterable
from html import escape

from starlette.responses import HTMLResponse

from deepracer_admin.rehearsal.shared.people import STAFF

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;background:#eef1f5;color:#16191f;margin:0;
min-height:95vh;display:grid;place-items:center}
main{background:#fff;padding:2rem 2.5rem;border-radius:12px;box-shadow:0 6px 24px #0002;width:22rem}
h1{font-size:1.3rem;margin:0 0 .3rem} p{margin:.2rem 0 1rem;color:#414d5c}
button{display:block;width:100%;text-align:left;font:inherit;padding:.6rem .9rem;margin:.4rem 0;border-radius:8px;
border:1px solid #8c9bb0;background:#fff;cursor:pointer}
button:hover,button:focus-visible{border-color:#0b5cad;background:#f2f8fd}
button small{display:block;color:#414d5c} button.quiet{border:none;color:#0b5cad;text-align:center}
"""
DUTIES = {
    "organizer": "Organizer: may do everything",
    "facilitator": "Facilitator: runs races",
    "viewer": "Viewer: may look",
    "norole": "has no role in the console",
}


def page(title: str, inner: str, status: int = 200) -> HTMLResponse:
    html = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f"<body><main><h1>{escape(title)}</h1>{inner}</main></body></html>"
    )
    return HTMLResponse(html, status, {"Cache-Control": "no-store", "X-Frame-Options": "DENY"})


def sign_in_page(path: str, query: Iterable[tuple[str, str]]) -> HTMLResponse:
    """Whom to be: each button sends the same authorisation request again with `login_as`."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in query
        if name not in ("login_as", "prompt")
    )
    buttons = "".join(
        f'<button name="login_as" value="{key}">{escape(person.shown)}<small>{escape(DUTIES[key])}</small></button>'
        for key, person in STAFF.items()
    )
    return page(
        "Practice sign-in",
        "<p>This is a rehearsal: no account and no password is needed. Who do you want to be?</p>"
        f'<form method="get" action="{escape(path)}">{hidden}{buttons}'
        '<button class="quiet" name="login_as" value="cancel">Cancel</button></form>',
    )


def refusal_page(code: int, message: str) -> HTMLResponse:
    """Entra shows this itself and never redirects when it cannot trust where to."""
    return page("Sorry, but we’re having trouble signing you in.", f"<p>AADSTS{code}: {escape(message)}</p>", 400)


def signed_out_page() -> HTMLResponse:
    return page("You signed out of your account", "<p>It’s a good idea to close all browser windows.</p>")
