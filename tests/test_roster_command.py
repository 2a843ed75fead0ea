"""`roster check FILE --json` as a person or a script runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from deepracer_admin.roster_command import main

ROSTERS = Path(__file__).parent / "data" / "rosters"


def test_the_report_has_the_agreed_shape_and_a_list_with_rejected_rows_is_a_success(capfdbinary) -> None:
    assert main(["check", str(ROSTERS / "hr-2000.csv"), "--json"]) == 0
    report = json.loads(capfdbinary.readouterr().out)
    assert list(report) == [
        "file", "encoding", "delimiter", "sheet", "header_row", "columns", "rows", "accepted", "duplicates", "rejected",
        "left_out", "warnings",
    ]  # fmt: skip
    assert (report["file"], report["encoding"], report["delimiter"], report["header_row"]) == (
        "hr-2000.csv",
        "utf-8-sig",
        ",",
        1,
    )
    assert (report["rows"], len(report["accepted"]), report["duplicates"], len(report["rejected"])) == (
        2053,
        2000,
        29,
        24,
    )
    assert report["columns"][2] == {"name": "Email address", "field": "email"}
    assert report["accepted"][0] == {
        "row": 2, "email": "priya.strau@partner.example.org", "name": "Priya Strauß", "office": "Milano",
        "cost_centre": "CC-163", "new_to_ml": False, "new_to_aws": True, "extra": {},
    }  # fmt: skip
    assert report["rejected"][0] == {
        "row": 9, "column": "Email address", "value": "dot..dot@corp.example.com",
        "reason": "An address has no two dots in a row: correct the address, or delete the row.",
    }  # fmt: skip


def test_the_service_rule_marks_rows_in_the_report(capfdbinary) -> None:
    assert main(["check", str(ROSTERS / "hr-2000.csv"), "--json", "--service", "on_aws"]) == 0
    report = json.loads(capfdbinary.readouterr().out)
    assert sum("service_refusal" in row for row in report["accepted"]) == 117


def test_the_mapping_can_be_corrected_on_the_command_line(capfdbinary, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("Work,Home\na@example.com,b@example.com\n", encoding="utf-8")
    assert main(["check", str(file), "--json", "--map", "email=Home"]) == 0
    assert json.loads(capfdbinary.readouterr().out)["accepted"][0]["email"] == "b@example.com"


def test_without_json_a_person_reads_counts_columns_and_rows(capfdbinary) -> None:
    assert main(["check", str(ROSTERS / "forms-export.xlsx")]) == 0
    text = capfdbinary.readouterr().out.decode("utf-8")
    assert "50 rows, 48 accepted, 0 duplicates, 2 rejected" in text
    assert "Your corporate email -> email" in text
    assert "row 9, Your corporate email: ''. The cell holds a formula without a saved result" in text


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("missing.csv", None, "cannot be opened (No such file or directory): check its name and folder."),
        ("empty.csv", b"", "The file is empty"),
        ("list.pdf", b"%PDF-1.4", "This is a PDF document"),
        ("large.csv", b"a@example.com\n" * 400_000, "larger than 5 MB"),
    ],
)
def test_an_unreadable_list_is_exit_code_2_and_one_line(name, content, words, capfdbinary, tmp_path: Path) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    assert main(["check", str(file), "--json"]) == 2
    output = capfdbinary.readouterr()
    assert output.out == b""
    lines = output.err.decode("utf-8").splitlines()
    assert len(lines) == 1
    assert words in lines[0]


def test_a_folder_or_an_impossible_name_is_one_line_too(capfdbinary, tmp_path: Path) -> None:
    assert main(["check", str(tmp_path)]) == 2
    assert main(["check", "a\0b"]) == 2
    assert len(capfdbinary.readouterr().err.splitlines()) == 2


def test_names_reach_a_console_that_cannot_show_them() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deepracer_admin.roster_command", "check", str(ROSTERS / "hostile-names.csv"), "--json"],
        cwd=ROSTERS.parents[2],
        env={"PYTHONIOENCODING": "ascii", "PATH": ""},
        capture_output=True,
        check=True,
        timeout=300,
    )
    assert json.loads(done.stdout)["accepted"][5]["name"] == "\u202eevil"


def test_status_words_lists_and_the_order_of_names_can_be_corrected_on_the_command_line(
    capfdbinary, tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    file.write_text(
        "Name,Email,Status\nRossi Anna,anna@example.com,denied\nBerg Bo,bo@example.com,maybe\n\n"
        "Staff,,\nName,Email,Status\nYoung Cy,cy@example.com,approved\n",
        encoding="utf-8",
    )
    words = ["--let-in", "denied", "--keep-out", "maybe", "--leave-table", "6", "--family-first"]
    assert main(["check", str(file), "--json", *words]) == 0
    report = json.loads(capfdbinary.readouterr().out)
    assert [row["name"] for row in report["accepted"]] == ["Anna Rossi"]
    assert [out["row"] for out in report["left_out"]] == [3, 7]


def test_a_line_below_nought_is_refused_with_a_sentence(capsys, tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main(["check", str(tmp_path / "list.csv"), "--header-row", "-3"])
    assert "a line is a whole number" in capsys.readouterr().err
