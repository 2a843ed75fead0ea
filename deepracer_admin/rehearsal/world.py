"""The practice world: its services, its clock, its faults, and the file that it lives in between two runs."""

import asyncio
import json
import logging
import os
import secrets
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from deepracer_admin.rehearsal.clock import PracticeClock
from deepracer_admin.rehearsal.control import Control
from deepracer_admin.rehearsal.deepracer import DeepRacer
from deepracer_admin.rehearsal.deepracer.deployment import checked_slots, read_version
from deepracer_admin.rehearsal.entra import Entra
from deepracer_admin.rehearsal.faults import Faults
from deepracer_admin.rehearsal.fleet import Fleet
from deepracer_admin.rehearsal.graph import Graph
from deepracer_admin.rehearsal.identity_center import IdentityCenter
from deepracer_admin.rehearsal.managed import Managed
from deepracer_admin.rehearsal.people import Company
from deepracer_admin.rehearsal.ses import Ses
from deepracer_admin.rehearsal.ses_account import ACCOUNT_ID, CONFIGURATION_SET, QUEUE, SENDER
from deepracer_admin.rehearsal.traffic import LoopbackOnly, Traffic

log = logging.getLogger(__name__)

TICK_S = 0.05
"""Real seconds between two looks at the clock."""
STEP = timedelta(seconds=60)
"""No service sees practice time jump further than this in one tick, however fast the clock runs. Counted from the
epoch, and the fleet moves at no other moments: when a racer acts must not depend on how the clock was read."""
BUDGET_S = 0.02
"""Real seconds of catching up after which waiting requests are answered first."""
EPOCH = datetime.fromtimestamp(0, UTC)
SAVE_EVERY_S = 10.0
STATE_FILE = "practice-state.json"
STATE_VERSION = 1


class Service(Protocol):
    """One imitated service. It may also offer, each found by name:

    `fault_response(name, operation) -> Response` the service's own body for `error_5xx` and `throttle`;
    `operation(method, path, headers) -> str | None` the name of an operation where route names do not tell it;
    `configure(options) -> dict` (the fleet) what ``POST /control/fleet`` calls.
    """

    @property
    def name(self) -> str: ...
    def routes(self) -> Sequence[BaseRoute]: ...
    def snapshot(self) -> dict[str, Any]: ...
    def restore(self, state: dict[str, Any]) -> None: ...
    def tick(self, now: datetime) -> None: ...
    def truth(self) -> dict[str, Any]: ...


