"""How the two sides of the pipe write to each other: one length, one JSON object, then blocks of bytes.

Nothing that is read is ever run or unpickled: the child may have been taken over by the file that it reads.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from typing import IO, Any, NamedTuple

__all__ = ["MAX_HEAD", "Frame", "FrameError", "read_frame", "write_frame"]

_LENGTH = struct.Struct(">I")
MAX_HEAD = 64 * 1024 * 1024  # bytes of JSON
_MAX_BLOCKS = 10_000
_BLOCKS = "blocks"


class FrameError(ValueError):
    """What arrived is no frame, is cut off, or is larger than agreed. `too_large` tells the last from the others."""

    def __init__(self, what: str, *, too_large: bool = False) -> None:
        super().__init__(what)
        self.too_large = too_large


class Frame(NamedTuple):
    """One message."""

    values: dict[str, Any]
    blocks: list[memoryview]


def write_frame(sink: IO[bytes], values: Mapping[str, Any], blocks: Sequence[bytes | memoryview] = ()) -> None:
    """Write one message and flush it. Raises OSError when nobody reads it any more."""
    head = json.dumps({**values, _BLOCKS: [len(block) for block in blocks]}, ensure_ascii=False)
    raw = head.encode("utf-8", errors="replace")
    sink.write(_LENGTH.pack(len(raw)) + raw)
    for block in blocks:
        sink.write(block)
    sink.flush()


def read_frame(source: IO[bytes], most: int) -> Frame | None:
    """The next message, of at most `most` bytes; None when the other side closed before it. Raises FrameError."""
    prefix = bytearray(_LENGTH.size)
    if not _fill(source, memoryview(prefix), at_start=True):
        return None
    (length,) = _LENGTH.unpack(prefix)
    if length > min(most, MAX_HEAD):
        # Plain text in place of a length looks like a gigabyte: no honest side writes more than this.
        raise FrameError("The message is too long.", too_large=length <= MAX_HEAD)
    head = bytearray(length)
    _fill(source, memoryview(head))
    try:
        values = json.loads(head)
    except (ValueError, RecursionError):
        raise FrameError("The message is no JSON.") from None
    lengths = values.pop(_BLOCKS, None) if isinstance(values, dict) else None
    if (
        not isinstance(lengths, list)
        or len(lengths) > _MAX_BLOCKS
        or not all(type(size) is int and size >= 0 for size in lengths)
    ):
        raise FrameError("The message has no blocks.")
    if length + sum(lengths) > most:
        raise FrameError("The message is too long.", too_large=True)
    whole = memoryview(bytearray(sum(lengths)))
    _fill(source, whole)
    blocks, start = [], 0
    for size in lengths:
        blocks.append(whole[start : start + size])
        start += size
    return Frame(values, blocks)


def _fill(source: IO[bytes], space: memoryview, *, at_start: bool = False) -> bool:
    done = 0
    while done < len(space):
        count = source.readinto(space[done:])  # type: ignore[attr-defined]
        if not count:
            if at_start and not done:
                return False
            raise FrameError("The message is cut off.")
        done += count
    return True
