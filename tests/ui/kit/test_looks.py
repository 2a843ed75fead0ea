"""A part of a page is drawn anew when what it was drawn from moved, when it may not be seen, and at a sign-out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from streamlit.runtime.scriptrunner import RerunException

from deepracer_admin.errors import NotAllowed
from deepracer_admin.model import Actor, Role
from deepracer_admin.ui.kit import looks, session
from deepracer_admin.ui.kit.looks import SELDOM_S, _Part, moved_parts

WHO = Actor(oid="o", tid="t", name="Ada", roles=frozenset({Role.VIEWER}))
TAB = session.Tab("ev-1", "cookie", 0.0)


class Browser:
    """Who is signed in in it."""

    who: Actor | None = WHO


@pytest.fixture(autouse=True)
def browser(monkeypatch: pytest.MonkeyPatch) -> Browser:
    made = Browser()

    @contextmanager
    def on_behalf_of(tab: session.Tab) -> Iterator[None]:
        assert tab is TAB
        yield

    monkeypatch.setattr(looks.session, "on_behalf_of", on_behalf_of)
    monkeypatch.setattr(looks.session, "signed_in", lambda: made.who)
    return made


def part(now: Callable[[Actor], object], drawn_from: object = "as drawn", every_s: float = 2.0) -> _Part:
    return _Part(now, drawn_from, every_s, looked_s=0.0, tab=TAB)


def never(_: Actor) -> object:
    raise AssertionError("asked")


def test_nothing_is_drawn_while_nothing_moves() -> None:
    parts = {"frame": part(lambda _: "as drawn"), "board": part(lambda _: "as drawn")}
    assert [moved_parts(parts, at) for at in (2.0, 4.0, 6.0)] == [[], [], []]


def test_all_parts_that_moved_are_drawn_and_the_pages_own_come_first() -> None:
    parts = {"frame": part(lambda _: "moved"), "still": part(lambda _: "as drawn"), "board": part(lambda _: "moved")}
    assert moved_parts(parts, 2.0) == ["board", "frame"]


def test_a_part_that_moves_at_every_look_keeps_no_other_from_being_drawn() -> None:
    parts = {name: part(lambda _: "moved") for name in ("frame", "plan", "funnel")}
    for at in (2.0, 4.0, 6.0):
        drawn = moved_parts(parts, at)
        assert set(drawn) == {"frame", "plan", "funnel"}
        for name in drawn:  # as `drawn_from` does
            parts[name] = replace(parts.pop(name), looked_s=at)


def test_each_part_is_asked_as_often_as_it_says() -> None:
    asked: list[float] = []
    parts = {"frame": part(lambda _: asked.append(at) or "as drawn", every_s=5.0)}
    for at in (2.0, 4.0, 6.0, 8.0, 10.0, 12.0):
        moved_parts(parts, at)
    assert asked == [4.0, 8.0, 12.0]  # never later than five seconds after it was asked the last time


def test_the_server_asks_a_part_when_it_is_due_and_not_before() -> None:
    its = part(lambda _: "as drawn", every_s=5.0)
    assert [its.is_due(at) for at in (0.0, 4.9, 5.0, 9.0)] == [False, False, True, True]
    its.has_moved(5.0)
    assert [its.is_due(at) for at in (9.9, 10.0)] == [False, True]


def test_a_part_that_may_not_be_seen_any_more_is_drawn_and_says_so_itself() -> None:
    def refused(_: Actor) -> object:
        raise NotAllowed("Your role does not open this.")

    assert moved_parts({"board": part(refused)}, 2.0) == ["board"]


def test_a_sign_out_elsewhere_is_told_in_every_part_once_and_nothing_is_asked_for(browser: Browser) -> None:
    browser.who = None
    parts = {"frame": part(never), "board": part(never)}
    assert [moved_parts(parts, at) for at in (2.0, 4.0, 6.0)] == [["board", "frame"], [], []]


def test_whoever_signs_in_again_sees_the_part_instead_of_the_refusal(browser: Browser) -> None:
    parts = {"board": part(lambda _: "as drawn")}
    browser.who = None
    moved_parts(parts, 2.0)
    browser.who = WHO
    assert [moved_parts(parts, at) for at in (4.0, 6.0)] == [["board"], []]


def test_the_fragments_that_moved_are_drawn_anew_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fragments:
        def resolve_target(self, names: list[str]) -> list[str]:
            return [f"id of {name}" for name in names]

    class Context:
        query_string, page_script_hash, cached_message_hashes, context_info = (
            "event=ev-1",
            "hash",
            frozenset[str](),
            None,
        )
        fragment_storage = Fragments()
        fragment_ids_this_run: tuple[str, ...] = ("look",)

    monkeypatch.setattr(looks, "get_script_run_ctx", Context)
    monkeypatch.setattr(looks, "moved_parts", lambda *_: ["board", "frame"])
    monkeypatch.setattr(looks.st, "session_state", {})
    monkeypatch.setattr(looks.session, "console", lambda: type("C", (), {"clock": type("K", (), {"monotonic": float})}))
    with pytest.raises(RerunException) as raised:
        looks._look()
    assert raised.value.rerun_data.fragment_id_queue == ["id of board", "id of frame"]
    assert raised.value.rerun_data.query_string == "event=ev-1"
    Context.fragment_ids_this_run = ()
    looks._look()  # in the page's own run, which draws everything


@pytest.mark.parametrize(("is_serving", "every"), [(None, 2), (False, 2), (True, SELDOM_S)])
def test_a_tab_looks_by_itself_seldom_where_the_server_looks_for_it(
    monkeypatch: pytest.MonkeyPatch, is_serving: bool | None, every: float
) -> None:
    timed: list[float] = []

    class Tabs:
        def is_serving(self) -> bool:
            return bool(is_serving)

    monkeypatch.setattr(looks.server, "open_tabs", lambda: None if is_serving is None else Tabs())
    monkeypatch.setattr(looks.st, "fragment", lambda _, run_every: timed.append(run_every) or (lambda: None))
    looks.look_every(2)
    assert timed == [every]
