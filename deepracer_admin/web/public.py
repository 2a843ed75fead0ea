"""The public listener: /live/<signed link>, plain ASGI, no sign-in, read-only."""

from __future__ import annotations

from starlette.applications import Starlette

from deepracer_admin.services.boards import BoardsService

__all__ = ["public_app"]


def public_app(boards: BoardsService) -> Starlette:
    """The application of the second listener."""
    return Starlette(routes=[])
