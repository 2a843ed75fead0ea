"""A console on empty stores for the services: the same fixtures as the pages."""

from tests.pages.conftest import clock, console, event, organizer, people, profiles

__all__ = ["clock", "console", "event", "organizer", "people", "profiles"]
