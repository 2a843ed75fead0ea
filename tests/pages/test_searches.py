"""Every list is searched alike: each word, in any order, without regard to case and accents."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.model import Event
from deepracer_admin.records.portal import REGISTRATIONS
from tests.pages.conftest import Browser
from tests.pages.test_places import ATTENDEES, CUP, EVERY, MESSAGES, PORTAL, RACES, USAGE, full
from tests.test_screens import SCREENS, calls

__all__ = ["full"]
LISTS: Mapping[str, tuple[str, Mapping[str, str], str]] = {
    "roster-text": (ATTENDEES, {}, "Name"),
    "registrations-text": (ATTENDEES, PORTAL, "Name"),
    "ledger-text": (MESSAGES, EVERY, "Name"),
    "entrants-text": (RACES, CUP, "Name"),
    "usage-search": (USAGE, {}, "Name"),
}
"""The search field of each list of people -> its page, the address of its part, the column that names them."""
OTHERS = {"audit-text": "entries, in which any text stands", "finder-text": "the finder: tests/ui/people"}


def test_every_search_field_is_known() -> None:
    found = set()
    for path in SCREENS:
        for called, call in calls(ast.parse(path.read_text("utf-8"))):
            given = {word.arg: ast.unparse(word.value) for word in call.keywords if word.arg}
            if called == "text_input" and (given.get("type") == "'search'" or "search" in given.get("key", "")):
                found.add(given["key"].strip("'"))
    assert found - {"_TEXT"} <= {*LISTS, *OTHERS}, found
    assert {*LISTS} <= found


@pytest.mark.parametrize("field", LISTS)
def test_words_are_found_in_any_order_without_accents(
    browser: Browser, console: Console, full: Event, field: str
) -> None:
    page, address, column = LISTS[field]
    store = console.store
    store.amend_attendees(full.id, lambda each: replace(each, name="Anna Müller"), ids=["at-13"])
    first = next(iter(store.rows(full.id, REGISTRATIONS)))
    store.change_rows(
        full.id, REGISTRATIONS, lambda rows: {first: replace(rows[first], name="Anna Müller")}, keys=(first,)
    )
    app = browser.open(page, address=dict(address))
    app.text_input(key=field).input("muller ANNA").run()
    names = [list(table.value[column]) for table in app.dataframe if column in table.value]
    assert ["Anna Müller"] in names, names
