"""Why some are left out of an act, as a sentence goes on after their number."""

from __future__ import annotations

import pytest

from deepracer_admin.rules.left_out import Left, left_words


def test_everybody_has_one_reason_in_a_fixed_order_with_the_right_verb() -> None:
    assert left_words({Left.OFF: 1, Left.NO_ACCESS: 1_200, Left.GONE: 2}) == (
        "2 are not on the list any more, 1 is taken off the list, 1,200 have no access yet"
    )


def test_nobody_left_out_is_no_sentence() -> None:
    assert left_words({}) == left_words({Left.GONE: 0}) == ""


@pytest.mark.parametrize("why", Left)
def test_every_reason_has_words_for_one_and_for_many(why: Left) -> None:
    one, many = left_words({why: 1}), left_words({why: 2})
    assert one.startswith("1 ")
    assert many.startswith("2 ")
    assert len(one) > 5
