"""The ground that every service of a practice world stands on: what they all share, and nothing of each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from .clock import PracticeClock
from .counters import Counters
from .faults import Faults
from .people import Company
from .sigv4 import Credential


@dataclass(eq=False)
class Ground:
    """What the world lends to its services. What one of them needs of another, the world hands in beside it.

    `secrets` are random per world and live in its state file, so that a restart keeps them valid. `url` is the address
    of the listening server, without a slash at its end; known before services answer. A reset puts fresh `faults` and
    a fresh `company` here: keep the ground, not the parts.
    """

    home: Path
    seed: int
    slots: int
    version: str
    clock: PracticeClock
    secrets: dict[str, str]
    faults: Faults
    counters: Counters = field(default_factory=Counters)
    company: Company = field(default_factory=Company)
    url: str = "http://127.0.0.1:0"
    changed: bool = False

    def touch(self) -> None:
        """Something changed that must be saved: said by itself for all requests but reads; ticks must say so."""
        self.changed = True

    def company_key(self, access_key_id: str) -> Credential | None:
        """The company's AWS access key, if it has this id: what signed requests are checked against."""
        if access_key_id != self.secrets["access_key_id"]:
            return None
        return Credential(access_key_id, self.secrets["secret_access_key"])
