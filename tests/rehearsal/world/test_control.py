"""The practice controls over HTTP."""

import csv
import io
from datetime import datetime, timedelta

import httpx
import pytest

from deepracer_admin.rehearsal.shared.people import attendee_csv
from tests.practice import WorldHandle, start_world


def moment(handle: WorldHandle) -> datetime:
    return datetime.fromisoformat(handle.control("GET", "status")["now"])


def test_the_clock_is_controlled_over_http(practice: WorldHandle) -> None:
    practice.control("POST", "clock", {"paused": True})
    held = moment(practice)
    practice.advance(3600)
    assert moment(practice) == held + timedelta(hours=1)
    status = practice.control("POST", "clock", {"speed": 120})
    assert (status["speed"], status["paused"]) == (120.0, False)


@pytest.mark.parametrize(
    "body", [{"speed": 601}, {"advance_s": -1}, {"warp": 9}, {"speed": "fast"}, {"speed": None}, {"advance_s": True}]
)
def test_a_wrong_wish_for_the_clock_is_answered_with_a_sentence(client: httpx.Client, body: dict[str, object]) -> None:
    refused = client.post("/control/clock", json=body)
    assert refused.status_code == 400
    assert refused.json()["error"]


def test_services_see_no_jump_of_more_than_a_minute(tmp_path) -> None:
    handle = start_world(tmp_path, speed=0)
    try:
        seen: list[datetime] = []
        ticked = handle.world.entra.tick
        handle.world.entra.tick = lambda now: (seen.append(now), ticked(now))[1]  # type: ignore[method-assign]
        before = moment(handle)
        handle.advance(3600)
        assert seen[-1] == before + timedelta(hours=1)
        assert len(seen) >= 60
        steps = zip([before, *seen], seen, strict=False)
        assert all(timedelta(0) <= later - earlier <= timedelta(seconds=60) for earlier, later in steps)
    finally:
        handle.stop()


def test_a_fault_can_be_seen_and_disarmed(practice: WorldHandle) -> None:
    first = practice.arm("ses", "sandbox", params={"why": "new account"})
    practice.arm("graph", "throttle", operation="AddMember", rate=0.5, count=3, seconds=60)
    listed = practice.control("GET", "faults")
    assert [(fault["service"], fault["name"]) for fault in listed] == [("ses", "sandbox"), ("graph", "throttle")]
    assert listed[0]["params"] == {"why": "new account"}
    assert 0 < listed[1]["seconds_left"] <= 60
    assert practice.control("GET", f"faults/{first}") == listed[0]
    practice.disarm(first)
    assert len(practice.control("GET", "faults")) == 1
    with pytest.raises(httpx.HTTPStatusError, match="404"):
        practice.disarm(first)
    practice.disarm()
    assert practice.control("GET", "faults") == []


@pytest.mark.parametrize("body", [{}, {"service": "ses"}, {"service": "ses", "name": "drop", "rate": 2}])
def test_a_wrong_fault_is_answered_with_a_sentence(client: httpx.Client, body: dict[str, object]) -> None:
    refused = client.post("/control/faults", json=body)
    assert refused.status_code == 400
    assert refused.json()["error"]


@pytest.mark.parametrize(
    ("service", "name", "hint"),
    [
        ("deepracer", "rowfails", "row_fails"),
        ("ses", "waf", "sandbox"),
        ("cognito-idp", "throttled", "throttle"),
        ("*", "latencies", "latency"),
    ],
)
def test_a_fault_that_would_never_strike_is_refused_with_those_that_would(
    client: httpx.Client, service: str, name: str, hint: str
) -> None:
    refused = client.post("/control/faults", json={"service": service, "name": name})
    assert refused.status_code == 400
    assert name in refused.json()["error"]
    assert hint in refused.json()["error"]
    assert client.get("/control/faults").json() == []
    assert client.post("/control/faults", json={"service": service, "name": hint}).status_code == 201


def test_the_attendee_list_has_the_columns_and_the_people_that_were_asked_for(practice: WorldHandle) -> None:
    text = practice.control("GET", "people.csv", n=300, seed=4)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == [
        "Last name",
        "First name",
        "Email address",
        "Office",
        "Cost centre",
        "New to AI/ML",
        "New to AWS",
    ]
    assert len(rows) == len({row["Email address"] for row in rows}) == 300
    assert text.replace("\r\n", "\n") == attendee_csv(300, 4).replace("\r\n", "\n")
    assert {row["New to AWS"] for row in rows} == {"yes", "no"}


def test_truth_has_the_facts_of_all_services(practice: WorldHandle) -> None:
    facts = practice.truth()
    assert {"in_group", "users_deleted", "mails_sent", "mails_duplicate", "profiles", "can_sign_in"} <= set(facts)
    assert facts["users_deleted"] == 0


def test_unknown_controls_and_services_are_not_found(client: httpx.Client) -> None:
    assert client.get("/control/nothing").status_code == 404
    assert client.get("/nothing").status_code == 404
