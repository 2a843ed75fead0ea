"""Tracks of physical events lie among the races of a 1.3 deployment; for the console they are none."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from deepracer_admin.errors import Refused
from tests.practice import WorldHandle
from tests.racing.contract import draft
from tests.racing.test_on_aws_contract import OnAwsBench, opened
from tests.racing.worlds import kept_world
from tests.rehearsal.deepracer.person import AGENT, Deployed, Person

DEFINITION = {
    "name": "Summit Day",
    "eventType": "TEST_EVENT",
    "raceFormat": "BEST_LAP",
    "eventDate": "2026-03-11",
    "countryCode": "CA",
    "maxLaps": 3,
    "maxTimeInMinutes": 3,
    "maxResets": 5,
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorldHandle]:
    with kept_world(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
def bench(world: WorldHandle) -> Iterator[OnAwsBench]:
    with opened(world) as bench:
        yield bench


@pytest.fixture
def administrator(bench: OnAwsBench) -> Iterator[Person]:
    """Somebody who runs the event on the deployment's own pages."""
    with httpx.Client(headers={"user-agent": AGENT}, trust_env=False, timeout=300) as http:
        yield Deployed(bench.world, http).organizer()


@pytest.fixture
def event(administrator: Person) -> str:
    return administrator.call("POST", "/events", {"eventDefinition": DEFINITION}).body["eventId"]


@pytest.fixture
def track(administrator: Person, event: str) -> str:
    body = {"trackType": "reInvent2019_wide", "leaderBoardTitle": "Track 1"}
    return administrator.call("POST", f"/events/{event}/tracks", body).body["leaderboardId"]


def test_the_list_of_races_leaves_tracks_out(bench: OnAwsBench, administrator: Person, track: str) -> None:
    race = bench.service.create_race(draft(bench, opens_in=timedelta(days=1)))
    assert [each.id for each in bench.service.races()] == [race.id]
    listed = administrator.call("GET", "/leaderboards").body["leaderboards"]
    assert [row["leaderboardId"] for row in listed] == [track, race.id]


@pytest.mark.parametrize("actions", [(), ("OPEN", "START")])
def test_a_track_is_not_edited_as_a_race(
    bench: OnAwsBench, administrator: Person, event: str, track: str, actions: tuple[str, ...]
) -> None:
    for action in actions:
        assert administrator.call("POST", f"/events/{event}/transition", {"action": action}).status == 200
    wanted = replace(draft(bench, opens_in=timedelta(days=1)), name="Other")
    with pytest.raises(Refused, match="track of a physical event") as refused:
        bench.service.edit_race(track, wanted)
    assert refused.value.sentence.endswith(".")
