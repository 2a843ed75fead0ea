"""Counts in sentences, and no sentence that forgets how."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deepracer_admin.counted import counted

ROOT = Path(__file__).resolve().parents[1]
PLURALS = (
    *("people", "profiles", "racers", "races", "mails", "models", "addresses", "rows", "checks", "files", "jobs"),
    *("hours", "minutes", "slots", "members", "others", "campaigns", "duplicates", "entries", "invitations"),
)
_FIXED = re.compile(r"\{[^{}]*\} (?:" + "|".join(PLURALS) + r")\b")
# Limits that are never one, a range that is counted above it, rates, matches of which there are two or more.
ALLOWED = ("limits.rows:,", "limits.columns", "least", "most", "rate:g", "whole(view.rate_per_minute)", "len(matches)",
           "self._limits.rows:,", "len(meant)", "len(found.others)", "word")  # fmt: skip


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 people are"), (1, "1 person is"), (2, "2 people are"), (1974, "1,974 people are")]
)
def test_a_noun_and_its_verb_follow_the_number(number: int, words: str) -> None:
    assert counted(number, "person is", "people are") == words


def test_an_s_is_added_where_nothing_else_is_said() -> None:
    assert [counted(number, "race") for number in (0, 1, 2)] == ["0 races", "1 race", "2 races"]


def test_no_sentence_writes_a_plural_after_a_number_of_its_own() -> None:
    folders = [ROOT / "pages", *(path for path in (ROOT / "deepracer_admin").iterdir() if path.name != "rehearsal")]
    files = [file for folder in folders for file in ([folder] if folder.suffix == ".py" else folder.rglob("*.py"))]
    found = [
        f"{file.relative_to(ROOT)}: {hit}"
        for file in files
        for hit in _FIXED.findall(file.read_text("utf-8"))
        if not any(hit.startswith(f"{{{allowed}}}") for allowed in ALLOWED)
    ]
    assert found == []
