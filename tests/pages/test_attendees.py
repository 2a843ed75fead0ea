"""The Attendees page: any list in, what it changes before it changes, one person at a time."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from deepracer_admin.compose import Console
from deepracer_admin.model import Actor, Attendee, Event, Outcome, Role, State, Step
from tests.pages.conftest import NOW, Browser, click, texts

PAGE = "pages/plan/attendees.py"
LIST = b"""Full name,Email,Office
Ada Lovelace,ada@example.com,Milano
Alan Turing,alan@example.com,Roma
Nobody,nope,Roma
"""


def uploaded(browser: Browser, data: bytes = LIST, name: str = "list.csv") -> AppTest:
    app = browser.open(PAGE)
    app.segmented_control(key="attendees-view").set_value("Upload").run()
    app.file_uploader[0].upload(name, data).run()
    return app


def numbers(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


@pytest.mark.parametrize("role", [Role.ORGANIZER, Role.FACILITATOR])
def test_those_who_run_the_floor_see_the_list(browser: Browser, people: list[Attendee], role: Role) -> None:
    app = browser.open(PAGE, role)
    assert list(app.dataframe[0].value["Name"]) == [f"Racer {number}" for number in range(1, 6)]
    assert "5 people" in texts(app)


def test_a_viewer_is_refused(browser: Browser, people: list[Attendee]) -> None:
    app = browser.open(PAGE, Role.VIEWER)
    assert "You may not see the attendee list" in texts(app)
    assert len(app.dataframe) == 0


def test_without_a_session_nothing_is_shown(browser: Browser, people: list[Attendee]) -> None:
    app = browser.open(PAGE, None)
    assert "Your session has ended" in texts(app)
    assert len(app.dataframe) == 0


def test_a_facilitator_can_neither_upload_nor_export(browser: Browser, people: list[Attendee]) -> None:
    app = browser.open(PAGE, Role.FACILITATOR)
    assert app.segmented_control(key="attendees-view").options == ["The list", "Portal", "Add one"]
    assert len(app.get("download_button")) == 0


def test_an_empty_list_says_what_to_do(browser: Browser, event: Event) -> None:
    assert "Nobody is on the list yet" in texts(browser.open(PAGE))


@pytest.mark.parametrize(
    ("word", "found"), [("racer 2", ["Racer 2"]), ("RACER3@", ["Racer 3"]), ("racer-4", ["Racer 4"])]
)
def test_search_finds_by_name_address_and_alias(
    browser: Browser, people: list[Attendee], word: str, found: list[str]
) -> None:
    app = browser.open(PAGE)
    app.text_input(key="roster-text").input(word).run()
    assert list(app.dataframe[0].value["Name"]) == found


def test_a_cohort_filters_the_table(browser: Browser, people: list[Attendee]) -> None:
    app = browser.open(PAGE)
    app.selectbox(key="roster-cohort").set_value("office:Milano").run()
    assert list(app.dataframe[0].value["Name"]) == ["Racer 1", "Racer 2"]


def test_leavers_and_the_stuck_are_one_choice_away(browser: Browser, console: Console, people: list[Attendee]) -> None:
    stuck = Outcome(people[2].id, Step.PROFILE, State.REFUSED, "bad", "No such mailbox.")
    console.store.record("ev-1", [stuck], lease=None, now=NOW)
    app = browser.open(PAGE)
    app.selectbox(key="roster-kind").set_value("Taken out").run()
    assert list(app.dataframe[0].value["Name"]) == ["Racer 6"]
    app.selectbox(key="roster-kind").set_value("Needs a human").run()
    assert list(app.dataframe[0].value["Note"]) == ["No such mailbox."]


def test_nobody_fits_is_said(browser: Browser, people: list[Attendee]) -> None:
    app = browser.open(PAGE)
    app.text_input(key="roster-text").input("zzz").run()
    assert "Nobody fits" in texts(app)


def test_a_dry_run_counts_every_row_and_writes_nothing(
    browser: Browser, console: Console, people: list[Attendee]
) -> None:
    app = uploaded(browser)
    assert numbers(app) == {
        "New": "2",
        "Changed": "0",
        "Same": "0",
        "Duplicate": "0",
        "Rejected": "1",
        "Left out": "0",
        "Not in it": "5",
        "Service refuses": "0",
    }
    assert len(console.store.attendees("ev-1")) == 6
    assert console.store.jobs("ev-1") == []


def test_the_report_names_row_value_column_and_rule(browser: Browser, event: Event) -> None:
    app = uploaded(browser)
    report = next(table.value for table in app.dataframe if "Why" in table.value.columns)
    assert list(report["Row"]) == [4]
    assert list(report["Address or value"]) == ["nope"]
    assert list(report["Column"]) == ["Email"]
    assert report["Why"][0]


def test_a_wrong_guess_is_corrected_by_hand_and_remembered(browser: Browser, console: Console, event: Event) -> None:
    data = b"A,B\nada@example.com,boss@example.com\n"
    app = uploaded(browser, data)
    before = next(box for box in app.selectbox if box.label == "E-mail address").value
    chooser = next(box for box in app.selectbox if box.label == "E-mail address")
    chooser.set_value(1 - int(before)).run()
    shown = next(table.value for table in app.dataframe if "Address" in table.value.columns)
    assert list(shown["Address"]) == [["ada@example.com", "boss@example.com"][1 - int(before)]]
    again = uploaded(browser, b"A,B\neve@example.com,adam@example.com\n")
    kept = next(box for box in again.selectbox if box.label == "E-mail address").value
    assert kept == 1 - int(before)


def test_pasted_addresses_are_a_list_too(browser: Browser, event: Event) -> None:
    app = browser.open(PAGE)
    app.segmented_control(key="attendees-view").set_value("Upload").run()
    app.segmented_control(key="upload-how").set_value("Paste").run()
    app.text_area[0].input("Ada Lovelace <ada@example.com>; alan@example.com").run()
    assert numbers(app)["New"] == "2"


def test_what_is_no_list_is_refused_with_a_sentence(browser: Browser, event: Event) -> None:
    app = uploaded(browser, b"%PDF-1.7 ...", "list.pdf")
    assert len(app.error) == 1
    assert len(app.metric) == 0


def test_importing_first_says_whom_it_reaches(browser: Browser, console: Console, people: list[Attendee]) -> None:
    app = click(uploaded(browser), "import-list")
    assert "Adds 2 people, changes 0" in texts(app)
    assert "Skips 1 row." in texts(app)
    assert len(console.store.attendees("ev-1")) == 6


def test_a_list_that_changes_nothing_cannot_be_imported(browser: Browser, people: list[Attendee]) -> None:
    same = b"Email,Full name\nracer1@example.com,Racer 1\n"
    app = uploaded(browser, same)
    assert next(button for button in app.button if button.key == "import-list").disabled


def test_a_facilitator_adds_a_walk_up(browser: Browser, console: Console, event: Event) -> None:
    app = browser.open(PAGE, Role.FACILITATOR)
    app.segmented_control(key="attendees-view").set_value("Add one").run()
    app.text_input(key="walk-up-0-address").input("Grace@Example.com")
    app.text_input(key="walk-up-0-name").input("Grace Hopper")
    click(app, "Add to the list")
    (person,) = console.store.attendees("ev-1")
    assert (person.email, person.name, person.source) == ("grace@example.com", "Grace Hopper", "walk-up")


def test_a_double_click_adds_a_walk_up_once_and_success_stays(browser: Browser, console: Console, event: Event) -> None:
    app = browser.open(PAGE, Role.FACILITATOR)
    app.segmented_control(key="attendees-view").set_value("Add one").run()
    app.text_input(key="walk-up-0-address").input("grace@example.com")
    app.text_input(key="walk-up-0-name").input("Grace Hopper")
    click(app, "Add to the list")
    click(app, "Add to the list")
    assert len(console.store.attendees("ev-1")) == 1
    assert not app.error
    assert "Grace Hopper is on the list" in texts(app)
    assert app.text_input(key="walk-up-1-address").value == ""


def test_a_refused_walk_up_keeps_what_was_typed(browser: Browser, people: list[Attendee]) -> None:
    app = browser.open(PAGE)
    app.segmented_control(key="attendees-view").set_value("Add one").run()
    app.text_input(key="walk-up-0-address").input("racer1@example.com")
    click(app, "Add to the list")
    assert "is on the list already" in texts(app)
    assert app.text_input(key="walk-up-0-address").value == "racer1@example.com"


def test_a_walk_up_without_an_address_is_refused_by_the_field(browser: Browser, event: Event) -> None:
    app = browser.open(PAGE)
    app.segmented_control(key="attendees-view").set_value("Add one").run()
    click(app, "Add to the list")
    assert app.error[0].value.startswith("Address")


def test_imports_are_listed_with_what_they_did(
    browser: Browser, console: Console, event: Event, organizer: Actor
) -> None:
    dry = console.first.attendees.dry_run(organizer, LIST, filename="list.csv")
    console.first.attendees.run_import(organizer, dry)
    app = browser.open(PAGE)
    app.segmented_control(key="attendees-view").set_value("Imports and undo").run()
    row = app.dataframe[0].value.iloc[0]
    assert (row["What"], row["State"], row["Done"]) == ("Import attendees", "done", 2)


def test_an_empty_file_is_told_to_be_empty(browser: Browser, event: Event) -> None:
    app = uploaded(browser, b"", "list.csv")
    assert [error.value for error in app.error] == ["The file is empty: export the list again and choose that file."]


CASES = Path(__file__).parents[1] / "data" / "roster-cases"


def case(name: str) -> tuple[bytes, str]:
    path = CASES / name
    return path.read_bytes(), path.name


def test_people_who_will_not_come_are_left_out_and_one_click_lets_them_in(browser: Browser, event: Event) -> None:
    app = uploaded(browser, *case("C1-zoom-approval-status/registration.csv"))
    assert (numbers(app)["New"], numbers(app)["Left out"]) == ("2", "1")
    assert "row 10: denied" in texts(app)
    words = next(group for group in app.button_group if "Approval Status" in group.label)
    assert words.value == ["approved"]
    words.set_value(["approved", "denied"]).run()
    assert (numbers(app)["New"], numbers(app)["Left out"]) == ("3", "0")


def test_rows_that_the_sheet_hides_are_left_out_and_one_click_lets_them_in(browser: Browser, event: Event) -> None:
    app = uploaded(browser, *case("F3-filtered-rows/list.xlsx"))
    assert (numbers(app)["New"], numbers(app)["Left out"]) == ("2", "1")
    next(box for box in app.checkbox if "hides" in box.label).check().run()
    assert numbers(app)["New"] == "3"


def test_another_sheet_can_be_chosen(browser: Browser, event: Event) -> None:
    app = uploaded(browser, *case("F1-very-hidden-directory/list.xlsx"))
    assert numbers(app)["New"] == "2"
    next(box for box in app.selectbox if box.label == "Sheet").select("_directory").run()
    assert numbers(app)["New"] == "50"


def test_garbled_names_are_put_right_by_choosing_the_encoding_that_reads_them(browser: Browser, event: Event) -> None:
    data = "Name;E-mail\nKristīne Kalniņa;k@example.com\n".encode("cp1257")
    app = uploaded(browser, data)
    box = next(box for box in app.selectbox if box.label.startswith("Encoding"))
    right = next(option for option in box.options if "Kristīne Kalniņa" in option)
    box.set_value(right.rpartition("(")[2].rstrip(")")).run()
    assert [*app.dataframe[0].value["Name"]] == ["Kristīne Kalniņa"]


def test_columns_that_were_left_out_stay_so_and_the_choice_goes_on(browser: Browser, people: list[Attendee]) -> None:
    app = browser.open(PAGE)
    every = list(app.dataframe[0].value)
    assert {"Note", "Cost centre"}.isdisjoint(every), "these are shown when somebody asks for them"
    app.get("button_group")[[each.key for each in app.get("button_group")].index("roster-columns")].set_value(
        ["Racer name", "Office"]
    ).run()
    shown = [name for name in every if name not in ("Racer name", "Office")]
    assert list(app.dataframe[0].value) == [*shown, "Note", "Cost centre"]
    assert list(app.dataframe[0].value["Name"]) == [f"Racer {number}" for number in range(1, 6)]
    app.selectbox(key="roster-sort").set_value("Name").run()
    assert "Racer name" not in app.dataframe[0].value


def test_people_to_correct_are_offered_to_who_may_export(browser: Browser, people: list[Attendee]) -> None:
    labels = [each.proto.label for each in browser.open(PAGE).get("download_button")]
    assert labels == ["Export the list (CSV)", "People to correct (CSV)"]
