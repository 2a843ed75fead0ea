"""Every page as people see it: how much room the frame takes, what axe-core finds in light and dark, no word of the
program's makers; the big screen from a projector to a phone. One console with a busy event serves all of it.

`screenshots/look-*` holds each page in both sizes and both colours afterwards.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from deepracer_admin.model import Event, Role, Standing
from deepracer_admin.rules.access import allowed
from deepracer_admin.rules.glossary import forbidden_in
from deepracer_admin.ui.kit.page_table import PAGES, PageEntry
from tests.busy import actor_of, busy_event, four_profiles, six_people
from tests.e2e.conftest import SCREENS, SIZES, wait_idle, watch_policy
from tests.e2e.hindrances import hindrances
from tests.e2e.seeded import Seeded, an_event, seeded_console

pytestmark = pytest.mark.e2e
MOST_ABOVE_PX = 96
LONG_MS = 180_000  # a crowded machine draws a picture in minutes, not in half a one
RACERS = 400
STREAMLITS_OWN = ("aria-dialog-name", "svg-img-alt")
"""Findings of Streamlit itself, counted and printed: a toast, the small line in a figure; and the parts of a date, each
of which takes the pointer by itself."""
PART_OF_A_DATE = ("target-size", "#react-aria")
SLIDER = "stSliderThumbValue"  # the value that moves with a slider's thumb
ROLES = (Role.ORGANIZER, Role.FACILITATOR)
COLOURS = ("light", "dark")
WALLS = ((1280, 720), (1440, 900), (1920, 1080), (3840, 2160), (390, 844))


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    with seeded_console(tmp_path_factory.mktemp("home"), public=True) as made:
        yield made


@pytest.fixture(scope="module")
def event(seeded: Seeded) -> Event:
    """A busy event with a long name and a board of 400."""
    console = seeded.console
    made = replace(an_event(console), name="Autumn Cup of all offices in Italy and Poland", public_url="")
    now = console.clock.event_now()
    made = busy_event(console, made, four_profiles(console, made, six_people(console, made, now), now), now)
    rows = [
        Standing(n, f"racer-{n}" if n < 4 else f"Furious-{n}-Fox", 9_000 + 713 * n, profile_id=f"pr-{n}")
        for n in range(1, RACERS + 1)
    ]
    console.history.save_standings(made.id, "r-1", now, rows)
    return made


@pytest.fixture(scope="module")
def window(seeded: Seeded, event: Event, browser: Browser) -> Iterator[Callable[[Role | None, str], Page]]:
    """A patient window of each role and colour, opened once."""
    opened: dict[tuple[Role | None, str], Page] = {}
    contexts: list[BrowserContext] = []

    def of(role: Role | None, colour: str) -> Page:
        if (role, colour) not in opened:
            context = browser.new_context(
                viewport={"width": 1440, "height": 900}, color_scheme="dark" if colour == "dark" else "light"
            )
            contexts.append(context)
            context.set_default_timeout(LONG_MS)
            context.set_default_navigation_timeout(LONG_MS)
            if role is not None:
                process = seeded.process
                cookie = {"name": process.session_cookie, "value": seeded.session(role), "url": process.url}
                context.add_cookies([cookie])  # type: ignore[list-item]
            watch_policy(context, seeded.broken)
            opened[role, colour] = context.new_page()
        return opened[role, colour]

    yield of
    for context in contexts:
        context.close()


def looked_at(page: Page, name: str) -> None:
    """Both sizes, for people to look at; not where nobody looks."""
    if "CI" in os.environ:
        return
    SCREENS.mkdir(exist_ok=True)
    for size, (width, height) in reversed(SIZES.items()):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(400)
        page.screenshot(path=SCREENS / f"look-{name}-{size}.png", timeout=LONG_MS)


def ours(page: Page, where: str, of_streamlit: Counter[str]) -> list[str]:
    """What hinders people and is the console's doing; Streamlit's own is counted."""
    found = []
    for line in hindrances(page):
        rule = line.split(" ", 1)[0]
        if rule in STREAMLITS_OWN or SLIDER in line or all(part in line for part in PART_OF_A_DATE):
            of_streamlit[rule] += 1
        else:
            found.append(f"{where}: {line}")
    return found


def parts(page: Page) -> list[str]:
    """The names of the page's own tabs."""
    tabs = page.get_by_test_id("stMain").get_by_role("tab").filter(visible=True)
    return [tabs.nth(place).inner_text() for place in range(tabs.count())]


