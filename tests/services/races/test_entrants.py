"""Who may enter a race, as the service answers the page: the service's own list, or the event's entry list."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.errors import BadInput, NotAllowed
from deepracer_admin.model import Attendee, Capabilities, Event, Profile, Race, RaceDraft, Role, Standing
from deepracer_admin.records.entrants import PARTICIPANTS, Participants
from deepracer_admin.records.racing_service import ACCOUNT, AccountSeen
from tests.pages.conftest import NOW, actor_of

ORGANIZER, FACILITATOR = actor_of(Role.ORGANIZER), actor_of(Role.FACILITATOR)


@pytest.fixture
def race(console: Console, event: Event) -> Race:
    """A race on DeepRacer on AWS with two results: a racer of the list, and somebody unknown."""
    draft = RaceDraft("Cup", "t-1", NOW, NOW.replace(hour=20))
    made = Race("r-1", draft, participants=2, share_link="https://race.example.com/r-1")
    console.store.save_races(event.id, [made], seen_at=NOW, lease=None)
    console.store.keep(event.id, ACCOUNT, AccountSeen(as_of=NOW))
    rows = [Standing(1, "Stranger", 9_000), Standing(2, "racer-2", 9_500)]
    console.history.save_standings(event.id, made.id, NOW, rows)
    return made


@pytest.fixture
def private(console: Console, event: Event, race: Race) -> Race:
    """The same race where the service keeps the list; the first profile is on it."""
    able = Capabilities(participants=True, reset_share_link=True)
    console.store.keep(event.id, ACCOUNT, AccountSeen(capabilities=able, as_of=NOW))
    read = Participants({"pr-1": "racer-1", "pr-x": "visitor"}, NOW)
    console.store.change_rows(event.id, PARTICIPANTS, lambda _: {race.id: read})
    return race


def test_without_a_list_the_race_is_for_everybody_and_nobody_is_marked(
    console: Console, people: list[Attendee], race: Race
) -> None:
    view = console.first.races.entrants(ORGANIZER, race.id)
    assert (view.native, view.has_list, list(view.rows), list(view.unlisted)) == (False, False, [], [])


def test_who_has_a_result_without_being_on_the_list_is_marked(
    console: Console, people: list[Attendee], race: Race
) -> None:
    assert console.first.races.admit(ORGANIZER, race.id, ["at-1", "at-2"]).job is None
    view = console.first.races.entrants(FACILITATOR, race.id)
    assert [(row.name, row.rank) for row in view.rows if row.listed] == [("Racer 1", None), ("Racer 2", 2)]
    assert [(row.alias, row.rank, row.key) for row in view.unlisted] == [("Stranger", 1, "")]
    assert {person.id for person in view.outside} == {"at-3", "at-4", "at-5"}


def test_somebody_taken_off_the_list_is_marked_again(console: Console, people: list[Attendee], race: Race) -> None:
    console.first.races.admit(ORGANIZER, race.id, ["at-1", "at-2"])
    console.first.races.expel(ORGANIZER, race.id, ["at-2"])
    assert [row.alias for row in console.first.races.entrants(ORGANIZER, race.id).unlisted] == ["Stranger", "racer-2"]


def test_dropping_the_list_opens_the_race_to_everybody(console: Console, people: list[Attendee], race: Race) -> None:
    console.first.races.admit(ORGANIZER, race.id, ["at-1"])
    console.first.races.drop_list(ORGANIZER, race.id)
    assert not console.first.races.entrants(ORGANIZER, race.id).has_list


def test_an_entry_list_belongs_to_one_race(console: Console, event: Event, people: list[Attendee], race: Race) -> None:
    console.store.save_races(event.id, [race, replace(race, id="r-2")], seen_at=NOW, lease=None)
    console.first.races.admit(ORGANIZER, "r-2", ["at-1"])
    assert not console.first.races.entrants(ORGANIZER, "r-1").has_list
    assert console.first.races.entrants(ORGANIZER, "r-2").listed == 1


def test_every_change_is_audited_with_how_many(console: Console, people: list[Attendee], race: Race) -> None:
    console.first.races.admit(ORGANIZER, race.id, ["at-1", "at-2"])
    console.first.races.expel(ORGANIZER, race.id, ["at-1"])
    done = [(entry.action, entry.target, entry.count) for entry in console.store.audit(None, limit=2)]
    assert done == [("races.admit", "r-1", 1), ("races.admit", "r-1", 2)]


def test_the_services_own_list_is_shown_with_names_and_others(
    console: Console, profiles: list[Profile], private: Race
) -> None:
    view = console.first.races.entrants(FACILITATOR, private.id)
    assert [(row.key, row.name, row.alias) for row in view.rows] == [
        ("pr-1", "Racer 1", "racer-1"),
        ("pr-x", "", "visitor"),
    ]
    assert {person.id for person in view.outside} == {"at-2", "at-3", "at-4"}
    assert (view.without_profile, view.as_of) == (1, NOW)


def test_letting_in_at_the_service_is_a_job_with_an_item_for_each(
    console: Console, event: Event, profiles: list[Profile], private: Race
) -> None:
    change = console.first.races.admit(ORGANIZER, private.id, ["at-2", "at-3", "at-5", "at-6"])
    assert (change.people, change.without_profile) == (2, 1)
    assert change.job is not None
    assert {item.key: item.after for item in console.store.job_items(change.job.id)} == {
        "at-2": {"profile": "pr-2"},
        "at-3": {"profile": "pr-3"},
    }


def test_a_link_is_replaced_only_where_the_service_can(console: Console, race: Race) -> None:
    with pytest.raises(BadInput, match="cannot replace"):
        console.first.races.new_link(ORGANIZER, race.id)


def test_the_services_own_list_cannot_be_dropped(console: Console, private: Race) -> None:
    with pytest.raises(BadInput, match="keeps the list itself"):
        console.first.races.drop_list(ORGANIZER, private.id)


def test_a_facilitator_sees_the_list_and_changes_nothing(console: Console, people: list[Attendee], race: Race) -> None:
    for call in (
        lambda: console.first.races.admit(FACILITATOR, race.id, ["at-1"]),
        lambda: console.first.races.expel(FACILITATOR, race.id, ["at-1"]),
        lambda: console.first.races.drop_list(FACILITATOR, race.id),
        lambda: console.first.races.new_link(FACILITATOR, race.id),
    ):
        with pytest.raises(NotAllowed):
            call()


@pytest.mark.parametrize("chosen", [[], ["at-6"]])
def test_nobody_chosen_is_refused(console: Console, people: list[Attendee], race: Race, chosen: list[str]) -> None:
    with pytest.raises(BadInput, match="at least one"):
        console.first.races.admit(ORGANIZER, race.id, chosen)
