"""Every figure of the report, taken from what the ledgers hold and never worked out a second way. Pure.

Funnel and answers count people who are wanted on the list. Hours, money and cohorts are those of `rules/usage.py`
(money is an estimate by the event's price list). Podiums are the boards as they were shown. What was not read is None.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime

from deepracer_admin.model import Attendee, BilledDay, Event, Sending, Standing, State, Step, UsageSample
from deepracer_admin.rules.alarms import INFO, Alarm
from deepracer_admin.rules.money import Amount
from deepracer_admin.rules.racers import racers_of
from deepracer_admin.rules.standings import BoardRow
from deepracer_admin.rules.usage import NO_COHORT, Totals

__all__ = [
    "Answers",
    "Billed",
    "Centre",
    "Figures",
    "Learning",
    "Podium",
    "RaceRead",
    "Summary",
    "billed",
    "figures",
    "summary",
]

PLACES = 3
FUNNEL = (Step.PROFILE, Step.ACCESS, Step.MAIL, Step.SIGNED_IN, Step.TRAINED, Step.SUBMITTED)


@dataclass(frozen=True, slots=True)
class RaceRead:
    """One race as the histories have it. `board`: as shown, best first; `at`: standings at instants (event time),
    oldest first; `is_final`: was the result final.
    """

    name: str
    board: Sequence[BoardRow]
    at: Sequence[tuple[datetime, Sequence[Standing]]]
    is_final: bool


@dataclass(frozen=True, slots=True)
class Podium:
    """`places`: (rank, racer name as shown, milliseconds) of the first three; `racers`: how many are ranked."""

    race: str
    racers: int
    submissions: int
    is_final: bool
    places: Sequence[tuple[int, str, int]]


@dataclass(frozen=True, slots=True)
class Answers:
    """How many said yes, of how many who answered; `people`: of whom it could be known."""

    yes: int
    answered: int
    people: int

    @property
    def share(self) -> float | None:
        """Of those who answered; None: nobody did."""
        return self.yes / self.answered if self.answered else None


@dataclass(frozen=True, slots=True)
class Centre:
    """One cost centre, "" for people without one and profiles that are nobody's."""

    name: str
    profiles: int
    active: int
    spent: Amount

    @property
    def per_active(self) -> float | None:
        """USD (estimate) per profile that used any hours."""
        return self.spent.usd / self.active if self.active else None


@dataclass(frozen=True, slots=True)
class Learning:
    """People by what was seen of them. `improved`: racers whose result got better after it was first seen, of `raced`
    racers with a result; None where no race was read."""

    signed_in: int
    trained: int
    submitted: int
    raced: int | None
    improved: int | None


@dataclass(frozen=True, slots=True)
class Billed:
    """What AWS billed for the days of the event (UTC), from `first` to `last`: USD before tax and credits. `tag`: what
    it was narrowed to, "" for the whole account. `as_of`: real time of the reading."""

    usd: float
    first: date
    last: date
    tag: str
    as_of: datetime
    may_change: bool


def billed(event: Event, days: Sequence[BilledDay], tag: str, as_of: datetime | None) -> Billed | None:
    """None where the bill was never read, or knows no day of the event."""
    until = (event.closed_at or event.ends_at).astimezone(UTC).date()
    ours = [row for row in days if event.starts_at.astimezone(UTC).date() <= row.day <= until]
    if as_of is None or not ours:
        return None
    found = [row.day for row in ours]
    total = sum(row.usd for row in ours)
    return Billed(total, min(found), max(found), tag, as_of, may_change=any(row.estimated for row in ours))


@dataclass(frozen=True, slots=True)
class Summary:
    """Those of the headline and of next time. `as_of`: event time of the last sample of usage, None: none was taken."""

    event: Event
    as_of: datetime | None
    people: int
    funnel: Sequence[tuple[Step, int]]
    refused: int
    spent: Amount | None
    active: int
    new_to_ml: Answers
    new_to_aws: Answers
    bounced: int
    gaps: int
    waited_hours: float

    @property
    def per_active(self) -> float | None:
        """USD (estimate) per profile that used any hours."""
        return self.spent.usd / self.active if self.spent and self.active else None

    @property
    def is_over(self) -> bool:
        """Had the event ended when usage was last read? Before that, what was not used may still be."""
        return bool(self.event.closed_at) or (self.as_of is not None and self.as_of >= self.event.ends_at)

    def done(self, step: Step) -> int:
        """People for whom this step is done."""
        return dict(self.funnel).get(step, 0)


