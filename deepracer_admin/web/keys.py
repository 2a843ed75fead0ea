"""The key `/` opens the search from anywhere, and what is typed then goes into it.

Streamlit's own shortcuts take letters and digits alone. The script is a constant of ours, served from this server,
because the pages' policy runs no other.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

__all__ = ["ADDRESS", "SCRIPT", "keys_route"]

ADDRESS = "/console-keys.js"
SCRIPT = """
(() => {
  if (window.deepracerKeys) return;
  window.deepracerKeys = true;
  const types = (each) => each && (each.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(each.tagName));
  const into = (tries) => {
    const field = document.querySelector('.st-key-finder-text input');
    if (field) { field.focus(); return; }
    if (tries > 0) setTimeout(() => into(tries - 1), 50);
  };
  document.addEventListener('click', (event) => {
    if (event.target.closest && event.target.closest('.st-key-find-person')) into(60);
  }, true);
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || types(event.target)) return;
    const button = document.querySelector('.st-key-find-person button');
    if (!button) return;
    event.preventDefault();
    button.click();
  });
})();
"""


def keys_route() -> Route:
    """Where the script is served."""
    return Route(ADDRESS, _serve)


async def _serve(_: Request) -> Response:
    return Response(SCRIPT, media_type="text/javascript", headers={"Cache-Control": "max-age=3600"})
