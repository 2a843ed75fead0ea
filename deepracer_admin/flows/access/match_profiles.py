"""What a listing of profiles says about each person on the list. Pure: people, profiles and rows in, outcomes out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from types import MappingProxyType

from deepracer_admin.flows.access.rows_without_account import ROW, has_failed
from deepracer_admin.flows.readings.profiles import by_email, is_staff
from deepracer_admin.model import Attendee, Outcome, Profile, Quota, State, Step, StepRow
from deepracer_admin.store import ProfileLink

__all__ = ["ROW_STAYS", "STAYS", "Seen", "is_over", "judge", "match"]

USABLE = ("ACTIVE", "RESTRICTED", "")  # open strings (deepracer-on-aws.md 1.7)
OVER = "DISABLED"  # the managed service keeps the names of those whose sponsorship has ended
STAYS = "row_stays"  # reason of a leaver's step
BY_HAND = "group_by_hand"  # an account without a role: whoever has it cannot use it (1.3 page, 4.1)
_NONE: Mapping[str, Set[str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Seen:
    """What a listing says about one person. `trouble`: "" | "staff" | "two_profiles" | "linked".

    `orphan`: a row without an account is listed for them, beside the profile or instead of it (orphans.py).
    """

    profile: Profile | None
    trouble: str = ""
    orphan: bool = False

    @property
    def staff(self) -> bool:
        return self.trouble == "staff"


def is_over(profile: Profile) -> bool:
    """Is it listed only by name, with nothing that could be used?"""
    return profile.state == OVER


def match(
    people: Sequence[Attendee],
    profiles: Sequence[Profile],
    links: Mapping[str, ProfileLink],
    staff: frozenset[str],
    orphans: Mapping[str, Set[str]] = _NONE,
    apart: Mapping[str, Collection[str]] = _NONE,
) -> dict[str, Seen]:
    """Who has which profile: by link, else by address, else (where no address is given) by alias.

    `orphans` are ids of rows without an account, by attendee: they are nobody's profile. `apart` are ids of profiles
    that a human has said are not this attendee's, though they bear their racer name.
    """
    without = {row for rows in orphans.values() for row in rows}
    profiles = [profile for profile in profiles if profile.id not in without] if without else profiles
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
            if profile is not None and not found and profile.id in apart.get(person.id, ()):
                profile = None
        trouble = ""
        if (profile is not None and is_staff(profile, staff)) or person.email in staff:
            trouble = "staff"
        elif len(found) > 1 and not by_hand:
            trouble = "two_profiles"
        elif profile is not None and owners.setdefault(profile.id, person.id) != person.id:
            trouble = "linked"
        seen[person.id] = Seen(profile, trouble, person.id in orphans)
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
    profile, row = look.profile, recorded[Step.PROFILE]
    if not person.wanted:
        yield from _of_leaver(person, look, recorded)
    elif look.trouble:
        yield Outcome(person.id, Step.PROFILE, State.REFUSED, look.trouble, _TROUBLE[look.trouble])
    elif profile is not None:
        if row is not None and row.state is State.REFUSED and row.reason == BY_HAND:
            return  # until a human has given the account its role and presses Retry
        yield _access(person, profile)
        quota = quota_of(person, profile)
        if (not person.alias or profile.alias == person.alias) and (quota is None or profile.quota == quota):
            yield Outcome(person.id, Step.PROFILE, State.DONE, ref=profile.id)
    else:
        yield from _of_absent(person, look, recorded)


def _of_leaver(person: Attendee, look: Seen, recorded: Mapping[Step, StepRow | None]) -> Iterator[Outcome]:
    ended = look.profile is not None and is_over(look.profile)
    if look.profile is not None and not ended:
        return
    for step, row in recorded.items():
        if row is None:
            continue
        if step is Step.PROFILE and look.orphan:
            yield Outcome(person.id, step, State.REFUSED, STAYS, ROW_STAYS)
        elif row.state is not State.TODO:
            gone = _ENDED if ended else _GONE_FOR_GOOD
            yield Outcome(person.id, step, State.TODO, "removed", gone if step is Step.PROFILE else _NO_ACCESS)


def _of_absent(person: Attendee, look: Seen, recorded: Mapping[Step, StepRow | None]) -> Iterator[Outcome]:
    """Somebody who should be in and is not listed, or with a row that is worth nothing."""
    for step, row in recorded.items():
        if row is not None and row.state.is_done:
            yield Outcome(person.id, step, State.TODO, "gone", _GONE)
    row = recorded[Step.PROFILE]
    if person.refusal:
        yield Outcome(person.id, Step.PROFILE, State.REFUSED, "address", person.refusal)
    elif look.orphan and has_failed(row):
        yield Outcome(person.id, Step.PROFILE, State.REFUSED, ROW, _ORPHAN)
    elif row is not None and not look.orphan and row.state is State.REFUSED and row.reason == ROW:
        yield Outcome(person.id, Step.PROFILE, State.TODO, "row_gone", _ROW_GONE)


def _access(person: Attendee, profile: Profile) -> Outcome:
    if profile.state in USABLE:
        return Outcome(person.id, Step.ACCESS, State.DONE, "listed", ref=profile.id)
    return Outcome(person.id, Step.ACCESS, State.REFUSED, "disabled", _DISABLED, ref=profile.id)


def _differs(outcome: Outcome, row: StepRow | None) -> bool:
    if row is None:
        return True
    ref = outcome.ref or row.ref
    return (row.state, row.reason, row.sentence, row.ref) != (outcome.state, outcome.reason, outcome.sentence, ref)


_GONE_FOR_GOOD = "The profile is gone (seen at the service)."
_ENDED = "Sponsorship has ended (seen at the service)."
_NO_ACCESS = "Access is gone (seen at the service)."
_GONE = "The profile was deleted at the service; it is invited again."
_DISABLED = "The service lists this profile as disabled; its administrator can enable it."
_ORPHAN = (
    "DeepRacer on AWS lists a row without an account for this address, left by an invitation that failed; its operator "
    "must remove that row in the deployment's table. “Retry them” on the Onboarding page invites once more all the "
    "same."
)
_ROW_GONE = "The row without an account is gone; this person is invited again."
ROW_STAYS = (
    "The service lists a row without an account for this person, which cannot be deleted by the API; its operator must "
    "remove the row in the deployment's table. Nobody can sign in with it."
)
_TROUBLE = {
    "staff": "This address belongs to staff of the service (administrator, facilitator); they are never made racers.",
    "two_profiles": (
        "The service lists two profiles with this address; its operator must delete one, then press “Retry them” on "
        "the Onboarding page."
    ),
    "linked": "The profile with this address is linked to somebody else; undo that link or correct the address.",
}
