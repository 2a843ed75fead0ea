"""The hash chain of the audit, so that a removed, reordered or altered entry shows.

Each entry's digest covers the digest before it and every field of its own. People are named by object id; no e-mail is
needed to verify, so personal data elsewhere can be erased without breaking the chain.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from deepracer_admin.clock import iso
from deepracer_admin.model import AuditEntry
from deepracer_admin.store.codec import encode

__all__ = ["GENESIS", "covered", "digest"]

GENESIS = ""  # what the first entry chains to


def digest(previous: str, entry: AuditEntry) -> str:
    """SHA-256 (hex) of the entry, chained to `previous` (the digest of the entry before, GENESIS for the first).

    `entry.digest` itself is not covered. Times count to the millisecond, as they are stored.
    """
    canonical = json.dumps(
        covered(previous, entry), sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def covered(previous: str, entry: AuditEntry) -> dict[str, Any]:
    """What the digest covers, as plain JSON values."""
    return {
        "previous": previous,
        "seq": entry.seq,
        "at": iso(entry.at),
        "event": entry.event,
        "actor": entry.actor,
        "actor_name": entry.actor_name,
        "role": entry.role,
        "action": entry.action,
        "target": entry.target,
        "count": entry.count,
        "before": json.loads(encode(entry.before)),
        "after": json.loads(encode(entry.after)),
        "allowed": bool(entry.allowed),
        "job": entry.job,
        "on_behalf_of": entry.on_behalf_of,
    }
