"""What may be wrong with a machine is said in one sentence, and data goes where it belongs."""

from __future__ import annotations

import ast
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from launch import machine
from launch.machine import Trouble

ROOT = Path(__file__).resolve().parents[2]
LAUNCHER = [ROOT / "start.py", *sorted((ROOT / "launch").glob("*.py"))]
POSIX = pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.parametrize("path", LAUNCHER, ids=lambda path: path.name)
def test_the_launcher_loads_in_an_old_python_and_needs_nothing_installed(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 7))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= sys.stdlib_module_names | {"launch"}


def test_an_old_python_is_told_which_newer_one_to_use() -> None:
    with pytest.raises(Trouble, match=r"^The console needs Python 3.11 or newer and this is 3.9: run `python3.12 sta"):
        machine.check_python((3, 9), find=lambda name: name if name in ("python3.12", "python3.11") else None)
    with pytest.raises(Trouble, match=r"install a newer one from python.org"):
        machine.check_python((2, 7), find=lambda name: None)
    machine.check_python((3, 11))
    machine.check_python((4, 0))


def test_each_system_keeps_the_data_where_its_people_expect_it() -> None:
    user = Path("/home/ada")
    assert machine.default_home("live", "Linux", {}, user) == user / ".local/share/deepracer-console/live"
    assert machine.default_home("live", "Linux", {"XDG_DATA_HOME": "/d"}, user) == Path("/d/deepracer-console/live")
    assert machine.default_home("rehearsal", "Darwin", {}, user) == (
        user / "Library/Application Support/DeepRacerConsole/rehearsal"
    )
    local = {"LOCALAPPDATA": "/u/AppData/Local"}
    assert machine.default_home("live", "Windows", local, user) == Path("/u/AppData/Local/DeepRacerConsole/live")
    assert machine.default_home("live", "Windows", {}, user) == user / "AppData/Local/DeepRacerConsole/live"


@POSIX
def test_a_new_data_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    machine.make_home(tmp_path / "deep" / "home")
    assert (tmp_path / "deep" / "home").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "deep" / "home" / "logs").is_dir()


@POSIX
def test_a_folder_that_was_there_keeps_its_permissions(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    machine.make_home(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_a_data_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Trouble, match=r"cannot be made .*: choose another with `--home`"):
        machine.make_home(tmp_path / "file" / "home")


def test_a_port_in_use_names_the_next_free_one(taken_port: int) -> None:
    with pytest.raises(Trouble, match=rf"^Port {taken_port} is in use, .* start with `--port \d+`\.$") as trouble:
        machine.check_port(taken_port)
    other = int(str(trouble.value).split("--port ")[1].rstrip("`."))
    assert other > taken_port
    machine.check_port(other)


def test_a_listener_on_ipv6_counts_because_browsers_try_it_first() -> None:
    with socket.socket(socket.AF_INET6) as listener:
        try:
            listener.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6 loopback")
        listener.listen()
        assert machine.port_is_taken(listener.getsockname()[1])


def test_a_full_disk_is_found_before_the_download(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match=r"free at least 1000000000.0 GB"):
        machine.check_disk_free(tmp_path, 1e18)
    machine.check_disk_free(tmp_path, 1)


@pytest.mark.parametrize(("text", "name"), [("NAME=x\nID=debian\n", "debian"), ('ID="rhel"\n', "rhel"), ("", "")])
def test_the_distribution_is_read_from_its_release_file(tmp_path: Path, text: str, name: str) -> None:
    (tmp_path / "os-release").write_text(text)
    assert machine.distribution(tmp_path / "os-release") == name
    assert machine.distribution(tmp_path / "missing") == ""
