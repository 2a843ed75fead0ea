"""`racing --json`: what it prints of either service, and the one sentence with which it refuses (exit code 2)."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deepracer_admin.__main__ import main
from tests.ports import free_port
from tests.practice import WorldHandle
from tests.racing.contract import draft
from tests.racing.scripted import Reply, scripted
from tests.racing.test_managed_contract import ManagedBench, connect_managed
from tests.racing.test_on_aws_contract import OnAwsBench, opened
from tests.racing.worlds import in_world, kept_world, renew


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorldHandle]:
    with kept_world(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
def on_aws(world: WorldHandle) -> Iterator[OnAwsBench]:
    with opened(world) as bench:
        yield bench


@pytest.fixture
def managed(world: WorldHandle) -> Iterator[ManagedBench]:
    renew(world)
    service, clock = connect_managed(world)
    service.set_multi_user_mode(True)
    yield ManagedBench(service, clock, world)
    service.close()


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(world: WorldHandle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command against the practice world; `practice` changes what it believes to be its address."""

    def command(racing: str = "on_aws", practice: dict[str, dict[str, Any]] | None = None) -> tuple[int, str, str]:
        endpoints = json.loads(json.dumps(world.endpoints))
        for group, values in (practice or {}).items():
            endpoints[group].update(values)
        (tmp_path / "practice.json").write_text(json.dumps(endpoints), "utf-8")
        monkeypatch.setenv("DEEPRACER_ADMIN_HOME", str(tmp_path))
        monkeypatch.setenv("DEEPRACER_ADMIN_MODE", "rehearsal")
        monkeypatch.setenv("DEEPRACER_ADMIN_RACING", racing)
        capsys.readouterr()
        code = main(["racing", "--json"])
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def refusal(run: Run, *arguments: Any, **named: Any) -> str:
    code, out, err = run(*arguments, **named)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert err.endswith(".\n")
    assert "Traceback" not in err
    return err.strip()


def nobody() -> str:
    """An address on which nothing listens."""
    return f"http://127.0.0.1:{free_port()}"


def test_everything_of_deepracer_on_aws_is_printed(on_aws: OnAwsBench, run: Run) -> None:
    ids = on_aws.profiles(2)
    on_aws.train(ids[0])
    race = on_aws.service.create_race(draft(on_aws, opens_in=timedelta(days=1)))
    code, out, _ = run()
    report = json.loads(out)
    assert code == 0
    assert list(report) == ["account", "capabilities", "profiles", "races"]
    assert report["account"]["version"].lstrip("v") == "1.3.1"
    assert report["account"]["signed_in_as"] == "organizer@example.com"
    assert report["capabilities"]["bulk_invite"] is True
    assert report["capabilities"]["multi_user_mode"] is False
    listed = {each["id"]: each for each in report["profiles"]["list"]}
    assert report["profiles"]["count"] == len(listed)
    assert set(ids) <= set(listed)
    assert listed[ids[0]]["minutes_used"] > listed[ids[1]]["minutes_used"] == 0
    assert report["profiles"]["models_by_status"] == {"READY": 1}
    assert "@" not in json.dumps(report["profiles"])
    assert [(each["id"], each["name"]) for each in report["races"]] == [(race.id, "Spring-Cup")]


def test_models_that_wait_for_capacity_are_counted_as_such(on_aws: OnAwsBench, run: Run) -> None:
    (racer,) = on_aws.profiles(1)
    on_aws.world.control("POST", "capacity", {"per_type": 0})
    in_world(on_aws.world, lambda: on_aws.garage.train(racer, "waiting", 60))
    on_aws.world.advance(60)  # until the dispatcher has looked at it
    code, out, _ = run()
    assert code == 0
    assert json.loads(out)["profiles"]["models_by_status"] == {"WAITING_FOR_CAPACITY": 1}


def test_everything_of_the_managed_service_is_printed(managed: ManagedBench, run: Run) -> None:
    ids = managed.profiles(3)
    managed.train(ids[0])
    race = managed.service.create_race(draft(managed, opens_in=timedelta(days=1)))
    code, out, _ = run("managed")
    report = json.loads(out)
    assert code == 0
    assert report["account"]["multi_user_mode"] is True
    assert "closed this service in December 2025" in report["account"]["notes"][0]
    assert report["capabilities"]["multi_user_mode"] is True
    assert [each["id"] for each in report["profiles"]["list"]] == ids
    assert report["profiles"]["storage_bytes"] > 1_000_000
    assert [each["id"] for each in report["races"]] == [race.id]


def test_a_site_that_cannot_be_reached(on_aws: OnAwsBench, run: Run) -> None:
    assert "cannot be reached: check the address" in refusal(run, practice={"deepracer": {"site": nobody()}})


def test_a_wrong_path_that_answers_with_the_start_page(on_aws: OnAwsBench, run: Run) -> None:
    site = on_aws.world.endpoints["deepracer"]["site"] + "/leaderboards"
    said = refusal(run, practice={"deepracer": {"site": site}})
    assert "answers with a web page of its own, so it is not a DeepRacer on AWS site" in said


def test_an_address_of_something_else(on_aws: OnAwsBench, run: Run) -> None:
    said = refusal(run, practice={"deepracer": {"site": on_aws.world.endpoints["graph"]["url"]}})
    assert "refuses this computer (HTTP 401)" in said


def test_a_site_that_is_only_half_configured(on_aws: OnAwsBench, run: Run) -> None:
    with scripted() as deployment:
        deployment.env = Reply(
            body='window.EnvironmentConfig = {"region": "us-east-1"};',
            headers={"content-type": "application/javascript"},
        )
        said = refusal(run, practice={"deepracer": {"site": f"{deployment.url}/site"}})
    assert "has an env.js without apiEndpointUrl, userPoolId" in said


def test_a_login_that_may_not(on_aws: OnAwsBench, run: Run) -> None:
    state = on_aws.world.world.services["deepracer"].site.state  # type: ignore[attr-defined]
    in_world(on_aws.world, lambda: state.find_user("organizer@example.com").groups.remove("dr-admins"))
    assert "dr-admins" in refusal(run)


def test_a_wrong_password(on_aws: OnAwsBench, run: Run) -> None:
    assert "password" in refusal(run, practice={"deepracer": {"password": "Wrong-1234"}})


def test_a_firewall_in_between(on_aws: OnAwsBench, run: Run) -> None:
    on_aws.world.arm("deepracer", "waf")
    assert "must add an allow rule" in refusal(run)


def test_a_managed_service_that_is_gone(managed: ManagedBench, run: Run) -> None:
    assert "AWS closed this service" in refusal(run, "managed", practice={"aws": {"managed_url": nobody()}})


def test_keys_that_the_managed_service_does_not_take(managed: ManagedBench, run: Run) -> None:
    assert "access key" in refusal(run, "managed", practice={"aws": {"secret_access_key": "wrong"}})


def test_an_identity_without_the_policy(managed: ManagedBench, run: Run) -> None:
    managed.world.arm("managed", "denied")
    assert "AWSDeepRacerAccountAdminAccess" in refusal(run, "managed")
