"""The report of an event: figures read from the ledgers, as a page and as tables. It names nobody but on boards."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from deepracer_admin.errors import BadInput
from deepracer_admin.flows.races.board_marks import read_marks
from deepracer_admin.flows.races.places import places
from deepracer_admin.flows.races.shown_results import own_races, shown_results
from deepracer_admin.flows.readings.totals import POINTS
from deepracer_admin.model import Actor, Event, Race
from deepracer_admin.records.alarms import ALARMS
from deepracer_admin.records.finishes import FINISHES
from deepracer_admin.records.portal import REGISTRATIONS
from deepracer_admin.records.prices import BILL
from deepracer_admin.rules.finish import finality
from deepracer_admin.rules.money import at_prices
from deepracer_admin.rules.report.figures import Figures, RaceRead, Summary, billed, figures, summary
from deepracer_admin.rules.report.page import report_page
from deepracer_admin.rules.report.racer_pages import RacerPage, racer_pages
from deepracer_admin.rules.report.tables import report_tables
from deepracer_admin.rules.report.words import LANGUAGES
from deepracer_admin.rules.standings import board, ranked
from deepracer_admin.services.base import Service
from deepracer_admin.services.usage.view import GAP, read_view

__all__ = ["FULL_NAMES", "RACER_NAMES", "ReportService"]

RACER_NAMES, FULL_NAMES = "racer", "full"
"""What stands on racers' certificates."""

MOST_LOOKS = 48
"""Instants of a race at which its standings are looked at, beside the ends of its days."""
BOUNCED = ("bounced", "complained")


class ReportService(Service):
    """What the Report page calls."""

    def figures(self, actor: Actor) -> Figures:
        """Every figure as the ledgers have it now."""
        self._authorise(actor, "closeout.view")
        event = self._event()
        zone = ZoneInfo(event.zone)
        view = read_view(self.house, event)
        seen = self.store.read(event.id, BILL)
        return figures(
            event,
            made_at=self.clock.now(),
            people=self.store.attendees(event.id),
            registered=self.store.count(event.id, REGISTRATIONS),
            funnel=self.store.funnel(event.id),
            totals=view.totals,
            series=view.series,
            spend=view.spend_series,
            races=[self._read(event, race) for race in own_races(self.store, self.house.history, event)],
            mails=self.store.delivery_counts(event.id),
            bounced=self._bounced(event),
            alarms=self.store.rows(event.id, ALARMS).values(),
            gaps=len(view.gaps),
            bill=billed(event, seen.days, seen.tag, seen.as_of),
            day_of=lambda at: at.astimezone(zone).date(),
        )

    def summary(self, actor: Actor) -> Summary:
        """Those of `figures` that the page shows, without reading what each profile used or any board."""
        self._authorise(actor, "closeout.view")
        event, history = self._event(), self.house.history
        used = history.usage_so_far(event.id)
        return summary(
            event,
            people=self.store.attendees(event.id),
            funnel=self.store.funnel(event.id),
            as_of=used.at if used else None,
            spent=at_prices(event.prices, used.minutes, used.gb_hours) if used else None,
            active=used.active if used else 0,
            series=history.usage(event.id, points=POINTS),
            bounced=self._bounced(event),
            gaps=len(history.usage_gaps(event.id, longer=GAP)),
        )

    def sheets(self, actor: Actor) -> int:
        """How many racers have a place in a race whose result is final now: `certificates` makes a sheet for each."""
        self._authorise(actor, "closeout.view")
        event = self._event()
        return sum(
            ranked(rows, read_marks(self.store, event.id, race.id, rows).disqualified)
            for race in own_races(self.store, self.house.history, event)
            if self._is_final(event, race)
            for rows in [shown_results(self.store, self.house.history, event, race)[0]]
        )

    def _bounced(self, event: Event) -> int:
        told = self.store.delivered_counts(event.id)
        return sum(told.get(what, 0) for what in BOUNCED)

    def _is_final(self, event: Event, race: Race) -> bool:
        kept = self.store.row(event.id, FINISHES, race.id)
        return finality(race, kept, now=self.clock.event_now(), slots=event.slots).is_final

    def page(self, actor: Actor, language: str) -> bytes:
        """The report as HTML that prints on A4. Raises BadInput for a language that there is not."""
        return report_page(self.figures(actor), _known(language), rehearsal=self.house.settings.rehearsal)

    def tables(self, actor: Actor, language: str) -> bytes:
        """The same figures as CSV files in one ZIP archive, inert in spreadsheets."""
        files = report_tables(self.figures(actor), _known(language), rehearsal=self.house.settings.rehearsal)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return out.getvalue()

    def certificates(self, actor: Actor, language: str, names: str = RACER_NAMES) -> bytes:
        """A sheet for each place in each race whose result is final, to print. `names`: RACER_NAMES, or FULL_NAMES for
        those of the list. Raises BadInput for another language, and where no result is final.

        Whose racer name is hidden on the board gets the sheet under the name on the list, if there is one.
        """
        self._authorise(actor, "attendees.export")
        event, known = self._event(), _known(language)
        zone = ZoneInfo(event.zone)
        people = {person.id: person.name for person in self.store.attendees(event.id)}
        found = [
            RacerPage(
                (people.get(place.attendee) if names == FULL_NAMES or place.is_hidden else "") or place.racer,
                place.race,
                place.held_on.astimezone(zone).date(),
                place.rank,
                place.racers,
                place.score_ms,
            )
            for place in places(self.store, self.house.history, event, self.clock.event_now())
        ]
        if not found:
            raise BadInput(
                "No race of this event has a final result yet: wait for the last results, or declare the result final "
                "on the Leaderboard page."
            )
        self._audit(actor, "attendees.export", target="racer certificates", count=len(found))
        return racer_pages(event.name, found, known, rehearsal=self.house.settings.rehearsal)

    def _read(self, event: Event, race: Race) -> RaceRead:
        history, now = self.house.history, self.clock.event_now()
        rows, held_at = shown_results(self.store, history, event, race)
        marks = read_marks(self.store, event.id, race.id, rows)
        until = held_at or now
        looks = [(at, history.snapshot(event.id, race.id, at=at).rows) for at in _instants(event, race, until)]
        return RaceRead(
            race.draft.name,
            board(rows, hidden=marks.hidden, disqualified=marks.disqualified),
            [(at, found) for at, found in looks if found],
            self._is_final(event, race),
        )


def _instants(event: Event, race: Race, until: datetime) -> list[datetime]:
    """Ends of the days of a race in the event's zone, and steps in between; the last is `until`."""
    start, zone = race.draft.opens_at, ZoneInfo(event.zone)
    if until <= start:
        return [until]
    step = max(timedelta(hours=1), (until - start) / MOST_LOOKS)
    found = {start + step * number for number in range(1, MOST_LOOKS + 1) if start + step * number < until}
    day: date = start.astimezone(zone).date()
    while (end := datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(days=1)) < until:
        found.add(end - timedelta(milliseconds=1))
        day += timedelta(days=1)
    return [*sorted(found), until]


def _known(language: str) -> str:
    if language not in LANGUAGES:
        raise BadInput(f"The report is written in {' and '.join(LANGUAGES.values())}: choose one of them.")
    return language
