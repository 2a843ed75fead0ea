"""Reading what a service answered: whatever is not what it must be becomes one error that people are told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from deepracer_admin.edge.aws_errors import odd_answer

__all__ = ["UNREADABLE", "understood"]

UNREADABLE = (AttributeError, KeyError, IndexError, TypeError, ValueError)
"""What an answer without what it must hold, or with something else in its place, makes of its reader."""

log = logging.getLogger(__name__)
R = TypeVar("R")
P = ParamSpec("P")


def understood(service: str, called: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """For a method that reads answers of `service` (as errors carry it), which people know as `called`.

    It raises Unavailable in place of `UNREADABLE`, also while somebody iterates over what it returned.
    """

    def odd(name: str, failure: Exception) -> Exception:
        log.warning("an answer to %s could not be read (%s)", name, type(failure).__name__)
        return odd_answer(service, called, name)

    def each(name: str, rows: Iterator[Any]) -> Iterator[Any]:
        try:
            yield from rows
        except UNREADABLE as failure:
            raise odd(name, failure) from failure

    def around(method: Callable[P, R]) -> Callable[P, R]:
        @wraps(method)
        def call(*arguments: P.args, **options: P.kwargs) -> R:
            try:
                found = method(*arguments, **options)
            except UNREADABLE as failure:
                raise odd(method.__name__, failure) from failure
            return cast(R, each(method.__name__, found)) if isinstance(found, Iterator) else found

        return call

    return around
