"""What of a person lies where the console cannot erase it, with where and how it ends. Names nobody of the list."""

from __future__ import annotations

from deepracer_admin.clock import iso
from deepracer_admin.counted import counted
from deepracer_admin.model import Attendee, Event, State, Step
from deepracer_admin.records.erasures import Outside
from deepracer_admin.records.guest_book import GUESTS
from deepracer_admin.records.store_copies import COPIED
from deepracer_admin.store import EventStore

__all__ = ["outside_of", "outside_of_all"]

TAKEN_AWAY = ("attendees.export", "portal.export", "usage.export", "boards.export", "audit.export")
"""Acts by which a file left the console, into somebody's browser."""


def outside_of(store: EventStore, event: Event, person: Attendee) -> tuple[Outside, ...]:
    """Of what is known to have gone there: what never did is not listed."""
    steps = {row.step: row for row in store.steps_of(event.id, person.id)}
    link = store.links(event.id).get(person.id)
    found: list[Outside] = []
    group, guest = steps.get(Step.GROUP), store.row(event.id, GUESTS, person.id)
    if group is not None and group.state is not State.TODO:
        found.append(
            Outside(
                "Microsoft Entra",
                "Their user object, their membership of groups, and the directory's own sign-in and audit logs.",
                "The directory's administrators end them by their own rules.",
            )
        )
    if guest is not None:
        found.append(
            Outside(
                "Microsoft Entra",
                "Their guest account." if guest.made else "Their guest account, which was there before the event.",
                "Delete the guest in the Entra admin center, Users; deleted users stay restorable for 30 days.",
            )
        )
    if link is not None:
        listed = any(each.id == link.profile for each in store.profiles(event.id)[0])
        stays = "Their profile is still listed there; " if listed else "Their profile is not listed there any more; "
        found.append(
            Outside(
                "The racing service",
                f"{stays}results on its leaderboards, its logs and backups of its tables.",
                "Delete the profile there, and the races in which they have a result; the account's owner ends logs "
                "and backups.",
            )
        )
    mails = store.deliveries(event.id, attendee=person.id)
    if mails:
        found.append(
            Outside(
                "The mail provider",
                f"{counted(len(mails), 'mail')} that went to them, in their mailbox, in delivery logs, and the address "
                "in the suppression list if a mail bounced.",
                "SES, Suppression list: remove the address. Logs end by the account's own rules.",
            )
        )
    return (*found, *_everywhere(store, event))


def outside_of_all(store: EventStore, event: Event) -> tuple[Outside, ...]:
    """The same for everybody of an event."""
    found = [
        Outside(
            "The racing service",
            "Profiles that were there before the event, results on leaderboards, logs and backups of its tables.",
            "The account's owner ends them by their own rules.",
        ),
        Outside(
            "The mail provider",
            "Mails in mailboxes, delivery logs, and addresses that bounced in the suppression list.",
            "SES, Suppression list: remove the addresses. Logs end by the account's own rules.",
        ),
    ]
    if event.group_id:
        found.insert(
            0,
            Outside(
                "Microsoft Entra",
                "User objects, guest accounts, and the directory's own logs.",
                "The directory's administrators end them by their own rules.",
            ),
        )
    return (*found, *_everywhere(store, event))


def _everywhere(store: EventStore, event: Event) -> list[Outside]:
    found = _taken_away(store, event)
    found.append(
        Outside(
            "Screens and browsers",
            "Leaderboards that are open on projectors and phones, and pages that are open in other tabs.",
            "They show the change at their next refresh; close tabs that were left open.",
        )
    )
    copied = store.read("", COPIED)
    if copied.at is not None:
        found.append(
            Outside(
                "Copies of the data folder",
                f"The last was made on {iso(copied.at)}: copies until now hold the person.",
                "Delete older copies, and make a new one with `python -m deepracer_admin store backup FOLDER`.",
            )
        )
    return found


def _taken_away(store: EventStore, event: Event) -> list[Outside]:
    acts = [entry for entry in store.audit(event.id, limit=1_000_000) if entry.action in TAKEN_AWAY and entry.allowed]
    if not acts:
        return []
    who = sorted({entry.actor_name for entry in acts})
    return [
        Outside(
            "Downloads",
            f"{counted(len(acts), 'file')} with people or results were downloaded, by {', '.join(who)}.",
            "Ask them to delete these files.",
        )
    ]
