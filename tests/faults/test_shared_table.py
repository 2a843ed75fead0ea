"""Two consoles and a worker on one table, each on a computer of its own (a data folder): any two are killed."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deepracer_admin.model import Sending
from deepracer_admin.rules.audit import verify
from deepracer_admin.store.dynamodb import SharedEventStore, SharedTable, open_shared_store
from deepracer_admin.store.dynamodb.rows import digest_of, dump, scopes_in
from deepracer_admin.vault import Vault
from tests.faults.client import EVENT, PATIENCE_S, SHARED_KEY, open_console, set_up
from tests.faults.killing import IN_FLIGHT, ROOT, arm, start_client, start_clients
from tests.practice import ProcessHandle, start_world_process
from tests.store.table_server import a_table, access_to

pytestmark = pytest.mark.e2e

NAMES = ("anna", "bruno", "cloud")
TABLE = "deepracer-console"
PEOPLE = 120
TAKE_OVER_S = 20.0


@pytest.fixture
def table_url() -> Iterator[str]:
    command = [sys.executable, "-m", "infra.local.table_server"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    url = f"http://127.0.0.1:{process.stdout.readline().strip()}"
    a_table(url, TABLE).close()
    yield url
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ProcessHandle]:
    world = start_world_process(tmp_path / "world", "--speed", "1")
    yield world
    world.stop()


@pytest.fixture
def homes(tmp_path: Path, world: ProcessHandle, table_url: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    monkeypatch.setenv("DEEPRACER_ADMIN_STORE_ENDPOINT", table_url)
    found = {}
    for name in NAMES:
        found[name] = tmp_path / name
        found[name].mkdir()
        shutil.copy(tmp_path / "world" / "practice.json", found[name])
    set_up(found["anna"], PEOPLE)
    arm(world)
    return found


@pytest.fixture
def watching(tmp_path: Path, homes: dict[str, Path], table_url: str) -> Iterator[SharedEventStore]:
    """A fourth computer that only looks."""
    table = SharedTable(access_to(table_url), TABLE)
    store = open_shared_store(
        tmp_path, table, "rehearsal", follow_every_s=0, key_print=Vault(SHARED_KEY.encode()).key_print
    )
    yield store
    store.close()


def holder(store: SharedEventStore) -> str:
    """Who works on the event now, by name; "" for nobody."""
    store.follow()
    held = [lease for lease in store.leases() if lease.name == f"worker/{EVENT}"]
    return held[0].holder.partition("#")[0] if held else ""


def under_way(world: ProcessHandle, store: SharedEventStore, share: float) -> str:
    """Who works when this share of profiles and members is made, as the practice services count them."""
    began = time.monotonic()
    while True:
        truth, works = world.truth(), holder(store)
        made = truth["profiles"] + truth["in_group"]
        assert made < 2 * PEOPLE, "all was done before anybody could be killed"
        if works and made >= share * 2 * PEOPLE:
            return works
        assert time.monotonic() < began + PATIENCE_S, "nobody works"
        time.sleep(0.1)


def waited_for(store: SharedEventStore, names: set[str]) -> float:
    """Until one of these works on the event; how long that took."""
    began = time.monotonic()
    while holder(store) not in names:
        assert time.monotonic() < began + PATIENCE_S
        time.sleep(0.2)
    return time.monotonic() - began


def whole(store: SharedEventStore) -> dict[str, str]:
    store.follow()
    with store._reading() as connection:
        return {scope: digest_of(dump(connection, scope)) for scope in scopes_in(connection)}


@pytest.mark.parametrize("seed", [1, 2])
def test_any_two_of_three_are_killed_and_nothing_is_lost_or_doubled(
    homes: dict[str, Path], world: ProcessHandle, watching: SharedEventStore, seed: int
) -> None:
    chance = random.Random(seed)
    begun = start_clients([(home, f"--holder={name}") for name, home in homes.items()])
    clients = dict(zip(homes, begun, strict=True))
    try:
        first = under_way(world, watching, chance.uniform(0.0, 0.4))
        second = chance.choice([name for name in NAMES if name != first])
        clients[first].kill()  # SIGKILL, of who works
        clients[second].kill()  # and of one who stands by
        (left,) = {*NAMES} - {first, second}
        took_over = waited_for(watching, {left})
        assert clients[left].wait(PATIENCE_S) == 0
    finally:
        for client in clients.values():
            client.kill()
            client.wait()
            if client.stdout:
                client.stdout.close()
    print(f"seed {seed}: {first} and {second} were killed, {left} took over after {took_over:.1f} s")
    assert took_over <= TAKE_OVER_S
    truth, faults = world.truth(), world.counters()["faults"]
    assert (truth["profiles"], truth["in_group"], truth["users_deleted"]) == (PEOPLE, PEOPLE, 0)
    assert truth["mails_duplicate"] == 0
    watching.follow()
    counts = watching.delivery_counts(EVENT)
    lost = faults.get("ses.lost_answer", 0) + faults.get("ses.error_5xx", 0)
    assert counts[Sending.UNKNOWN] <= lost + IN_FLIGHT
    assert counts[Sending.SENT] + counts[Sending.UNKNOWN] == PEOPLE == len(watching.attendees(EVENT))
    assert verify(watching.audit()) is None
    same = whole(watching)
    for home in homes.values():
        console = open_console(home)
        assert isinstance(console.store, SharedEventStore)
        assert whole(console.store) == same
        console.close()


def test_a_click_on_a_second_console_reaches_the_worker_of_the_first(
    homes: dict[str, Path], watching: SharedEventStore
) -> None:
    """What is recorded on one computer is carried out by another."""
    client = start_client(homes["anna"], "--holder=anna")
    second = open_console(homes["bruno"])
    try:
        waited_for(watching, {"anna"})
        assert second.store.event(EVENT).id == EVENT
        assert client.wait(PATIENCE_S) == 0
    finally:
        client.kill()
        client.wait()
        if client.stdout:
            client.stdout.close()
    second.store.follow() if isinstance(second.store, SharedEventStore) else None
    assert second.store.delivery_counts(EVENT) == watching_counts(watching)
    second.close()


def watching_counts(store: SharedEventStore) -> dict[Sending, int]:
    store.follow()
    return store.delivery_counts(EVENT)
