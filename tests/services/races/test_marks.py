"""Names that a board does not show: by the list of words, by the organizers' own words, and by decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from deepracer_admin.errors import BadInput, NotAllowed
from deepracer_admin.model import Race, RaceDraft, Role, Standing
from deepracer_admin.records.boards import BOARD_MARKS, MASKED_WORDS
from deepracer_admin.services.races.board_names import names_to_look_at
from tests.pages.conftest import NOW, actor_of

ORGANIZER, FACILITATOR, VIEWER = (actor_of(role) for role in (Role.ORGANIZER, Role.FACILITATOR, Role.VIEWER))


@pytest.fixture
def boards(console, event, people):
    """A race with four results; the second has chosen a rude name."""
    console.store.save_event(replace(event, public_url="https://board.example.com/"))
    draft = RaceDraft("Cup", "t-1", NOW - timedelta(hours=3), NOW + timedelta(days=1))
    console.store.save_races(event.id, [Race("r-1", draft)], seen_at=NOW, lease=None)
    rows = [
        Standing(1, "TurboRaven", 9_000, profile_id="pr-1"),
        Standing(2, "Big-Sh1t", 9_500, profile_id="pr-2"),
        Standing(3, "Turb0Raven", 9_900, profile_id="pr-3"),
        Standing(4, "Scunthorpe", 9_950, profile_id="pr-4"),
    ]
    keep(console, rows, minutes=0)
    return console.first.boards


def keep(console, rows, *, minutes=1):
    console.history.save_standings("ev-1", "r-1", NOW + timedelta(minutes=minutes), rows)


def shown(boards):
    return [row.alias for row in boards.view(VIEWER, "r-1").rows]


def test_a_rude_name_is_masked_from_its_first_appearance_wherever_a_board_is_shown(boards, console):
    masked = ["TurboRaven", "Racer 2", "Turb0Raven", "Scunthorpe"]
    link = boards.make_link(FACILITATOR, "r-1").address.rpartition("/")[2]
    assert shown(boards) == masked
    assert [row.alias for row in boards.shown(VIEWER, "r-1").rows] == masked
    assert [row.alias for row in boards.screen(link).board.rows] == masked
    assert [row.alias for row in boards.everybody(link)] == masked
    progress = boards.make_link(FACILITATOR, "r-1", scene="progress").address.rpartition("/")[2]
    assert [line.alias for line in boards.screen(progress).lines] == masked
    assert "Sh1t" not in boards.export(FACILITATOR, "r-1").decode()
    assert console.store.rows("ev-1", BOARD_MARKS) == {}


def test_who_runs_the_board_sees_the_name_and_why_it_is_masked(boards):
    entry = boards.entries(FACILITATOR, "r-1")[1]
    assert (entry.racer, entry.row.alias, entry.is_rude) == ("Big-Sh1t", "Racer 2", True)


def test_a_decision_to_show_wins_over_the_list_and_stands_in_the_audit(boards, console):
    boards.hide(FACILITATOR, "r-1", "profile:pr-2", hidden=False)
    assert shown(boards)[1] == "Big-Sh1t"
    [mark] = console.store.rows("ev-1", BOARD_MARKS).values()
    assert (mark.hidden, mark.shown) == (False, "Big-Sh1t")
    told = console.store.audit(limit=1)[0]
    assert (told.action, told.actor) == ("boards.run", FACILITATOR.oid)
    assert told.after == {"alias": "Big-Sh1t", "racer": "profile:pr-2", "hidden": False}
    boards.hide(FACILITATOR, "r-1", "profile:pr-2", hidden=True)
    assert shown(boards)[1] == "Racer 2"
    boards.hide(FACILITATOR, "r-1", "profile:pr-2", hidden=False)
    assert shown(boards)[1] == "Big-Sh1t"


def test_a_decision_is_about_one_name_not_about_what_the_racer_takes_next(boards, console):
    boards.hide(FACILITATOR, "r-1", "profile:pr-2", hidden=False)
    keep(console, [Standing(1, "KurwaRacer", 9_000, profile_id="pr-2")])
    assert shown(boards) == ["Racer 1"]
    boards.hide(FACILITATOR, "r-1", "profile:pr-2", hidden=False)
    assert shown(boards) == ["KurwaRacer"]


def test_a_decision_goes_with_a_disqualification(boards):
    boards.disqualify(FACILITATOR, "r-1", "profile:pr-2", reason="two profiles")
    boards.hide(FACILITATOR, "r-1", "profile:pr-2", hidden=False)
    boards.disqualify(FACILITATOR, "r-1", "profile:pr-2", reason=None)
    assert shown(boards)[1] == "Big-Sh1t"


def test_where_two_may_be_meant_by_a_decision_both_stay_masked(boards, console):
    keep(console, [Standing(1, "Shit", 9_000)])
    boards.hide(FACILITATOR, "r-1", "alias:Shit", hidden=False)
    assert shown(boards) == ["Shit"]
    at = [NOW + timedelta(seconds=seconds) for seconds in (1, 2)]
    keep(console, [Standing(place, "Shit", 9_000 + place, submitted_at=at[place - 1]) for place in (1, 2)], minutes=2)
    assert shown(boards) == ["Racer 1", "Racer 2"]
    [sentence] = boards.marks(FACILITATOR, "r-1").unclear
    assert "masked for each of them" in sentence


def test_words_of_the_organizers_mask_at_once_and_are_written_down(boards, console):
    link = boards.make_link(FACILITATOR, "r-1").address.rpartition("/")[2]
    assert boards.screen(link).board.rows[0].alias == "TurboRaven"
    assert boards.mask_words(FACILITATOR, " Raven*, Kumquat ") == ("kumquat", "raven*")
    assert shown(boards)[0] == "Racer 1"
    assert boards.screen(link).board.rows[0].alias == "Racer 1"
    assert boards.words(FACILITATOR) == ("kumquat", "raven*")
    assert console.store.audit(limit=1)[0].after == {"words": ["kumquat", "raven*"]}
    boards.mask_words(FACILITATOR, "kumquat", before=("kumquat", "raven*"))
    assert shown(boards)[0] == "TurboRaven"


def test_lines_that_are_kept_under_their_stamp_know_of_the_words(boards):
    before = boards.read(VIEWER, "r-1").stamp
    boards.mask_words(FACILITATOR, "raven*")
    assert boards.read(VIEWER, "r-1").stamp != before
    boards.mask_words(FACILITATOR, "", before=("raven*",))
    assert boards.read(VIEWER, "r-1").stamp == before


def test_what_another_added_meanwhile_stays(boards):
    boards.mask_words(FACILITATOR, "kumquat")
    boards.mask_words(ORGANIZER, "papaya", before=())
    assert boards.words(FACILITATOR) == ("kumquat", "papaya")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ab", "less than three letters"),
        ("x" * 41, "too long"),
        (" ".join(f"kum{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(201)), "At most 200"),
    ],
)
def test_what_is_no_word_is_refused_and_changes_nothing(boards, console, text, why):
    with pytest.raises(BadInput, match=why):
        boards.mask_words(FACILITATOR, text)
    assert console.store.read("ev-1", MASKED_WORDS).words == ()


@pytest.mark.parametrize("act", ["words", "mask_words"])
def test_a_viewer_masks_nothing(boards, act):
    calls = {"words": lambda: boards.words(VIEWER), "mask_words": lambda: boards.mask_words(VIEWER, "kumquat")}
    with pytest.raises(NotAllowed, match="You may not run the boards"):
        calls[act]()


def test_names_to_look_at_are_the_rude_ones_and_those_that_look_like_a_leader(boards):
    def looked():
        found = names_to_look_at(boards.entries(FACILITATOR, "r-1"))
        return [(each.entry.racer, each.like and each.like.racer, each.entry.row.hidden) for each in found]

    assert looked() == [("Big-Sh1t", None, True), ("Turb0Raven", "TurboRaven", False)]
    boards.hide(FACILITATOR, "r-1", "profile:pr-3", hidden=True)
    boards.hide(FACILITATOR, "r-1", "profile:pr-2", hidden=False)
    assert looked() == [("Big-Sh1t", None, False), ("Turb0Raven", "TurboRaven", True)]
