"""A racer's own models over HTTP, from training to deletion, and what an admin sees of all of them."""

from typing import Any

import pytest

from deepracer_admin.rehearsal.deepracer.state import Evaluation

from .conftest import on
from .person import Deployed, Person


@pytest.fixture
def ada(deployed: Deployed, organizer: Person) -> Person:
    organizer.call("POST", "/profile", {"emailAddress": "ada@example.com"})
    return deployed.sign_in("ada@example.com")


def definition(minutes: int = 60, **changes: Any) -> dict[str, Any]:
    model = {
        "name": "first-model",
        "carCustomization": {"carColor": "BLACK", "carShell": "DEEPRACER"},
        "trainingConfig": {
            "trackConfig": {"trackId": "reInvent2019_wide", "trackDirection": "CLOCKWISE"},
            "maxTimeInMinutes": minutes,
            "raceType": "TIME_TRIAL",
        },
        "metadata": {
            "agentAlgorithm": "PPO",
            "rewardFunction": "def reward_function(params):\n  return 1.0",
            "hyperparameters": {
                "batch_size": 64,
                "lr": 0.0003,
                "discount_factor": 0.99,
                "loss_type": "huber",
                "num_episodes_between_training": 20,
                "exploration_type": "categorical",
            },
            "actionSpace": {"discrete": [{"speed": 1, "steeringAngle": 0}, {"speed": 1, "steeringAngle": 10}]},
            "sensors": {"camera": "FRONT_FACING_CAMERA"},
        },
        **changes,
    }
    return {"modelDefinition": model}


def test_a_model_trains_is_evaluated_and_is_deleted(deployed: Deployed, organizer: Person, ada: Person) -> None:
    model = ada.call("POST", "/models", definition()).body["modelId"]
    assert ada.call("GET", f"/models/{model}").body["model"]["status"] == "QUEUED"
    deployed.world.advance(300)
    running = ada.call("GET", f"/models/{model}").body["model"]
    assert (running["status"], running["trainingStatus"]) == ("TRAINING", "IN_PROGRESS")
    assert ada.call("DELETE", f"/models/{model}").status == 400
    deployed.world.advance(3600)
    assert ada.call("GET", "/models").body["models"][0]["status"] == "READY"
    config = {
        "trackConfig": {"trackId": "reInvent2019_wide", "trackDirection": "CLOCKWISE"},
        "maxTimeInMinutes": 10,
        "raceType": "TIME_TRIAL",
        "evaluationName": "check",
        "maxLaps": 3,
        "resettingBehaviorConfig": {"continuousLap": True},
    }
    made = ada.call("POST", f"/models/{model}/evaluation", {"evaluationConfig": config}).body["evaluationId"]
    deployed.world.advance(1800)
    evaluation = ada.call("GET", f"/models/{model}/evaluations/{made}").body["evaluation"]
    assert (evaluation["status"], len(evaluation["metrics"])) == ("COMPLETED", 3)
    profile_id = ada.call("GET", "/profile").body["profile"]["profileId"]
    listed = organizer.call("GET", "/admin/models").body["models"]
    assert [(row["modelId"], row["profileId"], row["modelSource"]) for row in listed] == [
        (model, profile_id, "TRAINED")
    ]
    asset = organizer.call("GET", f"/admin/models/{model}/getasset?profileId={profile_id}").body
    assert asset["filename"] == "RacerAlias_first-model.tar.gz"
    assert ada.call("DELETE", f"/models/{model}").status == 200
    assert ada.call("GET", "/models").body == {"models": []}


def test_a_running_training_can_be_stopped_and_counts_only_what_it_ran(deployed: Deployed, ada: Person) -> None:
    model = ada.call("POST", "/models", definition(600)).body["modelId"]
    waiting = ada.call("PATCH", f"/models/{model}", {})
    assert (waiting.status, waiting.body) == (504, {"message": "Endpoint request timed out"})
    deployed.world.advance(30)
    early = ada.call("PATCH", f"/models/{model}", {})
    assert early.body == {"message": "Model cannot be stopped during job initialization."}
    deployed.world.advance(1200)
    assert ada.call("PATCH", f"/models/{model}", {}).status == 200
    deployed.world.advance(60)
    row = ada.call("GET", "/profile").body["profile"]
    assert 17 <= row["computeMinutesUsed"] <= 21
    assert row["computeMinutesQueued"] == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"minutes": 9}, "Max time in minutes is invalid."),
        ({"minutes": 1441}, "Max time in minutes is invalid."),
    ],
)
def test_a_training_needs_ten_minutes_to_a_day(ada: Person, changes: dict[str, int], message: str) -> None:
    assert ada.call("POST", "/models", definition(**changes)).body == {"message": message}


