"""A timed look draws a part anew when what it was drawn from moved, when it may not be seen, and at a sign-out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from streamlit.runtime.scriptrunner import RerunException

from deepracer_admin.errors import NotAllowed
from deepracer_admin.model import Actor, Role
from deepracer_admin.ui.kit import looks
from deepracer_admin.ui.kit.looks import LONGEST_DRAW_S, MOST_POSTPONED, Turns, _Part, may_draw, moved_parts

WHO = Actor(oid="o", tid="t", name="Ada", roles=frozenset({Role.VIEWER}))


def part(now: Callable[[Actor], object], drawn_from: object = "as drawn", every_s: float = 2.0) -> _Part:
    return _Part(now, drawn_from, every_s, looked_s=0.0)


def never(_: Actor) -> object:
    raise AssertionError("asked")


def test_nothing_is_drawn_while_nothing_moves() -> None:
    parts = {"frame": part(lambda _: "as drawn"), "board": part(lambda _: "as drawn")}
    assert [moved_parts(parts, at, WHO) for at in (2.0, 4.0, 6.0)] == [[], [], []]


def test_all_parts_that_moved_are_drawn_and_the_pages_own_come_first() -> None:
    parts = {"frame": part(lambda _: "moved"), "still": part(lambda _: "as drawn"), "board": part(lambda _: "moved")}
    assert moved_parts(parts, 2.0, WHO) == ["board", "frame"]


def test_a_part_that_moves_at_every_look_keeps_no_other_from_being_drawn() -> None:
    parts = {name: part(lambda _: "moved") for name in ("frame", "plan", "funnel")}
    for at in (2.0, 4.0, 6.0):
        drawn = moved_parts(parts, at, WHO)
        assert set(drawn) == {"frame", "plan", "funnel"}
        for name in drawn:  # as `drawn_from` does
            parts[name] = replace(parts.pop(name), looked_s=at)


def test_each_part_is_asked_as_often_as_it_says() -> None:
    asked: list[float] = []
    parts = {"frame": part(lambda _: asked.append(at) or "as drawn", every_s=5.0)}
    for at in (2.0, 4.0, 6.0, 8.0, 10.0, 12.0):
        moved_parts(parts, at, WHO)
    assert asked == [4.0, 8.0, 12.0]  # never later than five seconds after it was asked the last time


def test_a_part_that_may_not_be_seen_any_more_is_drawn_and_says_so_itself() -> None:
    def refused(_: Actor) -> object:
        raise NotAllowed("Your role does not open this.")

    assert moved_parts({"board": part(refused)}, 2.0, WHO) == ["board"]


def test_a_sign_out_elsewhere_is_told_in_every_part_once_and_nothing_is_asked_for() -> None:
    parts = {"frame": part(never, every_s=5.0), "board": part(never)}
    assert [moved_parts(parts, at, None) for at in (2.0, 4.0, 6.0)] == [["board", "frame"], [], []]


def test_whoever_signs_in_again_sees_the_part_instead_of_the_refusal() -> None:
    parts = {"board": part(lambda _: "as drawn")}
    moved_parts(parts, 2.0, None)
    assert [moved_parts(parts, at, WHO) for at in (4.0, 6.0)] == [["board"], []]


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
        session_id = "tab"
        fragment_storage = Fragments()
        fragment_ids_this_run: tuple[str, ...] = ("look",)

    monkeypatch.setattr(looks, "get_script_run_ctx", Context)
    monkeypatch.setattr(looks, "moved_parts", lambda *_, **__: ["board", "frame"])
    monkeypatch.setattr(
        looks.st, "session_state", {looks._PARTS: {name: part(lambda _: "moved") for name in ("board", "frame")}}
    )
    monkeypatch.setattr(looks.session, "signed_in", lambda: WHO)
    monkeypatch.setattr(looks.session, "console", lambda: type("C", (), {"clock": type("K", (), {"monotonic": float})}))
    with pytest.raises(RerunException) as raised:
        looks._look()
    assert raised.value.rerun_data.fragment_id_queue == ["id of board", "id of frame"]
    assert raised.value.rerun_data.query_string == "event=ev-1"
    Context.fragment_ids_this_run = ()
    looks._look()  # in the page's own run, which draws everything


def test_of_many_tabs_few_draw_at_once_and_each_draws_after_two_looks_at_the_latest() -> None:
    turns = Turns(at_once=2)
    tabs = {f"tab {n}": part(lambda _: "moved") for n in range(10)}

    def look(now_s: float) -> list[str]:
        drew = []
        for tab, its in tabs.items():
            if moved_parts({"board": its}, now_s, WHO) and may_draw([its], tab, now_s, turns):
                drew.append(tab)
        for tab in drew:
            tabs[tab] = part(lambda _: "moved", drawn_from="moved")
            turns.done(tab)
        return drew

    assert look(2.0) == ["tab 0", "tab 1"]
    assert look(4.0) == ["tab 2", "tab 3"]
    assert len(look(6.0)) == 6, f"nobody waits longer than {MOST_POSTPONED} looks"
    assert look(8.0) == []


def test_a_part_that_is_put_off_is_asked_at_the_next_look_however_seldom_it_is_asked_else() -> None:
    turns, frame = Turns(at_once=0), part(lambda _: "moved", every_s=60.0)
    assert moved_parts({"frame": frame}, 40.0, WHO) == ["frame"]
    assert not may_draw([frame], "tab", 40.0, turns)
    assert moved_parts({"frame": frame}, 42.0, WHO) == ["frame"]


def test_a_refusal_waits_for_no_turn() -> None:
    lost = part(never)
    assert moved_parts({"board": lost}, 2.0, None) == ["board"]
    assert may_draw([lost], "tab", 2.0, Turns(at_once=0))


def test_a_tab_that_never_ends_its_drawing_gives_its_turn_back() -> None:
    turns = Turns(at_once=1)
    assert turns.take("closed meanwhile", 10.0)
    assert not turns.take("tab", 10.0 + LONGEST_DRAW_S)
    assert turns.take("tab", 10.1 + LONGEST_DRAW_S)
