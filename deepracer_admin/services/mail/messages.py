"""Messages page: templates, preview, campaigns, the ledger, the outbox of a rehearsal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from deepracer_admin.errors import BadInput, Conflict, Missing
from deepracer_admin.flows.letters import ACCESS, Letters, mail_key
from deepracer_admin.flows.mail.campaigns import ACCESS_CAMPAIGN
from deepracer_admin.model import Actor, Attendee, Delivery, Job, Sending, Step
from deepracer_admin.records.ways_in import POOL, read_ways_in
from deepracer_admin.rules.templates import Rendered, Template, check_template
from deepracer_admin.services.base import House, Service, new_id

__all__ = ["AUDIENCES", "Audience", "CampaignView", "LedgerRow", "MessagesService", "stuck_unknown"]

AUDIENCES: dict[str, str] = {
    "proven": "Everybody whose access is proven",
    "not_mailed": "Access proven, no mail yet",
    "not_signed_in": "Mailed, but never seen to sign in",
    "not_trained": "Mailed, but never trained",
    "not_submitted": "Trained, but nothing submitted",
    "all": "Everybody on the list",
}


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a campaign reaches: a step state and, optionally, one cohort ("office:Milano")."""

    kind: str = "proven"
    cohort: str = ""


@dataclass(frozen=True, slots=True)
class CampaignView:
    """A campaign with its counts from the ledger. `state`: scheduled, running, paused, done, cancelled, stopped."""

    id: str
    template: str
    version: int
    audience: Audience
    state: str
    sentence: str
    created_by: str
    created_at: datetime | None
    schedule_at: datetime | None
    counts: Mapping[Sending, int]

    @property
    def follows_onboarding(self) -> bool:
        """Is it the access mail's own campaign, which takes in whoever comes later?"""
        return self.id == ACCESS_CAMPAIGN


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One mail of the ledger with the person it is for."""

    attendee: Attendee
    delivery: Delivery

    @property
    def id(self) -> str:
        """One mail: to whom, which template, which version."""
        return f"{self.delivery.attendee}/{self.delivery.template}/{self.delivery.version}"


class MessagesService(Service):
    """What the Messages page calls."""

    def __init__(self, house: House, letters: Letters, event_id: str = "") -> None:
        super().__init__(house, event_id)
        self.letters = letters

    # --------------------------------------------------------------------------------------------- templates

    def templates(self, actor: Actor) -> list[Template]:
        """All templates in all languages, the event's own edits before the shipped texts."""
        self._authorise(actor, "messages.view")
        return self.letters.templates(self._event())

    def save_template(self, actor: Actor, template: Template) -> Template:
        """Store an edit as a new version. Raises BadInput for an unknown placeholder."""
        self._authorise(actor, "messages.edit", target=f"{template.key}.{template.language}")
        check_template(template)
        event = self._event()
        current = self.letters.template(event, template.key, template.language)
        if (current.subject, current.body) == (template.subject, template.body):
            return current
        saved = replace(template, version=current.version + 1)
        name = f"{saved.key}.{saved.language}"
        self.store.amend(event.id, "templates", lambda own: {**(own or {}), name: asdict(saved)})
        self._audit(actor, "messages.edit", target=f"{saved.key}.{saved.language}", after={"version": saved.version})
        return saved

    def preview(self, actor: Actor, key: str, *, attendee: str | None = None, language: str | None = None) -> Rendered:
        """The mail as this person would get it; the first on the list when none is named. Raises BadInput, Missing."""
        self._authorise(actor, "messages.preview")
        event = self._event()
        people = self.store.attendees(event.id, wanted=True)
        if attendee is not None:
            person = self.store.attendee(event.id, attendee)
        elif people:
            person = people[0]
        else:
            raise Missing("Nobody is on the list yet; a preview needs a person.")
        return self.letters.render(event, self.letters.template(event, key, language or event.language), person)

    # --------------------------------------------------------------------------------------------- campaigns

    def audience(self, actor: Actor, audience: Audience) -> list[Attendee]:
        """The people a campaign would reach now."""
        self._authorise(actor, "messages.view")
        return self.letters.audience(self._event(), audience.kind, audience.cohort)

    def reach(self, actor: Actor, key: str, audience: Audience) -> tuple[list[Attendee], int]:
        """Whom sending would reach now, and how many of the audience had this version already (they get no second)."""
        self._authorise(actor, "messages.view")
        event = self._event()
        people = self.letters.audience(event, audience.kind, audience.cohort)
        version = self.letters.template(event, key, event.language).version
        rows = self.store.deliveries(event.id)
        had = {row.attendee for row in rows if (row.template, row.version) == (key, version)}
        fresh = [person for person in people if person.id not in had]
        return fresh, len(people) - len(fresh)

    def send(
        self, actor: Actor, key: str, audience: Audience, *, schedule_at: datetime | None = None, reason: str = ""
    ) -> str:
        """Start (or schedule, in event time) a campaign; returns its id. One mail per person, template and version.

        `all` reaches people whose access is not proven: it needs a typed reason, which is audited.
        """
        self._authorise(actor, "messages.send", target=key)
        event = self._event()
        if audience.kind not in AUDIENCES:
            raise BadInput("Audience: choose one of the list.")
        if audience.kind == "all" and len(reason.strip()) < 10:
            raise BadInput("This reaches people without proven access; write the reason (10 characters or more).")
        people = self.letters.audience(event, audience.kind, audience.cohort)
        if not people:
            raise BadInput("Nobody is in that audience now.")
        template = self.letters.template(event, key, event.language)
        self.letters.check_everyone(event, template, people)
        for row in self.campaigns(actor):
            same = (row.template, row.version) == (key, template.version) and row.audience == audience
            if same and row.state in ("running", "paused", "scheduled"):
                raise Conflict("That campaign runs already; pause or cancel it first.")
        campaign = new_id("camp")
        self._put(
            event.id,
            campaign,
            {
                "template": key,
                "version": template.version,
                "audience": asdict(audience),
                "state": "scheduled" if schedule_at else "running",
                "by": actor.oid,
                "by_name": actor.name,
                "created_at": self.clock.now().isoformat(),
                "schedule_at": schedule_at.isoformat() if schedule_at else None,
                "sentence": "",
            },
        )
        self._audit(
            actor, "messages.send", target=key, count=len(people), after={"campaign": campaign, "reason": reason}
        )
        return campaign

    def control(self, actor: Actor, campaign: str, to: str) -> None:
        """`paused`, `running` (resume) or `cancelled`; what was sent stays sent."""
        self._authorise(actor, "messages.send", target=campaign)
        event = self._event()
        before = (self._campaigns(event.id).get(campaign) or {}).get("state")
        self.store.amend(event.id, "campaigns", lambda rows: self._steered(rows or {}, campaign, to))
        self._audit(actor, "messages.send", target=campaign, before=before, after=to)

    def _steered(self, rows: Mapping[str, Any], campaign: str, to: str) -> dict[str, Any]:
        """The campaigns with one steered to another state, judged by its state at this very moment."""
        row = rows.get(campaign)
        if row is None:
            raise Missing("That campaign is not in the list any more.")
        legal = {
            "paused": ("running", "scheduled"),
            "running": ("paused", "stopped"),
            "cancelled": ("running", "paused", "scheduled", "stopped"),
        }
        if row["state"] not in legal.get(to, ()):
            raise Conflict(f"The campaign is {row['state']}; it cannot become {to} from there.")
        due = _time(row.get("schedule_at"))
        if to == "running" and due and due > self.clock.event_now():
            to = "scheduled"  # resumed before its time: it waits for it
        return {**rows, campaign: {**row, "state": to, "sentence": ""}}

    def campaigns(self, actor: Actor) -> list[CampaignView]:
        """Newest first; the access mail's own campaign is among them once onboarding has started."""
        self._authorise(actor, "messages.view")
        event = self._event()
        views = [
            CampaignView(
                id=key,
                template=row["template"],
                version=row["version"],
                audience=Audience(**row["audience"]),
                state=row["state"],
                sentence=row.get("sentence", ""),
                created_by=row.get("by_name", ""),
                created_at=_time(row.get("created_at")),
                schedule_at=_time(row.get("schedule_at")),
                counts=self.store.delivery_counts(event.id, key),
            )
            for key, row in self._campaigns(event.id).items()
        ]
        return sorted(views, key=lambda view: view.created_at or _EPOCH, reverse=True)

    def _campaigns(self, event: str) -> dict[str, dict[str, Any]]:
        return dict(self.store.get(event, "campaigns") or {})

    def _put(self, event: str, campaign: str, row: Mapping[str, Any]) -> None:
        self.store.amend(event, "campaigns", lambda rows: {**(rows or {}), campaign: dict(row)})

    # ------------------------------------------------------------------------------------------------ single

    def test_to_myself(self, actor: Actor, key: str, *, address: str) -> Job:
        """Send the template once to the actor's own address, as the first person on the list would get it."""
        self._authorise(actor, "messages.test", target=key)
        if "@" not in address:
            raise BadInput("Address: give the address that the test goes to.")
        return self._plan_job(
            actor,
            "messages.test",
            "mail.test",
            target=f"{key}:{actor.oid}",
            plan={"template": key, "address": address.strip()},
        )

    def resend_one(self, actor: Actor, attendee: str, key: str = "access") -> None:
        """One person's mail once more, as a new version of their own; refused while one is under way or unknown."""
        self._authorise(actor, "messages.resend_one", target=attendee)
        event = self._event()
        person = self.store.attendee(event.id, attendee)
        rows = [row for row in self.store.deliveries(event.id, attendee=attendee) if row.template == key]
        if any(row.state in (Sending.PENDING, Sending.CLAIMED) for row in rows):
            raise Conflict("A mail to this person is under way already.")
        proven = any(row.step is Step.ACCESS and row.state.is_done for row in self.store.steps_of(event.id, attendee))
        if key == "access" and not proven:
            raise BadInput("This person's access is not proven yet; their mail follows by itself when it is.")
        template = self.letters.template(event, key, event.language)
        if attendee in self.letters.awaiting(event, template):
            raise BadInput("This guest's link is not known yet; their mail follows by itself when it is.")
        self.letters.check_everyone(event, template, [person])
        version = max([row.version for row in rows], default=0) + 1000
        self.store.plan_deliveries(event.id, [(attendee, key, version)], campaign="resend", lease=None)
        self._audit(actor, "messages.resend_one", target=attendee, after={"template": key, "version": version})

    def settle_unknown(self, actor: Actor, attendee: str, template: str, version: int, *, as_: str) -> None:
        """A human settles a lost answer: `sent` (it arrived) or `again` (send once more, at most one may be double)."""
        self._authorise(actor, "messages.send", target=attendee)
        event = self._event()
        rows = [
            row
            for row in self.store.deliveries(event.id, attendee=attendee, state=Sending.UNKNOWN)
            if (row.template, row.version) == (template, version)
        ]
        if not rows:
            raise Missing("That mail is not unknown any more; an event from the sender has settled it.")
        state = {"sent": Sending.SENT, "again": Sending.PENDING}.get(as_)
        if state is None:
            raise BadInput("Choose: it arrived, or send it again.")
        self.store.settle_deliveries(event.id, [replace(rows[0], state=state)], lease=None, now=self.clock.now())
        self._audit(actor, "messages.send", target=mail_key(event.id, rows[0]), before="unknown", after=as_)

    def carries_password(self, actor: Actor, attendee: str, template: str) -> bool:
        """Does this mail carry a first password of its own (the way in "pool")? A resend then makes a fresh one."""
        self._authorise(actor, "messages.view")
        event = self._event()
        if template != ACCESS:
            return False
        return read_ways_in(self.store, event).of(self.store.attendee(event.id, attendee)) == POOL

    # ------------------------------------------------------------------------------------------ ledger, outbox

    def ledger(self, actor: Actor, *, campaign: str | None = None, state: Sending | None = None) -> list[LedgerRow]:
        """Rows of the ledger with their people, latest change first."""
        self._authorise(actor, "messages.view")
        event = self._event()
        people = {person.id: person for person in self.store.attendees(event.id)}
        rows = [
            LedgerRow(people[row.attendee], row)
            for row in self.store.deliveries(event.id, campaign=campaign, state=state)
            if row.attendee in people
        ]
        return sorted(rows, key=lambda row: row.delivery.changed_at or _EPOCH, reverse=True)

    def sender(self, actor: Actor) -> Mapping[str, Any]:
        """What the sender allowed when last asked: per_second, per_day, used_today, sandbox, as_of (real time)."""
        self._authorise(actor, "messages.view")
        return self.store.get(self._event().id, "sender") or {}

    def outbox(self, actor: Actor, *, limit: int = 200) -> Sequence[Mapping[str, Any]]:
        """Rehearsal: the mails that the practice world captured, newest first (to, subject, text, html, at)."""
        self._authorise(actor, "messages.outbox")
        return list(reversed((self.store.get("", "outbox") or [])[-limit:]))


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def stuck_unknown(rows: Sequence[LedgerRow]) -> list[LedgerRow]:
    """Those whose answer was lost: nothing is repeated by itself."""
    return [row for row in rows if row.delivery.state is Sending.UNKNOWN]
