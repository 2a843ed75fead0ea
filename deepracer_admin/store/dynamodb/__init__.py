"""A store that several computers share: one DynamoDB table, and on each computer a copy of it in SQLite.

Every change of an EventStore is one transaction over whatever it needs to see: all addresses of an event, its whole
ledger, the end of the audit's chain. DynamoDB's own transactions end at 100 items. So the table does not hold rows: it
holds, per *scope* (an event, the house, the audit), the **journal** of changes, each the rows that one transaction of
SQLite changed, and the **head** that says which change is the last. A writer carries out the change on its copy, and
before it commits there, it puts the change into the journal under the condition that the head is still the one it
knows. Somebody was faster: it takes over what they did, and carries out the change again. That makes the changes of a
scope strictly one after the other, whoever makes them, with the very statements, constraints and triggers that
`store/sqlite_*.py` has on one computer (docs/decisions/8-one-table-many-copies.md).

Reads go to the copy, so pages never read DynamoDB. A follower keeps the copy fresh: one query of the heads, and one of
the journal for each scope that moved on. A copy that is too far behind, or new, loads the **image** of a scope (all its
rows at one change) and what came after.

| item                     | pk              | sk                                    | asked for by                    |
|--------------------------|-----------------|---------------------------------------|---------------------------------|
| the table itself         | `ABOUT`         | `ABOUT`                               | Get, at opening                 |
| head of a scope          | `HEADS`         | `EVENT#<event>`, `HOUSE`, `AUDIT`     | Query of all, at each look      |
| change                   | the scope       | `LOG#<number>#<part>`                 | Query BETWEEN, since a number   |
| image                    | the scope       | `IMG#<number>#<random>#<part>`        | Query BETWEEN, one image        |
| lease                    | `LEASES`        | its name                              | Get, one; Query, all            |
| bucket of tokens         | `BUCKETS`       | its name                              | Get                             |
| registration             | `EVENT#<event>` | `REG#<sha256 of normalised e-mail>`   | the portal, not this package    |

The table's item holds its mode, schema and id, and a print of the consoles' key. A head holds number and id (`tx`) of
its last change, and which image is in force; who writes asks that `tx` is still the one it knows. A change and an image
are zlib of JSON. A lease holds holder, epoch and until; a write under it asks that holder and epoch are still so. A
bucket is compared and set; it has a `ttl`, for it may vanish: a new one is full.

One `TransactWriteItems` writes a head, its change, and checks the leases: it happens whole or not at all. Every read is
a consistent one of the base table; there is no index. `ttl` stands on buckets alone. An item holds at most 350,000
bytes of a change (`PART_BYTES`; AWS's limit is 400 KB); a change of more than 3.5 MB compressed is refused with a
sentence before anything is sent (AWS's limit for a transaction is 4 MB). Erasing writes a new image and deletes the
journal before it, so that what was erased is not in the table either (its backups keep it up to 35 days).

E-mail addresses come normalised (rules/roster/addresses.py); the table's keys hold none of them.
"""

from __future__ import annotations

from deepracer_admin.store.dynamodb.shared_store import SharedEventStore, open_shared_store
from deepracer_admin.store.dynamodb.table import SharedTable

__all__ = ["SharedEventStore", "SharedTable", "open_shared_store"]
