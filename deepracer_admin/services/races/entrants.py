"""Who may enter a race: the service's own list of participants where it keeps one, else the event's entry list.

Races of DeepRacer on AWS are open to everybody of the deployment (deepracer-on-aws.md 1.7). There the event keeps an
entry list of its own: it keeps nobody out at the service, but tells who is in the standings without being on it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.errors import BadInput, Missing
from deepracer_admin.model import Actor, Attendee, Job, JobItem, Race, Standing, State
from deepracer_admin.records.entrants import ENTRY_LISTS, PARTICIPANTS, EntryList, Participants
from deepracer_admin.records.racing_service import ACCOUNT
from deepracer_admin.rules.aliases import owner_of, racers_by_alias
from deepracer_admin.services.base import Service

__all__ = ["Change", "Entrant", "EntrantsView", "EntryDesk"]


@dataclass(frozen=True, slots=True)
class Entrant:
    """One person of a race. `key` is what `expel` takes; "" where there is nothing to take out."""

    key: str
    attendee: str  # "" = nobody of the list
    name: str
    alias: str
    listed: bool
    rank: int | None


@dataclass(frozen=True, slots=True)
class EntrantsView:
    """Who may enter, and who has a result without it. `native`: the service keeps the list and enforces it."""

    native: bool
    has_list: bool  # False: the race is for everybody of the deployment, no entry list was made
    rows: Sequence[Entrant]
    outside: Sequence[Attendee]  # of the list and not in; with a profile, where that is needed to be let in
    without_profile: int
    as_of: datetime | None  # real time; None where the list is our own, which is always as it stands

    @property
    def listed(self) -> int:
        return sum(1 for row in self.rows if row.listed)

    @property
    def unlisted(self) -> Sequence[Entrant]:
        """In the standings, not on the list."""
        return [row for row in self.rows if not row.listed] if self.has_list else []


@dataclass(frozen=True, slots=True)
class Change:
    """What was asked for: how many people, how many of them cannot be reached yet, and the job (None: done at once)."""

    people: int
    without_profile: int = 0
    job: Job | None = None


class EntryDesk(Service):
    """The part of the Races page that says who may enter."""

    def entrants(self, actor: Actor, race_id: str) -> EntrantsView:
        """The list with ranks, and who could be added. Raises Missing when the race is gone."""
        self._authorise(actor, "races.entrants", target=race_id)
        event = self._event().id
        self._race(race_id)
        people = self.store.attendees(event, wanted=True)
        standings, _ = self.house.history.standings(event, race_id)
        if self._is_native():
            return self._native(event, race_id, people, standings)
        chosen = self._own_list(event, race_id)
        inside = [person for person in people if person.id in (chosen or ())]
        whose = self._whose(event, people, standings)
        ids = {person.id for person in inside}
        ranks = {owner: row for owner, row in zip(whose, standings, strict=True) if owner}
        rows = [
            Entrant(person.id, person.id, person.name, person.alias, True, _rank(ranks.get(person.id)))
            for person in inside
        ]
        if chosen is not None:
            by_id = {person.id: person for person in people}
            rows += [
                _other(row, by_id.get(owner)) for owner, row in zip(whose, standings, strict=True) if owner not in ids
            ]
        return EntrantsView(
            native=False,
            has_list=chosen is not None,
            rows=rows,
            outside=[person for person in people if person.id not in ids],
            without_profile=0,
            as_of=None,
        )

    def admit(self, actor: Actor, race_id: str, attendees: Collection[str]) -> Change:
        """Let these people of the list into a race. Raises Missing for somebody of no list, BadInput when none of them
        can be let in.
        """
        self._authorise(actor, "races.admit", target=race_id)
        event = self._event().id
        self._race(race_id)
        self._check_people(event, attendees)
        people = {person.id for person in self.store.attendees(event, wanted=True)}
        chosen = [key for key in dict.fromkeys(attendees) if key in people]
        if not chosen:
            raise BadInput("Choose at least one person of the list.")
        if not self._is_native():
            self._keep_list(event, race_id, lambda kept: (*kept, *(key for key in chosen if key not in kept)))
            self._audit(actor, "races.admit", target=race_id, count=len(chosen), after="on the entry list")
            return Change(len(chosen))
        links = self.store.links(event)
        items = [
            JobItem(job="", key=key, state=State.TODO, after={"profile": links[key].profile})
            for key in chosen
            if key in links
        ]
        if not items:
            raise BadInput("None of them has a profile yet: it appears at the first sign-in; let them in after it.")
        plan = {"race": race_id}
        job = self._plan_job(actor, "races.admit", "race.admit", target=race_id, plan=plan, items=items)
        return Change(len(items), len(chosen) - len(items), job)

    def expel(self, actor: Actor, race_id: str, keys: Collection[str]) -> Change:
        """Take racers out again, by the keys of their rows; what they have in the standings stays. Raises Missing."""
        self._authorise(actor, "races.admit", target=race_id)
        event = self._event().id
        self._race(race_id)
        chosen = [key for key in dict.fromkeys(keys) if key]
        if not chosen:
            raise BadInput("Choose at least one racer who may enter.")
        native = self._is_native()
        read = self.store.row(event, PARTICIPANTS, race_id) or Participants()
        if not {*(read.aliases if native else self._own_list(event, race_id) or ())}.issuperset(chosen):
            raise Missing("Some of the chosen racers are not on the list of this race (any more); choose again.")
        if not native:
            self._keep_list(event, race_id, lambda kept: tuple(key for key in kept if key not in chosen))
            self._audit(actor, "races.admit", target=race_id, count=len(chosen), after="off the entry list")
            return Change(len(chosen))
        items = [JobItem(job="", key=key, state=State.TODO) for key in chosen]
        plan = {"race": race_id}
        job = self._plan_job(actor, "races.admit", "race.expel", target=race_id, plan=plan, items=items)
        return Change(len(items), 0, job)

    def drop_list(self, actor: Actor, race_id: str) -> None:
        """The race is for everybody again. Raises BadInput where the service itself keeps the list."""
        self._authorise(actor, "races.admit", target=race_id)
        event = self._event().id
        self._race(race_id)
        if self._is_native():
            raise BadInput("This service keeps the list itself: a private race has one always.")
        before = self._own_list(event, race_id) or ()
        self.store.change_rows(event, ENTRY_LISTS, lambda _: {race_id: None}, keys=(race_id,))
        self._audit(actor, "races.admit", target=race_id, count=len(before), after="no entry list")

    def new_link(self, actor: Actor, race_id: str) -> Job:
        """Plan a new share link; the former one is worth nothing then. Raises BadInput where links cannot be reset."""
        self._authorise(actor, "races.link", target=race_id)
        race = self._race(race_id)
        if not self.store.read(self._event().id, ACCOUNT).capabilities.reset_share_link:
            raise BadInput("The connected service cannot replace a race's link.")
        plan = {"race": race_id, "former": race.share_link}
        return self._plan_job(actor, "races.link", "race.link", target=race_id, plan=plan)

    def entrant_names(self, actor: Actor) -> dict[str, str]:
        """Name by the key of a job's item: attendee ids and profile ids."""
        self._authorise(actor, "races.entrants")
        event = self._event().id
        names = {person.id: person.name or person.alias for person in self.store.attendees(event)}
        return names | {link.profile: names.get(key, link.profile) for key, link in self.store.links(event).items()}

    # -- inside

    def _native(
        self, event: str, race_id: str, people: Sequence[Attendee], standings: Sequence[Standing]
    ) -> EntrantsView:
        read = self.store.row(event, PARTICIPANTS, race_id) or Participants()
        links = self.store.links(event)
        by_id = {person.id: person for person in people}
        owner = {link.profile: by_id[key] for key, link in links.items() if key in by_id}
        inside = read.aliases
        ranks = {row.profile_id: row for row in standings if row.profile_id}
        rows = []
        for user, alias in inside.items():
            person = owner.get(user)
            name, key = (person.name, person.id) if person else ("", "")
            rows.append(Entrant(user, key, name, alias, True, _rank(ranks.get(user))))
        if read.as_of:
            others = [row for row in standings if row.profile_id and row.profile_id not in inside]
            rows += [_other(row, owner.get(row.profile_id)) for row in others]
        out = [person for person in people if person.id in links and links[person.id].profile not in inside]
        missing = sum(1 for person in people if person.id not in links)
        return EntrantsView(True, bool(read.as_of), rows, out, missing, read.as_of)

    def _whose(self, event: str, people: Sequence[Attendee], standings: Sequence[Standing]) -> list[str]:
        """The attendee of each row, "" where nobody of the list is known to be meant."""
        owners = {link.profile: link.attendee for link in self.store.links(event).values()}
        named = racers_by_alias(people, self.store.profiles(event)[0], owners)
        return [owner_of(row, owners, named) for row in standings]

    def _keep_list(self, event: str, race_id: str, change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> None:
        self.store.change_rows(
            event,
            ENTRY_LISTS,
            lambda lists: {race_id: EntryList(change(lists.get(race_id, EntryList()).people))},
            keys=(race_id,),
        )

    def _own_list(self, event: str, race_id: str) -> tuple[str, ...] | None:
        """Attendee ids; None: no list was made."""
        made = self.store.row(event, ENTRY_LISTS, race_id)
        return None if made is None else made.people

    def _is_native(self) -> bool:
        return self.store.read(self._event().id, ACCOUNT).capabilities.participants

    def _race(self, race_id: str) -> Race:
        races, _ = self.store.races(self._event().id)
        for race in races:
            if race.id == race_id:
                return race
        raise Missing("That race is not in the list any more; it may have been deleted at the service.")


def _rank(row: Standing | None) -> int | None:
    return row.rank if row else None


def _other(row: Standing, person: Attendee | None) -> Entrant:
    """Who has a result without being on the list."""
    name, key = (person.name, person.id) if person else ("", "")
    return Entrant("", key, name, row.alias, False, row.rank)
