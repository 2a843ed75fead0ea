"""The whole serverless path on this machine: what `python3 start.py portal`, the tests and the benchmark run.

moto's DynamoDB over HTTP, the table and its stream, AppSync's part with the deployed resolvers, the stream pump and the
queues that call the deployed handlers, and the practice world's Entra, Graph, DeepRacer and SES. Each function has a
place of its own, with its own copy of the shared store, as each has a container on AWS; here they share a process.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from deepracer_admin.clock import Clock, ScaledClock
from deepracer_admin.compose import Console, compose
from deepracer_admin.errors import ConsoleError
from deepracer_admin.opening import shared_table
from deepracer_admin.settings import PRACTICE_FILE, Settings
from deepracer_admin.store.dynamodb.table_facts import create
from deepracer_admin.vault import open_vault
from deepracer_admin.worker.practice import OutboxCopier, anchor_clock
from infra.functions import authorise, bounces, mail, prove, registrations, sweep
from infra.functions.items import PortalItems
from infra.functions.place import Place
from infra.local.appsync import AppSync
from infra.local.pump import Failures, StreamPump
from infra.local.queue import LocalQueue
from infra.local.resolvers import ResolverHost
from infra.local.template import Deployed, deployed

__all__ = ["BITS", "Chain", "Table", "Timing", "serve_table", "shared_settings"]

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
TABLE = "deepracer-portal"
REGION = "us-east-1"
PATIENCE_S = 60.0
KEYS = {"aws_access_key_id": "rehearsal", "aws_secret_access_key": "rehearsal", "region_name": REGION}
BITS = 12
"""Of the proof of work on loopback; the template asks for 16."""


@dataclass
class Table:
    """DynamoDB over HTTP (table_server.py), in a process of its own. It forgets all when it stops.

    Without a process it is one that somebody else serves.
    """

    endpoint: str
    _process: subprocess.Popen[bytes] | None = None

    def client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.endpoint, **KEYS)

    @property
    def pid(self) -> int:
        """0 where somebody else serves it."""
        return self._process.pid if self._process else 0

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait()
            if self._process.stdin:
                self._process.stdin.close()


def serve_table(port: int = 0) -> Table:
    """Start it on a free port (0) and wait until it answers. Raises RuntimeError when it does not start."""
    if not port:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    command = [sys.executable, "-m", "infra.local.table_server", str(port), "--with-parent"]
    process = subprocess.Popen(
        command, env=kept, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return Table(f"http://127.0.0.1:{port}", process)
        time.sleep(0.1)
    process.kill()
    raise RuntimeError("DynamoDB's stand-in did not start: install the checks' packages with `python3 start.py test`.")


def shared_settings(home: Path, endpoint: str, portal_url: str, **more: Any) -> Settings:
    """A rehearsal console on the shared table."""
    given = {"mode": "rehearsal", "home": home, "store": "dynamodb", "store_table": TABLE, "store_region": REGION}
    return Settings.model_validate({**given, "store_endpoint": endpoint, "portal_url": portal_url, **more})


def _container(name: str) -> str:
    """Each handler that runs beside another has its own container."""
    thread = threading.current_thread().name
    return f"{name}-{thread.removeprefix('queue-')}" if thread.startswith("queue-") else name


@dataclass(frozen=True, slots=True)
class Timing:
    """How often the schedules fire here, in real seconds; on AWS it is each minute and each five."""

    sweep_s: float = 5.0
    prove_s: float = 15.0
    outbox_s: float = 3.0


@dataclass
class Chain:
    """One event's path. `start` runs everything in the background; tests call the parts by hand.

    `wrap(name, handler)` may put something between the wiring and a handler: crashes, redelivery, a log of calls.
    """

    home: Path
    table: Table
    event_id: str
    portal_url: str
    timing: Timing = field(default_factory=Timing)
    wrap: Callable[[str, Callable[[Any], Any]], Callable[[Any], Any]] = lambda _name, handler: handler
    template: Deployed = field(default_factory=deployed)
    resolver_now: int | None = None
    failures: Failures = field(default_factory=Failures)

    def __post_init__(self) -> None:
        self.dynamodb = self.table.client("dynamodb")
        settings = shared_settings(self.home, self.table.endpoint, self.portal_url)
        self._key = open_vault(settings).key.decode()
        create(shared_table(settings))
        self._host = ResolverHost(now=self.resolver_now)
        self._places: dict[str, Place] = {}
        self._making = threading.RLock()
        self._consoles: list[Console] = []
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self.queue = LocalQueue(self._handler("Mail", lambda event: mail.handle(self.place(_container("mail")), event)))
        self.bounce_queue = LocalQueue(
            self._handler("Bounces", lambda event: bounces.handle(self.place(_container("bounces")), event))
        )
        arn = self.dynamodb.describe_table(TableName=TABLE)["Table"]["LatestStreamArn"]
        self.pump = StreamPump(
            self.table.client("dynamodbstreams"),
            arn,
            self.template.stream,
            self._handler("Registrations", lambda event: registrations.handle(self.place("registrations"), event)),
            self.failures,
        )
        rules = authorise.PublishedRules(self.dynamodb, TABLE, self.event_id)
        self.api = AppSync(
            self.template,
            self._host,
            self.dynamodb,
            TABLE,
            authorise=self._handler(
                "Authorise",
                lambda event: authorise.authorise(
                    event, event_id=self.event_id, bits=BITS, now=self.resolver_now or time.time(), rules=rules
                ),
            ),
            environment={"EVENT_ID": self.event_id},
        )

    @property
    def node(self) -> int:
        """The process that runs the resolvers."""
        return self._host.pid

    def _handler(self, name: str, call: Callable[[Any], Any]) -> Callable[[Mapping[str, Any]], Any]:
        return self.wrap(name, call)

    def place(self, name: str) -> Place:
        """The place of a function, made at its first call."""
        with self._making:
            return self._places.get(name) or self._make(name)

    def _make(self, name: str) -> Place:
        home = self.home / "functions" / name
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copy(self.home / PRACTICE_FILE, home / PRACTICE_FILE)
        settings = shared_settings(
            home,
            self.table.endpoint,
            self.portal_url,
            secret_key=self._key,
            worker=False,
            entra_app_only=True,
            store_follow=0,
        )
        console = compose(settings, clock=self._clock())
        self._consoles.append(console)
        items = PortalItems(self.dynamodb, TABLE, self.event_id)
        made = Place(console, self.event_id, items, nudge=lambda: self.queue.send("{}"), name=name)
        self._places[name] = made
        return made

    def _clock(self) -> Clock:
        """One for all functions, set by the practice world."""
        return self._consoles[0].clock if self._consoles else ScaledClock()

    def sweep(self) -> Any:
        """One firing of the sweeper's schedule."""
        return self._handler("Sweep", lambda _: sweep.handle(self.place("sweep")))({})

    def prove(self) -> Any:
        """One firing of the prover's schedule."""
        return self._handler("Prove", lambda _: prove.handle(self.place("prove")))({})

    # --------------------------------------------------------------------------------------------- background

    def start(self, *, mail_at_once: int = 2) -> None:
        anchor_clock(self.place("sweep").console)
        self.pump.start()
        self.queue.start(mail_at_once)
        self.bounce_queue.start(1)
        copier = OutboxCopier(self.place("sweep").console)
        self._every(1.0, lambda: anchor_clock(self.place("sweep").console), "clock")
        self._every(self.timing.sweep_s, self.sweep, "sweep")
        self._every(self.timing.prove_s, self.prove, "prove")
        self._every(self.timing.outbox_s, lambda: self._copy_outbox(copier), "outbox")

    def _copy_outbox(self, copier: OutboxCopier) -> None:
        """What the worker of a rehearsal does: the mails that the practice service captured, for the outbox page."""
        store, now = self.place("sweep").console.store, self.place("sweep").clock.now()
        lease = store.acquire("worker", "portal", ttl_s=15.0, now=now)
        if lease is not None:
            copier.run(lease)

    def _every(self, seconds: float, act: Callable[[], Any], name: str) -> None:
        def run() -> None:
            while not self._stopping.wait(seconds):
                try:
                    act()
                except ConsoleError as error:
                    log.warning("%s waits: %s", name, error.sentence)
                except Exception:
                    log.exception("%s failed", name)

        thread = threading.Thread(target=run, name=f"portal-{name}", daemon=True)
        thread.start()
        self._threads.append(thread)

    def stop(self) -> None:
        self._stopping.set()
        self.pump.stop()
        self.queue.stop()
        self.bounce_queue.stop()
        for thread in self._threads:
            thread.join()
        for console in self._consoles:
            with contextlib.suppress(ConsoleError):
                console.close()
        self._host.close()
