"""Several readings at once, each bounded in time: one that hangs, fails or makes no sense keeps no other back."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from deepracer_admin.clock import Clock
from deepracer_admin.errors import (
    AccessDenied,
    BadInput,
    ConsoleError,
    CredentialsExpired,
    Missing,
    NotThere,
    Refused,
    ServiceError,
    StoreError,
    Unsupported,
    incident_id,
)
from deepracer_admin.rules.preflight.facts import Kind, Read, Trouble

__all__ = ["LONGEST_S", "read_all"]

log = logging.getLogger(__name__)
LONGEST_S = 60.0
REFUSALS = (AccessDenied, CredentialsExpired, BadInput, Missing, NotThere, Refused, StoreError, Unsupported)
Probe = tuple[str, Callable[[], Any]]
"""How people call what is read, and the call. None: there is nothing to ask."""


def read_all(
    probes: Mapping[str, Probe],
    clock: Clock,
    *,
    longest_s: float = LONGEST_S,
    longer_s: Mapping[str, float] = MappingProxyType({}),
) -> dict[str, Read]:
    """Each probe's reading, by its name. Whoever has not answered after `longest_s` real seconds (or those that
    `longer_s` gives it) is not known; its thread is left to end by itself and can say nothing any more.
    """
    answers: queue.SimpleQueue[tuple[str, Read]] = queue.SimpleQueue()
    for name, (source, call) in probes.items():
        work = threading.Thread(
            target=lambda name=name, source=source, call=call: answers.put((name, _read(source, call, clock.now))),
            name=f"pre-flight: {name}",
            daemon=True,
        )
        work.start()
    found: dict[str, Read] = {}
    allowed = {name: longer_s.get(name, longest_s) for name in probes}
    began = clock.monotonic()
    while missing := probes.keys() - found.keys():
        left = began + max(allowed[name] for name in missing) - clock.monotonic()
        if left <= 0:
            break
        try:
            name, read = answers.get(timeout=left)
        except queue.Empty:
            break
        found[name] = read
    for name in probes.keys() - found.keys():
        source = probes[name][0]
        told = Trouble(Kind.PASSING, f"{source} did not answer within {allowed[name]:g} s.")
        found[name] = Read(source, None, told, clock.now())
    return found


def _read(source: str, call: Callable[[], Any], now: Callable[[], datetime]) -> Read:
    try:
        value = call()
    except REFUSALS as error:
        return Read(source, None, Trouble(Kind.REFUSED, error.sentence, _code(error)), now())
    except ConsoleError as error:
        return Read(source, None, Trouble(Kind.PASSING, error.sentence, _code(error)), now())
    except Exception:
        incident = incident_id()
        log.exception("incident %s in the pre-flight's reading of %s", incident, source)
        told = f"Something unexpected happened ({incident}); the log has the details."
        return Read(source, None, Trouble(Kind.PASSING, told), now())
    return Read(source, value, None, now())


def _code(error: ConsoleError) -> str:
    return error.code if isinstance(error, ServiceError) else ""
