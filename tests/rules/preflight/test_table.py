"""The table of checks as such: no check is green for want of a reading, and what is red or amber says what to do."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.model import Event, Quota
from deepracer_admin.rules.preflight import TABLE, findings
from deepracer_admin.rules.preflight.facts import Facts, Kind, Read, Trouble
from deepracer_admin.rules.preflight.racing_checks import version_of

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
EVENT = Event(
    "ev", "Cup", NOW + timedelta(days=1), NOW + timedelta(days=3), "Europe/Rome", 200, 10_000.0, Quota(300, 3),
    group_id="11111111-1111-1111-1111-111111111111", guests="invite",
)  # fmt: skip
READINGS = [each.name for each in fields(Facts) if str(each.type).startswith("Read[")]


def facts(kind: str = "on_aws") -> Facts:
    return Facts(EVENT, kind, NOW, NOW, False, "ses", "deepracer@example.com", False, False, "oid")


@pytest.mark.parametrize("kind", ["on_aws", "managed"])
@pytest.mark.parametrize("trouble", list(Kind))
def test_without_a_single_reading_nothing_that_needs_one_is_green(kind: str, trouble: Kind) -> None:
    lost = {name: Read("it", None, Trouble(trouble, "It did not answer.")) for name in READINGS}
    for check in TABLE:
        found = check.look(replace(facts(kind), **lost))
        if not check.needs or found.level == "na":
            continue
        expected = {"unknown"} if trouble is Kind.PASSING or not check.reach else {"unknown", "red"}
        assert found.level in expected, found
        assert "It did not answer." in found.evidence
        assert found.fix


def test_every_check_names_readings_that_exist_and_says_why_it_matters() -> None:
    assert len({check.key for check in TABLE}) == len(TABLE)
    assert len(TABLE) >= 30
    for check in TABLE:
        assert set(check.needs) <= set(READINGS), check.key
        assert check.why.endswith(".")
        assert check.area
        assert not check.reach or check.needs


@given(
    st.sampled_from(["on_aws", "managed"]),
    st.integers(0, 3_000),
    st.floats(-1, 1e6, allow_nan=False),
    st.integers(-1, 10_000),
    st.integers(1, 500),
    st.sampled_from(["", "2026-11-24", "2027-05-01", "never"]),
    st.sampled_from(["service", "pool"]),
)
def test_whatever_the_plan_says_a_check_answers_and_what_is_wrong_has_a_fix(
    kind: str, people: int, budget: float, minutes: int, days: int, date: str, way: str
) -> None:
    event = replace(
        EVENT, head_count=people, budget_usd=budget, quota=Quota(minutes, 3), ends_at=NOW + timedelta(days=days),
        erase_on=date, way_in=way, prices=replace(EVENT.prices, as_of=date),
    )  # fmt: skip
    for found in findings(replace(facts(kind), event=event)):
        assert found.level in {"green", "amber", "red", "unknown", "na"}
        assert found.evidence
        assert found.fix or found.level in {"green", "na"}


@pytest.mark.parametrize(
    ("text", "number"), [("v1.3.1", (1, 3, 1)), ("1.2.10", (1, 2, 10)), ("", ()), ("dev-build", ())]
)
def test_a_version_is_numbers_or_nothing(text: str, number: tuple[int, ...]) -> None:
    assert version_of(text) == number
