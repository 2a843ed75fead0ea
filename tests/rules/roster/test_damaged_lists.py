"""Damaged lists give the clean one, or say what is wrong: nobody is invented, swapped, garbled or lost in silence."""

from __future__ import annotations

import pytest

from deepracer_admin.rules.roster.check import check
from tests.rules.roster.damaged_files import KIND_OF, damaged
from tests.rules.roster.damaged_lists import WAYS, Damaged

FILES_OF_A_KIND = 16


def faults_of(file: Damaged) -> list[str]:
    found = check(file.raw, filename="list", service_rule="on_aws")
    said = " ".join([
        *(f"row {bad.row} {bad.value} {bad.reason}" for bad in found.rejected),
        *(f"row {out.row} {out.value} {out.reason}" for out in found.left_out),
        *found.warnings,
    ])  # fmt: skip
    accepted = {row.email: row.name for row in found.accepted}
    expected = dict(file.people)
    faults = [f"{email} was invented" for email in accepted if email not in expected]
    faults += [f"{email} was lost" for email in expected if email not in accepted]
    # A few letters do not always tell an old encoding; then the right reading is offered beside the likelier one.
    offered = {sample for candidate in found.candidates for sample in candidate.samples}
    faults += [
        f"{email} is {accepted[email]!r}, not {name!r}"
        for email, name in expected.items()
        if email in accepted and accepted[email] != name and name not in offered
    ]
    faults += [f"nothing is said about {word}" for word in file.away if word not in said]
    whole = len(accepted) + len(found.duplicates) + len(found.rejected) + len(found.left_out)
    if found.rows + found.further_people != whole:
        faults.append(f"{found.rows} rows and {found.further_people} people more, {whole} accounted for")
    return faults


@pytest.mark.parametrize("way", WAYS)
def test_a_damaged_list_gives_the_clean_one_or_says_what_is_wrong(way: str) -> None:
    for number in range(FILES_OF_A_KIND):
        file = damaged(way, number)
        assert faults_of(file) == [], file.raw[:2_000]


def test_there_are_files_enough_and_of_every_kind() -> None:
    assert FILES_OF_A_KIND * len(WAYS) >= 900
    assert KIND_OF.keys() == WAYS.keys()
    assert set(KIND_OF.values()) == set("ABCDEFGHIJKLMNOPQR")
