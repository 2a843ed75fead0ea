"""The files that the close-out saves before anything is deleted: standings of each race, and usage by person."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deepracer_admin.counted import counted
from deepracer_admin.flows.closeout.freeze_boards import hold
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.races.board_marks import BoardMarks, read_marks
from deepracer_admin.flows.readings.profiles import linked_profiles, read_profiles
from deepracer_admin.model import Event, Job, Lease, Standing
from deepracer_admin.private import open_private, private_folder
from deepracer_admin.records.boards import FROZEN_BOARDS
from deepracer_admin.rules.quotas import NOT_READ
from deepracer_admin.rules.standings import board, standings_digest
from deepracer_admin.rules.tabular import inert_csv
from deepracer_admin.store.event_copies import keep_copy

__all__ = ["HIDDEN", "export", "standing_lines"]

HIDDEN = "name hidden"


def export(ports: Ports, event: Event, job: Job, lease: Lease) -> str:
    folder = ports.home / "exports" / event.id
    private_folder(folder)
    mark = ["REHEARSAL"] if ports.rehearsal else []
    files, digests = 0, list[str]()
    unclear: list[str] = []
    races = ports.store.races(event.id)[0]
    hold(ports, event, [race.id for race in races], lease)  # also where the last results were not waited for
    for race in races:
        rows = _final(ports, event.id, race.id)
        marks = read_marks(ports.store, event.id, race.id, rows)
        lines = [[*line, *mark] for line in standing_lines(rows, marks)]
        columns = ["Rank", "Alias", "Score (ms)", "Best lap (ms)", "Submissions", "Note"]
        _write(folder / f"standings-{race.id}.csv", lines, [*columns, *mark])
        digests.append(standings_digest(rows)[:12])
        unclear += [f"{race.draft.name}: {each}" for each in marks.unclear]
        files += 1
    profiles = read_profiles(ports, event, lease)
    earlier = ports.history.used_before_reset(event.id)
    people = {person.id: person for person in ports.store.attendees(event.id)}
    owners = {link.profile: people.get(link.attendee) for link in ports.store.links(event.id).values()}
    lines = []
    for profile in linked_profiles(ports, event, profiles):
        person = owners.get(profile.id)
        hours = (profile.minutes_used + earlier.get(profile.id, 0.0)) / 60
        lines.append(
            [
                person.name if person else "",
                person.email if person else profile.email,
                profile.alias,
                person.office if person else "",
                person.cost_centre if person else "",
                round(hours, 3),
                round(hours * event.prices.per_hour, 2),
                NOT_READ if profile.model_count is None else profile.model_count,
                *mark,
            ]
        )
    columns = [
        "Name",
        "Email",
        "Alias",
        "Office",
        "Cost centre",
        "Hours used",
        "Spend (USD, estimate)",
        "Models",
        *mark,
    ]
    _write(folder / "usage.csv", lines, columns)
    said = f"{counted(files + 1, 'file')} saved; standings digests {', '.join(digests) or 'none'}."
    copy = keep_copy(ports.store, ports.history, ports.home, event.id, now=ports.clock.now(), why="closing")
    kept = f"A copy of the event was kept as {copy.name} before anything is deleted."
    return " ".join([said, kept, *unclear])


def _final(ports: Ports, event: str, race: str) -> Sequence[Standing]:
    """As the race's board shows them: where it was held still, as they were at that time."""
    frozen = ports.store.row(event, FROZEN_BOARDS, race)
    if frozen is not None:
        return ports.history.standings_before(event, race, frozen.at)
    return ports.history.standings(event, race)[0]


def standing_lines(rows: Sequence[Standing], marks: BoardMarks) -> list[list[Any]]:
    """The board as it was shown, then whom it left out: without a rank, with the reason. Hidden names stay hidden."""
    shown = board(rows, hidden=marks.hidden, disqualified=marks.disqualified)
    lines: list[list[Any]] = [
        [line.rank, line.alias, line.score_ms, line.best_lap_ms, line.submissions, HIDDEN if line.hidden else ""]
        for line in shown
    ]
    for line in board(rows, hidden=marks.hidden):
        if line.racer.id in marks.disqualified:
            reasons = {marks.kept[key].disqualified for key in marks.of[line.racer.id]} - {""}
            note = f"disqualified: {'; '.join(sorted(reasons))}{f' ({HIDDEN})' if line.hidden else ''}"
            alias = "(hidden)" if line.hidden else line.alias
            lines.append(["", alias, line.score_ms, line.best_lap_ms, line.submissions, note])
    return lines


def _write(path: Path, rows: Sequence[Sequence[Any]], columns: Sequence[str]) -> None:
    part = path.with_suffix(".part")
    with open(part, "wb", opener=open_private) as file:
        file.write(inert_csv(rows, columns))
    part.replace(path)
