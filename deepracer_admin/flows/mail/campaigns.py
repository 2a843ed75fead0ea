"""The mail reconciler: from "should get this mail" to "the sender accepted it", at most once.

Ledger key event + attendee + template + number (identity-and-mail.md 4.4). What if it dies here?

* before the claim: the row is PENDING, another pass takes it;
* between claim and record: the row stays CLAIMED under an old epoch and becomes UNKNOWN, which is shown and never sent
  again by itself; delivery events settle it when they arrive;
* a lost answer: UNKNOWN at once, for the same reason;
* between ledger and step: the mail step is copied from the ledger now and then, so it catches up.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from deepracer_admin.errors import BadInput, Missing
from deepracer_admin.flows.access.first_password import CODE as NO_PASSWORD
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.letters import ACCESS, again_of
from deepracer_admin.flows.mail.sender import Sender, Slice
from deepracer_admin.flows.people.registration_letters import CAMPAIGN as REGISTRATION
from deepracer_admin.model import (
    CANCELLED,
    Delivery,
    Event,
    Lease,
    Outcome,
    Sending,
    State,
    Step,
)
from deepracer_admin.records.calls import POSTS
from deepracer_admin.records.campaigns import (
    ACCESS_CAMPAIGN,
    CAMPAIGNS,
    RESEND,
    Audience,
    Campaign,
    CampaignState,
)
from deepracer_admin.records.mail_sender import EVENTS_TAKEN_AT
from deepracer_admin.records.onboarding import ONBOARDING, Run
from deepracer_admin.rules.calls import NEWS_KEY, by_news
from deepracer_admin.rules.relative import why_cancelled

__all__ = ["CampaignReconciler", "ensure_access_campaign"]

PLAN_EVERY_S = 0.5  # at least
SHARE = 19  # what reads a whole list takes at most a twentieth of the time, so that cost grows with the people
LONGEST_REST_S = 5.0  # but one slow look (a busy machine, a first call) never keeps anybody's mail back for long
MIRROR_EVERY_S, MIRROR_REST_S = 5.0, 20.0
LONGEST_WAIT = timedelta(days=2)  # real time in which nothing at all could be sent
WAITS = "waits"  # code of a mail that was asked for and says what it waits for


def ensure_access_campaign(ports: Ports, event: Event, lease: Lease) -> None:
    """The campaign that follows onboarding by itself: everybody whose access is proven, once."""
    if ports.store.row(event.id, CAMPAIGNS, ACCESS_CAMPAIGN) is not None:
        return
    made = Campaign(
        template=ACCESS,
        version=ports.letters.template(event, ACCESS, event.language).version,
        audience=Audience("proven"),
        state=CampaignState.RUNNING,
        by_name="Onboarding",
        created_at=ports.clock.now(),
    )
    ports.store.change_rows(
        event.id,
        CAMPAIGNS,
        lambda rows: {} if rows else {ACCESS_CAMPAIGN: made},
        keys=(ACCESS_CAMPAIGN,),
        lease=lease,
    )


class _Pace:
    """Says when something expensive is worth doing again: something changed, and it takes little of the time."""

    def __init__(self, ports: Ports, every_s: float, longest_s: float) -> None:
        self._ports, self._every_s, self._longest_s = ports, every_s, longest_s
        self._next: dict[str, tuple[float, int]] = {}

    def is_due(self, event: Event, what: str) -> bool:
        at, revision = self._next.get(what, (0.0, -1))
        return self._ports.clock.monotonic() >= at and self._ports.store.revision(event.id) != revision

    def done(self, what: str, took_s: float, revision: int) -> None:
        """`took_s`: how long the reading took."""
        rest = min(SHARE * took_s, self._longest_s)
        self._next[what] = (self._ports.clock.monotonic() + max(self._every_s, rest), revision)


class CampaignReconciler:
    """Sends what is due, within the sender's limits, in slices of about two seconds.

    `keep_on` False: no further mail is taken up; what was handed over is still written down.
    """

    def __init__(self, ports: Ports, *, keep_on: Callable[[], bool] = lambda: True) -> None:
        self.ports = ports
        self.sender = Sender(ports, self._record)
        self._keep_on = keep_on
        self._planning = _Pace(ports, PLAN_EVERY_S, LONGEST_REST_S)
        self._mirroring = _Pace(ports, MIRROR_EVERY_S, MIRROR_REST_S)
        self._planned: dict[tuple[str, str], set[str]] = {}
        self._swept: set[str] = set()  # cancelled campaigns that have nothing queued any more
        self._epoch = -1

    def close(self) -> None:
        self.sender.close()

    def run(self, event: Event, lease: Lease) -> int:
        """One slice of each campaign; returns how many mails were handed over."""
        store, clock = self.ports.store, self.ports.clock
        if lease.epoch != self._epoch:
            self._planned.clear()
            self._epoch = lease.epoch
        if store.delivery_counts(event.id)[Sending.CLAIMED]:
            store.expire_claims(event.id, lease=lease, now=clock.now())
        self._mirror(event, lease)
        sent = self._asked_for(event, RESEND, lease) + self._asked_for(event, REGISTRATION, lease)
        for key, campaign in store.rows(event.id, CAMPAIGNS).items():
            if campaign.state in (CampaignState.SCHEDULED, CampaignState.PAUSED) and self._has_moved(
                event, key, campaign, lease
            ):
                continue
            if campaign.state is CampaignState.SCHEDULED and self._is_due(campaign):
                self._say(event, key, lease, CampaignState.SCHEDULED, state=CampaignState.RUNNING)
            elif campaign.state is CampaignState.CANCELLED:
                self._sweep(event, key, lease)
                continue
            elif campaign.state is not CampaignState.RUNNING:
                continue
            if self._may_go_on(event, key):
                sent += self._campaign(event, key, campaign, lease)
        return sent

    def _is_due(self, campaign: Campaign) -> bool:
        return campaign.schedule_at is None or campaign.schedule_at <= self.ports.clock.event_now()

    def _has_moved(self, event: Event, key: str, campaign: Campaign, lease: Lease) -> bool:
        """Cancel a mail that is scheduled by something that is another time now, or was past before it could go."""
        if campaign.relative is None or any(self.ports.store.delivery_counts(event.id, key).values()):
            return False
        races, now = self.ports.store.races(event.id)[0], self.ports.clock.event_now()
        why = why_cancelled(campaign.relative, event, races, now)
        if why:
            self._say(event, key, lease, campaign.state, state=CampaignState.CANCELLED, sentence=why)
        return bool(why)

    def _may_go_on(self, event: Event, key: str) -> bool:
        """Asked before every batch, so that a pause is heard at once."""
        store = self.ports.store
        if not self._keep_on():
            return False
        if key == ACCESS_CAMPAIGN and store.read(event.id, ONBOARDING).state is not Run.RUNNING:
            return False
        campaign = store.row(event.id, CAMPAIGNS, key)
        return campaign is not None and campaign.state is CampaignState.RUNNING

    def _campaign(self, event: Event, key: str, campaign: Campaign, lease: Lease) -> int:
        """Plan ledger rows for the audience as it is now, then send a slice; close the campaign when all is settled."""
        if self._planning.is_due(event, key) and not self._plan(event, key, campaign, lease):
            return 0
        result = self.sender.run(event, key, lease, go_on=lambda: self._may_go_on(event, key))
        running = CampaignState.RUNNING
        if result.stop:
            self._say(event, key, lease, running, state=CampaignState.STOPPED, sentence=result.stop)
        elif key != ACCESS_CAMPAIGN and not result.note and not self._is_anything_left(event, key):
            self._say(event, key, lease, running, state=CampaignState.DONE, sentence="")
        else:
            self._note(event, key, lease, campaign, result)
        return result.sent

    def _note(self, event: Event, key: str, lease: Lease, campaign: Campaign, result: Slice) -> None:
        """Say what waits; a campaign of which nothing could be sent for two days stops, and says so."""
        now, since = self.ports.clock.now(), None
        if result.note and not result.sent:
            since = campaign.waits_since or now
        if since is not None and now - since > LONGEST_WAIT:
            sentence = f"Nothing could be sent for two days, so it has stopped: resume or cancel it. {result.note}"
            stopped = CampaignState.STOPPED
            self._say(event, key, lease, CampaignState.RUNNING, state=stopped, sentence=sentence, waits_since=None)
        elif (campaign.sentence, campaign.waits_since) != (result.note, since):
            self._say(event, key, lease, CampaignState.RUNNING, sentence=result.note, waits_since=since)

    def _asked_for(self, event: Event, key: str, lease: Lease) -> int:
        """Mails that were asked for one by one, by organizers (RESEND) or through the portal (REGISTRATION). They have
        no campaign to say what they wait for, so each says it; one that cannot go, or waited for two days, has failed,
        and whoever asked asks again."""
        result = self.sender.run(event, key, lease, go_on=self._keep_on)
        said = result.stop or result.note
        if said:
            store, now = self.ports.store, self.ports.clock.now()
            told = []
            for row in store.deliveries(event.id, campaign=key, state=Sending.PENDING):
                over = result.stop or (row.code == WAITS and row.changed_at and now - row.changed_at > LONGEST_WAIT)
                if over:
                    told.append(replace(row, state=Sending.FAILED, code="waited", sentence=said, next_try_at=None))
                elif row.code != WAITS and not row.sentence:
                    told.append(replace(row, code=WAITS, sentence=said))
            store.settle_deliveries(event.id, told, lease=lease, now=now)
            self._record(event, told, lease)
        return result.sent

    def _sweep(self, event: Event, key: str, lease: Lease) -> None:
        """What a cancelled campaign had queued does not wait for ever: it is left out, and says why."""
        if key not in self._swept:
            under_way = [row for row in self.ports.store.deliveries(event.id, campaign=key) if row.is_under_way]
            self._skip(
                event, under_way, dict.fromkeys((row.attendee for row in under_way), _NOT_SENT), CANCELLED, lease
            )
            self._swept.add(key)

    def _is_anything_left(self, event: Event, key: str) -> bool:
        store = self.ports.store
        counts = store.delivery_counts(event.id, key)
        if counts.get(Sending.PENDING, 0) + counts.get(Sending.CLAIMED, 0):
            return True
        failed = store.deliveries(event.id, campaign=key, state=Sending.FAILED) if counts.get(Sending.FAILED) else []
        return any(entry.next_try_at for entry in failed)

    def _plan(self, event: Event, key: str, campaign: Campaign, lease: Lease) -> bool:
        """Ledger rows for whom the audience has gained; every mail is rendered before the first is sent."""
        store, letters = self.ports.store, self.ports.letters
        began, revision = self.ports.clock.monotonic(), store.revision(event.id)
        mine = (event.id, key)
        if mine not in self._planned:
            self._planned[mine] = {entry.attendee for entry in store.deliveries(event.id, campaign=key)}
        people = letters.audience(event, campaign.audience.kind, campaign.audience.cohort)
        if campaign.people:  # whoever came into the audience since was not named when it was sent
            named = {*campaign.people}
            people = [person for person in people if person.id in named]
        fresh = [person for person in people if person.id not in self._planned[mine]]
        took = self.ports.clock.monotonic() - began
        try:
            template = letters.template(event, campaign.template, event.language)
        except Missing:
            return self._stop(event, key, lease, _NO_TEXT)
        waiting = letters.awaiting(event, template) if fresh else set()
        fresh = [person for person in fresh if person.id not in waiting]
        if fresh:
            try:
                letters.check_everyone(event, template, fresh)
            except BadInput as error:
                return self._stop(event, key, lease, error.sentence)
            suppressed = self.ports.mailer().suppressed([person.email for person in fresh])
            store.plan_deliveries(
                event.id,
                [(person.id, template.key, template.version) for person in fresh],
                campaign=key,
                lease=lease,
                again=again_of(template.key),
            )
            reasons = {person.id: suppressed[person.email] for person in fresh if person.email in suppressed}
            queued = store.deliveries(event.id, campaign=key, state=Sending.PENDING) if reasons else []
            self._skip(event, queued, reasons, "suppressed", lease)
            self._planned[mine] |= {person.id for person in fresh}
        self._planning.done(key, took, revision)
        return True

    def _stop(self, event: Event, key: str, lease: Lease, sentence: str) -> bool:
        """It cannot go on; False, for nothing was planned."""
        self._say(event, key, lease, CampaignState.RUNNING, state=CampaignState.STOPPED, sentence=sentence)
        return False

    def _skip(
        self, event: Event, rows: Sequence[Delivery], reasons: Mapping[str, str], code: str, lease: Lease
    ) -> None:
        """Those of the rows that shall not go, with the reason by person."""
        settled = [
            replace(row, state=Sending.SKIPPED, code=code, sentence=reasons[row.attendee])
            for row in rows
            if row.attendee in reasons
        ]
        if settled:
            self.ports.store.settle_deliveries(event.id, settled, lease=lease, now=self.ports.clock.now())
            self._record(event, settled, lease)

    def _say(self, event: Event, key: str, lease: Lease, expected: CampaignState, **values: Any) -> None:
        """Change a campaign unless an organizer did something else to it meanwhile."""

        def said(rows: Mapping[str, Campaign]) -> dict[str, Campaign]:
            return {name: replace(row, **values) for name, row in rows.items() if row.state is expected}

        self.ports.store.change_rows(event.id, CAMPAIGNS, said, keys=(key,), lease=lease)

    # ---------------------------------------------------------------------------------- steps, delivery events

    def _record(self, event: Event, rows: Sequence[Delivery], lease: Lease) -> None:
        told = [outcome for row in rows if (outcome := _outcome(row)) is not None]
        self.ports.store.record(event.id, told, lease=lease, now=self.ports.clock.now())

    def _mirror(self, event: Event, lease: Lease) -> None:
        """Copy the ledger into the mail step where they differ: after a crash, delivery events, or a human's word."""
        if not self._mirroring.is_due(event, "steps"):
            return
        store = self.ports.store
        began, revision = self.ports.clock.monotonic(), store.revision(event.id)
        newest: dict[str, Outcome] = {}
        for row in store.deliveries(event.id):
            outcome = _outcome(row)
            if outcome is not None:
                newest[row.attendee] = outcome
        steps = {row.attendee: row for row in store.steps(event.id, step=Step.MAIL)}
        told = [
            outcome
            for person, outcome in newest.items()
            if person not in steps or (steps[person].state, steps[person].reason) != (outcome.state, outcome.reason)
        ]
        if told:
            store.record(event.id, told, lease=lease, now=self.ports.clock.now())
        self._mirroring.done("steps", self.ports.clock.monotonic() - began, revision)

    def take_events(self, event: Event, lease: Lease) -> int:
        """Delivery events land on the person; one that proves acceptance settles an unknown mail.

        There is one queue for all events: whoever reads it gives each mail's news to the event that sent it.
        """
        mailer, store = self.ports.mailer(), self.ports.store
        with _TAKING:
            news = list(mailer.events())
            if not news:
                return 0
            store.keep(event.id, EVENTS_TAKEN_AT, self.ports.clock.now(), lease=lease)  # a fence
            now = self.ports.clock.now()
            changed = sum(store.apply_delivery_events(each.id, news, now=now) for each in store.events())
            if any(f"#{NEWS_KEY}#" in each.key for each in news):
                for each in store.events():
                    store.change_rows(each.id, POSTS, lambda rows: by_news(rows, news, now))
            mailer.settle_events()
        return changed


