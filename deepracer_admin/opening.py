"""What a console cannot begin without: its settings checked, its key, its clock and its stores, open.

It loads little, so that the first page can be served while compose.py loads the rest; what cannot work is refused here,
before anything answers.
"""

from __future__ import annotations

import contextlib
import gc
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deepracer_admin.clock import Clock, ScaledClock, SystemClock
from deepracer_admin.errors import BadSettings, StoreUnusable
from deepracer_admin.private import private_folder, tighten_folder
from deepracer_admin.settings import Practice, Settings, read_practice
from deepracer_admin.store import EventStore, History, Sessions
from deepracer_admin.store.sqlite import open_event_store, open_history, open_sessions
from deepracer_admin.vault import Vault, open_vault

if TYPE_CHECKING:
    from deepracer_admin.store.dynamodb import SharedTable

__all__ = ["Opened", "open_stores", "shared_table"]

LOOKED_FOR_RUBBISH = (20_000, 10, 10)
"""Python's own (700, 10, 10) walks through everything that is kept several times while a list of 10,000 people is read,
which takes longer than the reading. Nearly all that pages leave behind is freed by count, without any walk."""
TURN_S = 0.0005
"""Seconds after which a thread lets another run. Ours wait for stores and for answers nearly all the time; with the
usual 5 ms each waits as long, several times a page and an answer, for one that computes (2,000 people on 1.2.5: 61 s
until all had access, then 54; 100 tabs while a board of 10,000 changes: seconds)."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What was opened. `practice`: the practice world's addresses; None in live mode."""

    settings: Settings
    practice: Practice | None
    clock: Clock
    vault: Vault
    store: EventStore
    history: History
    sessions: Sessions

    def close(self) -> None:
        """Let files go."""
        self.store.close()
        self.history.close()
        self.sessions.close()


def open_stores(settings: Settings, *, clock: Clock | None = None) -> Opened:
    """All of it, or nothing. Raises BadSettings, StoreUnusable with a sentence."""
    gc.set_threshold(*LOOKED_FOR_RUBBISH)
    sys.setswitchinterval(min(sys.getswitchinterval(), TURN_S))
    _prepare(settings.home)
    vault = open_vault(settings)
    clock = clock or (ScaledClock() if settings.rehearsal else SystemClock())
    practice = read_practice(settings.home) if settings.rehearsal else None
    with contextlib.ExitStack() as opened:
        store = _event_store(settings, vault)
        opened.callback(store.close)
        history = open_history(settings.home / "history.sqlite")
        opened.callback(history.close)
        sessions = open_sessions(settings.home / "sessions.sqlite")
        opened.pop_all()
        return Opened(settings, practice, clock, vault, store, history, sessions)


def _prepare(home: Path) -> None:
    try:
        private_folder(home)
        probe = home / ".writable"
        probe.touch(mode=0o600)
        probe.unlink()
        tighten_folder(home)
    except OSError as error:
        raise StoreUnusable(
            f"The data folder {home} cannot be written ({error.strerror}); set DEEPRACER_ADMIN_HOME to another."
        ) from None


def _event_store(settings: Settings, vault: Vault) -> EventStore:
    if settings.store == "sqlite":
        return open_event_store(settings.home / "events.sqlite", settings.mode)
    from deepracer_admin.store.dynamodb import open_shared_store

    return open_shared_store(
        settings.home,
        shared_table(settings),
        settings.mode,
        follow_every_s=settings.store_follow,
        key_print=vault.key_print,
    )


def shared_table(settings: Settings) -> SharedTable:
    """The table that several consoles share; a rehearsal's is on this computer. Raises BadSettings."""
    from deepracer_admin.edge.aws import AwsAccess
    from deepracer_admin.store.dynamodb import SharedTable

    if settings.rehearsal and not settings.store_endpoint:
        raise BadSettings(
            "A rehearsal's shared table is on this computer: set `store_endpoint` to its address, e.g. "
            "http://127.0.0.1:8000."
        )
    keys = {"access_key_id": "rehearsal", "secret_access_key": "rehearsal"} if settings.rehearsal else {}
    access = AwsAccess(
        profile=settings.store_aws_profile,
        region=settings.store_region,
        endpoint_url=settings.store_endpoint,
        reach=settings.reach,
        **keys,
    )
    return SharedTable(access, settings.store_table)
