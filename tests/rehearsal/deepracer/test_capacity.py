"""How jobs get a slot, per version, and what becomes of those that get none (deepracer-on-aws-capacity.md)."""

from __future__ import annotations

import pytest

from deepracer_admin.rehearsal.deepracer.capacity import Capacity, Quotas
from deepracer_admin.rehearsal.deepracer.errors import ApiError
from deepracer_admin.rehearsal.deepracer.ledger import describe_capacity, list_books
from deepracer_admin.rehearsal.shared.garage import Refused

from .small_site import CUP, START, THREE_LAPS, SmallSite

BOTH = pytest.mark.parametrize("version", ["1.2.5", "1.3.1"])
WAITING = "WAITING_FOR_CAPACITY"


def test_without_a_slot_a_training_waits_for_its_racer_to_press_retry_and_for_nothing_else() -> None:
    small = SmallSite(slots=1)
    (first,) = small.fill(1, minutes=60)
    ada = small.racer("ada")
    model = small.garage.train(ada, "mine", 60)
    assert (small.status(first), small.status(model)) == ("TRAINING", WAITING)
    assert small.call(ada, "GetModel", modelId=model)["model"]["trainingStatus"] == WAITING
    assert "no room" in small.call(ada, "GetModel", modelId=model)["model"]["statusMessage"]
    small.live(10 * 3600)
    assert (small.site.compute.queue.busy, small.status(model)) == (0, WAITING)
    answer = small.call(ada, "RetryTraining", modelId=model)
    assert (answer["modelId"], answer["status"]) == (model, "QUEUED")
    assert "statusMessage" not in small.call(ada, "GetModel", modelId=model)["model"]
    small.live(10)
    assert small.status(model) == "TRAINING"


def test_minutes_and_models_are_counted_while_waiting_and_no_retry_counts_them_again() -> None:
    small = SmallSite(slots=1)
    small.fill(1)
    ada = small.racer("ada")
    model = small.garage.train(ada, "mine", 60)
    for _ in range(3):
        row = small.profile(ada)
        assert (row.used, row.queued, row.model_count) == (0, 60, 1)
        assert small.call(ada, "RetryTraining", modelId=model)["status"] == WAITING
        small.live(600)
    assert small.site.compute.tally["retries_in_vain"] == 3
    books = {each["profile_id"]: each for each in list_books(small.site)}
    assert (books[ada]["waiting"], books[ada]["under_way"]) == (60, 0)


def test_who_presses_first_after_a_slot_is_free_gets_it_not_who_waits_longest() -> None:
    small = SmallSite(slots=1)
    small.fill(1, minutes=60)
    early, late = small.racer("early"), small.racer("late")
    waiting = small.garage.train(early, "mine", 60)
    small.live(1800)
    lucky = small.garage.train(late, "mine", 60)
    small.live(3600)
    assert small.garage.retry(late, lucky)
    small.live(60)
    assert (small.status(lucky), small.status(waiting)) == ("TRAINING", WAITING)
    assert not small.garage.retry(early, waiting)


def test_up_to_1_2_the_oldest_message_gets_the_slot_and_there_is_no_retry() -> None:
    small = SmallSite("1.2.5", slots=1)
    small.fill(1, minutes=60)
    models = [small.garage.train(small.racer(name), "mine", 60) for name in ("one", "two")]
    assert [small.status(model) for model in models] == ["QUEUED", "QUEUED"]
    small.live(3900)
    assert [small.status(model) for model in models] == ["TRAINING", "QUEUED"]
    small.live(3900)
    assert [small.status(model) for model in models] == ["READY", "TRAINING"]
    assert "RetryTraining" not in small.operations


@pytest.mark.parametrize("status", ["READY", "ERROR", "DELETING"])
def test_a_retry_of_what_is_over_is_400(status: str) -> None:
    small = SmallSite()
    ada = small.racer("ada")
    model = small.garage.train(ada, "mine", 10)
    small.site.state.models[model].status = status
    with pytest.raises(ApiError, match=status) as refused:
        small.call(ada, "RetryTraining", modelId=model)
    assert refused.value.status == 400


