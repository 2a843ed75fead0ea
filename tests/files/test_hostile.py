"""Every crafted file is read or refused in one sentence, within 5 s and 300 MB, and whoever asked lives."""

from __future__ import annotations

from pathlib import Path

import pytest

from deepracer_admin.files import Outcome, ReadingLimits, Use
from deepracer_admin.files.memory import peak_of_self
from deepracer_admin.files.process import ChildProcessReader
from deepracer_admin.rules.roster import RosterCheck, UnreadableRoster
from deepracer_admin.services.file_desk import FileDesk
from tests.files.forked import fork_readers
from tests.files.hostile_files import KINDS, hostile_files

MB = 1024 * 1024
SECONDS, MEMORY = 5.0, 300 * MB
START = 0.5  # of the processor, before a child that was not kept ready takes its file: forked here, it spends none


def test_the_console_promises_no_more_than_this() -> None:
    assert ReadingLimits().seconds < SECONDS
    assert ReadingLimits().memory <= MEMORY


def read_or_refused(desk: FileDesk, name: str, raw: bytes) -> RosterCheck | str:
    try:
        return desk.check_list(raw, filename=name, service_rule="on_aws")
    except UnreadableRoster as refused:
        return refused.sentence


@pytest.mark.parametrize("kind", KINDS)
def test_every_crafted_file_is_read_or_refused_in_one_sentence(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fork_readers(monkeypatch)
    uses: list[Use] = []
    desk = FileDesk(ChildProcessReader("deepracer_admin.reading_process", seen=uses.append))
    asked = 0
    for name, raw in hostile_files(kind, tmp_path):
        asked += 1
        before = peak_of_self()  # making the file took memory as well
        found = read_or_refused(desk, name, raw)
        if isinstance(found, str):
            assert found.endswith("."), name
            assert "\n" not in found, name
        else:
            assert found.rows == sum(map(len, (found.accepted, found.duplicates, found.rejected, found.left_out))), name
        assert len(uses) == asked, name
        use = uses[-1]
        assert use.outcome not in (Outcome.FAULT, Outcome.GARBLED), name
        assert use.memory < MEMORY, name
        assert START + use.worked < SECONDS, name  # of the processor: a busy machine makes none of them slower
        assert use.seconds < ReadingLimits().patience + 5, name
        assert peak_of_self() - before < 100 * MB, name
    assert asked > 10


def test_the_next_list_is_read_after_a_workbook_that_once_ended_the_process() -> None:
    """Its chain of sectors loops. What follows a process that does end stands in test_process.py."""
    uses: list[Use] = []
    desk = FileDesk(ChildProcessReader("deepracer_admin.reading_process", seen=uses.append))
    loop = (Path(__file__).parents[1] / "data/roster-cases/I1-xls-chain-loop/attendees.xls").read_bytes()
    with pytest.raises(UnreadableRoster, match="damaged"):
        desk.check_list(loop, filename="attendees.xls")
    assert desk.check_list(b"Ada <ada@example.com>", filename="pasted").accepted[0].name == "Ada"
    assert [use.outcome for use in uses] == [Outcome.REFUSED, Outcome.READ]
