"""The practice controls, the practice clock and the invented people."""

import csv
import io
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.rehearsal.buckets import Bucket
from deepracer_admin.rehearsal.clock import PracticeClock
from deepracer_admin.rehearsal.faults import Faults
from deepracer_admin.rehearsal.journal import Journal
from deepracer_admin.rehearsal.people import Company, attendee_csv
from tests.practice import WorldHandle, start_world

START = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)


def moment(handle: WorldHandle) -> datetime:
    return datetime.fromisoformat(handle.control("GET", "status")["now"])


# --- the clock


def test_a_paused_clock_stands_still_and_can_be_advanced() -> None:
    clock = PracticeClock(600, START)
    clock.pause()
    held = clock.now()
    time.sleep(0.02)
    assert clock.now() == held
    clock.advance(90)
    assert clock.now() == held + timedelta(seconds=90)
    clock.set_speed(0)
    assert not clock.paused
    assert clock.now() == held + timedelta(seconds=90)


@given(st.floats(allow_nan=True, allow_infinity=True).filter(lambda speed: not 0 <= speed <= 600))
def test_no_other_speed_than_0_to_600_is_taken(speed: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 600"):
        PracticeClock(speed)


@given(st.lists(st.one_of(st.floats(0, 600), st.booleans(), st.integers(0, 10**6)), max_size=20))
def test_practice_time_never_runs_back(steps: list[float | bool | int]) -> None:
    clock = PracticeClock(60, START)
    before = clock.now()
    for step in steps:
        if isinstance(step, bool):
            clock.pause(step)
        elif isinstance(step, float):
            clock.set_speed(step)
        else:
            clock.advance(step)
        assert clock.now() >= before
        before = clock.now()


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


# --- faults


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


def test_a_service_takes_its_own_faults_and_leaves_the_generic_ones() -> None:
    faults = Faults(1)
    faults.arm("ses", "drop")
    assert faults.take("ses", "SendEmail") is None
    faults.arm("ses", "strange", operation="SendEmail", count=1)
    assert faults.take("ses", "GetAccount") is None
    taken = faults.take("ses", "SendEmail")
    assert taken is not None
    assert taken.name == "strange"
    assert faults.take("ses", "SendEmail") is None


def test_a_fault_for_all_services_hits_each() -> None:
    faults = Faults(1)
    faults.arm("*", "latency")
    assert faults.take("graph", "ListUsers", names=("latency",)) is not None
    assert faults.take("ses", "SendEmail", names=("latency",)) is not None


# --- people


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


def test_ten_thousand_different_people_can_be_invented() -> None:
    rows = list(csv.DictReader(io.StringIO(attendee_csv(10_000, 1))))
    addresses = {row["Email address"] for row in rows}
    assert len(addresses) == 10_000
    assert all(address.isascii() and address == address.lower() for address in addresses)
    company = Company()
    assert all(len(company.by_mail(address)) == 1 for address in addresses)


def test_a_person_has_the_same_id_in_every_world() -> None:
    [one], [other] = Company().by_mail("ada@example.com"), Company().by_mail("ADA@example.com")
    assert one.id == other.id
    assert Company().by_mail("bo@example.com")[0].id != one.id


def test_the_company_is_the_same_after_it_was_kept() -> None:
    company = Company()
    company.by_mail("ada@example.com")
    company.by_mail("twice.bo@example.com")
    guest = company.invite("Greta@partner.example.net", "Greta", "practice.example")
    company.delete(company.by_mail("cy@example.com")[0].id)
    again = Company()
    again.restore(company.snapshot())
    assert again.everybody() == company.everybody()
    assert again.by_mail("greta@partner.example.net") == [guest]
    assert again.by_mail("cy@example.com") == []


# --- small parts


def test_a_bucket_gives_what_it_holds_and_then_makes_wait() -> None:
    bucket = Bucket(2, 0.001)
    for _ in range(2):
        assert bucket.wait_s(1) == 0
        bucket.take(1)
    assert bucket.wait_s(1) == pytest.approx(1000, rel=0.01)
    assert bucket.used_share == pytest.approx(1, abs=0.01)


def test_a_journal_forgets_only_a_line_that_was_never_finished(tmp_path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    assert [journal.append({"word": word}) for word in ("eins", "zwei", "drei")] == [1, 2, 3]
    with path.open("ab") as file:
        file.write(b'{"seq":4,"wo')
    again = Journal(path)
    assert again.after(1, 10) == [{"seq": 2, "word": "zwei"}, {"seq": 3, "word": "drei"}]
    assert again.append({"word": "vier"}) == 4
    assert Journal(path).entry(4) == {"seq": 4, "word": "vier"}
    with pytest.raises(IndexError):
        again.entry(5)


def test_truth_has_the_facts_of_all_services(practice: WorldHandle) -> None:
    facts = practice.truth()
    assert {"in_group", "users_deleted", "mails_sent", "mails_duplicate", "profiles", "can_sign_in"} <= set(facts)
    assert facts["users_deleted"] == 0


def test_unknown_controls_and_services_are_not_found(client: httpx.Client) -> None:
    assert client.get("/control/nothing").status_code == 404
    assert client.get("/nothing").status_code == 404
