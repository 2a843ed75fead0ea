"""Plans that are being looked at: asked by pages, worked off beside them, remembered.

A page asks and goes on; what is known by then is in the answer. The plan that was asked for last is worked on first,
its outlook before the number of slots that is enough, which takes longer and is given up for a newer plan.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Protocol

from pydantic import TypeAdapter, ValidationError

from deepracer_admin.rules.capacity import Enough, Outlook, Plan

__all__ = ["Calculator", "CapacityDesk", "Look"]

Kind = Literal["outlook", "enough"]
_ALL: frozenset[Kind] = frozenset({"outlook", "enough"})
_REMEMBERED = 64
_ASKED = 4  # plans that wait; whoever moves a slider is not interested in where it was before
_AGAIN_S = 60.0
_GAVE_UP = "The calculation did not come through: it is tried again in a minute; a shorter event is quicker."


class Calculator(Protocol):
    """Where the arithmetic is done."""

    def ask(self, kind: str, plan: Mapping[str, Any]) -> Mapping[str, Any] | None: ...

    def interrupt(self) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of a plan by now. `trouble`: a sentence, when it could not be worked out."""

    outlook: Outlook | None = None
    enough: Enough | None = None
    trouble: str = ""

    @property
    def is_working(self) -> bool:
        """Will there be more to see?"""
        return not self.trouble and (self.outlook is None or self.enough is None)


class CapacityDesk:
    """Safe to use from several threads. Nothing is worked out before `start` (or `work_once`, in tests).

    `now`: seconds of a clock that only goes forward.
    """

    def __init__(self, calculator: Calculator, now: Callable[[], float]) -> None:
        self._calculator, self._now = calculator, now
        self._changed = threading.Condition()
        self._known: OrderedDict[Plan, Look] = OrderedDict()
        self._failed_at: dict[Plan, float] = {}
        self._asked: OrderedDict[Plan, frozenset[Kind]] = OrderedDict()
        self._at_work: tuple[Plan, Kind] | None = None
        self._thread: threading.Thread | None = None
        self._is_over = False

    def look(self, plan: Plan, *, slots: bool = True) -> Look:
        """What is known of this plan, at once; what is not will be worked out next. `slots` False: nobody asks how many
        slots are enough, which takes longer. Raises BadInput.
        """
        plan.check()
        wanted: frozenset[Kind] = _ALL if slots else frozenset({"outlook"})
        with self._changed:
            known = self._known.get(plan, Look())
            if known.trouble and self._now() - self._failed_at.get(plan, 0.0) >= _AGAIN_S:
                known = replace(known, trouble="")
                self._known[plan] = known
            if known.trouble or not _missing(known, wanted):
                return known
            newly = next(reversed(self._asked), None) != plan
            self._asked[plan] = self._asked.get(plan, wanted) | wanted
            self._asked.move_to_end(plan)
            while len(self._asked) > _ASKED:
                self._asked.popitem(last=False)
            self._changed.notify_all()
            at_work = self._at_work
            if newly and at_work is not None and at_work[0] != plan and at_work[1] == "enough":
                self._calculator.interrupt()  # within the lock: it must not hit what is begun next
            return known

    def start(self) -> None:
        """Work in a thread of its own from now on."""
        self._thread = threading.Thread(target=self._work, name="capacity", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Work no more."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        self._calculator.close()
        if self._thread is not None:
            self._thread.join(5)

    def work_once(self) -> bool:
        """Work out the next thing that was asked for; False when there is none."""
        with self._changed:
            task = self._at_work = self._next()
        if task is None:
            return False
        plan, kind = task
        answer = self._calculator.ask(kind, asdict(plan))
        with self._changed:
            newest = next(reversed(self._asked), None)
            self._at_work = None
            if answer is None and kind == "enough" and newest not in (None, plan):
                self._asked.pop(plan, None)  # given up for a newer one; whoever still looks at it asks again
                return True
            self._keep(plan, kind, answer)
        return True

    def _work(self) -> None:
        while not self._is_over:
            if self.work_once():
                continue
            with self._changed:
                if self._next() is None and not self._is_over:
                    self._changed.wait()

    def _next(self) -> tuple[Plan, Kind] | None:
        """The plan asked for last comes first; an outlook before any other number."""
        kinds: tuple[Kind, Kind] = ("outlook", "enough")
        for kind in kinds:
            for plan in reversed(self._asked):
                known = self._known.get(plan, Look())
                if not known.trouble and kind in _missing(known, self._asked[plan]):
                    return plan, kind
        return None

    def _keep(self, plan: Plan, kind: Kind, answer: Mapping[str, Any] | None) -> None:
        known = self._known.get(plan, Look())
        try:
            if answer is None:
                raise ValueError
            if "refused" in answer:
                known = replace(known, trouble=str(answer["refused"]))
            elif kind == "outlook":
                known = replace(known, outlook=TypeAdapter(Outlook).validate_python(answer["found"]))
            else:
                known = replace(known, enough=TypeAdapter(Enough).validate_python(answer["found"]))
        except (ValueError, KeyError, ValidationError):
            known = replace(known, trouble=_GAVE_UP)
            self._failed_at[plan] = self._now()
        self._known[plan] = known
        self._known.move_to_end(plan)
        while len(self._known) > _REMEMBERED:
            gone, _ = self._known.popitem(last=False)
            self._failed_at.pop(gone, None)
        if known.trouble or not _missing(known, self._asked.get(plan, _ALL)):
            self._asked.pop(plan, None)


def _missing(known: Look, wanted: frozenset[Kind]) -> list[Kind]:
    return [kind for kind in wanted if getattr(known, kind) is None]