def test_a_retry_of_what_runs_is_409_and_of_somebody_elses_404() -> None:
    small = SmallSite()
    ada, bob = small.racer("ada"), small.racer("bob")
    model = small.garage.train(ada, "mine", 10)
    for seconds in (0, 30):
        small.live(seconds)
        with pytest.raises(ApiError, match="not waiting") as refused:
            small.call(ada, "RetryTraining", modelId=model)
        assert refused.value.status == 409
    with pytest.raises(ApiError) as refused:
        small.call(bob, "RetryTraining", modelId=model)
    assert refused.value.status == 404


@pytest.mark.parametrize(
    ("quotas", "slots"), [((5, 3), 3), ((3, 5), 3), ((5, 5, 2), 3), ((2, 5, 3), 0), ((3, 5, 5), 0)]
)
def test_the_lower_quota_is_in_force_less_what_others_use(quotas: tuple[int, ...], slots: int) -> None:
    small = SmallSite(slots=9)
    small.quotas(*quotas)
    assert describe_capacity(small.site)["quotas"]["slots"] == slots
    made = [small.garage.train(small.racer(f"racer{n}"), "mine", 60) for n in range(6)]
    small.live(60)
    statuses = [small.status(model) for model in made]
    assert (statuses.count("TRAINING"), statuses.count(WAITING)) == (slots, 6 - slots)


def test_a_quota_that_falls_stops_nothing_that_runs_and_lets_nothing_start() -> None:
    small = SmallSite(slots=4)
    running = small.fill(4, minutes=60)
    small.quotas(2, 4)
    small.live(1200)
    assert [small.status(model) for model in running] == ["TRAINING"] * 4
    small.live(3000)
    assert small.site.compute.queue.busy == 0
    made = [small.garage.train(small.racer(f"racer{n}"), "mine", 60) for n in range(4)]
    small.live(60)
    assert sorted(map(small.status, made)) == ["TRAINING", "TRAINING", WAITING, WAITING]


def test_quotas_are_known_late_by_up_to_five_minutes_and_sagemaker_has_the_last_word() -> None:
    small = SmallSite(slots=1)
    ada = small.racer("ada")
    small.model(ada)  # the quota was looked up a quarter of an hour ago
    model = small.garage.train(ada, "seen", 10)
    small.quotas(0, 0)
    early = small.garage.train(ada, "early", 10)
    assert small.status(early) == "QUEUED", "the deployment has not learned of it yet"
    small.live(30)
    assert (small.status(model), small.status(early)) == (WAITING, WAITING)
    small.live(400)
    small.quotas(5, 5)
    late = small.garage.train(ada, "late", 10)
    assert small.status(late) == "QUEUED"
    small.live(30)
    assert small.status(late) == "TRAINING"


def test_of_a_crowd_that_comes_at_once_all_are_queued_and_most_sent_back() -> None:
    """Usage is up to 10 s old, so everybody of one moment sees the same free slot."""
    small = SmallSite(slots=1)
    made = [small.garage.train(small.racer(f"racer{n}"), "mine", 60) for n in range(5)]
    assert {small.status(model) for model in made} == {"QUEUED"}
    small.live(60)
    assert [small.status(model) for model in made] == ["TRAINING"] + [WAITING] * 4
    assert small.site.compute.tally["lacked.training"] == 4


@pytest.mark.parametrize(
    ("fault", "why"), [("capacity_lookup", "could not be verified"), ("hand_over", "could not be handed over")]
)
def test_a_look_up_or_a_hand_over_that_fails_counts_as_no_room(fault: str, why: str) -> None:
    small = SmallSite()
    small.faults.arm("deepracer", fault, count=1)
    ada = small.racer("ada")
    model = small.garage.train(ada, "mine", 60)
    assert small.status(model) == WAITING
    assert why in small.call(ada, "GetModel", modelId=model)["model"]["statusMessage"]
    assert small.garage.retry(ada, model)


