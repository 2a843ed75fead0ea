"""A mail in its frame: for whom, for how long, and under which headers."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request

from deepracer_admin.model import Actor, Role
from deepracer_admin.web import drawn_mails
from deepracer_admin.web.drawn_mails import KEPT_S, MOST, DrawnMails, drawn_mails_route
from deepracer_admin.web.headers import SecurityHeaders, console_policy
from tests.loops import in_a_loop

MAIL = "<html><body><p>Hello Ada</p></body></html>"


class Seconds:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def mails(seconds: Seconds) -> DrawnMails:
    return DrawnMails(now=seconds)


def somebody(role: Role, session: str) -> Actor:
    return Actor(oid="o", tid="t", name="Ada", roles=frozenset({role}), session=session, email="")


def asked(mails: DrawnMails, address: str, actor: Actor | None) -> httpx.Response:
    """What the console answers this person at this address."""

    def who(_: Request) -> Actor | None:
        return actor

    app = SecurityHeaders(Starlette(routes=[drawn_mails_route(mails, who)]), policy=console_policy("ws://localhost"))

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=300) as client:
            return await client.get(address)

    return in_a_loop(ask())


@pytest.mark.parametrize("role", [Role.ORGANIZER, Role.FACILITATOR])
def test_who_may_preview_gets_the_mail_under_a_policy_that_allows_nothing(mails: DrawnMails, role: Role) -> None:
    answer = asked(mails, mails.keep("s", MAIL), somebody(role, "s"))
    assert (answer.status_code, "Hello Ada" in answer.text) == (200, True)
    policy = {part.strip() for part in answer.headers["content-security-policy"].split(";")}
    assert {"sandbox", "default-src 'none'", "style-src 'unsafe-inline'", "frame-ancestors 'self'"} <= policy
    assert not [part for part in policy if part.startswith(("sandbox ", "script-src", "img-src"))]
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("actor", "status"),
    [
        (None, 401),
        (somebody(Role.VIEWER, "s"), 403),
        (somebody(Role.ORGANIZER, "another"), 404),
        (somebody(Role.ORGANIZER, ""), 404),
    ],
)
def test_nobody_else_gets_it(mails: DrawnMails, actor: Actor | None, status: int) -> None:
    answer = asked(mails, mails.keep("s", MAIL), actor)
    assert answer.status_code == status
    assert "Ada" not in answer.text
    assert "sandbox;" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("key", ["none", "0" * 64, "\u00e9"])
def test_an_address_that_was_guessed_answers_nothing(mails: DrawnMails, key: str) -> None:
    mails.keep("s", MAIL)
    assert asked(mails, f"/drawn-mail/{key}", somebody(Role.ORGANIZER, "s")).status_code == 404


def test_it_is_kept_for_a_while_and_longer_where_it_is_shown_again(mails: DrawnMails, seconds: Seconds) -> None:
    address = mails.keep("s", MAIL)
    key = address.rpartition("/")[2]
    seconds.now_s += KEPT_S - 1
    assert mails.find("s", key) == MAIL
    assert mails.keep("s", MAIL) == address, "else the frame is loaded anew whenever the page is drawn"
    seconds.now_s += KEPT_S - 1
    assert mails.find("s", key) == MAIL
    seconds.now_s += 1
    assert mails.find("s", key) is None


def test_of_very_many_the_newest_are_kept(mails: DrawnMails) -> None:
    keys = [mails.keep("s", f"{MAIL}{n}").rpartition("/")[2] for n in range(MOST + 5)]
    assert [key for key in keys if mails.find("s", key) is None] == keys[:5]


def test_two_processes_share_no_address() -> None:
    assert DrawnMails().keep("s", MAIL) != DrawnMails().keep("s", MAIL) != drawn_mails.DRAWN.keep("s", MAIL)
