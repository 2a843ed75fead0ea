"""Boards: marks, links and what a link may show."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from deepracer_admin.errors import BadInput, Missing, NotAllowed
from deepracer_admin.model import Race, RaceDraft, Role, Standing
from tests.pages.conftest import NOW, actor_of

ORGANIZER, FACILITATOR, VIEWER = (actor_of(role) for role in (Role.ORGANIZER, Role.FACILITATOR, Role.VIEWER))


@pytest.fixture
def boards(console, event, people):
    """A race with three results; links lead to a public address."""
    console.store.save_event(replace(event, public_url="https://board.example.com/"))
    draft = RaceDraft("Cup", "t-1", NOW - timedelta(hours=3), NOW + timedelta(days=1))
    console.store.save_races(event.id, [Race("r-1", draft)], seen_at=NOW, lease=None)
    before = [Standing(1, "racer-2", 10_000), Standing(2, "racer-1", 11_000)]
    console.history.save_standings(event.id, "r-1", NOW - timedelta(hours=2), before)
    rows = [Standing(1, "racer-1", 9_000), Standing(2, "racer-2", 10_000), Standing(3, "Éva\u202e", 12_000)]
    console.history.save_standings(event.id, "r-1", NOW, rows)
    return console.first.boards


def token(link) -> str:
    return link.address.rpartition("/")[2]


def test_places_won_and_lost_are_against_an_hour_ago(boards):
    assert [row.change for row in boards.view(VIEWER, "r-1").rows] == [1, -1, None]


def test_a_held_board_keeps_the_changes_of_its_hour(boards, clock):
    boards.freeze(FACILITATOR, "r-1", frozen=True)
    clock.at = NOW + timedelta(hours=5)
    assert [row.change for row in boards.view(VIEWER, "r-1").rows] == [1, -1, None]


def test_entries_name_each_racer_as_the_service_does_even_where_the_board_shows_less(boards):
    boards.hide(FACILITATOR, "r-1", "alias:racer-1", hidden=True)
    entries = boards.entries(FACILITATOR, "r-1")
    assert [entry.racer for entry in entries] == ["racer-1", "racer-2", "Éva\u202e"]
    assert [entry.row.alias for entry in entries] == ["Racer 1", "racer-2", "Éva"]


def test_a_hidden_alias_comes_back(boards):
    boards.hide(FACILITATOR, "r-1", "alias:racer-1", hidden=True)
    boards.hide(FACILITATOR, "r-1", "alias:racer-1", hidden=False)
    assert boards.view(VIEWER, "r-1").rows[0].alias == "racer-1"


def test_the_disqualified_leave_their_place_to_the_next(boards):
    boards.disqualify(FACILITATOR, "r-1", "alias:racer-1", reason="two profiles")
    assert [(row.rank, row.alias) for row in boards.view(VIEWER, "r-1").rows] == [(1, "racer-2"), (2, "Éva")]
    boards.disqualify(FACILITATOR, "r-1", "alias:racer-1", reason=None)
    assert len(boards.view(VIEWER, "r-1").rows) == 3


@pytest.mark.parametrize("act", ["hide", "freeze", "make_link", "links", "entries"])
def test_a_viewer_runs_nothing(boards, act):
    calls = {
        "hide": lambda: boards.hide(VIEWER, "r-1", "alias:racer-1", hidden=True),
        "freeze": lambda: boards.freeze(VIEWER, "r-1", frozen=True),
        "make_link": lambda: boards.make_link(VIEWER, "r-1"),
        "links": lambda: boards.links(VIEWER),
        "entries": lambda: boards.entries(VIEWER, "r-1"),
    }
    with pytest.raises(NotAllowed, match="You may not run the boards"):
        calls[act]()


def test_names_are_for_organizers_only(boards):
    assert boards.people(ORGANIZER)["at-1"] == "Racer 1"
    with pytest.raises(NotAllowed, match="person behind an alias"):
        boards.people(FACILITATOR)


def test_a_link_shows_its_scene_and_nothing_else(boards, profiles):
    board = boards.screen(token(boards.make_link(FACILITATOR, "r-1")))
    totals = boards.screen(token(boards.make_link(FACILITATOR, "", scene="usage")))
    assert board.board is not None
    assert board.totals is None
    assert totals.totals is not None
    assert totals.board is None
    assert totals.totals.active == 4


def test_every_address_is_the_one_that_was_given_when_it_was_made(boards):
    made = boards.make_link(FACILITATOR, "r-1")
    assert made.address.startswith("https://board.example.com/live/")
    assert boards.links(FACILITATOR)[0].address == made.address == boards.screen(token(made)).address


@pytest.mark.parametrize("spoil", [lambda t: t[:-1] + ("0" if t[-1] != "0" else "1"), lambda t: "x" + t, lambda t: ""])
def test_a_spoiled_link_opens_nothing(boards, spoil):
    with pytest.raises(NotAllowed, match="not valid"):
        boards.screen(spoil(token(boards.make_link(FACILITATOR, "r-1"))))


def test_a_link_ends_when_it_expires_or_is_withdrawn(boards, clock):
    first, second = boards.make_link(FACILITATOR, "r-1", hours=1), boards.make_link(FACILITATOR, "r-1", hours=2)
    boards.revoke_link(FACILITATOR, second.id)
    with pytest.raises(NotAllowed, match="withdrawn"):
        boards.screen(token(second))
    clock.at = NOW + timedelta(hours=1)
    with pytest.raises(NotAllowed, match="expired"):
        boards.screen(token(first))


@pytest.mark.parametrize(("hours", "scene"), [(0, "board"), (1441, "board"), (1, "names")])
def test_a_link_that_makes_no_sense_is_refused(boards, hours, scene):
    with pytest.raises(BadInput, match=r"Valid for|Scene"):
        boards.make_link(FACILITATOR, "r-1", scene=scene, hours=hours)


def test_a_link_to_no_race_is_refused(boards):
    with pytest.raises(Missing, match="not in the list"):
        boards.make_link(FACILITATOR, "r-9")


def test_an_export_holds_aliases_only_and_is_marked_as_a_rehearsal(boards):
    text = boards.export(FACILITATOR, "r-1").decode("utf-8-sig")
    assert "racer-1" in text
    assert "example.com" not in text
    assert text.count("rehearsal") == 3
