"""The report's figures as tables for spreadsheets: inert, one file a table, plain numbers with their unit. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from deepracer_admin.clock import iso
from deepracer_admin.rules.report.figures import Figures
from deepracer_admin.rules.report.words import words
from deepracer_admin.rules.tabular import inert_csv

__all__ = ["report_tables"]


def report_tables(found: Figures, language: str, *, rehearsal: bool) -> dict[str, bytes]:
    """File name -> CSV."""
    say = words(language)
    mark = [say("rehearsal")] if rehearsal else []

    def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
        return inert_csv([[*row, *mark] for row in rows], [*columns, *mark])

    spent = found.spent
    summary: list[tuple[str, object, str]] = [
        (f"{say('people')} {say('on_list')}", found.people, ""),
        (say("registered"), found.registered, ""),
        (say("active"), found.active if spent else None, ""),
        (say("hours"), round(spent.hours, 3) if spent else None, "h"),
        (say("spend"), round(spent.usd, 2) if spent else None, "USD"),
        (say("bill"), round(found.billed.usd, 2) if found.billed else None, "USD"),
        (say("budget"), found.event.budget_usd, "USD"),
        (say("per_active"), None if found.per_active is None else round(found.per_active, 2), "USD"),
        (say("new_ml"), found.new_to_ml.yes, f"{say('of')} {found.new_to_ml.answered}"),
        (say("new_aws"), found.new_to_aws.yes, f"{say('of')} {found.new_to_aws.answered}"),
        (say("trained"), found.learning.trained, ""),
        (say("submitted"), found.learning.submitted, ""),
        (say("improved"), found.learning.improved, f"{say('of')} {found.learning.raced}"),
        (say("bounced"), found.bounced, ""),
        (f"{say('hours').capitalize()}, {say('as_of')}", iso(found.as_of) if found.as_of else None, "UTC"),
    ]
    what, number = say("what"), say("number")
    return {
        "summary.csv": table([what, number, "unit"], summary),
        "funnel.csv": table([say("step"), number], [(say.step(step), each) for step, each in found.funnel]),
        "cost-centres.csv": table(
            [say("centre"), say("profiles"), say("active"), say("hours"), f"{say('spend')} USD", say("per_active")],
            [
                (
                    centre.name or say("none"),
                    centre.profiles,
                    centre.active,
                    round(centre.spent.hours, 3),
                    round(centre.spent.usd, 2),
                    None if centre.per_active is None else round(centre.per_active, 2),
                )
                for centre in found.centres
            ],
        ),
        "podiums.csv": table(
            [say("race"), say("rank"), say("racer"), f"{say('time')} (ms)"],
            [(podium.race, *place) for podium in found.podiums for place in podium.places],
        ),
        "submissions-per-day.csv": table([say("day"), say("submissions")], [(str(day), n) for day, n in found.per_day]),
        "incidents.csv": table(
            [say("when"), what, say("over")],
            [
                (
                    iso(alarm.since) if alarm.since else None,
                    say.incident(alarm),
                    alarm.cleared_at is not None,
                )
                for alarm in found.incidents
            ],
        ),
    }
