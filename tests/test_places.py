"""Every choice of every screen is a place, which stands in the address, or says here why it is none.

A place chooses what one sees: part, filter, order, race, cohort, page. It is bound by Streamlit (`bind=`), or kept by
its lasting value (`choose_place`, `place=`). What is read at a button only is a field of it. Whom one has chosen, and
what was searched for, never stands in an address: addresses are sent around, and kept by browsers.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from deepracer_admin.ui.kit.place import BOUND
from tests.pages.test_places import PLACES
from tests.test_screens import SCREENS, calls, name

CHOICES = {
    *("checkbox", "multiselect", "number_input", "pagination", "pills", "radio", "segmented_control"),
    *("select_slider", "selectbox", "slider", "tabs", "toggle"),
}
OURS = {"choose", "choose_one", "choose_place", "fold", "page_number", "page_of", "with_columns"}
SEARCHES = {"text_input", "text_area", "chat_input"}

FIELD = "a field: read at its button, or tried out; it chooses nothing that one sees of the event"
PERSON = "it names people"
OF_PERSONS = "of whoever is chosen, and that is never in an address"
GIVEN = "of a list that was just given and lies in this tab alone"
ACT = "chosen to act on it, in a short list that stands whole on the page"
KIT = "the kit itself: whoever calls it says whether it is a place"
WHY_NOT: dict[str, dict[str, set[str]]] = {
    "deepracer_admin/ui/access/funnel.py": {ACT: {"STUCK"}},
    "deepracer_admin/ui/access/passwords.py": {PERSON: {"'passwords-ending'"}},
    "deepracer_admin/ui/closeout/audit_trail.py": {
        "one entry, read beside the list; it may be about a person": {"'audit'"},
    },
    "deepracer_admin/ui/closeout/closing.py": {FIELD: {"'closeout-no-wait'"}},
    "deepracer_admin/ui/closeout/report.py": {FIELD: {"'certificate-names'"}},
    "deepracer_admin/ui/frame/frame.py": {
        "the event itself: session.open_event writes it": {"f'tab-event-{shown_id}'"}
    },
    "deepracer_admin/ui/kit/jobs.py": {ACT: {"f'{key}-table'"}},
    "deepracer_admin/ui/kit/limits.py": {FIELD: {"key", "box_key"}},
    "deepracer_admin/ui/kit/paging.py": {KIT: {"key"}},
    "deepracer_admin/ui/kit/place.py": {KIT: {"key"}},
    "deepracer_admin/ui/kit/table.py": {KIT: {"key"}},
    "deepracer_admin/ui/mail/letters.py": {
        PERSON: {"'ledger'", "'outbox'"},
    },
    "deepracer_admin/ui/mail/mail_desk.py": {
        FIELD: {
            *("'send-key'", "'send-kind'", "'send-cohort'", "'send-when'", "'send-hours'", "'send-side'"),
            *("'send-anchor'", "'send-later'", "'test-as'"),
        },
        PERSON: {"'preview-person'"},
    },
    "deepracer_admin/ui/people/card.py": {
        PERSON: {"f'card-tabs-{attendee_id}'", "f'person-{attendee_id}-profile'"},
        FIELD: {"f'{card_key}-hours'"},
    },
    "deepracer_admin/ui/people/person.py": {PERSON: {"key"}},
    "deepracer_admin/ui/people/registrations.py": {PERSON: {"'registrations'", "'registrations-all'"}},
    "deepracer_admin/ui/people/portal_settings.py": {FIELD: {"f'portal-{digest}-places'", "f'portal-{digest}-hand'"}},
    "deepracer_admin/ui/people/reading_choices.py": {
        GIVEN: {"key", "f'by-hand-{now.digest}-encoding'", "f'by-hand-{now.digest}-delimiter'"}
    },
    "deepracer_admin/ui/people/roster.py": {
        PERSON: {"'roster'"},
    },
    "deepracer_admin/ui/people/upload.py": {GIVEN: {"'dry-run-shows'", "'report-kind'"}, PERSON: {"'leavers'"}},
    "deepracer_admin/ui/races/board_desk.py": {
        PERSON: {"'desk-racer'"},
        FIELD: {"'link-scene'", "'link-hours'"},
        ACT: {"'links'"},
    },
    "deepracer_admin/ui/races/entrants.py": {PERSON: {"_table(side_key, race_id)", "f'entrants-all-{all_digest}'"}},
    "deepracer_admin/ui/races/race_form.py": {
        FIELD: {
            *("f'{key}-track'", "f'{key}-timing'", "f'{key}-laps'", "f'{key}-direction'", "f'{key}-off'"),
            *("f'{key}-hit'", "f'{key}-most'", "f'{key}-objects'"),
        }
    },
    "deepracer_admin/ui/races/room_desk.py": {FIELD: {"'room-early'", "'room-hours'"}},
    "deepracer_admin/ui/setup/capacity.py": {
        FIELD: {
            *("f'{key}-people'", "f'{key}-slots'", "f'{key}-arrivals'", "f'{key}-minutes'", "f'{key}-made'"),
            *("f'{key}-rule'", "f'{key}-total'", "f'{key}-others'", "f'{key}-room'", "f'{key}-waves'"),
        }
    },
    "deepracer_admin/ui/setup/other_events.py": {FIELD: {"'event-first'"}},
    "deepracer_admin/ui/setup/prices.py": {FIELD: {"f'{key}-hour'", "f'{key}-gb'", "f'{key}-volume'"}},
    "deepracer_admin/ui/setup/setup_form.py": {
        FIELD: {
            *("_FROM", "f'{key}-zone'", "f'{key}-service'", "f'{key}-way'", "f'{key}-cognito'", "f'{key}-erase'"),
            *("f'{key}-guests'", "f'{key}-language'", "f'{key}-people'", "f'{key}-budget'", "f'{key}-slots'"),
        }
    },
    "deepracer_admin/ui/setup/signed_in.py": {PERSON: {"'signed-in'"}},
    "deepracer_admin/ui/setup/staff_desk.py": {PERSON: {"'staff-named'"}, FIELD: {"'role-role'"}},
    "deepracer_admin/ui/usage/budget_panel.py": {
        FIELD: {
            *("'budget-of-cohort'", "f'budget-{key}-{share_key}'", "f'budget-{key}-forecast'"),
            "f'budget-usd-{cohort_key}'",
        }
    },
    "deepracer_admin/ui/usage/profile_list.py": {PERSON: {"'profiles'"}},
    "deepracer_admin/ui/usage/sponsoring.py": {FIELD: {"'grant-hours'"}},
    "deepracer_admin/ui/usage/waves_panel.py": {FIELD: {"'waves-minutes'"}},
    "pages/run/usage.py": {PERSON: {"'usage-all'"}, OF_PERSONS: {"'usage-tabs'"}},
}
"""File -> why not -> keys as they stand in the source."""
CALLED = {
    "f'{key}-name'": {"template-name"},
    "f'{key}-language'": {"template-language"},
    "f'{key}-columns'": set(),  # of each list: with_columns
    "f'entrants-{side_key}'": {"entrants-in", "entrants-out"},
    "_PLACE": {"race"},
    "part": {"roster", "stuck"},
    "'' if words else 'audit-page'": {"audit-page"},
    "'' if query.text else 'roster-page'": {"roster-page"},
    "'' if query[1] else 'registrations-page'": {"registrations-page"},
    "'' if text else 'mails-page'": {"mails-page"},
    "'' if query.text else 'usage-page'": {"usage-page"},
    "'' if query.text else 'entrants-page'": {"entrants-page"},
}
"""What a place is called in the address, where the source does not say so in one word."""


def choices(tree: ast.AST, where: str) -> Iterator[tuple[str, str, set[str] | None]]:
    """Each choice of a file: where it stands, its key, and its names in the address, None for one that is no place."""
    for called, call in calls(tree):
        ours = isinstance(call.func, ast.Name) and called in OURS
        if not ours and not (isinstance(call.func, ast.Attribute) and called in CHOICES):
            continue
        given = {word.arg: word.value for word in call.keywords if word.arg}
        key = ast.unparse(given["key"]) if "key" in given else ""
        line = f"{where}:{call.lineno} {called} {key}"
        if "place" in given:
            if where not in ("deepracer_admin/ui/kit/paging.py",):  # hands on what it was given
                yield line, key, named(given["place"])
        elif called in ("choose_place", "fold") or ast.unparse(given.get("bind", ast.Constant(""))) == "'query-params'":
            yield line, key, named(given["key"])
        elif called == "with_columns":
            yield line, key, {f"{each}-columns" for each in named(given["key"])}
        else:
            yield line, key, None


def named(given: ast.expr) -> set[str]:
    source = ast.unparse(given)
    return {str(given.value)} if isinstance(given, ast.Constant) else CALLED.get(source, {source})


def undeclared(tree: ast.AST, where: str) -> list[str]:
    """Choices that are neither a place nor say why not."""
    known = {key for keys in WHY_NOT.get(where, {}).values() for key in keys}
    return [line for line, key, place in choices(tree, where) if place is None and key not in known]


def searched(tree: ast.AST, where: str) -> list[str]:
    """What people type never stands in an address."""
    return [
        f"{where}:{call.lineno} {called} is in the address"
        for called, call in calls(tree)
        if called in SEARCHES and any(word.arg in ("bind", "place") for word in call.keywords)
    ]


def found_places() -> set[str]:
    """Every place of every screen, by its name in the address."""
    return {
        each
        for path in SCREENS
        if path.name not in ("fold.py", "columns.py")
        for _, _, place in choices(parsed(path), name(path))
        for each in place or ()
    }


def kept_here(tree: ast.AST, where: str) -> set[str]:
    """Places that the kit keeps by itself, without Streamlit's binding."""
    found: set[str] = set()
    for called, call in calls(tree):
        given = {word.arg: word.value for word in call.keywords if word.arg}
        if "place" in given and where != "deepracer_admin/ui/kit/paging.py":
            found |= named(given["place"])
        elif called == "choose_place" and "key" in given:
            found |= named(given["key"])
    return found


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", SCREENS, ids=name)
def test_every_choice_is_a_place_or_says_why_not(path: Path) -> None:
    assert undeclared(parsed(path), name(path)) == []
    assert searched(parsed(path), name(path)) == []


