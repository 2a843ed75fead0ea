"""Whom two events share. Pure: what the store holds of this event and of the others in, who is needed elsewhere out.

Two events of one company may run at once on the same racing service and fill the same Entra group. Whoever is wanted in
another event that is not closed keeps what both need: the profile with its models and limits, the membership. A person
is the same by address, by profile or by directory id; a profile is needed when somebody who is wanted there is linked
with it, or has no link there so far and the profile is theirs by link here, by address, or by racer name where the
service gives no address (managed-deepracer.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from deepracer_admin.counted import counted
from deepracer_admin.model import Attendee, Profile
from deepracer_admin.store import ProfileLink

__all__ = ["Elsewhere", "EventPeople", "elsewhere_of"]


@dataclass(frozen=True, slots=True)
class EventPeople:
    """One event as stored. `kind`: its racing service; `directory_ids`: of its group step, by attendee id."""

    id: str
    name: str
    is_open: bool
    kind: str
    group_id: str
    people: Sequence[Attendee]
    links: Mapping[str, ProfileLink]
    directory_ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Who of this event is needed in open other ones. Keys are ids of this event's attendees, values ids of events.

    `access`: on the same racing service. `group`: in the same Entra group; `directory_ids` of all wanted there.
    `links`: by event, what it takes over when this one ends: the link here of somebody there who has it, or has none.
    `names`: of the other events, by id.
    """

    access: Mapping[str, frozenset[str]] = field(default_factory=dict)
    group: Mapping[str, frozenset[str]] = field(default_factory=dict)
    directory_ids: frozenset[str] = frozenset()
    links: Mapping[str, Sequence[ProfileLink]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    profiles: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()  # of those wanted there who have no link there
    aliases: frozenset[str] = frozenset()  # case-folded, of the same
    linked_here: frozenset[str] = frozenset()

    def needs(self, profile: Profile) -> bool:
        """Is this profile of somebody who is wanted elsewhere?"""
        if profile.id in self.profiles:
            return True
        if profile.email:
            return profile.email.strip().lower() in self.addresses
        return profile.id not in self.linked_here and profile.alias.casefold() in self.aliases

    def others(self, events: Iterable[frozenset[str]]) -> str:
        """The names of these events, in quotation marks."""
        ids = {key for each in events for key in each}
        return " and ".join(f"“{name}”" for name in sorted({self.names[key] for key in ids}))

    def keep(self, what: str, shared: Mapping[str, frozenset[str]]) -> str:
        """One sentence: how many keep it, and which event ends it; "" for nobody."""
        if not shared:
            return ""
        one, many = f"person keeps their {what}: they are", f"people keep their {what}: they are"
        names = self.others(shared.values())
        ends = "which ends it" if " and " not in names else "the last of which ends it"
        return f"{counted(len(shared), one, many)} in {names} too, {ends} for them."


def elsewhere_of(here: EventPeople, others: Iterable[EventPeople]) -> Elsewhere:
    """Closed events and other services need nobody; another group needs nobody in this one."""
    access: dict[str, set[str]] = {}
    group: dict[str, set[str]] = {}
    directory_ids: set[str] = set()
    links: dict[str, list[ProfileLink]] = {}
    names: dict[str, str] = {}
    profiles: set[str] = set()
    addresses: set[str] = set()
    aliases: set[str] = set()
    by_address = {person.email: person.id for person in here.people}
    by_profile = {link.profile: key for key, link in here.links.items()}
    by_directory = {ref: key for key, ref in here.directory_ids.items() if ref}
    for other in others:
        same_group = bool(here.group_id) and other.group_id == here.group_id
        same_service = other.kind == here.kind
        if other.id == here.id or not other.is_open or not (same_group or same_service):
            continue
        names[other.id] = other.name
        for person in other.people:
            if not person.wanted:
                continue
            link, ref = other.links.get(person.id), other.directory_ids.get(person.id, "")
            mine = {by_address.get(person.email), by_directory.get(ref) if ref else None}
            if same_service:
                mine.add(by_profile.get(link.profile) if link is not None else None)
            known = {key for key in mine if key is not None}
            if same_group:
                directory_ids |= {ref} if ref else set()
                directory_ids |= {here.directory_ids[key] for key in known if here.directory_ids.get(key)}
                for key in known:
                    group.setdefault(key, set()).add(other.id)
            if not same_service:
                continue
            for key in known:
                access.setdefault(key, set()).add(other.id)
            if link is not None:
                profiles.add(link.profile)
                known = {key for key in known if key in here.links and here.links[key].profile == link.profile}
            else:
                addresses.add(person.email)
                aliases |= {person.alias.casefold()} if person.alias else set()
            for own in (here.links[key] for key in sorted(known) if key in here.links):
                profiles.add(own.profile)
                links.setdefault(other.id, []).append(ProfileLink(person.id, own.profile, own.how, own.at))
    return Elsewhere(
        {key: frozenset(ids) for key, ids in access.items()},
        {key: frozenset(ids) for key, ids in group.items()},
        frozenset(directory_ids),
        links,
        names,
        frozenset(profiles),
        frozenset(addresses),
        frozenset(aliases),
        frozenset(link.profile for link in here.links.values()),
    )
