"""People register at the static portal, as it is deployed: its page and scripts, the API's resolvers, the stream, the
functions, and a console on the same table. Chapters of one story, in order.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from infra.functions.proof import prove
from infra.local.chain import BITS, KEYS, TABLE
from infra.local.visitor import REGISTER
from tests.console_process import ROOT, start_console
from tests.e2e.conftest import PATIENCE_MS, Site, fill, no_trouble, open_page, picture, press
from tests.e2e.hindrances import hindrances
from tests.e2e.test_journeys import choose, made, metric, seen
from tests.e2e.test_portal import DESK, PHONE, fits, link_to, shot
from tests.ports import free_port
from tests.practice import start_world_process

pytestmark = pytest.mark.e2e
PATIENCE_S = 600.0
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

    def items(self) -> list[dict[str, Any]]:
        client = boto3.client("dynamodb", endpoint_url=self.table, **KEYS)
        return client.query(
            TableName=TABLE,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"EVENT#{self.event}"}},
        )["Items"]

    def asks(self, email: str, **fields: str) -> dict[str, Any]:
        """A form, as the page's script sends it."""
        form = {"email": email, "newToMl": "yes", "newToAws": "no", "language": "en", "consent": "0", **fields}
        now = int(time.time())
        permit = f"register.{now}.{prove(self.event, email, now, bits=BITS)}"
        body = {"query": REGISTER, "variables": {"form": form}}
        answer = httpx.post(self.api, json=body, headers={"authorization": permit}, timeout=300, trust_env=False)
        return answer.json()["data"]["register"]

    def confirms(self, email: str) -> int:
        """Mails with a link to this address."""
        return sum(m["to"] == email and "confirm your address" in m["subject"] for m in self.site.world.outbox())


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
            httpx.get(f"http://127.0.0.1:{port}/config.json", timeout=300, trust_env=False)
            return json.loads((home / "portal.json").read_text("utf-8"))
        except (httpx.HTTPError, OSError, ValueError):
            time.sleep(0.2)


@pytest.fixture(scope="module")
def site(deployed: Deployed) -> Site:
    """For `visit`: the console beside the portal."""
    return deployed.site


@pytest.fixture(scope="module")
def organizer(visit: Callable[..., Page]) -> Page:
    return visit("organizer", path="/attendees")


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


def set_places(organizer: Page, count: int) -> None:
    """The ceiling, as an organizer sets it."""
    choose(organizer, "Who may register")
    fill(organizer, "Places on the event's list (0 = no ceiling)", str(count))
    press(organizer, "Save who may register")
    choose(organizer, "Registrations")


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


def test_02_the_console_shows_them(deployed: Deployed, organizer: Page) -> None:
    seen(organizer, "1 person")
    choose(organizer, "Portal")
    assert metric(organizer, "Have a place") == "1"
    picture(organizer, "console-portal")
    choose(organizer, "Mails")
    picture(organizer, "console-portal-mails")
    open_page(organizer, "Onboarding")
    picture(organizer, "console-onboarding")
    open_page(organizer, "Attendees")
    choose(organizer, "Portal")
    no_trouble(organizer)


def test_03_a_foreign_and_a_look_alike_domain_are_told_so_on_a_desk(deployed: Deployed, visitor: Opens) -> None:
    page = visitor(DESK)
    company = deployed.people[0].rpartition("@")[2]
    for email in ("ada@evil.example", f"ada@{company.replace('e', 'е', 1)}"):  # a Cyrillic letter
        page.goto(deployed.address)
        send_form(page, email)
        expect(page.get_by_role("alert")).to_contain_text("One thing needs another look", timeout=PATIENCE_MS)
        expect(page.locator("#email")).to_have_attribute("aria-invalid", "true")
    looks_good(page, "portal-wrong")
    assert not [m for m in deployed.site.world.outbox() if m["to"].startswith("ada@")]


def test_04_a_second_form_of_the_same_person_doubles_nothing(deployed: Deployed, visitor: Opens) -> None:
    page, email = visitor(DESK), deployed.people[0]
    page.goto(deployed.address)
    send_form(page, f"  {email.upper()}", racer_name="Other-1")
    heading(page, "Look into your mail")
    looks_good(page, "portal-sent")
    time.sleep(6.0)  # longer than the path takes for somebody who is not known
    assert deployed.confirms(email) == 1
    assert len(deployed.site.world.invitations()) == 1


def test_05_without_a_free_place_people_wait_and_move_up_in_italian(
    deployed: Deployed, visitor: Opens, organizer: Page
) -> None:
    set_places(organizer, 1)
    page, email = visitor(PHONE, "it-IT"), deployed.people[1]
    made(lambda: shows(page, deployed.address, "lista d'attesa"))
    heading(page, "Partecipa")
    looks_good(page, "portal-full-it")
    send_form(page, email)
    heading(page, "Guarda la tua posta")
    page.goto(link_to(deployed.site, email, "conferma il tuo indirizzo"))
    heading(page, "Conferma il tuo indirizzo")
    page.locator("#confirm").click()
    heading(page, "Sei in lista d'attesa")
    looks_good(page, "portal-waiting-it")
    made(lambda: metric(organizer, "On the waiting list") == "1")  # it shows by itself
    set_places(organizer, 0)
    link_to(deployed.site, email, "hai un posto")
    made(lambda: shows(page, page.url, "Hai un posto"))  # older links show it with the next sweep


