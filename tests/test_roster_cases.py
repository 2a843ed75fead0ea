"""Lists that other systems' users complained about, each against its answer, by `roster check` itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deepracer_admin import roster_command
from deepracer_admin.roster_command import main
from tests.files.read_here import ReadHere

CASES = Path(__file__).parent / "data" / "roster-cases"
NO_LISTS = {"expected.json", "headings.txt", "make.py"}
Report = dict[str, Any]


@pytest.fixture(autouse=True)
def _read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read in a child in test_roster_command.py."""
    monkeypatch.setattr(roster_command, "ChildProcessReader", ReadHere)


def files() -> list[Path]:
    return [path for path in sorted(CASES.glob("*/*")) if path.name not in NO_LISTS]


def expected_of(path: Path) -> dict[str, Any]:
    return json.loads((path.parent / "expected.json").read_text(encoding="utf-8"))["expected"]


def told(report: Report) -> str:
    """Everything that the report says about rows and the whole, as text."""
    return json.dumps([report["rejected"], report["left_out"], report["warnings"]], ensure_ascii=False)


def accepted(report: Report) -> list[list[str]]:
    return [[row["email"], row["name"]] for row in report["accepted"]]


def emails(report: Report) -> list[str]:
    return [row["email"] for row in report["accepted"]]


CHECKS: dict[str, Callable[[Report, Any], bool]] = {
    "rows": lambda report, wanted: report["rows"] == wanted,
    "duplicates": lambda report, wanted: report["duplicates"] == wanted,
    "rejected": lambda report, wanted: report["rejected"] == wanted,
    "delimiter": lambda report, wanted: report["delimiter"] == wanted,
    "sheet": lambda report, wanted: report["sheet"] == wanted,
    "accepted": lambda report, wanted: accepted(report) == wanted,
    "accepted_emails": lambda report, wanted: emails(report) == wanted,
    "accepted_emails_or_warning": lambda report, wanted: sorted(emails(report)) == sorted(wanted),
    "accepted_or_warning": lambda report, wanted: all(person in accepted(report) for person in wanted),
    "accepted_or_reason_names": lambda report, wanted: wanted in emails(report) or wanted in told(report),
    "must_warn_about": lambda report, wanted: any(wanted in warning for warning in report["warnings"]),
    "rejected_reason_names": lambda report, wanted: all(wanted in bad["reason"] for bad in report["rejected"]),
    "not_accepted": lambda report, wanted: not set(wanted) & set(emails(report)),
    "must_name": lambda report, wanted: (
        wanted in told(report) or wanted in [f"row {bad['row']}" for bad in report["rejected"]]
    ),
    "cost_centre": lambda report, wanted: [row["cost_centre"] for row in report["accepted"]] == [wanted],
}
# Their answer is a sentence that names the kind; the people in them are read where somebody says that they are wanted.
READ_ALL_THE_SAME = {
    "attendees.json": [["anna@example.com", "Anna Rossi"], ["bo@example.com", "Bo Berg"]],
    **{name: [["anna@example.com", "Anna"]] for name in ("div.xls", "style.xls", "utf16.xls")},
}
BOUNDS = {"max_seconds", "max_mb"}  # held by tests/files/test_hostile.py for these files, too
ENDS = {"exit", "sentence_names"}


@pytest.mark.parametrize("path", files(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_case_gives_the_right_people_or_says_what_is_wrong(path: Path, capfdbinary) -> None:
    expected = expected_of(path)
    code = main(["check", str(path), "--json"])
    output = capfdbinary.readouterr()
    if code != 0:
        sentence = output.err.decode("utf-8")
        assert (code, len(sentence.splitlines())) == (2, 1)
        assert "exit" in expected or set(expected) <= BOUNDS
        assert expected.get("sentence_names", "") in sentence
        if path.name in READ_ALL_THE_SAME:
            assert "--any-kind" in sentence
            assert main(["check", str(path), "--json", "--any-kind"]) == 0
            report = json.loads(capfdbinary.readouterr().out)
            assert accepted(report) == READ_ALL_THE_SAME[path.name]
            assert expected["sentence_names"] in told(report)
        return
    report = json.loads(output.out)
    assert "exit" not in expected
    failed = [key for key in expected if key not in BOUNDS and not CHECKS[key](report, expected[key])]
    assert failed == [], report
    whole = len(report["accepted"]) + report["duplicates"] + len(report["rejected"]) + len(report["left_out"])
    assert report["rows"] + report.get("further_people", 0) == whole


def test_a_qualified_heading_never_beats_a_plain_one_nor_stands_for_it_alone(capfdbinary, tmp_path: Path) -> None:
    headings = (CASES / "A4-qualified-heading-first" / "headings.txt").read_text(encoding="utf-8").splitlines()
    assert len(headings) == 13
    file = tmp_path / "list.csv"
    others = ",".join(f"other{number}@example.com" for number in range(13))
    file.write_text(f"{','.join(headings)},Name,Email\n{others},Anna Rossi,anna@example.com\n", encoding="utf-8")
    assert main(["check", str(file), "--json"]) == 0
    assert accepted(json.loads(capfdbinary.readouterr().out)) == [["anna@example.com", "Anna Rossi"]]
    file.write_text(f"{','.join(headings)},Name\n{others},Anna Rossi\n", encoding="utf-8")
    assert main(["check", str(file), "--json"]) == 0
    report = json.loads(capfdbinary.readouterr().out)
    assert report["accepted"] == []
    assert "columns of other people" in report["rejected"][0]["reason"]


def test_every_expectation_is_checked() -> None:
    known = set(CHECKS) | BOUNDS | ENDS
    assert {key for path in files() for key in expected_of(path)} <= known


def test_what_is_left_out_can_be_let_in(capfdbinary) -> None:
    for name, word, count in (("C1-zoom-approval-status/registration.csv", "declined", 3),
                              ("F3-filtered-rows/list.xlsx", "hidden", 3)):  # fmt: skip
        assert main(["check", str(CASES / name), "--json"]) == 0
        assert len(json.loads(capfdbinary.readouterr().out)["accepted"]) == count - 1
        assert main(["check", str(CASES / name), "--json", "--include", word]) == 0
        report = json.loads(capfdbinary.readouterr().out)
        assert (len(report["accepted"]), report["left_out"]) == (count, [])


def test_a_line_of_words_is_read_in_a_moment(capfdbinary, tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("To: anna@example.com," + "word," * 40_000, encoding="utf-8")
    assert main(["check", str(file), "--json"]) == 0
    assert emails(json.loads(capfdbinary.readouterr().out)) == ["anna@example.com"]
