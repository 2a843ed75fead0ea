"""What became of a mail, in the same words everywhere: whether it was sent, and what was reported of its delivery."""

from __future__ import annotations

from collections.abc import Mapping

from deepracer_admin.model import Sending

__all__ = ["CAME_BACK", "SENDING", "delivery_word"]

SENDING: Mapping[Sending, str] = {
    Sending.PENDING: "… queued",
    Sending.CLAIMED: "… being sent",
    Sending.SENT: "✓ sent",
    Sending.FAILED: "✗ failed",
    Sending.UNKNOWN: "? answer lost",
    Sending.SKIPPED: "– left out",
}
CAME_BACK = "✗ came back"
_DELIVERED = {"delivered": "✓ arrived", "bounced": CAME_BACK, "complained": "✗ complaint", "delayed": "… delayed"}


def delivery_word(delivered: str) -> str:
    """Of a delivery's `delivered`; most senders report only what went wrong."""
    return _DELIVERED.get(delivered, "not reported")
