"""Deleting the models of the event's profiles, after access has ended, until a listing shows none that can go.

Deleting a profile deletes its models after it (deepracer-on-aws.md 1.7), so most are gone by now; those that stayed
are asked for by the profile's id, which the service still answers. A model that stands in ERROR however often it is
deleted is named and left: it gives nobody access (deepracer-on-aws-capacity.md 5). What if it dies here? A repeat asks
for what is still listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from deepracer_admin.counted import counted
from deepracer_admin.flows.closeout.end_managed_event import event_crowd
from deepracer_admin.flows.closeout.steps import NotYet, Told
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.readings.models import STUCK, holders, not_deleted, perhaps_held
from deepracer_admin.flows.readings.needed_elsewhere import needed_elsewhere
from deepracer_admin.flows.readings.profiles import is_staff, linked_profiles, read_profiles
from deepracer_admin.flows.sponsorship.switch import SponsorshipHandler
from deepracer_admin.model import Event, Job, Lease, Profile
from deepracer_admin.records.closing import Leftover
from deepracer_admin.records.limits import SPONSORSHIP

__all__ = ["delete_models", "read_back_to_zero"]

NAMED = 10  # ids that are named before the rest is only counted
AGAIN_S = 5.0


def delete_models(ports: Ports, event: Event, job: Job, lease: Lease) -> Told:
    """Nobody may start anything new first: else models would appear as fast as they are deleted."""
    racing = ports.racing()
    open_now = not racing.capabilities.multi_user_mode and ports.store.read(event.id, SPONSORSHIP).is_open
    if open_now and SponsorshipHandler().work(ports, replace(job, plan={"open": False, "ending": True}), lease) is None:
        raise NotYet("Limits are being set to 0, so that nothing new is started.")
    mine = _mine(ports, event, lease)
    needed = needed_elsewhere(ports, event)
    also = perhaps_held(ports, event, job.id) - {profile.id for profile in mine} - needed.profiles
    kept = f" {needed.keep('models', needed.access)}".rstrip()
    owners = holders(ports, event, mine, lease, job=job.id, also=sorted(also))
    looked_at = len(mine) + len(also)
    if not owners:
        whose = counted(looked_at, "profile was", "profiles were")
        stuck = not_deleted(ports, event, job.id)
        if not stuck:
            return Told(f"{whose} looked at; none holds a model any more.{kept}")
        named = tuple(sorted(stuck)[:NAMED])
        left = Leftover("models that the service does not delete", len(stuck), named, STAYS, OUT, cost=FREE)
        return Told(f"{whose} looked at. {left.sentence}{kept}", (left,))
    for _ in racing.delete_models(sorted(owners)):
        pass  # the read-back of the next round counts
    still = f"{len(owners):,} of {counted(looked_at, 'profile')} still held models"
    said = f"{still}; they were deleted and are looked for again."
    named, cost = tuple(sorted(owners)[:NAMED]), _storage([each for each in mine if each.id in owners], event)
    left = Leftover("profiles that still hold models", len(owners), named, said, OUT, cost=cost)
    raise NotYet(said, AGAIN_S, left=[left])


def _storage(holding: Sequence[Profile], event: Event) -> str:
    """What their models cost a month, where the service says how large they are; else ""."""
    size = sum(profile.storage_bytes or 0 for profile in holding) / 1e9
    usd = size * event.prices.storage_per_gb_month
    return f"About {size:,.1f} GB of storage, {usd:,.2f} USD a month (estimate)." if size else ""


def read_back_to_zero(ports: Ports, event: Event, job: Job, lease: Lease) -> Told:
    """Work that was queued may still have brought a model; it is deleted too, until a listing shows none."""
    told = delete_models(ports, event, job, lease)
    mine = _mine(ports, event, lease, max_age_s=60)
    queued = sum(profile.minutes_queued for profile in mine)
    tail = f" {queued / 60:,.1f} h are still queued or running and will be billed." if queued else ""
    stuck = sum(left.count for left in told.leftovers)
    return Told(f"{counted(stuck, 'model')} (seen at the service). {told.sentence}{tail}", told.leftovers)


def _mine(ports: Ports, event: Event, lease: Lease, *, max_age_s: float = 0.0) -> Sequence[Profile]:
    """Profiles whose models go: the event's, and on the managed service whoever came while it was on."""
    if ports.racing().capabilities.multi_user_mode:
        return event_crowd(ports, event, lease, max_age_s=max_age_s).at_work
    mine = linked_profiles(ports, event, read_profiles(ports, event, lease, max_age_s=max_age_s))
    needed = needed_elsewhere(ports, event)
    return [profile for profile in mine if not is_staff(profile, ports.staff_emails) and not needed.needs(profile)]


FREE = "Without files they cost nothing; with files their storage is billed."
STAYS = f"They stand in ERROR after {STUCK} deletions; nobody gets in with them, and without files they cost nothing."
OUT = "The service's operator can remove them from its table of models and from the bucket."
