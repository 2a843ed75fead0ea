"""Checks about people: sign-in, roles, the company's directory, and how it lets racers into AWS."""

from __future__ import annotations

from datetime import timedelta

from deepracer_admin.counted import counted
from deepracer_admin.rules.preflight.check import Check, Verdict, amber, green, na, red, unknown
from deepracer_admin.rules.preflight.facts import Facts

__all__ = ["CHECKS"]

SIGN_IN, DIRECTORY, AWS_ACCESS = "Sign-in", "Directory", "Access to AWS"
SOON = timedelta(days=14)
SHORTEST_SESSION = timedelta(hours=4)
POLICY = "AWSDeepRacerDefaultMultiUserAccess"
RELAY = "https://console.aws.amazon.com/deepracer/home?region=us-east-1#getStarted"
ENTRA = "https://entra.microsoft.com/#view/Microsoft_AAD_RegisteredApps/ApplicationsListBlade"


def _signing_in(facts: Facts) -> Verdict:
    seen = facts.credential.value
    assert seen is not None  # noqa: S101 - by `needs`
    return green(f"Microsoft Entra accepted the console's {seen.kind} just now ({seen.issuer}).")


def _credential(facts: Facts) -> Verdict:
    seen = facts.credential.value
    assert seen is not None  # noqa: S101 - by `needs`
    renew = "Make a new one in the app registration (Certificates & secrets), put it into the settings, start again."
    if seen.ends_at is None:
        settle = f"Look at its end in the app registration, or grant the right: {ENTRA}"
        return unknown(seen.not_told or "When it ends was not told.", settle)
    ends = f"The console's {seen.kind} ends on {seen.ends_at:%d %b %Y}"
    last = max(facts.event.ends_at, facts.event_now)
    if seen.ends_at <= last:
        return red(f"{ends}, before the event does ({facts.event.ends_at:%d %b %Y}).", renew, link=ENTRA)
    if seen.ends_at <= last + SOON:
        return amber(f"{ends}, within two weeks after the event; the close-out needs it too.", renew, link=ENTRA)
    return green(f"{ends}, after the event ({facts.event.ends_at:%d %b %Y}).")


def _roles(facts: Facts) -> Verdict:
    seen = facts.signed_in.value
    assert seen is not None  # noqa: S101 - by `needs`
    have = (
        f"Signed in to this console: {counted(seen.organizers, 'organizer')}, "
        f"{counted(seen.facilitators, 'facilitator')}, {counted(seen.viewers, 'viewer')}."
    )
    if not seen.organizers:
        return amber(have, "Let an organizer sign in once: their role comes from the app role Organizer in Entra.")
    return green(have)


def _granted(facts: Facts, scope: str, what: str) -> Verdict:
    held = facts.rights.value or frozenset()
    return _grant(facts, scope, what, held=scope in held)


def _grant(facts: Facts, scope: str, what: str, *, held: bool) -> Verdict:
    whose = "application permission" if facts.app_only else "delegated permission"
    if held:
        return green(f"Granted: {scope} ({whose}).")
    return red(
        f"Not granted: {scope} ({whose}), so {what}.",
        "Ask an Entra administrator to grant it with admin consent; then sign in again.",
        copy=(
            f"Please grant our app registration “DeepRacer Organizer Console” the Microsoft Graph {whose} {scope}, "
            "with admin consent. What it is used for: docs/permissions.md of the console."
        ),
        link=ENTRA,
    )


def _people(facts: Facts) -> Verdict:
    found = _granted(facts, "User.Read.All", "nobody can be matched to the directory")
    return found if found.level != "green" else green(f"{found.evidence} A look-up was answered just now.")


def _members(facts: Facts) -> Verdict:
    return _granted(facts, "GroupMember.ReadWrite.All", "the group cannot be filled or emptied")


def _guests(facts: Facts) -> Verdict:
    return _grant(facts, "User.Invite.All", "guests cannot be invited", held=bool(facts.guests.value))


def _no_group(facts: Facts) -> str:
    if facts.event.group_id:
        return ""
    return "" if facts.kind == "managed" else "No group is set; DeepRacer on AWS needs none."


def _group(facts: Facts) -> Verdict:
    if not facts.event.group_id:
        fix = "Give the id of the group that your directory provisions to AWS, on the Settings tab (Entra group)."
        return red("No group is set, and here the group is the way in.", fix)
    group = facts.group.value
    if group is None:
        return na("No group was read.")
    if group.refusal:
        return red(group.refusal, "Choose an assigned security group that you own, on the Settings tab (Entra group).")
    members = f", {counted(group.members, 'member')}" if group.members is not None else ""
    return green(f"“{group.name}” is an assigned security group{members}.")


def _owner(facts: Facts) -> Verdict:
    owners = facts.owners.value
    assert owners is not None  # noqa: S101 - by `needs`
    if facts.acting_for.lower() in owners.ids:
        return green("The person on whose behalf the console works owns the group.")
    return amber(
        f"The person on whose behalf the console works is none of the group's {counted(len(owners.ids), 'owner')}: "
        "unless they have a directory role, adding people is refused.",
        "Ask an owner of the group, or an Entra administrator, to make them an owner.",
        copy=f"Please add me as an owner of the Entra group {facts.event.group_id}.",
        link=f"https://entra.microsoft.com/#view/Microsoft_AAD_IAM/GroupDetailsMenuBlade/~/Owners/groupId/{facts.event.group_id}",
    )


