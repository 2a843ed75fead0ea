"""The console as people start it, in a process of its own, for tests that look at it from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import httpx

from deepracer_admin.settings import Settings
from deepracer_admin.web.keeper import cookie_names
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_S = 300.0
STOP = signal.CTRL_BREAK_EVENT if sys.platform == "win32" else signal.SIGTERM  # SIGTERM would be a kill there
NEW_GROUP = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)  # else Ctrl-Break would reach the tests, too


def write_silent_world(home: Path) -> None:
    """The addresses of a practice world in which nobody answers, for tests that never ask it anything."""
    nobody = "http://127.0.0.1:9"
    entra = {"authority": f"{nobody}/entra", "tenant": "t", "client_id": "c", "client_secret": "s"}
    aws = {"region": "us-east-1", "access_key_id": "a", "secret_access_key": "s", "ses_url": nobody}
    aws |= {"managed_url": nobody, "cognito_idp_url": nobody, "cognito_identity_url": nobody}
    practice = {
        "url": nobody,
        "control": f"{nobody}/control",
        "entra": entra,
        "graph": {"url": nobody},
        "deepracer": {"site": nobody, "user": "console@example.com", "password": "p"},
        "aws": aws,
        "mail": {"from": "deepracer@example.com"},
    }
    (home / "practice.json").write_text(json.dumps(practice), "utf-8")


@dataclass
class ConsoleProcess:
    """`streamlit run app.py` on loopback. `public` is the second listener's address, "" when it is off."""

    url: str
    public: str
    home: Path
    process: subprocess.Popen[bytes]
    output: Path
    _stream: IO[bytes]

    @property
    def session_cookie(self) -> str:
        """How its session cookie is called."""
        settings = Settings.model_validate({"port": urlsplit(self.url).port, "home": self.home})
        return cookie_names(settings).session

    def stop(self) -> int:
        """Ask it to stop, as Ctrl-C does; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(STOP)
        try:
            return self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait(PATIENCE_S)
        finally:
            self._stream.close()

    def said(self) -> str:
        return self.output.read_text("utf-8", "replace")


def start_console(home: Path, *, wait: bool = True, public: bool = False, **settings: str) -> ConsoleProcess:
    """Start it; `settings` become `DEEPRACER_ADMIN_*`. With `wait`, returns when it answers; raises RuntimeError."""
    port, second = free_port(), free_port() if public else 0
    ours = {"HOME": str(home), "PORT": str(port), "PUBLIC_PORT": str(second), **settings}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DEEPRACER_ADMIN_")}
    environ = {**kept, **{f"DEEPRACER_ADMIN_{name}": value for name, value in ours.items()}, "PYTHONUNBUFFERED": "1"}
    output = home / "console-output.log"
    stream = output.open("wb")
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.port", str(port)]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=stream, stderr=subprocess.STDOUT, creationflags=NEW_GROUP
    )
    address = f"http://127.0.0.1:{second}" if second else ""
    made = ConsoleProcess(f"http://localhost:{port}", address, home, process, output, stream)
    if wait:
        _wait(made)
    return made


def _wait(console: ConsoleProcess) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and console.process.poll() is None:
        try:
            if httpx.get(f"{console.url}/_stcore/health", timeout=5, trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    console.stop()
    raise RuntimeError(f"The console did not start: {console.said()}")
