"""What an audit is good for: proving that it is whole, finding an entry, handing it to somebody.

The chain itself lives beside the store that writes it (store/chain.py). It names people by object id, so it verifies
without any e-mail, and still after a person was taken out of it (`redacted`). Entries cut off at the end cannot be seen
from inside: keep the last digest elsewhere (the close-out report prints it).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from deepracer_admin.clock import iso
from deepracer_admin.model import AuditEntry
from deepracer_admin.store.chain import GENESIS, covered, digest

__all__ = ["REDACT", "SYSTEM", "by_system", "chained", "digest", "export_rows", "redacted", "select", "verify"]

REDACT = "audit.redact"
"""Action of the entry that says which entries an erased person was taken out of."""
SYSTEM = "system"
"""Stands where a person's object id stands otherwise."""


def by_system(
    event: str,
    action: str,
    *,
    at: datetime,
    name: str,
    target: str,
    count: int,
    after: Any = None,
    job: str = "",
    on_behalf_of: str = "",
) -> AuditEntry:
    """What no person did, to append. `name`: which part of the console, and upon what, in words for a person."""
    return AuditEntry(
        seq=0,
        at=at,
        event=event,
        actor=SYSTEM,
        actor_name=name,
        role="System",
        action=action,
        target=target,
        count=count,
        after=after,
        job=job,
        on_behalf_of=on_behalf_of,
    )


def verify(entries: Iterable[AuditEntry], *, after: AuditEntry | None = None) -> int | None:
    """The `seq` of the first entry that was altered, or before which one is missing; None when the chain is whole.

    `entries` in any order, over all events (the chain is one); `after` is the entry before the first of them when only
    the rest is at hand, and is taken as good.
    """
    rows = sorted(entries, key=lambda each: each.seq)
    pinned = redacted(rows)
    previous, expected = (GENESIS, 1) if after is None else (after.digest, after.seq + 1)
    for entry in rows:
        whole = digest(previous, entry)
        if entry.seq != expected or (entry.digest != whole and pinned.get(entry.seq) != whole):
            return entry.seq
        previous, expected = entry.digest, entry.seq + 1
    return None


def chained(entries: Iterable[AuditEntry], *, previous: str = GENESIS) -> list[dict[str, Any]]:
    """Each entry as its digest covers it, with the digest: whoever reads this can verify the chain. In order of `seq`;
    `previous`: the digest of the entry before the first."""
    found: list[dict[str, Any]] = []
    for entry in sorted(entries, key=lambda each: each.seq):
        found.append({**covered(previous, entry), "digest": entry.digest})
        previous = entry.digest
    return found


def redacted(entries: Iterable[AuditEntry]) -> dict[int, str]:
    """Entries out of which an erased person was taken: number -> digest of what is left of the entry.

    An entry keeps the digest that it was written with, so the chain through it stays; what it may have become stands in
    a later entry (`REDACT`), which the chain covers like any other. Anything else that differs is an alteration.
    """
    found: dict[int, str] = {}
    for entry in sorted(entries, key=lambda each: each.seq):
        if entry.action == REDACT and isinstance(entry.after, Mapping):
            left: Mapping[str, Any] = entry.after.get("left") or {}
            found |= {int(seq): str(what) for seq, what in left.items() if int(seq) < entry.seq}
    return found


def select(
    entries: Iterable[AuditEntry],
    *,
    words: str = "",
    action: str = "",
    actor: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    allowed: bool | None = None,
) -> list[AuditEntry]:
    """Those that match everything given, in their order. `words`: each must occur in name, action, target or values,
    whatever the case. `until` is exclusive."""
    wanted = words.casefold().split()
    return [
        entry
        for entry in entries
        if (not action or entry.action == action)
        and (not actor or entry.actor == actor)
        and (since is None or entry.at >= since)
        and (until is None or entry.at < until)
        and (allowed is None or entry.allowed is allowed)
        and (not wanted or all(word in _searched(entry) for word in wanted))
    ]


def export_rows(entries: Iterable[AuditEntry]) -> list[dict[str, str | int]]:
    """One flat row per entry for CSV or a workbook; `before` and `after` as JSON, so that nothing is left out."""
    return [
        {
            "seq": entry.seq,
            "at": iso(entry.at),
            "event": entry.event,
            "who": entry.actor_name,
            "who (object id)": entry.actor,
            "role": entry.role,
            "on behalf of": entry.on_behalf_of,
            "action": entry.action,
            "target": entry.target,
            "count": entry.count,
            "before": _json(entry.before),
            "after": _json(entry.after),
            "allowed": "yes" if entry.allowed else "no",
            "job": entry.job,
            "digest": entry.digest,
        }
        for entry in entries
    ]


def _searched(entry: AuditEntry) -> str:
    parts = (entry.actor_name, entry.action, entry.target, entry.job, _json(entry.before), _json(entry.after))
    return "\n".join(parts).casefold()


def _json(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
