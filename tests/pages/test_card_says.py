"""What an act of the card came to is said by name, also where the act takes away what it stood beside."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from deepracer_admin.compose import Console
from deepracer_admin.model import Event
from tests.pages.conftest import Browser, click, texts
from tests.pages.test_signed_out_presses import full, looked_for

__all__ = ["full"]
RACES = "pages/run/races.py"


def said(app: AppTest) -> str:
    assert not app.exception
    return texts(app).replace("\\", "").replace("\u2060", "")


def test_a_profile_an_address_and_an_erasure_are_said_with_whose_they_are(
    browser: Browser, console: Console, full: Event
) -> None:
    app = looked_for("racer5@example.com")(browser.open(RACES), console)
    app = click(app, "person-at-5-link")
    assert "Racer 5 has the profile nobody. Linked." in said(app)
    app = click(app, "person-at-5-unlink")
    assert "The profile nobody is not Racer 5's any more" in said(app)
    app.text_input(key="person-at-5-address").input("new.five@example.com")
    app = click(app, "person-at-5-change")
    assert "Racer 5 has the address new.five@example.com; onboarding starts anew." in said(app)
    app.text_input(key="person-at-5-typed").input("new.five@example.com")
    app = click(app, "person-at-5-erase")
    assert "Racer 5 is erased;" in said(app)
    assert app.error == []
    assert all(person.id != "at-5" for person in console.store.attendees("ev-1"))


def test_that_nothing_is_tried_again_is_said(browser: Browser, console: Console, full: Event) -> None:
    app = click(looked_for("racer1@example.com")(browser.open(RACES), console), "card-at-1-retry")
    assert "Racer 1: nothing of theirs was refused, so nothing is tried again." in said(app)
