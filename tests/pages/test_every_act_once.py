"""Every act of every page and of the card: pressed once, pressed twice, pressed in two tabs at once, and the page
opened anew in the middle. One effect, and it is said.

The acts are the buttons that the scenes of test_signed_out_presses.py bring to the screen; the event is put back as it
was before each. What may do more in a second tab stands in AGAIN, each with its reason.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace

import pytest
from streamlit.testing.v1 import AppTest

from deepracer_admin.compose import Console
from deepracer_admin.model import Event, Role
from deepracer_admin.services.setup.connection import ConnectionService
from tests.pages.conftest import Browser, texts
from tests.pages.test_signed_out_presses import (
    OPENERS,
    SCENES,
    Scene,
    alone,
    full,
    looked_for,
    state_of,
    type_name,
    whole,
)

pytestmark = pytest.mark.e2e
__all__ = ["full"]

SHOWS, SAVED = "opens or closes what is shown", "what stands there is saved already"
FORM = "refused: its form is empty here; the page's own test types into it"
ONLY_SHOWS: dict[str, str] = {
    **dict.fromkeys(
        ("find-person", "find-person-narrow", "finder-back", "finder-open", "person-open", "edit-anew-ev-1"), SHOWS
    ),
    **dict.fromkeys(("roster-choose-all", "roster-forget-all", "roster-open"), SHOWS),
    "prices-shown-ev-1-anew": SHOWS,
    "masked-words-shown-ev-1-anew": SHOWS,
    **dict.fromkeys(
        (
            "masked-words-save",
            "portal-mail-save",
            "portal-rules-save",
            "portal-texts-save",
            "questions-save",
            "template-save",
        ),
        SAVED,
    ),
    **dict.fromkeys(("announcement-make", "create-day-go", "race-new-save", "staff-name-add", "walk-up-add"), FORM),
    "imports-job-roster.import-undo": "refused: somebody of this import was invited",
    "login-try": "refused: the racing service does not answer here",
    "person-unlink": "refused: the service says by its address whose profile it is",
    "send-go-go": "refused: that campaign runs",
    "signed-in-out-go": "ends sessions, which are no state of the event",
}
"""Buttons that change nothing of the event as it stands, and why."""
PACE = "one step of a practice clock, whose speed stands beside it in every tab"
AGAIN: dict[str, str] = {
    **dict.fromkeys(("pace-pause", "pace-slower", "pace-faster"), PACE),
    **dict.fromkeys(
        ("closeout-skip-models", "closeout-wait-models", "closeout-halt-models"),
        "the same decision about a step once more; the newest reason counts",
    ),
    "check-run": "who presses while a pre-flight runs is owed one that begins afterwards, which reads only",
    "link-make": "every press is one screen more, with a link of its own that can be withdrawn",
}
"""Acts that a second tab does once more, and why that is right."""
CARDS = [("pages/run/races.py", looked_for(f"racer{number}@example.com")) for number in (1, 2, 4, 5)]
"""Somebody for every act of the card: mailed, paused, refused, without a profile."""
TYPED = {
    "-change": ("address", "new@example.com"),
    "-remove": ("event", "Autumn Cup"),
    "-erase": ("typed", "racer5@example.com"),
}
"""End of an act's key -> the field of the card that it needs, and what is typed there."""


@dataclass
class Shelf:
    """The stores as they were, to put back; each time under revisions that nobody has seen."""

    console: Console
    kept: dict[str, bytes] = field(default_factory=dict)
    turn: int = 0

    def __post_init__(self) -> None:
        for file in ("events.sqlite", "history.sqlite", "sessions.sqlite"):
            with closing(sqlite3.connect(self.console.settings.home / file)) as here:
                whole_file = bytearray(here.serialize())
                whole_file[18:20] = b"\x01\x01"  # not in the mode with a log beside it, which memory cannot open
                self.kept[file] = bytes(whole_file)

    def put_back(self) -> None:
        self.turn += 1
        for file, whole_file in self.kept.items():
            with closing(sqlite3.connect(":memory:")) as kept, closing(self._open(file)) as here:
                kept.deserialize(whole_file)
                if file == "events.sqlite":
                    kept.execute("UPDATE revisions SET revision = revision + ?", (1_000 * self.turn,))
                    kept.commit()
                kept.backup(here)

    def _open(self, file: str) -> sqlite3.Connection:
        return sqlite3.connect(self.console.settings.home / file, timeout=300)


def open_tab(browser: Browser, page: str, scene: Scene) -> AppTest:
    app = scene(browser.open(page, Role.ORGANIZER), browser.console)
    assert not app.exception, [each.value for each in app.exception]
    return app


def pressable(app: AppTest) -> list[str]:
    return [button.key for button in app.button if button.key and not button.disabled]


def kind_of(key: str) -> str:
    """An act of the card is one act, whoever it is for."""
    return re.sub(r"(card|person|finder-open)-at-\d+", r"\1", key)


def fill_in(app: AppTest) -> None:
    """A word into every field that is empty; what is searched for stays."""
    for field_ in [*app.text_input, *app.text_area]:
        searches = re.search(r"search|find|query", f"{field_.label} {field_.key}", re.IGNORECASE)
        if not field_.value and not field_.disabled and not searches:
            is_address = re.search(r"address|mail", f"{field_.label} {field_.key}", re.IGNORECASE)
            field_.input("new@example.com" if is_address else "A few words")
    app.run()


