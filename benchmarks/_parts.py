"""The parts of the pages that a benchmark draws besides what a page shows first, and what they list."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

__all__ = ["PARTS", "Part", "fill_lists"]

SETUP = ("Slots and hours", "Prices", "Pre-flight", "Alarms", "Sponsorship", "Hours per cohort", "Staff")
PORTAL = ("Registrations", "Who may register", "Questions", "Texts and material", "Mails")
TICKED = {"selection": {"rows": [0], "columns": [], "cells": []}}


class Part(NamedTuple):
    """`page`: its address. `state`: what the tab holds when it is opened. `ticks`: the table whose first row is chosen
    once it is drawn. `press`: the button that is pressed then."""

    page: str
    name: str
    state: dict[str, Any]
    ticks: str = ""


PARTS = (
    *(Part("setup", part, {"setup-part": part}) for part in SETUP),
    Part("setup", "Other events", {"setup-part": "Other events", "create-another": True}),
    Part("attendees", "Refused", {"roster-kind": "Refused by the service"}),
    Part("attendees", "Needs a human", {"roster-kind": "Needs a human"}),
    Part("attendees", "Fewest steps", {"roster-sort": "Fewest steps done"}),
    Part("attendees", "Search", {"roster-text": "racer 1"}),
    Part("attendees", "Card", {}, ticks="roster"),
    *(Part("attendees", f"Portal, {part}", {"attendees-view": "Portal", "portal-part": part}) for part in PORTAL),
    Part("attendees", "Add one", {"attendees-view": "Add one"}),
    Part("attendees", "Upload", {"attendees-view": "Upload"}),
    Part("attendees", "Imports", {"attendees-view": "Imports and undo"}),
    Part("onboarding", "Reason", {}, ticks="stuck"),
    Part("messages", "Send a mail", {"send-mail": True}),
    Part("messages", "Templates", {"section": "Templates"}),
    Part("messages", "Every mail", {"section": "Every mail"}),
    Part("messages", "Every mail, one", {"section": "Every mail"}, ticks="ledger"),
    Part("races", "One race", {}, ticks="races"),
    Part("races", "Who may not enter", {"entrants-r-1": "out"}, ticks="races"),
    Part("usage", "One profile", {}, ticks="profiles"),
    Part("usage", "Budget guard", {"budget-guard": True}),
    Part("usage", "Rounds", {"waves-part": True}),
    Part("usage", "Changes", {"usage-changes": True}),
    Part("leaderboard", "Run the board", {"board-tabs": "Run the board"}),
    Part("leaderboard", "Export", {"board-tabs": "Export"}),
    Part("audit", "One entry", {}, ticks="audit"),
)


def fill_lists(console: Any, people: int, *, refused_one_in: int = 100) -> None:
    """Beside the event in full swing: two mails each, one in so many refused, a service's list of a race, jobs with a
    result per person, as many registrations, and a trail of a busy week."""
    from deepracer_admin.model import (
        Account,
        AuditEntry,
        Capabilities,
        Job,
        JobItem,
        JobState,
        Outcome,
        Sending,
        State,
        Step,
    )
    from deepracer_admin.model.registrations import Registration, RegistrationState
    from deepracer_admin.records.campaigns import CAMPAIGNS, Audience, Campaign, CampaignState
    from deepracer_admin.records.entrants import PARTICIPANTS, Participants
    from deepracer_admin.records.portal import PORTAL as PORTAL_OF_EVENT
    from deepracer_admin.records.portal import REGISTRATIONS
    from deepracer_admin.records.racing_service import ACCOUNT, AccountSeen

    now, event, store = datetime.now(UTC), "ev-1", console.store
    store.save_event(
        replace(store.event(event), public_url="https://boards.example.com", portal_url="https://racing.example.com")
    )
    able = Capabilities(
        private_races=True, participants=True, reset_share_link=True, close_early=True, roles=True, account_limits=True
    )
    store.keep(event, ACCOUNT, AccountSeen(kind="managed", account=Account("DeepRacer"), capabilities=able, as_of=now))
    listed = {f"pr-{n}": f"racer-{n}" for n in range(people // 2)}
    store.change_rows(event, PARTICIPANTS, lambda _: {"r-1": Participants(listed, now)})
    refused = range(2, people, refused_one_in)
    sentence = "The racing service refuses an apostrophe in an address."
    stuck = [Outcome(f"at-{n}", Step.PROFILE, State.REFUSED, "apostrophe", sentence) for n in refused]
    store.record(event, stuck, lease=None, now=now)
    store.amend_attendees(event, lambda each: replace(each, refusal=sentence), ids=[f"at-{n}" for n in refused])
    lease = store.acquire("mail", "benchmark", ttl_s=600, now=now)
    for key in ("access", "reminder"):
        campaign = Campaign(key, 1, Audience("all"), CampaignState.DONE, created_at=now)
        store.change_rows(event, CAMPAIGNS, lambda _, key=key, made=campaign: {key: made})
        store.plan_deliveries(event, [(f"at-{n}", key, 1) for n in range(people)], campaign=key, lease=None)
        mails = store.claim_deliveries(event, key, people, lease=lease, now=now)
        sent = [replace(mail, state=Sending.SENT, delivered="bounced" if n % 90 == 0 else "delivered")
                for n, mail in enumerate(mails)]  # fmt: skip
        store.settle_deliveries(event, sent, lease=lease, now=now)
    for kind in ("roster.import", "quota", "race.edit", "role"):
        job = Job(f"job-{kind}-{people}", event, kind, kind, JobState.DONE, total=people, undoable=True, created_at=now)
        store.create_job(job, [JobItem(job.id, f"at-{n}", State.DONE) for n in range(people)])
        store.update_job(job.id, state=JobState.DONE, now=now)
    store.update(event, PORTAL_OF_EVENT, lambda each: replace(each, open=True))
    asked = {
        f"re-{n}": Registration(f"re-{n}", f"new{n}@example.com", RegistrationState.VERIFIED, now, name=f"New {n}")
        for n in range(people)
    }
    store.change_rows(event, REGISTRATIONS, lambda _: asked)
    for n in range(3_000):
        store.append_audit(
            AuditEntry(0, now - timedelta(minutes=3_000 - n), event, "o", "Somebody", "organizer", "messages.send",
                       f"campaign {n}", 12, before={"state": "idle"}, after={"state": "running"})
        )  # fmt: skip
