"""The child's side: take limits, say that one is ready, read one request, answer it, end."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

from deepracer_admin.errors import BadInput
from deepracer_admin.files.framing import FrameError, read_frame, write_frame
from deepracer_admin.files.memory import confine, peak_of_self

__all__ = ["Handler", "answer_to", "serve"]

Handler = Callable[[bytes, Mapping[str, Any]], tuple[Mapping[str, Any], Sequence[bytes]]]

_MOST_REQUEST = 128 * 1024 * 1024
_LONGEST_TRACEBACK = 4_000  # characters


def serve(
    handlers: Mapping[str, Handler],
    *,
    memory: int,
    seconds: float,
    source: IO[bytes] | None = None,
    sink: IO[bytes] | None = None,
) -> int:
    """Answer one request by the handler of its kind; returns the exit code.

    A handler gives plain values and blocks of bytes, or raises BadInput with the sentence. The process ends when its
    parent closes the pipe, so none is left over when a console is killed.
    """
    into: IO[bytes] = sys.stdout.buffer if sink is None else sink
    sys.stdout = sys.stderr  # whatever a library prints must not stand among the answers
    write_frame(into, {"ready": os.getpid(), "confined": confine(memory, seconds)})
    try:
        request = read_frame(sys.stdin.buffer if source is None else source, _MOST_REQUEST)
        if request is None:
            return 0
        values, blocks = answer_to(handlers, request.values, bytes(request.blocks[0]) if request.blocks else b"")
        write_frame(into, {**values, "memory": peak_of_self(), "worked": time.process_time()}, blocks)
    except (FrameError, OSError):
        return 1  # nobody is there any more
    return 0


def answer_to(
    handlers: Mapping[str, Handler], request: Mapping[str, Any], data: bytes
) -> tuple[Mapping[str, Any], Sequence[bytes]]:
    """The message and the blocks that answer one request: its values, the refusal, or what went wrong here."""
    try:
        values, blocks = handlers[request["kind"]](data, request["options"])
    except BadInput as refused:
        return {"refused": refused.sentence}, ()
    except MemoryError:
        return {"stopped": "memory"}, ()
    except Exception:  # noqa: BLE001 (told to the parent, which writes it to the log)
        return {"fault": traceback.format_exc()[-_LONGEST_TRACEBACK:]}, ()
    return {"values": values}, blocks
