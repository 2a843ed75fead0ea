"""Which profiles still hold a model, read back; in one call where the service can, else a few at a time.

Before 1.3 each profile is asked alone, and the deployment's firewall allows 100 such reads in five minutes
(deepracer-on-aws.md 1.4): what was proven is kept, so that neither a pause nor a crash begins anew. The one call of 1.3
is not paged, so with very many models its reply may fail for ever: then too a few are asked at a time, and each round
tries the one call first.
"""

from __future__ import annotations

from collections.abc import Sequence

from deepracer_admin.counted import counted
from deepracer_admin.errors import Throttled, Unavailable, Unsupported
from deepracer_admin.flows.engine.jobs import Later
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Event, Lease, Model, Profile
from deepracer_admin.racing import RacingService

__all__ = ["FEW", "holders", "models_at_once"]

FEW = 10  # profiles that are asked alone between two records
ROUND = 40  # profiles that are asked by the few before the one call is tried again
PROVEN = "models_proven_gone"
SWEPT = "models_asked_in_this_sweep"  # empty now, and with work queued: asked again only when everybody was asked


def holders(ports: Ports, event: Event, profiles: Sequence[Profile], lease: Lease) -> set[str]:
    """Ids of those that hold a model. Raises Later while the service does not let us ask about all of them."""
    racing = ports.racing()
    if racing.capabilities.all_models_in_one_call:
        models = models_at_once(racing, [profile.id for profile in profiles])
        if models is not None:
            _end_sweep(ports, event, lease)
            return {model.profile_id for model in models}
        return _holders_by_few(ports, event, profiles, lease, most=ROUND)
    return _holders_by_few(ports, event, profiles, lease, most=len(profiles))


def models_at_once(racing: RacingService, ids: Sequence[str]) -> list[Model] | None:
    """Models of all of these; None when the service cannot tell in one reply, so that a few must be asked at a time.

    The managed service pages its reply: there a failure has nothing to do with how many are asked for.
    """
    try:
        return list(racing.models(ids))
    except (Unavailable, Unsupported):
        if racing.capabilities.multi_user_mode or len(ids) <= FEW:
            raise
        return None


def _holders_by_few(ports: Ports, event: Event, profiles: Sequence[Profile], lease: Lease, *, most: int) -> set[str]:
    racing = ports.racing()
    clean = {*(ports.store.get(event.id, PROVEN) or ())}
    swept = {*(ports.store.get(event.id, SWEPT) or ())}
    asked = [profile for profile in profiles if _may_hold(profile) and profile.id not in clean | swept]
    for start in range(0, min(len(asked), most), FEW):
        part = asked[start : start + FEW]
        try:
            found = {model.profile_id for model in racing.models([profile.id for profile in part])}
        except Throttled as error:
            known = len(profiles) - len(asked) + start
            raise Later(f"{_proven(known, profiles)} {error.sentence}", error.retry_after) from None
        # work that is queued may still bring a model, so such a profile is asked again
        clean |= {profile.id for profile in part if profile.id not in found and not profile.minutes_queued}
        swept |= {profile.id for profile in part if profile.id not in found and profile.minutes_queued}
        ports.store.put(event.id, PROVEN, sorted(clean), lease=lease)
        ports.store.put(event.id, SWEPT, sorted(swept), lease=lease)
        if found:
            return found
    if len(asked) > most:
        known = len(profiles) - len(asked) + most
        raise Later(f"{_proven(known, profiles)} The service cannot list all models at once, so it takes longer.")
    _end_sweep(ports, event, lease)
    return set()


def _end_sweep(ports: Ports, event: Event, lease: Lease) -> None:
    if ports.store.get(event.id, SWEPT):
        ports.store.put(event.id, SWEPT, None, lease=lease)


def _proven(known: int, profiles: Sequence[Profile]) -> str:
    return f"{known:,} of {counted(len(profiles), 'profile is', 'profiles are')} proven empty."


def _may_hold(profile: Profile) -> bool:
    """A profile that never computed anything and stores nothing has no model; `model_count` is of this month only."""
    return bool(profile.model_count or profile.storage_bytes or profile.minutes_used or profile.minutes_queued)
