"""Event page and Set up page: the event itself, its stage, sponsorship, the pre-flight."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from deepracer_admin.errors import BadInput, BadSettings
from deepracer_admin.model import Actor, Event, FromBackup, Job, PriceList, Quota, Stage, State, Step, read_mailbox
from deepracer_admin.records.current_event import CURRENT_EVENT
from deepracer_admin.records.racing_service import ACCOUNT, AccountSeen
from deepracer_admin.rules.access import allowed
from deepracer_admin.rules.known import NextStep
from deepracer_admin.rules.next_steps import next_steps
from deepracer_admin.rules.prices import checked_prices, is_shipped, shipped_prices
from deepracer_admin.services.base import new_id
from deepracer_admin.services.people.registrations import take_over_settings
from deepracer_admin.services.setup.at_work import EventAtWork, at_work
from deepracer_admin.services.setup.drafts import (
    SERVICES,
    TEMPLATES,
    EventDraft,
    as_audited,
    days_until_erasure,
    draft_of,
    known_zones,
    merged,
    slots_to_begin_with,
    write_draft,
)
from deepracer_admin.services.setup.guests import ask_again, checked_guests
from deepracer_admin.services.setup.next_steps import read_known
from deepracer_admin.services.setup.prices import note_former_prices
from deepracer_admin.services.setup.sponsorship import SponsorshipService, SponsorshipView
from deepracer_admin.settings import Practice, read_practice

__all__ = ["TEMPLATES", "EventAtWork", "EventDraft", "EventView", "EventsService", "Freshness", "SponsorshipView"]


@dataclass(frozen=True, slots=True)
class EventView:
    """The Event page: stage, what to do next, counts with their "as of" (event time unless said)."""

    event: Event
    stage: Stage
    next: Sequence[NextStep]  # most urgent first, those that this role may see
    funnel: Mapping[Step, Mapping[State, int]]
    people: int
    refused: int
    profiles: int
    profiles_as_of: datetime | None
    hours_used: float
    hours_queued: float
    spend_usd: float
    committed_usd: float
    usage_as_of: datetime | None
    running_jobs: Sequence[Job]
    restored: FromBackup | None = None  # from a backup, and nothing is done before somebody says that it goes on


@dataclass(frozen=True, slots=True)
class Freshness:
    """How fresh the copy of a shared store is: `age` since it was last read (None: not since the start), and why it
    cannot be read now ("" = it can). Real time.
    """

    age: timedelta | None
    trouble: str


class EventsService(SponsorshipService):
    """The event, its stage and its switch."""

    # ------------------------------------------------------------------------------------------------ events

    def list(self, actor: Actor) -> list[Event]:
        """All events of this installation, newest first."""
        self._authorise(actor, "event.view")
        return sorted(self.store.events(), key=lambda event: event.starts_at, reverse=True)

    def at_work(self, actor: Actor) -> Sequence[EventAtWork]:
        """All events, newest first, and what goes on in each."""
        self._authorise(actor, "event.view")
        return [at_work(self.store, event) for event in self.list(actor)]

    def freshness(self, actor: Actor) -> Freshness | None:
        """How fresh what is shown is, where several computers share a store; None where this one has its own."""
        self._authorise(actor, "event.view")
        if self.house.settings.store == "sqlite":
            return None
        seen = self.store.followed_at
        return Freshness(None if seen is None else max(timedelta(), self.clock.now() - seen), self.store.trouble)

    def open_first(self, actor: Actor, event_id: str) -> Event:
        """Let this event be the one that opens where an address names none. No screen that is open moves."""
        self._authorise(actor, "event.edit", target=event_id)
        event = self.store.event(event_id)
        self.store.update("", CURRENT_EVENT, lambda _: event_id)
        self._audit(actor, "event.edit", target=event_id, after={"opens_first": True}, event_id=event_id)
        return event

    def template(self, actor: Actor, key: str, *, now: datetime | None = None, zone: str = "UTC") -> EventDraft:
        """A draft with sensible defaults: from a template, or `last` for the last event with its dates moved on."""
        self._authorise(actor, "setup.view")
        if zone not in known_zones():
            zone = "UTC"
        local = (now or self.clock.event_now()).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        start = local.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        if key == "last":
            events = self.list(actor)
            if events:
                return self._moved(events[0], start)
        template = next((entry for entry in TEMPLATES if entry.key == key), TEMPLATES[0])
        settings, practice = self.house.settings, self._practice()
        return EventDraft(
            name="",
            starts=start,
            ends=start + timedelta(hours=template.duration_h),
            head_count=200,
            budget_usd=round(200 * template.hours_per_person * shipped_prices(settings.racing).per_hour, -1),
            hours_per_person=template.hours_per_person,
            models_per_person=template.models_per_person,
            group_id=settings.group_id or (str(practice.graph.get("group_id") or "") if practice else ""),
            sender=settings.mail_from,
            portal_url=settings.deepracer_site or (practice.deepracer.get("site", "") if practice else ""),
            zone=zone,
            slots=slots_to_begin_with(self.store, settings.racing),
            prices=shipped_prices(settings.racing),
        )

    def _practice(self) -> Practice | None:
        """The practice company's group and site, so that a rehearsal needs nothing typed but a name."""
        if not self.house.settings.rehearsal:
            return None
        try:
            return read_practice(self.house.settings.home)
        except BadSettings:
            return None

    def create(self, actor: Actor, draft: EventDraft) -> Event:
        """Create an event; it opens first from now on. Raises BadInput with the field and the rule."""
        self._authorise(actor, "event.create", target=draft.name)
        event = self._checked(
            draft,
            Event(
                id=new_id("ev"),
                name="",
                starts_at=_EPOCH,
                ends_at=_EPOCH,
                zone="UTC",
                head_count=0,
                budget_usd=0,
                quota=Quota(0, 0),
            ),
        )
        event = replace(event, created_at=self.clock.now(), created_by=actor.oid)
        self.store.save_event(event)
        take_over_settings(self.store, draft.like, event.id)
        self.store.update("", CURRENT_EVENT, lambda _: event.id)
        self._audit(actor, "event.create", target=event.id, after=as_audited(event), event_id=event.id)
        return event

    def edit(self, actor: Actor, draft: EventDraft, shown: EventDraft) -> Event:
        """Change the settings in which `draft` differs from `shown`, the form as it was when it was opened; what
        colleagues changed meanwhile stays. People's quotas follow only through the Usage page.

        Raises BadInput with the field and the rule, Conflict when a colleague changed the same setting meanwhile.
        """
        self._authorise(actor, "event.edit")
        before = self._event()

        def changed(now: Event) -> Event:
            nonlocal before
            before = now
            after = self._checked(merged(draft, shown, self.draft_of(now)), now)
            if self._racing_kind(after) != self._racing_kind(now):
                self._refuse_to_move(now)
            return after

        event = self.store.amend_event(before.id, changed)
        if self._racing_kind(event) != self._racing_kind(before):
            self._forget_service(event)
        note_former_prices(self.house, before, event, actor.name)
        ask_again(self.store, before, event)
        self._audit(actor, "event.edit", target=event.id, before=as_audited(before), after=as_audited(event))
        return event

    def draft_of(self, event: Event) -> EventDraft:
        """The set-up form filled with an event."""
        zone = ZoneInfo(event.zone)
        return EventDraft(
            name=event.name,
            starts=event.starts_at.astimezone(zone).replace(tzinfo=None),
            ends=event.ends_at.astimezone(zone).replace(tzinfo=None),
            zone=event.zone,
            head_count=event.head_count,
            budget_usd=event.budget_usd,
            hours_per_person=event.quota.minutes / 60 if event.quota.minutes >= 0 else -1,
            models_per_person=event.quota.models,
            group_id=event.group_id,
            guests=event.guests,
            sender=event.sender,
            portal_url=event.portal_url,
            material_url=event.material_url,
            language=event.language,
            slots=event.slots,
            prices=event.prices,
            cohort_hours={
                key: quota.minutes / 60 if quota.minutes >= 0 else -1 for key, quota in event.cohort_quotas.items()
            },
            public_url=event.public_url,
            erase_after_days=days_until_erasure(event),
            service=event.service,
            way_in=event.way_in,
            cognito_mail=event.cognito_mail,
        )

    def _moved(self, last: Event, start: datetime) -> EventDraft:
        draft = self.draft_of(last)
        ends = start + (last.ends_at - last.starts_at)
        return replace(draft, name=f"{last.name} (next)", starts=start, ends=ends, like=last.id)

    def _checked(self, draft: EventDraft, base: Event) -> Event:
        name = " ".join(draft.name.split())
        if not 1 <= len(name) <= 120:
            raise BadInput("Name: give the event a name of 1 to 120 characters.")
        if draft.zone not in known_zones():
            raise BadInput(f"Time zone: {draft.zone!r} is no IANA zone; choose one such as Europe/Rome.")
        if draft.service not in SERVICES:
            raise BadInput("Racing service: choose DeepRacer on AWS or the managed service.")
        self._check_way_in(draft, base)
        zone = ZoneInfo(draft.zone)
        starts, ends = draft.starts.replace(tzinfo=zone), draft.ends.replace(tzinfo=zone)
        if ends <= starts:
            raise BadInput("Dates: the event ends before it starts; move the end after the start.")
        if not 1 <= draft.head_count <= 100_000:
            raise BadInput("Head-count: give the number of people, 1 to 100,000.")
        if draft.budget_usd < 0:
            raise BadInput("Budget: give an amount in US dollars, 0 or more.")
        if draft.hours_per_person != -1 and not 0 < draft.hours_per_person <= 744:
            raise BadInput("Hours per person: 0 to 744, or no limit.")
        if draft.models_per_person != -1 and not 1 <= draft.models_per_person <= 1000:
            raise BadInput("Models per person: 1 to 1000, or no limit.")
        if draft.group_id and not re.fullmatch(r"[0-9a-fA-F-]{36}", draft.group_id):
            raise BadInput("Entra group: give the group's object id (a GUID), or leave it empty.")
        self._check_sender(draft.sender)
        for label, url in (
            ("Portal link", draft.portal_url),
            ("Material link", draft.material_url),
            ("Public address", draft.public_url),
        ):
            if url and not re.fullmatch(r"https?://[^\s<>\"']+", url):
                raise BadInput(f"{label}: give a full address that begins with https://.")
        for cohort, hours in (draft.cohort_hours or {}).items():
            if hours != -1 and not 0 <= hours <= 744:
                raise BadInput(f"Cohort hours: {cohort} has {hours:g}; give 0 to 744, or no limit.")
        if not 0 <= draft.erase_after_days <= 3650:
            raise BadInput("Erase personal data: give the number of days after the end, 0 to 3,650.")
        if not 1 <= draft.slots <= 10_000:
            raise BadInput("Job slots: give the account's quota for concurrent training jobs (its default is 8).")
        minutes = -1 if draft.hours_per_person == -1 else round(draft.hours_per_person * 60)
        cohorts = {
            key: Quota(-1 if hours == -1 else round(hours * 60), draft.models_per_person)
            for key, hours in (draft.cohort_hours or {}).items()
        }
        return replace(
            base,
            name=name,
            starts_at=starts.astimezone(ZoneInfo("UTC")),
            ends_at=ends.astimezone(ZoneInfo("UTC")),
            zone=draft.zone,
            head_count=draft.head_count,
            budget_usd=float(draft.budget_usd),
            quota=Quota(minutes, draft.models_per_person),
            cohort_quotas=cohorts,
            service=draft.service,
            way_in=draft.way_in,
            cognito_mail=draft.cognito_mail,
            group_id=draft.group_id,
            guests=checked_guests(draft),
            sender=draft.sender,
            portal_url=draft.portal_url,
            material_url=draft.material_url,
            language=draft.language,
            slots=draft.slots,
            prices=_prices_of(draft, base, self.house.settings.racing),
            public_url=draft.public_url.rstrip("/"),
            erase_on=(ends.date() + timedelta(days=draft.erase_after_days)).isoformat(),
        )

    def _check_sender(self, sender: str) -> None:
        """Raises BadInput for one that the mail service could never send from."""
        if not sender:
            return
        try:
            mailbox = read_mailbox(sender)
        except BadInput as wrong:
            raise BadInput(f"Sender of our mail: {wrong.sentence}") from None
        if self.house.settings.mailer == "ses" and not mailbox.address.isascii():
            raise BadInput("Sender of our mail: Amazon SES takes no letters like é before the @-sign; choose another.")

    # -------------------------------------------------------------------------------------------- event page

    def view(self, actor: Actor) -> EventView:
        """Everything the Event page shows. Raises Missing before the first event."""
        self._authorise(actor, "event.view")
        event = self._event()
        known = read_known(self.store, self.house.history, self.clock, event, kind=self._racing_kind(event))
        profiles, profiles_at = self.store.profiles(event.id)
        linked = {link.profile for link in self.store.links(event.id).values()}
        usage = self.house.history.usage(event.id, points=2)
        last = usage[-1] if usage else None
        used = last.minutes_used / 60 if last else 0.0
        queued = (last.minutes_queued - last.minutes_waiting) / 60 if last else 0.0
        return EventView(
            event=event,
            stage=known.stage,
            next=_shown_to(actor, next_steps(known)),
            funnel=known.funnel,
            people=known.people,
            refused=known.refused,
            profiles=sum(1 for profile in profiles if profile.id in linked),
            profiles_as_of=profiles_at,
            hours_used=used,
            hours_queued=queued,
            spend_usd=known.spend_usd,
            committed_usd=queued * event.prices.per_hour,
            usage_as_of=last.at if last else None,
            running_jobs=known.jobs if allowed(actor, "jobs.view") else [],
            restored=known.restored,
        )

    # ----------------------------------------------------------------------------------------- pre-flight

    def run_check(self, actor: Actor) -> Job:
        """Ask the worker to run the pre-flight; the findings appear in `check`."""
        self._authorise(actor, "setup.check")
        return self._plan_check(actor)

    def account(self, actor: Actor) -> AccountSeen | None:
        """What the racing service said about itself, and what it can do; None until it was reached once."""
        self._authorise(actor, "setup.view")
        seen = self.store.read(self._event().id, ACCOUNT)
        return seen if seen.as_of else None

    # -------------------------------------------------------------------------------------- settings exchange

    def export_settings(self, actor: Actor) -> bytes:
        """The event's settings as JSON without secrets, people or states: to start the next event from."""
        self._authorise(actor, "setup.view")
        return write_draft(self.draft_of(self._event()))

    def read_settings(self, actor: Actor, data: bytes) -> EventDraft:
        """A draft from such a file; nothing is written. Raises BadInput with the field that cannot be used."""
        self._authorise(actor, "setup.view")
        return draft_of(self.house.files.settings_values(data))


def _shown_to(actor: Actor, steps: Sequence[NextStep]) -> list[NextStep]:
    """What waits for people is for those who may see them; a viewer is told where the event stands."""
    if allowed(actor, "onboarding.view"):
        return [*steps]
    return [step for step in steps if step.key in ("stage", "closing", "restored")]


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _prices_of(draft: EventDraft, base: Event, default: str) -> PriceList:
    """Where the service is chosen, a shipped list that nobody looked at becomes that service's. Raises BadInput."""
    service = draft.service or default
    if is_shipped(draft.prices) and (base.created_at is None or service != (base.service or default)):
        return shipped_prices(service)
    return base.prices if draft.prices == base.prices else checked_prices(draft.prices)
