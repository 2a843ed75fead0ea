"""When a screen last asked."""

from deepracer_admin.services.seen import MOST, Seen


def test_a_link_was_seen_when_it_was_last_asked_for() -> None:
    now = [100.0]
    seen = Seen(lambda: now[0])
    assert seen.since_s("a") is None
    seen.note("a")
    now[0] = 160.0
    assert (seen.since_s("a"), seen.since_s("b")) == (60.0, None)
    seen.note("a")
    assert seen.since_s("a") == 0.0


def test_it_keeps_no_more_than_its_room() -> None:
    seen = Seen(lambda: 1.0)
    for number in range(MOST + 5):
        seen.note(str(number))
    assert sum(seen.since_s(str(number)) is not None for number in range(MOST + 5)) == MOST
