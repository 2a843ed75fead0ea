"""Who may enter a race: the service's own list of participants where it keeps one, else the event's entry list.

Races of DeepRacer on AWS are open to everybody of the deployment (deepracer-on-aws.md 1.7). There the event keeps an
entry list of its own: it keeps nobody out at the service, but tells who is in the standings without being on it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass

from deepracer_admin.collector import collector_at_rest
from deepracer_admin.errors import BadInput, Missing
from deepracer_admin.model import Actor, Attendee, Job, JobItem, Race, Standing, State
from deepracer_admin.records.entrants import ENTRY_LISTS, PARTICIPANTS, EntryList, Participants
from deepracer_admin.records.racing_service import ACCOUNT
from deepracer_admin.rules.aliases import owner_of, racers_by_alias
from deepracer_admin.rules.tabular import inert_csv
from deepracer_admin.services.base import Service
from deepracer_admin.services.races.entrant_list import ON_LIST, Entrant, EntrantsView, EntrantTable, Query, table_of

__all__ = ["Change", "EntryDesk"]


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
        made = self._own_list(event, race_id)
        return self._ours(event, made, people, standings)

    def entrants_stamp(self, actor: Actor, race_id: str) -> tuple[str, int, Hashable]:
        """(event, revision, version of the standings): what is drawn from the same stamp is the same. Raises Missing
        when the race is gone."""
        self._authorise(actor, "races.entrants", target=race_id)
        event = self._event().id
        self._race(race_id)
        return event, self.store.revision(event), self.house.history.standings_version(event, race_id)

    def entrants_table(self, actor: Actor, race_id: str) -> EntrantTable:
        """As `entrants`, to be searched, narrowed and sorted. Raises Missing when the race is gone."""
        with collector_at_rest():
            return table_of(self.entrants(actor, race_id))

    def export_entrants(self, actor: Actor, race_id: str) -> bytes:
        """Who is on the list, and who has a result without it, as CSV, inert in spreadsheets; organizers. Raises
        Missing when the race is gone."""
        self._authorise(actor, "attendees.export", target=race_id)
        found = table_of(self.entrants(actor, race_id))
        rows = [found.sides[ON_LIST][one] for one in found.ids(Query())]
        mark = ["REHEARSAL"] if self.house.settings.rehearsal else []
        columns = ["Name", "Email", "Racer name", "Office", "Cost centre", "On the list", "Rank", *mark]
        lines = [
            [row.name, row.email, row.alias, row.office, row.cost_centre, row.listed, row.rank, *mark] for row in rows
        ]
        self._audit(actor, "attendees.export", target=race_id, count=len(lines))
        return inert_csv(lines, columns)

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
            self._keep_list(event, race_id, lambda kept: tuple(dict.fromkeys((*kept, *chosen))))
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
            out = frozenset(chosen)
            self._keep_list(event, race_id, lambda kept: tuple(key for key in kept if key not in out))
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

    def _ours(
        self, event: str, made: tuple[str, ...] | None, people: Sequence[Attendee], standings: Sequence[Standing]
    ) -> EntrantsView:
        """By the event's own entry list; None: there is none."""
        listed, whose = frozenset(made or ()), self._whose(event, people, standings)
        ranks = {owner: row for owner, row in zip(whose, standings, strict=True) if owner}
        inside = [person for person in people if person.id in listed]
        rows = [_row(person.id, person, person.alias, True, ranks.get(person.id)) for person in inside]
        if made is not None:
            on, by_id = {person.id for person in inside}, {person.id: person for person in people}
            rows += [
                _row("", by_id.get(owner), row.alias, False, row)
                for owner, row in zip(whose, standings, strict=True)
                if owner not in on
            ]
        out = [
            _row(person.id, person, person.alias, False, ranks.get(person.id))
            for person in people
            if person.id not in listed
        ]
        return EntrantsView(False, made is not None, rows, out, 0, None)

    def _native(
        self, event: str, race_id: str, people: Sequence[Attendee], standings: Sequence[Standing]
    ) -> EntrantsView:
        read = self.store.row(event, PARTICIPANTS, race_id) or Participants()
        links = self.store.links(event)
        by_id = {person.id: person for person in people}
        owner = {link.profile: by_id[key] for key, link in links.items() if key in by_id}
        inside = read.aliases
        ranks = {row.profile_id: row for row in standings if row.profile_id}
        rows = [_row(user, owner.get(user), alias, True, ranks.get(user)) for user, alias in inside.items()]
        if read.as_of:
            others = [row for row in standings if row.profile_id and row.profile_id not in inside]
            rows += [_row("", owner.get(row.profile_id), row.alias, False, row) for row in others]
        out = [
            _row(person.id, person, person.alias, False, ranks.get(links[person.id].profile))
            for person in people
            if person.id in links and links[person.id].profile not in inside
        ]
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


def _row(key: str, person: Attendee | None, alias: str, listed: bool, result: Standing | None) -> Entrant:
    """`person`: None = nobody of the event's list; `result`: what they have in the standings."""
    rank, whose = (result.rank, result.profile_id or result.alias) if result else (None, "")
    if person is None:
        return Entrant(key, "", "", alias, listed, rank, result=whose)
    return Entrant(
        key, person.id, person.name, alias, listed, rank, person.office, person.cost_centre, person.email, whose
    )
