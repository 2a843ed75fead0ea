"""What taking registered people in means for the event's list: a plan as of a list with one row each. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deepracer_admin.model import Attendee
from deepracer_admin.model.registrations import Portal, QuestionKind, Registration
from deepracer_admin.rules.roster import RosterRow
from deepracer_admin.rules.roster.plan import Change, PlanEntry, plan_import

__all__ = ["entries_of"]


def entries_of(
    portal: Portal,
    accepted: Iterable[Registration],
    known: Mapping[str, Attendee],
    *,
    service_rule: str | None,
) -> list[PlanEntry]:
    """The plan of taking these people in: as of a list with one row each, and their answers beside it."""
    listed = [*accepted]
    text = {each.id: each.title for each in portal.questions if each.kind is QuestionKind.TEXT}
    chosen = {each.id: each.title for each in portal.questions if each.kind is not QuestionKind.TEXT}
    rows = [
        RosterRow(
            number,
            each.email,
            each.name,
            new_to_ml=each.new_to_ml,
            new_to_aws=each.new_to_aws,
            extra=_under(text, each.answers),
        )
        for number, each in enumerate(listed, start=1)
    ]
    wanted = {email: person for email, person in known.items() if person.wanted}
    plan = plan_import(rows, wanted, service_rule=service_rule)
    return [
        _with_answers(entry, _under(chosen, each.answers), known.get(each.email))
        for entry, each in zip(plan.entries, listed, strict=True)
    ]


def _under(titles: Mapping[str, str], answers: Mapping[str, str]) -> dict[str, str]:
    return {titles[question]: answer for question, answer in answers.items() if question in titles}


def _with_answers(entry: PlanEntry, answers: Mapping[str, str], person: Attendee | None) -> PlanEntry:
    before = dict(person.answers) if person else {}
    merged = {**before, **answers}
    change = Change.CHANGED if entry.change is Change.SAME and merged != before else entry.change
    return entry._replace(change=change, values={**entry.values, "answers": merged})
