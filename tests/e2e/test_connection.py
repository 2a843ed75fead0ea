"""An organizer signs the console in with their own account of DeepRacer on AWS, in a browser: the wrong password, the
temporary one, the first own one; then what the service can do, sponsorship both ways, staff and roles, read back.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from deepracer_admin.clock import SystemClock
from deepracer_admin.edge.reach import Reach
from deepracer_admin.model import Invitee
from deepracer_admin.racing.on_aws import OnAws
from tests.e2e.conftest import Site, fill, no_trouble, pick, picture, press, wait_idle
from tests.e2e.test_journeys import dialog, made, seen, tab

pytestmark = pytest.mark.e2e
EVENT = "Connected Cup"
OLIVIA, FRANK = "olivia.admin@example.com", "frank.facilitator@example.com"
CHOSEN = "Chosen-Horse-2!"


@pytest.fixture(scope="module")
def organizer(visit: Callable[..., Page]) -> Page:
    return visit("organizer", path="/setup")


@pytest.fixture(scope="module")
def temporary(site: Site) -> str:
    """Olivia was invited as an administrator and never signed in; Frank is a racer. Her temporary password."""
    own, aws = site.world.endpoints["deepracer"], site.world.endpoints["aws"]
    service = OnAws(
        own["site"],
        own["user"],
        own["password"],
        clock=SystemClock(),
        cognito_idp_url=aws["cognito_idp_url"],
        cognito_identity_url=aws["cognito_identity_url"],
        reach=Reach.PRACTICE,
    )
    people = [Invitee("o", OLIVIA, "Olivia-A"), Invitee("f", FRANK, "Frank-F")]
    service.invite(people, token="setup-1")
    found = {profile.email: profile.id for profile in service.profiles()}
    service.set_role(found[OLIVIA], "dr-admins")
    service.close()
    mails = {mail["to"]: mail for mail in site.world.invitations()}
    return str(mails[OLIVIA]["temporary_password"])


def sign_in(page: Page, password: str, new: str = "") -> None:
    opener = page.get_by_text("Sign in with your own DeepRacer account")
    if not page.get_by_label("E-mail of your account there").is_visible():
        opener.click()
    fill(page, "E-mail of your account there", OLIVIA)
    fill(page, "Password", password)
    if new:
        fill(page, "New password, at your first sign-in", new)
    press(page, "Sign in and check")


def test_01_the_check_says_who_the_console_is(organizer: Page, temporary: str) -> None:
    fill(organizer, "Name", EVENT)
    press(organizer, "Create the event")
    tab(organizer, "Pre-flight")
    seen(organizer, re.compile("of the practice world"))
    press(organizer, "Run the pre-flight")
    seen(organizer, re.compile("v1.3.1 · us-east-1, signed in as organizer"))
    seen(organizer, "Ready, with points to look at")
    for ability in (
        "invites many at once",
        "repeats an invitation",
        "makes users without a mail",
        "changes a race that is open",
    ):
        seen(organizer, ability)
    picture(organizer, "setup-connected")
    no_trouble(organizer)


def test_02_a_wrong_password_is_a_sentence_and_is_not_kept_in_the_form(organizer: Page) -> None:
    sign_in(organizer, "Wrong-Horse-3!")
    seen(organizer, re.compile("does not accept the console's e-mail and password"))
    expect(organizer.get_by_label("Password", exact=True)).to_have_value("")
    picture(organizer, "setup-wrong-password")
    no_trouble(organizer)


def test_03_a_temporary_password_asks_for_a_new_one(organizer: Page, temporary: str) -> None:
    sign_in(organizer, temporary)
    seen(organizer, re.compile("choose a new password on the Set up page"))
    sign_in(organizer, temporary, CHOSEN)
    seen(organizer, re.compile("signed in as olivia"))
    seen(organizer, re.compile("typed here; kept in memory until the console stops"))
    picture(organizer, "setup-signed-in")
    no_trouble(organizer)


def test_04_sponsorship_opens_and_closes_and_both_are_read_back(organizer: Page) -> None:
    tab(organizer, "Sponsorship")
    press(organizer, "Open sponsorship")
    press(dialog(organizer), "Open sponsorship")
    seen(organizer, "now open")
    press(organizer, "Close sponsorship …")
    asked = dialog(organizer)
    expect(asked.get_by_text(re.compile("Submitting to races goes on too"))).to_be_visible()
    picture(organizer, "setup-sponsorship-closing")
    typed = asked.get_by_role("textbox")
    typed.fill(EVENT)
    typed.blur()
    press(asked, "Close sponsorship")
    seen(organizer, "now closed")
    picture(organizer, "setup-sponsorship-closed")
    no_trouble(organizer)


def test_05_staff_are_named_and_given_a_role(organizer: Page, site: Site) -> None:
    tab(organizer, "Staff")
    fill(organizer, "Address of somebody who runs the deployment", "ops@example.com")
    press(organizer, "Keep this address out")
    tab(organizer, "Staff")
    fill(organizer, "Address of their profile", FRANK)
    pick(organizer, "Role", "dr-race-facilitators")
    press(organizer, "Give it …")
    press(dialog(organizer), "Give the role")
    made(lambda: site.world.truth()["profiles"] == 0)  # of racers: Frank was the only one
    organizer.reload()
    wait_idle(organizer)
    tab(organizer, "Staff")
    picture(organizer, "setup-staff")
    organizer.locator('[data-testid="stCheckbox"]:visible').filter(has_text="No limit").first.click()
    wait_idle(organizer)
    fill(organizer, "Hours a month", "250")
    press(organizer, "Set and check")
    seen(organizer, re.compile("They are being set"))
    no_trouble(organizer)


def test_06_forgetting_goes_back_to_the_settings(organizer: Page) -> None:
    tab(organizer, "Pre-flight")
    press(organizer, "Forget this sign-in")
    seen(organizer, re.compile("of the practice world"))
