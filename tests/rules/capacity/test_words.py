"""What an outlook says in a sentence, and what AWS is asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from deepracer_admin.rules.capacity import Band, Enough, Outlook, Plan, outlook
from deepracer_admin.rules.capacity.words import QUOTA_CODES, effect_words, quota_requests, verdict

PLAN = Plan(people=2_000, hours_per_person=5, models_per_person=-1, window_h=8, slots=8)
NONE = Band(0, 0, 0)


@pytest.fixture(scope="module")
def seen() -> Outlook:
    small = outlook(replace(PLAN, people=6, window_h=0.5), runs=2)
    return replace(small, plan=PLAN, fits=False, hours_share=Band(0.05, 0.06, 0.07))


def test_the_plain_sentence_names_people_and_the_number_that_is_enough(seen: Outlook) -> None:
    never = replace(seen, never_trained=Band(1_100, 1_140, 1_180))
    assert verdict(never, Enough(62, 80)) == (
        "With 8 slots 1,140 of 2,000 people will never train; 62 slots are enough."
    )
    assert verdict(never, None).endswith("; how many slots are enough is being worked out.")
    assert verdict(never, Enough(1, 80)).endswith("; 1 slot is enough.")


def test_where_everybody_trains_a_little_the_hours_are_named(seen: Outlook) -> None:
    said = verdict(replace(seen, never_trained=NONE), Enough(62, 80))
    assert said == "With 8 slots only 6% of what 2,000 people want to train runs by the end; 62 slots are enough."


def test_failing_submissions_are_named_where_nothing_else_is_wrong(seen: Outlook) -> None:
    near = replace(seen, never_trained=NONE, hours_share=Band(0.99, 1, 1), failed_submissions=Band(20, 30, 40))
    assert "30 submissions of 2,000 people will fail because no slot is free; 62" in verdict(near, Enough(62, 80))


def test_where_no_number_is_enough_the_dispatcher_is_said(seen: Outlook) -> None:
    said = verdict(seen, Enough(None, 900, (), 700))
    assert "no number of slots is enough, and more than 700 help nobody: jobs start one by one" in said


def test_a_plan_that_fits_says_so(seen: Outlook) -> None:
    assert verdict(replace(seen, fits=True), None).startswith("With 8 slots the plan fits:")


def test_another_number_of_hours_says_what_it_does_to_the_queue_and_when_that_is_nothing(seen: Outlook) -> None:
    before = replace(seen, wait_min=Band(1, 8, 20), never_trained=Band(0, 12, 20))
    after = replace(seen, wait_min=Band(9, 31, 80), never_trained=Band(30, 40, 50))
    assert effect_words(before, after) == (
        "In the queue, over the whole event: a training of the racer in the middle waits about 31 min, not 8, and 40 "
        "people will never train, not 12 (estimate, from 2 simulated events)."
    )
    assert effect_words(before, replace(before, wait_min=Band(1, 8.5, 20))) == (
        "In the queue nobody would notice it: a training of the racer in the middle waits about 8 min either way "
        "(estimate, from 2 simulated events)."
    )


def test_both_quotas_are_asked_for_with_the_same_number() -> None:
    asked = quota_requests(
        Enough(62, 80),
        3,
        name="Autumn Cup",
        starts=datetime(2026, 12, 10, 9, tzinfo=UTC),
        ends=datetime(2026, 12, 11, 17, tzinfo=UTC),
        people=2_000,
        region="eu-central-1",
    )
    assert [each.code for each in asked] == [*QUOTA_CODES] == ["L-1EC4D7FD", "L-00C91CB5"]
    for each in asked:
        assert each.value == 65
        assert "Value: 65" in each.text
        assert each.code in each.text
        assert "Needed from 07 December 2026 to 11 December 2026" in each.text
        assert "2,000 people" in each.text
        assert f"--quota-code {each.code} --desired-value 65 --region eu-central-1" in each.command


def test_where_no_number_is_enough_the_most_that_helps_is_asked_for() -> None:
    now = datetime(2026, 12, 10, tzinfo=UTC)
    asked = quota_requests(Enough(None, 9, (), 7), 0, name="x", starts=now, ends=now, people=1, region="")
    assert [each.value for each in asked] == [7, 7]
    assert "--region REGION" in asked[0].command
