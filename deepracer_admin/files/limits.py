"""What reading one file may cost, what comes of it, and what the console asks of a reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from deepracer_admin.errors import BadInput

__all__ = ["Answer", "FileReader", "FileRefused", "Outcome", "ReadingLimits", "Use"]

MB = 1024 * 1024


class FileRefused(BadInput):
    """A file that cannot be read, or costs more than it may; nothing was changed."""


class Outcome(StrEnum):
    """What came of reading a file; everything but READ is told in one sentence."""

    READ = "read"
    REFUSED = "refused"  # the rules said why
    SLOW = "slow"  # killed: too long
    LARGE = "large"  # killed, or stopped itself: too much memory, or too long an answer
    DIED = "died"  # ended without an answer
    GARBLED = "garbled"  # answered what is no answer
    FAULT = "fault"  # our own code failed; the log has the traceback


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """Limits on the child. Times in seconds, sizes in bytes.

    `seconds` of wall clock count from the moment the request is sent; on a busy machine a child is not given up before
    it has had `processor_seconds`, yet after `patience` in any case. `start_seconds` bounds what comes before. `memory`
    is the child's resident peak, its own code included. `at_once` children may work at the same time.
    """

    seconds: float = 4.5
    processor_seconds: float = 2.0
    patience: float = 30.0
    start_seconds: float = 60.0
    memory: int = 300 * MB
    output: int = 96 * MB
    at_once: int = 2
    queue_seconds: float = 30.0
    idle_seconds: float = 600.0


class Use(NamedTuple):
    """What came of one reading, and what it cost: seconds of wall clock since the request, seconds of the processor
    and the peak of the child's resident memory in bytes (both 0 where nobody can tell).
    """

    outcome: Outcome
    seconds: float
    worked: float
    memory: int


class Answer(NamedTuple):
    """Plain values, and blocks of bytes beside them."""

    values: Mapping[str, Any]
    blocks: Sequence[bytes | memoryview]


class FileReader(Protocol):
    """Reads files somewhere where they can do no harm."""

    def ask(self, kind: str, data: bytes, options: Mapping[str, Any]) -> Answer:
        """Read `data` as a file of this kind. Raises FileRefused with the sentence."""
        ...

    def warm(self) -> None:
        """A file is likely to come soon; returns at once."""
        ...

    def close(self) -> None:
        """Let go of whatever was kept ready."""
        ...