def test_a_training_that_sagemaker_refuses_waits_again_and_is_never_an_error() -> None:
    small = SmallSite()
    small.faults.arm("deepracer", "capacity", count=1)
    ada = small.racer("ada")
    model = small.garage.train(ada, "mine", 60)
    small.live(30)
    assert (small.status(model), small.profile(ada).queued) == (WAITING, 60)
    assert small.garage.ended(0) == []


def test_up_to_1_2_a_training_that_sagemaker_refuses_fails_and_never_releases_its_minutes() -> None:
    small = SmallSite("1.2.5")
    small.faults.arm("deepracer", "capacity", count=1)
    ada = small.racer("ada")
    model = small.garage.train(ada, "mine", 60)
    small.live(3600)
    assert small.status(model) == "ERROR"
    assert (small.profile(ada).used, small.profile(ada).queued) == (0, 60)
    assert [job.succeeded for job in small.garage.ended(0)] == [False]


@BOTH
def test_a_submission_without_a_slot_fails_and_has_used_up_an_attempt(version: str) -> None:
    small = SmallSite(version, slots=1)
    ada = small.racer("ada")
    model = small.model(ada)
    small.fill(1)
    assert small.garage.submissions_left(ada, CUP) == 3
    small.garage.submit(ada, CUP, model, THREE_LAPS)
    assert small.status(model) == "QUEUED"
    small.live(60)
    (submission,) = small.site.state.submissions.values()
    assert (submission.status, small.status(model)) == ("FAILED", "READY")
    assert small.garage.submissions_left(ada, CUP) == 2
    assert CUP not in small.site.state.rankings
    assert describe_capacity(small.site)["submissions_failed"] == 1
    assert [(job.kind, job.succeeded) for job in small.garage.ended(0)] == [("training", True), ("submission", False)]


@BOTH
def test_an_evaluation_without_a_slot_fails_and_the_model_is_ready_again(version: str) -> None:
    small = SmallSite(version, slots=1)
    ada = small.racer("ada")
    model = small.model(ada)
    small.fill(1)
    small.garage.evaluate(ada, model, 10)
    small.live(60)
    (evaluation,) = small.site.state.evaluations.values()
    assert (evaluation.status, small.status(model)) == ("FAILED", "READY")
    assert small.profile(ada).queued == 10, "minutes that no job ran for stay there"


@BOTH
def test_one_job_after_another_is_started_four_seconds_each(version: str) -> None:
    small = SmallSite(version, slots=1000)
    for n in range(60):
        small.garage.train(small.racer(f"racer{n}"), "mine", 600)
    started: list[int] = []
    for _ in range(5):
        small.live(60)
        started.append(small.site.compute.queue.busy)
    assert started == [15, 30, 45, 60, 60]


def test_a_rush_of_submissions_is_started_over_hours_and_ranked_after_the_close() -> None:
    small = SmallSite(slots=1000)
    racers = [small.racer(f"racer{n}") for n in range(300)]
    models = [small.garage.train(each, "quick", 10) for each in racers]
    small.live(3600)
    assert {small.status(model) for model in models} == {"READY"}
    small.site.state.leaderboards[CUP].definition["closeTime"] = small.clock.moment.timestamp() + 60
    for racer, model in zip(racers[1:], models[1:], strict=True):
        small.garage.submit(racer, CUP, model, THREE_LAPS)
    small.live(61)
    with pytest.raises(Refused, match="not accepting"):
        small.garage.submit(racers[0], CUP, models[0], THREE_LAPS)
    small.live(240)
    on_the_way = describe_capacity(small.site)["submissions_on_the_way"]
    listed = small.organizer("ListAdminModels")["models"]
    assert sum(row["status"] in ("QUEUED", "SUBMITTING") for row in listed) == on_the_way > 200
    assert 0 < len(small.site.state.rankings[CUP]) < 100
    small.live(20 * 60)
    assert len(small.site.state.rankings[CUP]) == 299


