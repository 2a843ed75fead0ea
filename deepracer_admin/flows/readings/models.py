"""Which profiles still hold a model, read back; in one call where the service can, else a few at a time.

Before 1.3 each profile is asked alone, and the deployment's firewall allows 100 such reads in five minutes
(deepracer-on-aws.md 1.4): what was proven is kept, so that neither a pause nor a crash begins anew. The one call of 1.3
is not paged, so with very many models its reply may fail for ever: then too a few are asked at a time, and each round
tries the one call first.

A model that stands in ERROR however often it is deleted is counted as one that cannot be (deepracer-on-aws-capacity.md
5): it holds nobody up, and is named by `not_deleted`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from deepracer_admin.counted import counted
from deepracer_admin.errors import Throttled, Unavailable, Unsupported
from deepracer_admin.flows.engine.jobs import Later
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Event, Lease, Model, Profile
from deepracer_admin.racing import RacingService
from deepracer_admin.records.models_gone import FAILED_DELETIONS, PROVEN_EMPTY, FailedDeletion, ProvenEmpty

__all__ = ["FEW", "STUCK", "holders", "models_at_once", "not_deleted", "note_perhaps", "perhaps_held"]

FEW = 10  # profiles that are asked alone between two records
ROUND = 40  # profiles that are asked by the few before the one call is tried again
STUCK = 3  # deletions after which a model that stands in ERROR is left as it is
ERROR = "ERROR"


def holders(
    ports: Ports, event: Event, profiles: Sequence[Profile], lease: Lease, *, job: str = "", also: Collection[str] = ()
) -> set[str]:
    """Ids of those that hold a model which may go. Raises Later while the service does not let us ask about all.

    `job`: the close-out that asks; another begins anew. `also`: ids that are asked although no listing shows them.
    """
    racing = ports.racing()
    if racing.capabilities.all_models_in_one_call:
        models = models_at_once(racing, [*(profile.id for profile in profiles), *also])
        if models is not None:
            _end_sweep(ports, event, job, lease)
            return _may_go(ports, event, job, models, lease)
        return _holders_by_few(ports, event, profiles, also, job, lease, most=ROUND)
    return _holders_by_few(ports, event, profiles, also, job, lease, most=len(profiles) + len(also))


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


def not_deleted(ports: Ports, event: Event, job: str) -> dict[str, FailedDeletion]:
    """Models that the service does not delete, by id, as this close-out found."""
    rows = ports.store.rows(event.id, FAILED_DELETIONS)
    return {key: row for key, row in rows.items() if row.job == job and row.seen > STUCK}


def note_perhaps(ports: Ports, event: Event, job: str, profiles: Sequence[Profile], lease: Lease) -> None:
    """Remember who may hold models before they are deleted: their models are asked for afterwards too."""
    ids = {profile.id for profile in profiles if _may_hold(profile)}
    if not ids <= perhaps_held(ports, event, job):
        _change(ports, event, job, lambda kept: replace(kept, perhaps=kept.perhaps | ids), lease)


def perhaps_held(ports: Ports, event: Event, job: str) -> frozenset[str]:
    """Those whom `note_perhaps` remembered for this close-out."""
    return _kept(ports, event, job).perhaps


def _may_go(ports: Ports, event: Event, job: str, models: Sequence[Model], lease: Lease) -> set[str]:
    """Whose they are, without those that stood in ERROR after STUCK deletions; counts one more for each in ERROR."""
    failed = {model.id: model.profile_id for model in models if model.status == ERROR}

    def seen(rows: Mapping[str, FailedDeletion]) -> dict[str, FailedDeletion]:
        return {
            key: FailedDeletion(owner, job, rows[key].seen + 1 if key in rows and rows[key].job == job else 1)
            for key, owner in failed.items()
        }

    if failed:
        ports.store.change_rows(event.id, FAILED_DELETIONS, seen, keys=failed, lease=lease)
    stuck = not_deleted(ports, event, job) if failed else {}
    return {model.profile_id for model in models if model.id not in stuck}


def _holders_by_few(
    ports: Ports,
    event: Event,
    profiles: Sequence[Profile],
    also: Collection[str],
    job: str,
    lease: Lease,
    *,
    most: int,
) -> set[str]:
    racing = ports.racing()
    kept = _kept(ports, event, job)
    queued = {profile.id for profile in profiles if profile.minutes_queued}
    everybody = dict.fromkeys([*(profile.id for profile in profiles if _may_hold(profile)), *also])
    total = len({*(profile.id for profile in profiles), *also})
    asked = [key for key in everybody if key not in kept.gone | kept.swept]
    for start in range(0, min(len(asked), most), FEW):
        part = asked[start : start + FEW]
        try:
            models = list(racing.models(part))
        except Throttled as error:
            raise Later(f"{_proven(total - len(asked) + start, total)} {error.sentence}", error.retry_after) from None
        found = _may_go(ports, event, job, models, lease)
        empty = frozenset(part) - found
        # work that is queued may still bring a model, so such a profile is asked again
        _change(ports, event, job, _with(gone=empty - queued, swept=empty & queued), lease)
        if found:
            return found
    if len(asked) > most:
        known = _proven(total - len(asked) + most, total)
        raise Later(f"{known} The service cannot list all models at once, so it takes longer.")
    _end_sweep(ports, event, job, lease)
    return set()


def _with(*, gone: frozenset[str], swept: frozenset[str]) -> Callable[[ProvenEmpty], ProvenEmpty]:
    return lambda kept: replace(kept, gone=kept.gone | gone, swept=kept.swept | swept)


def _kept(ports: Ports, event: Event, job: str) -> ProvenEmpty:
    return _of_job(ports.store.read(event.id, PROVEN_EMPTY), job)


def _change(ports: Ports, event: Event, job: str, change: Callable[[ProvenEmpty], ProvenEmpty], lease: Lease) -> None:
    ports.store.update(event.id, PROVEN_EMPTY, lambda kept: change(_of_job(kept, job)), lease=lease)


def _of_job(kept: ProvenEmpty, job: str) -> ProvenEmpty:
    """What another close-out had proven counts no more; whom it deleted is still asked for."""
    return kept if kept.job == job else ProvenEmpty(job, perhaps=kept.perhaps)


def _end_sweep(ports: Ports, event: Event, job: str, lease: Lease) -> None:
    _change(ports, event, job, lambda kept: replace(kept, swept=frozenset()), lease)


def _proven(known: int, total: int) -> str:
    return f"{known:,} of {counted(total, 'profile is', 'profiles are')} proven empty."


def _may_hold(profile: Profile) -> bool:
    """A profile that never computed anything and stores nothing has no model; `model_count` is of this month only."""
    return bool(profile.model_count or profile.storage_bytes or profile.minutes_used or profile.minutes_queued)
