"""Audit page: who did what, the chain verified, and exports that anybody can verify."""

from __future__ import annotations

from deepracer_admin.model import Actor, AuditEntry
from deepracer_admin.rules.audit import chained, export_rows, select, verify
from deepracer_admin.rules.seal import EXPORT, json_body, seal
from deepracer_admin.rules.tabular import inert_csv
from deepracer_admin.services.base import Service
from deepracer_admin.signing import open_signing_key

__all__ = ["EVERYTHING", "AuditService"]

SEAL_FOLLOWS = "The next row is no entry but the seal of this file: it proves that nothing above it was changed."
EVERYTHING = 1_000_000
"""More audit entries than an installation ever writes."""


class AuditService(Service):
    """What the Audit page calls."""

    def entries(self, actor: Actor, *, text: str = "", action: str = "", limit: int = 1000) -> list[AuditEntry]:
        """Newest first, filtered by a word in any field and by the action's name."""
        self._authorise(actor, "audit.view")
        rows = self.store.audit(None, limit=EVERYTHING if text.strip() or action else limit)
        return select(rows, words=text, action=action)[:limit]

    def newest(self, actor: Actor) -> int:
        """The newest entry's number, 0 when there is none: pages cache by it."""
        self._authorise(actor, "audit.view")
        rows = self.store.audit(None, limit=1)
        return rows[0].seq if rows else 0

    def verify(self, actor: Actor) -> tuple[int, int | None]:
        """(entries checked, first broken sequence number or None)."""
        self._authorise(actor, "audit.view")
        rows = list(reversed(self.store.audit(None, limit=EVERYTHING)))
        return len(rows), verify(rows)

    def export(self, actor: Actor) -> bytes:
        """All entries as CSV, inert in spreadsheets; the last row is the seal (rules/seal.py), and the one before it
        says so."""
        rows = self._all(actor)
        table = export_rows(rows)
        columns = [*table[0]] if table else ["seq"]
        body = inert_csv([[*line.values()] for line in table], columns) + inert_csv(
            [], ["note", SEAL_FOLLOWS], bom=False
        )
        return seal(body, "csv", kind=EXPORT, key=open_signing_key(self.house.settings), at=self.clock.now())

    def export_json(self, actor: Actor) -> bytes:
        """All entries as sealed JSON, each as its digest covers it, so that anybody can verify the chain as well."""
        rows = self._all(actor)
        about = "The console's audit, oldest first. A digest is the SHA-256 of its entry (docs/certificate.md)."
        body = json_body({"about": about, "entries": chained(rows)})
        return seal(body, "json", kind=EXPORT, key=open_signing_key(self.house.settings), at=self.clock.now())

    def _all(self, actor: Actor) -> list[AuditEntry]:
        """Oldest first; that they were taken out is an entry too, of the next export."""
        self._authorise(actor, "audit.export")
        rows = list(reversed(self.store.audit(None, limit=EVERYTHING)))
        self._audit(actor, "audit.export", count=len(rows))
        return rows