def test_every_reason_is_of_a_choice_that_is_there() -> None:
    there = {(name(path), key) for path in SCREENS for _, key, place in choices(parsed(path), name(path)) if not place}
    said = {(file, key) for file, reasons in WHY_NOT.items() for keys in reasons.values() for key in keys}
    assert said - there == set()


def test_every_place_is_opened_by_its_address_in_a_test() -> None:
    """A new place gets its line in `PLACES`."""
    found = found_places()
    assert found == {place.name for place in PLACES}
    assert len(found) > 35


def test_what_streamlit_binds_is_known_to_the_kit() -> None:
    """So that a link to a first choice is one (place.arrive)."""
    kept = {place for path in SCREENS for place in kept_here(parsed(path), name(path))}
    assert found_places() - kept == BOUND


@pytest.mark.parametrize(
    ("put_back", "told"),
    [
        ("st.selectbox('Order', [*SORTS], key='usage-sort')", True),
        ("st.selectbox('Order', [*SORTS], key='usage-sort', bind='query-params')", False),
        ("third.segmented_control('By', by, key='top-by')", True),
        ("choose_one(frame, ids, key='races', alt='Races')", True),
        ("choose_one(frame, ids, key='races', place=_PLACE, alt='Races')", False),
        ("choose_place('Race', ids, key='board-race', format_func=str)", False),
        ("st.number_input('Page', 1, 9, key='page')", True),
        ("page_of(ids, key='ids', rows=50, told='', at=line)", True),
    ],
)
def test_a_choice_that_the_address_does_not_keep_is_found(put_back: str, told: bool) -> None:
    assert bool(undeclared(ast.parse(put_back), "pages/run/somewhere.py")) is told


def test_a_search_in_the_address_is_found() -> None:
    assert searched(ast.parse("st.text_input('Search', key='find', bind='query-params')"), "pages/run/somewhere.py")
