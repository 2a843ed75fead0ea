"""A console process on seeded stores and no world behind it: fast, and it shows exactly what a test wrote."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Browser, Page

from deepracer_admin.compose import Console, compose
from deepracer_admin.model import Event, Quota, Role
from deepracer_admin.records.current_event import CURRENT_EVENT
from deepracer_admin.settings import Settings
from deepracer_admin.web.keeper import SessionKeeper
from tests.console_process import ConsoleProcess, start_console, write_silent_world
from tests.e2e.conftest import PATIENCE_MS, SIZES, wait_idle, watch_policy

__all__ = ["Seeded", "an_event", "seeded_console"]


@dataclass
class Seeded:
    """The stores, opened a second time by the test, and the console process beside them."""

    console: Console
    process: ConsoleProcess
    broken: list[str] = field(default_factory=list)  # what pages were refused by the console's own policy

    def session(self, role: Role) -> str:
        """A live session of that role; the cookie's value."""
        keeper = SessionKeeper(self.console.sessions, self.console.clock)
        return keeper.create(oid=f"oid-{role.value}", tid="t", name=f"{role.value} Person", roles=frozenset({role}))

    def window(
        self, browser: Browser, cookie: str, *, path: str = "/", size: str = "1440x900", dark: bool = False
    ) -> Page:
        """A window in a profile of its own with that session, on a page whose run is over."""
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        context.add_cookies([{"name": self.process.session_cookie, "value": cookie, "url": self.process.url}])
        watch_policy(context, self.broken)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{self.process.url}{path}")
        wait_idle(page)
        return page


@contextmanager
def seeded_console(home: Path, *, public: bool = False) -> Iterator[Seeded]:
    """Compose on `home` for seeding, start the process without a worker, stop both; `public`: with the second
    listener."""
    write_silent_world(home)
    console = compose(Settings(home=home, worker=False))  # type: ignore[call-arg]
    try:
        process = start_console(home, public=public, WORKER="false")
        try:
            seeded = Seeded(console, process)
            yield seeded
            assert seeded.broken == [], "a page did what the console's own policy forbids"
        finally:
            process.stop()
    finally:
        console.close()


def an_event(console: Console, *, name: str = "Autumn Cup") -> Event:
    """The current event; it began an hour ago and lasts five days."""
    now = console.clock.event_now()
    made = Event(
        id="ev-1",
        name=name,
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(days=5),
        zone="Europe/Rome",
        head_count=200,
        budget_usd=1_000.0,
        quota=Quota(300, 3),
        slots=8,
        created_at=now - timedelta(days=1),
    )
    console.store.save_event(made)
    console.store.update("", CURRENT_EVENT, lambda _: made.id)
    return made
