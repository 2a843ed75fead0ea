"""Usage page: hours and estimated spend per sponsored profile, over time and per person; quotas; pause and resume."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.collector import collector_at_rest
from deepracer_admin.counted import counted
from deepracer_admin.errors import BadInput, Missing
from deepracer_admin.flows.readings.given_elsewhere import given_elsewhere
from deepracer_admin.model import UNLIMITED, Actor, Job, JobItem, Profile, Quota, State
from deepracer_admin.records.limits import PAUSED_PROFILES
from deepracer_admin.records.profile_models import PROFILE_MODELS, ProfileModels
from deepracer_admin.rules.money import worst_case
from deepracer_admin.rules.quotas import NOT_READ, limit_words, quota_for
from deepracer_admin.rules.tabular import inert_csv
from deepracer_admin.services.base import Service
from deepracer_admin.services.usage.quota_words import limits_met
from deepracer_admin.services.usage.rows import ProfileRow
from deepracer_admin.services.usage.table import UsageTable, table_of
from deepracer_admin.services.usage.view import UsageView, read_all, read_limits_of, read_rows, read_view

__all__ = ["GRANT_MAX_HOURS", "QuotaPlan", "QuotaReadBack", "UsageService"]

GRANT_MAX_HOURS = 2.0


@dataclass(frozen=True, slots=True)
class QuotaPlan:
    """What a change of quotas would do. `most_usd`, `most_hours`: the most that it can add this month, at the price
    list (estimate; infinite for no limit). `meets`: sentences, which other limit it runs into. `mean_h`: hours a person
    over everybody on the list, before and after; nobody's are more than the event has.
    """

    items: Sequence[JobItem]
    people: int
    same: int
    most_usd: float
    most_hours: float = 0.0
    meets: Sequence[str] = ()
    mean_h: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class QuotaReadBack:
    """The last change of quotas that has ended, beside what the service lists since. `as_of`: real time of the list;
    `listed_since` False: it was not listed again yet, so nothing is known. `beside`: who has another limit for a
    reason (paused, closed, another event gives more).
    """

    people: int
    agree: int
    differ: int
    beside: int
    listed_since: bool
    as_of: datetime | None


class UsageService(Service):
    """What the Usage page and the usage charts call."""

    def totals(self, actor: Actor) -> UsageView:
        """Totals, series and forecast; every role."""
        self._authorise(actor, "usage.totals")
        return read_view(self.house, self._event())

    def profiles(self, actor: Actor) -> list[ProfileRow]:
        """One row per sponsored profile, most hours first; organizers and facilitators."""
        self._authorise(actor, "usage.view")
        return [*read_rows(self.house, self._event())]

    def stamp(self, actor: Actor) -> tuple[str, int, datetime | None]:
        """(event, revision, event time of the last sample): what is drawn from the same stamp is the same."""
        self._authorise(actor, "usage.totals")
        event = self._event().id
        last = self.house.history.usage_read_at(event)
        return event, self.store.revision(event), last

    def table(self, actor: Actor) -> UsageTable:
        """Everything that the Usage page draws per person, read and worked out together."""
        self._authorise(actor, "usage.view")
        event = self._event()
        with collector_at_rest():
            return table_of(*read_all(self.house, event))

    def export(self, actor: Actor) -> bytes:
        """Usage per person as CSV, inert in spreadsheets; organizers."""
        self._authorise(actor, "usage.export")
        event = self._event()
        rows = read_rows(self.house, event)
        columns = [
            "Name", "E-mail", "Racer", "Office", "Cost centre", "Hours used", "Hours this month", "Hours asked for",
            "Of them waiting", "Limit (hours a month)", "Models this month", "Storage (GB)", "Spend (USD, estimate)",
            "Paused",
        ]  # fmt: skip
        practice = self.house.settings.rehearsal
        lines = [
            [row.name, row.email, row.alias, row.office, row.cost_centre, round(row.hours_used, 3),
             round(row.hours_month, 3), round(row.hours_queued, 3),
             round(row.hours_waiting, 3), _limit_cell(row.hours_limit),
             _told_cell(row.models), _told_cell(row.storage_gb), round(row.spend_usd, 2), "yes" if row.paused else "no",
             *(["rehearsal"] if practice else [])]
            for row in rows
        ]  # fmt: skip
        self._audit(actor, "usage.export", target=event.id, count=len(rows))
        return inert_csv(lines, [*columns, *(["REHEARSAL"] if practice else [])])

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

    def models_of(self, actor: Actor, profile: str) -> ProfileModels | None:
        """The models of one profile as last read; None when they never were. Raises Missing."""
        self._authorise(actor, "usage.view")
        event = self._event().id
        self._check_linked(event, profile)
        return self.store.row(event, PROFILE_MODELS, profile)

    def look_at_models(self, actor: Actor, profile: str) -> Job:
        """Have the models of one profile read; the reading under way when there is one. Raises Missing."""
        self._authorise(actor, "usage.view")
        event = self._event().id
        self._check_linked(event, profile)
        return self._plan_or_join(actor, "usage.view", "models.look", target=profile, plan={"profile": profile})

    def _check_linked(self, event: str, profile: str) -> None:
        if profile not in {link.profile for link in self.store.links(event).values()}:
            raise Missing("That profile is nobody's on the list (any more); choose again.")

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
        limits = read_limits_of(self.house, event)
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
        limits = read_limits_of(self.house, event)
        items: list[JobItem] = []
        window_h = (event.ends_at - event.starts_at).total_seconds() / 3600
        listed = [_within(quota_for(event, each), window_h) for each in people.values() if each.wanted]
        same, most, hours, moved_h = 0, 0.0, 0.0, 0.0
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
            before, after = limits.granted(key, current), limits.granted(key, wanted)
            most += worst_case(event.prices, before, after)
            moved_h += _within(wanted, window_h) - _within(current, window_h)
            hours += _added_hours(before, after)
        chosen = {links[item.key].profile for item in items if item.key in links}
        meets = limits_met(
            event,
            read_view(self.house, event).totals,
            wanted,
            [profiles[each] for each in chosen if each in profiles],
            added_hours=hours,
            added_usd=most,
            now=self.clock.event_now(),
        )
        mean_h = sum(listed) / max(1, len(listed))
        means = mean_h, max(0.0, mean_h + moved_h / max(1, len(listed)))
        return QuotaPlan(items, len(items), same, most, hours, meets, means)

    def read_back(self, actor: Actor) -> QuotaReadBack | None:
        """What the service lists since the last change of quotas ended; None before the first."""
        self._authorise(actor, "usage.view")
        event = self._event()
        jobs = self.store.jobs(event.id, live=False, kind="quota", limit=1)
        if not jobs:
            return None
        job = jobs[0]
        profiles, seen_at = self.store.profiles(event.id)
        listed = {profile.id: profile for profile in profiles}
        limits = read_limits_of(self.house, event)
        agree = differ = beside = 0
        for item in self.store.job_items(job.id, state=State.DONE):
            after = item.after or {}
            profile = listed.get(str(after.get("profile", "")))
            wanted = Quota(int(after.get("minutes", 0)), int(after.get("models", 0)))
            if profile is None or profile.quota == wanted:
                agree += profile is not None
            elif profile.id in limits.paused or not limits.open or limits.in_force(profile.id, wanted) != wanted:
                beside += 1
            else:
                differ += 1
        since = seen_at is not None and job.changed_at is not None and seen_at >= job.changed_at
        return QuotaReadBack(job.total, agree, differ, beside, since, seen_at)

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
        raise BadInput("Hours: 0 to 744, or no limit.")
    if models != UNLIMITED and not 0 <= models <= 1000:
        raise BadInput("Models: 0 to 1000, or no limit.")
    return Quota(UNLIMITED if hours == UNLIMITED else round(hours * 60), models)


def _within(quota: Quota, window_h: float) -> float:
    return window_h if quota.minutes == UNLIMITED else min(quota.minutes / 60, window_h)


def _limit_cell(hours: float | None) -> float | str:
    """A number where there is one, so that a spreadsheet reckons with it; else the word for why there is none."""
    return limit_words(hours) if hours is None or math.isinf(hours) else hours


def _told_cell(value: float | None) -> float | str:
    return NOT_READ if value is None else value


def _added_hours(current: Quota, wanted: Quota) -> float:
    if wanted.minutes == UNLIMITED:
        return 0.0 if current.minutes == UNLIMITED else float("inf")
    return 0.0 if current.minutes == UNLIMITED else max(0, wanted.minutes - current.minutes) / 60


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
