"""Set up, Slots and hours: the event before the event. A plan is asked for and looked at; nothing waits for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from deepracer_admin.errors import BadInput
from deepracer_admin.model import Actor, Event, Job
from deepracer_admin.records.capacity import ACCOUNT_QUOTAS, PLAN_CHOICES, SLOT_QUOTAS, PlanChoices, SlotQuotas
from deepracer_admin.records.racing_service import ACCOUNT
from deepracer_admin.rules.capacity import ARRIVALS, Habits, Plan, Queue, queue_of
from deepracer_admin.rules.capacity.words import QuotaRequest, effect_words, quota_requests, verdict
from deepracer_admin.services.base import House, Service
from deepracer_admin.services.setup.capacity_desk import CapacityDesk, Look

__all__ = ["CapacityService", "CapacityView", "QueueEffect", "plan_of"]

_LEAST_H = 1 / 6  # the shortest training
_LONG_H = 30.0  # an event longer than a day and a night is raced at now and then


@dataclass(frozen=True, slots=True)
class CapacityView:
    """What is known of a plan by now. `sentence` and `requests` are empty until there is an answer."""

    look: Look
    sentence: str = ""
    requests: Sequence[QuotaRequest] = ()


@dataclass(frozen=True, slots=True)
class QueueEffect:
    """A sentence about the queue (estimate), or why there is none; "" while it `is_working`."""

    sentence: str = ""
    is_working: bool = False


def plan_of(event: Event, choices: PlanChoices, queue: Queue) -> Plan:
    """The event as a plan to look ahead at."""
    local = event.starts_at.astimezone(ZoneInfo(event.zone))
    window = (event.ends_at - event.starts_at).total_seconds() / 3600
    return Plan(
        people=event.head_count,
        hours_per_person=-1 if event.quota.minutes < 0 else event.quota.minutes / 60,
        models_per_person=event.quota.models,
        window_h=window,
        slots=event.slots,
        account_slots=choices.account_slots,
        others=choices.others,
        queue=Queue(choices.queue) if choices.queue else queue,
        arrivals=ARRIVALS.get(choices.arrivals) or ARRIVALS["weeks" if window > _LONG_H else "day"],
        habits=Habits(training_min=choices.training_min, submissions=choices.submissions),
        start_hour=local.hour + local.minute / 60,
        start_weekday=local.weekday(),
        room_h=min(choices.room_h, window / 2),
        waves=choices.waves,
        usd_per_hour=event.prices.per_hour,
    )


class CapacityService(Service):
    """The plan of one event, and what it will take."""

    def __init__(self, house: House, desk: CapacityDesk, event_id: str = "") -> None:
        super().__init__(house, event_id)
        self._desk = desk

    def plan(self, actor: Actor) -> Plan:
        """The event's settings as a plan, with what was assumed the last time."""
        self._authorise(actor, "setup.view")
        return self._plan(self._event())

    def _plan(self, event: Event) -> Plan:
        choices = self.store.read(event.id, PLAN_CHOICES)
        read = self.store.read(event.id, SLOT_QUOTAS)
        if choices.account_slots is None and read.as_of:
            choices = replace(choices, account_slots=read.total)
        return plan_of(event, choices, self._queue(event))

    def look(self, actor: Actor, plan: Plan) -> CapacityView:
        """What is known of a plan by now, at once. Raises BadInput for a plan that cannot be."""
        self._authorise(actor, "setup.view")
        event, look = self._event(), self._desk.look(plan)
        if look.outlook is None:
            return CapacityView(look)
        requests: Sequence[QuotaRequest] = ()
        if look.enough is not None:
            zone = ZoneInfo(event.zone)
            requests = quota_requests(
                look.enough,
                plan.others,
                name=event.name,
                starts=event.starts_at.astimezone(zone),
                ends=event.ends_at.astimezone(zone),
                people=plan.people,
                region=self._region(event),
            )
        return CapacityView(look, verdict(look.outlook, look.enough), requests)

    def queue_effect(self, actor: Actor, *, before_h: float, after_h: float) -> QueueEffect:
        """What other hours a person (means over everybody) do to the queue of this event, as known by now."""
        self._authorise(actor, "usage.quota")
        plan = replace(self._plan(self._event()), waves=False)
        try:
            looks = [
                self._desk.look(replace(plan, hours_per_person=max(_LEAST_H, hours)), slots=False)
                for hours in (before_h, after_h)
            ]
        except BadInput as cannot_be:
            return QueueEffect(f"What it does to the queue cannot be simulated. {cannot_be.sentence}")
        trouble = next((look.trouble for look in looks if look.trouble), "")
        before, after = (look.outlook for look in looks)
        if before is None or after is None:
            return QueueEffect(trouble, is_working=not trouble)
        return QueueEffect(effect_words(before, after))

    def choices(self, actor: Actor) -> PlanChoices:
        """What the plan assumes beyond the event's settings."""
        self._authorise(actor, "setup.view")
        return self.store.read(self._event().id, PLAN_CHOICES)

    def keep(self, actor: Actor, choices: PlanChoices) -> None:
        """Remember these assumptions: the check before opening looks at the plan with them. Raises BadInput."""
        self._authorise(actor, "event.edit")
        event = self._event()
        if choices.arrivals and choices.arrivals not in ARRIVALS:
            raise BadInput("Arrivals: choose one of the patterns.")
        plan_of(event, choices, self._queue(event)).check()
        before = self.store.read(event.id, PLAN_CHOICES)
        self.store.update(event.id, PLAN_CHOICES, lambda _: choices)
        if before != choices:
            self._audit(actor, "event.edit", target="plan", before=_as_audited(before), after=_as_audited(choices))

    def quotas(self, actor: Actor) -> SlotQuotas | None:
        """The account's quotas as last read; None when they never were."""
        self._authorise(actor, "setup.view")
        seen = self.store.read(self._event().id, SLOT_QUOTAS)
        return seen if seen.as_of else None

    def account_quotas(self, actor: Actor) -> SlotQuotas | None:
        """The same before there is an event, as the console reads them by itself; None when it never could."""
        self._authorise(actor, "setup.view")
        seen = self.store.read("", ACCOUNT_QUOTAS)
        return seen if seen.as_of else None

    def read_quotas(self, actor: Actor) -> Job:
        """Have the account's quotas read; the reading under way when there is one."""
        self._authorise(actor, "setup.check")
        return self._plan_or_join(actor, "setup.check", "quotas.read", plan={})

    def _queue(self, event: Event) -> Queue:
        """As the version says that the service named; before it was reached, as the newest does."""
        if self._racing_kind(event) != "on_aws":
            return Queue.LINE
        return queue_of(self.store.read(event.id, ACCOUNT).account.version)

    def _region(self, event: Event) -> str:
        quotas = self.store.read(event.id, SLOT_QUOTAS)
        return quotas.region or self.store.read(event.id, ACCOUNT).account.region


def _as_audited(choices: PlanChoices) -> dict[str, object]:
    return {name: getattr(choices, name) for name in PlanChoices.__dataclass_fields__}
