"""Pauses of racers whom two open events share, where the service pauses by itself and limits say nothing of it.

Whom one event has paused goes on while another gives them hours, and rests again when that one wants them no longer
(docs/decisions/7-the-larger-limit-counts.md). Where limits are the pause, onboarding's limits do the same. What if it
dies here? The next look compares anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Attendee, Profile
from deepracer_admin.records.limits import Limits
from deepracer_admin.store import ProfileLink

__all__ = ["follow_pauses"]

ACTIVE, RESTRICTED = "ACTIVE", "RESTRICTED"


def follow_pauses(
    ports: Ports,
    people: Iterable[Attendee],
    links: Mapping[str, ProfileLink],
    listed: Iterable[Profile],
    limits: Limits,
) -> int:
    """Set the state of shared profiles that differs from what the events want; how many the service took."""
    if not ports.racing().capabilities.native_pause or limits.switching or limits.pausing:
        return 0
    mine = {links[person.id].profile for person in people if person.wanted and person.id in links}
    wake, rest = list[str](), list[str]()
    for profile in listed:
        if profile.id not in mine:
            continue
        here, goes_on = profile.id in limits.paused, profile.id in limits.given.quotas
        if here and not goes_on and profile.state == ACTIVE:
            rest.append(profile.id)
        elif (goes_on if here else limits.open and profile.id in limits.given.paused) and profile.state == RESTRICTED:
            wake.append(profile.id)
    told = [*ports.racing().sponsor(wake, active=True)] if wake else []
    told += ports.racing().sponsor(rest, active=False) if rest else []
    return sum(1 for outcome in told if outcome.state.is_done)
