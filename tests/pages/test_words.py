"""What every page says, to every role, in an event in which everything goes on: the words of the field alone."""

from __future__ import annotations

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from deepracer_admin.compose import Console
from deepracer_admin.model import Event, Role
from deepracer_admin.rules.access import allowed
from deepracer_admin.rules.glossary import forbidden_in
from deepracer_admin.ui.kit.page_table import PAGES
from tests.pages.conftest import ROLES, Browser, actor_of, texts
from tests.pages.test_signed_out_presses import full

__all__ = ["full", "wrong_words"]

ITSELF = {"audit"}
"""Pages whose rows are the record itself, with the names of what was acted on."""
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
        said += [f"{entry.address}: {line}" for line in wrong_words(browser.open(entry.file, role))]
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
