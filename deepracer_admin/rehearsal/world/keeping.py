"""Where a practice world lives between two runs: its secrets, and files that are replaced in one step."""

import json
import os
import secrets
import time
import uuid
from pathlib import Path
from typing import Any

STATE_FILE = "practice-state.json"
STATE_VERSION = 1


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


def read_state(home: Path) -> dict[str, Any] | None:
    """The saved world, or None for a new one. Raises ValueError when the file is from another edition."""
    try:
        state = json.loads((home / STATE_FILE).read_text("utf-8"))
    except FileNotFoundError:
        return None
    except json.JSONDecodeError as unreadable:
        raise foreign_state(home) from unreadable
    if not isinstance(state, dict) or state.get("version") != STATE_VERSION:
        raise foreign_state(home)
    return state


def write_state(home: Path, state: dict[str, Any]) -> None:
    write_private(home / STATE_FILE, json.dumps({"version": STATE_VERSION, **state}, separators=(",", ":")))


def foreign_state(home: Path) -> ValueError:
    return ValueError(f"{home / STATE_FILE} is damaged or from another edition of the practice world: delete it.")


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
