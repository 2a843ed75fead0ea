"""What a practice world asks of each service in it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from starlette.routing import BaseRoute


class Service(Protocol):
    """One imitated service. It may also offer, each found by name:

    `fault_response(name, operation) -> Response` the service's own body for `error_5xx` and `throttle`;
    `operation(method, path, headers) -> str | None` the name of an operation where route names do not tell it.
    """

    @property
    def name(self) -> str: ...
    def routes(self) -> Sequence[BaseRoute]: ...
    def snapshot(self) -> dict[str, Any]: ...
    def restore(self, state: dict[str, Any]) -> None: ...
    def tick(self, now: datetime) -> None: ...
    def truth(self) -> dict[str, Any]: ...
