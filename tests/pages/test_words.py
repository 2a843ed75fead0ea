"""What every page says, to every role, in an event in which everything goes on: the words of the field alone."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from deepracer_admin.compose import Console
from deepracer_admin.model import Event, Role
from deepracer_admin.rules.access import allowed
from deepracer_admin.rules.glossary import forbidden_in
from deepracer_admin.ui.kit.page_table import PAGES, PageEntry
from tests.pages.conftest import ROLES, Browser, actor_of, texts
from tests.pages.test_signed_out_presses import full

__all__ = ["full", "wrong_words"]

ITSELF = {"audit"}
"""Pages whose rows are the record itself, with the names of what was acted on."""
FOLDS = {
    "setup": {"create-another": True},
    "messages": {"send-mail": True},
    "usage": {"budget-guard": True, "waves-part": True, "usage-changes": True},
}
"""What is worked out and sent only while it is open, by page."""
SECTIONS = {"setup": "setup-part", "leaderboard": "board-tabs"}
"""Tabs of which only the open one is drawn, by page."""
LABELLED = (
    *("button", "checkbox", "multiselect", "number_input", "radio", "segmented_control", "selectbox", "text_area"),
    *("text_input", "toggle"),
)


def shown(app: AppTest) -> list[str]:
    """Everything that a person reads: texts, labels, helps, choices, cells of tables and their headings."""
    found = [texts(app)]
    for kind in LABELLED:
        for widget in getattr(app, kind, ()):
            found.append(f"{widget.label} {getattr(widget, 'help', '') or ''}")
            found += [str(each) for each in getattr(widget, "options", ()) or ()]
    for table in app.dataframe:
        frame: pd.DataFrame = table.value
        found += [str(column) for column in frame.columns]
        for column in frame.columns:
            cells = frame[column].dropna()
            found += [each for each in cells if isinstance(each, str)]
            found += [f"{each}" for each in cells if each == -1]
    return found


def wrong_words(app: AppTest) -> list[str]:
    """Each forbidden word with the text that it stands in."""
    said = [text.replace("\\", "").replace("\u2060", "") for text in shown(app)]  # as the browser shows markdown
    return [f"{found} in: {text[:200]}" for text in said for found in forbidden_in(text)]


def parts_of(browser: Browser, page: PageEntry, role: Role) -> Iterator[tuple[str, AppTest]]:
    """The page with everything open; where only one part of it is drawn, each of them."""
    folds = FOLDS.get(page.address, {})
    app = browser.open(page.file, role, state=folds)
    yield "", app
    key = SECTIONS.get(page.address)
    for tab in app.tabs if key else ():
        yield tab.label, browser.open(page.file, role, state={**folds, str(key): tab.label})


@pytest.mark.parametrize("role", ROLES)
def test_a_page_says_nothing_but_the_words_of_the_field(
    browser: Browser, console: Console, full: Event, role: Role
) -> None:
    said: list[str] = []
    seen = 0
    for entry in PAGES:
        if not allowed(actor_of(role), entry.action) or entry.address in ITSELF:
            continue
        seen += 1
        for part, app in parts_of(browser, entry, role):
            said += [f"{entry.address} {part}: {line}" for line in wrong_words(app)]
    assert said == []
    assert seen > 2


@pytest.mark.parametrize(
    ("cell", "is_wrong"), [(-1, True), ("-1", True), ("None", True), ("nan", True), ("no limit", False), (1, False)]
)
def test_a_number_that_stands_for_a_word_is_found_in_a_table(cell: object, *, is_wrong: bool) -> None:
    app = AppTest.from_function(_table, args=(cell,)).run()
    assert bool(wrong_words(app)) == is_wrong


def _table(cell: object) -> None:
    import pandas as pd
    import streamlit as st

    st.dataframe(pd.DataFrame({"Limit": [cell]}))
