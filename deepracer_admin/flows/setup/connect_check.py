"""The connect check: every service is tried once, and each finding says what was seen and how to mend it."""

from __future__ import annotations

import math
from collections.abc import Callable

from deepracer_admin.counted import counted
from deepracer_admin.errors import ConsoleError
from deepracer_admin.flows.access.cognito_pool import open_pool
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.readings.profiles import remember_account
from deepracer_admin.flows.setup.staff import remember_pool_staff
from deepracer_admin.model import Event, Finding, Job, Lease
from deepracer_admin.records.connect_check import CHECK, POOL_CHECK, Checked
from deepracer_admin.rules.mail_days import DAILY, is_limited
from deepracer_admin.rules.money import hours_through_slots

__all__ = ["CheckHandler"]

PER_RACER = ("cars",)  # account quotas of which every racer takes one (managed-deepracer.md 3.1)


class CheckHandler:
    """Job `check`."""

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        event = ports.store.event(job.event)
        findings: list[Finding] = []
        for title, check in (
            ("Racing service", lambda: [*_racing(ports, event, lease), *_way_in(ports, event, lease)]),
            ("Entra group", lambda: _group(ports, event, job.created_by)),
            ("Mail", lambda: _mail(ports, event)),
            ("Plan", lambda: _plan(event)),
        ):
            findings += _tried(title, check)
        ports.store.keep(event.id, CHECK, Checked(tuple(findings), ports.clock.now()), lease=lease)
        red = sum(1 for finding in findings if finding.level == "red")
        return (
            f"{counted(len(findings), 'check')}, {counted(red, 'needs', 'need')} attention."
            if red
            else f"{counted(len(findings), 'check')}, none red."
        )


def _tried(title: str, check: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return check()
    except ConsoleError as error:
        return [Finding(title.lower().replace(" ", "_"), title, "red", error.sentence, "Mend this, then check again.")]


def _racing(ports: Ports, event: Event, lease: Lease) -> list[Finding]:
    said = remember_account(ports, event, lease, anew=True).account  # an update of the deployment is seen here
    evidence = f"{said.service} {said.version} in {said.region or 'its region'}, signed in as {said.signed_in_as}"
    found = [Finding("racing", "Racing service", "green", evidence)]
    found += [Finding(f"racing_{n}", "Racing service", "amber", warning) for n, warning in enumerate(said.warnings)]
    return found + [
        Finding(
            f"quota_{name}",
            "Account quota",
            "amber",
            f"{value:,} {name} for {counted(event.head_count, 'person', 'people')}: each racer needs one.",
            "Ask AWS support for more before the event; racers past the quota can make no model.",
        )
        for name, value in said.account_quotas.items()
        if name in PER_RACER and 0 <= value < event.head_count
    ]


def _way_in(ports: Ports, event: Event, lease: Lease) -> list[Finding]:
    """Who brings the first password, and whether the credentials on the user pool answer (one small read)."""
    if ports.racing().kind != "on_aws":
        return []
    trouble = _pool_trouble(ports, lease)
    ports.store.keep(event.id, POOL_CHECK, trouble, lease=lease)
    if event.way_in == "pool":
        if trouble:
            return [Finding("way_in", "Way in", "red", trouble, "Mend this, or let the service invite (Way in).")]
        said = "The console makes the users itself; our mail carries the first password, valid for 7 days."
        return [Finding("way_in", "Way in", "green", said)]
    if not is_limited(event, ses_by_settings=ports.cognito_by_ses):
        return [Finding("way_in", "Way in", "green", "The service invites; Cognito mails the password through SES.")]
    days = math.ceil(event.head_count / DAILY)
    people = f"{counted(event.head_count, 'person takes', 'people take')} {counted(days, 'day')}"
    said = f"The service invites; Cognito's default sender mails {DAILY} a day: {people}."
    fix = "Give the deployment SES as its mail sender" + ("." if trouble else ", or let our own mail carry the way in.")
    return [Finding("way_in", "Way in", "green" if days <= 1 else "amber", said, "" if days <= 1 else fix)]


def _pool_trouble(ports: Ports, lease: Lease) -> str:
    """Tried by what is worth knowing anyway: who is staff, so that they are never touched."""
    try:
        open_pool(ports).find("nobody@example.com")
        remember_pool_staff(ports, lease)
    except ConsoleError as error:
        return error.sentence
    return ""


def _group(ports: Ports, event: Event, oid: str) -> list[Finding]:
    if not event.group_id and ports.racing().capabilities.invite:
        return [Finding("group", "Entra group", "green", "No group is set; DeepRacer on AWS needs none.")]
    if not event.group_id:
        fix = "Give the id of the group that your directory provisions to AWS."
        return [Finding("group", "Entra group", "red", "No group is set, and here the group is the way in.", fix)]
    group = ports.directory(oid).group(event.group_id)
    if group.refusal:
        return [Finding("group", "Entra group", "red", group.refusal, "Choose an assigned security group you own.")]
    members = f", {counted(group.members, 'member')}" if group.members is not None else ""
    return [Finding("group", "Entra group", "green", f"“{group.name}”{members}")]


def _mail(ports: Ports, event: Event) -> list[Finding]:
    sender = event.sender or ports.letters.sender
    if not sender:
        fix = "Give “Sender of our mail” on the Settings tab."
        return [Finding("sender", "Mail", "red", "No From address is set.", fix)]
    mailer = ports.mailer()
    found = list(mailer.check(sender))
    limits = mailer.limits()
    if limits.per_day >= 0:
        left = limits.per_day - limits.used_today
        level = "green" if left >= event.head_count else "amber"
        found.append(
            Finding(
                "mail_quota",
                "Mail quota",
                level,
                f"{left:,} of {counted(limits.per_day, 'mail is', 'mails are')} left today, "
                f"at {limits.per_second:g}/s, for {counted(event.head_count, 'person', 'people')}.",
                "" if level == "green" else "Ask the mail service for a higher quota, or let the rest go tomorrow.",
            )
        )
    return found


def _plan(event: Event) -> list[Finding]:
    if event.quota.minutes < 0:
        return [Finding("slots", "Job slots", "amber", "Hours per person are unlimited; the bill has no ceiling.")]
    hours = event.quota.minutes / 60
    need = hours_through_slots(people=event.head_count, hours_per_person=hours, slots=event.slots)
    window = (event.ends_at - event.starts_at).total_seconds() / 3600
    level = "green" if need <= window else "amber"
    most = event.head_count * hours * event.prices.per_hour
    budget = "green" if most <= event.budget_usd else "amber"
    return [
        Finding(
            "slots",
            "Job slots",
            level,
            f"{counted(event.head_count, 'person', 'people')} x {hours:g} h through {counted(event.slots, 'slot')} "
            f"take {need:,.1f} h; "
            f"the event has {window:,.1f} h.",
            "" if level == "green" else "Ask AWS for more concurrent training jobs, or give fewer hours.",
        ),
        Finding(
            "budget",
            "Budget",
            budget,
            f"If everybody uses everything: {most:,.0f} USD (estimate) against {event.budget_usd:,.0f} USD.",
            "" if budget == "green" else "Raise the budget or give fewer hours.",
        ),
    ]
