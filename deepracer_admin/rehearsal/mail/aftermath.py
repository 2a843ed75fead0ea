"""What becomes of an accepted mail: the outbox keeps it, and events tell of its delivery or bounce in practice time.

Outbox and events are journals on disk. The plan of what is still to be told is saved with the world; after a power cut
it is made again for the mails that it had missed.
"""

from __future__ import annotations

import heapq
import random
import re
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from deepracer_admin.rehearsal.shared.ground import Ground
from deepracer_admin.rehearsal.shared.journal import Journal

from . import mails
from .account import ACCOUNT_ID, QUEUE, Account
from .mails import Mail
from .sqs import Queue

INWARD = frozenset({"from", "headers", "configuration_set", "operation", "outcome", "failure", "template"})
"""What an entry of the outbox keeps for the events and does not show."""


class Outbox:
    """Every accepted mail, one entry for each recipient."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self._sent: Counter[tuple[str, str]] = Counter()
        for entry in journal.read():
            self._count(entry)

    def keep(self, entry: dict[str, Any]) -> None:
        self.journal.append(entry)
        self._count(entry)

    def _count(self, entry: dict[str, Any]) -> None:
        self._sent[(entry["to"], entry["tags"].get("template", ""))] += 1

    @property
    def sent(self) -> int:
        return self._sent.total()

    @property
    def duplicates(self) -> int:
        """Mails beyond the first for each address and tag `template`."""
        return self._sent.total() - len(self._sent)

    def after(self, number: int, limit: int) -> list[dict[str, Any]]:
        """Mails after this number that could be rendered."""
        found: list[dict[str, Any]] = []
        for entry in self.journal.read(number):
            if len(found) == limit:
                break
            if entry["failure"] is None:
                found.append({name: value for name, value in entry.items() if name not in INWARD})
        return found


class Aftermath:
    """Plans and publishes the events. Addresses that begin with ``bounce.`` bounce, with ``complaint.`` complain."""

    def __init__(self, ground: Ground, account: Account, chance: random.Random) -> None:
        self._account, self._random = account, chance
        self.outbox = Outbox(Journal(ground.home / "practice-outbox.jsonl"))
        self.events = Journal(ground.home / "practice-mail-events.jsonl")
        self.queue = Queue(QUEUE, ACCOUNT_ID, self.events, ground.company_key, ground.clock.real)
        self._due: list[tuple[str, int, str]] = []
        self._planned = 0
        for entry in self.outbox.journal.read():
            account.count(entry["at"])

    def accept(self, mail: Mail, addresses: list[str], common: dict[str, Any]) -> None:
        """Keep an accepted mail. `common`: message_id, at, tags, configuration_set, operation."""
        for address in addresses:
            self.outbox.keep(
                {
                    "message_id": common["message_id"],
                    "to": address,
                    "subject": mail.subject,
                    "text": mail.text,
                    "html": mail.html,
                    **common,
                    "from": mail.sender,
                    "from_shown": mails.shown(mail.sender),
                    "headers": mail.headers,
                    "outcome": self._outcome(mail, address),
                    "template": mail.template,
                    "failure": mail.failure,
                }
            )
            self._account.count(common["at"])
        self._plan_new()

    def _outcome(self, mail: Mail, address: str) -> str:
        if mail.failure is not None:
            return "Rendering Failure"
        if address in self._account.suppressed:
            return "Suppressed"
        return {"bounce": "Bounce", "complaint": "Complaint"}.get(re.split(r"[.@]", address)[0], "Delivery")

    def _plan_new(self) -> None:
        for entry in self.outbox.journal.read(self._planned):
            sent = datetime.fromisoformat(entry["at"])
            self._plan(sent, entry["seq"], "Send")
            later = sent + timedelta(seconds=self._random.uniform(1, 20))
            if entry["outcome"] == "Complaint":
                self._plan(later, entry["seq"], "Delivery")
                later += timedelta(minutes=5)
            self._plan(later, entry["seq"], entry["outcome"])
        self._planned = len(self.outbox.journal)

    def _plan(self, due: datetime, number: int, kind: str) -> None:
        heapq.heappush(self._due, (due.isoformat(timespec="milliseconds"), number, kind))

    def publish_until(self, now: datetime) -> bool:
        """Publish what is due; True when there was something."""
        limit = now.isoformat(timespec="milliseconds")
        published = False
        while self._due and self._due[0][0] <= limit:
            at, number, kind = heapq.heappop(self._due)
            self._publish(self.outbox.journal.entry(number), kind, at)
            published = True
        return published

    def _publish(self, entry: dict[str, Any], kind: str, at: str) -> None:
        details = {"sub_type": "General", "diagnostic": "smtp; 550 5.1.1 user unknown"}
        if kind == "Suppressed":
            kind = "Bounce"
            details = {"sub_type": "OnAccountSuppressionList", "diagnostic": "Amazon SES did not send the message."}
        elif kind in ("Bounce", "Complaint"):
            self._account.suppressed[entry["to"]] = [kind.upper(), at]
        number = self.events.append(mails.event(kind, entry, at, ACCOUNT_ID, details))
        if self._account.publishes(entry["configuration_set"]):
            self.queue.put(number)

    def snapshot(self) -> dict[str, Any]:
        return {
            "due": self._due,
            "planned": self._planned,
            "events": len(self.events),
            "queue": self.queue.snapshot(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        self._due = [(at, number, kind) for at, number, kind in state["due"]]
        self._planned = min(state["planned"], len(self.outbox.journal))
        self.queue.restore(state["queue"])
        told = set()
        for event in self.events.read(state["events"]):  # published after the world was last saved
            told.add((event["mail"]["messageId"], event["mail"]["destination"][0], event["eventType"]))
            if self._account.publishes(event["mail"]["tags"].get("ses:configuration-set", [None])[0]):
                self.queue.put(event["seq"])
        self._plan_new()
        self._due = [due for due in self._due if not told or self._key(due) not in told]
        heapq.heapify(self._due)

    def _key(self, due: tuple[str, int, str]) -> tuple[str, str, str]:
        entry = self.outbox.journal.entry(due[1])
        return entry["message_id"], entry["to"], "Bounce" if due[2] == "Suppressed" else due[2]
