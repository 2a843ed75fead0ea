"""The entry list of a race, searched, narrowed and sorted; and as a file."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.errors import Missing, NotAllowed
from deepracer_admin.model import Attendee, Event, Race, RaceDraft, Role, Standing
from deepracer_admin.records.racing_service import ACCOUNT, AccountSeen
from deepracer_admin.services.races.entrant_list import (
    ON_LIST,
    OUTSIDE,
    SORTS,
    Entrant,
    EntrantsView,
    EntrantTable,
    Query,
    table_of,
)
from tests.pages.conftest import NOW, actor_of

ORGANIZER, FACILITATOR = actor_of(Role.ORGANIZER), actor_of(Role.FACILITATOR)


def entrant(number: int, name: str, office: str, *, rank: int | None = None, listed: bool = True) -> Entrant:
    mail = f"{name.split()[0].lower()}@example.com"
    return Entrant(
        f"at-{number}", f"at-{number}", name, f"Racer-{number}", listed, rank, office, f"CC-{number % 2}", mail
    )


@pytest.fixture
def table() -> EntrantTable:
    rows = [
        entrant(1, "Ada Rossi", "Milano", rank=12),
        entrant(2, "Bea Verdi", "Roma"),
        entrant(3, "Cleo Bianchi", "milano"),
        entrant(4, "Dino Neri", "", rank=3),
        Entrant("", "", "", "Stranger", False, 1, result="Stranger"),
    ]
    outside = [entrant(5, "Ede Gallo", "Roma", listed=False), entrant(6, "Abe Conti", "Oslo", rank=2, listed=False)]
    return table_of(EntrantsView(False, True, rows, outside, 0, None))


def names(table: EntrantTable, query: Query) -> list[str]:
    return [table.sides[query.side][one].called for one in table.ids(query)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ROSSI", ["Ada Rossi"]),
        ("bea@", ["Bea Verdi"]),
        ("racer-3", ["Cleo Bianchi"]),
        ("  ada   rossi ", ["Ada Rossi"]),
        ("stranger", ["Stranger"]),
        ("gallo", []),
    ],
)
def test_a_search_looks_at_name_address_and_racer_name_of_its_side(
    table: EntrantTable, text: str, found: list[str]
) -> None:
    assert names(table, Query(ON_LIST, text)) == found


def test_offices_and_cost_centres_of_both_sides_are_offered_and_narrow(table: EntrantTable) -> None:
    assert table.cohorts == [
        "Office: Milano", "Office: Oslo", "Office: Roma", "Office: milano", "Cost centre: CC-0", "Cost centre: CC-1"
    ]  # fmt: skip
    assert names(table, Query(ON_LIST, cohort="Office: Roma")) == ["Bea Verdi"]
    assert names(table, Query(OUTSIDE, cohort="Cost centre: CC-0")) == ["Abe Conti"]
    assert names(table, Query(ON_LIST, cohort="Office: Nowhere")) == []


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("Rank", ["Stranger", "Dino Neri", "Ada Rossi", "Bea Verdi", "Cleo Bianchi"]),
        ("Name", ["Ada Rossi", "Bea Verdi", "Cleo Bianchi", "Dino Neri", "Stranger"]),
        ("Racer name", ["Ada Rossi", "Bea Verdi", "Cleo Bianchi", "Dino Neri", "Stranger"]),
        ("Office", ["Dino Neri", "Stranger", "Ada Rossi", "Cleo Bianchi", "Bea Verdi"]),
        ("Cost centre", ["Stranger", "Bea Verdi", "Dino Neri", "Ada Rossi", "Cleo Bianchi"]),
    ],
)
def test_each_order_is_of_all_who_fit(table: EntrantTable, sort: str, order: list[str]) -> None:
    assert names(table, Query(ON_LIST, sort=sort)) == order


def test_every_order_is_proved_above() -> None:
    assert [*SORTS] == ["Rank", "Name", "Racer name", "Office", "Cost centre"]


def test_of_those_who_could_be_let_in_whoever_has_a_result_comes_first(table: EntrantTable) -> None:
    assert names(table, Query(OUTSIDE)) == ["Abe Conti", "Ede Gallo"]


def test_two_results_under_one_racer_name_are_two_rows() -> None:
    twice = [Entrant("", "", "", "Ghost", False, rank, result="Ghost") for rank in (1, 2)]
    found = table_of(EntrantsView(False, True, twice, [], 0, None))
    assert [found.sides[ON_LIST][one].rank for one in found.ids(Query())] == [1, 2]


# ------------------------------------------------------------------------------------------------ the file


@pytest.fixture
def race(console: Console, event: Event, people: list[Attendee]) -> Race:
    """Two people on the list, one of them with a formula for a name; a stranger has a result."""
    console.store.save_attendees(event.id, [replace(people[0], name="=HYPERLINK(1)")])
    made = Race("r-1", RaceDraft("Cup", "t-1", NOW, NOW.replace(hour=20)), participants=2)
    console.store.save_races(event.id, [made], seen_at=NOW, lease=None)
    console.store.keep(event.id, ACCOUNT, AccountSeen(as_of=NOW))
    rows = [Standing(1, "Stranger", 9_000), Standing(2, "racer-2", 9_500)]
    console.history.save_standings(event.id, made.id, NOW, rows)
    console.first.races.admit(ORGANIZER, made.id, ["at-1", "at-2"])
    return made


def test_the_file_has_everybody_of_the_list_and_results_without_it_and_runs_nothing(
    console: Console, race: Race
) -> None:
    rows = [*csv.DictReader(io.StringIO(console.first.races.export_entrants(ORGANIZER, race.id).decode("utf-8-sig")))]
    assert [(row["Name"], row["Racer name"], row["On the list"], row["Rank"]) for row in rows] == [
        ("", "Stranger", "no", "1"),
        ("Racer 2", "racer-2", "yes", "2"),
        ("'=HYPERLINK(1)", "racer-1", "yes", ""),
    ]
    assert {row["REHEARSAL"] for row in rows} == {"REHEARSAL"}
    assert rows[1]["Email"] == "racer2@example.com"


def test_the_file_is_audited_with_how_many_it_names(console: Console, race: Race) -> None:
    console.first.races.export_entrants(ORGANIZER, race.id)
    [entry] = console.store.audit(None, limit=1)
    assert (entry.action, entry.target, entry.count, entry.allowed) == ("attendees.export", "r-1", 3, True)


def test_who_may_not_take_personal_data_away_gets_no_file_and_the_try_is_audited(console: Console, race: Race) -> None:
    with pytest.raises(NotAllowed):
        console.first.races.export_entrants(FACILITATOR, race.id)
    [entry] = console.store.audit(None, limit=1)
    assert (entry.action, entry.allowed) == ("attendees.export", False)


def test_of_a_race_that_is_gone_there_is_no_file_and_no_table(console: Console, event: Event, race: Race) -> None:
    console.store.save_races(event.id, [], seen_at=NOW, lease=None)
    for call in (console.first.races.export_entrants, console.first.races.entrants_stamp):
        with pytest.raises(Missing, match="may have been deleted"):
            call(ORGANIZER, race.id)


def test_the_stamp_differs_when_the_list_or_a_result_does(console: Console, event: Event, race: Race) -> None:
    seen = {console.first.races.entrants_stamp(FACILITATOR, race.id)}
    console.first.races.admit(ORGANIZER, race.id, ["at-3"])
    seen.add(console.first.races.entrants_stamp(FACILITATOR, race.id))
    console.history.save_standings(event.id, race.id, NOW, [Standing(1, "racer-2", 8_000)])
    seen.add(console.first.races.entrants_stamp(FACILITATOR, race.id))
    assert len(seen) == 3


def test_letting_in_again_puts_nobody_on_the_list_twice(console: Console, race: Race) -> None:
    console.first.races.admit(ORGANIZER, race.id, ["at-3", "at-1"])
    console.first.races.admit(ORGANIZER, race.id, ["at-3", "at-3"])
    view = console.first.races.entrants(ORGANIZER, race.id)
    assert [row.key for row in view.rows if row.listed] == ["at-1", "at-2", "at-3"]
