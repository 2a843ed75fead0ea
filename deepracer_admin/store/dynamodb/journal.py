"""The journal of changes in the table: heads, changes, images (see the package for the keys)."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deepracer_admin.errors import LeaseLost, StoreError, StoreUnusable
from deepracer_admin.model import Lease
from deepracer_admin.store.dynamodb.rows import Rows, packed, unpacked
from deepracer_admin.store.dynamodb.table import NEVER_HELD, Cancelled, Item, SharedTable, Value, typed_item

__all__ = ["LOST", "Behind", "Change", "Head", "Image", "Journal"]

PART_BYTES = 350_000  # of an item's 400 KB
MOST_BYTES = 3_500_000  # of a transaction's 4 MB
KEPT_CHANGES = 50  # before an image, for copies that are only a little behind
HEADS, LEASES = "HEADS", "LEASES"
LOST = "Another worker has taken over; nothing was changed. Close this copy of the console."


class Behind(Exception):
    """Somebody else changed a scope first; nothing was written."""


@dataclass(frozen=True, slots=True)
class Head:
    """The last change of a scope, its image, and whether something erased is still in the journal before it."""

    scope: str
    number: int = 0
    tx: str = ""
    born: str = ""  # instant of the first change: the order of events
    writer: str = ""
    image: str = ""  # "<number>#<random>", the name of the image
    image_number: int = 0
    image_tx: str = ""
    image_parts: int = 0
    erased: int = 0  # change with which something was erased last
    cleaned: int = 0  # nothing before this change is kept

    @property
    def must_be_cleaned(self) -> bool:
        return self.erased > self.cleaned


@dataclass(frozen=True, slots=True)
class Change:
    """A transaction's rows. `before`: the change that it follows on."""

    number: int
    tx: str
    before: str
    rows: Rows


@dataclass(frozen=True, slots=True)
class Image:
    """All rows of a scope as they were at a change; the change before the first is number 0 with tx ""."""

    number: int
    tx: str
    rows: Rows


def log_key(number: int, part: int = 0) -> str:
    return f"LOG#{number:012d}#{part:02d}"


