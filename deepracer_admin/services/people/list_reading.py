"""Any list is read and compared with the event; how it was corrected is remembered for lists of the same source."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from deepracer_admin.model import Actor
from deepracer_admin.records.list_readings import LIST_READINGS, ListReading
from deepracer_admin.rules.roster.choices import GUESSED, ReadingChoices
from deepracer_admin.rules.roster.findings import RosterCheck, UnreadableRoster
from deepracer_admin.rules.roster.plan import plan_check
from deepracer_admin.services.people.dry_run import DryRun
from deepracer_admin.services.people.one_person import PeopleService
from deepracer_admin.services.people.remembered import fitted, has_headings, key_of, reading_to_keep, same_source

__all__ = ["ReadingService"]


class ReadingService(PeopleService):
    """Upload on the Attendees page, up to the import."""

    def dry_run(self, actor: Actor, data: bytes, *, filename: str, choices: ReadingChoices | None = None) -> DryRun:
        """Read a list and compare it with the event; nothing is written.

        `choices` None: as an earlier list of the same source was read, as far as that fits, else as guessed.
        Raises UnreadableRoster with the reason, also for choices with which this file cannot be read.
        """
        self._authorise(actor, "attendees.import", target="dry run")
        event = self._event()

        def read_with(wanted: ReadingChoices) -> RosterCheck:
            return self.house.files.check_list(
                data, filename=filename, choices=wanted, service_rule=self._address_rule(event)
            )

        remembered = None
        if choices is None:
            guess = read = read_with(GUESSED)
            choices = GUESSED
            if (known := same_source(guess, self.store.rows("", LIST_READINGS))) is not None:
                choices, read, remembered = fitted(known, guess, read_with)
        else:
            read = read_with(choices)
            try:
                guess = read_with(GUESSED)
            except UnreadableRoster:  # it can be read only as somebody chose
                guess = read
        people = self.store.attendees(event.id, wanted=True)
        plan = plan_check(read, {person.email: person for person in people}, service_rule=self._address_rule(event))
        digest = hashlib.sha256(data)
        chosen = (sorted(read.mapping.items()), choices.as_json(), event.id, plan.counts, plan.missing)
        digest.update(repr(chosen).encode())
        return DryRun(read, plan, digest.hexdigest()[:16], event.id, guess, choices, remembered)

    def keep_reading(self, actor: Actor, dry: DryRun) -> None:
        """Remember how a list was corrected for lists of the same source; a reading that finds nobody is not kept, one
        that was put back to the guess is forgotten."""
        self._authorise(actor, "attendees.import", target="reading")
        keys = {key_of(read) for read in (dry.guess, dry.check) if has_headings(read)}
        if not dry.check.accepted or not keys:
            return
        kept = reading_to_keep(dry.guess, dry.check, dry.choices, self.clock.now(), actor.name)

        def change(rows: Mapping[str, ListReading]) -> Mapping[str, ListReading | None]:
            if kept is None:
                return dict.fromkeys(rows)
            return {key: kept for key in keys if key not in rows or not _is_same(rows[key], kept)}

        self.store.change_rows("", LIST_READINGS, change, keys=keys)

    def forget_reading(self, actor: Actor, dry: DryRun) -> None:
        """Lists of this source are read as guessed again."""
        self._authorise(actor, "attendees.import", target="reading")

        def change(rows: Mapping[str, ListReading]) -> Mapping[str, ListReading | None]:
            left = dict(rows)
            while (known := same_source(dry.guess, left)) is not None:
                left = {key: reading for key, reading in left.items() if reading != known}
            return dict.fromkeys(key for key in rows if key not in left)

        self.store.change_rows("", LIST_READINGS, change)


def _is_same(one: ListReading, other: ListReading) -> bool:
    """Whether two say the same, whoever said it when."""
    return replace(one, at=other.at, by=other.by) == other
