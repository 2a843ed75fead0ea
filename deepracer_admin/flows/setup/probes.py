"""What the pre-flight reads: each a call of a port that changes nothing, and what the console itself knows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from deepracer_admin.errors import BadInput, Refused
from deepracer_admin.flows.access.cognito_pool import open_pool
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.engine.readiness import NameService
from deepracer_admin.flows.readings.profiles import remember_account
from deepracer_admin.flows.setup.bounded import Probe, read_all
from deepracer_admin.flows.setup.staff import remember_pool_staff
from deepracer_admin.model import Event, Lease, State, Step, read_mailbox
from deepracer_admin.model.readiness import CanarySeen, NamesSeen
from deepracer_admin.records.canary import CANARY
from deepracer_admin.records.limits import SPONSORSHIP
from deepracer_admin.records.racing_service import ACCOUNT
from deepracer_admin.rules.capacity import ARRIVALS, Outlook, Queue, queue_of
from deepracer_admin.rules.capacity import Plan as CapacityPlan
from deepracer_admin.rules.mail_days import is_limited
from deepracer_admin.rules.preflight.facts import Facts, MailSeen, Plan, RacingSeen
from deepracer_admin.rules.prices import is_shipped
from deepracer_admin.rules.quotas import quota_for

__all__ = ["read_facts"]

NOBODY = "nobody@example.com"  # asked for, so that the right to look people up is really used


def read_facts(ports: Ports, event: Event, oid: str, lease: Lease | None, *, longest_s: float = 60.0) -> Facts:
    """All that the checks judge, read now and at once. `oid`: on whose behalf the directory is asked.

    With a `lease`, what the racing service said about itself is kept for the pages too.
    """
    kind = ports.racing_default if not event.service else event.service
    sender = event.sender or ports.letters.sender
    ready = ports.readiness
    probes = {
        **_people(ports, event, oid, kind),
        **_racing(ports, event, kind, lease),
        **_mail(ports, sender),
        **_console(ports, event),
    }
    if ready:
        probes["outlook"] = ("the capacity simulation", lambda: _outlook(ports, event, kind, ready.outlook))
    reads = read_all(probes, ports.clock, longest_s=longest_s, longer_s={"outlook": 4 * longest_s})
    return Facts(
        event=event,
        kind=kind,
        now=ports.clock.now(),
        event_now=ports.clock.event_now(),
        rehearsal=ports.rehearsal,
        mailer=ready.mailer_kind if ready else "ses",
        sender=sender,
        cognito_limited=is_limited(event, ses_by_settings=ports.cognito_by_ses),
        app_only=ready.app_only if ready else False,
        acting_for=oid,
        plan=_plan(ports, event),
        **reads,
    )


def _people(ports: Ports, event: Event, oid: str, kind: str) -> dict[str, Probe]:
    probes: dict[str, Probe] = {}
    ready, proof = ports.readiness, ports.proof
    if ready:
        probes["credential"] = ("Microsoft Entra", lambda: ready.directory(oid).credential())
        probes["signed_in"] = ("this console's sign-ins", ready.signed_in)
        probes["aws_rights"] = ("AWS IAM", lambda: ready.aws_rights(event))
        probes["rights"] = ("Microsoft Entra, rights", lambda: ready.directory(oid).rights())
    if ready and event.guests == "invite":
        probes["guests"] = ("Microsoft Entra, rights for guests", lambda: ready.directory(oid).may_invite())
    probes["people"] = ("Microsoft Graph", lambda: bool(ports.directory(oid).resolve([NOBODY])))
    if event.group_id:
        probes["group"] = ("Microsoft Graph, the group", lambda: ports.directory(oid).group(event.group_id))
        if ready and not ready.app_only:
            owners = lambda: ready.directory(oid).owners(event.group_id)  # noqa: E731
            probes["owners"] = ("Microsoft Graph, the group's owners", owners)
    if kind == "managed" and proof:
        probes["assignment"] = ("IAM Identity Center", lambda: _assigned(proof))
        probes["permission_set"] = ("IAM Identity Center, the permission set", lambda: proof().permission_set())
    return probes


def _assigned(proof: Any) -> bool:
    found = proof().assignment()
    if not found.ok:
        raise Refused(found.sentence, service="identity-center", operation="assignment")
    return True


def _racing(ports: Ports, event: Event, kind: str, lease: Lease | None) -> dict[str, Probe]:
    def racing() -> RacingSeen:
        if lease is not None:
            said = remember_account(ports, event, lease, anew=True)  # an update of the deployment is seen here
            return RacingSeen(said.account, said.capabilities, ports.racing().self_sign_up())
        service = ports.racing()
        return RacingSeen(service.connect(), service.capabilities, service.self_sign_up())

    def pool() -> bool:
        """Tried by what is worth knowing anyway: who is staff, so that they are never touched. False: none is set."""
        if ports.pool is None:
            return False
        open_pool(ports).find(NOBODY)
        if lease is not None:
            remember_pool_staff(ports, lease)
        return True

    probes: dict[str, Probe] = {"racing": ("the racing service", racing)}
    if kind == "on_aws":
        probes["pool"] = ("the user pool", pool)
        probes["slot_quotas"] = ("Service Quotas", lambda: _slot_quotas(ports))
    return probes


def _slot_quotas(ports: Ports) -> dict[str, int]:
    """SageMaker's two quotas by their code; {} without credentials for them."""
    if ports.slot_quotas is None:
        return {}
    found = ports.slot_quotas().read()
    return {"L-1EC4D7FD": found.per_type, "L-00C91CB5": found.total}


