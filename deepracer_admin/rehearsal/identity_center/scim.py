"""The provisioning cycle that carries the company's event group into Identity Center (identity-and-mail.md 3.5, 3.6).

Cycles begin every 40 minutes of practice time. What a cycle finds at its beginning it carries over bit by bit: users
first, then memberships. The first one with anybody in scope is the initial cycle, which takes far longer per person.
Whoever lacks a first name, a last name, a display name or a sign-in name is turned away, in every cycle again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from deepracer_admin.rehearsal.shared.ground import Ground
from deepracer_admin.rehearsal.shared.people import Person

from .store import Cycle, Directory, Names
from .wire import Refused

SERVICE = "identity-center"


@dataclass(frozen=True)
class Pace:
    """Seconds of practice time. 3.6: the initial cycle takes 0.01 to 0.08 minutes per user or membership."""

    every_s: float = 40 * 60.0
    initial_per_object_s: float = 1.2
    initial_least_s: float = 60 * 60.0
    per_object_s: float = 0.6

    def of_cycle(self, objects: int, *, initial: bool) -> float:
        """Seconds for each object of a cycle with so many of them."""
        if not initial:
            return self.per_object_s
        return max(self.initial_per_object_s, self.initial_least_s / objects)


class Provisioning:
    """The job. States, armed as faults of `identity-center` and never used up: `cycle` (its parameters replace those
    of `Pace`) and `quarantine` (nothing moves until it is disarmed)."""

    def __init__(self, ground: Ground, directory: Directory, in_scope: Callable[[], Iterable[str]]) -> None:
        """`in_scope` names whom the group holds now."""
        self._ground, self._members = ground, in_scope
        self.directory = directory
        self.cycle: Cycle | None = None
        self.cycles = 0
        self.initial_done = False
        self.next_at = ground.clock.now().timestamp() + Pace.every_s
        self.last_ended: float | None = None

    @property
    def pace(self) -> Pace:
        armed = self._ground.faults.armed(SERVICE, "cycle")
        known = {entry.name for entry in fields(Pace)}
        return Pace(**{k: float(v) for k, v in armed.params.items() if k in known}) if armed else Pace()

    def tick(self, now: datetime) -> bool:
        """True when something moved."""
        moment = now.timestamp()
        if self._ground.faults.armed(SERVICE, "quarantine") is not None:
            return False
        pace = self.pace
        # Asked only when a cycle is due, or when cycles were made shorter than what is left of this wait.
        self.next_at = min(self.next_at, moment + pace.every_s)
        if self.cycle is None and moment >= self.next_at:
            self._begin(moment, pace)
        return self._go_on(moment)

    def _begin(self, now: float, pace: Pace) -> None:
        todo = self._differences()
        self.cycles += 1
        self.next_at = now + pace.every_s
        initial = not self.initial_done and bool(todo)
        self.cycle = Cycle(self.cycles, now, initial, pace.of_cycle(max(1, len(todo)), initial=initial), todo)

    def _differences(self) -> list[list[str]]:
        """What the group and the store differ in: users before memberships."""
        directory, wanted = self.directory, self._in_scope()
        creates, joins, leaves = [], [], []
        for person_id in wanted:
            user = directory.user_of(person_id)
            if user is None or not user.enabled:
                creates.append(["user", person_id])
            if user is None or directory.membership_of(user.user_id) is None:
                joins.append(["member", person_id])
        for user in directory.users.values():
            if user.person_id not in wanted and user.enabled and self._is_provisioned(user.person_id):
                leaves.append(["leave", user.person_id])
        return [*creates, *joins, *leaves]

    def _in_scope(self) -> dict[str, Person]:
        """Members of the event group whose accounts are on."""
        people = ((person_id, self._ground.company.by_id(person_id)) for person_id in self._members())
        return {person_id: person for person_id, person in people if person is not None and person.enabled}

    def _is_provisioned(self, person_id: str) -> bool:
        return not person_id.startswith("by hand ")

    def _go_on(self, now: float) -> bool:
        cycle = self.cycle
        if cycle is None:
            return False
        due = len(cycle.todo) if cycle.pace_s <= 0 else min(len(cycle.todo), int((now - cycle.began) / cycle.pace_s))
        moved = due > cycle.done
        for what, person_id in cycle.todo[cycle.done : due]:
            self._carry(what, person_id, now)
        cycle.done = max(due, cycle.done)
        if cycle.done == len(cycle.todo):
            self.initial_done = self.initial_done or cycle.initial
            self.last_ended, self.cycle = now, None
        return moved

    def _carry(self, what: str, person_id: str, now: float) -> None:
        directory, user = self.directory, self.directory.user_of(person_id)
        if what == "user":
            self._carry_user(person_id, now)
        elif what == "member" and user is not None and directory.membership_of(user.user_id) is None:
            directory.join(user.user_id, now)
        elif what == "leave" and user is not None:
            membership = directory.membership_of(user.user_id)
            if membership is not None:
                directory.leave(membership)
            user.enabled = False

    def _carry_user(self, person_id: str, now: float) -> None:
        person, user = self._ground.company.by_id(person_id), self.directory.user_of(person_id)
        if person is None:
            return
        if user is not None:
            user.enabled = True
            return
        lacking = lacks(person)
        if lacking:
            self.directory.skipped[person_id] = lacking
            return
        name = {"given": person.given or "", "family": person.family or "", "shown": person.shown}
        try:
            self.directory.add_user(person_id, user_name(person), name, person.mail, now)
        except Refused:
            self.directory.skipped[person_id] = ["an address of their own"]
            return
        self.directory.skipped.pop(person_id, None)

    def snapshot(self) -> dict[str, Any]:
        return {
            "directory": self.directory.snapshot(),
            "cycle": self.cycle.snapshot() if self.cycle else None,
            "cycles": self.cycles,
            "initial_done": self.initial_done,
            "next_at": self.next_at,
            "last_ended": self.last_ended,
        }

    def restore(self, names: Names, state: Mapping[str, Any]) -> None:
        self.directory = Directory.restored(names, state["directory"])
        self.cycle = Cycle(**state["cycle"]) if state["cycle"] else None
        self.cycles, self.initial_done = state["cycles"], state["initial_done"]
        self.next_at, self.last_ended = state["next_at"], state["last_ended"]

    def truth(self) -> dict[str, Any]:
        moments = {"next_cycle_at": self.next_at, "last_cycle_at": self.last_ended}
        return {
            "users": len(self.directory.users),
            "members": len(self.directory.members),
            "turned_away": len(self.directory.skipped),
            "cycles": self.cycles,
            "cycle_running": self.cycle is not None,
            "initial_cycle_over": self.initial_done,
            **{key: at and datetime.fromtimestamp(at, UTC).isoformat() for key, at in moments.items()},
        }


def lacks(person: Person) -> list[str]:
    """What Identity Center insists on and this person has not (3.5)."""
    needed = {
        "first name": person.given,
        "last name": person.family,
        "display name": person.shown,
        "user name": person.upn,
    }
    return [label for label, value in needed.items() if not value]


def user_name(person: Person) -> str:
    """The sign-in name; of a guest's the part before ``#EXT#``, made an address again (1.6)."""
    local, mark, _ = person.upn.partition("#EXT#")
    if not mark:
        return person.upn
    alias, _, domain = local.rpartition("_")
    return f"{alias}@{domain}"
