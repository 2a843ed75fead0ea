"""The key `/` opens the search from anywhere, and what is typed then goes into it; Back leads to a page as it was left.

Streamlit's own shortcuts take letters and digits alone. On the way to another page it takes the filters that it binds
out of the address, while that is still the address of the page that is left, and this made an entry of the browser's
history: Back led to that page without its filters (streamlit 1.67, populate_from_query_string). That entry is not made.

The script is a constant of ours, served from this server, because the pages' policy runs no other.
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
  let left = '';
  document.addEventListener('click', (event) => {
    const link = event.target.closest && event.target.closest('a[data-testid="stPageLink-NavLink"]');
    const leads = link && !event.button && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    const here = window.location.pathname;
    left = leads && new URL(link.href).pathname !== here ? here : '';
  }, true);
  window.addEventListener('popstate', () => { left = ''; });
  const push = window.history.pushState.bind(window.history);
  window.history.pushState = (state, unused, address) => {
    const path = new URL(address || '', window.location.href).pathname;
    if (left && path === left && window.location.pathname === left) return;
    left = '';
    push(state, unused, address);
  };
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
