"""Who may do what: the one table of role x action. Services enforce it on every call, default deny.

Roles come from the Entra app roles (screens.md, People). A facilitator runs the floor: no export of personal data,
nothing in bulk, no deletion. A viewer sees published boards and totals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deepracer_admin.model import Actor, Role

__all__ = ["ACTIONS", "Action", "allowed", "explain", "roles_in"]

_O = frozenset({Role.ORGANIZER})
_OF = frozenset({Role.ORGANIZER, Role.FACILITATOR})
_OFV = frozenset({Role.ORGANIZER, Role.FACILITATOR, Role.VIEWER})


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that can be done. `title` completes the sentence "You may not ...". `writes` are audited.

    `for_good`: it cannot be taken back, so the roles must have been confirmed lately (rules/sessions.py).
    """

    title: str
    roles: frozenset[Role]
    writes: bool = False
    for_good: bool = False


ACTIONS: dict[str, Action] = {
    "event.view": Action("see the event", _OFV),
    "event.create": Action("create events", _O, True),
    "event.edit": Action("change the event's settings", _O, True),
    "event.go_on": Action("let an event from a backup go on here", _O, True, True),
    "rehearsal.clock": Action("change how fast practice time goes", _OF, True),
    "setup.view": Action("see the set-up", _O),
    "setup.check": Action("run the pre-flight", _O, True),
    "setup.alarms": Action("say who is told of alarms", _O, True),
    "setup.canary": Action("send a canary through", _O, True),
    "setup.connect": Action("sign the console in to the racing service", _O, True),
    "setup.staff": Action("say who runs the deployment", _O, True),
    "setup.sessions": Action("see who is signed in, and sign people out", _O, True),
    "setup.role": Action("give roles on the deployment", _O, True, True),
    "setup.prices": Action("change the price list, and read prices and the bill", _O, True),
    "setup.limits": Action("set account-wide limits", _O, True),
    "sponsorship.switch": Action("open or close sponsorship", _O, True, True),
    "attendees.view": Action("see the attendee list", _OF),
    "attendees.import": Action("import attendee lists", _O, True),
    "attendees.undo": Action("undo an import", _O, True),
    "attendees.add": Action("add a walk-up", _OF, True),
    "attendees.edit": Action("correct one person's address", _OF, True),
    "attendees.remove": Action("take attendees out", _O, True, True),
    "attendees.link": Action("link a person to a profile", _O, True),
    "attendees.export": Action("export personal data", _O, True, True),
    "attendees.erase": Action("erase personal data", _O, True, True),
    "attendees.hold": Action("hold the erasure of personal data", _O, True),
    "portal.view": Action("see registrations", _OF),
    "portal.edit": Action("change the event portal", _O, True),
    "portal.decide": Action("accept and refuse registrations", _O, True),
    "portal.export": Action("export registrations", _O, True, True),
    "portal.erase": Action("erase a registration", _O, True, True),
    "onboarding.view": Action("see the onboarding", _OF),
    "onboarding.run": Action("start, pause or resume onboarding", _O, True),
    "onboarding.retry": Action("retry everybody who is stuck", _O, True),
    "onboarding.retry_one": Action("retry one person", _OF, True),
    "onboarding.remove": Action("remove access", _O, True, True),
    "messages.view": Action("see messages", _OF),
    "messages.preview": Action("preview mails", _OF),
    "messages.edit": Action("change templates", _O, True),
    "messages.send": Action("send mail to many", _O, True, True),
    "messages.test": Action("send a test to yourself", _OF, True),
    "messages.test_as": Action("send yourself a test with a person's data", _O, True),
    "messages.resend_one": Action("resend one person's mail", _OF, True),
    "messages.outbox": Action("open the outbox", _O),
    "races.view": Action("see the races", _OFV),
    "races.create": Action("create races", _O, True),
    "races.edit": Action("change races", _O, True),
    "races.delete": Action("delete races", _O, True, True),
    "races.entrants": Action("see who may enter a race", _OF),
    "races.admit": Action("say who may enter a race", _O, True),
    "races.room": Action("keep room for a race", _O, True),
    "races.link": Action("make a new share link", _O, True),
    "usage.totals": Action("see the totals", _OFV),
    "usage.view": Action("see usage per person", _OF),
    "usage.export": Action("export usage per person", _O, True, True),
    "usage.grant": Action("grant hours to one person", _OF, True),
    "usage.quota": Action("set quotas for many", _O, True),
    "usage.pause": Action("pause or resume sponsorship", _O, True),
    "usage.guard": Action("set the budget guard", _O, True),
    "usage.delete_models": Action("delete models", _O, True, True),
    "boards.view": Action("see leaderboards", _OFV),
    "boards.names": Action("see the person behind a racer name", _O),
    "boards.run": Action("run the boards", _OF, True),
    "boards.declare": Action("declare a result final", _O, True),
    "boards.export": Action("export standings", _OF, True),
    "closeout.view": Action("see the close-out", _O),
    "closeout.run": Action("close the event", _O, True, True),
    "audit.view": Action("see the audit", _O),
    "audit.export": Action("export the audit", _O, True),
    "jobs.view": Action("see the jobs", _OF),
    "jobs.control": Action("cancel or undo jobs", _O, True),
}


def roles_in(claims: Mapping[str, Any]) -> frozenset[Role]:
    """The console's roles among a token's app roles; others are ignored."""
    known = {Role.ORGANIZER.value, Role.FACILITATOR.value, Role.VIEWER.value}
    return frozenset(Role(role) for role in claims.get("roles") or () if role in known)


def allowed(actor: Actor, action: str) -> bool:
    """May this actor do it? Unknown actions are denied. The worker (`System`) may do what a recorded person planned."""
    entry = ACTIONS.get(action)
    if entry is None:
        return False
    if Role.SYSTEM in actor.roles:
        return bool(actor.on_behalf_of)
    return bool(entry.roles & actor.roles)


def explain(actor: Actor, action: str) -> str:
    """The sentence for a person who was refused: what, and who may."""
    entry = ACTIONS.get(action)
    if entry is None:
        return f"There is no action called {action!r}."
    holders = " or ".join(sorted(role.value for role in entry.roles))
    have = ", ".join(sorted(role.value for role in actor.roles)) or "no role"
    return f"You may not {entry.title}: that needs the role {holders}, and you have {have}. Ask an organizer."
