"""A real browser against the real console and a practice world, each in its own process.

With `E2E_PICTURES=1` the screens of every story go to the git-ignored folder `screenshots/`; those of a test that
failed go there always.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, TimeoutError, expect

from tests.console_process import ROOT, ConsoleProcess, start_console
from tests.practice import ProcessHandle, start_world_process

SCREENS = ROOT / "screenshots"
SIZES = {"1440x900": (1440, 900), "1920x1080": (1920, 1080)}
PICTURES = bool(os.environ.get("E2E_PICTURES"))  # nobody compares them: whoever wants to look asks for them
PATIENCE_MS = int(os.environ.get("E2E_PATIENCE_MS", "120000"))  # nothing waits so long that works
IDLE = "[data-testid=stApp][data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"


@dataclass
class Site:
    """A console with its practice world."""

    console: ConsoleProcess
    world: ProcessHandle

    @property
    def url(self) -> str:
        return self.console.url


@pytest.fixture(scope="module", autouse=True)
def no_window_is_left(browser: Browser) -> Iterator[None]:
    """A page whose console is gone asks for it for ever, at the expense of the tests that follow."""
    yield
    for context in browser.contexts:
        context.close()


@pytest.fixture(autouse=True)
def no_window_outlives_its_test(browser: Browser) -> Iterator[None]:
    """An open page looks for news every few seconds and draws itself anew, at the expense of the tests that follow;
    those of a whole story are opened by a fixture of its module."""
    before = set(browser.contexts)
    yield
    for context in browser.contexts:
        if context not in before:
            context.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("home")
    world = start_world_process(home, "--speed", "1")
    try:
        console = start_console(home, public=True)
        try:
            yield Site(console, world)
        finally:
            console.stop()
    finally:
        world.stop()


@pytest.fixture(scope="module")
def visit(site: Site, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a window in a browser profile of its own, signed in as a role, or as nobody."""
    contexts = []
    broken: list[str] = []

    def open_window(role: str = "", *, size: str = "1440x900", path: str = "/", **options: object) -> Page:
        width, height = SIZES[size]
        context = browser.new_context(viewport={"width": width, "height": height}, **options)  # type: ignore[arg-type]
        contexts.append(context)
        watch_policy(context, broken)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        if role:
            signed_in(page, site, role, path=path)
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert broken == [], "a page did what the console's own policy forbids"


def watch_policy(context: BrowserContext, broken: list[str]) -> None:
    """Add to `broken` whatever a page of this browser profile was refused by a content security policy."""

    def listen(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            broken.append(f"{message.page.url if message.page else ''}: {message.text[:300]}")

    context.on("console", listen)


def signed_in(page: Page, site: Site, role: str, *, path: str = "/") -> None:
    """The whole way through the practice tenant; returns on the console's page."""
    page.goto(f"{site.url}{path}")
    page.get_by_role("link", name="Sign in with Microsoft Entra ID").click()
    page.locator(f"button[value={role}]").click()
    wait_idle(page)


def wait_idle(page: Page) -> None:
    """Until the script run is over; before this no absence means anything."""
    page.wait_for_timeout(150)
    page.wait_for_selector(IDLE, timeout=PATIENCE_MS)


def open_page(page: Page, title: str) -> None:
    """Through the menu, as people do."""
    page.get_by_test_id("stSidebar").get_by_role("link", name=title, exact=True).click()
    expect(page.get_by_role("heading", name=title, exact=True, level=1)).to_be_visible(timeout=PATIENCE_MS)
    wait_idle(page)


def press(page: Page | Locator, name: str | re.Pattern[str]) -> None:
    """Press the button of this name, and wait for what follows."""
    page.get_by_role("button", name=name, exact=isinstance(name, str)).filter(visible=True).first.click()
    wait_idle(page if isinstance(page, Page) else page.page)


def fill(page: Page, label: str, value: str) -> None:
    """Type into a field and leave it, so that Streamlit takes it."""
    field = page.get_by_label(label, exact=True).first
    field.fill(value)
    field.blur()
    wait_idle(page)


def pick(page: Page, label: str, option: str | re.Pattern[str]) -> None:
    """One of a drop-down list; a page that is drawn anew at that moment closes the list, so it is opened again."""
    offered = page.get_by_role("option", name=option)
    for _ in range(5):
        page.get_by_label(label, exact=True).first.click()
        try:
            offered.click(timeout=5_000)
            break
        except TimeoutError:
            wait_idle(page)
    else:
        raise AssertionError(f"`{label}` never offered {option}")
    wait_idle(page)


def picture(page: Page, name: str, *, after_ms: float = 0.0) -> None:
    """The screen in both sizes, light, once live parts had that long to show what is new; nobody compares them, people
    look at them."""
    if not PICTURES:
        return
    page.wait_for_timeout(after_ms)
    SCREENS.mkdir(exist_ok=True)
    before = page.viewport_size
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(500)
        page.screenshot(path=SCREENS / f"{name}-{size}.png")
    if before:
        page.set_viewport_size(before)


def no_trouble(page: Page) -> None:
    """No incident, no traceback."""
    wait_idle(page)
    expect(page.get_by_text("Something unexpected happened")).to_have_count(0)
    expect(page.get_by_text("Traceback")).to_have_count(0)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def folder(name: str) -> Path:
    return ROOT / "tests" / "data" / name


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """What the windows of a failed test looked like, beside the other screens."""
    report = yield
    if report.when == "call" and report.failed:
        for name, value in getattr(item, "funcargs", {}).items():
            if isinstance(value, Page):
                SCREENS.mkdir(exist_ok=True)
                value.screenshot(path=SCREENS / f"failed-{item.name}-{name}.png")
    return report