class Journal:
    def __init__(self, table: SharedTable, *, writer: str) -> None:
        self.table = table
        self.writer = writer

    # -- reading

    def heads(self) -> list[Head]:
        """Of all scopes, in the order in which they came to be."""
        found = [_head(item) for item in self.table.query(HEADS, "A", "~")]
        return sorted(found, key=lambda head: (head.born, head.scope))

    def head(self, scope: str) -> Head:
        """Number 0 where nothing was written yet."""
        item = self.table.get(HEADS, scope)
        return Head(scope) if item is None else _head(item)

    def changes(self, scope: str, after: int) -> list[Change]:
        """Those after change number `after`, as far as they are kept, oldest first."""
        found: list[Change] = []
        for parts in _whole(self.table.query(scope, log_key(after + 1), "LOG#~")):
            first = parts[0]
            body = b"".join(_bytes(part["body"]) for part in parts)
            found.append(Change(int(first["n"]), str(first["tx"]), str(first["before"]), unpacked(body)))
        return found

    def image(self, head: Head) -> Image | None:
        """The image that a head names; None when there is none, or it was replaced meanwhile."""
        if not head.image:
            return None
        parts = [*self.table.query(head.scope, f"IMG#{head.image}#", f"IMG#{head.image}#~")]
        if len(parts) != head.image_parts:
            return None
        return Image(head.image_number, head.image_tx, unpacked(b"".join(_bytes(part["body"]) for part in parts)))

    # -- writing

    def publish(
        self, tx: str, now: str, changes: Mapping[str, Rows], known: Mapping[str, tuple[int, str]],
        leases: Iterable[Lease], *, erases: bool,
    ) -> None:  # fmt: skip
        """Write one transaction's changes of one or more scopes, or nothing.

        Raises Behind when a scope has moved on from what is `known`, LeaseLost when a lease has a newer holder,
        StoreError when the change is too large or the table cannot be reached.
        """
        items: list[dict[str, Any]] = []
        places: dict[int, str] = {}
        size = 0
        for scope, rows in changes.items():
            number, before = known[scope]
            body = packed(rows)
            size += len(body)
            places[len(items)] = scope
            items.append({"Update": self._next_head(scope, number + 1, tx, before, now, erases)})
            items += [{"Put": {"Item": typed_item(part)}} for part in _log(scope, number + 1, tx, before, now, body)]
        if size > MOST_BYTES:
            raise StoreError(
                "This change is too large for one step of the shared table; nothing was saved. Do it in smaller parts."
            )
        first_lease = len(items)
        items += [{"ConditionCheck": _still_held(lease)} for lease in {lease.name: lease for lease in leases}.values()]
        try:
            self.table.transact(items, token=tx)
        except Cancelled as cancelled:
            self._judge(cancelled, tx, places, known, first_lease)

    def _judge(
        self,
        cancelled: Cancelled,
        tx: str,
        places: Mapping[int, str],
        known: Mapping[str, tuple[int, str]],
        leases: int,
    ) -> None:
        failed = cancelled.failed
        if any(item is not None and item.get("tx") == tx for item in failed.values()):
            return  # it was written; only the answer to our first try was lost
        if any(place >= leases for place in failed):
            raise LeaseLost(LOST) from None
        for place, item in failed.items():
            if item is None and place in places and known[places[place]][0]:
                raise StoreUnusable(
                    f"The table {self.table.name} was emptied or replaced: start the console again, so that it takes "
                    "a new copy."
                ) from None
        raise Behind from None

    def _next_head(self, scope: str, number: int, tx: str, before: str, now: str, erases: bool) -> dict[str, Any]:
        given: dict[str, Value] = {":n": number, ":tx": tx, ":at": now, ":writer": self.writer}
        if before:
            given[":before"] = before
        return {
            "Key": typed_item({"pk": HEADS, "sk": scope}),
            "UpdateExpression": "SET n = :n, tx = :tx, changed_at = :at, writer = :writer,"
            " born = if_not_exists(born, :at)" + (", erased = :n" if erases else ""),
            "ConditionExpression": "tx = :before" if before else NEVER_HELD,
            "ExpressionAttributeValues": typed_item(given),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }

    def begin(self, scope: str, rows: Rows, digest: str, now: str) -> None:
        """Begin a scope with an image: how one comes from another store. Begun again after a crash, it goes on: parts
        that are there stay. Raises Behind when the scope is there already.
        """
        name = f"{1:012d}#{digest[:8]}"
        parts = _parts(packed(rows))
        there = {str(item["sk"]) for item in self.table.query(scope, f"IMG#{name}#", f"IMG#{name}#~", only=("sk",))}
        self.table.put_all(
            {"pk": scope, "sk": sk, "body": part}
            for place, part in enumerate(parts)
            if (sk := f"IMG#{name}#{place:03d}") not in there
        )
        head: Item = {
            "pk": HEADS, "sk": scope, "n": 1, "tx": digest[:32], "born": now, "changed_at": now, "writer": self.writer,
            "image": name, "image_number": 1, "image_tx": digest[:32], "image_parts": len(parts),
        }  # fmt: skip
        try:
            self.table.put(head, condition=NEVER_HELD)
        except Cancelled as cancelled:
            found = cancelled.failed[0]
            if found is None or found.get("tx") != head["tx"]:
                raise Behind from None

    # -- images

    def save_image(self, scope: str, image: Image, *, clean: bool) -> bool:
        """Write an image and let go of what it replaces; `clean`: of all of it, at once. False when a newer one is
        there. What is left behind by a crash in the middle goes with the next image.
        """
        name = f"{image.number:012d}#{secrets.token_hex(4)}"  # two may make one at once; each keeps to its own parts
        parts = _parts(packed(image.rows))
        self.table.put_all(
            {"pk": scope, "sk": f"IMG#{name}#{place:03d}", "body": part} for place, part in enumerate(parts)
        )
        given: dict[str, Value] = {":image": name, ":n": image.number, ":tx": image.tx, ":parts": len(parts)}
        try:
            self.table.update(
                HEADS, scope,
                "SET image = :image, image_number = :n, image_tx = :tx, image_parts = :parts", given,
                condition="attribute_exists(pk) AND (attribute_not_exists(image_number) OR image_number < :n)",
            )  # fmt: skip
        except Cancelled:
            head = self.head(scope)
            if clean and head.image_number >= head.erased:
                self.let_go(head, clean=True)
            return False
        self.let_go(self.head(scope), clean=clean)
        return True

    def let_go(self, head: Head, *, clean: bool) -> None:
        """Delete images that the head does not name, and changes that its image holds."""
        scope, kept = head.scope, f"IMG#{head.image}#"
        images = [str(item["sk"]) for item in self.table.query(scope, "IMG#", "IMG#~", only=("sk",))]
        last = head.image_number if clean else head.image_number - KEPT_CHANGES
        logs = [str(item["sk"]) for item in self.table.query(scope, "LOG#", log_key(max(0, last), 99), only=("sk",))]
        superseded = [sk for sk in images if not sk.startswith(kept) and int(sk[4:16]) <= head.image_number]
        self.table.delete_all((scope, sk) for sk in [*superseded, *logs])
        if clean:
            self.table.update(HEADS, scope, "SET cleaned = :n", {":n": head.image_number})


def _log(scope: str, number: int, tx: str, before: str, now: str, body: bytes) -> Iterator[Item]:
    parts = _parts(body)
    for place, part in enumerate(parts):
        yield {
            "pk": scope, "sk": log_key(number, place), "n": number, "tx": tx, "before": before, "at": now,
            "parts": len(parts), "body": part,
        }  # fmt: skip


def _parts(body: bytes) -> list[bytes]:
    return [body[start : start + PART_BYTES] for start in range(0, len(body), PART_BYTES)]


def _whole(items: Iterable[Item]) -> Iterator[Sequence[Item]]:
    """Items of one change together. A change whose parts are not all there (being deleted) ends it."""
    parts: list[Item] = []
    for item in items:
        if parts and item["n"] != parts[0]["n"]:
            return
        parts.append(item)
        if len(parts) == int(item["parts"]):
            yield parts
            parts = []


def _still_held(lease: Lease) -> dict[str, Any]:
    return {
        "Key": typed_item({"pk": LEASES, "sk": lease.name}),
        "ConditionExpression": "holder = :holder AND epoch = :epoch",
        "ExpressionAttributeValues": typed_item({":holder": lease.holder, ":epoch": lease.epoch}),
    }


def _head(item: Item) -> Head:
    def number(name: str) -> int:
        return int(item.get(name, 0))

    def text(name: str) -> str:
        return str(item.get(name, ""))

    return Head(
        scope=str(item["sk"]),
        number=number("n"),
        tx=text("tx"),
        born=text("born"),
        writer=text("writer"),
        image=text("image"),
        image_number=number("image_number"),
        image_tx=text("image_tx"),
        image_parts=number("image_parts"),
        erased=number("erased"),
        cleaned=number("cleaned"),
    )


def _bytes(value: Value) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
