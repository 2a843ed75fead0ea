"""An organizer's own sign-in, typed on the Set up page, reaches the adapter; the first one takes a new password too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from deepracer_admin.compose import Console, compose
from deepracer_admin.errors import BadSettings, CredentialsExpired, Refused
from deepracer_admin.model import Event, Quota, Role
from deepracer_admin.records.current_event import CURRENT_EVENT
from deepracer_admin.rehearsal.deepracer.profiles import invite
from deepracer_admin.settings import Settings
from tests.pages.conftest import NOW, actor_of
from tests.practice import WorldHandle
from tests.racing.scripted import scripted
from tests.racing.worlds import in_world, kept_world, renew

ORGANIZER = actor_of(Role.ORGANIZER)
TEMPORARY, CHOSEN = "Temporary-1!", "Chosen-Horse-2!"
OLIVIA = "olivia@example.com"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorldHandle]:
    with kept_world(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
def console(world: WorldHandle) -> Iterator[Console]:
    renew(world)
    made = compose(Settings(home=world.world.home))
    made.store.save_event(Event("ev-1", "Autumn Cup", NOW, NOW, "UTC", 10, 100.0, Quota(60, 1)))
    made.store.update("", CURRENT_EVENT, lambda _: "ev-1")
    yield made
    made.close()


def invited_admin(world: WorldHandle, password: str = TEMPORARY, *, permanent: bool = False) -> None:
    """Olivia is an administrator of the deployment who has not signed in yet (or has, when `permanent`)."""
    site: Any = world.world.services["deepracer"].site  # type: ignore[attr-defined]

    def act() -> None:
        invite(site, "CreateProfile", OLIVIA)
        user = site.state.find_user(OLIVIA)
        user.groups[:] = ["dr-admins"]
        site.pool.set_password(user, password, permanent=permanent)

    in_world(world, act)


def sign_in(console: Console, password: str, new_password: str = "") -> None:
    site = console.first.connection.login(ORGANIZER).site
    console.first.connection.sign_in(ORGANIZER, site=site, user=OLIVIA, password=password, new_password=new_password)


def test_ones_own_account_goes_before_that_of_the_settings(world: WorldHandle, console: Console) -> None:
    assert console.ports_of("ev-1").racing().account().signed_in_as == "organizer@example.com"
    invited_admin(world, CHOSEN, permanent=True)
    sign_in(console, CHOSEN)
    assert console.ports_of("ev-1").racing().account().signed_in_as == OLIVIA
    assert console.ports_of("ev-1").racing() is console.ports_of("ev-1").racing(), "one connection per sign-in"
    console.first.connection.forget(ORGANIZER)
    assert console.ports_of("ev-1").racing().account().signed_in_as == "organizer@example.com"


def test_the_first_sign_in_asks_for_a_new_password_and_takes_it(world: WorldHandle, console: Console) -> None:
    invited_admin(world)
    sign_in(console, TEMPORARY)
    with pytest.raises(CredentialsExpired, match="choose a new password on the Set up page"):
        console.ports_of("ev-1").racing().account()
    sign_in(console, TEMPORARY, CHOSEN)
    assert console.ports_of("ev-1").racing().account().signed_in_as == OLIVIA
    console.ports_of("ev-1").racing()
    sign_in(console, CHOSEN)
    assert console.ports_of("ev-1").racing().account().signed_in_as == OLIVIA


def test_a_new_password_that_is_too_simple_is_offered_once(world: WorldHandle, console: Console) -> None:
    invited_admin(world)
    sign_in(console, TEMPORARY, "simple")
    with pytest.raises(Refused, match="too simple"):
        console.ports_of("ev-1").racing()
    world.control("POST", "counters/reset")
    for _ in range(5):
        with pytest.raises(CredentialsExpired, match="temporary password"):
            console.ports_of("ev-1").racing().account()
    asked = world.counters()["by_operation"]
    assert sum(count for name, count in asked.items() if "InitiateAuth" in name) <= 1, asked


def test_a_wrong_password_is_not_tried_again_and_again(world: WorldHandle, console: Console) -> None:
    invited_admin(world, CHOSEN, permanent=True)
    sign_in(console, "Wrong-Horse-3!")
    world.control("POST", "counters/reset")
    for _ in range(5):
        with pytest.raises(CredentialsExpired, match="does not accept"):
            console.ports_of("ev-1").racing().account()
    asked = world.counters()["by_operation"]
    assert sum(count for name, count in asked.items() if "InitiateAuth" in name) == 1, asked


def test_a_rehearsal_refuses_a_site_that_is_no_practice_world(console: Console) -> None:
    with scripted() as deployment:
        console.first.connection.sign_in(ORGANIZER, site=f"{deployment.url}/site", user=OLIVIA, password=CHOSEN)
        with pytest.raises(BadSettings, match="is a real one, but the mode is rehearsal"):
            console.ports_of("ev-1").racing()
        assert not [each for each in deployment.seen if "InitiateAuth" in str(each.headers)]


def test_it_is_kept_in_no_file(world: WorldHandle, console: Console) -> None:
    invited_admin(world, CHOSEN, permanent=True)
    sign_in(console, CHOSEN)
    console.ports_of("ev-1").racing().account()
    written = [file for file in world.world.home.glob("*.sqlite*") if b"Chosen-Horse" in file.read_bytes()]
    assert written == []
