"""The limits that the deployment gives to new profiles (deepracer-on-aws.md 2.1): borrowed for the event, given back.

One setting for the whole deployment. What it was before is stored before it is first overwritten; while the event lasts
it is either the event's quota (open) or 0 (closed), and only the final close gives the former value back. Whatever it
reads that we never set was set by hand meanwhile: that counts as the former value from then on.

What if it dies here? Every value is stored before it is set, so that a repeat knows its own values from others'.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.readings.needed_elsewhere import open_beside
from deepracer_admin.model import Event, Lease, Quota
from deepracer_admin.racing import RacingService
from deepracer_admin.records.limits import CLOSED, NEW_PROFILE_LIMITS, NewProfileLimits
from deepracer_admin.rules.quotas import quota_words

__all__ = ["forget_former", "new_words", "set_newcomers", "take_over"]


def take_over(ports: Ports, event: Event, plan: Mapping[str, Any], lease: Lease) -> Quota | None:
    """What the setting should be from now on, stored before it is set; None: it is not ours to write.

    That is so where the deployment shows no such setting, and at the end of an event that never changed it.
    """
    state = ports.store.read(event.id, NEW_PROFILE_LIMITS)
    final = not plan["open"] and bool(plan.get("final"))
    if final and not (state.former or state.given_back):
        return None
    seen = ports.racing().new_profile_quota()
    if seen is None:
        return None
    if final and not state.former:  # a repeat, after a crash or of the whole close-out
        return seen if seen == state.given_back else None
    target = event.quota if plan["open"] else CLOSED
    borrowed = [
        each
        for other in open_beside(ports.store, event, ports.racing_default)
        if (each := ports.store.read(other.id, NEW_PROFILE_LIMITS)).former is not None and seen in each.own
    ]

    def change(kept: NewProfileLimits) -> NewProfileLimits:
        ours = kept.own or (event.quota, CLOSED)  # an event from before we kept them
        former = kept.former
        if seen not in ours and borrowed:  # set by another event, which had borrowed it too
            former = former or borrowed[0].former
        elif former is None or seen not in ours:
            former = borrowed[0].former if borrowed else seen
        return NewProfileLimits(former, kept.own if final else (*dict.fromkeys((*kept.own, CLOSED, target)),))

    kept = ports.store.update(event.id, NEW_PROFILE_LIMITS, change, lease=lease)
    return kept.former if final else target


def set_newcomers(racing: RacingService, wanted: Quota | None) -> Quota | None:
    """Set it and return what a read-back says; None where it is not ours to write."""
    return None if wanted is None else racing.set_new_profile_quota(wanted)


def forget_former(ports: Ports, event: Event, lease: Lease) -> None:
    """The setting is the deployment's own again: another opening takes it over anew."""
    ports.store.update(
        event.id,
        NEW_PROFILE_LIMITS,
        lambda kept: NewProfileLimits(given_back=kept.former or kept.given_back),
        lease=lease,
    )


def new_words(seen: Quota | None, *, final: bool) -> str:
    """What new profiles get from now on, for the evidence."""
    if seen is None:
        return "the limits of new profiles are as they were, this event set none" if final else _NO_SETTING
    if not final:
        return f"new profiles get {quota_words(seen)} (seen at the service)"
    unlimited = seen.minutes < 0 and seen.models < 0
    return f"new profiles get {'unlimited hours' if unlimited else quota_words(seen)} again, as before this event"


_NO_SETTING = "the deployment shows no limits for new profiles, so none were set"
