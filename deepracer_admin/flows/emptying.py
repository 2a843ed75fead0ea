"""Which profiles still hold a model, read back; in one call where the service can, else a few at a time.

Before 1.3 each profile is asked alone, and the deployment's firewall allows 100 such reads in five minutes
(deepracer-on-aws.md 1.4): what was proven is kept, so that neither a pause nor a crash begins anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deepracer_admin.counted import counted
from deepracer_admin.errors import Throttled
from deepracer_admin.flows.jobs import Later
from deepracer_admin.flows.ports import Ports
from deepracer_admin.model import Event, Lease, Profile

__all__ = ["FEW", "holders"]

FEW = 10  # profiles that are asked alone between two records
PROVEN = "models_proven_gone"


def holders(ports: Ports, event: Event, profiles: Sequence[Profile], lease: Lease) -> set[str]:
    """Ids of those that hold a model. Raises Later while the service does not let us ask about all of them."""
    racing = ports.racing()
    ids = [profile.id for profile in profiles]
    if racing.capabilities.all_models_in_one_call:
        return {model.profile_id for model in racing.models(ids)}
    clean = set(ports.store.get(event.id, PROVEN) or ())
    asked = [profile for profile in profiles if _may_hold(profile) and profile.id not in clean]
    for start in range(0, len(asked), FEW):
        part = asked[start : start + FEW]
        try:
            found = {model.profile_id for model in racing.models([profile.id for profile in part])}
        except Throttled as error:
            known = len(profiles) - len(asked) + start
            sentence = (
                f"{known:,} of {counted(len(profiles), 'profile is', 'profiles are')} proven empty. {error.sentence}"
            )
            raise Later(sentence, error.retry_after) from None
        # work that is queued may still bring a model, so such a profile is asked again
        clean |= {profile.id for profile in part if profile.id not in found and not profile.minutes_queued}
        kept: Any = sorted(clean)
        ports.store.put(event.id, PROVEN, kept, lease=lease)
        if found:
            return found
    return set()


def _may_hold(profile: Profile) -> bool:
    """A profile that never computed anything and stores nothing has no model; `model_count` is of this month only."""
    return bool(profile.model_count or profile.storage_bytes or profile.minutes_used or profile.minutes_queued)
