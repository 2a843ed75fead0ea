"""The practice world asks its clock for real time, so that a test can hold it, and no test waits for it."""

import ast
from collections.abc import Iterator
from pathlib import Path

from deepracer_admin import rehearsal

WORLD, TESTS = Path(rehearsal.__file__).parent, Path(__file__).parents[1]
ASKING = {"time.time", "time.monotonic", "time.perf_counter", "datetime.now", "datetime.utcnow"}
MAY_ASK = {
    "shared/clock.py",  # the clock itself
    "world/world.py",  # for how long requests have been kept waiting, and how long a save took
    "fleet/crowd.py",  # the same
}


def calls(folder: Path) -> Iterator[tuple[str, str]]:
    """(file, what is called) of every call by a dotted name."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield path.relative_to(folder).as_posix(), ast.unparse(node.func)


def test_only_the_clock_asks_the_machine_what_time_it_is() -> None:
    asking = {path for path, name in calls(WORLD) if name in ASKING}
    assert asking == MAY_ASK


def test_no_test_of_the_practice_world_sleeps() -> None:
    assert [path for path, name in calls(TESTS) if name == "time.sleep"] == []
