"""Test material by others: each file imports, or ends in a sentence that names row and column.

The corpora are not part of the repository; they are looked for in `shared/data/corpora` beside it, or where the
environment's SHARED_DATA says that `data` is.
"""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from deepracer_admin.rules.roster import Limits
from deepracer_admin.rules.roster.addresses import AddressJudge
from deepracer_admin.rules.roster.check import check
from deepracer_admin.rules.roster.people import display_name
from deepracer_admin.rules.roster.reading import read_list

ROOT = Path(__file__).resolve().parents[3]
CORPORA = Path(os.environ.get("SHARED_DATA") or ROOT.parent / "shared" / "data") / "corpora"
pytestmark = pytest.mark.skipif(not CORPORA.is_dir(), reason="the corpora do not lie beside the repository (../shared)")

MOST_SECONDS, MOST_MB = 5, 200  # the corpora's own rule for an importer; of processor time, so that load does not count

# Runs every file named on standard input; says what came of it, how long it took and the process's peak so far.
IMPORTER = """
import json, sys, time, traceback
from pathlib import Path
from deepracer_admin.rules.roster import UnreadableRoster
from deepracer_admin.rules.roster.check import check
try:
    status = Path("/proc/self/status")  # where there is one: ru_maxrss also knows the parent before its exec
    status.read_text()
    peak = lambda: int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
except OSError:
    try:
        import resource
        unit = 1024 * 1024 if sys.platform == "darwin" else 1024
        peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    except ImportError:
        peak = lambda: 0.0
for name in sys.stdin.read().splitlines():
    raw, start, report = Path(name).read_bytes(), time.process_time(), {"name": name}
    try:
        report |= check(raw, filename=Path(name).name).as_json()
    except UnreadableRoster as unreadable:
        report["sentence"] = unreadable.sentence
    except BaseException:
        report["traceback"] = traceback.format_exc()
    print(json.dumps(report | {"seconds": time.process_time() - start, "mb": peak()}), flush=True)
"""


@pytest.fixture(scope="module")
def reports() -> dict[str, dict]:
    """What came of each file, by its path under the corpora."""
    files = sorted(
        str(path)
        for folder in ("messytables", "csv-spectrum/csvs")
        for path in (CORPORA / folder).iterdir()
        if path.is_file()
    )
    assert len(files) == 33 + 11
    done = subprocess.run(
        [sys.executable, "-c", IMPORTER],
        input="\n".join(files),
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=MOST_SECONDS * len(files),
        check=True,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [report["name"] for report in found] == files
    return {str(Path(report["name"]).relative_to(CORPORA).as_posix()): report for report in found}


def test_each_file_imports_or_says_why_without_a_traceback(reports: dict[str, dict]) -> None:
    assert {name: report["traceback"] for name, report in reports.items() if "traceback" in report} == {}
    for name, report in reports.items():
        if "sentence" in report:
            assert report["sentence"].endswith("."), name
            assert "\n" not in report["sentence"], name
            continue
        parts = len(report["accepted"]) + report["duplicates"] + len(report["rejected"]) + len(report["left_out"])
        assert report["rows"] == parts, name
        for bad in report["rejected"]:
            assert bad["row"] >= 1, name
            assert bad["column"], name
            assert bad["reason"].endswith("."), name


def test_each_file_keeps_to_the_time_and_memory_of_the_corpora(reports: dict[str, dict]) -> None:
    assert {name: report["seconds"] for name, report in reports.items() if report["seconds"] > MOST_SECONDS} == {}
    assert max(report["mb"] for report in reports.values()) < MOST_MB


def test_only_the_files_without_a_list_are_unreadable(reports: dict[str, dict]) -> None:
    sentences = {
        name.removeprefix("messytables/"): report["sentence"]
        for name, report in reports.items()
        if "sentence" in report
    }
    assert set(sentences) == {"encrypted_no_password.xls", "libreoffice.xlsx", "simple.unknown", "simple.zip"}
    assert "password" in sentences["encrypted_no_password.xls"]
    assert "no cells" in sentences["libreoffice.xlsx"]
    assert "is empty" in sentences["simple.unknown"]
    assert "compressed file" in sentences["simple.zip"]


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("spanish_chars.csv", "encoding", "cp1252"), ("utf-16le_encoded.csv", "encoding", "utf-16"),
        ("utf8bom.csv", "encoding", "utf-8-sig"), ("simple.psv", "delimiter", "|"), ("simple.ssv", "delimiter", ";"),
        ("example.tsv", "delimiter", "\t"), ("long.csv", "delimiter", None), ("excel_pasting.csv", "header_row", 4),
        ("mixedGLB.csv", "header_row", 4), ("simple.xls", "rows", 6), ("simple.ods", "rows", 3),
        ("long.csv", "rows", 4000),
    ],
)  # fmt: skip
def test_the_form_of_messy_tables_is_told(reports: dict[str, dict], name: str, key: str, value: object) -> None:
    assert reports[f"messytables/{name}"][key] == value


