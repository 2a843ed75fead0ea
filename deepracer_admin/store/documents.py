"""Values of an event that have a type and one way to change.

Three kinds, each declared once, as a constant of a module of `records/`:

`Document`: a value that several change (a page and the worker). Only `update` changes it, in one transaction.
`Reading`: what its one reader saw last. `keep` replaces it whole; when it was seen stands inside the value.
`Table`: many values of one type by key, one row each, so that two who change different rows never meet.

Values are frozen dataclasses of real types (datetime, enums, Quota), tuples, frozensets and mappings of such; nobody
changes one in place. Reading is lenient (store/codec.py): a field that is not known is ignored, one that was not
written takes its default, so give every field added later a default.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeVar

from deepracer_admin.model import Event, Lease

__all__ = ["OF_THIS_FOLDER", "PASSING", "REGISTERED", "Document", "Reading", "Records", "Single", "Table"]

REGISTERED = "registrations"
"""The table whose keys may stand in the mail ledger beside attendees: a row that is deleted takes its mails along."""

PASSING = "registrations_asked"
"""The table whose rows are written once and deleted as soon as they were taken, hundreds a minute in a flood: no other
row says what was in one, so that no more than it has to be forgotten when it goes."""

OF_THIS_FOLDER = "restored"
"""The document that says that an event came from a backup and waits here. It tells of the data folder and not of the
event: no backup carries it, and an event is the same with it and without."""

T = TypeVar("T")


@dataclass(frozen=True)
class Single(Generic[T]):
    """One value an event, or one of the installation.

    `key` names it in the store for ever. `kind` is the type of its values as a hint (`Proof`, `tuple[Row, ...]`,
    `Mapping[str, Row]`). `empty` is read where nothing was written, and a value equal to it is not kept. `personal`:
    the value can name or describe people of the event (not those who act in the console), so erasing forgets it,
    and exports and logs leave it out.
    `of_event` False: of the installation; its event is "" then.
    """

    key: str
    kind: Any
    empty: T
    personal: bool
    of_event: bool = True


@dataclass(frozen=True)
class Document(Single[T]):
    """Changed by several, through `update` alone."""


@dataclass(frozen=True)
class Reading(Single[T]):
    """Seen and written by one reader alone, whole, through `keep`; carries when it was seen inside."""


@dataclass(frozen=True)
class Table(Generic[T]):
    """Many rows of one type.

    `name` names it in the store for ever; `by` says what a key is. The rows of a table by "attendee" are part of that
    person: they go when the person is deleted, and a row for somebody who is not on the list is not written.
    `personal` and `of_event` as of a Single.
    """

    name: str
    kind: type[T]
    by: Literal[
        "attendee",
        "profile",
        "racer",
        "race",
        "campaign",
        "template",
        "mail",
        "email",
        "chunk",
        "link",
        "form",
        "registration",
        "limit",
        "mail",
        "headings",
        "step",
        "model",
        "job",
        "alarm",
        "erasure",
    ]
    personal: bool
    of_event: bool = True


class Records(Protocol):
    """The part of an EventStore that holds documents, readings and tables.

    Each change is one transaction that sees the newest value and bumps the event's revision; nobody's change is lost.
    **`change` must be pure and quick and may run twice**: a store that compares and sets runs it again when somebody
    else was faster. It gets the value and answers the new one; an error that it raises changes nothing and is passed
    on. With `lease` a write is refused with LeaseLost when a newer holder exists. ValueError: the event is "" for what
    belongs to an event, or the other way round.
    """

    def read(self, event: str, what: Single[T]) -> T:
        """The value; `what.empty` when none was written."""
        ...

    def update(self, event: str, document: Document[T], change: Callable[[T], T], *, lease: Lease | None = None) -> T:
        """Change a document. Returns the value as it is now; an unchanged value writes nothing."""
        ...

    def keep(self, event: str, reading: Reading[T], value: T, *, lease: Lease | None = None) -> None:
        """Replace a reading whole; an unchanged value writes nothing."""
        ...

    def forget(self, event: str, what: Single[Any] | Table[Any], *, lease: Lease | None = None) -> None:
        """As if it had never been written; of a table: every row. What is personal is overwritten in the file."""
        ...

    def rows(self, event: str, table: Table[T], keys: Collection[str] | None = None) -> dict[str, T]:
        """Rows by key (`keys` None: all), in the order in which each was first written."""
        ...

    def row(self, event: str, table: Table[T], key: str) -> T | None: ...

    def count(self, event: str, table: Table[Any]) -> int:
        """How many rows there are."""
        ...

    def change_rows(
        self,
        event: str,
        table: Table[T],
        change: Callable[[Mapping[str, T]], Mapping[str, T | None]],
        *,
        keys: Collection[str] | None = None,
        lease: Lease | None = None,
    ) -> dict[str, T | None]:
        """Change many rows in one transaction: `change` gets the rows of `keys` (None: of the whole table) that there
        are, and answers those to write, None to delete one; whom it does not answer stays. Returns what changed.

        Raises ValueError for an answer outside `keys`: that row was not seen, so its change could be lost.
        """
        ...

    def amend_event(self, event: str, change: Callable[[Event], Event], *, lease: Lease | None = None) -> Event:
        """Change an event as it stands in the store; returns it. Raises Missing."""
        ...