_TAKING = threading.Lock()  # the mailer is shared by the process, and settles what it gave out last


def _outcome(row: Delivery) -> Outcome | None:
    """The mail step of a person; only the access mail is a step, other campaigns are not."""
    if row.template != ACCESS:
        return None
    if row.state is Sending.SENT:
        if row.delivered in ("bounced", "complained"):
            return Outcome(row.attendee, Step.MAIL, State.REFUSED, row.delivered, _BOUNCED, ref=row.message_id)
        return Outcome(row.attendee, Step.MAIL, State.DONE, ref=row.message_id)
    if row.state is Sending.UNKNOWN:
        return Outcome(row.attendee, Step.MAIL, State.UNKNOWN, row.code, _LOST)
    if row.state is Sending.SKIPPED:
        return Outcome(row.attendee, Step.MAIL, State.REFUSED, row.code, row.sentence)
    if row.state is Sending.FAILED:
        state = State.RETRY if row.next_try_at else State.REFUSED
        return Outcome(row.attendee, Step.MAIL, state, row.code, row.sentence)
    if row.state is Sending.PENDING and row.code == NO_PASSWORD and row.campaign == ACCESS_CAMPAIGN:
        return Outcome(row.attendee, Step.MAIL, State.WAITING, row.code, row.sentence)
    return None


_NO_TEXT = "This announcement was taken away, so nothing was sent of it: cancel this campaign."
_NOT_SENT = "The campaign was cancelled before this mail went."
_LOST = "The sender's answer was lost: the mail may have gone out. It is not repeated; delivery events settle it."
_BOUNCED = (  # an address that was invited cannot be corrected (services/people/one_person.py)
    "The mail came back: ask for the right address, take this person out on the Onboarding page, and add them with it "
    "on the Attendees page."
)
