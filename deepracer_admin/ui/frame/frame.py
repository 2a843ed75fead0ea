"""The frame around every page: the line above it, navigation by role, search."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from deepracer_admin.errors import ConsoleError
from deepracer_admin.model import Actor
from deepracer_admin.rules.access import allowed
from deepracer_admin.ui.frame.top import top
from deepracer_admin.ui.kit import danger, session
from deepracer_admin.ui.kit.act import forget_elsewhere
from deepracer_admin.ui.kit.cached import events_at_work
from deepracer_admin.ui.kit.looks import begin_looks, look_every
from deepracer_admin.ui.kit.page_table import PAGES, PageEntry
from deepracer_admin.ui.kit.place import arrive
from deepracer_admin.ui.kit.refresh import dialog_closed, was_unasked
from deepracer_admin.ui.kit.shared_store import shared_store
from deepracer_admin.ui.people.finder import find_button, show_open
from deepracer_admin.web import keys, server

__all__ = ["run"]

FLAG = str(Path(__file__).with_name("flag.png"))  # an icon by name would be fetched from a font service


def run() -> None:
    """One script run: who is it, which pages are theirs, draw the chosen one."""
    st.set_page_config(page_title="DeepRacer Organizer Console", page_icon=FLAG, layout="wide")
    dialog_closed()
    session.begin_run()
    try:
        who = session.actor()
        if not was_unasked():
            server.keeper().touch(session.session_cookie())
        pages = _pages(who)
        chosen = st.navigation(pages, position="hidden")
        forget_elsewhere(chosen.url_path)
        arrive(chosen.url_path, session.address())
        _keep_address()
        _frame(who, pages, chosen.url_path or PAGES[0].address)
        show_open(who)
        chosen.run()
    except ConsoleError as error:
        st.error(error.sentence, icon=":material/error:")


def _pages(who: Actor) -> dict[str, list[st.Page]]:  # type: ignore[valid-type]
    """Real pages for the actor's roles; a refusal with the same address for the rest, so that links stay stable."""
    groups: dict[str, list] = {}
    first = True
    for entry in PAGES:
        mine = allowed(who, entry.action)
        page = st.Page(
            entry.file if mine else _refusal(entry),
            title=entry.title,
            icon=entry.icon,
            url_path=entry.address,
            default=first and mine,
            visibility="visible" if mine else "hidden",
        )
        first = first and not mine
        groups.setdefault(entry.group, []).append(page)
    return groups


def _refusal(entry: PageEntry) -> Callable[[], None]:
    def refused() -> None:
        st.title(entry.title)
        session.require(entry.action)

    return refused


# Streamlit marks a focused link by a tint that hardly differs from the background (WCAG 2.4.7, 1.4.11), and keeps 64 px
# above a page for a bar that holds one menu: the frame's line begins under the lower bar, the title ends by 96 px. Its
# captions are 4.2:1 against a white page, its chosen segment 2.6:1 in the dark; these are 6:1 and more (WCAG 1.4.3).
_LOOK = (
    """<style>
a:focus-visible { outline: 2px solid currentColor !important; outline-offset: 1px }
[data-testid=stHeader], [data-testid=stHeader] [data-testid=stToolbar] { height: 2.25rem; min-height: 2.25rem }
[data-testid=stMainBlockContainer] { padding-top: 2.25rem }
@media (min-width: 75rem) {
  [data-testid=stMainBlockContainer], [data-testid=stBottomBlockContainer] { padding-left: 3rem; padding-right: 3rem }
}
@media (min-width: 48rem) { .st-key-find-person-narrow { display: none } }
[data-testid=stMainBlockContainer] [data-testid=stHeading] h1 { padding-top: 0.25rem }
[data-testid=stCaptionContainer], [data-testid=stCaptionContainer] p { color: inherit !important }
[data-testid=stCaptionContainer] { opacity: 0.75 }
[data-testid=stCaptionContainer] code { color: inherit !important }
button[data-selected=true], button[data-selected=true] *,
[data-testid=stPopoverButton], [data-testid=stPopoverButton] *,
[data-testid=stSliderThumbValue], [data-testid=stSliderThumbValue] * { color: inherit !important }
[class*=st-key-podium-] > * { flex: 1 1 12rem !important }
@media (min-width: 75rem) {
  .st-key-frame-line { flex-wrap: nowrap !important }
  .st-key-frame-line > * { flex-shrink: 0 }
  .st-key-frame-line > [data-testid=stElementContainer]:has(strong) { flex-shrink: 1; min-width: 0 }
  .st-key-frame-line p:has(strong) { display: flex; white-space: pre }
  .st-key-frame-line p > strong { overflow: hidden; text-overflow: ellipsis; min-width: 6em }
}
"""
    + danger.LOOK
    + "</style>"
)


_KEYS = f'<script src="{keys.ADDRESS}"></script>'  # once a tab, however often the script of a session runs


def _keep_address() -> None:
    """The address names the event, so that a reload and a copied link show the same one."""
    for name, value in session.address().items():
        if st.query_params.get(name) != value:
            st.query_params[name] = value


def _frame(who: Actor, pages: dict[str, list[st.Page]], address: str) -> None:  # type: ignore[valid-type]
    st.html(_LOOK)
    begin_looks()
    top(address)
    find_button(who, narrow=True)
    look_every(next(entry.look_every_s for entry in PAGES if entry.address == address))
    with st.sidebar:
        _choose_event(who)
        for group, entries in pages.items():
            mine = [page for page in entries if page.visibility == "visible"]
            if mine:
                st.caption(group)
            for page in mine:
                st.page_link(page, query_params=session.address())
        find_button(who)
        roles = ", ".join(sorted(role.value for role in who.roles))
        st.caption(f"{who.name} · {roles}")
        shared_store(who)
        st.html('<a href="/signin/out" target="_self" style="color: inherit">Sign out</a>')
        st.html(_KEYS, unsafe_allow_javascript=True)


def _choose_event(who: Actor) -> None:
    """Which event this tab shows, where there are several, and what goes on in the others."""
    shown_id = session.event_id()
    events = {each.event_id: each for each in events_at_work(who)}
    if shown_id not in events or len(events) == 1:
        return
    chosen = st.selectbox(
        "Event of this tab",
        [*events],
        index=[*events].index(shown_id),
        format_func=lambda key: events[key].words,
        key=f"tab-event-{shown_id}",
    )
    if chosen and chosen != shown_id:
        session.open_event(chosen)
