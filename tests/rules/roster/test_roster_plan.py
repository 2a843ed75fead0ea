"""The import plan: a diff that never forgets what is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.rules.roster import Change, RosterRow, plan_check, plan_import
from deepracer_admin.rules.roster.check import check


@dataclass(frozen=True)
class Person:
    name: str = ""
    office: str = ""
    cost_centre: str = ""
    new_to_ml: bool | None = None
    new_to_aws: bool | None = None
    extra: Mapping[str, str] = field(default_factory=dict)


LIST = (
    b"Name,Email,Office,New to AWS,Shirt\n"
    b"Anna Rossi,anna@example.com,Milano,yes,M\n"
    b"Bo Berg,bo@example.com,,,\n"
    b"Cy,cy@example.com,Oslo,no,L\n"
    b"Anna,ANNA@example.com,,,\n"
    b"Dee,nobody@,,,\n"
)
EVENT = {
    "Bo@Example.com": Person("Bo Berg", "Oslo", "CC-1", new_to_aws=True, extra={"Shirt": "S"}),
    "cy@example.com": Person("Cy", "Roma", extra={"Diet": "vegan"}),
    "eve@example.com": Person("Eve"),
}


def test_every_row_of_the_list_is_counted_once_and_leavers_are_reported() -> None:
    plan = plan_check(check(LIST, filename="x"), EVENT)
    assert plan.counts == {
        "new": 1, "changed": 1, "same": 1, "duplicate": 1, "rejected": 1, "left_out": 0, "missing": 1, "refused": 0,
    }  # fmt: skip
    assert plan.missing == ("eve@example.com",)


def test_a_new_person_comes_whole() -> None:
    (entry,) = plan_check(check(LIST, filename="x"), EVENT).of(Change.NEW)
    assert (entry.row, entry.email, entry.before) == (2, "anna@example.com", {})
    assert entry.after == {"name": "Anna Rossi", "office": "Milano", "new_to_aws": True, "extra": {"Shirt": "M"}}
    assert entry.values == {
        "name": "Anna Rossi", "office": "Milano", "cost_centre": "", "new_to_ml": None, "new_to_aws": True,
        "extra": {"Shirt": "M"},
    }  # fmt: skip


def test_a_changed_person_shows_before_and_after_and_keeps_the_rest() -> None:
    (entry,) = plan_check(check(LIST, filename="x"), EVENT).of(Change.CHANGED)
    assert entry.email == "cy@example.com"
    assert entry.before == {"office": "Roma", "new_to_aws": None, "extra": {"Diet": "vegan"}}
    assert entry.after == {"office": "Oslo", "new_to_aws": False, "extra": {"Diet": "vegan", "Shirt": "L"}}


def test_an_empty_cell_never_erases_what_is_known() -> None:
    (entry,) = plan_check(check(LIST, filename="x"), EVENT).of(Change.SAME)
    assert entry.email == "bo@example.com"
    assert entry.values["office"] == "Oslo"
    assert entry.values["new_to_aws"] is True


def test_a_refused_address_is_marked_in_the_plan() -> None:
    plan = plan_import([RosterRow(1, "o'brien@example.com", "Seán")], {}, service_rule="on_aws")
    assert plan.counts["refused"] == plan.counts["new"] == 1
    assert (plan.entries[0].service_refusal or "").startswith("DeepRacer on AWS refuses addresses with '")


def test_the_same_address_twice_by_hand_is_a_duplicate() -> None:
    plan = plan_import([RosterRow(1, "a@example.com", "A"), RosterRow(2, "A@example.com ", "B")], {})
    assert [entry.change for entry in plan.entries] == [Change.NEW, Change.DUPLICATE]


rows = st.builds(
    RosterRow,
    st.integers(1, 99),
    st.sampled_from(["a@example.com", "b@example.com", "c@example.com"]),
    st.sampled_from(["", "Anna", "Bo"]),
    st.sampled_from(["", "Oslo"]),
    st.just(""),
    st.sampled_from([None, True, False]),
    st.none(),
    st.sampled_from([{}, {"Shirt": "M"}]),
)
events = st.dictionaries(
    st.sampled_from(["a@example.com", "B@example.com", "d@example.com"]),
    st.builds(Person, st.sampled_from(["Anna", ""]), st.sampled_from(["Oslo", "Roma", ""])),
)


@given(st.lists(rows, max_size=5), events)
def test_importing_the_plan_leaves_nothing_to_change(accepted: list[RosterRow], event: dict[str, Person]) -> None:
    plan = plan_import(accepted, event)
    after = {**{email.lower(): person for email, person in event.items()}}
    for entry in plan.entries:
        if entry.change is not Change.DUPLICATE:
            after[entry.email] = Person(**entry.values)
    firsts = list({row.email: row for row in reversed(accepted)}.values())
    again = plan_import(firsts, after)
    assert {entry.change for entry in again.entries} <= {Change.SAME}
    assert again.missing == plan.missing
    assert sum(plan.counts[kind] for kind in ("new", "changed", "same", "duplicate")) == len(accepted)
