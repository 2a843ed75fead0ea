"""Each code of Entra's that set-up meets says who must do what, over real HTTP against the practice tenant."""

from __future__ import annotations

import html

import httpx
import pytest

from deepracer_admin.directory.entra_refusals import REFUSALS, Whom, refusal_in
from deepracer_admin.rehearsal.entra.refusal import SAID
from tests.practice import WorldHandle
from tests.web.conftest import Site, begin, choose, come_back, session_of
from tests.web.test_signin import plain

WHO = {
    Whom.PERSON: ("sign in", "sign-in", "begin again", "change it", "unlock"),
    Whom.ADMINISTRATOR: ("Entra administrator", "your IT"),
    Whom.APP: ("Entra administrator", "administrator may agree", "open this console"),
    Whom.OPERATOR: ("whoever runs this console",),
}
ASKED_FOR = (  # by the issue: what set-up meets
    50105, 65001, 7000222, 7000215, 50011, 700016, 90002, 53000, 53003, 50076, 50079, 700024, 500133, 50057, 50020,
)  # fmt: skip


def words(answer: httpx.Response) -> str:
    return html.unescape(plain(answer))


def test_every_code_that_set_up_meets_is_in_the_table() -> None:
    assert {*ASKED_FOR} <= {*REFUSALS}
    assert {*SAID} <= {*REFUSALS}, "the practice tenant says nothing that the console does not know"


@pytest.mark.parametrize("code", REFUSALS)
def test_a_sentence_says_who_must_do_what(code: int) -> None:
    refusal = REFUSALS[code]
    assert any(word in refusal.sentence for word in WHO[refusal.whom]), refusal.sentence
    assert refusal.sentence.endswith(".")
    assert "try again" not in refusal.sentence.lower()
    assert refusal.told.endswith(f"(AADSTS{code}).")
    assert refusal_in(f"AADSTS{code}: What Microsoft says. Trace ID: 1") is refusal


@pytest.mark.parametrize("code", REFUSALS)
def test_the_page_shows_it_when_the_token_is_refused(world: WorldHandle, visitor: httpx.Client, code: int) -> None:
    callback = choose(begin(visitor), "organizer")
    world.arm("entra", "refuse", operation="Token", params={"code": code})
    answer = visitor.get(callback)
    assert answer.status_code == 403
    assert REFUSALS[code].told in words(answer)
    assert not session_of(visitor)


@pytest.mark.parametrize("code", [50105, 53000, 53003, 50076, 50079, 65001, 90094, 50057, 50020])
def test_the_page_shows_it_when_the_browser_comes_back_with_it(
    world: WorldHandle, visitor: httpx.Client, code: int
) -> None:
    address = begin(visitor)
    world.arm("entra", "refuse", operation="Authorize", params={"code": code})
    answer = visitor.get(choose(address, "organizer"))
    assert answer.status_code == 403
    assert REFUSALS[code].told in words(answer)


@pytest.mark.parametrize("code", [90002, 900023])
def test_an_unknown_tenant_is_named_before_the_browser_leaves(
    world: WorldHandle, visitor: httpx.Client, code: int
) -> None:
    world.arm("entra", "refuse", operation="Discovery", params={"code": code})
    answer = visitor.get("/signin/login")
    assert answer.status_code == 403
    assert REFUSALS[code].told in words(answer)


def test_what_entra_shows_on_its_own_page_is_found_here(world: WorldHandle, visitor: httpx.Client) -> None:
    """It never sends the browser back to an address that it does not know."""
    world.arm("entra", "refuse", operation="Authorize", params={"code": 50011, "page": True})
    shown = httpx.get(begin(visitor), timeout=300)
    assert "AADSTS50011" in shown.text
    welcome = visitor.get("/signin")
    assert 'href="/signin/codes"' in welcome.text
    listed = words(visitor.get("/signin/codes"))
    for code, refusal in REFUSALS.items():
        assert f"AADSTS{code} {refusal.sentence}" in listed


def test_a_code_that_nobody_knows_is_shown_with_whom_to_ask(world: WorldHandle, visitor: httpx.Client) -> None:
    callback = choose(begin(visitor), "organizer")
    world.arm("entra", "refuse", operation="Token", params={"code": 99999})
    answer = words(visitor.get(callback))
    assert "AADSTS99999" in answer
    assert "Entra administrator" in answer


def test_the_codes_are_open_to_who_is_not_signed_in(site: Site, visitor: httpx.Client) -> None:
    assert visitor.get("/signin/codes").status_code == 200
    assert come_back(visitor, "organizer").status_code == 303
    assert site.reached == []