@BOTH
def test_a_job_whose_model_was_deleted_in_the_queue_fails_at_its_turn(version: str) -> None:
    small = SmallSite(version)
    ada = small.racer("ada")
    ready = small.model(ada)
    fresh = small.garage.train(ada, "fresh", 60)
    small.garage.submit(ada, CUP, ready, THREE_LAPS)
    small.organizer("DeleteProfileModels", profileId=ada)
    small.live(3600)
    assert [(job.kind, job.succeeded) for job in small.garage.ended(1)] == [("training", False), ("submission", False)]
    assert [each.status for each in small.site.state.submissions.values()] == ["FAILED"]
    assert (small.status(fresh), small.site.compute.queue.busy) == ("ERROR", 0)
    assert CUP not in small.site.state.rankings


@BOTH
@pytest.mark.parametrize("whole", [False, True], ids=["model", "profile"])
def test_deleting_a_model_or_its_profile_kills_the_result_of_a_submission_that_runs(version: str, whole: bool) -> None:
    small = SmallSite(version)
    ada = small.racer("ada")
    model = small.model(ada)
    small.garage.submit(ada, CUP, model, THREE_LAPS)
    small.live(30)
    assert small.status(model) == "SUBMITTING"
    small.organizer("DeleteProfile" if whole else "DeleteProfileModels", profileId=ada)
    small.live(3600)
    assert [each.status for each in small.site.state.submissions.values()] == ["FAILED"]
    assert CUP not in small.site.state.rankings


def test_a_model_that_waits_cannot_be_deleted_and_its_minutes_stay() -> None:
    small = SmallSite(slots=1)
    small.fill(1)
    ada = small.racer("ada")
    model = small.garage.train(ada, "mine", 60)
    with pytest.raises(ApiError, match="cannot be deleted at this time"):
        small.call(ada, "DeleteModel", modelId=model)
    for _ in range(3):
        assert small.organizer("DeleteProfileModels", profileId=ada) == {}
        assert (small.status(model), small.profile(ada).queued) == ("ERROR", 60)
    with pytest.raises(ApiError) as refused:
        small.call(ada, "RetryTraining", modelId=model)
    assert refused.value.status == 400
    assert small.garage.stands(ada, model) == "over"


@BOTH
def test_a_restart_forgets_no_turn_and_nothing_starts_in_the_past_for_room_that_is_new(version: str) -> None:
    small = SmallSite(version, slots=1)
    small.fill(1, minutes=600)
    waiting = [small.garage.train(small.racer(f"racer{n}"), "mine", 30) for n in range(3)]
    small.live(3 * 3600)
    small.quotas(9, 9)
    small.restart()
    for number, model in enumerate(waiting):
        if version == "1.3.1":
            small.live(600)
            assert small.garage.retry(small.site.state.models[model].profile_id, model), number
    small.live(120)
    running = [job for job in small.site.state.jobs.values() if job.model_id in waiting]
    assert len(running) == 3
    newest = max(job.running_since or small.clock.moment.timestamp() for job in running)
    assert newest > START.timestamp() + 3 * 3600
    assert all((job.running_since or newest) > START.timestamp() + 3 * 3600 for job in running)


def test_a_planned_change_of_the_quotas_comes_at_its_moment() -> None:
    capacity = Capacity(Quotas(5, 5))
    capacity.change(100, Quotas(1, 5))
    capacity.change(200, Quotas(4, 5))
    assert [capacity.quotas(at).slots for at in (0, 99.9, 100, 199, 200, 1e9)] == [5, 5, 1, 1, 4, 4]
    assert [capacity.first_room(active, 100) for active in (0, 1, 3, 4)] == [100, 200, 200, None]
    again = Capacity(Quotas(9, 9))
    again.load(capacity.dump())
    assert again.dump() == capacity.dump()
    with pytest.raises(ValueError, match="zero or more"):
        capacity.change(300, Quotas(-1, 5))