def press(app: AppTest, key: str, *, typed: bool = False) -> str:
    """Press it, and the dialog's own where it opens one; the key of what acted. `typed`: fill in what is empty."""
    if typed:
        fill_in(app)
    for end, (field_, value) in TYPED.items():
        if key.startswith("person-at-") and key.endswith(end):
            alone(app, app.text_input(key=key.removesuffix(end[1:]) + field_).input(value))
    if OPENERS.match(key):
        closed = {button.key for button in app.button}
        whole(app, key)
        key = next(b.key for b in app.button if b.key and b.key not in closed and b.key.endswith("-go"))
        type_name(app, key.removesuffix("-go"))
    whole(app, key)
    return key


def said(app: AppTest, key: str) -> str:
    """What the page shows of this act."""
    try:
        kept = app.session_state[f"said-{key}"]
    except KeyError:
        return ""
    return str(kept.sentence)


def heard(app: AppTest, sentence: str) -> bool:
    """Does it stand on the page, or in a toast?"""
    shown = texts(app).replace("\\", "").replace("\u2060", "")
    toasts = " ".join(str(each.value) for each in app.toast).replace("\\", "").replace("\u2060", "")
    return bool(sentence) and (sentence[:40] in shown or sentence[:40] in toasts)


@pytest.fixture
def shelf(console: Console, full: Event, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.setattr(ConnectionService, "_why_not", lambda _: "")  # as where the work runs inside the console
    console.store.save_event(replace(console.store.event(full.id), portal_url="https://race.example.com"))
    return Shelf(console)


def walked(browser: Browser, shelf: Shelf) -> Iterator[tuple[str, str, str]]:
    """(key, what is wrong, what was said) of each act."""
    only = os.environ.get("ACTS", "")
    done: set[str] = set()
    for page, scene in [*CARDS, *SCENES]:
        shelf.put_back()
        unpressed: AppTest | None = open_tab(browser, page, scene)
        for key in pressable(unpressed):
            if kind_of(key) in done or (only and not key.startswith(tuple(only.split(",")))):
                continue
            if unpressed is None:
                shelf.put_back()
                unpressed = open_tab(browser, page, scene)
            one = unpressed
            other = None if kind_of(key) in ONLY_SHOWS else open_tab(browser, page, scene)
            unpressed = None
            before, typed = state_of(shelf.console), False
            acted = press(one, key)
            if not one.exception and state_of(shelf.console) == before and said(one, acted):
                shelf.put_back()
                one, typed = open_tab(browser, page, scene), True
                with suppress(StopIteration):
                    acted = press(one, key, typed=True)
            if one.exception:
                yield acted, "broke", str(one.exception[0].value)
                continue
            after = state_of(shelf.console)
            sentence = said(one, acted)
            if after == before:
                yield acted, "did nothing", sentence
                unpressed = None if typed else other
                continue
            if other is None:  # it acts after all
                shelf.put_back()
                one, other = open_tab(browser, page, scene), open_tab(browser, page, scene)
                acted = press(one, key, typed=typed)
                after = state_of(shelf.console)
            done |= {kind_of(key), kind_of(acted)}
            if not heard(one, sentence) and kind_of(acted) not in AGAIN:
                yield acted, "says nothing", sentence
            if acted in pressable(one):
                whole(one, acted)  # the second half of a double click
                if state_of(shelf.console) != after:
                    yield acted, "acts twice on a double click", said(one, acted)
                    continue
            opened_anew = browser.open(page, Role.ORGANIZER)
            assert not opened_anew.exception, [each.value for each in opened_anew.exception]
            whole_again = state_of(shelf.console)
            try:
                press(other, key, typed=typed)
            except StopIteration:
                yield acted, "", f"{sentence} | two tabs: the dialog did not open"
                continue
            if other.exception:
                yield acted, "broke in a second tab", str(other.exception[0].value)
            elif state_of(shelf.console) != whole_again:
                yield acted, "acts again in a second tab", f"{sentence} | then: {said(other, acted)}"
            else:
                yield acted, "", f"{sentence} | then: {said(other, acted)}"


def test_an_act_has_one_effect_however_it_is_pressed_and_it_is_said(browser: Browser, shelf: Shelf) -> None:
    wrong: dict[str, str] = {}
    right: set[str] = set()
    idle: dict[str, str] = {}
    for key, fault, sentence in walked(browser, shelf):
        print(f"{key}: {fault or 'once'} | {sentence}", flush=True)
        kind = kind_of(key)
        if fault == "did nothing":
            idle[kind] = sentence
        elif fault and not (fault == "acts again in a second tab" and kind in AGAIN):
            wrong[kind] = f"{fault}: {sentence}"
        else:
            right.add(kind)
    wrong |= {kind: f"did nothing: {said_}" for kind, said_ in idle.items() if kind not in right | ONLY_SHOWS.keys()}
    print(f"\n{len(right)} acts: one effect, said; {len(wrong)} not; {len(idle.keys() - right)} only show or need more")
    assert wrong == {}
