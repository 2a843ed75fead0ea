"""People register at the static portal, as it is deployed: its page and scripts, the API's resolvers, the stream, the
functions, and a console on the same table.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from infra.local.chain import TABLE
from tests.console_process import ROOT, start_console
from tests.e2e.conftest import PATIENCE_MS, Site
from tests.e2e.hindrances import hindrances
from tests.e2e.test_journeys import made
from tests.e2e.test_portal import PHONE, fits, link_to, shot
from tests.ports import free_port
from tests.practice import start_world_process

pytestmark = pytest.mark.e2e
PATIENCE_S = 300.0
PLANTED, RACER = "Zaphira Quillfeather", "Quillfeather-9"


@dataclass
class Deployed:
    """The portal of this machine. `people`: addresses of the practice company; the first plants her name."""

    site: Site
    address: str
    api: str
    event: str
    table: str
    log: Path
    people: list[str]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    home = tmp_path_factory.mktemp("portal")
    world = start_world_process(home, "--speed", "1")
    port, log = free_port(), home / "portal.log"
    command = [sys.executable, "-m", "infra.local", "--home", str(home), "--port", str(port)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DEEPRACER_ADMIN_", "AWS_"))}
    with log.open("wb") as stream:
        path = subprocess.Popen(command, cwd=ROOT, env=kept, stdout=stream, stderr=subprocess.STDOUT)
    try:
        told = _told(home, port, path, log)
        address = f"http://127.0.0.1:{port}"
        shared = {"STORE": "dynamodb", "STORE_TABLE": TABLE, "STORE_ENDPOINT": told["table"], "WORKER": "false"}
        console = start_console(home, public=True, PORTAL_URL=address, **shared)
        try:
            csv = world.control("GET", "people.csv", n=50)
            people = [cell for line in csv.splitlines() for cell in line.replace(";", ",").split(",") if "@" in cell]
            api = f"{address}/graphql"
            yield Deployed(Site(console, world), told["portal"], api, told["event"], told["table"], log, people)
        finally:
            console.stop()
    finally:
        path.terminate()
        path.wait(PATIENCE_S)
        world.stop()


def _told(home: Path, port: int, path: subprocess.Popen[bytes], log: Path) -> dict[str, Any]:
    """What the path says about itself, once its page answers."""
    end = time.monotonic() + PATIENCE_S
    while True:
        assert path.poll() is None, log.read_text("utf-8", "replace")
        assert time.monotonic() < end, "the portal did not start"
        try:
            httpx.get(f"http://127.0.0.1:{port}/config.json", timeout=30, trust_env=False)
            return json.loads((home / "portal.json").read_text("utf-8"))
        except (httpx.HTTPError, OSError, ValueError):
            time.sleep(0.2)


Opens = Callable[..., Page]


@pytest.fixture(scope="module")
def visitor(browser: Browser) -> Iterator[Opens]:
    """A window of somebody who is signed in nowhere; what a script throws fails the story."""
    contexts, thrown = [], []

    def opened(size: tuple[int, int], language: str = "en-GB", *, scheme: str = "light", scripts: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale=language,
            color_scheme=scheme,
            java_script_enabled=scripts,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: thrown.append(str(error)))
        page.set_default_timeout(PATIENCE_MS)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert thrown == []


def heading(page: Page, text: str, *, within_s: float = 90) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text, timeout=within_s * 1000)


def shows(page: Page, address: str, text: str) -> bool:
    """Opened anew, does the page say so? (In the English and Italian stories alike, once it is drawn.)"""
    page.goto(address)
    page.get_by_role("heading", level=1).wait_for()
    return text in page.locator("main").inner_text()


def looks_good(page: Page, name: str) -> None:
    """Nothing is cut off, nothing hinders anybody, and there is a picture."""
    fits(page)
    shot(page, name)
    assert hindrances(page) == []


def send_form(page: Page, email: str, *, name: str = "", racer_name: str = "") -> None:
    page.locator("#email").fill(email)
    page.locator("#name").fill(name)
    page.locator("#racer_name").fill(racer_name)
    page.locator("#new_to_ml-yes").check()
    page.locator("#new_to_aws-no").check()
    page.locator("#consent").check()
    page.locator("#send").click()


def test_01_somebody_registers_on_a_phone_and_has_access(deployed: Deployed, visitor: Opens) -> None:
    page, email, world = visitor(PHONE), deployed.people[0], deployed.site.world
    made(lambda: shows(page, deployed.address, "Take part"))  # once the path has told the page that it is open
    heading(page, "Take part")
    looks_good(page, "portal-form")
    send_form(page, email, name=PLANTED, racer_name=RACER)
    heading(page, "Look into your mail")
    looks_good(page, "portal-sent")
    page.goto(link_to(deployed.site, email, "confirm your address"))
    heading(page, "Confirm your address")
    assert not world.truth()["in_group"], "a link that is opened confirms nothing: mail scanners open them"
    looks_good(page, "portal-confirm")
    page.locator("#confirm").click()
    expect(page.get_by_role("status")).to_have_text("Thank you, your address is confirmed.", timeout=PATIENCE_MS)
    heading(page, "You have a place")  # it looks again by itself
    expect(page.get_by_text(RACER)).to_be_visible()
    made(lambda: any(m["to"] == email and "your way in" in m["subject"] for m in world.outbox()))
    truth = world.truth()
    assert (truth["in_group"], truth["profiles"], truth["can_sign_in"]) == (1, 1, 1)
    made(lambda: shows(page, page.url, "It was mailed to you"))
    looks_good(page, "portal-own")
