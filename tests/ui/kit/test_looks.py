"""A timed look draws a part anew when what it was drawn from moved, when it may not be seen, and at a sign-out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.runtime.scriptrunner import RerunException

from deepracer_admin.errors import NotAllowed
from deepracer_admin.model import Actor, Role
from deepracer_admin.ui.kit import looks
from deepracer_admin.ui.kit.looks import _Part, moved_part

WHO = Actor(oid="o", tid="t", name="Ada", roles=frozenset({Role.VIEWER}))


def part(now: Callable[[Actor], object], drawn_from: object = "as drawn", every_s: float = 2.0) -> _Part:
    return _Part(now, drawn_from, every_s, looked_s=0.0)


def never(_: Actor) -> object:
    raise AssertionError("asked")


def test_nothing_is_drawn_while_nothing_moves() -> None:
    parts = {"frame": part(lambda _: "as drawn"), "board": part(lambda _: "as drawn")}
    assert [moved_part(parts, at, WHO) for at in (2.0, 4.0, 6.0)] == ["", "", ""]


def test_the_part_that_moved_is_drawn_and_the_pages_own_comes_first() -> None:
    parts = {"frame": part(lambda _: "moved"), "board": part(lambda _: "moved")}
    assert moved_part(parts, 2.0, WHO) == "board"
    parts["board"] = part(lambda _: "as drawn")
    assert moved_part(parts, 4.0, WHO) == "frame"


def test_each_part_is_asked_as_often_as_it_says() -> None:
    asked: list[float] = []
    parts = {"frame": part(lambda _: asked.append(at) or "as drawn", every_s=5.0)}
    for at in (2.0, 4.0, 6.0, 8.0, 10.0, 12.0):
        moved_part(parts, at, WHO)
    assert asked == [4.0, 8.0, 12.0]  # never later than five seconds after it was asked the last time


def test_a_part_that_may_not_be_seen_any_more_is_drawn_and_says_so_itself() -> None:
    def refused(_: Actor) -> object:
        raise NotAllowed("Your role does not open this.")

    assert moved_part({"board": part(refused)}, 2.0, WHO) == "board"


def test_a_sign_out_elsewhere_is_told_in_every_part_once_and_nothing_is_asked_for() -> None:
    parts = {"frame": part(never, every_s=5.0), "board": part(never)}
    assert [moved_part(parts, at, None) for at in (2.0, 4.0, 6.0)] == ["board", "frame", ""]


def test_whoever_signs_in_again_sees_the_part_instead_of_the_refusal() -> None:
    parts = {"board": part(lambda _: "as drawn")}
    moved_part(parts, 2.0, None)
    assert [moved_part(parts, at, WHO) for at in (4.0, 6.0)] == ["board", ""]


def test_one_fragment_is_drawn_anew_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fragments:
        def resolve_target(self, name: str) -> list[str]:
            return [f"id of {name}"]

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
    monkeypatch.setattr(looks, "moved_part", lambda *_, **__: "board")
    monkeypatch.setattr(looks.session, "signed_in", lambda: WHO)
    monkeypatch.setattr(looks.session, "console", lambda: type("C", (), {"clock": type("K", (), {"monotonic": float})}))
    with pytest.raises(RerunException) as raised:
        looks._look()
    assert raised.value.rerun_data.fragment_id_queue == ["id of board"]
    assert raised.value.rerun_data.query_string == "event=ev-1"
    Context.fragment_ids_this_run = ()
    looks._look()  # in the page's own run, which draws everything
