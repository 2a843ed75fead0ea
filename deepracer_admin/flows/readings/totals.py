"""Totals of an event from what is stored: one answer for the pages, the screens of a hall and the budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from deepracer_admin.model import UNLIMITED, Attendee, Event, ProfileUses, UsageSample
from deepracer_admin.rules.quotas import quota_for
from deepracer_admin.rules.usage import WINDOWS_H, Totals, totals
from deepracer_admin.store import EventStore, History, ProfileLink

__all__ = ["POINTS", "read_totals", "read_uses", "totals_of"]

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
    people = {person.id: person for person in store.attendees(event.id)}
    links = store.links(event.id)
    uses = read_uses(history, event, samples[-1].at)
    return totals_of(event, samples, uses, people, links, monthly=(event.service or default) == "on_aws")


def read_uses(history: History, event: Event, at: datetime) -> ProfileUses:
    """Every profile as of the last sample, `at`; recent is what the middle window of the burn rate holds."""
    return history.profile_uses(event.id, since=at - timedelta(hours=WINDOWS_H[1]))


def totals_of(
    event: Event,
    samples: Sequence[UsageSample],
    uses: ProfileUses,
    people: Mapping[str, Attendee],
    links: Mapping[str, ProfileLink],
    *,
    monthly: bool,
) -> Totals:
    """Totals from what was read already; `people` and `links` by attendee id."""
    owners = {link.profile: people[link.attendee] for link in links.values() if link.attendee in people}
    return totals(
        event,
        samples,
        uses,
        offices={profile: person.office for profile, person in owners.items()},
        cost_centres={profile: person.cost_centre for profile, person in owners.items()},
        monthly=monthly,
        minutes_to_come=_to_come(event, [person for person in people.values() if person.id not in links]),
    )


def _to_come(event: Event, people: Sequence[Attendee]) -> float:
    """Minutes that the limits of people without a profile will allow once they have one; infinite with no limit."""
    minutes = [quota_for(event, person).minutes for person in people if person.wanted and not person.refusal]
    return float("inf") if UNLIMITED in minutes else float(sum(minutes))
