"""The way out of every step and state."""

from __future__ import annotations

from itertools import product

import pytest

from deepracer_admin.model import State, Step
from deepracer_admin.rules.way_out import way_out


@pytest.mark.parametrize(("step", "state"), [*product(Step, [None, *State])])
def test_every_state_that_is_not_done_has_a_way_out_and_what_is_done_has_none(step: Step, state: State | None) -> None:
    told = way_out(step, state, wanted=True, address_refused=False)
    assert bool(told) == (state is None or not state.is_done)
    assert told == "" or told.endswith(".")


def test_a_refused_address_is_corrected_before_anything_else() -> None:
    assert "another address" in way_out(Step.PROFILE, State.REFUSED, wanted=True, address_refused=True)
    assert "another address" not in way_out(Step.TRAINED, None, wanted=True, address_refused=True)


def test_a_lost_mail_is_settled_and_never_retried() -> None:
    told = way_out(Step.MAIL, State.UNKNOWN, wanted=True, address_refused=False)
    assert "Messages" in told
    assert "Retry" not in told


def test_who_was_taken_out_is_not_told_to_sign_in() -> None:
    assert "sign in" not in way_out(Step.SIGNED_IN, None, wanted=False, address_refused=False)
