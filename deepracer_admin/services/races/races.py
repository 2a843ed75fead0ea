"""Races page and the leaderboards: intents for the worker, and what was read back."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from deepracer_admin.errors import BadInput
from deepracer_admin.model import Actor, Capabilities, Job, Race, RaceDraft, RaceStatus, Timing, Track
from deepracer_admin.records.finishes import FINISHES
from deepracer_admin.records.racing_service import ACCOUNT, TRACKS
from deepracer_admin.rules.finish import Finality
from deepracer_admin.services.races.finish import FinishDesk, finality_of
from deepracer_admin.services.races.places import PlacesDesk
from deepracer_admin.services.races.room import RoomDesk

__all__ = ["RaceForm", "RaceRow", "RacesService"]


@dataclass(frozen=True, slots=True)
class RaceForm:
    """The one form. Local times are naive, in the event's zone; laps and minutes as the service counts them."""

    name: str
    track_id: str
    opens: datetime
    closes: datetime
    direction: str = "COUNTER_CLOCKWISE"
    timing: Timing = Timing.TOTAL_TIME
    laps: int = 3
    max_submissions: int = 99
    off_track_penalty_s: float = 1.0
    collision_penalty_s: float = 1.0
    objects: int = 0


@dataclass(frozen=True, slots=True)
class _Rule:
    about: frozenset[str]
    holds: Callable[[RaceForm], bool]
    sentence: str


def _rule(about: str, holds: Callable[[RaceForm], bool], sentence: str) -> _Rule:
    return _Rule(frozenset(about.split()), holds, sentence)