def _mail(ports: Ports, sender: str) -> dict[str, Probe]:
    if not sender:
        return {}

    def mail() -> MailSeen:
        mailer = ports.mailer()
        return MailSeen({finding.key: finding for finding in mailer.check(sender)}, mailer.limits())

    probes: dict[str, Probe] = {"mail": ("the mail service", mail)}
    ready = ports.readiness
    if ready:
        probes["names"] = ("DNS", lambda: _names(ready.names(), sender))
        probes["signing"] = ("DNS, DKIM", lambda: _signing(ports, ready.names(), sender))
    return probes


def _signing(ports: Ports, names: NameService, sender: str) -> dict[str, bool]:
    """The records that the sender's service wants, and whether each leads where it should."""
    wanted = ports.mailer().dkim_records(sender)
    return {name: names.leads_to(name) == target for name, target in wanted.items()}


def _names(names: NameService, sender: str) -> NamesSeen:
    try:
        domain = read_mailbox(sender).domain
    except BadInput as wrong:
        raise BadInput(f"The sender cannot be used: {wrong.sentence}") from None
    return NamesSeen(
        domain,
        tuple(text for text in names.texts(domain) if text.lower().startswith("v=spf1")),
        tuple(text for text in names.texts(f"_dmarc.{domain}") if text.lower().startswith("v=dmarc1")),
    )


def _outlook(ports: Ports, event: Event, kind: str, simulate: Callable[[CapacityPlan], Outlook]) -> Outlook | None:
    """The event before the event, with the hours and models of the real list and of whoever is still expected."""
    quotas = [quota_for(event, person) for person in ports.store.attendees(event.id, wanted=True)]
    quotas += [event.quota] * max(0, event.head_count - len(quotas))
    if not quotas or any(quota.minutes < 0 for quota in quotas):
        return None
    version = ports.store.read(event.id, ACCOUNT).account.version
    local = event.starts_at.astimezone(ZoneInfo(event.zone))
    length = event.ends_at - event.starts_at
    return simulate(
        CapacityPlan(
            people=len(quotas),
            hours_per_person=sum(quota.minutes for quota in quotas) / 60 / len(quotas),
            models_per_person=-1 if any(quota.models < 0 for quota in quotas) else max(q.models for q in quotas),
            window_h=length.total_seconds() / 3600,
            slots=event.slots,
            queue=Queue.LINE if kind == "managed" else queue_of(version),
            arrivals=ARRIVALS["day" if length <= timedelta(days=2) else "weeks"],
            start_hour=local.hour + local.minute / 60,
            start_weekday=local.weekday(),
            usd_per_hour=event.prices.per_hour,
        )
    )


def _console(ports: Ports, event: Event) -> dict[str, Probe]:
    ready = ports.readiness
    if ready is None:
        return {}
    return {
        "clock": ("the time of the services", lambda: ready.clock_offsets(event)),
        "computer": ("this computer", ready.computer),
        "store": ("the store", ready.store),
        "listener": ("the second listener", lambda: ready.listener(event)),
    }


def _plan(ports: Ports, event: Event) -> Plan:
    store = ports.store
    people = store.attendees(event.id, wanted=True)
    races, read_at = store.races(event.id)
    canary = store.read(event.id, CANARY)
    mailed = store.funnel(event.id).get(Step.MAIL, {})
    return Plan(
        people=len(people),
        mailed=sum(count for state, count in mailed.items() if State(state).is_done),
        races=races if read_at else None,
        price_default=is_shipped(event.prices),
        sponsorship_open=store.read(event.id, SPONSORSHIP).open,
        quotas=tuple(quota_for(event, person) for person in people),
        slots=event.slots,
        canary=CanarySeen(canary.ended_at, canary.trouble, canary.may_be_in) if canary.job else None,
    )
