"""A whole start, with a small practice world and a small console in place of the real ones."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import start
from launch import children, console, machine
from launch.machine import Trouble
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
LAUNCHER = [ROOT / "start.py", *sorted((ROOT / "launch").glob("*.py"))]
POSIX = pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")


def read(*given: str, environ: dict[str, str] | None = None) -> console.Start:
    return start.read_start(start.command_line().parse_args(given), environ or {})


PRACTICE = """
import http.server, json, os, pathlib, sys
home = pathlib.Path(sys.argv[sys.argv.index("--home") + 1])
class Status(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path in ("/control/status", "/_stcore/health") else 404)
        self.end_headers()
port = int(sys.argv[sys.argv.index("--server.port") + 1]) if "--server.port" in sys.argv else 0
server = http.server.HTTPServer(("127.0.0.1", port), Status)
(home / "practice.json").write_text(json.dumps({"port": server.server_address[1]}))
server.serve_forever()
"""

START = """
import os, pathlib, sys
sys.path.insert(0, sys.argv[1])
import start
start.prepare = lambda venv, locks: pathlib.Path(sys.executable)
sys.exit(start.main(sys.argv[2:]))
"""


@pytest.fixture
def small_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[subprocess.Popen[str], Path, int]]:
    """`start.py` with stand-ins for both parts, running; its process, its data folder and its port."""
    (tmp_path / "home").mkdir()
    (tmp_path / "small_practice.py").write_text(PRACTICE)
    (tmp_path / "small_console.py").write_text(
        "import os, sys\nsys.argv += ['--home', os.environ['DEEPRACER_ADMIN_HOME'] + '/console']\n"
        "os.makedirs(sys.argv[-1], exist_ok=True)\nopen(sys.argv[-1] + '/environ', 'w').write("
        "os.environ['DEEPRACER_ADMIN_MODE'] + ' ' + os.environ['DEEPRACER_ADMIN_PORT'])\n" + PRACTICE
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    renamed = START.replace(
        "import start\n",
        "import start\nfrom launch import children, console\nfirst = children.start_child\n"
        "names = {'deepracer_admin.rehearsal': 'small_practice', 'streamlit': 'small_console'}\n"
        "console.start_child = lambda n, p, a, *r: first(n, p, [names[a[0]], *a[1:]], *r)\n",
    )
    port = free_port()
    command = [sys.executable, "-c", renamed, str(ROOT), "--home", str(tmp_path / "home"), "--port", str(port)]
    process = subprocess.Popen([*command, "--no-browser"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    yield process, tmp_path / "home", port
    process.kill()
    process.communicate(timeout=300)


@POSIX
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_start_says_where_the_console_is_and_a_signal_stops_both(
    small_world: tuple[subprocess.Popen[str], Path, int], name: str
) -> None:
    process, home, port = small_world
    assert process.stdout
    assert f"ready at http://localhost:{port} (rehearsal: nothing leaves this machine)" in process.stdout.readline()
    assert (home / "console" / "environ").read_text() == f"rehearsal {port}"
    practice = json.loads((home / "practice.json").read_text())["port"]
    assert children.answers(practice, "/control/status")
    assert children.answers(port, "/_stcore/health")
    process.send_signal(getattr(signal, name))
    assert process.wait(300) == 0
    assert not machine.port_is_taken(port)
    assert not machine.port_is_taken(practice)


def test_a_practice_world_in_the_same_folder_is_refused(small_world: tuple[subprocess.Popen[str], Path, int]) -> None:
    process, home, _port = small_world
    assert process.stdout
    process.stdout.readline()
    second = console.Start("rehearsal", home, 1, 60, False)
    with pytest.raises(Trouble, match=r"A practice world already uses .* choose another folder with `--home`"):
        console.start_practice(Path(sys.executable), second, os.environ)


def test_live_is_asked_for_by_name_and_has_a_folder_of_its_own() -> None:
    assert read().mode == "rehearsal"
    assert read("--live").mode == "live"
    assert read(environ={"DEEPRACER_ADMIN_MODE": "live"}).mode == "live"
    assert read("--live").home != read().home
    with pytest.raises(Trouble, match="set it to `rehearsal` or `live`"):
        read(environ={"DEEPRACER_ADMIN_MODE": "prod"})


def test_the_command_line_goes_before_the_environment(tmp_path: Path) -> None:
    environ = {"DEEPRACER_ADMIN_HOME": str(tmp_path / "a"), "DEEPRACER_ADMIN_PORT": "9000"}
    assert read(environ=environ)[1:3] == (tmp_path / "a", 9000)
    assert read("--home", str(tmp_path / "b"), "--port", "9001", environ=environ)[1:3] == (tmp_path / "b", 9001)


@pytest.mark.parametrize("given", [["--port", "70000"], ["--speed", "601"], ["--speed", "-1"], ["--speed", "nan"]])
def test_a_number_out_of_range_is_one_sentence(given: list[str]) -> None:
    with pytest.raises(Trouble, match=r"^[^\n]+$"):
        read(*given)


def test_a_linux_machine_without_a_screen_opens_no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    assert not console.can_open_browser({})
    assert console.can_open_browser({"DISPLAY": ":0"})
    assert console.can_open_browser({"WAYLAND_DISPLAY": "wayland-0"})


def test_a_rehearsal_opens_the_second_listener_so_that_links_to_the_big_screen_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(console, "port_is_taken", lambda port: port == 9001)
    name = "DEEPRACER_ADMIN_PUBLIC_PORT"

    def given(mode: str, port: int, environ: dict[str, str] | None = None) -> str | None:
        started = console.Start(mode, Path("home"), port, 60, False)
        return console.child_environment(environ or {}, started).get(name)

    assert given("rehearsal", 8501) == "8502"
    assert given("rehearsal", 9000) == "0", "its neighbour is taken"
    assert given("rehearsal", 65535) == "0"
    assert given("rehearsal", 8501, {name: "7000"}) == "7000", "what a person has set stays"
    assert given("live", 8501) is None, "off by default where it matters"
