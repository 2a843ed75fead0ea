"""Races page and the leaderboards: intents for the worker, and what was read back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from deepracer_admin.errors import BadInput
from deepracer_admin.model import Actor, Job, Race, RaceDraft, RaceStatus, Timing, Track
from deepracer_admin.services.entrants import EntryDesk

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
class RaceRow:
    """A race as last read back, with its status at the event clock."""

    race: Race
    status: RaceStatus
    track: str
    standings_as_of: datetime | None


class RacesService(EntryDesk):
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
        rows = [
            RaceRow(
                race=race,
                status=race.status(now),
                track=names.get(race.draft.track_id, race.draft.track_id),
                standings_as_of=read_at.get(race.id),
            )
            for race in races
        ]
        return sorted(rows, key=lambda row: row.race.draft.opens_at, reverse=True), as_of

    def tracks(self, actor: Actor) -> list[Track]:
        """Tracks as the service offers them; [] until the worker has read them once."""
        self._authorise(actor, "races.view")
        return self._tracks(self._event().id)

    def _tracks(self, event: str) -> list[Track]:
        rows: Sequence[dict[str, Any]] = self.store.get(event, "tracks") or []
        return [Track(row["id"], row["name"], tuple(row["directions"]), row.get("length_m")) for row in rows]

    def capabilities(self, actor: Actor) -> dict[str, bool]:
        """What the connected service can do with races ({} until connected)."""
        self._authorise(actor, "races.view")
        return self._capabilities()

    def create(self, actor: Actor, form: RaceForm) -> Job:
        """Plan a new race. Raises BadInput with the field and the rule."""
        self._authorise(actor, "races.create", target=form.name)
        draft = self._checked(actor, form)
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
        draft = self._checked(actor, form)
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
        local = ZoneInfo(zone)
        draft = race.draft
        return RaceForm(
            name=draft.name,
            track_id=draft.track_id,
            opens=draft.opens_at.astimezone(local).replace(tzinfo=None),
            closes=draft.closes_at.astimezone(local).replace(tzinfo=None),
            direction=draft.direction,
            timing=draft.timing,
            laps=draft.min_laps,
            max_submissions=draft.max_submissions,
            off_track_penalty_s=draft.off_track_penalty_s,
            collision_penalty_s=draft.collision_penalty_s,
            objects=draft.objects,
        )

    def _checked(self, actor: Actor, form: RaceForm) -> RaceDraft:
        event = self._event()
        zone = ZoneInfo(event.zone)
        name = " ".join(form.name.split())
        if not re.fullmatch(r"[A-Za-z0-9-][A-Za-z0-9 -]{0,63}", name):
            raise BadInput("Name: 1 to 64 letters without accents, digits, spaces and hyphens.")
        tracks = {track.id: track for track in self._tracks(event.id)}
        if tracks and form.track_id not in tracks:
            raise BadInput("Track: choose one of the list.")
        if tracks and form.direction not in tracks[form.track_id].directions:
            raise BadInput(f"Direction: {tracks[form.track_id].name} is not raced {form.direction.lower()}.")
        opens, closes = form.opens.replace(tzinfo=zone), form.closes.replace(tzinfo=zone)
        if closes <= opens:
            raise BadInput("Window: the race closes before it opens; move the end after the start.")
        if closes <= self.clock.event_now():
            raise BadInput("Window: the race would already be over; move the end into the future.")
        if not 1 <= form.laps <= 20:
            raise BadInput("Laps: 1 to 20.")
        if not 1 <= form.max_submissions <= 10_000:
            raise BadInput("Submissions per racer: 1 to 10,000.")
        if not 0 <= form.objects <= 6:
            raise BadInput("Objects on the track: 0 to 6.")
        if form.off_track_penalty_s < 0 or form.collision_penalty_s < 0:
            raise BadInput("Penalties: seconds, 0 or more.")
        return RaceDraft(
            name=name,
            track_id=form.track_id,
            opens_at=opens.astimezone(ZoneInfo("UTC")),
            closes_at=closes.astimezone(ZoneInfo("UTC")),
            direction=form.direction,
            timing=form.timing,
            race_type="OBJECT_AVOIDANCE" if form.objects else "TIME_TRIAL",
            min_laps=form.laps,
            max_laps=form.laps,
            max_submissions=form.max_submissions,
            off_track_penalty_s=form.off_track_penalty_s,
            collision_penalty_s=form.collision_penalty_s,
            objects=form.objects,
        )


def _plain(draft: RaceDraft) -> dict[str, Any]:
    values = asdict(draft)
    values["opens_at"], values["closes_at"] = draft.opens_at.isoformat(), draft.closes_at.isoformat()
    values["timing"] = draft.timing.value
    return values
