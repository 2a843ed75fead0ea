"""A console on empty stores and a browser of AppTest: the same fixtures as the pages."""

from tests.pages.conftest import (
    _fresh_caches,
    browser,
    clock,
    console,
    event,
    organizer,
    people,
    profiles,
)

__all__ = ["_fresh_caches", "browser", "clock", "console", "event", "organizer", "people", "profiles"]