_NAME = re.compile(r"[A-Za-z0-9-][A-Za-z0-9 -]{0,63}")
_RULES = (
    _rule("name", lambda form: bool(_NAME.fullmatch(form.name)),
          "Name: 1 to 64 letters without accents, digits, spaces and hyphens."),
    _rule("laps", lambda form: 1 <= form.laps <= 20, "Laps: 1 to 20."),
    _rule("max_submissions", lambda form: 1 <= form.max_submissions <= 10_000, "Submissions per racer: 1 to 10,000."),
    _rule("objects", lambda form: 0 <= form.objects <= 6, "Objects on the track: 0 to 6."),
    _rule("off_track_penalty_s collision_penalty_s",
          lambda form: min(form.off_track_penalty_s, form.collision_penalty_s) >= 0, "Penalties: seconds, 0 or more."),
)  # fmt: skip
_BLANK = RaceDraft("", "", datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class RaceRow:
    """A race as last read back, with its status at the event clock."""

    race: Race
    status: RaceStatus
    track: str
    standings_as_of: datetime | None
    finality: Finality


class RacesService(PlacesDesk, FinishDesk, RoomDesk):
    """What the Races page calls (who may enter: entrants.py). Creating, editing, closing and deleting are jobs that the
    worker carries out.
    """

    def list(self, actor: Actor) -> tuple[list[RaceRow], datetime | None]:
        """Races as last read, newest window first, and when they were read (real time)."""
        self._authorise(actor, "races.view")
        event = self._event()
        races, as_of = self.store.races(event.id)
        now = self.clock.event_now()
        read_at = self.house.history.standings_read_at(event.id)
        names = {track.id: track.name for track in self._tracks(event.id)}
        finishes = self.store.rows(event.id, FINISHES)
        rows = [
            RaceRow(
                race=race,
                status=race.status(now),
                track=names.get(race.draft.track_id, ""),
                standings_as_of=read_at.get(race.id),
                finality=finality_of(self.store, event, race, now, finishes),
            )
            for race in races
        ]
        return sorted(rows, key=lambda row: row.race.draft.opens_at, reverse=True), as_of

    def tracks(self, actor: Actor) -> list[Track]:
        """Tracks as the service offers them; [] until the worker has read them once."""
        self._authorise(actor, "races.view")
        return self._tracks(self._event().id)

    def _tracks(self, event: str) -> list[Track]:
        return [*self.store.read(event, TRACKS)]

    def capabilities(self, actor: Actor) -> Capabilities | None:
        """What the connected service can do with races; None until it was reached once."""
        self._authorise(actor, "races.view")
        seen = self.store.read(self._event().id, ACCOUNT)
        return seen.capabilities if seen.as_of else None

    def create(self, actor: Actor, form: RaceForm) -> Job:
        """Plan a new race. Raises BadInput with the field and the rule."""
        self._authorise(actor, "races.create", target=form.name)
        draft = self._checked(form)
        races, _ = self.store.races(self._event().id)
        if any(race.draft.name.casefold() == draft.name.casefold() for race in races):
            raise BadInput("Name: a race of that name exists; choose another, so that people can tell them apart.")
        return self._plan_job(
            actor, "races.create", "race.create", target=draft.name, plan={"draft": _plain(draft)}, after=_plain(draft)
        )

    def edit(self, actor: Actor, race_id: str, form: RaceForm) -> Job:
        """Plan a change of a race; the service may refuse what it does not allow any more."""
        self._authorise(actor, "races.edit", target=race_id)
        before = self._race(race_id)
        draft = self._checked(form, before.draft)
        return self._plan_job(
            actor,
            "races.edit",
            "race.edit",
            target=race_id,
            plan={"race": race_id, "draft": _plain(draft)},
            before=_plain(before.draft),
            after=_plain(draft),
        )

    def close(self, actor: Actor, race_id: str) -> Job:
        """Plan to end an open race now."""
        self._authorise(actor, "races.edit", target=race_id)
        race = self._race(race_id)
        return self._plan_job(
            actor,
            "races.edit",
            "race.close",
            target=race_id,
            plan={"race": race_id},
            before={"closes_at": race.draft.closes_at.isoformat()},
        )

    def delete(self, actor: Actor, race_id: str, *, typed_name: str) -> Job:
        """Plan to delete a race with its results; needs the race's name typed."""
        self._authorise(actor, "races.delete", target=race_id)
        race = self._race(race_id)
        if typed_name.strip() != race.draft.name:
            raise BadInput("Type the race's name exactly as it stands to delete it with its results.")
        return self._plan_job(
            actor, "races.delete", "race.delete", target=race_id, plan={"race": race_id}, before=_plain(race.draft)
        )

    def jobs(self, actor: Actor) -> list[Job]:
        """The last race jobs, newest first, for their sentences."""
        self._authorise(actor, "races.view")
        event = self._event()
        return [job for job in self.store.jobs(event.id, limit=50) if job.kind.startswith("race.")][:10]

    def form_of(self, race: Race, zone: str) -> RaceForm:
        """The form filled with a race."""
        return _form_of(race.draft, ZoneInfo(zone))

    def _checked(self, form: RaceForm, before: RaceDraft | None = None) -> RaceDraft:
        """The draft that the form asks for. With the race as it was `before`, what the form does not hold or change
        stays as it is, even where the form would not take it: the race may have been made with other rules.
        """
        event = self._event()
        zone = ZoneInfo(event.zone)
        form = replace(form, name=" ".join(form.name.split()))
        changed = {field.name for field in fields(form)} if before is None else _changes(form, _form_of(before, zone))
        for rule in _RULES:
            if changed & rule.about and not rule.holds(form):
                raise BadInput(rule.sentence)
        if changed & {"track_id", "direction"}:
            self._check_track(event.id, form)
        draft = replace(before or _BLANK, **_filled(form, changed, zone))
        if draft.closes_at <= draft.opens_at:
            raise BadInput("Window: the race closes before it opens; move the end after the start.")
        if draft.closes_at <= self.clock.event_now():
            raise BadInput("Window: the race would already be over; move the end into the future.")
        return draft

    def _check_track(self, event: str, form: RaceForm) -> None:
        tracks = {track.id: track for track in self._tracks(event)}
        if tracks and form.track_id not in tracks:
            raise BadInput("Track: choose one of the list.")
        if tracks and form.direction not in tracks[form.track_id].directions:
            raise BadInput(f"Direction: {tracks[form.track_id].name} is not raced {form.direction.lower()}.")


def _form_of(draft: RaceDraft, zone: ZoneInfo) -> RaceForm:
    return RaceForm(
        name=draft.name,
        track_id=draft.track_id,
        opens=draft.opens_at.astimezone(zone).replace(tzinfo=None),
        closes=draft.closes_at.astimezone(zone).replace(tzinfo=None),
        direction=draft.direction,
        timing=draft.timing,
        laps=draft.min_laps,
        max_submissions=draft.max_submissions,
        off_track_penalty_s=draft.off_track_penalty_s,
        collision_penalty_s=draft.collision_penalty_s,
        objects=draft.objects,
    )


def _changes(form: RaceForm, shown: RaceForm) -> set[str]:
    """Fields that say something else than they showed. The screen shows moments to the minute."""
    shown = replace(shown, name=" ".join(shown.name.split()))
    to_the_minute = replace(shown, opens=_minute(shown.opens), closes=_minute(shown.closes))
    names = [field.name for field in fields(form)]
    return {name for name in names if getattr(form, name) not in (getattr(shown, name), getattr(to_the_minute, name))}


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _filled(form: RaceForm, changed: set[str], zone: ZoneInfo) -> dict[str, Any]:
    """What the changed fields make of a draft: one field of the form may stand for several of its members."""
    values: dict[str, Any] = {name: getattr(form, name) for name in changed - {"opens", "closes", "laps"}}
    if "opens" in changed:
        values["opens_at"] = form.opens.replace(tzinfo=zone).astimezone(UTC)
    if "closes" in changed:
        values["closes_at"] = form.closes.replace(tzinfo=zone).astimezone(UTC)
    if "laps" in changed:
        values["min_laps"] = values["max_laps"] = form.laps
    if "objects" in changed:
        values["race_type"] = "OBJECT_AVOIDANCE" if form.objects else "TIME_TRIAL"
    return values


def _plain(draft: RaceDraft) -> dict[str, Any]:
    values = asdict(draft)
    values["opens_at"], values["closes_at"] = draft.opens_at.isoformat(), draft.closes_at.isoformat()
    values["timing"] = draft.timing.value
    return values
