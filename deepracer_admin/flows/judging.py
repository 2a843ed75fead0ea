"""What a listing of profiles says about each person on the list. Pure: people, profiles and rows in, outcomes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from deepracer_admin.flows.profiles import by_email, is_staff
from deepracer_admin.model import Attendee, Outcome, Profile, Quota, State, Step, StepRow
from deepracer_admin.store import ProfileLink

__all__ = ["Seen", "judge", "match"]

USABLE = ("ACTIVE", "RESTRICTED", "")  # open strings (deepracer-on-aws.md 1.7)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a listing says about one person. `trouble`: "" | "staff" | "two_profiles" | "linked"."""

    profile: Profile | None
    trouble: str = ""

    @property
    def staff(self) -> bool:
        return self.trouble == "staff"


def match(
    people: Sequence[Attendee],
    profiles: Sequence[Profile],
    links: Mapping[str, ProfileLink],
    staff: frozenset[str],
) -> dict[str, Seen]:
    """Who has which profile: by link, else by address, else (where no address is given) by alias."""
    addresses = by_email(profiles)
    by_id = {profile.id: profile for profile in profiles}
    aliases = {profile.alias.casefold(): profile for profile in profiles if not profile.email}
    owners = {link.profile: link.attendee for link in links.values()}
    seen: dict[str, Seen] = {}
    for person in people:
        link = links.get(person.id)
        found = addresses.get(person.email, [])
        profile = by_id.get(link.profile) if link else None
        by_hand = profile is not None and link is not None and link.how == "manual"
        if profile is None:
            profile = found[0] if found else aliases.get(person.alias.casefold())
        trouble = ""
        if (profile is not None and is_staff(profile, staff)) or person.email in staff:
            trouble = "staff"
        elif len(found) > 1 and not by_hand:
            trouble = "two_profiles"
        elif profile is not None and owners.setdefault(profile.id, person.id) != person.id:
            trouble = "linked"
        seen[person.id] = Seen(profile, trouble)
    return seen


def judge(
    people: Sequence[Attendee],
    seen: Mapping[str, Seen],
    rows: Mapping[str, StepRow],
    access: Mapping[str, StepRow],
    quota_of: Callable[[Attendee, Profile], Quota | None],
) -> Iterator[Outcome]:
    """The outcomes that differ from what is recorded, for the steps profile and access."""
    for person in people:
        recorded = {Step.PROFILE: rows.get(person.id), Step.ACCESS: access.get(person.id)}
        for outcome in _of_one(person, seen[person.id], recorded, quota_of):
            if _differs(outcome, recorded[outcome.step]):
                yield outcome


def _of_one(
    person: Attendee,
    look: Seen,
    recorded: Mapping[Step, StepRow | None],
    quota_of: Callable[[Attendee, Profile], Quota | None],
) -> Iterator[Outcome]:
    profile = look.profile
    if not person.wanted:
        if profile is None:
            for step, row in recorded.items():
                if row is not None and row.state is not State.TODO:
                    sentence = "The profile is gone (read back)." if step is Step.PROFILE else _NO_ACCESS
                    yield Outcome(person.id, step, State.TODO, "removed", sentence)
    elif look.trouble:
        yield Outcome(person.id, Step.PROFILE, State.REFUSED, look.trouble, _TROUBLE[look.trouble])
    elif profile is not None:
        yield _access(person, profile)
        quota = quota_of(person, profile)
        if (not person.alias or profile.alias == person.alias) and (quota is None or profile.quota == quota):
            yield Outcome(person.id, Step.PROFILE, State.DONE, ref=profile.id)
    else:
        for step, row in recorded.items():
            if row is not None and row.state.is_done:
                yield Outcome(person.id, step, State.TODO, "gone", _GONE)
        if person.refusal:
            yield Outcome(person.id, Step.PROFILE, State.REFUSED, "address", person.refusal)


def _access(person: Attendee, profile: Profile) -> Outcome:
    if profile.state in USABLE:
        return Outcome(person.id, Step.ACCESS, State.DONE, "listed", ref=profile.id)
    return Outcome(person.id, Step.ACCESS, State.REFUSED, "disabled", _DISABLED, ref=profile.id)


def _differs(outcome: Outcome, row: StepRow | None) -> bool:
    if row is None:
        return True
    ref = outcome.ref or row.ref
    return (row.state, row.reason, row.sentence, row.ref) != (outcome.state, outcome.reason, outcome.sentence, ref)


_NO_ACCESS = "Access is gone (read back)."
_GONE = "The profile was deleted at the service; it is invited again."
_DISABLED = "The service lists this profile as disabled; its administrator can enable it."
_TROUBLE = {
    "staff": "This address belongs to staff of the service (administrator, facilitator); they are never made racers.",
    "two_profiles": "The service lists two profiles with this address; its operator must delete one, then press Retry.",
    "linked": "The profile with this address is linked to somebody else; undo that link or correct the address.",
}
