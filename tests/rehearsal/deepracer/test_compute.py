"""Jobs, minutes, storage and results: the racer's side moves in process, the organizer looks over HTTP."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from deepracer_admin.rehearsal.deepracer import DeepRacer, OnAwsGarage
from deepracer_admin.rehearsal.deepracer.compute import Compute
from deepracer_admin.rehearsal.deepracer.jobs import JobQueue
from deepracer_admin.rehearsal.deepracer.positions import position_between
from deepracer_admin.rehearsal.deepracer.scoring import INVALID_SCORE, score_laps
from deepracer_admin.rehearsal.deepracer.state import State
from deepracer_admin.rehearsal.shared.garage import LapResult, Refused
from tests.practice import start_world

from .conftest import START, send_racers_home
from .person import Deployed, Person, race
from .test_people import profile_of

HOUR = 3600.0


@pytest.fixture
def service(deployed: Deployed) -> DeepRacer:
    found = deployed.world.world.services["deepracer"]
    assert isinstance(found, DeepRacer)
    return found


@pytest.fixture
def garage(service: DeepRacer) -> OnAwsGarage:
    return service.garage


@pytest.fixture
def ada(deployed: Deployed, organizer: Person, garage: OnAwsGarage) -> str:
    ada_id = organizer.call("POST", "/race-management/users", {"emailAddress": "ada@example.com"}).body["id"]
    garage.accept(ada_id)
    return ada_id


def open_race(organizer: Person, **changes: Any) -> str:
    times = {"openTime": "2026-03-10T08:00:00Z", "closeTime": "2026-04-20T09:00:00Z"}
    return organizer.call("POST", "/leaderboards", race(**{**times, **changes})).body["leaderboardId"]


def train(deployed: Deployed, garage: OnAwsGarage, profile_id: str) -> str:
    model = garage.train(profile_id, "quick", 10)
    deployed.world.advance(15 * 60)
    return model


def test_minutes_wait_in_queued_and_become_used_only_when_the_job_ends(
    deployed: Deployed, organizer: Person, garage: OnAwsGarage, ada: str
) -> None:
    garage.train(ada, "first", 60)
    row = profile_of(organizer, "ada@example.com")
    assert (row["computeMinutesUsed"], row["computeMinutesQueued"], row["modelCount"]) == (0, 60, 1)
    deployed.world.advance(0.5 * HOUR)
    assert profile_of(organizer, "ada@example.com")["computeMinutesQueued"] == 60
    assert organizer.call("GET", f"/admin/profiles/{ada}/models").body["models"][0]["status"] == "TRAINING"
    deployed.world.advance(HOUR)
    row = profile_of(organizer, "ada@example.com")
    assert 57 <= row["computeMinutesUsed"] <= 60
    assert row["computeMinutesQueued"] == 0
    assert row["modelStorageUsage"] > 1_000_000
    assert deployed.world.truth()["hours"] == pytest.approx(row["computeMinutesUsed"] / 60)


def test_up_to_1_2_a_training_waits_for_a_free_slot_in_the_order_of_arrival(tmp_path: Any) -> None:
    world = start_world(tmp_path / "narrow", start=START, speed=0, slots=2, version="1.2.5")
    try:
        send_racers_home(world)
        found = world.world.services["deepracer"]
        assert isinstance(found, DeepRacer)
        site, garage = found.site, found.garage
        user = site.pool.create(site.state.new_id(), "ada@example.com", suppress=True)
        site.pool.add_to_group(user, "dr-racers")
        models = [garage.train(user.username, f"m{n}", 60) for n in range(4)]
        world.advance(600)
        assert world.truth()["jobs"] == {"running": 2, "waiting": 2}
        world.advance(HOUR)
        states = [site.state.models[key].status for key in models]
        assert states == ["READY", "READY", "TRAINING", "TRAINING"]
        assert [job.model_id for job in garage.ended(0)] in (models[:2], models[1::-1])
    finally:
        world.stop()


def test_the_quota_refuses_with_the_words_of_the_api(organizer: Person, garage: OnAwsGarage, ada: str) -> None:
    organizer.call("PATCH", "/profile", {"profileId": ada, "maxTotalComputeMinutes": 100, "maxModelCount": 2})
    garage.train(ada, "first", 60)
    with pytest.raises(Refused, match=r"^Total compute minutes for the month exceeded\.$") as refused:
        garage.train(ada, "second", 41)
    assert refused.value.reason == "minutes"
    racer = garage.racer(ada)
    assert racer is not None
    assert (racer.minutes_free, racer.models_free, racer.accepted) == (40, 1, True)
    organizer.call("PATCH", "/profile", {"profileId": ada, "maxTotalComputeMinutes": 0, "maxModelCount": 0})
    with pytest.raises(Refused) as refused:
        garage.train(ada, "second", 10)
    assert refused.value.reason == "paused"


def test_the_month_turns_used_and_model_count_to_zero_but_not_queued(
    deployed: Deployed, organizer: Person, garage: OnAwsGarage, ada: str
) -> None:
    train(deployed, garage, ada)
    deployed.world.advance(21 * 86_400 + 14 * HOUR + 40 * 60)  # 31 March, 23:55
    garage.train(ada, "late", 600)
    assert profile_of(organizer, "ada@example.com")["computeMinutesUsed"] > 0
    deployed.world.advance(4 * HOUR + 5 * 60)  # some time between 00:00 and 04:00
    row = profile_of(organizer, "ada@example.com")
    assert (row["computeMinutesUsed"], row["modelCount"], row["computeMinutesQueued"]) == (0, 0, 600)


def test_the_month_turns_at_a_moment_of_its_own_between_midnight_and_four() -> None:
    """A client must not take midnight for granted (2.3)."""
    compute = Compute(State(seed=7), 8, lambda fault, kind: False)
    moments = [compute._reset_after(datetime(2026, month, 15, tzinfo=UTC).timestamp()) for month in range(1, 12)]
    clocks = [datetime.fromtimestamp(moment, UTC) for moment in moments]
    assert [clock.day for clock in clocks] == [1] * len(clocks)
    assert all(0 <= clock.hour < 4 for clock in clocks)
    assert len({(clock.hour, clock.minute, clock.second) for clock in clocks}) == len(clocks)


def test_a_submission_is_not_queued_but_counts_as_used_when_it_ends(
    deployed: Deployed, organizer: Person, garage: OnAwsGarage, ada: str
) -> None:
    cup, model = open_race(organizer), train(deployed, garage, ada)
    before = profile_of(organizer, "ada@example.com")
    garage.submit(ada, cup, model, LapResult((12_000, 11_000, 10_000), off_track=2))
    assert profile_of(organizer, "ada@example.com")["computeMinutesQueued"] == before["computeMinutesQueued"] == 0
    deployed.world.advance(HOUR)
    used = profile_of(organizer, "ada@example.com")["computeMinutesUsed"] - before["computeMinutesUsed"]
    assert 1.5 <= used <= 2.5
    ranking = organizer.call("GET", f"/leaderboards/{cup}/rankings").body["rankings"]
    assert [(row["rank"], row["rankingScore"], row["userProfile"]["alias"]) for row in ranking] == [
        (1, 33_000, "RacerAlias")
    ]
    assert "profileId" not in ranking[0]
    assert organizer.call("GET", f"/leaderboards/{cup}").body["leaderboard"]["participantCount"] == 1


def test_only_the_best_run_is_ranked_and_a_short_run_never(
    deployed: Deployed, organizer: Person, garage: OnAwsGarage, ada: str
) -> None:
    cup, model = open_race(organizer), train(deployed, garage, ada)
    for laps in ((9_000, 9_000), (10_000,) * 3, (12_000,) * 3, (9_500,) * 3):
        garage.submit(ada, cup, model, LapResult(laps))
        deployed.world.advance(HOUR)
    rows = organizer.call("GET", f"/leaderboards/{cup}/rankings").body["rankings"]
    assert [(row["rankingScore"], row["submissionNumber"]) for row in rows] == [(28_500, 4)]
    assert garage.submissions_left(ada, cup) == 1
    assert [job.kind for job in garage.ended(0)] == ["training"] + ["submission"] * 4


@pytest.mark.parametrize(
    ("laps", "timing", "minimum", "score"),
    [
        ((12_000, 10_000, 11_000), "TOTAL_TIME", 3, 33_000),
        ((12_000, 10_000, 11_000), "BEST_LAP_TIME", 1, 10_000),
        ((12_000, 10_000, 11_000), "AVG_LAP_TIME", 2, 10_500),
        ((12_000, 10_000), "TOTAL_TIME", 3, INVALID_SCORE),
        ((), "BEST_LAP_TIME", 0, INVALID_SCORE),
    ],
)
def test_each_timing_method_scores_its_own_way(laps: tuple[int, ...], timing: str, minimum: int, score: int) -> None:
    assert score_laps(laps, timing, minimum) == score


def test_a_race_that_is_not_open_takes_no_submission(
    deployed: Deployed, organizer: Person, garage: OnAwsGarage, ada: str
) -> None:
    later, model = open_race(organizer, openTime="2026-03-30T08:00:00Z"), train(deployed, garage, ada)
    assert garage.open_races() == []
    with pytest.raises(Refused) as refused:
        garage.submit(ada, later, model, LapResult((10_000,) * 3))
    assert refused.value.reason == "closed"


def test_deleting_models_hides_those_that_never_started_and_breaks_the_racers_list(
    deployed: Deployed, organizer: Person, garage: OnAwsGarage, ada: str
) -> None:
    train(deployed, garage, ada)
    garage.train(ada, "waiting", 60)
    assert organizer.call("DELETE", f"/profiles/{ada}/models").status == 200
    left = organizer.call("GET", f"/admin/profiles/{ada}/models").body["models"]
    assert [(row["name"], row["status"]) for row in left] == [("waiting", "ERROR")]


def test_an_open_race_may_be_ended_by_an_admin_and_changed_in_nothing_else(
    deployed: Deployed, organizer: Person
) -> None:
    cup = open_race(organizer)
    stored = organizer.call("GET", f"/leaderboards/{cup}").body["leaderboard"]
    renamed = organizer.call("PATCH", f"/leaderboards/{cup}", {"leaderboardDefinition": {**stored, "name": "Other"}})
    assert renamed.body == {"message": "Admins can only edit the end time and submission limits on an active race."}
    past = {**stored, "closeTime": "2026-03-10T08:59:59Z"}
    assert organizer.call("PATCH", f"/leaderboards/{cup}", {"leaderboardDefinition": past}).body == {
        "message": "End time must be in the future."
    }
    soon = {**stored, "closeTime": "2026-03-10T09:00:30Z", "maxSubmissionsPerUser": 1}
    edited = organizer.call("PATCH", f"/leaderboards/{cup}", {"leaderboardDefinition": soon})
    assert edited.body["leaderboard"]["closeTime"] == "2026-03-10T09:00:30Z"
    with_fleet = {**soon, "fleetId": "F" * 15}  # not compared (1.3 page, 5.1), and not written
    edited = organizer.call("PATCH", f"/leaderboards/{cup}", {"leaderboardDefinition": with_fleet})
    assert (edited.status, "fleetId" in edited.body["leaderboard"]) == (200, False)
    facilitator = deployed.sign_in("facilitator@example.com", deployed.world.endpoints["deepracer"]["password"])
    refused = facilitator.call("PATCH", f"/leaderboards/{cup}", {"leaderboardDefinition": soon})
    assert refused.body == {"message": "Can only edit future leaderboards that have not started yet."}
    deployed.world.advance(60)
    reopened = organizer.call("PATCH", f"/leaderboards/{cup}", {"leaderboardDefinition": stored})
    assert reopened.body == {"message": "Can only edit future leaderboards that have not started yet."}
    assert organizer.call("DELETE", f"/leaderboards/{cup}").status == 200


def test_a_live_race_runs_its_queue_to_a_winner(
    deployed: Deployed, organizer: Person, garage: OnAwsGarage, ada: str
) -> None:
    model = train(deployed, garage, ada)
    live = open_race(organizer, isLive=True, liveEventTime="2026-03-10T10:00:00Z")
    garage.submit(ada, live, model, LapResult((10_000,) * 3))
    early = organizer.call("POST", f"/leaderboards/{live}/liveQueue/launch")
    assert early.body == {"message": "Cannot start before scheduled time."}
    deployed.world.advance(HOUR)
    assert organizer.call("POST", f"/leaderboards/{live}/liveQueue/launch").body["liveEventStatus"] == "IN_PROGRESS"
    assert organizer.call("POST", f"/leaderboards/{live}/liveQueue/launch").status == 409
    state = organizer.call("GET", f"/leaderboards/{live}/liveState").body
    assert state["currentEvaluation"]["status"] == "IN_PROGRESS"
    deployed.world.advance(HOUR)
    winner = organizer.call("POST", f"/leaderboards/{live}/declareWinner").body
    items = organizer.call("GET", f"/leaderboards/{live}/liveQueue").body["items"]
    assert winner["winnerId"] == items[0]["submissionId"]
    assert items[0]["status"] == "COMPLETED"
    assert organizer.call("GET", f"/leaderboards/{live}/liveState").body["rankings"][0]["bestLapTime"] == 30_000


@pytest.fixture
def running(deployed: Deployed, organizer: Person, garage: OnAwsGarage, ada: str) -> str:
    """A live race whose only car is driving."""
    model = train(deployed, garage, ada)
    live = open_race(organizer, isLive=True, liveEventTime="2026-03-10T10:00:00Z")
    garage.submit(ada, live, model, LapResult((10_000,) * 3))
    deployed.world.advance(HOUR)
    assert organizer.call("POST", f"/leaderboards/{live}/liveQueue/launch").status == 200
    deployed.world.advance(130)  # the container is up and drives
    return live


def standing(organizer: Person, live: str) -> tuple[str, int, bool]:
    """Status of the one queue item, how many are ranked, whether a car drives."""
    (item,) = organizer.call("GET", f"/leaderboards/{live}/liveQueue").body["items"]
    state = organizer.call("GET", f"/leaderboards/{live}/liveState").body
    return item["status"], len(state["rankings"]), "currentEvaluation" in state


def test_clearing_a_live_race_stops_the_car_so_that_nothing_comes_back(
    deployed: Deployed, organizer: Person, service: DeepRacer, running: str
) -> None:
    assert standing(organizer, running) == ("IN_PROGRESS", 0, True)
    cleared = organizer.call("POST", f"/leaderboards/{running}/liveQueue/resetAll")
    assert cleared.body == {"itemsReset": 1, "itemsFailed": 0}
    deployed.world.advance(60)
    assert service.site.compute.queue.busy == 0
    deployed.world.advance(HOUR)
    assert standing(organizer, running) == ("PENDING", 0, False)
    assert profile_of(organizer, "ada@example.com")["computeMinutesUsed"] > 10


@pytest.mark.parametrize("gap", [0, 45])
def test_a_run_that_was_reset_neither_ranks_nor_settles_the_next_one(
    deployed: Deployed, organizer: Person, running: str, gap: int
) -> None:
    (item,) = organizer.call("GET", f"/leaderboards/{running}/liveQueue").body["items"]
    path = f"/leaderboards/{running}/liveQueue/{item['submissionId']}/resetModel"
    assert organizer.call("POST", path, {}).body["status"] == "PENDING"
    deployed.world.advance(gap)
    assert organizer.call("POST", f"/leaderboards/{running}/liveQueue/launch").status == 200
    deployed.world.advance(125)  # the first run would be through by now, the second one drives
    assert standing(organizer, running) == ("IN_PROGRESS", 0, True)
    deployed.world.advance(HOUR)
    assert standing(organizer, running) == ("COMPLETED", 1, False)


def test_a_live_race_is_first_refused_as_open_and_then_for_want_of_a_winner(
    deployed: Deployed, organizer: Person, running: str
) -> None:
    deployed.world.advance(HOUR)
    refused = organizer.call("DELETE", f"/leaderboards/{running}")
    assert (refused.status, refused.body) == (400, {"message": "Unable to delete an open leaderboard."})
    deployed.world.advance(42 * 86_400)
    assert organizer.call("DELETE", f"/leaderboards/{running}").body == {"message": "Declare a winner first."}
    organizer.call("POST", f"/leaderboards/{running}/declareWinner")
    assert organizer.call("DELETE", f"/leaderboards/{running}").status == 200


@pytest.mark.parametrize("choose", [lambda n: 0, lambda n: n, lambda n: n // 2, lambda n: n * 7919 % (n + 1)])
def test_there_is_always_a_position_between_two_positions(choose: Callable[[int], int]) -> None:
    keys = [position_between(None, None)]
    for _ in range(300):
        at = choose(len(keys))
        keys.insert(at, position_between(keys[at - 1] if at else None, keys[at] if at < len(keys) else None))
    assert keys == sorted(set(keys))


def test_a_restarted_world_goes_on_with_people_jobs_tokens_and_results(tmp_path: Any) -> None:
    home = tmp_path / "kept"
    first = start_world(home, start=START, speed=0)
    send_racers_home(first)
    found = first.world.services["deepracer"]
    assert isinstance(found, DeepRacer)
    user = found.site.pool.create(found.site.state.new_id(), "ada@example.com", suppress=True)
    found.site.pool.add_to_group(user, "dr-racers")
    found.garage.train(user.username, "first", 60)
    first.advance(600)
    key = found.site.mint.key_id
    before, dumped = first.truth(), found.site.dump()
    first.stop()
    second = start_world(home, speed=0)
    try:
        send_racers_home(second)
        again = second.world.services["deepracer"]
        assert isinstance(again, DeepRacer)
        assert again.site.mint.key_id == key
        assert {**again.site.dump(), "mint": 0} == {**dumped, "mint": 0}
        assert second.truth()["jobs"] == before["jobs"] == {"running": 1, "waiting": 0}
        second.advance(2 * HOUR)
        assert second.truth()["jobs"]["running"] == 0
        assert second.truth()["hours"] > 0.9
        assert isinstance(again.site.compute.queue, JobQueue)
    finally:
        second.stop()
