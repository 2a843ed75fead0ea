"""The reader of people's files in this process, for tests of what comes of a list and not of who reads it.

Requests and answers cross as the same frames. A child of its own for each reading is most of what a page's test takes;
with it, and on files that do harm, the reader stands in test_process.py and test_hostile.py, and on the page in
e2e/test_list_readings.py.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from deepracer_admin.files import Answer, FileRefused, ReadingLimits
from deepracer_admin.files.child import answer_to
from deepracer_admin.files.framing import Frame, read_frame, write_frame
from deepracer_admin.reading_process import HANDLERS


class ReadHere:
    """A FileReader; takes the place of `ChildProcessReader`. A fault of a reader ends the test."""

    def __init__(self, module: str) -> None:
        assert module == "deepracer_admin.reading_process"

    def ask(self, kind: str, data: bytes, options: Mapping[str, Any]) -> Answer:
        request = _carried({"kind": kind, "options": dict(options)}, data)
        values, blocks = answer_to(HANDLERS, request.values, bytes(request.blocks[0]))
        told = _carried(values, *blocks)
        if "refused" in told.values:
            raise FileRefused(told.values["refused"])
        assert "values" in told.values, told.values
        return Answer(told.values["values"], told.blocks)

    def warm(self) -> None: ...

    def close(self) -> None: ...


def _carried(values: Mapping[str, Any], *blocks: bytes | memoryview) -> Frame:
    """What is left of a message on the other side of the pipe."""
    pipe = io.BytesIO()
    write_frame(pipe, values, blocks)
    pipe.seek(0)
    arrived = read_frame(pipe, ReadingLimits().output)
    assert arrived is not None
    return arrived
