"""Hours in rounds: everybody first gets one, a round always ends, nobody gets more than their quota."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from deepracer_admin.model import Profile, Quota
from deepracer_admin.rules.holding_back import HeldBack
from deepracer_admin.rules.waves import LONGEST_WAIT, QUIET, Waves, after_look, caps_for_waves, has_turn, round_of

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ON = Waves(on=True, began_at=NOW)


def racer(number: int, used: float = 0.0, queued: float = 0.0, limit: int = 300) -> Profile:
    return Profile(f"pr-{number}", f"racer-{number}", minutes_used=used, minutes_queued=queued, quota=Quota(limit, 3))


def test_off_changes_nothing() -> None:
    assert after_look(Waves(), [racer(1)], {}, NOW) == Waves()


def test_the_next_round_comes_when_everybody_has_used_theirs() -> None:
    going = [racer(1, used=58), racer(2, queued=60)]
    assert after_look(ON, going, {}, NOW + QUIET) == ON
    through = after_look(ON, [racer(1, used=58), racer(2, used=57)], {}, NOW + QUIET)
    assert (through.round, through.allowed, through.began_at) == (2, 120, NOW + QUIET)


def test_whoever_has_gone_quiet_is_not_waited_for() -> None:
    people = [racer(1, used=58), racer(2)]
    assert after_look(ON, people, {}, NOW + QUIET - timedelta(minutes=1)) == ON
    assert after_look(ON, people, {}, NOW + QUIET).round == 2
    moved = {"pr-2": NOW + timedelta(minutes=20)}
    assert after_look(ON, people, moved, NOW + QUIET) == ON


def test_a_training_that_waits_for_ever_does_not_hold_the_round() -> None:
    people = [racer(1, used=58), racer(2, queued=60)]
    assert round_of(ON, people, {}, NOW + LONGEST_WAIT - timedelta(minutes=1)).at_work == 1
    assert after_look(ON, people, {}, NOW + LONGEST_WAIT).round == 2


def test_a_round_of_nobody_does_not_end() -> None:
    assert after_look(ON, [], {}, NOW + LONGEST_WAIT) == ON


def test_only_those_who_would_have_more_are_held_back() -> None:
    held = {"pr-3": HeldBack(Quota(300, 3), 60, ("waves",)), "pr-4": HeldBack(Quota(50, 3), 60, ("waves",))}
    people = [racer(1), racer(2, limit=60), racer(3, limit=60), racer(4, limit=50), racer(5, limit=-1)]
    caps = caps_for_waves(ON, people, held)
    assert {key: cap.minutes for key, cap in caps.items()} == {"pr-1": 60, "pr-3": 60, "pr-5": 60}
    assert caps_for_waves(Waves(on=True, round=5, began_at=NOW), people[:1], {}) == {}


def test_whoever_has_hours_left_in_this_round_has_their_turn() -> None:
    assert has_turn(ON, racer(1))
    assert has_turn(ON, racer(1, queued=60)), "a training of theirs waits: it can be retried"
    assert has_turn(ON, racer(1, used=50))
    assert not has_turn(ON, racer(1, used=51))
    assert not has_turn(ON, racer(1, used=25, limit=30)), "nobody gets more than their quota"
    assert has_turn(ON, racer(1, used=50, limit=-1))
