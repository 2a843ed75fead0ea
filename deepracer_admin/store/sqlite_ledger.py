"""The mail ledger: at most one mail per event, attendee, template and number (identity-and-mail.md 4.4).

A mail to somebody who registered and is not on the list stands under the key of the registration.

    PENDING --claim--> CLAIMED --settle--> SENT | FAILED | UNKNOWN | SKIPPED | PENDING (not sent, try later)
    FAILED --claim, once next_try_at has come--> CLAIMED       CLAIMED --the holder died--> UNKNOWN
    FAILED | UNKNOWN | SKIPPED --settle, asked for--> PENDING  UNKNOWN --settle, asked for--> SENT
    anything --a delivery event proves acceptance--> SENT      SENT --> nothing, ever

A CLAIMED row is settled only by its claimant (owner and epoch must match), and so is one that became UNKNOWN because
its claimant was thought dead. A move that is not drawn here is not made.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime

from deepracer_admin.clock import iso
from deepracer_admin.model import Again, Delivery, DeliveryEvent, Lease, Sending
from deepracer_admin.store.codec import instant, when
from deepracer_admin.store.documents import REGISTERED
from deepracer_admin.store.sqlite_steps import StepsPart

__all__ = ["LedgerPart"]

SETTLE = """UPDATE deliveries SET
    state = :state, attempts = max(attempts, :attempts), code = :code, sentence = :sentence,
    message_id = CASE WHEN :message_id = '' THEN message_id ELSE :message_id END,
    next_try_at = CASE WHEN :state IN ('pending', 'failed') THEN :next_try_at END, changed_at = :now
    WHERE event = :event AND attendee = :attendee AND template = :template AND number = :number
    AND CASE state
        WHEN 'pending' THEN :state IN ('pending', 'failed', 'skipped')
        WHEN 'claimed' THEN :state <> 'claimed' AND owner = :owner AND epoch = :epoch
        WHEN 'failed' THEN :state IN ('pending', 'failed', 'skipped')
        WHEN 'unknown' THEN :state IN ('sent', 'pending', 'failed', 'skipped') AND owner = :owner AND epoch = :epoch
        WHEN 'skipped' THEN :state = 'pending'
        WHEN 'sent' THEN :state = 'sent' AND message_id = '' AND :message_id <> ''
        ELSE 0 END"""

PROVEN = """UPDATE deliveries SET
    state = 'sent', next_try_at = NULL, changed_at = :now,
    code = CASE WHEN state = 'sent' AND :code = '' THEN code ELSE :code END,
    sentence = CASE WHEN state = 'sent' AND :detail = '' THEN sentence ELSE :detail END,
    message_id = CASE WHEN message_id = '' THEN :message_id ELSE message_id END, delivered = :delivered
    WHERE position = :position"""

NOT_SENT = """UPDATE deliveries SET state = 'failed', next_try_at = NULL, changed_at = :now, code = :code,
    sentence = :detail, message_id = CASE WHEN message_id = '' THEN :message_id ELSE message_id END
    WHERE position = :position AND state IN ('unknown', 'claimed')"""

# What an event says about delivery; a later, weaker word does not replace a stronger one.
DELIVERED = {"delay": "delayed", "delivery": "delivered", "bounce": "bounced", "reject": "bounced",
             "rendering_failure": "bounced", "complaint": "complained"}  # fmt: skip
STRENGTH = ["", "delayed", "delivered", "bounced", "complained"]
KINDS_OF_FAILURE = ("reject", "rendering_failure")  # accepted at first, but certainly not sent on
KINDS = ("send", *DELIVERED)


class LedgerPart(StepsPart):
    def plan_deliveries(
        self,
        event: str,
        rows: Iterable[tuple[str, str, int]],
        *,
        campaign: str,
        lease: Lease | None,
        again: Again = Again.NEVER,
    ) -> int:
        """See EventStore.plan_deliveries. People who were deleted meanwhile are left out."""
        planned = 0
        with self._writing(lease) as connection:
            for attendee, template, version in rows:
                had = [
                    _delivery(row)
                    for row in connection.execute(
                        "SELECT * FROM deliveries WHERE event = ? AND attendee = ? AND template = ?",
                        (event, attendee, template),
                    ).fetchall()
                ]
                if any(row.stands_against(version, again) for row in had):
                    continue
                planned += connection.execute(
                    "INSERT INTO deliveries (event, attendee, template, number, version, state, campaign)"
                    " SELECT :event, :attendee, :template, :number, :version, 'pending', :campaign"
                    " WHERE EXISTS (SELECT 1 FROM attendees WHERE event = :event AND id = :attendee)"
                    " OR EXISTS"
                    " (SELECT 1 FROM records WHERE event = :event AND kind = :registered AND key = :attendee)",
                    {
                        "event": event,
                        "attendee": attendee,
                        "template": template,
                        "number": max((row.number for row in had), default=0) + 1,
                        "version": version,
                        "campaign": campaign,
                        "registered": REGISTERED,
                    },
                ).rowcount
            if planned:
                self._bump(connection, event)
        return planned

    def claim_deliveries(
        self,
        event: str,
        campaign: str,
        limit: int,
        *,
        lease: Lease,
        now: datetime,
        versions: Mapping[str, int] | None = None,
    ) -> list[Delivery]:
        with self._writing(lease) as connection:
            found = connection.execute(
                "SELECT position, template, version FROM deliveries WHERE event = :event AND campaign = :campaign"
                " AND (state = 'pending' AND (next_try_at IS NULL OR next_try_at <= :now)"
                " OR state = 'failed' AND next_try_at <= :now) ORDER BY position LIMIT :limit",
                {"event": event, "campaign": campaign, "now": iso(now), "limit": max(0, limit)},
            ).fetchall()
            newest = versions or {}
            connection.executemany(
                "UPDATE deliveries SET state = 'claimed', lease = ?, owner = ?, epoch = ?, attempts = attempts + 1,"
                " next_try_at = NULL, changed_at = ?, version = ? WHERE position = ?",
                [
                    (
                        lease.name,
                        lease.holder,
                        lease.epoch,
                        iso(now),
                        newest.get(row["template"], row["version"]),
                        row["position"],
                    )
                    for row in found
                ],
            )
            claimed = [
                _delivery(
                    connection.execute("SELECT * FROM deliveries WHERE position = ?", (row["position"],)).fetchone()
                )
                for row in found
            ]
            if claimed:
                self._bump(connection, event)
        return claimed

    def settle_deliveries(self, event: str, rows: Iterable[Delivery], *, lease: Lease | None, now: datetime) -> None:
        """Moves that the ledger does not allow are left out (see the module). Raises ValueError for CLAIMED.

        A CLAIMED or UNKNOWN row is settled by its claimant alone: by `lease`, or without one by the row's own owner
        and epoch, as the row was read.
        """
        values = [
            {
                "event": event,
                "attendee": row.attendee,
                "template": row.template,
                "number": row.number,
                "state": row.state,
                "attempts": row.attempts,
                "code": row.code,
                "sentence": row.sentence,
                "message_id": row.message_id,
                "next_try_at": when(row.next_try_at),
                "owner": row.owner if lease is None else lease.holder,
                "epoch": row.epoch if lease is None else lease.epoch,
                "now": iso(now),
            }
            for row in rows
        ]
        if any(value["state"] is Sending.CLAIMED for value in values):
            raise ValueError("a mail is claimed with claim_deliveries only")
        with self._writing(lease) as connection:
            if connection.executemany(SETTLE, values).rowcount > 0:
                self._bump(connection, event)

    def expire_claims(self, event: str, *, lease: Lease, now: datetime) -> int:
        """See EventStore.expire_claims; also claims under another lease that was taken over, given back or ran out."""
        with self._writing(lease) as connection:
            expired = connection.execute(
                "UPDATE deliveries SET state = 'unknown', changed_at = :now, code = 'lost',"
                " sentence = 'The console stopped while this mail was being sent; it may have arrived.'"
                " WHERE event = :event AND state = 'claimed' AND NOT EXISTS ("
                " SELECT 1 FROM leases WHERE leases.name = deliveries.lease AND leases.epoch = deliveries.epoch"
                " AND leases.holder = deliveries.owner AND (leases.until > :now OR leases.name = :own))",
                {"event": event, "now": iso(now), "own": lease.name},
            ).rowcount
            if expired:
                self._bump(connection, event)
        return expired

    def deliveries(
        self, event: str, *, campaign: str | None = None, attendee: str | None = None, state: Sending | None = None
    ) -> list[Delivery]:
        """In the order in which they were planned."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT * FROM deliveries WHERE event = :event AND (:campaign IS NULL OR campaign = :campaign)"
                " AND (:attendee IS NULL OR attendee = :attendee) AND (:state IS NULL OR state = :state)"
                " ORDER BY position",
                {"event": event, "campaign": campaign, "attendee": attendee, "state": state},
            ).fetchall()
        return [_delivery(row) for row in rows]

    def delivery_counts(self, event: str, campaign: str | None = None) -> dict[Sending, int]:
        """Every state, 0 where there is none."""
        return {**self._as_before(event, ("counts", campaign), lambda: self._count_deliveries(event, campaign))}

    def _count_deliveries(self, event: str, campaign: str | None) -> dict[Sending, int]:
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT state, count(*) AS n FROM deliveries"
                " WHERE event = :event AND (:campaign IS NULL OR campaign = :campaign) GROUP BY state",
                {"event": event, "campaign": campaign},
            ).fetchall()
        return dict.fromkeys(Sending, 0) | {Sending(row["state"]): row["n"] for row in rows}

    def delivered_counts(self, event: str) -> dict[str, int]:
        return {**self._as_before(event, "delivered", lambda: self._count_delivered(event))}

    def _count_delivered(self, event: str) -> dict[str, int]:
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT delivered, count(*) AS n FROM deliveries WHERE event = ? GROUP BY delivered", (event,)
            ).fetchall()
        return {row["delivered"]: row["n"] for row in rows}

    def sizes(self, event: str) -> dict[str, int]:
        return {**self._as_before(event, "sizes", lambda: self._sizes(event))}

    def _sizes(self, event: str) -> dict[str, int]:
        with self._reading() as connection:
            row = connection.execute(
                "SELECT (SELECT count(*) FROM attendees WHERE event = :event) AS attendees,"
                " (SELECT count(*) FROM profiles WHERE event = :event) AS profiles,"
                " (SELECT count(*) FROM deliveries WHERE event = :event) AS deliveries",
                {"event": event},
            ).fetchone()
        return {name: row[name] for name in ("attendees", "profiles", "deliveries")}

    def apply_delivery_events(self, event: str, events: Iterable[DeliveryEvent], *, now: datetime) -> int:
        """See EventStore.apply_delivery_events. A row is proven SENT from any state: also one that was queued again by
        hand, which then is not sent twice. Kinds that are not known (opens, clicks) change nothing."""
        changed = 0
        with self._writing() as connection:
            for each in events:
                row = self._meant(connection, event, each) if each.kind in KINDS else None
                if row is not None:
                    changed += self._apply(connection, row, each, now)
            if changed:
                self._bump(connection, event)
        return changed

    def _meant(self, connection: sqlite3.Connection, event: str, each: DeliveryEvent) -> sqlite3.Row | None:
        parts = each.key.rsplit("#", 3)
        if len(parts) == 4 and parts[0] == event and parts[3].isdecimal():
            row = connection.execute(
                "SELECT * FROM deliveries WHERE event = ? AND attendee = ? AND template = ? AND number = ?",
                (event, parts[1], parts[2], int(parts[3])),
            ).fetchone()
            if row is not None:
                return row
        if not each.message_id:
            return None
        return connection.execute(
            "SELECT * FROM deliveries WHERE event = ? AND message_id = ? AND message_id <> ''",
            (event, each.message_id),
        ).fetchone()

    def _apply(self, connection: sqlite3.Connection, row: sqlite3.Row, each: DeliveryEvent, now: datetime) -> int:
        delivered = max(row["delivered"], DELIVERED.get(each.kind, ""), key=STRENGTH.index)
        bad = delivered == DELIVERED.get(each.kind) and delivered in ("bounced", "complained")
        values = {
            "position": row["position"],
            "now": iso(now),
            "code": each.kind if bad else "",
            "detail": each.detail if bad else "",
            "message_id": each.message_id,
            "delivered": delivered,
        }
        if each.kind in KINDS_OF_FAILURE and row["state"] != Sending.SENT:
            return connection.execute(NOT_SENT, values).rowcount
        learned = row["delivered"] != delivered or (not row["message_id"] and each.message_id)
        if row["state"] == Sending.SENT and not learned:
            return 0
        return connection.execute(PROVEN, values).rowcount


def _delivery(row: sqlite3.Row) -> Delivery:
    return Delivery(
        attendee=row["attendee"],
        template=row["template"],
        number=row["number"],
        state=Sending(row["state"]),
        owner=row["owner"],
        epoch=row["epoch"],
        attempts=row["attempts"],
        message_id=row["message_id"],
        code=row["code"],
        sentence=row["sentence"],
        delivered=row["delivered"],
        campaign=row["campaign"],
        next_try_at=instant(row["next_try_at"]),
        changed_at=instant(row["changed_at"]),
        version=row["version"],
    )