SPECTRUM = sorted((CORPORA / "csv-spectrum" / "csvs").glob("*.csv"))


@pytest.mark.parametrize("path", SPECTRUM, ids=lambda path: path.stem)
def test_csv_spectrum_gives_exactly_its_cells(path: Path) -> None:
    expected = json.loads((CORPORA / "csv-spectrum" / "json" / f"{path.stem}.json").read_text(encoding="utf-8"))
    grid = read_list(path.read_bytes(), limits=Limits()).grid
    header, *rows = [grid.record(place) for place in range(grid.height)]
    assert [dict(zip(header, row, strict=True)) for row in rows] == expected


# Where our verdict is not isemail's, and why. isemail calls valid what mail can be sent to today (VALID, DNSWARN).
DEVIATIONS = {
    "test@io": "a bare top-level domain takes no mail in practice, and here it is a typing error",
}


def isemail_cases() -> list[tuple[str, bool]]:
    cases = []
    for case in ElementTree.parse(CORPORA / "isemail" / "tests.xml").getroot().findall("test"):  # noqa: S314 (our own copy)
        address = case.findtext("address") or ""
        address = "".join(chr(ord(letter) - 0x2400) if "\u2400" <= letter <= "\u2420" else letter for letter in address)
        cases.append((address, case.findtext("category") in ("ISEMAIL_VALID_CATEGORY", "ISEMAIL_DNSWARN")))
    return cases


def test_isemail_agrees_but_for_the_listed_deviations() -> None:
    cases = isemail_cases()
    assert len(cases) == 164
    judge = AddressJudge()
    assert {address for address, is_valid in cases if (judge.problem(address) is None) != is_valid} == set(DEVIATIONS)


def naughty_strings() -> list[str]:
    strings = json.loads((CORPORA / "blns" / "blns.json").read_text(encoding="utf-8"))
    assert len(strings) == 515
    return strings


def table(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([["Name", "Email"], *rows])
    return out.getvalue().encode("utf-8", errors="surrogatepass")


def test_naughty_names_are_data_and_every_row_is_accepted() -> None:
    rows = [[text, f"racer{number}@example.com"] for number, text in enumerate(naughty_strings())]
    found = check(table(rows), filename="blns.csv")
    assert [row.email for row in found.accepted] == [email for _, email in rows]
    assert not any(set(row.name) & set("\x00\x07\x1b\n\r") for row in found.accepted)
    assert not any("\u202e" in display_name(row.name) for row in found.accepted)


def test_naughty_addresses_are_all_rejected_with_their_row() -> None:
    rows = [["Anna", text] for text in naughty_strings()]
    found = check(table(rows), filename="blns.csv")
    assert found.rows == len(found.rejected) == 515
    assert all(bad.column == "Email" and len(bad.value) <= 80 and bad.reason for bad in found.rejected)
