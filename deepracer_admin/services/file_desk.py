"""People's files, read in a child process: what every service and command asks that takes a file."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from deepracer_admin.files import FileReader, FileRefused
from deepracer_admin.rules.roster.carried import unpack
from deepracer_admin.rules.roster.choices import GUESSED, ReadingChoices
from deepracer_admin.rules.roster.findings import RosterCheck, UnreadableRoster

__all__ = ["FileDesk"]

_REMEMBERED = 8  # lists; a page asks for the same one at every click, and for how it was guessed
_NO_ANSWER = (
    "This file is damaged in a way that its reader did not survive: export the list as CSV UTF-8 and choose that file."
)


class FileDesk:
    """Asks the reader and understands its answers. Holds no file; the last few checked lists are kept."""

    def __init__(self, reader: FileReader) -> None:
        self._reader = reader
        self._lock = threading.Lock()
        self._hashing = ThreadPoolExecutor(1, "file-hash")
        self._known: OrderedDict[str, RosterCheck] = OrderedDict()

    def check_list(
        self,
        data: bytes,
        *,
        filename: str,
        choices: ReadingChoices = GUESSED,
        service_rule: str | None = None,
        limits: Mapping[str, int] | None = None,
    ) -> RosterCheck:
        """`rules.roster.check.check`, in the child, read as `choices` say (`limits` is what differs of Limits).

        Raises UnreadableRoster; ConsoleError when no child can be started.
        """
        options = {"service_rule": service_rule, "limits": dict(limits or {})}
        given = {
            "filename": filename,
            "choices": choices.as_json(),
            **{name: value for name, value in options.items() if value},
        }

        def key_of() -> str:
            hashed = hashlib.blake2b(json.dumps(given, sort_keys=True).encode() + b"\0")
            hashed.update(data)
            return hashed.hexdigest()

        key = self._hashing.submit(key_of)  # ready long before the answer is
        if self._known and (known := self._remembered(key.result())) is not None:
            return known
        try:
            answer = self._reader.ask("list", data, given)
            found = unpack(answer.values, answer.blocks)
        except FileRefused as refused:
            raise UnreadableRoster(refused.sentence) from None
        except ValueError:
            raise UnreadableRoster(_NO_ANSWER) from None
        with self._lock:
            self._known[key.result()] = found
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return found

    def _remembered(self, key: str) -> RosterCheck | None:
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
            return self._known.get(key)

    def settings_values(self, data: bytes) -> Mapping[str, Any]:
        """The values of a settings file. Raises BadInput with the reason."""
        values = self._reader.ask("settings", data, {}).values.get("settings")
        if not isinstance(values, dict):
            raise FileRefused("Settings file: it is no settings file of this console, or of another version.")
        return values

    def expect(self) -> None:
        """A file is likely to come soon; returns at once."""
        self._reader.warm()

    def close(self) -> None:
        """Let go of the child that was kept ready."""
        self._reader.close()
