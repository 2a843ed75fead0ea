"""Usage page: hours and estimated spend per sponsored profile, over time and per person; quotas; pause and resume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from deepracer_admin.counted import counted
from deepracer_admin.errors import BadInput, Missing
from deepracer_admin.flows.readings.given_elsewhere import given_elsewhere
from deepracer_admin.model import (
    UNLIMITED,
    Actor,
    Attendee,
    Event,
    Job,
    JobItem,
    Profile,
    Quota,
    State,
    UsageSample,
)
from deepracer_admin.records.limits import PAUSED_PROFILES, Limits, read_limits
from deepracer_admin.rules.money import Forecast, forecast, spend, worst_case
from deepracer_admin.rules.quotas import quota_for
from deepracer_admin.services.base import House, Service
from deepracer_admin.store import ProfileLink

__all__ = ["ProfileRow", "QuotaPlan", "UsageService", "UsageView", "read_totals"]

GRANT_MAX_HOURS = 2.0


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """One sponsored profile. Hours as the service reports them; money estimated from the event's price list."""

    profile: str
    attendee: str  # "" = not on our list
    name: str
    email: str
    alias: str
    office: str
    cost_centre: str
    hours_used: float
    hours_queued: float
    hours_limit: float | None  # None = unlimited or unknown
    models: int | None
    storage_gb: float | None
    spend_usd: float
    committed_usd: float
    paused: bool
    how: str  # created | adopted | manual | "" (nobody of ours)


@dataclass(frozen=True, slots=True)
class UsageView:
    """Totals over the event's profiles; "as of" in event time; money is an estimate."""

    event: Event
    as_of: datetime | None
    profiles: int
    active: int
    hours_used: float
    hours_queued: float
    storage_gb: float
    models: int
    spend_usd: float
    committed_usd: float
    burn_usd_per_hour: float
    forecast: Forecast | None
    series: Sequence[UsageSample]
    spend_series: Sequence[tuple[datetime, float]]  # (at, USD so far, estimate)
    strangers: int  # profiles in the service that are nobody's on our list

    @property
    def is_over(self) -> bool:
        """Has the event ended, so that spend is final and nothing is left to forecast?"""
        return bool(self.event.closed_at) or (self.as_of is not None and self.as_of >= self.event.ends_at)


@dataclass(frozen=True, slots=True)
class QuotaPlan:
    """What a change of quotas would do; `most_usd` is the most that it can add, at the price list (estimate)."""

    items: Sequence[JobItem]
    people: int
    same: int
    most_usd: float


def read_totals(house: House, event: Event) -> UsageView:
    """Totals of one event from the store: for the page, and for a screen whose signed link is the permission."""
    series = house.history.usage(event.id, points=300)
    last = series[-1] if series else None
    profiles, _ = house.store.profiles(event.id)
    mine = {link.profile for link in house.store.links(event.id).values()}
    used = last.minutes_used if last else 0.0
    queued = last.minutes_queued if last else 0.0
    storage = last.storage_bytes if last else 0
    now = last.at if last else house.clock.event_now()
    return UsageView(
        event=event,
        as_of=last.at if last else None,
        profiles=len(mine),
        active=last.active if last else 0,
        hours_used=used / 60,
        hours_queued=queued / 60,
        storage_gb=storage / 1e9,
        models=last.models if last else 0,
        spend_usd=_spent(event, last, now) if last else 0.0,
        committed_usd=queued / 60 * event.prices.per_hour,
        burn_usd_per_hour=_burn(event, series),
        forecast=_with_storage(forecast(event, series, now=now), event, last, now) if last else None,
        series=series,
        spend_series=[(sample.at, _spent(event, sample, sample.at)) for sample in series],
        strangers=sum(1 for profile in profiles if profile.id not in mine),
    )