class Counters:
    """What the clients did: calls by service and by operation, writes that were carried out, faults that hit."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.by_operation: Counter[str] = Counter()
        self.writes: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()

    def called(self, service: str, operation: str) -> None:
        self.calls[service] += 1
        self.by_operation[f"{service}.{operation}"] += 1

    def listing(self) -> dict[str, dict[str, int]]:
        return {name: dict(getattr(self, name)) for name in ("calls", "by_operation", "writes", "faults")}

    def restore(self, state: dict[str, dict[str, int]]) -> None:
        for name in ("calls", "by_operation", "writes", "faults"):
            setattr(self, name, Counter(state.get(name, {})))


class World:
    """All services of one practice company in one process, and what they share.

    `secrets` are random per world and live in its state file, so that a restart keeps them valid.
    `url` is the address of the listening server, without a slash at its end; known before services answer.
    """

    def __init__(
        self,
        home: Path,
        *,
        seed: int = 7,
        speed: float = 60.0,
        slots: int = 100,
        version: str = "1.3.1",
        start: datetime | None = None,
    ) -> None:
        self.home = home
        read_version(version)  # before anything is written
        self.seed, self.slots, self.version = seed, checked_slots(slots), version
        self.url = "http://127.0.0.1:0"
        self.clock = PracticeClock(speed, start)
        self.started_at = self.clock.real()
        self.faults = Faults(seed)
        self.counters = Counters()
        self.secrets = new_secrets()
        self.company = Company()
        self.services: dict[str, Service] = {}
        self.ask_to_stop: Callable[[], None] = lambda: None
        self._speed, self._start = speed, start
        self._changed = False
        self.ticked_to = self.clock.now()
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.traffic = Traffic(self)
        self.asgi = LoopbackOnly(Starlette(routes=[*Control(self).routes(), Mount("/", app=self.traffic)]))
        state = self._read_state()
        try:
            if state is not None:
                self.secrets.update(state["secrets"])
                self.clock.restore(state["clock"])
                self.counters.restore(state["counters"])
                self.company.restore(state["company"])
            self._make_services(state["services"] if state else {})
        except (KeyError, TypeError, AttributeError, IndexError) as unreadable:
            if state is None:
                raise
            raise ValueError(self._foreign_state()) from unreadable

    def _make_services(self, states: dict[str, Any]) -> None:
        self.entra, self.graph, self.mail = Entra(self), Graph(self), Ses(self)
        self.services = {}
        # In the order in which they are ticked: the fleet last, since it acts on what the others have done.
        self.deepracer, self.identity_center = DeepRacer(self), IdentityCenter(self)
        for service in (self.entra, self.graph, self.mail, self.identity_center, self.deepracer, Managed(self)):
            self.services[service.name] = service
        self.fleet = Fleet(self)
        self.services[self.fleet.name] = self.fleet
        for name, service in self.services.items():
            if name in states:
                service.restore(states[name])
        self.traffic.serve(self.services.values())
        self.ticked_to = self.clock.now()

    # --- time

    async def run(self) -> None:
        """Tick the services and save the world until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tick_forever())
            group.create_task(self._save_forever())

    async def _tick_forever(self) -> None:
        while True:
            await self.catch_up(self.clock.now())
            await asyncio.sleep(TICK_S)

    async def catch_up(self, target: datetime) -> None:
        since = time.monotonic()
        while self.ticked_to < min(target, self.clock.now()):  # a reset meanwhile puts the clock back
            on_time = EPOCH + ((self.ticked_to - EPOCH) // STEP + 1) * STEP
            moment, services = min(on_time, target), self.services
            for service in list(services.values()):
                if service is not self.fleet:
                    _tick(service, moment)
            if moment == on_time:
                await self._move_fleet(moment)
            if services is not self.services:
                continue
            self.ticked_to = moment
            if time.monotonic() - since > BUDGET_S:
                await _give_way()
                since = time.monotonic()

    async def _move_fleet(self, moment: datetime) -> None:
        """Lets the fleet act at this moment, and requests be answered in between; a reset meanwhile ends it."""
        fleet = self.fleet
        try:
            while self.services.get(fleet.name) is fleet and not fleet.advance(moment, BUDGET_S):
                await _give_way()
        except Exception:
            log.exception("The practice service %s failed in a tick.", fleet.name)

    async def lived_through(self, moment: datetime) -> None:
        """Wait until every service has seen this moment of practice time."""
        while self.ticked_to < moment:
            await asyncio.sleep(0.005)

    # --- keeping

    def touch(self) -> None:
        """Something changed that must be saved: said by itself for all requests but reads; ticks must say so."""
        self._changed = True

    async def _save_forever(self) -> None:
        pause = SAVE_EVERY_S
        while True:
            await asyncio.sleep(pause)
            if self._changed:
                since = time.monotonic()
                try:
                    self.save()
                except OSError as refused:
                    log.warning("The practice world could not be saved: %s", refused)
                # A large world takes a while to write; nobody should notice more than a twentieth of it.
                pause = max(SAVE_EVERY_S, 20 * (time.monotonic() - since))

    def save(self) -> None:
        self._changed = False
        state = {
            "version": STATE_VERSION,
            "secrets": self.secrets,
            "clock": self.clock.snapshot(),
            "counters": self.counters.listing(),
            "company": self.company.snapshot(),
            "services": {name: service.snapshot() for name, service in self.services.items()},
        }
        write_private(self.home / STATE_FILE, json.dumps(state, separators=(",", ":")))

    def reset(self) -> None:
        """A fresh world with the same secrets: nobody invited, nothing sent, no fault armed, time back to its start."""
        self.faults = Faults(self.seed)
        self.counters.restore({})
        start = self._start or self.clock.real()
        self.clock.restore({"now": start.isoformat(), "speed": self._speed, "paused": False})
        self.company = Company()
        for journal in self.home.glob("practice-*.jsonl"):
            journal.unlink()
        self._make_services({})
        self.save()

    def _read_state(self) -> dict[str, Any] | None:
        """The saved world, or None for a new one. Raises ValueError when the file is from another edition."""
        try:
            state = json.loads((self.home / STATE_FILE).read_text("utf-8"))
        except FileNotFoundError:
            return None
        except json.JSONDecodeError as unreadable:
            raise ValueError(self._foreign_state()) from unreadable
        if not isinstance(state, dict) or state.get("version") != STATE_VERSION:
            raise ValueError(self._foreign_state())
        return state

    def _foreign_state(self) -> str:
        return f"{self.home / STATE_FILE} is damaged or from another edition of the practice world: delete it."

    # --- what it says of itself

    def truth(self) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for service in self.services.values():
            merged.update(service.truth())
        return merged

    def endpoints(self) -> dict[str, Any]:
        """What ``practice.json`` says: where everything is and the secrets to use it."""
        url, own = self.url, self.secrets
        return {
            "pid": os.getpid(),
            "port": int(url.rsplit(":", 1)[1]),
            "url": url,
            "control": f"{url}/control",
            "started_at": self.started_at.isoformat(),
            "entra": {
                "authority": f"{url}/entra",
                "tenant": own["tenant"],
                "client_id": own["client_id"],
                "client_secret": own["client_secret"],
            },
            "graph": {
                "url": f"{url}/graph/v1.0",
                "group_id": own["group_id"],
                "groups": {kind: group.id for kind, group in self.graph.groups.kinds.items()},
            },
            "deepracer": {
                "site": f"{url}/deepracer",
                "user": "organizer@example.com",
                "password": own["deepracer_password"],
            },
            "aws": {
                "region": "us-east-1",
                "access_key_id": own["access_key_id"],
                "secret_access_key": own["secret_access_key"],
                "ses_url": f"{url}/ses",
                "sqs_url": f"{url}/sqs",
                "mail_events_queue_url": f"{url}/sqs/{ACCOUNT_ID}/{QUEUE}",
                "cognito_idp_url": f"{url}/cognito-idp",
                "cognito_identity_url": f"{url}/cognito-identity",
                "managed_url": f"{url}/managed",
                "identity_center_url": f"{url}/identity-center",
                "user_pool_id": self.deepracer.site.pool_id,
                **self.identity_center.endpoints(),
            },
            "mail": {"from": SENDER, "configuration_set": CONFIGURATION_SET},
        }


async def _give_way() -> None:
    """Lets waiting requests be answered: each takes several turns of the loop, to be accepted, read and written."""
    for _ in range(6):
        await asyncio.sleep(0)


def _tick(service: Service, moment: datetime) -> None:
    try:
        service.tick(moment)
    except Exception:
        log.exception("The practice service %s failed in a tick.", service.name)


def new_secrets() -> dict[str, str]:
    return {
        "tenant": str(uuid.uuid4()),
        "client_id": str(uuid.uuid4()),
        "client_secret": secrets.token_urlsafe(30),
        "group_id": str(uuid.uuid4()),
        "deepracer_password": f"Aa1-{secrets.token_urlsafe(15)}",
        "access_key_id": "AKIA" + "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(16)),
        "secret_access_key": secrets.token_urlsafe(30),
    }


def write_private(path: Path, text: str) -> None:
    """Replace a file as one step, readable by its owner only."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    for attempt in range(20):
        try:
            os.replace(fresh, path)
            return
        except PermissionError:  # Windows, while another process reads the old file
            if attempt == 19:
                raise
            time.sleep(0.05)
