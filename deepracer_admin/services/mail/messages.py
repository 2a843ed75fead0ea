"""Messages page: templates, preview, campaigns, the ledger, the outbox of a rehearsal."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from deepracer_admin.errors import BadInput, Conflict, Missing
from deepracer_admin.flows.letters import ACCESS, Letters, again_of, mail_key
from deepracer_admin.model import Actor, Again, Attendee, Event, Job, SenderLimits, Sending, Step
from deepracer_admin.records.campaigns import (
    CAMPAIGNS,
    LIVE,
    RESEND,
    Audience,
    Campaign,
    CampaignState,
)
from deepracer_admin.records.mail_sender import SENDER
from deepracer_admin.records.mail_texts import MAIL_TEXTS, text_key
from deepracer_admin.records.outbox import OUTBOX, CapturedMail
from deepracer_admin.records.ways_in import POOL, read_ways_in
from deepracer_admin.rules.mail_names import is_announcement
from deepracer_admin.rules.relative import FURTHEST, Relative, anchors, instant_of, why_cancelled
from deepracer_admin.rules.templates import Rendered, Template, check_template
from deepracer_admin.services.base import House, new_id
from deepracer_admin.services.mail.ledger import LedgerDesk
from deepracer_admin.services.mail.views import CampaignView, LedgerRow, Started

__all__ = [
    "AUDIENCES",
    "REASON_LETTERS",
    "Audience",
    "CampaignView",
    "LedgerRow",
    "MessagesService",
    "Started",
    "stuck_unknown",
]

REASON_LETTERS = 10
"""So much is written at least for a mail to people without proven access."""
AUDIENCES: dict[str, str] = {
    "proven": "Everybody whose access is proven",
    "not_mailed": "Access proven, no mail yet",
    "not_signed_in": "Mailed, but never seen to sign in",
    "not_trained": "Mailed, but never trained",
    "not_submitted": "Trained, but nothing submitted",
    "turn": "Hours in rounds: who has hours left in this one",
    "placed": "Placed in a race whose result is final",
    "all": "Everybody on the list",
}


class MessagesService(LedgerDesk):
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
        """Store an edit as a new version; its title stays. Raises BadInput for an unknown placeholder, Missing."""
        self._authorise(actor, "messages.edit", target=f"{template.key}.{template.language}")
        check_template(template)
        event = self._event()
        name = text_key(template)
        before = self.letters.template(event, template.key, template.language)

        def edited(own: Mapping[str, Template]) -> dict[str, Template]:
            if name not in own and is_announcement(template.key):
                raise Missing("That announcement was taken away meanwhile.")
            current = own.get(name, before)
            if (current.subject, current.body) == (template.subject, template.body):
                return {}
            return {name: replace(template, version=current.version + 1, title=current.title)}

        saved = self.store.change_rows(event.id, MAIL_TEXTS, edited, keys=(name,)).get(name)
        if saved is None:
            return before
        self._audit(actor, "messages.edit", target=name, after={"version": saved.version})
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
        """Whom sending would reach now, and how many of the audience have had it already (they get no second)."""
        self._authorise(actor, "messages.view")
        event = self._event()
        people = self.letters.audience(event, audience.kind, audience.cohort)
        had = self._had(event, key)
        fresh = [person for person in people if person.id not in had]
        return fresh, len(people) - len(fresh)

    def _had(self, event: Event, key: str) -> set[str]:
        """Who has had this mail, in its present text where that counts, and gets no second."""
        version = self.letters.template(event, key, event.language).version
        again = again_of(key)
        return {
            row.attendee
            for row in self.store.deliveries(event.id)
            if row.template == key and row.stands_against(version, again)
        }

    def send(
        self,
        actor: Actor,
        key: str,
        audience: Audience,
        *,
        attendees: Collection[str] = (),
        schedule_at: datetime | None = None,
        relative: Relative | None = None,
        reason: str = "",
    ) -> Started:
        """Start (or schedule, in event time) a campaign. One mail per person, template and version.

        `attendees`: those whom the press named (ids); whoever is not in the audience any more gets none, and whoever
        came into it since gets none either. Without them, and when scheduled, it goes to whoever is in the audience
        when it goes. `relative` (of `when`) schedules it by what happens in the event instead of by a time.

        `all` reaches people whose access is not proven: it needs a typed reason, which is audited.
        """
        self._authorise(actor, "messages.send", target=key)
        event = self._event()
        if audience.kind not in AUDIENCES:
            raise BadInput("Audience: choose one of the list.")
        if audience.kind == "all" and len(reason.strip()) < REASON_LETTERS:
            raise BadInput(
                f"This reaches people without proven access; write the reason ({REASON_LETTERS} characters or more)."
            )
        if relative is not None:
            self._check_relative(event, relative)
            schedule_at = relative.at
        people, gone, came = self.letters.audience(event, audience.kind, audience.cohort), [], 0
        if attendees and schedule_at is None:
            self._check_people(event.id, attendees)
            people, gone, came = self._named(event, key, people, attendees)
        if not people and schedule_at is None:
            raise BadInput("Nobody is in that audience now.")
        template = self.letters.template(event, key, event.language)
        self.letters.check_everyone(event, template, people)
        campaign = new_id("camp")
        made = Campaign(
            template=key,
            version=template.version,
            audience=audience,
            state=CampaignState.SCHEDULED if schedule_at else CampaignState.RUNNING,
            by=actor.oid,
            by_name=actor.name,
            created_at=self.clock.now(),
            schedule_at=schedule_at,
            people=tuple(person.id for person in people) if attendees and schedule_at is None else (),
            relative=relative,
        )

        def begun(rows: Mapping[str, Campaign]) -> dict[str, Campaign]:
            for row in rows.values():
                same = (row.template, row.version, row.audience) == (key, made.version, audience)
                if same and row.state in LIVE:
                    raise Conflict("That campaign runs already; pause or cancel it first.")
            return {campaign: made}

        self.store.change_rows(event.id, CAMPAIGNS, begun)
        self._audit(
            actor, "messages.send", target=key, count=len(people), after={"campaign": campaign, "reason": reason}
        )
        return Started(campaign, len(people), tuple(gone), came)

    def anchors(self, actor: Actor) -> dict[str, str]:
        """By what a mail can be scheduled, with the words for it."""
        self._authorise(actor, "messages.view")
        event = self._event()
        return anchors(event, self.store.races(event.id)[0], self.clock.event_now())

    def when(self, actor: Actor, anchor: str, offset_minutes: int) -> Relative:
        """The schedule that `send` takes. Raises BadInput for a moment that is past or too far off."""
        self._authorise(actor, "messages.view")
        event = self._event()
        races = self.store.races(event.id)[0]
        at = instant_of(anchor, event, races)
        if at is None:
            raise BadInput("That race is not listed any more; choose another.")
        words = anchors(event, races, self.clock.event_now()).get(anchor, "that race closes")
        made = Relative(anchor, offset_minutes, at, words)
        self._check_relative(event, made)
        return made

    def _check_relative(self, event: Event, relative: Relative) -> None:
        now = self.clock.event_now()
        if relative.at <= now or abs(relative.at - relative.seen_at) > FURTHEST:
            raise BadInput("That moment is past, or more than 60 days off; choose another.")
        if why := why_cancelled(relative, event, self.store.races(event.id)[0], now):
            raise BadInput(why)

    def _named(
        self, event: Event, key: str, people: Sequence[Attendee], attendees: Collection[str]
    ) -> tuple[list[Attendee], list[str], int]:
        """Of the audience now: those who were named, names of the named who are gone, how many came since."""
        inside = {person.id for person in people}
        gone = [
            person.name or person.email
            for person in self.store.attendees(event.id)
            if person.id in {*attendees} - inside
        ]
        had = self._had(event, key)
        came = sum(1 for person in people if person.id not in {*attendees, *had})
        return [person for person in people if person.id in {*attendees}], gone, came

    def control(self, actor: Actor, campaign: str, to: str) -> None:
        """`paused`, `running` (resume) or `cancelled`; what was sent stays sent. Raises Missing, Conflict."""
        self._authorise(actor, "messages.send", target=campaign)
        event = self._event()
        before: list[CampaignState] = []

        def steered(rows: Mapping[str, Campaign]) -> dict[str, Campaign]:
            if campaign not in rows:
                raise Missing("That campaign is not in the list any more.")
            before[:] = [rows[campaign].state]
            return {campaign: _steered(rows[campaign], to, self.clock.event_now())}

        self.store.change_rows(event.id, CAMPAIGNS, steered, keys=(campaign,))
        self._audit(actor, "messages.send", target=campaign, before=before[0], after=to)

    def campaigns(self, actor: Actor) -> list[CampaignView]:
        """Newest first; the access mail's own campaign is among them once onboarding has started."""
        self._authorise(actor, "messages.view")
        event = self._event()
        views = [
            CampaignView(
                id=key,
                template=row.template,
                version=row.version,
                audience=row.audience,
                state=row.state,
                sentence=row.sentence,
                created_by=row.by_name,
                created_at=row.created_at,
                schedule_at=row.schedule_at,
                counts=self.store.delivery_counts(event.id, key),
                relative=row.relative,
            )
            for key, row in self.store.rows(event.id, CAMPAIGNS).items()
        ]
        return sorted(views, key=lambda view: view.created_at or _EPOCH, reverse=True)

    # ------------------------------------------------------------------------------------------------ single

    def test_to_myself(self, actor: Actor, key: str, *, sample: str = "") -> Job:
        """Send the template once to the actor's own address, written for nobody who exists.

        `sample`: an attendee whose data it shows instead; they then rest in a mailbox, so it is an act of its own.
        """
        self._authorise(actor, "messages.test", target=key)
        if sample:
            self._authorise(actor, "messages.test_as", target=sample)
            self.store.attendee(self._event().id, sample)
        if not actor.email:
            raise BadInput(
                "Your sign-in tells no mail address of yours: sign out and in again; if it stays so, ask the "
                "directory's administrator to add the claim email to this console's app registration."
            )
        return self._plan_job(
            actor,
            "messages.test_as" if sample else "messages.test",
            "mail.test",
            target=f"{key}:{actor.oid}",
            plan={"template": key, "address": actor.email, "sample": sample},
            after={"sample": sample} if sample else None,
        )

    def resend_one(self, actor: Actor, attendee: str, key: str = "access") -> None:
        """One person's mail once more, with the newest text; refused while one is under way."""
        self._authorise(actor, "messages.resend_one", target=attendee)
        event = self._event()
        person = self.store.attendee(event.id, attendee)
        proven = any(row.step is Step.ACCESS and row.state.is_done for row in self.store.steps_of(event.id, attendee))
        if key == ACCESS and not proven:
            raise BadInput("This person's access is not proven yet; their mail follows by itself when it is.")
        if key == ACCESS and attendee in self.letters.refused_at_the_door(event):
            raise BadInput("The directory refuses this person, and it is the way in: settle that on Onboarding first.")
        template = self.letters.template(event, key, event.language)
        if attendee in self.letters.awaiting(event, template):
            raise BadInput("This guest's link is not known yet; their mail follows by itself when it is.")
        self.letters.check_everyone(event, template, [person])
        rows = [(attendee, key, template.version)]
        if not self.store.plan_deliveries(event.id, rows, campaign=RESEND, lease=None, again=Again.ASKED):
            raise Conflict("A mail to this person is under way already.")
        self._audit(actor, "messages.resend_one", target=attendee, after={"template": key, "version": template.version})

    def settle_unknown(self, actor: Actor, attendee: str, template: str, number: int, *, as_: str) -> None:
        """A human settles a lost answer: `sent` (it arrived) or `again` (send once more, at most one may be double)."""
        self._authorise(actor, "messages.send", target=attendee)
        event = self._event()
        rows = [
            row
            for row in self.store.deliveries(event.id, attendee=attendee, state=Sending.UNKNOWN)
            if (row.template, row.number) == (template, number)
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

    # ------------------------------------------------------------------------------------------ sender, outbox

    def sender(self, actor: Actor) -> SenderLimits | None:
        """What the sender allowed when last asked; None before the first mail."""
        self._authorise(actor, "messages.view")
        return self.store.read(self._event().id, SENDER)

    def outbox(self, actor: Actor, *, limit: int = 200) -> list[CapturedMail]:
        """Rehearsal: the mails that the practice world captured, newest first."""
        self._authorise(actor, "messages.outbox")
        mails = sorted(self.store.rows("", OUTBOX).values(), key=lambda mail: mail.seq, reverse=True)
        return mails[:limit]


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_LEGAL = {
    CampaignState.PAUSED: (CampaignState.RUNNING, CampaignState.SCHEDULED),
    CampaignState.RUNNING: (CampaignState.PAUSED, CampaignState.STOPPED),
    CampaignState.CANCELLED: (*LIVE, CampaignState.STOPPED),
}


def _steered(campaign: Campaign, to: str, now: datetime) -> Campaign:
    """The campaign in another state, judged by its own at this very moment; `now` in event time. Raises Conflict."""
    if to not in _LEGAL or campaign.state not in _LEGAL[CampaignState(to)]:
        raise Conflict(f"The campaign is {campaign.state}; it cannot become {to} from there.")
    state = CampaignState(to)
    if state is CampaignState.RUNNING and campaign.schedule_at and campaign.schedule_at > now:
        state = CampaignState.SCHEDULED  # resumed before its time: it waits for it
    return replace(campaign, state=state, sentence="", waits_since=None)


def stuck_unknown(rows: Sequence[LedgerRow]) -> list[LedgerRow]:
    """Those whose answer was lost: nothing is repeated by itself."""
    return [row for row in rows if row.delivery.state is Sending.UNKNOWN]