def visit(page: Page, seeded: Seeded, entry: PageEntry) -> float:
    """Open it; how many px stand above its title."""
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{seeded.process.url}/{entry.address}")
    title = page.get_by_role("heading", level=1)
    expect(title).to_be_visible(timeout=LONG_MS)
    wait_idle(page)
    for _ in range(20):  # a page is laid out once more when its style has come
        box = title.bounding_box()
        assert box
        if box["y"] <= MOST_ABOVE_PX:
            break
        page.wait_for_timeout(500)
    return box["y"]


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.value)
def test_a_page_hinders_nobody_and_leaves_its_content_the_room(
    seeded: Seeded, window: Callable[[Role | None, str], Page], role: Role, colour: str
) -> None:
    page = window(role, colour)
    above: dict[str, int] = {}
    found: list[str] = []
    of_streamlit: Counter[str] = Counter()
    seen = 0
    for entry in PAGES:
        if not allowed(actor_of(role), entry.action):
            continue
        where = f"{entry.address} ({role.value}, {colour})"
        above[entry.address] = round(visit(page, seeded, entry))
        found += ours(page, where, of_streamlit)
        looked_at(page, f"{entry.address}-{role.value.lower()}-{colour}")
        for part in parts(page):
            page.get_by_test_id("stMain").get_by_role("tab", name=part).filter(visible=True).first.click()
            wait_idle(page)
            found += ours(page, f"{where}, {part}", of_streamlit)
            seen += 1
        if entry.address != "audit":  # its rows are the record itself
            said = page.get_by_test_id("stApp").inner_text()
            found += [f"{where} says {word}" for word in forbidden_in(said)]
        seen += 1
    print(f"\n{role.value}, {colour}: {seen} pages and parts; px above the title at 1440x900: {above}")
    print(f"findings that are ours: {len(found)}; Streamlit's own: {dict(of_streamlit)}", *found, sep="\n")
    assert found == []
    assert max(above.values()) <= MOST_ABOVE_PX


@pytest.mark.parametrize("colour", COLOURS)
def test_the_card_of_a_person_hinders_nobody(
    seeded: Seeded, window: Callable[[Role | None, str], Page], colour: str
) -> None:
    page = window(Role.ORGANIZER, colour)
    visit(page, seeded, PAGES[0])
    page.get_by_role("button", name="Find a person").click()
    page.get_by_label("Name, address or racer name").fill("racer1@example.com")
    expect(page.get_by_role("dialog").get_by_text("alias racer-1").first).to_be_visible(timeout=LONG_MS)
    wait_idle(page)
    own: Counter[str] = Counter()
    found = ours(page, f"card ({colour})", own)
    looked_at(page, f"card-{colour}")
    assert found == []


@pytest.mark.parametrize("scene", ["board", "usage"])
@pytest.mark.parametrize("colour", COLOURS)
def test_the_big_screen_fits_from_a_phone_to_a_wall_and_hinders_nobody(
    seeded: Seeded, event: Event, window: Callable[[Role | None, str], Page], scene: str, colour: str
) -> None:
    link = seeded.console.first.boards.make_link(actor_of(Role.ORGANIZER), "r-1", scene=scene)
    page = window(None, colour)
    theme = "?theme=light" if colour == "light" else ""
    page.goto(f"{seeded.process.public}{urlsplit(link.address).path}{theme}")
    expect(page.locator("#asof")).to_contain_text("as of", timeout=LONG_MS)
    found = []
    for width, height in WALLS:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(600)
        found += [f"{scene} {width}x{height}: {line}" for line in hindrances(page)]
        page.screenshot(path=SCREENS / f"look-live-{scene}-{colour}-{width}x{height}.png", timeout=LONG_MS)
        inside = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        if inside[0] > width:
            found.append(f"{scene} is {inside[0]} px wide on {width}")
        if width > 700 and inside[1] > height:
            found.append(f"{scene} is {inside[1]} px high on {height}")
    assert found == []
