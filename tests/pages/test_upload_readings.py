"""The upload page corrects what was guessed: what is shown follows each choice, also on bad days."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from streamlit.testing.v1 import AppTest

from deepracer_admin.compose import Console
from deepracer_admin.model import Event
from tests.pages.conftest import Browser, click, texts

PAGE = "pages/plan/attendees.py"
CASES = Path(__file__).parents[1] / "data" / "roster-cases"
ORDERS = b"Order,Buyer mail,Attendee mail,Name,Status\n1,o@example.com,anna@example.com,Rossi Anna,paid\n"


@pytest.fixture(autouse=True)
def _event(event: Event) -> None:
    """Every list is uploaded for an event."""


def upload(browser: Browser, data: bytes, name: str = "list.csv", app: AppTest | None = None) -> AppTest:
    if app is None:
        app = browser.open(PAGE)
        app.segmented_control(key="attendees-view").set_value("Upload").run()
    app.file_uploader[0].upload(name, data).run()
    return app


def case(name: str) -> tuple[bytes, str]:
    path = CASES / name
    return path.read_bytes(), path.name


def box(app: AppTest, label: str) -> Any:
    return next(each for each in app.selectbox if each.label.startswith(label))


def has_box(app: AppTest, label: str) -> bool:
    return any(each.label.startswith(label) for each in app.selectbox)


def preview(app: AppTest) -> list[tuple[str, str]]:
    table = next((each.value for each in app.dataframe if "Address" in each.value.columns), None)
    return [] if table is None else list(zip(table["Address"], table["Name"], strict=True))


def balance(app: AppTest) -> str:
    shown = [each.value.replace("\\", "") for each in app.markdown]
    return next(each for each in shown if " accepted + " in each)


def test_the_balance_counts_every_row_and_addresses_in_other_places(browser: Browser) -> None:
    app = upload(browser, *case("C1-zoom-approval-status/registration.csv"))
    assert balance(app) == "**3 rows = 2 accepted + 0 duplicates + 0 rejected + 1 left out (1 will not come)**"
    assert "1 address stands in other places of this file" in texts(app).replace("\\", "")


def test_another_heading_gives_other_columns(browser: Browser) -> None:
    data = b"Team,Contact mail\nNorth,n@example.com\nName,Email\nAnna,anna@example.com\n"
    app = upload(browser, data)
    box(app, "Heading").set_value(3).run()
    assert preview(app) == [("anna@example.com", "Anna")]
    assert box(app, "Full name").value == 0
    assert not app.error
    click(app, "Read as guessed")
    assert box(app, "Heading").value != 3


def test_choosing_another_sheet_drops_choices_about_the_former_one(browser: Browser) -> None:
    app = upload(browser, *case("F1-very-hidden-directory/list.xlsx"))
    box(app, "Office").set_value("").run()
    box(app, "Sheet").set_value("_directory").run()
    assert len(preview(app)) == 10
    assert "50 rows = 50 accepted" in balance(app)
    box(app, "Sheet").set_value("Sheet").run()
    assert box(app, "Office").value == 2


def test_a_separator_is_chosen(browser: Browser) -> None:
    app = upload(browser, b"Name;Email|x\nAnna;anna@example.com|1\nBo;bo@example.com|2\n")
    box(app, "Separator").set_value(";").run()
    assert box(app, "Separator").value == ";"
    assert not app.exception


def test_full_names_are_turned_round(browser: Browser) -> None:
    app = upload(browser, ORDERS)
    assert preview(app)[0][1] == "Rossi Anna"
    box(app, "Order of full names").set_value("family first").run()
    assert preview(app)[0][1] == "Anna Rossi"


def test_a_column_that_two_fields_want_goes_to_the_one_chosen_last(browser: Browser) -> None:
    app = upload(browser, ORDERS)
    box(app, "Office").set_value(0).run()
    box(app, "Cost centre").set_value(0).run()
    assert (box(app, "Office").value, box(app, "Cost centre").value) == ("", 0)


def test_a_list_of_two_is_left_out_and_taken_again(browser: Browser) -> None:
    app = upload(browser, *case("P1-two-tables-under-each-other/list.csv"))
    lists = next(group for group in app.button_group if group.label.startswith("Lists of this file"))
    lists.set_value([6]).run()
    assert [address for address, _ in preview(app)] == ["bo@example.com"]
    assert "2 in a list that was put aside" in balance(app)
    lists = next(group for group in app.button_group if group.label.startswith("Lists of this file"))
    lists.set_value([1, 6]).run()
    assert "3 rows = 3 accepted" in balance(app)


def test_leaving_all_out_finds_nobody_says_so_and_can_be_undone(browser: Browser, console: Console) -> None:
    app = upload(browser, ORDERS)
    box(app, "E-mail address").set_value(0).run()
    assert preview(app) == []
    assert "Nobody is found this way" in texts(app)
    assert next(button for button in app.button if button.key == "import-list").disabled
    click(app, "Read as guessed")
    assert preview(app) == [("anna@example.com", "Rossi Anna")]
    again = upload(browser, ORDERS)
    assert preview(again) == [("anna@example.com", "Rossi Anna")]


def test_the_next_list_of_the_source_is_read_alike_with_a_sentence_and_a_way_back(browser: Browser) -> None:
    box(upload(browser, ORDERS), "E-mail address").set_value(1).run()
    app = upload(browser, ORDERS + b"2,p@example.com,bo@example.com,Berg Bo,paid\n")
    assert [address for address, _ in preview(app)] == ["o@example.com", "p@example.com"]
    told = texts(app).replace("\\", "")
    assert "Read like an earlier list of this source, as Organizer Person corrected it on" in told
    assert "E-mail address from column “Buyer mail”" in told
    click(app, "Read as guessed")
    assert [address for address, _ in preview(app)] == ["anna@example.com", "bo@example.com"]
    assert "Read like an earlier list" not in texts(app)
    assert preview(upload(browser, ORDERS)) == [("anna@example.com", "Rossi Anna")]


def test_a_remembered_column_that_is_gone_is_said(browser: Browser) -> None:
    box(upload(browser, ORDERS), "Cost centre").set_value(0).run()
    app = upload(browser, b"Buyer mail,Attendee mail,Name,Status\no@example.com,anna@example.com,Rossi Anna,paid\n")
    assert preview(app) == [("anna@example.com", "Rossi Anna")]
    assert "the column of “Cost centre”: it is not in this list" in texts(app).replace("\\", "")


def test_a_file_put_in_place_of_another_is_read_by_itself(browser: Browser) -> None:
    app = upload(browser, ORDERS)
    box(app, "Order of full names").set_value("family first").run()
    upload(browser, b"Name,Email,Desk,Floor\nYoung Cy,cy@example.com,1,2\n", app=app)
    assert preview(app) == [("cy@example.com", "Young Cy")]
    assert box(app, "Order of full names").value == "as guessed"


def test_what_another_tab_corrects_does_not_move_a_list_that_is_open(browser: Browser) -> None:
    here = upload(browser, ORDERS)
    there = upload(browser, ORDERS)
    box(there, "E-mail address").set_value(1).run()
    here.run()
    assert preview(here) == [("anna@example.com", "Rossi Anna")]
    assert preview(there) == [("o@example.com", "Rossi Anna")]
    box(here, "Order of full names").set_value("family first").run()
    assert preview(here) == [("anna@example.com", "Anna Rossi")]


def test_whom_to_let_in_is_asked_anew_when_the_same_file_comes_again(browser: Browser) -> None:
    app = upload(browser, *case("C1-zoom-approval-status/registration.csv"))
    words = next(group for group in app.button_group if "Approval Status" in group.label)
    words.set_value(["approved", "denied"]).run()
    assert "3 rows = 3 accepted" in balance(app)
    app.segmented_control(key="upload-how").set_value("Paste").run()
    app.segmented_control(key="upload-how").set_value("File").run()
    upload(browser, *case("C1-zoom-approval-status/registration.csv"), app=app)
    assert "3 rows = 2 accepted" in balance(app)


def test_an_impossible_choice_is_told_and_taken_back(browser: Browser) -> None:
    rows = b"".join(b"P%d,p%d@example.com,note %d\n" % (number, number, number) for number in range(80))
    app = upload(browser, b"Name,Email,Note\n" + rows)
    box(app, "Who comes").set_value(2).run()
    assert "too many different values" in app.error[0].value
    assert "80 rows = 80 accepted" in balance(app)
    assert box(app, "Who comes").value == ""
    app.run()
    assert not app.error


def test_a_workbook_of_hidden_sheets_is_read_by_the_name_of_its_sheet(browser: Browser) -> None:
    made = openpyxl.Workbook()
    made.active.title = "People"  # type: ignore[union-attr]
    made["People"].append(["Name", "Email"])
    made["People"].append(["Anna", "anna@example.com"])
    made.create_sheet("Cover")
    made["People"].sheet_state = "hidden"
    raw = io.BytesIO()
    made.save(raw)
    app = upload(browser, raw.getvalue(), "list.xlsx")
    assert "hidden" in app.error[0].value
    next(each for each in app.text_input if each.label.startswith("Sheet")).input("People").run()
    assert preview(app) == [("anna@example.com", "Anna")]
    assert not app.error


def test_pasted_addresses_have_no_heading_to_choose(browser: Browser) -> None:
    app = browser.open(PAGE)
    app.segmented_control(key="attendees-view").set_value("Upload").run()
    app.segmented_control(key="upload-how").set_value("Paste").run()
    app.text_area[0].input("Ada Lovelace <ada@example.com>; alan@example.com").run()
    assert not has_box(app, "Heading")
    assert box(app, "Separator").value == "as in a mail"
    box(app, "Separator").set_value(";").run()
    assert not app.exception
    box(app, "Separator").set_value("as in a mail").run()
    assert [address for address, _ in preview(app)] == ["ada@example.com", "alan@example.com"]


def test_every_reason_for_leaving_a_row_out_is_named(browser: Browser) -> None:
    """Hosts and panelists of a webinar's report are a reason of their own."""
    report = b"Attendee Details,\nName,Email\nAnna,anna@example.com\nHost Details,\nName,Email\nOlga,o@example.com\n"
    app = upload(browser, report)
    assert "1 left out (1 of hosts, panelists or examples)" in balance(app)
    next(each for each in app.checkbox if "hosts" in each.label).check().run()
    assert "0 left out" in balance(app)


def test_a_row_of_a_team_is_one_row_and_can_be_left_whole(browser: Browser) -> None:
    app = upload(browser, b"Team,Member 1 email,Member 2 email\nRed,anna@example.com,bo@example.com\n")
    assert "1 row + 1 further person in them = 2 accepted" in balance(app)
    next(each for each in app.checkbox if "several people" in each.label).uncheck().run()
    assert balance(app).startswith("**1 row = ")
    assert not app.exception
    next(each for each in app.checkbox if "several people" in each.label).check().run()
    assert "= 2 accepted" in balance(app)


def test_every_case_is_shown_with_its_balance_or_a_sentence(browser: Browser) -> None:
    """In one tab, each in place of the former one."""
    hostile = ("I1-xls-chain-loop", "I2-xls-two-cells-far-apart")  # tests/files/ reads them
    no_lists = ("expected.json", "headings.txt", "make.py")
    app: AppTest | None = None
    for path in sorted(CASES.glob("*/*.*")):
        if path.name not in no_lists and path.parent.name not in hostile:
            app = upload(browser, path.read_bytes(), path.name, app)
            assert not app.exception, path
            assert app.error or " accepted + " in balance(app), path