class UsageService(Service):
    """What the Usage page and the usage charts call."""

    def totals(self, actor: Actor) -> UsageView:
        """Totals, series and forecast; every role."""
        self._authorise(actor, "usage.totals")
        return read_totals(self.house, self._event())

    def profiles(self, actor: Actor) -> list[ProfileRow]:
        """One row per sponsored profile, most hours first; organizers and facilitators."""
        self._authorise(actor, "usage.view")
        event = self._event()
        profiles, _ = self.store.profiles(event.id)
        people = {person.id: person for person in self.store.attendees(event.id)}
        by_profile = {link.profile: link for link in self.store.links(event.id).values()}
        earlier = self.house.history.used_before_reset(event.id)
        limits = self._limits(event)
        rows = [
            _row(limits, profile, by_profile.get(profile.id), people, earlier.get(profile.id, 0.0))
            for profile in profiles
        ]
        return sorted(rows, key=lambda row: -row.hours_used)

    def series_of(self, actor: Actor, profile: str) -> list[tuple[datetime, float, float]]:
        """(at, hours used, hours queued) of one profile over time. Raises Missing."""
        self._authorise(actor, "usage.view")
        event = self._event().id
        known = {row.id for row in self.store.profiles(event)[0]} | {
            link.profile for link in self.store.links(event).values()
        }
        if profile not in known:
            raise Missing("That profile is not one of this event's service (any more); choose again.")
        return [(at, used / 60, queued / 60) for at, used, queued in self.house.history.usage_of(event, profile)]

    def given_elsewhere(self, actor: Actor, attendees: Sequence[str]) -> tuple[int, str]:
        """How many of these people another open event gives hours now, and the names of such events ("" for none)."""
        self._authorise(actor, "usage.view")
        event = self._event()
        self._check_people(event.id, attendees)
        given = given_elsewhere(self.store, event, self.house.settings.racing)
        links = self.store.links(event.id)
        shared = {links[each].profile for each in attendees if each in links} & {*given.quotas}
        return len(shared), given.names(shared)

    # ------------------------------------------------------------------------------------------------ quotas

    def plan_quotas(self, actor: Actor, attendees: Sequence[str], *, hours: float, models: int) -> QuotaPlan:
        """What setting this quota for these people (attendee ids) would change and the most it can cost."""
        self._authorise(actor, "usage.quota")
        return self._quota_plan(attendees, _quota(hours, models))

    def set_quotas(self, actor: Actor, attendees: Sequence[str], *, hours: float, models: int) -> Job:
        """Set a quota for these people: desired state now, at the service by the worker. Undoable."""
        self._authorise(actor, "usage.quota", target=counted(len(attendees), "person", "people"))
        plan = self._quota_plan(attendees, _quota(hours, models))
        if not plan.items:
            raise BadInput("Everybody chosen has that quota already; nothing to do.")
        return self._plan_job(
            actor,
            "usage.quota",
            "quota",
            target=self._event().id,
            plan={"minutes": _quota(hours, models).minutes, "models": models},
            items=plan.items,
            undoable=True,
            after={"hours": hours, "models": models},
        )

    def grant(self, actor: Actor, attendee: str, *, extra_hours: float) -> Job:
        """More hours for one person: a facilitator may grant up to 2 h at a time, within the event's budget.

        On top of what the person has apart from a pause or a closing, when the service lists 0; by another event too.
        """
        self._authorise(actor, "usage.grant", target=attendee)
        if not 0 < extra_hours <= GRANT_MAX_HOURS:
            raise BadInput(f"Extra hours: more than 0 and at most {GRANT_MAX_HOURS:g} at a time.")
        event = self._event()
        profile, how = self._profile_of(event.id, attendee)
        person = self.store.attendee(event.id, attendee)
        limits = self._limits(event)
        base = limits.granted(profile.id, limits.entitled(profile, person, how))
        if base.minutes == UNLIMITED:
            raise BadInput("This person has no limit; there is nothing to add.")
        view = self.totals(actor)
        most = extra_hours * event.prices.per_hour
        if event.budget_usd and view.spend_usd + view.committed_usd + most > event.budget_usd:
            raise BadInput("The event's budget is used or committed; ask an organizer to raise it first.")
        wanted = Quota(base.minutes + round(extra_hours * 60), base.models)
        item = _quota_item(attendee, profile, base, wanted, own=person.quota)
        return self._plan_job(
            actor,
            "usage.grant",
            "quota",
            target=attendee,
            plan={"minutes": wanted.minutes, "models": wanted.models},
            items=[item],
            undoable=True,
            before={"minutes": base.minutes},
            after={"minutes": wanted.minutes},
        )

    def _quota_plan(self, attendees: Sequence[str], wanted: Quota) -> QuotaPlan:
        event = self._event()
        links = self.store.links(event.id)
        profiles = {profile.id: profile for profile in self.store.profiles(event.id)[0]}
        people = {person.id: person for person in self.store.attendees(event.id)}
        limits = self._limits(event)
        items: list[JobItem] = []
        same, most = 0, 0.0
        for attendee in attendees:
            person = people.get(attendee)
            if person is None:
                raise Missing("Some of the chosen people are not on the list any more; choose again.")
            link = links.get(attendee)
            profile = profiles.get(link.profile) if link else None
            # the service lists 0 for whoever is paused or closed; what they had is what an undo gives back
            current = limits.entitled(profile, person, link.how) if link and profile else quota_for(event, person)
            if current == wanted and person.quota == wanted:
                same += 1
                continue
            items.append(_quota_item(attendee, profile, current, wanted, own=person.quota))
            key = profile.id if profile else ""
            most += worst_case(event.prices, limits.granted(key, current), limits.granted(key, wanted))
        return QuotaPlan(items=items, people=len(items), same=same, most_usd=most)

    def _limits(self, event: Event) -> Limits:
        given = given_elsewhere(self.store, event, self.house.settings.racing)
        return read_limits(self.store, event, given)

    def _profile_of(self, event: str, attendee: str) -> tuple[Profile, str]:
        """Their profile, and how it is known to be theirs."""
        link = self.store.links(event).get(attendee)
        for profile in self.store.profiles(event)[0]:
            if link and profile.id == link.profile:
                return profile, link.how
        raise Missing("This person has no sponsored profile yet; hours can be granted once onboarding is through.")

    # ------------------------------------------------------------------------------------------------- pause

    def sponsor(self, actor: Actor, attendees: Sequence[str], *, active: bool) -> Job:
        """Pause or resume the sponsorship of these people.

        Running work, queued work and submissions go on and are billed.
        """
        self._authorise(actor, "usage.pause", target=counted(len(attendees), "person", "people"))
        event = self._event()
        self._check_people(event.id, attendees)
        links = self.store.links(event.id)
        paused = self.store.rows(event.id, PAUSED_PROFILES)
        chosen = [links[entry] for entry in attendees if entry in links]
        items = [
            JobItem(job="", key=link.profile, state=State.TODO, after={"active": active, "attendee": link.attendee})
            for link in chosen
            if (link.profile in paused) == active
        ]
        if not items:
            word = "sponsored" if active else "paused"
            raise BadInput(f"Everybody chosen is {word} already, or has no profile yet; nothing to do.")
        return self._plan_job(
            actor,
            "usage.pause",
            "sponsor",
            target=event.id,
            plan={"active": active},
            items=items,
            undoable=True,
            after={"active": active},
        )

    def delete_models(self, actor: Actor, attendees: Sequence[str], *, typed_name: str) -> Job:
        """Delete all models of these people; needs the event's name typed."""
        self._authorise(actor, "usage.delete_models", target=counted(len(attendees), "person", "people"))
        event = self._event()
        if typed_name.strip() != event.name:
            raise BadInput("Type the event's name exactly as it stands to delete models.")
        self._check_people(event.id, attendees)
        links = self.store.links(event.id)
        items = [JobItem(job="", key=links[entry].profile, state=State.TODO) for entry in attendees if entry in links]
        if not items:
            raise BadInput("None of the chosen people has a profile; nothing to do.")
        return self._plan_job(actor, "usage.delete_models", "models.delete", target=event.id, plan={}, items=items)


