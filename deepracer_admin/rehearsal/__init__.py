"""A practice world: servers on loopback that speak as the real services do, and the racers who use them.

It runs in its own process (``python -m deepracer_admin.rehearsal --home DIR``) and imports nothing of the console, so
that a mistake in one is not hidden by the same mistake in the other. Nothing in it ever leaves the machine.
"""

MARK_HEADER = "X-Practice-World"
MARK = "deepracer-rehearsal"
"""Every reply carries ``X-Practice-World: deepracer-rehearsal``, so that live mode can refuse a practice server."""

__all__ = ["MARK", "MARK_HEADER"]
