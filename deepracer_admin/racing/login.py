"""An organizer's own sign-in to DeepRacer on AWS, typed on the Set up page instead of being written into settings.

It is kept in the memory of this process and nowhere else: no file, no log, no session of a browser. A restart asks for
it again. The adapter is made from it where the worker runs, so a worker in a process of its own needs the settings.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace

__all__ = ["Login", "LoginDesk"]


@dataclass(frozen=True, slots=True)
class Login:
    """Where and as whom. `new_password` answers Cognito's question at the first sign-in of an invited user."""

    site: str
    user: str
    password: str = field(repr=False)
    new_password: str = field(default="", repr=False)


class LoginDesk:
    """The one typed sign-in of this process. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: Login | None = None
        self._turn = 0

    @property
    def turn(self) -> int:
        """Grows with every sign-in and every forgetting: what was connected before is connected anew."""
        with self._lock:
            return self._turn

    def held(self) -> Login | None:
        """The sign-in typed last; None when the settings count."""
        with self._lock:
            return self._held

    def hold(self, login: Login) -> None:
        """Use this one from now on."""
        with self._lock:
            self._held, self._turn = login, self._turn + 1

    def forget(self) -> None:
        """Go back to what the settings say."""
        with self._lock:
            self._held, self._turn = None, self._turn + 1

    def settle(self, asked: Login, *, taken: bool) -> None:
        """The new password was asked for once: it is the password now (`taken`), or it was refused and goes."""
        with self._lock:
            if self._held is asked:
                password = asked.new_password if taken else asked.password
                self._held = replace(asked, password=password, new_password="")
