"""Small lists as other systems and people write them, each with the answer that a careful colleague would give.

`tests/data/list-cases/*.toml`: `file` is the text (`encoding` how it is written, UTF-8 else). Of the answer, `accepted`
is everybody in order ([address, name]), `accepted_emails` addresses alone, `holds` people among others, `rejected` and
`left_out` rows, `duplicates` and `further_people` counts, `says` what must stand in warnings or reasons, `never` who
must not be accepted, `refused` a word of the sentence that refuses the file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deepracer_admin.rules.roster import RosterCheck, UnreadableRoster
from deepracer_admin.rules.roster.check import check

__all__ = ["CASES", "KINDS", "faults_of", "told"]

FOLDER = Path(__file__).parents[2] / "data" / "list-cases"


def _cases() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"]:
            name = f"{path.stem.partition('-')[0]}: {case['title']}"
            assert name not in found, name
            found[name] = case
    return found


CASES = _cases()
KINDS = {part for path in FOLDER.glob("*.toml") for part in path.stem.split("-") if len(part) == 1}


def told(found: RosterCheck) -> str:
    """Everything that is said about the list and its rows."""
    return "\n".join([
        *(f"row {bad.row} {bad.value} {bad.reason}" for bad in found.rejected),
        *(f"row {out.row} {out.value} {out.reason}" for out in found.left_out),
        *found.warnings,
    ])  # fmt: skip


ANSWERS: dict[str, Callable[[RosterCheck], Any]] = {
    "accepted": lambda found: [[row.email, row.name] for row in found.accepted],
    "accepted_emails": lambda found: [row.email for row in found.accepted],
    "rejected": lambda found: [bad.row for bad in found.rejected],
    "left_out": lambda found: [out.row for out in found.left_out],
    "duplicates": lambda found: len(found.duplicates),
    "rows": lambda found: found.rows,
    "further_people": lambda found: found.further_people,
    "delimiter": lambda found: found.delimiter,
    "encoding": lambda found: found.encoding,
    "offices": lambda found: [row.office for row in found.accepted],
}


def faults_of(case: dict[str, Any], raw: bytes | None = None) -> list[str]:
    """What is not as the case wants it."""
    raw = case["file"].encode(case.get("encoding_written", "utf-8")) if raw is None else raw
    try:
        found = check(raw, filename="list", **case.get("options", {}))
    except UnreadableRoster as refused:
        return [] if case.get("refused", "\0") in refused.sentence else [f"refused: {refused.sentence}"]
    if "refused" in case:
        return ["was not refused"]
    faults = [f"{key}: {answer(found)}, not {case[key]}" for key, answer in ANSWERS.items()
              if key in case and answer(found) != case[key]]  # fmt: skip
    people = [[row.email, row.name] for row in found.accepted]
    faults += [f"{person} is not accepted: {people}" for person in case.get("holds", ()) if person not in people]
    said = told(found)
    faults += [f"nothing is said about {word}: {said}" for word in case.get("says", ()) if word not in said]
    emails = {row.email for row in found.accepted}
    faults += [f"{email} was accepted" for email in case.get("never", ()) if email in emails]
    whole = len(found.accepted) + len(found.duplicates) + len(found.rejected) + len(found.left_out)
    if found.rows + found.further_people != whole:
        faults.append(f"{found.rows} rows, {whole} accounted for")
    return faults
