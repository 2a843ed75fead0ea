"""Two consoles, a worker and the portal's functions on one table, each on a computer of its own (a data folder).

Any two of them are killed.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deepracer_admin.flows.mail.campaigns import ACCESS_CAMPAIGN
from deepracer_admin.model import Sending, Step
from deepracer_admin.model.registrations import RegistrationState
from deepracer_admin.records.portal import REGISTRATIONS
from deepracer_admin.rules.audit import verify
from deepracer_admin.store.dynamodb import SharedEventStore, SharedTable, open_shared_store
from deepracer_admin.store.dynamodb.rows import digest_of, dump, scopes_in
from deepracer_admin.vault import Vault
from infra.functions.items import FORM
from infra.local.seed import company, open_portal
from tests.faults.client import EVENT, PATIENCE_S, SHARED_KEY, TABLE, open_console, set_up
from tests.faults.killing import IN_FLIGHT, ROOT, arm, start_client, start_clients
from tests.faults.registering import Registering
from tests.practice import ProcessHandle, start_world_process
from tests.store.table_server import a_table, access_to

pytestmark = pytest.mark.e2e

NAMES = ("anna", "bruno", "cloud")
FUNCTIONS = {"sweep", "registrations", "prove", "mail-0", "mail-1"}  # as they hold the lease
PEOPLE, COME = 100, 20
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
    for name in (*NAMES, "functions"):
        found[name] = tmp_path / name
        found[name].mkdir()
        shutil.copy(tmp_path / "world" / "practice.json", found[name])
    (found["functions"] / "key").write_bytes(SHARED_KEY.encode())
    set_up(found["anna"], PEOPLE)
    console = open_console(found["anna"])
    console.store.amend_event(EVENT, lambda event: replace(event, public_url="https://cup.example.com"))
    open_portal(console, EVENT, 300)
    console.close()
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


def start_functions(home: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.faults.stream", str(home)]
    functions = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert functions.stdout is not None
    functions.stdout.readline()
    return functions


def ended(processes: Iterable[subprocess.Popen[str]]) -> None:
    for process in processes:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def everybody_is_in(store: SharedEventStore) -> bool:
    """All of the list and all who register: access read back, a place, and the way in mailed."""
    store.follow()
    people = {person.id for person in store.attendees(EVENT, wanted=True)}
    accepted = [row for row in store.rows(EVENT, REGISTRATIONS).values() if row.state is RegistrationState.ACCEPTED]
    ways = store.deliveries(EVENT, campaign=ACCESS_CAMPAIGN)
    settled = {row.attendee for row in ways if row.state in (Sending.SENT, Sending.UNKNOWN)}
    access = {row.attendee for row in store.steps(EVENT, step=Step.ACCESS) if row.state.is_done}
    return len(people) == PEOPLE + COME and len(accepted) == COME and settled & access >= people


@pytest.mark.parametrize(("seed", "also"), [(1, "functions"), (2, "a console"), (3, "functions")])
def test_any_two_of_four_are_killed_and_nothing_is_lost_or_doubled(
    homes: dict[str, Path], world: ProcessHandle, table_url: str, watching: SharedEventStore, seed: int, also: str
) -> None:
    """Two consoles and a worker, each of which works, and the functions that take in whoever registers meanwhile.

    Whoever works is killed at a random moment, and with them a console that stands by or the functions; functions are
    started anew, as AWS does, and get the whole stream again.
    """
    chance, portal = random.Random(seed), Registering(table_url)
    come = strangers(homes["anna"], watching)
    slow = world.arm("deepracer", "invite_pace", params={"seconds": 0.5})  # nobody is through before the kill
    begun = start_clients([(homes[name], "--on", f"--holder={name}") for name in NAMES])
    processes = dict(zip(NAMES, begun, strict=True))
    processes["functions"] = start_functions(homes["functions"])
    try:
        portal.send(come[: COME // 2])
        first = under_way(world, watching, chance.uniform(0.0, 0.4))
        second = "functions" if also == "functions" else chance.choice([name for name in NAMES if name != first])
        portal.send(come[COME // 2 :])  # into the stream when its reader dies
        ended([processes[first], processes[second]])  # SIGKILL
        killed_at = time.monotonic()
        world.disarm(slow)
        if second == "functions":
            processes["functions"] = start_functions(homes["functions"])
        left = {*NAMES} - {first, second} | FUNCTIONS
        waited_for(watching, left)
        took_over = time.monotonic() - killed_at
        end = time.monotonic() + PATIENCE_S
        while not everybody_is_in(watching):
            portal.press()
            assert time.monotonic() < end, "somebody is not in"
            time.sleep(0.5)
        forms_left = [*portal.items.all(FORM)]
    finally:
        ended(processes.values())
    print(f"seed {seed}: {first} and {second} were killed, work went on after {took_over:.1f} s")
    assert took_over <= TAKE_OVER_S
    assert forms_left == []
    truth, faults = world.truth(), world.counters()["faults"]
    everybody = PEOPLE + COME
    assert (truth["profiles"], truth["in_group"], truth["users_deleted"]) == (everybody, everybody, 0)
    assert truth["mails_duplicate"] == 0
    invited = [mail["to"] for mail in world.invitations()]
    assert len(invited) == len({*invited}) == everybody
    watching.follow()
    counts = watching.delivery_counts(EVENT)
    lost = faults.get("ses.lost_answer", 0) + faults.get("ses.error_5xx", 0)
    assert counts[Sending.UNKNOWN] <= lost + 2 * IN_FLIGHT
    assert counts[Sending.SENT] + counts[Sending.UNKNOWN] == everybody + COME  # whoever came got a link, too
    assert verify(watching.audit()) is None
    same = whole(watching)
    for home in (homes[name] for name in NAMES):
        console = open_console(home)
        assert isinstance(console.store, SharedEventStore)
        assert whole(console.store) == same
        console.close()


def strangers(home: Path, store: SharedEventStore) -> list[str]:
    """People of the practice company who are not on the list."""
    console, listed = open_console(home), {person.email for person in store.attendees(EVENT)}
    found = [address.lower() for address in company(console, 300) if address.lower() not in listed]
    console.close()
    return found[:COME]


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
