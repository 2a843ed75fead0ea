"""Campaigns, letters, the sender, the outbox."""

from __future__ import annotations

from deepracer_admin.store.version_4.moved import Move, Moved, same, to_rows

__all__ = ["MOVES"]

MOVES: dict[str, Move] = {
    "campaigns": to_rows("campaigns"),
    "templates": to_rows("templates"),
    "sender": same("sender"),
    "events_taken_at": same("events_taken_at"),
    "outbox": lambda value: [Moved("outbox", mail, str(mail["seq"])) for mail in value],
}
