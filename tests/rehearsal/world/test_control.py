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


def test_quotas_are_seen_changed_and_planned(practice: WorldHandle) -> None:
    practice.control("POST", "clock", {"paused": True})
    told = practice.control("GET", "capacity")
    assert told == {"per_type": 100, "total": 100, "others": 0, "slots": 100, "in_use": 0}
    told = practice.control("POST", "capacity", {"per_type": 8, "others": 2})
    assert (told["per_type"], told["total"], told["slots"]) == (8, 100, 6)
    later = moment(practice) + timedelta(hours=1)
    assert practice.control("POST", "capacity", {"total": 4, "at": later.isoformat()})["slots"] == 6
    practice.advance(3600)
    assert practice.control("GET", "capacity")["slots"] == 2
    assert practice.truth()["quotas"]["slots"] == 2


@pytest.mark.parametrize(
    "body", [{"slots": 8}, {"total": -1}, {"others": "many"}, {"total": 5, "at": "soon"}, {"at": "2026-03-10T09:00:00"}]
)
def test_a_wrong_wish_for_the_quotas_is_answered_with_a_sentence(client: httpx.Client, body: dict[str, object]) -> None:
    refused = client.post("/control/capacity", json=body)
    assert refused.status_code == 400
    assert refused.json()["error"].endswith(".")


def test_the_books_hold_every_profile_and_nothing_that_did_not_happen(practice: WorldHandle) -> None:
    rows = practice.control("GET", "books")["profiles"]
    assert len(rows) == 2, "the two of the staff"
    assert all(
        (row["used"], row["queued"], row["ran"], row["waiting"], row["under_way"]) == (0, 0, {}, 0, 0) for row in rows
    )


def test_a_world_has_the_slots_that_it_was_started_with_until_told_otherwise(tmp_path) -> None:
    for asked, slots in ((8, 8), (None, 8), (20, 20), (None, 20)):
        handle = start_world(tmp_path, speed=0, slots=asked)
        try:
            assert handle.control("GET", "capacity")["slots"] == slots
            assert handle.control("GET", "status")["slots"] == slots
            handle.control("POST", "save")
        finally:
            handle.stop()
