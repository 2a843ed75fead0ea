"""Real time in the hands of a test: a slow machine refills no budget, ends no fault and runs no practice clock."""

from datetime import UTC, datetime, timedelta

from tests.practice import WorldHandle


class HeldTime:
    """Seconds pass only when a test says so. The date is the machine's, as much later as was passed: callers sign with
    the machine's date, so that no test can pass more than five minutes before it signs again.
    """

    def __init__(self) -> None:
        self.passed_s = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.passed_s)

    def monotonic(self) -> float:
        return self.passed_s


def held_time(handle: WorldHandle) -> HeldTime:
    """That of a world which was started with one."""
    held = handle.world.clock.machine
    assert isinstance(held, HeldTime)
    return held


def pass_real_time(handle: WorldHandle, seconds: float) -> None:
    held_time(handle).passed_s += seconds


def renew(handle: WorldHandle) -> None:
    """The world as on its first day, and no time passed."""
    held_time(handle).passed_s = 0.0
    handle.renew()
