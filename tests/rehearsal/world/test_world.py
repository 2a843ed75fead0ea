"""The practice world as a whole: it starts, keeps what it knows, meets faults, and stops cleanly."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from deepracer_admin.rehearsal import MARK, MARK_HEADER
from tests.practice import WorldHandle, start_world, start_world_process

DISCOVERY = "/entra/{tenant}/v2.0/.well-known/openid-configuration"


@pytest.fixture
def discovery(practice: WorldHandle) -> str:
    return DISCOVERY.format(**practice.endpoints["entra"])


def test_every_reply_carries_the_mark_of_the_practice_world(client: httpx.Client, discovery: str) -> None:
    for path in (discovery, "/control/status", "/nowhere", "/control/nowhere"):
        assert client.get(path).headers[MARK_HEADER] == MARK


def test_practice_json_is_private_and_goes_when_the_world_stops(tmp_path: Path) -> None:
    handle = start_world(tmp_path)
    address = tmp_path / "practice.json"
    assert json.loads(address.read_text("utf-8")) == json.loads(json.dumps(handle.endpoints))
    assert handle.endpoints["pid"] == os.getpid()
    if os.name == "posix":
        for name in ("practice.json", "practice-state.json", "practice-outbox.jsonl", "practice-mail-events.jsonl"):
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    handle.stop()
    assert not address.exists()
    assert (tmp_path / "practice-state.json").exists()


def test_a_restart_keeps_secrets_and_practice_time(tmp_path: Path) -> None:
    first = start_world(tmp_path, speed=0)
    first.advance(86_400)
    now = first.control("GET", "status")["now"]
    first.stop()
    second = start_world(tmp_path, speed=0)
    try:
        assert second.endpoints["entra"]["client_secret"] == first.endpoints["entra"]["client_secret"]
        assert second.endpoints["aws"]["access_key_id"] == first.endpoints["aws"]["access_key_id"]
        assert second.control("GET", "status")["now"] == now
    finally:
        second.stop()


def test_two_worlds_do_not_share_a_secret(tmp_path: Path) -> None:
    one, two = start_world(tmp_path / "one"), start_world(tmp_path / "two")
    try:
        for name in ("tenant", "client_id", "client_secret"):
            assert one.endpoints["entra"][name] != two.endpoints["entra"][name]
        assert one.endpoints["aws"]["secret_access_key"] != two.endpoints["aws"]["secret_access_key"]
    finally:
        one.stop()
        two.stop()


def test_requests_are_counted_by_service_and_operation_and_controls_never_are(
    practice: WorldHandle, client: httpx.Client, discovery: str
) -> None:
    for _ in range(3):
        client.get(discovery)
    client.get("/control/status")
    counted = practice.counters()
    assert counted["calls"] == {"entra": 3}
    assert counted["by_operation"] == {"entra.Discovery": 3}
    practice.control("POST", "counters/reset")
    assert practice.counters()["calls"] == {}


def test_a_dropped_request_gets_no_answer_and_is_not_done(
    practice: WorldHandle, client: httpx.Client, discovery: str
) -> None:
    practice.arm("entra", "drop", count=1)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        client.get(discovery)
    assert client.get(discovery).status_code == 200
    assert practice.counters()["faults"] == {"entra.drop": 1}


def test_a_lost_answer_was_counted_as_done(practice: WorldHandle, client: httpx.Client, discovery: str) -> None:
    practice.arm("entra", "lost_answer", operation="Discovery", count=1)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        client.get(discovery)
    assert practice.counters()["by_operation"] == {"entra.Discovery": 1}
    assert client.get(discovery).status_code == 200


def test_a_service_that_is_down_answers_nothing_until_the_fault_is_disarmed(
    practice: WorldHandle, client: httpx.Client, discovery: str
) -> None:
    fault = practice.arm("entra", "down")
    for _ in range(3):
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            client.get(discovery)
    practice.disarm(fault)
    assert client.get(discovery).status_code == 200


def test_throttle_and_5xx_come_in_the_shape_of_the_service(
    practice: WorldHandle, client: httpx.Client, discovery: str
) -> None:
    practice.arm("entra", "throttle", count=1, params={"retry_after": 7})
    throttled = client.get(discovery)
    assert throttled.status_code == 429
    assert throttled.headers["Retry-After"] == "7"
    assert throttled.json()["error_codes"] == [90055]
    practice.arm("entra", "error_5xx", count=1)
    assert client.get(discovery).json()["error"] == "server_error"


def test_the_same_seed_hits_the_same_requests(tmp_path: Path) -> None:
    def hits(home: Path) -> list[int]:
        handle = start_world(home, seed=3)
        try:
            path = handle.endpoints["url"] + DISCOVERY.format(**handle.endpoints["entra"])
            handle.arm("entra", "error_5xx", rate=0.5)
            return [httpx.get(path, trust_env=False, timeout=300).status_code for _ in range(20)]
        finally:
            handle.stop()

    first = hits(tmp_path / "one")
    assert first == hits(tmp_path / "two")
    assert set(first) == {200, 503}


def test_a_request_for_a_foreign_host_is_refused(client: httpx.Client) -> None:
    assert client.get("/control/status", headers={"Host": "evil.example.net"}).status_code == 403
    assert client.post("/control/reset", headers={"Origin": "http://evil.example.net"}).status_code == 403


def refused_start(*arguments: str) -> str:
    """What a world that cannot start says on stderr; it must have ended with 2."""
    ended = subprocess.run(
        [sys.executable, "-m", "deepracer_admin.rehearsal", *arguments],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 2
    return ended.stderr.strip()


def test_a_port_in_use_is_one_sentence_and_exit_2(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused_start("--home", str(tmp_path), "--port", str(port))
    assert said == f"Port {port} is in use or not allowed: stop the other program, or start with --port 0."


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--version", "9.9", "DeepRacer on AWS is imitated from 1.2 to 1.3.1, not 9.9: give one of these versions."),
        ("--version", "x", "DeepRacer on AWS is imitated from 1.2 to 1.3.1, not x: give one of these versions."),
        ("--version", "1.1", "DeepRacer on AWS is imitated from 1.2 to 1.3.1, not 1.1: give one of these versions."),
        ("--slots", "0", "The account runs at least one job at the same time, not 0: give 1 slot or more."),
        ("--speed", "601", "The speed of practice time is a number from 0 to 600."),
        ("--port", "70000", "70000 is no port: give a number from 1024 to 65535, or 0 for a free one."),
    ],
)
def test_an_impossible_option_is_one_sentence_and_exit_2(tmp_path: Path, option: str, value: str, said: str) -> None:
    home = tmp_path / "home"
    assert refused_start("--home", str(home), option, value) == said
    assert not home.exists(), "nothing is written for a world that never was"


def test_two_worlds_do_not_share_a_home(practice: WorldHandle) -> None:
    home, port = practice.world.home, practice.endpoints["port"]
    said = refused_start("--home", str(home))
    assert said == f"A practice world already runs in {home} (port {port}): stop it, or choose another --home."


@pytest.mark.parametrize("state", ["{", "[]", '{"version": 0}', '{"version": 1}'])
def test_a_damaged_state_is_one_sentence_and_exit_2(tmp_path: Path, state: str) -> None:
    (tmp_path / "practice-state.json").write_text(state, "utf-8")
    said = refused_start("--home", str(tmp_path))
    assert said.endswith("is damaged or from another edition of the practice world: delete it.")
    assert "\n" not in said


def test_a_world_starts_again_after_a_power_cut(tmp_path: Path) -> None:
    first = start_world_process(tmp_path)
    first.kill()
    assert (tmp_path / "practice.json").exists()
    second = start_world_process(tmp_path)
    assert second.endpoints["entra"]["client_secret"] == first.endpoints["entra"]["client_secret"]
    assert second.stop() == 0


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGTERM that a program can answer")
def test_sigterm_saves_the_world_and_ends_with_zero(tmp_path: Path) -> None:
    handle = start_world_process(tmp_path, "--speed", "0")
    handle.advance(3600)
    now = handle.control("GET", "status")["now"]
    handle.process.send_signal(signal.SIGTERM)
    assert handle.process.wait(300) == 0
    assert not (tmp_path / "practice.json").exists()
    assert json.loads((tmp_path / "practice-state.json").read_text("utf-8"))["clock"]["now"] == now
    handle.stop()


def test_a_world_in_its_own_process_stops_when_asked(tmp_path: Path) -> None:
    handle = start_world_process(tmp_path)
    if os.name == "posix":  # elsewhere a virtual environment's Python is a launcher with an id of its own
        assert handle.endpoints["pid"] == handle.process.pid
    assert handle.stop() == 0


def test_the_command_line_decides_slots_and_version(tmp_path: Path) -> None:
    handle = start_world_process(tmp_path, "--slots", "3", "--version", "1.2.5", "--speed", "0", "--seed", "11")
    try:
        status = handle.control("GET", "status")
        site = httpx.get(f"{handle.endpoints['deepracer']['site']}/env.js", trust_env=False, timeout=300).text
    finally:
        handle.stop()
    assert (status["slots"], status["version"], status["seed"], status["speed"]) == (3, "1.2.5", 11, 0)
    assert "v1.2.5" in site


def test_the_world_imports_nothing_of_the_console() -> None:
    script = (
        "import sys, deepracer_admin.rehearsal.__main__, deepracer_admin.rehearsal.world as w, importlib\n"
        "names = [n for n in sys.modules if n.startswith('deepracer_admin.') and '.rehearsal' not in n]\n"
        "assert not names, names\n"
        "clients = {'msal', 'botocore', 'boto3', 'httpx', 'streamlit'}\n"
        "assert not [n for n in sys.modules if n.split('.')[0] in clients]\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[3], capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
