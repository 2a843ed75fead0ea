"""Every page as people see it: how much room the frame takes, what axe-core finds in light and dark, no word of the
program's makers; the big screen from a projector to a phone. One console with a busy event serves all of it.

With `E2E_PICTURES=1`, `screenshots/look-*` holds each page in both sizes and both colours afterwards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from deepracer_admin.model import Event, Role, Standing
from deepracer_admin.rules.access import allowed
from deepracer_admin.rules.glossary import forbidden_in
from deepracer_admin.ui.kit.page_table import PAGES, PageEntry
from tests.busy import actor_of, busy_event, four_profiles, six_people
from tests.e2e.conftest import PICTURES, SCREENS, SIZES, wait_idle, watch_policy
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
DRAWN_IN = """(colour) => {
    const app = document.querySelector("[data-testid=stApp]")
    const [red] = getComputedStyle(app).backgroundColor.match(/[0-9]+/g)
    const still = (each) => each.playState !== "running" || each.effect.getComputedTiming().iterations === Infinity
    return Number(red) > 127 === (colour === "light") && document.getAnimations().every(still)
}"""
"""Is the app drawn in this colour, and does nothing fade from one to the other any more?"""
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


@dataclass
class Window:
    """A patient window of its own that can be shown in light and in dark without being loaded anew."""

    page: Page
    colour: str = "light"

    def in_both_colours(self) -> Iterator[str]:
        """What stands there in the colour that the window has, then in the other, in which it stays."""
        yield self.colour
        self.colour = next(each for each in COLOURS if each != self.colour)
        self.page.emulate_media(color_scheme="dark" if self.colour == "dark" else "light")
        self.page.wait_for_function(DRAWN_IN, arg=self.colour, timeout=LONG_MS)
        wait_idle(self.page)
        yield self.colour


@pytest.fixture
def window(seeded: Seeded, event: Event, browser: Browser) -> Callable[[Role | None], Window]:
    """Opens one, signed in as a role or as nobody."""

    def of(role: Role | None) -> Window:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
        context.set_default_timeout(LONG_MS)
        context.set_default_navigation_timeout(LONG_MS)
        if role is not None:
            process = seeded.process
            cookie = {"name": process.session_cookie, "value": seeded.session(role), "url": process.url}
            context.add_cookies([cookie])  # type: ignore[list-item]
        watch_policy(context, seeded.broken)
        return Window(context.new_page())

    return of


def looked_at(page: Page, name: str) -> None:
    """Both sizes, for people to look at; not where nobody looks."""
    if PICTURES:
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


def visit(page: Page, seeded: Seeded, entry: PageEntry) -> None:
    """Open it, and wait until it is drawn."""
    page.goto(f"{seeded.process.url}/{entry.address}")
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=LONG_MS)
    wait_idle(page)


def px_above(page: Page) -> int:
    """How many px stand above the title."""
    above = 0
    for _ in range(20):  # a page is laid out once more when its style has come
        box = page.get_by_role("heading", level=1).bounding_box()
        assert box
        above = round(box["y"])
        if above <= MOST_ABOVE_PX:
            break
        page.wait_for_timeout(500)
    return above


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.value)
def test_a_page_hinders_nobody_and_leaves_its_content_the_room_in_light_and_dark(
    seeded: Seeded, window: Callable[[Role | None], Window], role: Role
) -> None:
    """Each page is loaded in the colour in which the one before was left, so some in light and some in dark."""
    shown = window(role)
    page = shown.page
    above: dict[str, int] = {}
    found: list[str] = []
    of_streamlit: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for entry in PAGES:
        if not allowed(actor_of(role), entry.action):
            continue
        visit(page, seeded, entry)
        for colour in shown.in_both_colours():
            where = f"{entry.address} ({role.value}, {colour})"
            above[where] = px_above(page)
            found += ours(page, where, of_streamlit)
            looked_at(page, f"{entry.address}-{role.value.lower()}-{colour}")
            seen[colour] += 1
        for part in parts(page):
            page.get_by_test_id("stMain").get_by_role("tab", name=part).filter(visible=True).first.click()
            wait_idle(page)
            for colour in shown.in_both_colours():
                found += ours(page, f"{entry.address} ({role.value}, {colour}), {part}", of_streamlit)
                seen[colour] += 1
        if entry.address != "audit":  # its rows are the record itself
            said = page.get_by_test_id("stApp").inner_text()
            found += [f"{entry.address} ({role.value}) says {word}" for word in forbidden_in(said)]
    print(f"\n{role.value}: {dict(seen)} pages and parts; px above the title at 1440x900: {above}")
    print(f"findings that are ours: {len(found)}; Streamlit's own: {dict(of_streamlit)}", *found, sep="\n")
    assert found == []
    assert max(above.values()) <= MOST_ABOVE_PX


def test_the_card_of_a_person_hinders_nobody_in_light_and_dark(
    seeded: Seeded, window: Callable[[Role | None], Window]
) -> None:
    shown = window(Role.ORGANIZER)
    page = shown.page
    visit(page, seeded, PAGES[0])
    page.get_by_role("button", name="Find a person").click()
    page.get_by_label("Name, address or racer name").fill("racer1@example.com")
    expect(page.get_by_role("dialog").get_by_text("racer name racer-1").first).to_be_visible(timeout=LONG_MS)
    wait_idle(page)
    own: Counter[str] = Counter()
    found: list[str] = []
    for colour in shown.in_both_colours():
        found += ours(page, f"card ({colour})", own)
        looked_at(page, f"card-{colour}")
    assert found == []


@pytest.mark.parametrize("scene", ["board", "progress", "usage"])
@pytest.mark.parametrize("colour", COLOURS)
def test_the_big_screen_fits_from_a_phone_to_a_wall_and_hinders_nobody(
    seeded: Seeded, event: Event, window: Callable[[Role | None], Window], scene: str, colour: str
) -> None:
    link = seeded.console.first.boards.make_link(actor_of(Role.ORGANIZER), "r-1", scene=scene)
    page = window(None).page
    page.emulate_media(color_scheme="dark" if colour == "dark" else "light")
    theme = "?theme=light" if colour == "light" else ""
    page.goto(f"{seeded.process.public}{urlsplit(link.address).path}{theme}")
    expect(page.locator("#asof")).to_contain_text("as of", timeout=LONG_MS)
    found = []
    for width, height in WALLS:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(600)
        found += [f"{scene} {width}x{height}: {line}" for line in hindrances(page)]
        if PICTURES:
            page.screenshot(path=SCREENS / f"look-live-{scene}-{colour}-{width}x{height}.png", timeout=LONG_MS)
        inside = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        if inside[0] > width:
            found.append(f"{scene} is {inside[0]} px wide on {width}")
        if width > 700 and inside[1] > height:
            found.append(f"{scene} is {inside[1]} px high on {height}")
    assert found == []