@dataclass(frozen=True, slots=True)
class Figures(Summary):
    """All of them. `made_at` in real time."""

    made_at: datetime
    registered: int
    centres: Sequence[Centre]
    podiums: Sequence[Podium]
    per_day: Sequence[tuple[date, int]]
    learning: Learning
    mails: Mapping[Sending, int]
    incidents: Sequence[Alarm]
    spend: Sequence[tuple[datetime, float]] = field(default_factory=tuple)
    billed: Billed | None = None


def summary(
    event: Event,
    *,
    people: Sequence[Attendee],
    funnel: Mapping[Step, Mapping[State, int]],
    as_of: datetime | None,
    spent: Amount | None,
    active: int,
    series: Sequence[UsageSample],
    bounced: int,
    gaps: int,
) -> Summary:
    """`spent`, `active`: at `as_of`, as in `Totals`."""
    wanted = [person for person in people if person.wanted]
    return Summary(
        event=event,
        as_of=as_of,
        people=len(wanted),
        funnel=[
            (step, sum(number for state, number in funnel.get(step, {}).items() if state.is_done))
            for step in FUNNEL
            if step in funnel
        ],
        refused=sum(1 for person in wanted if person.refusal),
        spent=spent,
        active=active,
        new_to_ml=_answers([person.new_to_ml for person in wanted]),
        new_to_aws=_answers([person.new_to_aws for person in wanted]),
        bounced=bounced,
        gaps=gaps,
        waited_hours=max((sample.minutes_waiting for sample in series), default=0.0) / 60,
    )


def figures(
    event: Event,
    *,
    made_at: datetime,
    people: Sequence[Attendee],
    registered: int,
    funnel: Mapping[Step, Mapping[State, int]],
    totals: Totals | None,
    series: Sequence[UsageSample],
    spend: Sequence[tuple[datetime, float]],
    races: Sequence[RaceRead],
    mails: Mapping[Sending, int],
    bounced: int,
    alarms: Collection[Alarm],
    gaps: int,
    day_of: Callable[[datetime], date],
    bill: Billed | None = None,
) -> Figures:
    """`day_of`: the day of an instant in the event's zone."""
    first = summary(
        event,
        people=people,
        funnel=funnel,
        as_of=totals.as_of if totals else None,
        spent=totals.spent if totals else None,
        active=totals.active if totals else 0,
        series=series,
        bounced=bounced,
        gaps=gaps,
    )
    read = any(race.at for race in races)
    better, raced = _improved(races)
    return Figures(
        **{each.name: getattr(first, each.name) for each in fields(first)},
        made_at=made_at,
        registered=registered,
        centres=[
            Centre("" if name == NO_COHORT else name, part.profiles, part.active, part.spent)
            for name, part in (totals.cost_centres.items() if totals else ())
        ],
        podiums=[
            Podium(
                race.name,
                len(race.board),
                sum(line.submissions or 1 for line in race.board),
                race.is_final,
                [(line.rank, line.alias, line.score_ms) for line in race.board if line.rank <= PLACES],
            )
            for race in races
        ],
        per_day=_per_day(races, day_of),
        learning=Learning(
            *(first.done(step) for step in (Step.SIGNED_IN, Step.TRAINED, Step.SUBMITTED)),
            raced=raced if read else None,
            improved=better if read else None,
        ),
        mails=mails,
        incidents=sorted(
            (alarm for alarm in alarms if alarm.level != INFO and alarm.since), key=lambda alarm: str(alarm.since)
        ),
        spend=spend,
        billed=bill,
    )


def _answers(given: Sequence[bool | None]) -> Answers:
    told = [each for each in given if each is not None]
    return Answers(sum(told), len(told), len(given))


def _submitted(rows: Sequence[Standing]) -> int:
    return sum(row.submissions or 1 for row in rows)


def _per_day(races: Sequence[RaceRead], day_of: Callable[[datetime], date]) -> list[tuple[date, int]]:
    """Submissions by day of the event, as boards counted them: what a board had more of at the end of the day."""
    found: dict[date, int] = {}
    for race in races:
        before = 0
        for at, rows in race.at:
            day, now = day_of(at), _submitted(rows)
            found[day] = found.get(day, 0) + max(0, now - before)
            before = max(before, now)
    return sorted(found.items())


def _improved(races: Sequence[RaceRead]) -> tuple[int, int]:
    """(racers whose result got better after it was first seen, racers with a result), each once a race."""
    better = raced = 0
    for race in races:
        first: dict[str, int] = {}
        last: dict[str, int] = {}
        before: Sequence[Standing] = ()
        for _, rows in race.at:
            if rows is before:  # nothing was better between two looks
                continue
            before = rows
            for row, racer in zip(rows, racers_of(rows), strict=True):
                first.setdefault(racer.id, row.score_ms)
                last[racer.id] = row.score_ms
        raced += len(last)
        better += sum(1 for racer, score in last.items() if score < first[racer])
    return better, raced
