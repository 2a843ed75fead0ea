"""Job `quota`: the person's own quota is stored, set at the service, and counts once it is read back.

While sponsorship is not open, or a profile is paused, its limit at the service is 0; then the quota goes to where the
limit will be restored from. What if it dies here? A repeat stores the same and sets what does not read back yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from deepracer_admin.counted import counted
from deepracer_admin.flows.engine.jobs import settle_items
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.readings.given_elsewhere import limits_now
from deepracer_admin.flows.readings.profiles import read_profiles
from deepracer_admin.model import Event, Job, JobItem, Lease, Outcome, Quota, State
from deepracer_admin.records.limits import FORMER_LIMITS, HELD_BACK, PAUSED_PROFILES, Limits
from deepracer_admin.rules.quotas import quota_words

__all__ = ["QuotaHandler"]

BATCH = 200
SET = "set"
MORE = "more_elsewhere"


class QuotaHandler:
    """Items by attendee; `before` and `after` hold profile, minutes, models and own (None: no quota of their own)."""

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        event = ports.store.event(job.event)
        todo = ports.store.job_items(job.id, state=State.TODO)
        if not todo:
            items = ports.store.job_items(job.id)
            done = sum(1 for item in items if item.state.is_done)
            whose = counted(len(items), "person has their quota", "people have their quota")
            more = sum(1 for item in items if item.reason == MORE)
            tail = f" {counted(more, 'of them has', 'of them have')} more, which another open event gives."
            return f"{done:,} of {whose}, seen at the service.{tail if more else ''}"
        fresh = [item for item in todo if item.reason != SET][:BATCH]
        settled = self._set(ports, event, job, fresh, lease) if fresh else self._read_back(ports, event, todo, lease)
        settle_items(ports, job, settled, lease)
        return None

    def _set(self, ports: Ports, event: Event, job: Job, batch: Sequence[JobItem], lease: Lease) -> list[JobItem]:
        self._store_wanted(ports, event, batch, lease)
        wanted = {str(item.after["profile"]): _quota(item) for item in batch if item.after.get("profile")}
        limits = limits_now(ports, event)
        held = self._hold(ports, event, wanted, limits, lease)
        changes = [(key, limits.in_force(key, quota)) for key, quota in wanted.items() if key not in held]
        answers = {outcome.person: outcome for outcome in ports.racing().set_quotas(changes)} if changes else {}
        return [_answered(item, held, answers) for item in batch]

    def _read_back(self, ports: Ports, event: Event, todo: Sequence[JobItem], lease: Lease) -> list[JobItem]:
        """One listing for everybody; whom it contradicts is set again."""
        listed = {profile.id: profile for profile in read_profiles(ports, event, lease)}
        limits = limits_now(ports, event)
        settled = []
        for item in todo:
            profile = listed.get(str(item.after["profile"]))
            if profile is None:
                settled.append(replace(item, state=State.REFUSED, reason="gone", sentence=_GONE))
                continue
            in_force = limits.in_force(profile.id, _quota(item))
            if profile.quota == in_force and limits.lowered(profile.id, _quota(item)) != _quota(item):
                settled.append(replace(item, state=State.DONE, reason="held", sentence=_HELD_BACK))
            elif profile.quota == in_force == _quota(item):
                settled.append(replace(item, state=State.DONE, reason="read_back", sentence=""))
            elif profile.quota == in_force:
                said = _MORE.format(quota_words(in_force), limits.given.names([profile.id]))
                settled.append(replace(item, state=State.DONE, reason=MORE, sentence=said))
            else:
                settled.append(replace(item, reason="again", sentence="The service does not show it yet; set again."))
        return settled

    def _store_wanted(self, ports: Ports, event: Event, items: Iterable[JobItem], lease: Lease) -> None:
        own = {item.key: _own(item) for item in items}
        ports.store.amend_attendees(
            event.id, lambda person: replace(person, quota=own[person.id]), ids=own, lease=lease
        )

    def _hold(self, ports: Ports, event: Event, wanted: Mapping[str, Quota], limits: Limits, lease: Lease) -> set[str]:
        """Profiles whose limit stays as it is for now; their quota is kept where opening or a resume gives it from.

        Where the service pauses by itself a paused profile has limits all the same, and they are set at once.
        """
        can = ports.racing().capabilities
        paused = {key: quota for key, quota in wanted.items() if key in limits.paused}
        if paused:  # whoever is resumed meanwhile is paused no more, and is set below
            ports.store.change_rows(
                event.id, PAUSED_PROFILES, lambda kept: {key: paused[key] for key in kept}, keys=paused, lease=lease
            )
        held = {*ports.store.rows(event.id, PAUSED_PROFILES, paused)} if paused else set[str]()
        if can.native_pause:
            held = set()
        if wanted:
            ports.store.change_rows(
                event.id,
                HELD_BACK,
                lambda rows: {key: replace(row, former=wanted[key], by_rule=False) for key, row in rows.items()},
                keys=wanted,
                lease=lease,
            )
        if not limits.open and not can.multi_user_mode:
            ports.store.change_rows(event.id, FORMER_LIMITS, lambda _: wanted, keys=wanted, lease=lease)
            held |= set(wanted)
        return held


def _own(item: JobItem) -> Quota | None:
    """The person's own quota from now on; None: their cohort's or the event's counts."""
    kept = item.after.get("own", "set")
    return _quota(item) if kept == "set" else Quota(*kept) if kept else None


def _quota(item: JobItem) -> Quota:
    return Quota(item.after["minutes"], item.after["models"])


def _answered(item: JobItem, held: set[str], answers: Mapping[str, Outcome]) -> JobItem:
    profile = str(item.after.get("profile") or "")
    if not profile:
        return replace(item, state=State.DONE, reason="wanted", sentence="Will be set when the profile appears.")
    if profile in held:
        return replace(item, state=State.DONE, reason="held", sentence="Will be set when sponsorship goes on.")
    answer = answers.get(profile)
    if answer is not None and answer.state is State.REFUSED:
        return replace(item, state=State.REFUSED, reason=answer.reason, sentence=answer.sentence)
    if answer is None or not answer.state.is_done:
        return replace(item, reason="again", sentence=answer.sentence if answer else "")
    return replace(item, reason=SET, sentence="Set; it counts once the service shows it.")


_MORE = "Stored; in force is {}, for {} gives this person more."
_HELD_BACK = "Stored; hours are held back now, and what is stored is in force when that is over."
_GONE = "The service lists no such profile any more."
