"""What the drills do and count, on a world and a console that a test moves by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from deepracer_admin.errors import BadInput
from deepracer_admin.model import Profile, Quota, Race, RaceDraft, UsageSample
from deepracer_admin.records.onboarding import TROUBLE
from deepracer_admin.records.race_room import ROOM_NOW, RoomNow
from deepracer_admin.rehearse import DRILLS, Plan
from deepracer_admin.rehearse.drill import Scene, compare_minutes
from deepracer_admin.rehearse.drills import DeadlineRush, LostQuota, MonthlyReset, Outage, drill_of
from deepracer_admin.rehearse.plan import checked
from deepracer_admin.rules.finish import Finish
from tests.store.people import an_event

START = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
QUIET = {
    "submissions": 0, "submissions_on_the_way": 0, "waiting_for_capacity": 0, "never_trained": 0, "slot_hours": 0.0,
    "most_slots_used": 0, "mails_duplicate": 0, "resets": [], "job_tally": {}, "racers": {},
    "jobs": {"running": 0, "waiting": 0}, "quotas": {"slots": 8},
}  # fmt: skip


class ScriptedWorld:
    """The controls of a practice world that answers what a test has put there, and notes what it was asked."""

    def __init__(self) -> None:
        self.told: dict[str, Any] = dict(QUIET)
        self.books: list[dict[str, Any]] = []
        self.moment = START
        self.asked: list[tuple[str, dict[str, Any] | None]] = []
        self.disarmed: list[int] = []

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        self.asked.append((path, body))
        answers = {
            "books": {"profiles": self.books},
            "capacity": {"per_type": 8, "total": 20, "others": 0, "slots": 8},
            "faults": {"id": len(self.asked)},
        }
        return SimpleNamespace(json=lambda: answers.get(path, {}))

    def now(self) -> datetime:
        return self.moment

    def truth(self) -> dict[str, Any]:
        return self.told

    def set_speed(self, speed: float) -> None:
        self.asked.append(("speed", {"speed": speed}))

    def disarm(self, faults: list[int]) -> None:
        self.disarmed += faults


class ScriptedCrew:
    def __init__(self) -> None:
        self.at_work = True

    def start(self) -> None:
        self.at_work = True

    def stop(self) -> None:
        self.at_work = False

    def relieve(self) -> None:
        self.at_work = True


class ScriptedConsole:
    """As much of a console as a drill looks at."""

    def __init__(self, world: ScriptedWorld) -> None:
        self.profiles: list[Profile] = []
        self.seen_at = START + timedelta(days=9)
        self.trouble: dict[str, str] = {}
        self.samples: list[UsageSample] = []
        self.races: list[Any] = []
        self.room = RoomNow()
        self.finish: Finish | None = None
        self.rules: list[float] = []
        self.clock = SimpleNamespace(now=lambda: START + timedelta(days=1), event_now=lambda: world.moment)
        self.store = SimpleNamespace(
            profiles=lambda event: (self.profiles, self.seen_at),
            links=lambda event: {each.id: SimpleNamespace(profile=each.id) for each in self.profiles},
            read=lambda event, what: {TROUBLE.key: self.trouble, ROOM_NOW.key: self.room}.get(what.key, {"cup"}),
            row=lambda event, what, key: self.finish,
            races=lambda event: (self.races, None),
        )
        self.first = SimpleNamespace(races=SimpleNamespace(room_rule=lambda actor, hours: self.rules.append(hours)))
        self.history = SimpleNamespace(
            usage=lambda event, points: self.samples, standings=lambda event, race: ([], None)
        )

    def ports_of(self, event: str) -> Any:
        return SimpleNamespace(
            racing=lambda: SimpleNamespace(standings=lambda race: [], profiles=lambda: self.profiles)
        )


@pytest.fixture
def world() -> ScriptedWorld:
    return ScriptedWorld()


@pytest.fixture
def scene(world: ScriptedWorld) -> Scene:
    event = an_event(starts_at=START, ends_at=START + timedelta(hours=8))
    console: Any = ScriptedConsole(world)
    crew: Any = ScriptedCrew()
    controls: Any = world
    return Scene(Plan(), console, controls, Any, event, crew, lambda line: None)  # type: ignore[arg-type]


@pytest.fixture
def through(scene: Scene, world: ScriptedWorld) -> Callable[..., Iterator[datetime]]:
    """The event in steps of a minute; the drill looks after the test has said what the world is like then."""

    def go(drill: Any, hours: float = 8.0) -> Iterator[datetime]:
        for minute in range(round(hours * 60) + 1):
            world.moment = START + timedelta(minutes=minute)
            yield world.moment
            drill.look(scene, world.moment)

    return go


def test_each_drill_has_its_name_and_an_unknown_one_is_refused() -> None:
    assert [*DRILLS] == ["deadline-rush", "lost-quota", "monthly-reset", "outage", "over-spending"]
    assert [drill_of(name).name for name in [*DRILLS, ""]] == [*DRILLS, ""]
    with pytest.raises(BadInput, match="deadline-rush, lost-quota, monthly-reset, outage, over-spending"):
        drill_of("flood")
    with pytest.raises(BadInput, match="--hours of 6 or more"):
        MonthlyReset().fit(Plan(hours=5))
    with pytest.raises(BadInput, match=r"--room, in hours: give 0"):
        checked(Plan(room=-1))
    with pytest.raises(BadInput, match=r"1\.2\.5 or 1\.3\.1"):
        checked(Plan(version="2.0"))


def test_the_rush_counts_what_came_late_and_how_long_the_last_result_took(
    scene: Scene, world: ScriptedWorld, through: Callable[..., Iterator[datetime]]
) -> None:
    drill, ends = DeadlineRush(), scene.event.ends_at
    assert drill.fit(Plan(version="1.2.5")).version == "1.3.1"
    held: Any = scene.console
    held.profiles = [Profile("one", "One", quota=Quota(180, 5)), Profile("two", "Two", quota=Quota(180, 5))]
    drill.begin(scene)
    assert ("fleet", {"rush": 1.0}) in world.asked
    assert held.rules == [2.0]
    held.races = [Race("cup", RaceDraft("Cup", "t-1", START, ends))]
    for now in through(drill, 9):
        late = max(0, min(15, (now - START).total_seconds() / 60 - 465))
        ended = max(0, (now - START).total_seconds() / 60 - 470)
        on_the_way = max(0, round(10 + 20 * late - 5 * ended)) if late else 0
        world.told = {
            **QUIET,
            "submissions": 10 + 20 * round(late),
            "submissions_on_the_way": on_the_way,
            "job_tally": {"ended.submission": 5 * round(ended), "lacked.submission": 7, "crowded.submission": 2},
            "jobs": {"running": 3, "waiting": 0},
            "waiting_for_capacity": 4,
        }
        early = ends + timedelta(minutes=20)
        held.finish = Finish(ends, final_at=early) if now >= early else Finish(ends)
        begins = ends - timedelta(hours=2)
        is_kept = begins < now < ends + timedelta(minutes=55)
        held.room = RoomNow(race="cup", held=2, since=begins) if is_kept else RoomNow()
        if now > ends:
            assert drill.is_through(scene, now) == (on_the_way == 0 and not held.room.held)
    held.profiles = [Profile("one", "One", quota=Quota(180, 5)), Profile("two", "Two", quota=Quota(60, 5))]
    counts = drill.counts(scene)
    assert counts["submissions_in_the_last_15_min"] == pytest.approx(290, abs=25)
    assert (counts["failed_for_want_of_a_slot"], counts["most_people_held_back"]) == (7, 2)
    assert counts["of_these_while_nobody_trained"] == 2
    assert (counts["room_began_h_before_the_close"], counts["slots"]) == (2.0, 8)
    assert (counts["jobs_on_slots_before_the_rush"], counts["models_waiting_before_the_rush"]) == (3, 4)
    assert counts["last_result_min_after_the_close"] == pytest.approx(52, abs=2)
    assert counts["times_called_final_too_early"] == 32
    assert counts["limits_not_given_back"] == 1
    assert drill.is_through(scene, ends + timedelta(hours=13)), "it ends, whatever stays on its way"


def test_the_lost_quota_is_planned_and_given_back_and_what_starts_beyond_it_is_counted(
    scene: Scene, world: ScriptedWorld, through: Callable[..., Iterator[datetime]]
) -> None:
    drill = LostQuota()
    drill.begin(scene)
    planned = [body for path, body in world.asked if path == "capacity" and body]
    assert planned == [
        {"per_type": 2, "at": scene.at(0.4).isoformat()},
        {"per_type": 8, "total": 20, "at": scene.at(0.65).isoformat()},
    ]
    for minute, _ in enumerate(through(drill, 1)):
        running = 5 if minute == 30 else 2
        world.told = {**QUIET, "jobs": {"running": running, "waiting": 0}, "quotas": {"slots": 2}}
        if minute > 50:
            world.told |= {"waiting_for_capacity": 9, "quotas": {"slots": 8}, "racers": {"waiting": 8}}
    counts = drill.counts(scene)
    assert counts["started_beyond_the_quota"] == 1
    assert (counts["most_jobs_waiting"], counts["most_people_waiting"]) == (9, 8)
    assert counts["idle_slot_hours_while_jobs_waited"] == 1.0


def test_the_month_ends_in_the_middle_of_the_event(world: ScriptedWorld) -> None:
    plan = Plan(hours=8)
    for begin in (START, datetime(2026, 3, 31, 23, 0, tzinfo=UTC), datetime(2026, 12, 30, tzinfo=UTC)):
        world.moment, world.asked = begin, []
        MonthlyReset().before_the_event(world, plan)  # type: ignore[arg-type]
        ((_, body),) = world.asked
        assert body is not None
        starts = begin + timedelta(seconds=body["advance_s"])
        first = (starts + timedelta(hours=4)).replace(day=1, hour=0, minute=0, second=0)
        assert starts <= first < first + timedelta(hours=4) <= starts + timedelta(hours=8)
        assert starts > begin


def test_what_a_reset_took_is_counted_on(scene: Scene, world: ScriptedWorld) -> None:
    console: Any = scene.console
    console.profiles = [Profile("one", "One", minutes_used=10, minutes_queued=0)]
    console.samples = [UsageSample(START, 1, 1, 100.0, 0, 0, 1)]
    world.books = [{"profile_id": "one", "used": 10, "queued": 0, "ran": {"training": 100.0, "submission": 20.0}}]
    world.told = {**QUIET, "resets": [START.timestamp() - 9e6, START.timestamp() + 60]}
    counts = MonthlyReset().counts(scene)
    assert (counts["resets"], counts["hours_that_ran"], counts["hours_counted"]) == (1, 2.0, 1.667)
    assert (counts["hours_counted_at_most"], counts["truth_in_range"]) == (1.667, False)
    console.samples = [UsageSample(START, 1, 1, 100.0, 0, 0, 1, minutes_unsure=30.0)]
    assert MonthlyReset().counts(scene)["truth_in_range"] is True
    assert counts["profiles_that_differ"] == 0


def test_the_outage_ends_by_itself_and_whoever_was_sent_away_comes_back(
    scene: Scene, world: ScriptedWorld, through: Callable[..., Iterator[datetime]]
) -> None:
    drill, console, crew = Outage(), scene.console, scene.crew
    held: Any = console
    away = 0
    for now in through(drill):
        held.trouble = {"usage": "The service does not answer."} if drill._armed and now > scene.at(0.36) else {}
        away += not crew.at_work  # type: ignore[attr-defined]
    assert drill.is_through(scene, world.moment)
    assert crew.at_work  # type: ignore[attr-defined]
    assert len(world.disarmed) == 3
    assert away == 30
    held.samples = [UsageSample(START + timedelta(minutes=at), 0, 0, 0, 0, 0, 0) for at in (0, 1, 31)]
    counts = drill.counts(scene)
    assert (counts["longest_gap_min"], counts["troubles_left"]) == (30, 0)
    assert counts["said_so_after_min"] == pytest.approx(6, abs=2)


def test_minutes_are_compared_while_time_stands_still(scene: Scene, world: ScriptedWorld) -> None:
    held: Any = scene.console
    held.profiles = [
        Profile("same", "A", minutes_used=5.0, minutes_queued=60),
        Profile("other", "B", minutes_used=5.0, minutes_queued=0),
        Profile("unknown", "C", minutes_used=1.0, minutes_queued=0),
    ]
    world.books = [
        {"profile_id": "same", "used": 5.0, "queued": 60},
        {"profile_id": "other", "used": 5.0, "queued": 30},
    ]
    assert compare_minutes(scene) == {"profiles_compared": 2, "profiles_that_differ": 1}
    assert [path for path, _ in world.asked] == ["clock", "books", "speed"]
    held.seen_at = START
    slept: list[float] = []
    late = compare_minutes(replace(scene), sleep=slept.append)
    assert late == {"profiles_compared": 0, "profiles_that_differ": None}, "a console that reads nothing is not right"
    assert sum(slept) == 90
    assert world.asked[-1][0] == "speed", "time goes on whatever happens"