def test_06_a_flood_keeps_nobody_out_and_mails_nobody_twice(deployed: Deployed, visitor: Opens) -> None:
    """Twenty people of one company and twenty forms of one more, at once, while somebody registers by hand."""
    page, by_hand, one = visitor(DESK), deployed.people[2], deployed.people[3]
    many = deployed.people[4:24]
    page.goto(deployed.address)
    heading(page, "Take part")
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(deployed.asks, [*many, *[one] * 20])
        send_form(page, by_hand)
        heading(page, "Look into your mail")
        assert {each["answer"] for each in answers} == {"received"}
    for email in (*many, one, by_hand):
        made(lambda email=email: deployed.confirms(email) == 1)
    page.goto(link_to(deployed.site, by_hand, "confirm your address"))
    page.locator("#confirm").click()
    heading(page, "You have a place")
    assert [deployed.confirms(email) for email in (*many, one, by_hand)] == [1] * 22
    assert deployed.site.world.truth()["mails_duplicate"] == 0


def test_07_who_cannot_take_part_gives_their_place_back(deployed: Deployed, visitor: Opens, organizer: Page) -> None:
    email = deployed.people[2]
    link = link_to(deployed.site, email, "confirm your address")
    desk, page = visitor(DESK, scheme="dark"), visitor(PHONE, scheme="dark")
    for each in (desk, page):
        each.goto(link)
        heading(each, "You have a place")
        looks_good(each, "portal-own-dark")
        each.locator("#leave").click()
        heading(each, "Give your place back?")
        looks_good(each, "portal-leave-dark")
    page.locator("#gives-back").click()
    heading(page, "You are not registered any more")
    made(lambda: metric(organizer, "Have a place") == "2")
    made(lambda: deployed.site.world.truth()["in_group"] == 2)


def test_08_without_scripts_the_page_says_what_to_do_and_the_console_takes_the_form(
    deployed: Deployed, visitor: Opens
) -> None:
    for size in (PHONE, DESK):
        page = visitor(size, scripts=False)
        page.goto(deployed.address)
        heading(page, "This page needs JavaScript")
        fits(page)
        page.goto(f"{deployed.site.console.public}/register")
        heading(page, "Take part")
        fits(page)
    email = deployed.people[24]
    page.locator("#email").fill(email)
    page.get_by_role("group", name="Are you new to machine learning?").get_by_label("Yes", exact=True).check()
    page.get_by_role("group", name="Are you new to AWS?").get_by_label("No", exact=True).check()
    page.get_by_label("I have read").check()
    page.get_by_role("button", name="Register", exact=True).click()
    heading(page, "Look into your mail")
    made(lambda: deployed.confirms(email) == 1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_09_the_pages_of_the_console_that_need_no_script_hinder_nobody(
    deployed: Deployed, visitor: Opens, scheme: str
) -> None:
    for size in (PHONE, DESK):
        page = visitor(size, scheme=scheme)
        page.goto(f"{deployed.site.console.public}/register")
        heading(page, "Take part")
        looks_good(page, f"register-form-{scheme}")
        page.locator("#email").fill("ada@evil.example")
        page.get_by_role("button", name="Register", exact=True).click()
        expect(page.get_by_role("alert")).to_be_visible(timeout=PATIENCE_MS)
        looks_good(page, f"register-wrong-{scheme}")
        page.goto(f"{deployed.address}?lang=en")
        heading(page, "Take part")
        looks_good(page, f"portal-form-{scheme}")


def test_10_nobody_reads_of_anybody_else(deployed: Deployed, visitor: Opens) -> None:
    """A name, a racer name and an address that were registered stand on no page of others, in no feed and in no log."""
    planted = [PLANTED, PLANTED.split()[1], RACER, deployed.people[0]]
    of_others = visitor(DESK)
    told = {}
    for number, email in enumerate((deployed.people[1], deployed.people[2])):
        of_others.goto(link_to(deployed.site, email, "hai un posto" if number == 0 else "confirm your address"))
        expect(of_others.get_by_role("heading", level=1)).to_be_visible()
        told[f"own page {number}"] = of_others.content()
    of_others.goto(deployed.address)
    heading(of_others, "Take part")
    told["form"] = of_others.content()
    base, public = deployed.address.partition("/register")[0], deployed.site.console.public
    for address in ("/config.json", "/words.json", "/local/status", "/portal.js", "/"):
        told[address] = httpx.get(base + address, trust_env=False, timeout=300).text
    for address in ("/register", f"/register/{deployed.event}", f"/register/{deployed.event}/me/{'x' * 48}", "/live"):
        told[f"public {address}"] = httpx.get(public + address, trust_env=False, timeout=300).text
    page = {"query": "{portal{open full page}}"}
    told["api"] = httpx.post(
        deployed.api, json=page, headers={"authorization": "page"}, timeout=300, trust_env=False
    ).text
    mine = hashlib.sha256(link_to(deployed.site, deployed.people[0], "confirm").rpartition("/")[2].encode()).hexdigest()
    for item in deployed.items():
        sk = item["sk"]["S"]
        if sk == "PORTAL" or (sk.startswith("LINK#") and sk != f"LINK#{mine}"):
            told[f"item {sk}"] = json.dumps(item)
    logs = [deployed.log, deployed.site.console.output, *deployed.site.console.home.rglob("*.log")]
    told |= {str(log): log.read_text("utf-8", "replace") for log in logs}
    assert len([name for name in told if name.startswith("item LINK#")]) > 20
    assert {name: word for name, text in told.items() for word in planted if word.lower() in text.lower()} == {}


def test_11_after_closing_nobody_registers(deployed: Deployed, visitor: Opens, organizer: Page) -> None:
    press(organizer, "Close the portal")
    seen(organizer, "Closed: nobody can register")
    page = visitor(PHONE)
    made(
        lambda: (
            "Registration is closed"
            in ((page.goto(deployed.address) and page.wait_for_selector("h1").inner_text()) or "")
        )
    )
    looks_good(page, "portal-closed")
    no_trouble(organizer)
