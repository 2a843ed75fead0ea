"""What the tests of the managed service share: raw signed calls, and people who sign in."""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from deepracer_admin.rehearsal.shared.garage import Refused
from tests.practice import WorldHandle

T = TypeVar("T")


def on_world(handle: WorldHandle, action: Callable[[], T]) -> T:
    """Runs something in the world's own thread, where nothing else changes the world meanwhile."""

    async def acted() -> T:
        return action()

    return asyncio.run_coroutine_threadsafe(acted(), handle._loop).result(300)


class RawCaller:
    """Speaks the protocol by hand, so that nothing of the console's client is in the way."""

    def __init__(self, handle: WorldHandle) -> None:
        aws = handle.endpoints["aws"]
        self.url = aws["managed_url"] + "/"
        self.credentials = Credentials(aws["access_key_id"], aws["secret_access_key"])
        self.http = httpx.Client(trust_env=False, timeout=300)

    def post(self, operation: str, body: Any, **headers: str) -> httpx.Response:
        """A signed call; `headers` (underscores for hyphens) are put on top before signing."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"AwsSilverstoneCloudService.{operation}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        request = AWSRequest("POST", self.url, sent, content)
        SigV4Auth(self.credentials, "deepracer", "us-east-1").add_auth(request)
        return self.http.post(self.url, content=content, headers=dict(request.headers))

    def call(self, operation: str, **body: Any) -> dict[str, Any]:
        """A call that must succeed."""
        answer = self.post(operation, body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refusal(self, operation: str, **body: Any) -> tuple[int, str, str]:
        """Status, code and message of a call that must be refused."""
        answer = self.post(operation, body)
        found = answer.json()
        return answer.status_code, found["__type"], found["message"]


def sponsor(handle: WorldHandle, count: int, name: str = "racer") -> list[str]:
    """Lets people of the company sign in; their directory ids."""

    def assign() -> list[str]:
        people = [handle.world.company.by_mail(f"{name}{n:04}@example.com")[0] for n in range(count)]
        for person in people:
            handle.world.services["managed"].assign(person.id)  # type: ignore[attr-defined]
        return [person.id for person in people]

    return on_world(handle, assign)


def sign_in(handle: WorldHandle, people: list[str]) -> list[str]:
    """These people sign in for the first time; their user ids. The mode must be on."""

    def accept() -> list[str]:
        service: Any = handle.world.services["managed"]
        list(service.garage.racers())
        for person_id in people:
            service.garage.accept(person_id)
        users = {user.person_id: user.user_id for user in service.account.users.values()}
        return [users[person_id] for person_id in people]

    return on_world(handle, accept)


def garage(handle: WorldHandle) -> Any:
    service: Any = handle.world.services["managed"]
    return service.garage


def switch_on(caller: RawCaller) -> None:
    caller.call("AdminSetAccountConfig", MultiracerConfig={"MultiracerModeEnabled": True})


def race(
    now: datetime, *, hours: float = 8, name: str = "Practice Cup", private: bool = True, **config: Any
) -> dict[str, Any]:
    """Members of CreateLeaderboard for a time trial that opens now."""
    start = int(now.timestamp() * 1000)
    return {
        "Definition": {
            "Name": name,
            "Visibility": "VISIBLE",
            "LaunchTime": start,
            "CloseTime": start + int(hours * 3_600_000),
            "TrackArn": "arn:aws:deepracer:us-east-1::track/reinvent_base",
            "LeagueType": "VIRTUAL",
        },
        "RaceConfig": {
            "MinimumLaps": 3,
            "RaceTypeConfig": {"RaceType": "TIME_TRIAL", "TimeTrial": {}},
            "ResettingBehavior": {"OffTrackPenaltySeconds": 2.0},
            "TerminationConditions": {"MaxTimeInMinutes": 20, "MaxLaps": 3},
            "TimingMethod": "TOTAL_TIME",
            "ParticipationConfig": {
                "EntryTypeConfig": {"InvitationEntryType": "CLOSED_INVITATION" if private else "ALL"},
                "ViewType": "ALL",
            },
            **config,
        },
        "Features": {},
    }


def refused(handle: WorldHandle, action: Callable[[], Any]) -> Refused:
    """What the racer is told."""
    with pytest.raises(Refused) as told:
        on_world(handle, action)
    return told.value


def still_fleet(handle: WorldHandle) -> None:
    """Nobody moves unless the test moves them: the one racer that the fleet moves is somebody who never signs in."""
    handle.control("POST", "fleet", {"racers": 1, "ignoring": 1})
    sponsor(handle, 1, "nobody")
    handle.advance(1)
