"""Attendees, the profiles that the service reports, and which profile is whose.

Each of these lists is kept as it was read while nothing of the event changes (remembered.py): a page asks for it
several times in one drawing. Whoever gets it gets a list of their own, of values that nobody may change.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from functools import lru_cache

from deepracer_admin.collector import collector_at_rest
from deepracer_admin.errors import Conflict, Missing
from deepracer_admin.model import Attendee, Event, Lease, Profile
from deepracer_admin.store import ProfileLink
from deepracer_admin.store.codec import decode, encode, instant, when
from deepracer_admin.store.sqlite_records import RecordsPart, forget_decoded

__all__ = ["PeoplePart", "forget_people"]

MOST_KEPT = 20_000


@lru_cache(maxsize=MOST_KEPT)
def _attendee(body: str) -> Attendee:
    """The same text is the same person: lists of 10,000 are read again and again and hardly ever change."""
    return decode(Attendee, body)


@lru_cache(maxsize=MOST_KEPT)
def _profile(body: str) -> Profile:
    """Most profiles are as they were at the last listing."""
    return decode(Profile, body)


def forget_people() -> None:
    """Who was erased is not kept in memory either."""
    _attendee.cache_clear()
    _profile.cache_clear()
    forget_decoded()


class PeoplePart(RecordsPart):
    # -- attendees

    def attendees(self, event: str, *, wanted: bool | None = None) -> list[Attendee]:
        name = ("attendees", wanted)
        return [*self._as_before(event, name, lambda: self._read_attendees(event, wanted), is_list=True)]

    def _read_attendees(self, event: str, wanted: bool | None) -> list[Attendee]:
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT body FROM attendees WHERE event = :event AND (:wanted IS NULL OR wanted = :wanted)"
                " ORDER BY position",
                {"event": event, "wanted": wanted},
            ).fetchall()
        with collector_at_rest():
            return [_attendee(row["body"]) for row in rows]

    def attendee(self, event: str, attendee: str) -> Attendee:
        with self._reading() as connection:
            row = connection.execute(
                "SELECT body FROM attendees WHERE event = ? AND id = ?", (event, attendee)
            ).fetchone()
        if row is None:
            raise Missing("This person is not on the list any more: reload the page.")
        return _attendee(row["body"])

    def attendees_among(self, event: str, ids: Collection[str]) -> list[Attendee]:
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT body FROM attendees WHERE event = ? AND id IN (SELECT value FROM json_each(?))"
                " ORDER BY position",
                (event, json.dumps([*ids])),
            ).fetchall()
        return [_attendee(row["body"]) for row in rows]

    def save_attendees(self, event: str, people: Iterable[Attendee]) -> None:
        listed = [*people]
        if listed:
            with self._writing() as connection:
                self._save_people(connection, event, listed)

    def amend_attendees(
        self,
        event: str,
        change: Callable[[Attendee], Attendee],
        *,
        ids: Collection[str] | None = None,
        lease: Lease | None = None,
    ) -> list[Attendee]:
        """Read, change and write in one transaction; see the protocol."""
        with self._writing(lease) as connection:
            rows = connection.execute(
                "SELECT body FROM attendees WHERE event = :event AND (:ids IS NULL OR id IN"
                " (SELECT value FROM json_each(:ids))) ORDER BY position",
                {"event": event, "ids": None if ids is None else json.dumps([*ids])},
            ).fetchall()
            before = [decode(Attendee, row["body"]) for row in rows]
            changed = [new for old in before if (new := change(old)) != old]
            if changed:
                self._save_people(connection, event, changed)
        return changed

    def _save_people(self, connection: sqlite3.Connection, event: str, people: Sequence[Attendee]) -> None:
        rows = [(event, person.id, person.email, person.wanted, encode(person)) for person in people]
        # Two people may swap addresses in one save: let go of those that change before taking the new ones.
        connection.executemany(
            "UPDATE attendees SET email = char(0) || id WHERE event = ? AND id = ? AND email <> ?",
            [row[:3] for row in rows],
        )
        try:
            connection.executemany(
                "INSERT INTO attendees (event, id, email, wanted, body) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (event, id) DO UPDATE"
                " SET email = excluded.email, wanted = excluded.wanted, body = excluded.body",
                rows,
            )
        except sqlite3.IntegrityError as error:
            raise Conflict(
                "An e-mail address in this change already belongs to another person of the event;"
                " nothing was saved. Reload the list and check the address."
            ) from error
        self._bump(connection, event)

    def delete_attendees(self, event: str, ids: Sequence[str]) -> None:
        if not ids:
            return
        with self._writing() as connection:
            connection.executemany("DELETE FROM attendees WHERE event = ? AND id = ?", [(event, id) for id in ids])
            connection.executemany(
                "UPDATE job_items SET before = NULL, after = NULL, sentence = ''"
                " WHERE key = ? AND job IN (SELECT id FROM jobs WHERE event = ?)",
                [(id, event) for id in ids],
            )
            self._bump(connection, event)
        forget_people()
        self._remembered.clear()
        self._truncate_log()

    # -- profiles as last read

    def save_profiles(self, event: str, profiles: Iterable[Profile], *, seen_at: datetime, lease: Lease | None) -> None:
        """Only what differs from the last snapshot is written: a sweep over 10,000 idle profiles costs little."""
        new = {profile.id: (position, encode(profile)) for position, profile in enumerate(profiles)}
        with self._writing(lease) as connection:
            rows = connection.execute("SELECT id, position, body FROM profiles WHERE event = ?", (event,)).fetchall()
            old = {row["id"]: (row["position"], row["body"]) for row in rows}
            connection.executemany(
                "DELETE FROM profiles WHERE event = ? AND id = ?", [(event, id) for id in old.keys() - new.keys()]
            )
            connection.executemany(
                "INSERT INTO profiles (event, id, position, body) VALUES (?, ?, ?, ?) ON CONFLICT (event, id)"
                " DO UPDATE SET position = excluded.position, body = excluded.body",
                [
                    (event, id, position, body)
                    for id, (position, body) in new.items()
                    if old.get(id) != (position, body)
                ],
            )
            self._mark_seen(connection, event, "profiles", seen_at)
            self._bump(connection, event)

    def profiles(self, event: str) -> tuple[list[Profile], datetime | None]:
        listed, seen_at = self._as_before(event, "profiles", lambda: self._read_profiles(event), is_list=True)
        return [*listed], seen_at

    def _read_profiles(self, event: str) -> tuple[list[Profile], datetime | None]:
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT body FROM profiles WHERE event = ? ORDER BY position", (event,)
            ).fetchall()
            seen_at = self._seen(connection, event, "profiles")
        with collector_at_rest():
            return [_profile(row["body"]) for row in rows], seen_at

    # -- whose profile

    def link(self, event: str, links: Iterable[ProfileLink], *, lease: Lease | None = None) -> None:
        """Set or replace links; people who were deleted meanwhile are left out.

        Raises Conflict when a profile belongs to another attendee (unlink that one first): one profile under two
        people would let the removal of one take the other's access away.
        """
        rows = [
            {"event": event, "attendee": each.attendee, "profile": each.profile, "how": each.how, "at": when(each.at)}
            for each in links
        ]
        if not rows:
            return
        with self._writing(lease) as connection:
            connection.executemany("DELETE FROM links WHERE event = :event AND attendee = :attendee", rows)
            try:
                connection.executemany(
                    "INSERT INTO links SELECT :event, :attendee, :profile, :how, :at"
                    " WHERE EXISTS (SELECT 1 FROM attendees WHERE event = :event AND id = :attendee)",
                    rows,
                )
            except sqlite3.IntegrityError as error:
                raise Conflict(
                    "This profile already belongs to another person of the event: undo that link first."
                ) from error
            self._bump(connection, event)

    def unlink(self, event: str, attendees: Sequence[str]) -> None:
        if not attendees:
            return
        with self._writing() as connection:
            connection.executemany(
                "DELETE FROM links WHERE event = ? AND attendee = ?", [(event, attendee) for attendee in attendees]
            )
            self._bump(connection, event)

    def hand_over(self, event: str, links: Iterable[ProfileLink], *, lease: Lease | None = None) -> set[str]:
        """See the protocol."""
        given = [*links]
        changed: set[str] = set()
        if not given:
            return changed
        with self._writing(lease) as connection:
            body = connection.execute("SELECT body FROM events WHERE id = ?", (event,)).fetchone()
            if body is None or decode(Event, body["body"]).closed_at is not None:
                return changed
            for each in given:
                row = {
                    "event": event,
                    "attendee": each.attendee,
                    "profile": each.profile,
                    "how": each.how,
                    "at": when(each.at),
                }
                if each.how == "created":
                    made = connection.execute(
                        "UPDATE links SET how = :how WHERE event = :event AND profile = :profile AND how <> :how AND"
                        " attendee IN (SELECT id FROM attendees WHERE event = :event AND wanted)",
                        row,
                    ).rowcount
                    changed |= {each.profile} if made else set()
                made = connection.execute(
                    "INSERT INTO links SELECT :event, :attendee, :profile, :how, :at"
                    " WHERE EXISTS (SELECT 1 FROM attendees WHERE event = :event AND id = :attendee AND wanted)"
                    " ON CONFLICT DO NOTHING",
                    row,
                ).rowcount
                changed |= {each.profile} if made else set()
            if changed:
                self._bump(connection, event)
        return changed

    def linked(self, event: str) -> dict[str, str]:
        return {**self._as_before(event, "linked", lambda: self._read_linked(event), is_list=True)}

    def _read_linked(self, event: str) -> dict[str, str]:
        with self._reading() as connection:
            rows = connection.execute("SELECT attendee, profile FROM links WHERE event = ?", (event,)).fetchall()
        return {attendee: profile for attendee, profile in rows}

    def links(self, event: str) -> dict[str, ProfileLink]:
        return {**self._as_before(event, "links", lambda: self._read_links(event), is_list=True)}

    def _read_links(self, event: str) -> dict[str, ProfileLink]:
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT attendee, profile, how, at FROM links WHERE event = ?", (event,)
            ).fetchall()
        with collector_at_rest():
            return {
                attendee: ProfileLink(attendee, profile, how, at)
                for attendee, profile, how, told in rows
                if (at := instant(told)) is not None
            }