def _no_owner(facts: Facts) -> str:
    if facts.app_only:
        return "The console acts as the app itself, which needs no ownership."
    return _no_group(facts)


def _on_aws(facts: Facts) -> str:
    return "" if facts.kind == "managed" else "DeepRacer on AWS lets people in by their profile alone."


def _assignment(_: Facts) -> Verdict:
    return green(f"The group has the account, with the permission set that holds {POLICY}.")


def _relay(facts: Facts) -> Verdict:
    seen = facts.permission_set.value
    assert seen is not None  # noqa: S101 - by `needs`
    if "/deepracer/" in seen.relay_state:
        return green(f"Racers land at {seen.relay_state}.")
    where = seen.relay_state or "the start page of the AWS console"
    return amber(
        f"Racers land at {where}, and have to find DeepRacer there.",
        "Set the relay state of the permission set.",
        copy=(
            f"aws sso-admin update-permission-set --instance-arn INSTANCE_ARN --permission-set-arn {seen.arn} "
            f"--relay-state '{RELAY}'"
        ),
    )


def _session(facts: Facts) -> Verdict:
    seen = facts.permission_set.value
    assert seen is not None  # noqa: S101 - by `needs`
    hours = f"{seen.session.total_seconds() / 3600:g} h"
    if seen.session >= SHORTEST_SESSION:
        return green(f"Racers stay signed in for {hours}.")
    return amber(
        f"Racers are signed out after {hours}.",
        "Make the session of the permission set 8 hours long.",
        copy=(
            f"aws sso-admin update-permission-set --instance-arn INSTANCE_ARN --permission-set-arn {seen.arn} "
            "--session-duration PT8H"
        ),
    )


def _aws_rights(facts: Facts) -> Verdict:
    seen = facts.aws_rights.value
    assert seen is not None  # noqa: S101 - by `needs`
    lacking = {policy: actions for policy, actions in seen.denied.items() if actions}
    if not lacking:
        return green(f"IAM allows all that {counted(len(seen.asked), 'policy', 'policies')} of the console ask for.")
    actions = [action for each in lacking.values() for action in each]
    shown = ", ".join(actions[:6]) + (f" and {len(actions) - 6:,} more" if len(actions) > 6 else "")
    return red(
        f"IAM does not allow {counted(len(actions), 'action')} that the console will need: {shown}.",
        "Attach the policies to the role of that profile (docs/permissions.md says which and why).",
        copy=", ".join(f"deepracer_admin/policies/{policy}" for policy in lacking),
    )


CHECKS = (
    Check(
        "signin.entra", SIGN_IN, "Sign-in with Microsoft Entra", "Without it nobody gets into the console on the day.",
        _signing_in, ("credential",), reach=True,
        mend="Correct the tenant, the client id or the credential in the settings (docs/permissions.md), start again.",
    ),
    Check(
        "signin.credential", SIGN_IN, "The credential outlives the event",
        "An expired secret on the day of the event is the classic outage.", _credential, ("credential",),
    ),
    Check(
        "signin.roles", SIGN_IN, "An organizer can act", "Work for people needs somebody on whose behalf it is done.",
        _roles, ("signed_in",),
    ),
    Check(
        "graph.people", DIRECTORY, "People can be looked up", "Attendees are matched to the directory by address.",
        _people, ("people", "rights"), reach=True,
        mend="Ask an Entra administrator to grant User.Read.All, then sign in again.",
    ),
    Check(
        "graph.members", DIRECTORY, "The group may be filled and emptied",
        "Without the right, racers are added and taken out by hand.", _members, ("rights",),
        applies=_no_group,
    ),
    Check(
        "graph.guests", DIRECTORY, "Guests may be invited", "People whom the directory does not know wait otherwise.",
        _guests, ("guests",),
        applies=lambda facts: "" if facts.event.guests == "invite" else "This event invites no guests.",
    ),
    Check(
        "group.kind", DIRECTORY, "The event group can be managed",
        "A group by rule, or one synced from elsewhere, takes nobody from us.", _group, ("group",), reach=True,
        applies=_no_group,
        mend="Correct the group's id on the Settings tab (Entra group), or the right that is named here.",
    ),
    Check(
        "group.owner", DIRECTORY, "The organizer owns the group",
        "Rights on behalf of a person never exceed the person.", _owner, ("owners",), applies=_no_owner,
    ),
    Check(
        "access.assignment", AWS_ACCESS, "The group has access to the account",
        "Racers of the group can do nothing in AWS without it.", _assignment, ("assignment",), reach=True,
        applies=_on_aws, mend="Do what the sentence says in IAM Identity Center, then check again.",
    ),
    Check(
        "access.relay", AWS_ACCESS, "Sign-in leads to DeepRacer", "2,000 people who land elsewhere ask where it is.",
        _relay, ("permission_set",), applies=_on_aws,
    ),
    Check(
        "access.session", AWS_ACCESS, "The session is long enough", "Racers are signed out in the middle of the race.",
        _session, ("permission_set",), applies=_on_aws,
    ),
    Check(
        "aws.rights", AWS_ACCESS, "The console's AWS credentials may do all that is needed",
        "A right that is missing shows only when somebody waits for it.", _aws_rights, ("aws_rights",),
    ),
)  # fmt: skip