def _quota(hours: float, models: int) -> Quota:
    if hours != UNLIMITED and not 0 <= hours <= 744:
        raise BadInput("Hours: 0 to 744, or -1 for unlimited.")
    if models != UNLIMITED and not 0 <= models <= 1000:
        raise BadInput("Models: 0 to 1000, or -1 for unlimited.")
    return Quota(UNLIMITED if hours == UNLIMITED else round(hours * 60), models)


def _quota_item(attendee: str, profile: Profile | None, current: Quota, wanted: Quota, *, own: Quota | None) -> JobItem:
    return JobItem(
        job="",
        key=attendee,
        state=State.TODO,
        before={
            "profile": profile.id if profile else "",
            "minutes": current.minutes,
            "models": current.models,
            "own": [own.minutes, own.models] if own else None,
        },
        after={"profile": profile.id if profile else "", "minutes": wanted.minutes, "models": wanted.models},
    )


def _row(
    limits: Limits, profile: Profile, link: ProfileLink | None, people: Mapping[str, Attendee], earlier: float
) -> ProfileRow:
    event = limits.event
    person = people.get(link.attendee) if link else None
    minutes = profile.minutes_used + earlier
    limit = profile.quota.minutes if profile.quota else None
    return ProfileRow(
        profile=profile.id,
        attendee=person.id if person else "",
        name=person.name if person else "",
        email=profile.email or (person.email if person else ""),
        alias=profile.alias,
        office=person.office if person else "",
        cost_centre=person.cost_centre if person else "",
        hours_used=minutes / 60,
        hours_queued=profile.minutes_queued / 60,
        hours_limit=None if limit is None or limit == UNLIMITED else limit / 60,
        models=profile.model_count,
        storage_gb=None if profile.storage_bytes is None else profile.storage_bytes / 1e9,
        spend_usd=minutes / 60 * event.prices.per_hour,
        committed_usd=profile.minutes_queued / 60 * event.prices.per_hour,
        paused=profile.id in limits.paused,
        how=link.how if link else "",
    )


def _spent(event: Event, sample: UsageSample, now: datetime) -> float:
    return spend(event.prices, minutes=sample.minutes_used, storage_bytes=sample.storage_bytes, event=event, now=now)


def _with_storage(compute: Forecast, event: Event, last: UsageSample, now: datetime) -> Forecast:
    """The forecast is of compute; what storage has cost so far is added, so that the end is never below today."""
    storage = _spent(event, last, now) - last.minutes_used / 60 * event.prices.per_hour
    return replace(compute, low=compute.low + storage, middle=compute.middle + storage, high=compute.high + storage)


def _burn(event: Event, series: Sequence[UsageSample]) -> float:
    """USD an hour over the last hour of event time (or all there is)."""
    if len(series) < 2:
        return 0.0
    last = series[-1]
    first = next((sample for sample in series if sample.at >= last.at - timedelta(hours=1)), series[0])
    if first is last:
        first = series[-2]
    hours = (last.at - first.at).total_seconds() / 3600
    return max(0.0, (last.minutes_used - first.minutes_used) / 60 * event.prices.per_hour / hours) if hours else 0.0
