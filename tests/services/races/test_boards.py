"""Boards: marks, links and what a link may show."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from deepracer_admin.errors import BadInput, Missing, NotAllowed
from deepracer_admin.model import FromBackup, Race, RaceDraft, Role, Standing
from deepracer_admin.records.boards import BOARD_MARKS, FROZEN_BOARDS
from deepracer_admin.records.portal import PORTAL
from deepracer_admin.records.restored import RESTORED
from deepracer_admin.rules.racers import Racer
from deepracer_admin.services.races.screens import MOST_LOGO
from deepracer_admin.store import ProfileLink
from tests.pages.conftest import NOW, actor_of

ORGANIZER, FACILITATOR, VIEWER = (actor_of(role) for role in (Role.ORGANIZER, Role.FACILITATOR, Role.VIEWER))

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(64)


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


@pytest.mark.parametrize("act", ["hide", "freeze", "make_link", "show", "links", "entries"])
def test_a_viewer_runs_nothing(boards, act):
    calls = {
        "hide": lambda: boards.hide(VIEWER, "r-1", "alias:racer-1", hidden=True),
        "freeze": lambda: boards.freeze(VIEWER, "r-1", frozen=True),
        "make_link": lambda: boards.make_link(VIEWER, "r-1"),
        "show": lambda: boards.show(VIEWER, "l-1", scene="usage"),
        "links": lambda: boards.links(VIEWER),
        "entries": lambda: boards.entries(VIEWER, "r-1"),
    }
    with pytest.raises(NotAllowed, match="You may not run the boards"):
        calls[act]()


def test_lines_may_be_kept_under_their_stamp(boards, console, clock):
    """Whatever happens to a board, the same stamp means the same lines, and other lines have another stamp."""
    kept = {}

    def look(actor):
        read = boards.read(actor, "r-1")
        lines = read.lines()
        assert kept.setdefault(read.stamp, lines) == lines
        return read.stamp

    first = look(VIEWER)
    boards.hide(FACILITATOR, "r-1", "alias:racer-1", hidden=True)
    assert look(VIEWER) != first
    boards.hide(FACILITATOR, "r-1", "alias:racer-1", hidden=False)
    assert look(VIEWER) == first
    boards.freeze(FACILITATOR, "r-1", frozen=True)
    assert look(FACILITATOR) != look(VIEWER)  # who runs it sees both orders
    boards.freeze(FACILITATOR, "r-1", frozen=False)
    clock.at = NOW + timedelta(minutes=61)  # the hour in which places are won and lost has moved on
    assert look(VIEWER) != first
    console.history.save_standings("ev-1", "r-1", clock.at, [Standing(1, "racer-2", 8_000)])
    assert [row.alias for row in boards.view(VIEWER, "r-1").rows] == ["racer-2"]
    assert len({first, look(VIEWER)}) == 2
    read = boards.read(VIEWER, "r-1")
    assert (len(read.lines(0).rows), read.lines(0).racers) == (0, 1)
    assert (read.lines(1), read.view(read.lines()).racers) == (read.lines(), 1)
    assert len(kept) == 5  # held at NOW, a viewer sees the very lines of before


def test_names_are_for_organizers_only(boards):
    boards.store.link("ev-1", [ProfileLink("at-1", "pr-1", "created", NOW)])
    names = boards.people(ORGANIZER)
    assert (names.of(Racer("pr-1")), names.of(Racer(alias="RACER-1"))) == ("Racer 1", "Racer 1")
    assert (names.of(Racer("pr-9", "racer-1")), names.of(Racer(alias="stranger"))) == ("", "")
    with pytest.raises(NotAllowed, match="person behind a racer name"):
        boards.people(FACILITATOR)


def test_a_link_shows_its_scene_and_nothing_else(boards, profiles):
    board = boards.screen(token(boards.make_link(FACILITATOR, "r-1")))
    totals = boards.screen(token(boards.make_link(FACILITATOR, "", scene="usage")))
    assert board.board is not None
    assert board.totals is None
    assert totals.totals is not None
    assert totals.board is None
    assert totals.totals.active == 4


def test_a_screen_shows_something_else_and_goes_on_under_its_link(boards, console):
    made = boards.make_link(FACILITATOR, "r-1", name=" Main  hall ")
    boards.show(FACILITATOR, made.id, scene="countdown", race_id="r-1")
    counts = boards.screen(token(made))
    assert (counts.scene, counts.race.id, counts.board) == ("countdown", "r-1", None)
    boards.show(FACILITATOR, made.id, scene="text", text=" Lunch is  served ")
    said = boards.screen(token(made))
    assert (said.scene, said.text, said.race) == ("text", "Lunch is served", None)
    [link] = boards.links(FACILITATOR)
    assert (link.name, link.scene, link.address) == ("Main hall", "text", made.address)
    assert [row.after for row in console.store.audit(limit=2)] == [{"scene": "text"}, {"scene": "countdown"}]


@pytest.mark.parametrize(
    ("shown", "why"),
    [
        ({"scene": "names"}, "Scene"),
        ({"scene": "text", "text": "  "}, "type what"),
        ({"scene": "text", "text": "x" * 161}, "at most 160"),
        ({"scene": "countdown", "race_id": "r-9"}, "not in the list"),
        ({"scene": "progress", "race_id": "r-9"}, "not in the list"),
        ({"scene": "join"}, "open the portal first"),
        ({"scene": "sponsors"}, "give their picture first"),
    ],
)
def test_what_no_screen_can_show_is_refused_and_changes_nothing(boards, shown, why):
    made = boards.make_link(FACILITATOR, "r-1")
    with pytest.raises((BadInput, Missing), match=why):
        boards.show(FACILITATOR, made.id, **shown)
    assert boards.screen(token(made)).scene == "board"


def test_a_screen_that_is_over_is_not_brought_back(boards, clock):
    made, other = boards.make_link(FACILITATOR, "r-1"), boards.make_link(FACILITATOR, "r-1", hours=1)
    boards.revoke_link(FACILITATOR, made.id)
    clock.at = NOW + timedelta(hours=1)
    for link in (made, other):
        with pytest.raises(BadInput, match="make a new one"):
            boards.show(FACILITATOR, link.id, scene="usage")
    with pytest.raises(Missing, match="not in the list"):
        boards.show(FACILITATOR, "nothing", scene="usage")


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


def test_the_first_ten_over_time_are_those_of_the_board_also_of_a_held_one(boards, console, clock):
    link = token(boards.make_link(FACILITATOR, "r-1", scene="progress"))
    before = boards.screen(link)
    assert before.board is not None
    assert [line.alias for line in before.lines] == [row.alias for row in before.board.rows[:10]]
    boards.freeze(FACILITATOR, "r-1", frozen=True)
    held = boards.screen(link).lines
    clock.at += timedelta(minutes=1)
    console.history.save_standings("ev-1", "r-1", clock.at, [Standing(1, "racer-9", 1_000)])
    assert boards.screen(link).lines == held
    boards.freeze(FACILITATOR, "r-1", frozen=False)
    [line] = boards.screen(link).lines
    assert (line.alias, line.points) == ("racer-9", ((clock.at, 1_000),))


def test_where_to_register_is_shown_while_people_can(boards, console, clock, event):
    console.store.update("ev-1", PORTAL, lambda each: replace(each, open=True))
    link = token(boards.make_link(FACILITATOR, "", scene="join", hours=24 * 60))
    assert boards.screen(link).join == "https://board.example.com/register/ev-1"
    console.store.update("ev-1", PORTAL, lambda each: replace(each, open=False))
    assert boards.screen(link).join == ""
    console.store.update("ev-1", PORTAL, lambda each: replace(each, open=True))
    console.store.update("ev-1", RESTORED, lambda _: FromBackup(NOW, NOW))  # its list may go on elsewhere
    assert boards.screen(link).join == ""
    console.store.update("ev-1", RESTORED, lambda _: None)
    assert boards.screen(link).join
    clock.at = event.ends_at
    assert boards.screen(link).join == ""


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (b"<svg onload='alert(1)'/>", "no PNG and no JPEG"),
        (b"", "no PNG and no JPEG"),
        (b"GIF89a" + b"x" * 90, "no PNG and no JPEG"),
        (b"\xff\xd8\xff" + b"x" * MOST_LOGO, "at most 200 kB"),
    ],
)
def test_what_is_no_picture_of_sponsors_is_refused_and_the_one_before_stays(boards, file, why):
    kept = boards.set_logo(FACILITATOR, PICTURE)
    with pytest.raises(BadInput, match=why):
        boards.set_logo(FACILITATOR, file)
    assert boards.logo(FACILITATOR) == kept


def test_the_sponsors_picture_is_given_to_whoever_has_a_link_to_it_alone(boards, console):
    boards.set_logo(FACILITATOR, PICTURE)
    shows, other = boards.make_link(FACILITATOR, "", scene="sponsors"), boards.make_link(FACILITATOR, "r-1")
    assert boards.picture(token(shows)) == (PICTURE, "png")
    assert boards.screen(token(shows)).logo == boards.logo(FACILITATOR).stamp
    with pytest.raises(Missing, match="no picture"):
        boards.picture(token(other))
    boards.forget_logo(FACILITATOR)
    with pytest.raises(Missing, match="no picture"):
        boards.picture(token(shows))
    assert boards.screen(token(shows)).logo == ""
    assert console.store.audit(limit=1)[0].after == {"picture": ""}


def test_a_screen_is_seen_when_it_asks(boards):
    made = boards.make_link(FACILITATOR, "r-1")
    assert boards.links(FACILITATOR)[0].seen_s is None
    boards.seen(token(made))
    assert boards.links(FACILITATOR)[0].seen_s is not None


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


def shown(boards):
    return [(row.rank, row.alias) for row in boards.view(VIEWER, "r-1").rows]


def keep(console, event, *rows, minutes=1):
    console.history.save_standings(event.id, "r-1", NOW + timedelta(minutes=minutes), rows)


def test_what_was_done_to_a_racer_stays_theirs_when_places_and_names_change(boards, console, event):
    keep(console, event, Standing(1, "racer-1", 9_000, profile_id="pr-1"), Standing(2, "racer-2", 9_500))
    first = next(entry for entry in boards.entries(FACILITATOR, "r-1") if entry.racer == "racer-1")
    boards.disqualify(FACILITATOR, "r-1", first.id, reason="two profiles")
    keep(
        console,
        event,
        Standing(1, "racer-2", 8_000, profile_id="pr-2"),
        Standing(2, "racer-1", 8_100, profile_id="pr-9"),
        Standing(3, "New name", 8_200, profile_id="pr-1"),
        minutes=2,
    )
    assert shown(boards) == [(1, "racer-2"), (2, "racer-1")]
    boards.disqualify(FACILITATOR, "r-1", boards.marks(FACILITATOR, "r-1").disqualified[0].id, reason=None)
    assert shown(boards) == [(1, "racer-2"), (2, "racer-1"), (3, "New name")]


def test_a_mark_made_before_the_profile_was_known_is_lifted_by_the_id_of_today(boards, console, event):
    boards.hide(FACILITATOR, "r-1", "alias:racer-1", hidden=True)
    keep(console, event, Standing(1, "racer-1", 9_000, profile_id="pr-1"))
    [entry] = boards.entries(FACILITATOR, "r-1")
    assert (entry.id, entry.row.hidden) == ("profile:pr-1", True)
    boards.hide(FACILITATOR, "r-1", entry.id, hidden=False)
    assert shown(boards) == [(1, "racer-1")]
    assert console.store.rows(event.id, BOARD_MARKS) == {}


def twins(console, event, first=1, second=2, minutes=1):
    at = [NOW + timedelta(seconds=seconds) for seconds in (first, second)]
    keep(
        console,
        event,
        Standing(1, "Twin", 9_000, submitted_at=at[0]),
        Standing(2, "Twin", 9_500, submitted_at=at[1]),
        minutes=minutes,
    )


def test_of_two_racers_who_share_a_name_only_the_chosen_one_is_taken_out(boards, console, event):
    twins(console, event)
    one, other = boards.entries(FACILITATOR, "r-1")
    assert one.shared
    assert one.id != other.id
    boards.disqualify(FACILITATOR, "r-1", one.id, reason="two profiles")
    assert [entry.id for entry in boards.entries(FACILITATOR, "r-1")] == [other.id]
    twins(console, event, first=9, minutes=2)  # a better result of the one who is out
    assert [row.score_ms for row in boards.view(VIEWER, "r-1").rows] == [9_500]


def test_when_it_cannot_be_told_any_more_nobody_is_out_for_another_and_it_is_said(boards, console, event):
    twins(console, event)
    one, _ = boards.entries(FACILITATOR, "r-1")
    boards.disqualify(FACILITATOR, "r-1", one.id, reason="two profiles")
    twins(console, event, first=9, second=10, minutes=2)
    assert len(boards.view(VIEWER, "r-1").rows) == 2
    (said,) = boards.marks(FACILITATOR, "r-1").unclear
    assert said.startswith("Two racers share the name “Twin”; whom the disqualification means cannot be told")
    boards.disqualify(FACILITATOR, "r-1", one.id, reason=None)
    assert boards.marks(FACILITATOR, "r-1").unclear == ()


def test_a_name_hidden_for_one_stays_hidden_for_both_when_it_cannot_be_told(boards, console, event):
    twins(console, event)
    one, _ = boards.entries(FACILITATOR, "r-1")
    boards.hide(FACILITATOR, "r-1", one.id, hidden=True)
    assert [row.hidden for row in boards.view(VIEWER, "r-1").rows] == [True, False]
    twins(console, event, first=9, second=10, minutes=2)
    assert [row.hidden for row in boards.view(VIEWER, "r-1").rows] == [True, True]
    assert "hidden for each of them" in boards.marks(FACILITATOR, "r-1").unclear[0]


def test_racers_whom_nothing_tells_apart_are_not_acted_on(boards, console, event):
    twins(console, event, first=1, second=1)
    one, other = boards.entries(FACILITATOR, "r-1")
    assert one.id == other.id
    with pytest.raises(BadInput, match="2 racers share the name “Twin” and nothing tells them apart"):
        boards.disqualify(FACILITATOR, "r-1", one.id, reason="two profiles")
    assert len(boards.view(VIEWER, "r-1").rows) == 2


def test_a_freeze_and_a_disqualification_at_once_are_both_kept(boards, console, event, monkeypatch):
    """The close-out freezes while an organizer disqualifies: they are rows of their own."""
    real = console.store.change_rows

    def in_between(given, table, *args, **kwargs):
        if table is FROZEN_BOARDS:
            boards.disqualify(FACILITATOR, "r-1", "alias:racer-1", reason="two profiles")
        return real(given, table, *args, **kwargs)

    monkeypatch.setattr(console.store, "change_rows", in_between)
    boards.freeze(FACILITATOR, "r-1", frozen=True)
    view = boards.view(VIEWER, "r-1")
    assert view.frozen_at == NOW
    assert [row.alias for row in view.rows] == ["racer-2", "Éva"]


def test_a_board_is_shown_as_it_stands_and_stays_the_same_value_until_it_differs(boards, console, event):
    first = boards.shown(VIEWER, "r-1")
    assert first == boards.view(VIEWER, "r-1")
    assert boards.shown(VIEWER, "r-1") is first
    keep(console, event, Standing(1, "racer-3", 8_000))
    assert [row.alias for row in boards.shown(VIEWER, "r-1").rows] == ["racer-3"]


def test_what_is_done_to_a_board_is_shown_at_once(boards):
    assert boards.shown(VIEWER, "r-1").rows[0].alias == "racer-1"
    boards.hide(FACILITATOR, "r-1", "alias:racer-1", hidden=True)
    assert boards.shown(VIEWER, "r-1").rows[0].alias == "Racer 1"
    boards.disqualify(FACILITATOR, "r-1", "alias:racer-1", reason="two accounts")
    assert [row.alias for row in boards.shown(VIEWER, "r-1").rows] == ["racer-2", "Éva"]


def test_a_viewer_is_never_given_both_orders_of_a_held_board(boards, console, event):
    boards.freeze(FACILITATOR, "r-1", frozen=True)
    keep(console, event, Standing(1, "racer-3", 8_000), minutes=5)
    assert [row.alias for row in boards.shown(FACILITATOR, "r-1").live_rows] == ["racer-3"]
    assert boards.shown(VIEWER, "r-1").live_rows is None
    assert boards.shown(VIEWER, "r-1").rows[0].alias == "racer-1"


def test_whoever_may_see_no_board_is_given_none_that_others_had_made(boards):
    boards.shown(ORGANIZER, "r-1")
    with pytest.raises(NotAllowed):
        boards.shown(replace(VIEWER, roles=frozenset()), "r-1")
