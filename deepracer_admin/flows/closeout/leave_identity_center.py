"""Out of IAM Identity Center: waiting for the directory's cycle, and who can still sign in to a managed event.

The console never writes there (identity-and-mail.md 3.1): whoever left the Entra group stays listed until the next
cycle, and that is said so. Both steps only look, so there is nothing to repair after a crash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deepracer_admin.counted import counted
from deepracer_admin.directory.proof import Arrival, Presence
from deepracer_admin.errors import BadSettings, NotThere
from deepracer_admin.flows.access.proof import ASK_EVERY
from deepracer_admin.flows.closeout.end_managed_event import event_crowd
from deepracer_admin.flows.closeout.proven import in_the_group, record_answers, said_elsewhere, still_elsewhere
from deepracer_admin.flows.closeout.steps import NotYet, Told
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.readings.group_members import put_in_by_us
from deepracer_admin.flows.readings.needed_elsewhere import needed_elsewhere
from deepracer_admin.model import Attendee, Event, Job, Lease, Outcome, State, Step
from deepracer_admin.records.closing import ENDED_PROFILES, PROOF, Leftover, Proof, StillIn
from deepracer_admin.rules.still_in import number_of, still_in_words

__all__ = ["await_cycle", "verify"]

LEAST_PAUSE_S = 3.0
SETTLE = (
    "Give the console a role that may read IAM Identity Center (docs/permissions.md), then close again; or turn "
    "multi-user mode off in the AWS console."
)
LOOK = "Look at the provisioning of the Identity Center application in Entra, then close again."


def await_cycle(ports: Ports, event: Event, job: Job, lease: Lease) -> Told:
    """Later until Identity Center lists nobody of the event who was taken out of the group.

    Not waited for: people whom the group step could not take out, an event without a group (the company fills it by
    itself), and an Identity Center that is not set; each is said in the evidence.
    """
    needed = needed_elsewhere(ports, event)
    stay = {**needed.group, **needed.access}
    people = [person for person in ports.store.attendees(event.id) if person.id not in stay]
    kept = f" {needed.keep('access', stay)}".rstrip()
    crowd = counted(len(people), "person", "people")
    began = ports.clock.monotonic()
    arrivals, trouble = _arrivals(ports, people)
    if arrivals is None:
        return Told(f"Not looked at: {trouble}", not_known=True)
    inside = [person for person in people if arrivals[person.email].presence is Presence.MEMBER]
    out = [person.id for person in people if arrivals[person.email].presence is not Presence.MEMBER]
    gone = [Outcome(key, Step.ACCESS, State.TODO, "removed", "Access is gone (seen at the service).") for key in out]
    ports.store.record(event.id, gone, lease=lease, now=ports.clock.now())
    if not event.group_id:
        tail = " No group was set, so the company takes them out by itself." if inside else ""
        said = f"IAM Identity Center lists {len(inside):,} of the event's {crowd}.{tail}{kept}"
        left = Leftover("people in Identity Center", len(inside), (), tail.strip(), "The company takes them out.")
        return Told(said, (left,) if inside else ())
    staying = _still_grouped(ports, event, job, inside)
    leaving = len(inside) - len(staying)
    if leaving:
        # in a rehearsal a cycle is over in a minute or less; at the pace of a real one, a look every half minute
        pause = max(LEAST_PAUSE_S, ASK_EVERY.total_seconds() / max(1.0, ports.clock.factor))
        sentence = (
            f"Taken out of the group; IAM Identity Center still lists {leaving:,} of {crowd} until the "
            "directory's next cycle (about every 40 minutes)."
        )
        left = Leftover("people in Identity Center", leaving, (), sentence, LOOK)
        raise NotYet(sentence, max(pause, ports.clock.monotonic() - began), left=[left])
    ours = put_in_by_us(ports.store, event)
    refs = {row.attendee: row.ref for row in ports.store.steps(event.id, step=Step.GROUP)}
    before = {key for key in staying if refs.get(key) not in ours}
    stuck = len(staying) - len(before)
    tail = f" {stuck:,} are still in the Entra group and keep their access." if stuck else ""
    were = counted(len(before), "was in the group before the event and stays", "were in it before the event and stay")
    tail += f" {were}." if before else ""
    said = f"IAM Identity Center lists {len(inside):,} of the event's {crowd}.{tail}{kept}"
    left = Leftover("people in the group", stuck, (), tail.strip(), "Take them out of the group in Entra.")
    return Told(said, (left,) if stuck else ())


def verify(ports: Ports, event: Event, job: Job, lease: Lease) -> Told:
    """Who can still sign in: listed in Identity Center and switched on there, with a profile that is not disabled.

    Where Identity Center cannot be asked, everybody whose profile is listed and not disabled counts.
    """
    people = ports.store.attendees(event.id)
    links = ports.store.links(event.id)
    crowd = event_crowd(ports, event, lease)
    sides = (crowd.mine, crowd.before, crowd.strangers, crowd.elsewhere)
    states = {profile.id: profile.state for side in sides for profile in side}
    needed = needed_elsewhere(ports, event)
    off = ports.store.read(event.id, ENDED_PROFILES)
    refs = {row.attendee: row.ref for row in ports.store.steps(event.id, step=Step.GROUP) if row.ref}
    stay = {*refs.values()} - put_in_by_us(ports.store, event) if event.group_id else set[str]()
    mode = ports.racing().account().multi_user_mode
    arrivals, trouble = _arrivals(ports, people)
    still: list[StillIn] = []
    not_known: list[StillIn] = []
    seen: dict[str, str] = {}
    for person in people:
        link = links.get(person.id)
        profile = link.profile if link else ""
        listed = profile in crowd.listed
        disabled = states.get(profile) == "DISABLED" if listed else profile in off
        inside = arrivals[person.email].presence is Presence.MEMBER if arrivals is not None else listed
        if inside and not disabled:
            why = "identity_center" if arrivals is not None else (link.how if link else "")
            why = "group_before" if arrivals is not None and refs.get(person.id, "") in stay else why
            still.append(StillIn(person.id, person.name, person.alias, why))
        elif arrivals is None and not disabled and mode is not False:
            not_known.append(StillIn(person.id, person.name, person.alias, "identity_center"))
        else:
            off_here = "disabled" if disabled else "mode_off"
            seen[person.id] = "directory" if arrivals is not None and not inside else off_here
    elsewhere = still_elsewhere(needed, still)
    still = [each for each in still if each.attendee not in needed.access]
    not_known = [each for each in not_known if each.attendee not in needed.access]
    group = in_the_group(ports, event, job, needed)
    inside_now = None
    if arrivals is not None:
        inside_now = sum(
            arrivals[person.email].presence is Presence.MEMBER for person in people if person.id not in needed.access
        )
    proof = Proof(
        ports.clock.now(),
        job.id,
        tuple(still),
        tuple(not_known),
        f"IAM Identity Center was not asked: {trouble} {SETTLE}" if not_known else "",
        elsewhere=elsewhere,
        in_group=group.ours,
        group_before=group.before,
        in_identity_center=inside_now,
        source="IAM Identity Center and the racing service" if arrivals is not None else "the racing service alone",
    )
    record_answers(ports, event, proof, lease, gone=lambda person: seen.get(person.id, "elsewhere"))
    ports.store.update(event.id, PROOF, lambda _: proof, lease=lease)
    word = {True: "on", False: "off", None: "not known"}[mode]
    where = (
        f"{inside_now:,} listed in IAM Identity Center, {counted(len(off), 'profile')} disabled"
        if inside_now is not None
        else f"IAM Identity Center was not asked: {trouble}"
    )
    return Told(
        (
            f"{still_in_words(number_of(still), len(not_known), len(people))}; "
            f"the service shows multi-user mode {word}; {where}."
            f"{_said_not_known(not_known)}{said_elsewhere(needed, elsewhere)}{group.trouble}"
            " A session that has begun lasts up to eight hours, without a profile to use."
        ).replace("..", "."),
        not_known=bool(not_known),
    )


def _said_not_known(not_known: Sequence[StillIn]) -> str:
    if not not_known:
        return ""
    return f" Not known for {counted(len(not_known), 'person', 'people')}: {SETTLE}"


def _arrivals(ports: Ports, people: list[Attendee]) -> tuple[Mapping[str, Arrival] | None, str]:
    """Where everybody stands, or None and why not. A group that is not there holds nobody."""
    emails = [person.email for person in people]
    if ports.proof is None:
        return None, "no IAM Identity Center is set."
    try:
        return ports.proof().arrived(emails), ""
    except BadSettings as error:
        return None, error.sentence
    except NotThere:
        return {email: Arrival(email, Presence.ABSENT) for email in emails}, ""


def _still_grouped(ports: Ports, event: Event, job: Job, inside: list[Attendee]) -> set[str]:
    """Those of them who are still members of the Entra group: no cycle will take them out."""
    if not inside:
        return set()
    members = ports.directory(job.created_by).members(event.group_id)
    refs = {row.attendee: row.ref for row in ports.store.steps(event.id, step=Step.GROUP)}
    return {person.id for person in inside if refs.get(person.id) in members}
