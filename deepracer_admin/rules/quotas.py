"""Which quota a person has: their own, else their cohort's, else the event's; and how limits are said. Pure."""

from __future__ import annotations

import math

from deepracer_admin.counted import counted
from deepracer_admin.model import UNLIMITED, Attendee, Event, Quota

__all__ = ["NOT_READ", "NO_LIMIT", "cohorts_of", "limit_words", "quota_for", "quota_words"]

NO_LIMIT = "no limit"
NOT_READ = "not read yet"


def cohorts_of(person: Attendee) -> tuple[str, ...]:
    """The cohorts a person belongs to, most specific first, e.g. ("cost_centre:CC-163", "office:Milano")."""
    keys = []
    if person.cost_centre:
        keys.append(f"cost_centre:{person.cost_centre}")
    if person.office:
        keys.append(f"office:{person.office}")
    if person.new_to_ml is not None:
        keys.append(f"new_to_ml:{'yes' if person.new_to_ml else 'no'}")
    if person.new_to_aws is not None:
        keys.append(f"new_to_aws:{'yes' if person.new_to_aws else 'no'}")
    keys += [f"{question}:{answer}" for question, answer in person.answers.items()]
    return tuple(keys)


def quota_words(quota: Quota) -> str:
    """A quota as people read it, e.g. "5 h and 3 models", "unlimited hours and 1 model"."""
    hours = "unlimited hours" if quota.minutes < 0 else f"{quota.minutes / 60:g} h"
    models = "unlimited models" if quota.models < 0 else counted(quota.models, "model")
    return f"{hours} and {models}"


def limit_words(limit: float | None) -> str:
    """A limit in a table. None: the service has not told it yet; infinite or UNLIMITED: there is none."""
    if limit is None:
        return NOT_READ
    return NO_LIMIT if math.isinf(limit) or limit == UNLIMITED else f"{limit:,.1f}"


def quota_for(event: Event, person: Attendee) -> Quota:
    """The quota that should be in force for this person."""
    if person.quota is not None:
        return person.quota
    for key in cohorts_of(person) if event.cohort_quotas else ():
        if key in event.cohort_quotas:
            return event.cohort_quotas[key]
    return event.quota
