"""The practice world: its services, its clock, its faults, and the file that it lives in between two runs."""

import asyncio
import logging
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from deepracer_admin.rehearsal.cost_explorer import CostExplorer
from deepracer_admin.rehearsal.deepracer import DeepRacer
from deepracer_admin.rehearsal.deepracer.deployment import checked_slots, read_version
from deepracer_admin.rehearsal.entra import Entra
from deepracer_admin.rehearsal.fleet import Fleet
from deepracer_admin.rehearsal.graph import Graph
from deepracer_admin.rehearsal.identity_center import IdentityCenter
from deepracer_admin.rehearsal.mail import Ses
from deepracer_admin.rehearsal.mail.account import ACCOUNT_ID, CONFIGURATION_SET, QUEUE, SENDER
from deepracer_admin.rehearsal.managed import Managed
from deepracer_admin.rehearsal.names import NameServer
from deepracer_admin.rehearsal.price_list import PriceList
from deepracer_admin.rehearsal.service_quotas import ServiceQuotas
from deepracer_admin.rehearsal.shared.clock import PracticeClock, RealTime
from deepracer_admin.rehearsal.shared.counters import Counters
from deepracer_admin.rehearsal.shared.faults import Faults
from deepracer_admin.rehearsal.shared.ground import Ground
from deepracer_admin.rehearsal.shared.people import Company

from .keeping import foreign_state, new_secrets, read_state, write_state
from .service import Service
from .traffic import Traffic

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
SLOTS = 100


class World:
    """All services of one practice company in one process, and the ground that they share.

    It alone knows them all, and hands to each what it needs of another.
    """

    def __init__(
        self,
        home: Path,
        *,
        seed: int = 7,
        speed: float = 60.0,
        slots: int | None = None,
        version: str = "1.3.1",
        start: datetime | None = None,
        machine: RealTime | None = None,
    ) -> None:
        """`slots`: jobs that run at the same time; None: those that the saved world had, 100 in a new one."""
        read_version(version)  # before anything is written
        state = read_state(home)
        if slots is None:
            slots = int((state or {}).get("slots", SLOTS))
        clock = PracticeClock(speed, start, machine)
        faults = Faults(seed, clock.monotonic)
        self.ground = Ground(home, seed, checked_slots(slots), version, clock, new_secrets(), faults)
        self.started_at = clock.real()
        self.services: dict[str, Service] = {}
        self.ask_to_stop: Callable[[], None] = lambda: None
        self._speed, self._start = speed, start
        self.ticked_to = clock.now()
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.traffic = Traffic(self.ground)
        self.names = NameServer(self.ground)
        try:
            if state is not None:
                self.ground.secrets.update(state["secrets"])
                self.clock.restore(state["clock"])
                self.counters.restore(state["counters"])
                self.company.restore(state["company"])
            self._make_services(state["services"] if state else {})
        except (KeyError, TypeError, AttributeError, IndexError) as unreadable:
            if state is None:
                raise
            raise foreign_state(home) from unreadable

    def _make_services(self, states: dict[str, Any]) -> None:
        ground = self.ground
        self.entra = Entra(ground, lambda ticket: self.graph.users.invited_with(ticket))
        self.graph = Graph(ground, self.entra.signer.read_access_token)
        self.mail = Ses(ground)
        self.identity_center = IdentityCenter(ground, lambda: list(self.graph.groups.kinds["event"].members))
        self.deepracer = DeepRacer(ground)
        self.managed = Managed(ground, self.identity_center.people_with_access, self.mail.outbox.after)
        self.quotas = ServiceQuotas(ground, self._training_quotas)
        self.prices = PriceList(ground)
        self.bill = CostExplorer(ground, lambda: self.deepracer.site.compute.metered)
        self.fleet = Fleet(ground, lambda: {"deepracer": self.deepracer.garage, "managed": self.managed.garage})
        # In the order in which they are ticked: the fleet last, since it acts on what the others have done.
        made: tuple[Service, ...] = (
            self.entra, self.graph, self.mail, self.identity_center, self.deepracer, self.managed,
            self.quotas, self.prices, self.bill, self.fleet,
        )  # fmt: skip
        self.services = {service.name: service for service in made}
        for name, service in self.services.items():
            if name in states:
                service.restore(states[name])
        self.traffic.serve(self.services.values())
        self.ticked_to = self.clock.now()

    def _training_quotas(self, moment: float) -> tuple[int, int]:
        found = self.deepracer.site.compute.capacity.quotas(moment)
        return found.per_type, found.total

    @property
    def home(self) -> Path:
        return self.ground.home

    @property
    def clock(self) -> PracticeClock:
        return self.ground.clock

    @property
    def counters(self) -> Counters:
        return self.ground.counters

    @property
    def company(self) -> Company:
        return self.ground.company

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

    async def _save_forever(self) -> None:
        pause = SAVE_EVERY_S
        while True:
            await asyncio.sleep(pause)
            if self.ground.changed:
                since = time.monotonic()
                try:
                    self.save()
                except OSError as refused:
                    log.warning("The practice world could not be saved: %s", refused)
                # A large world takes a while to write; nobody should notice more than a twentieth of it.
                pause = max(SAVE_EVERY_S, 20 * (time.monotonic() - since))

    def save(self) -> None:
        ground = self.ground
        ground.changed = False
        state = {
            "secrets": ground.secrets,
            "slots": ground.slots,
            "clock": ground.clock.snapshot(),
            "counters": ground.counters.listing(),
            "company": ground.company.snapshot(),
            "services": {name: service.snapshot() for name, service in self.services.items()},
        }
        write_state(ground.home, state)

    def reset(self) -> None:
        """A fresh world with the same secrets: nobody invited, nothing sent, no fault armed, time back to its start."""
        ground = self.ground
        ground.faults, ground.company = Faults(ground.seed, ground.clock.monotonic), Company()
        ground.counters.restore({})
        start = self._start or ground.clock.real()
        ground.clock.restore({"now": start.isoformat(), "speed": self._speed, "paused": False})
        for journal in ground.home.glob("practice-*.jsonl"):
            journal.unlink()
        self._make_services({})
        self.save()

    # --- what it says of itself

    def truth(self) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for service in self.services.values():
            merged.update(service.truth())
        return merged

    def endpoints(self) -> dict[str, Any]:
        """What ``practice.json`` says: where everything is and the secrets to use it."""
        url, own = self.ground.url, self.ground.secrets
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
                "service_quotas_url": f"{url}/service-quotas",
                "pricing_url": f"{url}/price-list",
                "cost_explorer_url": f"{url}/cost-explorer",
                "identity_center_url": f"{url}/identity-center",
                "user_pool_id": self.deepracer.site.pool_id,
                **self.identity_center.endpoints(),
            },
            "mail": {"from": SENDER, "configuration_set": CONFIGURATION_SET},
            "dns": {"server": "127.0.0.1", "port": str(self.names.port)},
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
