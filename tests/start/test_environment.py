"""The virtual environment is built once, again when it must be, and only from the locks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from launch import environment
from launch.machine import Trouble

ROOT = Path(__file__).resolve().parents[2]
LAUNCHER = [ROOT / "start.py", *sorted((ROOT / "launch").glob("*.py"))]
POSIX = pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("ERROR: [Errno 28] No space left on device", "The disk is full"),
        ("NewConnectionError('... Failed to establish a new connection')\nNo matching distribution found", "network"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "not the one that was locked"),
        ("ERROR: No matching distribution found for pyarrow==26.0.1", "no ready-made build"),
        ("SSLError(SSLCertVerificationError(1, 'CERTIFICATE_VERIFY_FAILED'))", "certificate is not trusted"),
        ("ERROR: something new", "install.log says why"),
    ],
)
def test_what_pip_said_becomes_one_sentence(said: str, sentence: str) -> None:
    explained = environment.explain_pip_failure(said, Path(".venv/install.log"))
    assert sentence in explained
    assert "\n" not in explained


def test_on_debian_a_missing_venv_module_names_its_package(tmp_path: Path) -> None:
    said = "The virtual environment was not created successfully because ensurepip is not available."
    assert "your system's package" in environment.explain_venv_failure(said, tmp_path)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/debian_version").write_text("12.5")
    package = f"python3.{sys.version_info[1]}-venv"
    assert f"`sudo apt-get install {package}`" in environment.explain_venv_failure(said, tmp_path)


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.txt"
    path.write_text("# nothing to install\n")
    return path


@pytest.fixture(scope="module")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real environment, over the ruins of another."""
    venv = tmp_path_factory.mktemp("built") / ".venv"
    venv.mkdir()
    (venv / "ruins").write_text("of another")
    environment.build_venv(venv)
    assert not (venv / "ruins").exists()
    return venv


@pytest.fixture
def builds(built_once: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Which were built, each as a copy of the one real: putting pip into one takes longer than a hundred tests."""
    done: list[Path] = []

    def build(venv: Path) -> None:
        shutil.rmtree(venv, ignore_errors=True)
        shutil.copytree(built_once, venv, symlinks=True)
        done.append(venv)

    monkeypatch.setattr(environment, "build_venv", build)
    return done


@pytest.fixture
def installs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Counts what would be fetched; the environments themselves are real."""
    done: list[str] = []
    monkeypatch.setattr(environment, "install", lambda venv, lock, patience_s: done.append(lock.name))
    return done


def test_the_second_start_installs_nothing_and_a_changed_lock_does(
    tmp_path: Path, lock: Path, builds: list[Path], installs: list[str]
) -> None:
    python = environment.prepare(tmp_path / ".venv", [lock])
    ran = subprocess.run([str(python), "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True)
    assert Path(ran.stdout.strip()).resolve() == (tmp_path / ".venv").resolve()
    assert environment.prepare(tmp_path / ".venv", [lock]) == python
    assert installs == ["requirements.txt"]
    lock.write_text("# another lock\n")
    environment.prepare(tmp_path / ".venv", [lock])
    assert installs == ["requirements.txt"] * 2
    assert len(builds) == 1


def test_a_broken_environment_or_another_python_is_built_anew(
    tmp_path: Path, lock: Path, builds: list[Path], installs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    venv = tmp_path / ".venv"
    environment.prepare(venv, [lock])
    environment.venv_python(venv).unlink()
    assert not environment.is_whole(venv)
    environment.prepare(venv, [lock])
    assert environment.is_whole(venv)
    monkeypatch.setattr(environment, "python_tag", lambda: "cpython-399 another")
    environment.prepare(venv, [lock])
    assert len(installs) == len(builds) == 3


def test_an_install_that_fails_is_one_sentence_and_leaves_no_stamp(
    tmp_path: Path, lock: Path, builds: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    lock.write_text(f"iniconfig==2.3.1 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(Trouble, match="no ready-made build for this Python and system"):
        environment.prepare(tmp_path / ".venv", [lock])
    assert lock.name not in environment.read_stamp(tmp_path / ".venv")
    assert "iniconfig" in (tmp_path / ".venv" / "install.log").read_text()


def test_packages_that_never_come_are_one_sentence(tmp_path: Path, lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(command: list[str], *, timeout: float | None = None, **_: object) -> None:
        raise subprocess.TimeoutExpired(command, timeout or 0)

    monkeypatch.setattr(environment, "is_whole", lambda venv: True)
    (tmp_path / ".venv").mkdir()
    environment.write_stamp(tmp_path / ".venv", {"python": environment.python_tag()})
    monkeypatch.setattr(environment.subprocess, "run", never)
    with pytest.raises(Trouble, match="did not come within 9 s"):
        environment.prepare(tmp_path / ".venv", [lock], patience_s=9)
    assert lock.name not in environment.read_stamp(tmp_path / ".venv")


def test_a_stamp_nobody_can_read_counts_as_none(tmp_path: Path) -> None:
    assert environment.read_stamp(tmp_path) == {}
    (tmp_path / "installed.json").write_text("[1]")
    assert environment.read_stamp(tmp_path) == {}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-test.txt", "infra/requirements-sam.txt"])
def test_every_locked_package_has_hashes_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    pins = [line for line in text.splitlines() if "==" in line]
    assert len(pins) > 50
    assert all(line.endswith("\\") for line in pins)
    assert "://" not in text
    assert "--index-url" not in text


def test_both_locks_agree_on_every_version() -> None:
    def pins(name: str) -> set[str]:
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        return {line.split(" ")[0] for line in lines if "==" in line}

    assert pins("requirements.txt") < pins("requirements-test.txt")
