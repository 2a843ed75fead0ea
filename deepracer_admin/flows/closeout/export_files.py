"""The files that the close-out saves before anything is deleted: standings of each race, and usage by person."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deepracer_admin.counted import counted
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.readings.profiles import linked_profiles, read_profiles
from deepracer_admin.model import Event, Job, Lease
from deepracer_admin.private import open_private, private_folder
from deepracer_admin.rules.standings import board, standings_digest
from deepracer_admin.rules.tabular import inert_csv

__all__ = ["export"]


def export(ports: Ports, event: Event, job: Job, lease: Lease) -> str:
    folder = ports.home / "exports" / event.id
    private_folder(folder)
    mark = ["REHEARSAL"] if ports.rehearsal else []
    files = 0
    for race in ports.store.races(event.id)[0]:
        rows, _ = ports.history.standings(event.id, race.id)
        lines = [[r.rank, r.alias, r.score_ms, r.best_lap_ms, r.submissions, *mark] for r in board(rows)]
        _write(
            folder / f"standings-{race.id}.csv",
            lines,
            ["Rank", "Alias", "Score (ms)", "Best lap (ms)", "Submissions", *mark],
        )
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
                profile.model_count,
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
    digests = [
        standings_digest(ports.history.standings(event.id, race.id)[0])[:12] for race in ports.store.races(event.id)[0]
    ]
    return f"{counted(files + 1, 'file')} saved; standings digests {', '.join(digests) or 'none'}."


def _write(path: Path, rows: Sequence[Sequence[Any]], columns: Sequence[str]) -> None:
    part = path.with_suffix(".part")
    with open(part, "wb", opener=open_private) as file:
        file.write(inert_csv(rows, columns))
    part.replace(path)
