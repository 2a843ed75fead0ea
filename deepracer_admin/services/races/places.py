"""One person's races: may they enter, where do they stand?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.model import Actor, Race, RaceStatus
from deepracer_admin.records.entrants import ENTRY_LISTS, PARTICIPANTS, Participants
from deepracer_admin.rules.aliases import owner_of, racers_by_alias
from deepracer_admin.services.races.entrants import EntryDesk

__all__ = ["Place", "PlacesDesk"]


@dataclass(frozen=True, slots=True)
class Place:
    """One race for one person. `key` is what `expel` takes ("" = they are on no list). `rank`: None without a result.

    `listed`: on the list of those who may enter; None where the race is for everybody. `may_join`: can be let in now.
    `as_of`: when the standings were read (event time); None = never.
    """

    race: Race
    status: RaceStatus
    rank: int | None
    of: int
    listed: bool | None
    key: str
    may_join: bool
    as_of: datetime | None


class PlacesDesk(EntryDesk):
    """The races of a person's card."""

    def places(self, actor: Actor, attendee: str) -> list[Place]:
        """Every race of the event for this person, the one that closes last in front. Raises Missing."""
        self._authorise(actor, "races.entrants", target=attendee)
        event = self._event().id
        person = self.store.attendee(event, attendee)
        links = self.store.links(event)
        profile = links[attendee].profile if attendee in links else ""
        owners = {link.profile: link.attendee for link in links.values()}
        named = racers_by_alias(self.store.attendees(event, wanted=True), self.store.profiles(event)[0], owners)
        native, now = self._is_native(), self.clock.event_now()
        lists = self.store.rows(event, ENTRY_LISTS)
        races, _ = self.store.races(event)
        found = []
        for race in races:
            rows, as_of = self.house.history.standings(event, race.id)
            row = next((each for each in rows if owner_of(each, owners, named) == attendee), None)
            if native:
                read = self.store.row(event, PARTICIPANTS, race.id) or Participants()
                listed = profile in read.aliases if profile and read.as_of else False
                key, may_join = (profile if listed else ""), bool(profile) and not listed
            else:
                made = lists.get(race.id)
                listed = None if made is None else attendee in made.people
                key, may_join = (attendee if listed else ""), listed is False
            status = race.status(now)
            joins = may_join and person.wanted and status is not RaceStatus.CLOSED
            found.append(Place(race, status, row.rank if row else None, len(rows), listed, key, joins, as_of))
        return sorted(found, key=lambda place: place.race.draft.closes_at, reverse=True)
