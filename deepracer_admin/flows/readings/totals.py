"""Totals of an event from what is stored: one answer for the pages, the screens of a hall and the budget."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from deepracer_admin.model import UNLIMITED, Attendee, Event, UsageSample
from deepracer_admin.rules.quotas import quota_for
from deepracer_admin.rules.usage import WINDOWS_H, Totals, totals
from deepracer_admin.store import EventStore, History

__all__ = ["POINTS", "read_totals"]

POINTS = 200  # samples of a chart


def read_totals(
    store: EventStore, history: History, event: Event, *, default: str, series: Sequence[UsageSample] | None = None
) -> Totals | None:
    """None: no sample yet. `default`: the racing service of an event that names none; only DeepRacer on AWS is known to
    begin anew each month (deepracer-on-aws.md 2.3). `series`: the samples, when they were read already.
    """
    samples = history.usage(event.id, points=POINTS) if series is None else series
    if not samples:
        return None
    uses = history.profile_uses(event.id, since=samples[-1].at - timedelta(hours=WINDOWS_H[1]))
    people = {person.id: person for person in store.attendees(event.id)}
    links = store.links(event.id)
    owners = {link.profile: people[link.attendee] for link in links.values() if link.attendee in people}
    return totals(
        event,
        samples,
        uses,
        offices={profile: person.office for profile, person in owners.items()},
        cost_centres={profile: person.cost_centre for profile, person in owners.items()},
        monthly=(event.service or default) == "on_aws",
        minutes_to_come=_to_come(event, [person for person in people.values() if person.id not in links]),
    )


def _to_come(event: Event, people: Sequence[Attendee]) -> float:
    """Minutes that the limits of people without a profile will allow once they have one; infinite with no limit."""
    minutes = [quota_for(event, person).minutes for person in people if person.wanted and not person.refusal]
    return float("inf") if UNLIMITED in minutes else float(sum(minutes))
