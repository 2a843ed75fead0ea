"""The calendar file as a calendar program reads it: whole lines, stable identities, numbers that grow with changes."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.model import Event, Quota, Race, RaceDraft
from deepracer_admin.rules.calendar import Entry, calendar_file, folded, revised

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
EVENT = Event(
    "ev-1", "Autumn Cup", NOW, NOW + 5 * DAY, "Europe/Rome", 9, 0.0, Quota(60, 1), portal_url="https://x.example/a?b=1"
)
FINAL = Race("r-1", RaceDraft("Final; the last, really", "t", NOW + DAY, NOW + 2 * DAY))
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=300)


def read(file: bytes) -> list[dict[str, str]]:
    """Properties of each entry, read as RFC 5545 says: lines unfolded (3.1), text unescaped (3.3.11)."""
    assert file.endswith(b"\r\n")
    lines = file.decode().replace("\r\n ", "").removesuffix("\r\n").split("\r\n")
    assert (lines[0], lines[1], lines[-1]) == ("BEGIN:VCALENDAR", "VERSION:2.0", "END:VCALENDAR")
    entries: list[dict[str, str]] = []
    for line in lines:
        name, colon, value = line.partition(":")
        assert colon, line
        assert re.fullmatch(r"[A-Z-]+", name), line
        if line == "BEGIN:VEVENT":
            entries.append({})
        elif entries and not line.startswith("END:"):
            assert name not in entries[-1], "each stands once"
            entries[-1][name] = re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], value)
    return entries


def entries_of(kept: dict[str, Entry], *races: Race, event: Event = EVENT, at: datetime = NOW) -> dict[str, Entry]:
    return revised(kept, event, races, (), now=at)


def test_the_event_and_its_races_stand_in_it_with_their_times_in_utc() -> None:
    first, second = read(calendar_file(entries_of({}, FINAL).values(), "Autumn Cup"))
    assert first["SUMMARY"] == "Autumn Cup"
    assert (first["DTSTART"], first["DTEND"]) == ("20261123T090000Z", "20261128T090000Z")
    assert second["SUMMARY"] == "Final; the last, really (Autumn Cup)"
    assert second["DESCRIPTION"] == "Submit a model before it closes.\nSign in: https://x.example/a?b=1"
    assert {entry["SEQUENCE"] for entry in (first, second)} == {"0"}
    assert {entry["STATUS"] for entry in (first, second)} == {"CONFIRMED"}
    assert first["UID"] != second["UID"]
    assert "ev-1" not in first["UID"]
    assert "r-1" not in second["UID"]


def test_taken_again_it_is_the_same_file() -> None:
    kept = entries_of({}, FINAL)
    again = entries_of(kept, FINAL, at=NOW + DAY)
    assert calendar_file(again.values(), "x") == calendar_file(kept.values(), "x")


def test_a_change_keeps_the_identity_and_raises_the_number_of_that_entry_alone() -> None:
    kept = entries_of({}, FINAL)
    later = replace(FINAL, draft=replace(FINAL.draft, closes_at=NOW + 3 * DAY))
    event, race = read(calendar_file(entries_of(kept, later, at=NOW + DAY).values(), "x"))
    assert (event["SEQUENCE"], event["DTSTAMP"]) == ("0", "20261123T090000Z")
    assert (race["SEQUENCE"], race["DTSTAMP"]) == ("1", "20261124T090000Z")
    assert race["UID"] in kept


def test_a_race_that_is_gone_is_cancelled_once_and_comes_back_with_a_higher_number() -> None:
    kept = entries_of({}, FINAL)
    gone = entries_of(kept)
    assert entries_of(gone, at=NOW + DAY) == gone
    race = read(calendar_file(gone.values(), "x"))[1]
    assert (race["STATUS"], race["SEQUENCE"]) == ("CANCELLED", "1")
    back = read(calendar_file(entries_of(gone, FINAL).values(), "x"))[1]
    assert (back["STATUS"], back["SEQUENCE"]) == ("CONFIRMED", "2")


def test_races_that_were_not_read_are_not_cancelled() -> None:
    kept = entries_of({}, FINAL)
    assert revised(kept, EVENT, None, (), now=NOW + DAY) == kept


def test_races_of_other_people_stand_in_it_only_where_nobody_knows_whose_they_are() -> None:
    other = replace(FINAL, id="r-2")
    long_ago = replace(FINAL, id="r-3", draft=replace(FINAL.draft, opens_at=NOW - 9 * DAY, closes_at=NOW - 8 * DAY))
    assert len(revised({}, EVENT, [FINAL, other, long_ago], (), now=NOW)) == 3
    assert len(revised({}, EVENT, [FINAL, other, long_ago], {"r-1"}, now=NOW)) == 2


@given(TEXT)
def test_no_line_is_longer_than_75_octets_and_unfolded_it_is_as_it_was(text: str) -> None:
    line = "SUMMARY:" + text.replace("\r", "").replace("\n", "")
    parts = folded(line).split("\r\n ")
    assert all(len(part.encode()) <= 75 - (number > 0) for number, part in enumerate(parts))
    assert "".join(parts) == line


@given(TEXT, TEXT)
def test_whatever_an_event_is_called_the_file_stays_one(name: str, race: str) -> None:
    event = replace(EVENT, name=name, portal_url="")
    found = read(
        calendar_file(entries_of({}, replace(FINAL, draft=replace(FINAL.draft, name=race)), event=event).values(), name)
    )
    assert len(found) == 2
    seen = re.sub(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029]", "", name.replace("\r\n", "\n").replace("\r", "\n"))
    assert found[0]["SUMMARY"] == seen


@given(st.lists(st.sampled_from(["same", "later", "gone", "unread"]), max_size=12))
def test_numbers_never_fall_and_identities_never_change(steps: list[str]) -> None:
    kept, uids = entries_of({}, FINAL), {*entries_of({}, FINAL)}
    for number, step in enumerate(steps, start=1):
        moved = replace(FINAL, draft=replace(FINAL.draft, closes_at=NOW + 2 * DAY + number * timedelta(hours=1)))
        races = {"same": [FINAL], "later": [moved], "gone": [], "unread": None}[step]
        after = revised(kept, EVENT, races, (), now=NOW + number * DAY)
        assert {*after} == uids
        assert all(after[uid].sequence - kept[uid].sequence == (after[uid] != kept[uid]) for uid in uids)
        kept = after