def test_a_reward_function_that_does_not_compile_is_refused(ada: Person) -> None:
    model = definition()
    model["modelDefinition"]["metadata"]["rewardFunction"] = "def reward_function(params:\n  return 1"
    refused = ada.call("POST", "/models", model)
    assert refused.body["message"].startswith("The reward function is not valid.")


def test_a_half_deleted_model_breaks_the_owners_list(organizer: Person, ada: Person) -> None:
    ada.call("POST", "/models", definition())
    profile_id = ada.call("GET", "/profile").body["profile"]["profileId"]
    assert organizer.call("DELETE", f"/profiles/{profile_id}/models").status == 200
    broken = ada.call("GET", "/models")
    assert (broken.status, broken.body) == (500, {"message": "Training item not found."})


@on("1.2.5", "1.3.1")
def test_a_model_that_never_started_ends_in_error_and_stays_however_often_it_is_deleted(
    deployed: Deployed, organizer: Person, ada: Person
) -> None:
    trained = ada.call("POST", "/models", definition(10)).body["modelId"]
    deployed.world.advance(3600)
    waiting = ada.call("POST", "/models", definition(10)).body["modelId"]
    profile_id = ada.call("GET", "/profile").body["profile"]["profileId"]

    def seen() -> dict[str, str]:
        rows = organizer.call("GET", f"/admin/profiles/{profile_id}/models").body["models"]
        return {row["modelId"]: row["status"] for row in rows}

    assert seen() == {trained: "READY", waiting: "QUEUED"}
    for _ in range(3):
        reply = organizer.call("DELETE", f"/profiles/{profile_id}/models")
        assert (reply.status, reply.body) == (200, {})
        assert seen() == {waiting: "ERROR"}
        deployed.world.advance(3600)  # its turn in the queue comes, and its job fails: the training row is gone
        assert seen() == {waiting: "ERROR"}
    assert ada.call("GET", "/models").body == {"message": "Training item not found."}
    assert organizer.call("DELETE", f"/profiles/{profile_id}").status == 200
    assert seen() == {waiting: "ERROR"}


def test_evaluations_come_newest_first_in_pages_of_a_hundred(deployed: Deployed, ada: Person) -> None:
    model = ada.call("POST", "/models", definition()).body["modelId"]
    site = deployed.world.world.deepracer.site
    made = [f"Evaluation{n:05}" for n in range(120)]
    for key in made:
        site.state.add_evaluation(Evaluation(key, model, site.state.models[model].profile_id, site.now(), "COMPLETED"))
    first = ada.call("GET", f"/models/{model}/evaluations").body
    assert len(first["evaluations"]) == 100
    token = first["token"].replace("=", "%3D").replace("+", "%2B")
    second = ada.call("GET", f"/models/{model}/evaluations?token={token}").body
    assert "token" not in second
    listed = [row["evaluationId"] for row in first["evaluations"] + second["evaluations"]]
    assert listed == list(reversed(made))
    assert ada.call("GET", f"/models/{model}/evaluations?token=zzz").status == 500


def test_a_racer_retries_a_training_that_waits_and_the_admin_sees_it_wait(
    deployed: Deployed, organizer: Person, ada: Person
) -> None:
    deployed.world.control("POST", "capacity", {"total": 0})
    model = ada.call("POST", "/models", definition(60)).body["modelId"]
    seen = ada.call("GET", f"/models/{model}").body["model"]
    assert (seen["status"], seen["trainingStatus"]) == ("WAITING_FOR_CAPACITY", "WAITING_FOR_CAPACITY")
    assert seen["statusMessage"]
    waiting = organizer.call("GET", "/admin/models?status=WAITING_FOR_CAPACITY").body["models"]
    assert [row["modelId"] for row in waiting] == [model]
    again = ada.call("POST", f"/models/{model}/retry-training", {})
    assert (again.status, again.body["status"]) == (200, "WAITING_FOR_CAPACITY")
    deployed.world.control("POST", "capacity", {"total": 5})
    deployed.world.advance(300)
    again = ada.call("POST", f"/models/{model}/retry-training")
    assert (again.status, set(again.body), again.body["status"]) == (200, {"modelId", "status", "message"}, "QUEUED")
    refused = ada.call("POST", f"/models/{model}/retry-training")
    assert (refused.status, refused.kind) == (409, "ConflictError")
    foreign = organizer.call("POST", f"/models/{model}/retry-training")
    assert (foreign.status, foreign.body) == (404, {"message": "Item not found."})
    deployed.world.advance(2 * 3600)
    refused = ada.call("POST", f"/models/{model}/retry-training")
    assert (refused.status, refused.kind) == (400, "BadRequestError")


@on("1.2.5")
def test_there_is_no_retry_before_1_3(ada: Person) -> None:
    model = ada.call("POST", "/models", definition(60)).body["modelId"]
    assert ada.call("POST", f"/models/{model}/retry-training").status in (403, 404)
