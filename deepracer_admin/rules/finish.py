"""When is a race over? Not at its close: a submission that was accepted in time is ranked whenever it finishes, also
hours later (deepracer-on-aws-capacity.md 4). Pure.

What may still bring a result: models that were on their way at a reading after the close. A model that was seen at rest
after the close can bring nothing more to that race, whatever it does later, so what is waited for only ever shrinks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from deepracer_admin.counted import counted
from deepracer_admin.model import Model, Race, RaceStatus

__all__ = [
    "MARGIN",
    "SETTLES",
    "Finality",
    "Finish",
    "ModelsInTraining",
    "State",
    "about_when",
    "after_reading",
    "after_standings",
    "finality",
    "finish_words",
    "in_training",
    "is_tracked",
    "on_their_way",
]

MARGIN = timedelta(minutes=1)
"""A reading counts as one after the close when it began so much later: two clocks may differ by less."""
SETTLES = timedelta(minutes=1)
"""Between the end of the last submission and the reading of standings that is taken for final."""
DISPATCH_S = 4.0
"""Seconds that the service lets pass before each job it starts, whatever the slots (deepracer-on-aws-capacity.md 3)."""
START_UP_MIN = 1.5  # minutes that a job takes before its car drives; the design's number
BEFORE = timedelta(hours=12)  # races that closed so long before an event began are none of its own

_SURE = frozenset({"SUBMITTING"})
_QUEUED = frozenset({"QUEUED", "INITIALIZING"})
_MANAGED = frozenset({"EVALUATING"})  # a submission there is an evaluation too (managed-deepracer.md 1.5)
_TRAINING = frozenset({"TRAINING", "WAITING_FOR_CAPACITY", "CREATED"})


@dataclass(frozen=True, slots=True)
class Finish:
    """What is known about one race past its close (event time throughout).

    `closes_at`: the close that this is about; a race that is extended begins anew. `waits`: models that may still bring
    a result, each with its profile; None until one whole reading was made after the close. `sure`: how many of them
    are certainly submissions. `asked`, `to_ask`: profiles that were asked since the close, and how many are left,
    where each is asked by itself. `first`, `first_at`: how many there were at the first whole reading. `moved_at`: when
    their number last fell. `clear_at`: when the first reading showed none. `as_of`: the last reading. `trouble`: why it
    could not be read, a sentence.

    `final_at`: since when it is final, `by_name` "" after the last result, else who declared it, with the `reason`.
    `late_at`: when a result came in afterwards.
    """

    closes_at: datetime
    waits: Mapping[str, str] | None = None
    sure: int = 0
    asked: frozenset[str] = frozenset()
    to_ask: int = 0
    first: int = 0
    first_at: datetime | None = None
    moved_at: datetime | None = None
    clear_at: datetime | None = None
    as_of: datetime | None = None
    trouble: str = ""
    final_at: datetime | None = None
    by: str = ""
    by_name: str = ""
    reason: str = ""
    late_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ModelsInTraining:
    """Ids of models that were seen on their way to their first training result, at `as_of` (event time).

    A model that waits in the queue and is not among them had been ready before: it was submitted, or is evaluated.
    """

    models: frozenset[str] = field(default_factory=frozenset)
    as_of: datetime | None = None


class State(StrEnum):
    """Of a race's result."""

    RUNNING = "running"  # the race is not over
    PROVISIONAL = "provisional"
    FINAL = "final"
    NOT_KNOWN = "not_known"  # nobody can see whether results are still to come
    NOT_OURS = "not_ours"  # closed before the event began: nothing is claimed


@dataclass(frozen=True, slots=True)
class Finality:
    """Whether a board is final, for screens. `on_way`: submissions that may still bring a result, None = not known;
    `about`: when the last is expected, an estimate (event time); `as_of`: of what is said (event time)."""

    state: State
    on_way: int | None = None
    sure: int = 0
    to_ask: int = 0
    about: datetime | None = None
    as_of: datetime | None = None
    final_at: datetime | None = None
    by_name: str = ""
    reason: str = ""
    late_at: datetime | None = None
    trouble: str = ""

    @property
    def is_final(self) -> bool:
        return self.state is State.FINAL

    @property
    def still_coming(self) -> str:
        """How many are on their way, without a time: "12 submissions are still on their way", "" for none."""
        if not self.on_way:
            return ""
        at_most = "" if self.sure == self.on_way else "at most "
        words = counted(self.on_way, "submission is still on its way", "submissions are still on their way")
        return f"{at_most}{words}"


def is_tracked(race: Race, *, own: bool, event_starts_at: datetime) -> bool:
    """Is it for this event to say when that race is final? Its own always; others when they close during the event."""
    return own or race.draft.closes_at >= event_starts_at - BEFORE


def on_their_way(
    models: Iterable[Model], *, training: ModelsInTraining, managed: bool
) -> tuple[dict[str, str], frozenset[str]]:
    """Models that may still bring a result, with their profiles; and which of these are certainly submissions.

    A model in the queue is a training that waits, or it was submitted: it was when it had been there, and not in
    training, at the reading before.
    """
    waits: dict[str, str] = {}
    sure: set[str] = set()
    for model in models:
        if model.status in _SURE:
            sure.add(model.id)
        elif model.status in _QUEUED:
            if model.id in training.models:
                continue
            if training.as_of is not None and (model.created_at is None or model.created_at < training.as_of):
                sure.add(model.id)
        elif not (managed and model.status in _MANAGED):
            continue
        waits[model.id] = model.profile_id
    return waits, frozenset(sure)


def in_training(models: Iterable[Model], *, before: ModelsInTraining, at: datetime) -> ModelsInTraining:
    """Models on their way to their first result at `at`: those that train or wait for a slot, and those in the queue
    that did so at the reading before, or were made after it. A first reading knows nothing of those in the queue."""
    found: set[str] = set()
    for model in models:
        is_new = before.as_of is not None and model.created_at is not None and model.created_at >= before.as_of
        if model.status in _TRAINING or (model.status in _QUEUED and (model.id in before.models or is_new)):
            found.add(model.id)
    return ModelsInTraining(frozenset(found), at)


def after_reading(
    kept: Finish | None,
    race: Race,
    waits: Mapping[str, str],
    sure: Collection[str],
    *,
    at: datetime,
    asked: Collection[str] | None = None,
    to_ask: int = 0,
) -> Finish:
    """What is known after a reading that began at `at`. `asked`: the profiles that it asked, None = everybody; then
    `to_ask` is how many have not been asked since the close."""
    now = kept if kept is not None and kept.closes_at == race.draft.closes_at else Finish(race.draft.closes_at)
    if now.final_at is not None:
        return now
    if at < race.draft.closes_at + MARGIN:  # what is submitted meanwhile may still count
        return replace(now, sure=len({*sure} & {*waits}), first=len(waits), as_of=at, trouble="")
    if asked is None or (now.waits is not None and not now.asked):  # everybody was asked, now or before
        left = {**waits} if now.waits is None else dict(now.waits)
        left = {key: owner for key, owner in left.items() if key in waits or (asked is not None and owner not in asked)}
        everybody, to_ask = frozenset[str](), 0
    else:
        before = now.waits or {}
        fresh = {*asked} - now.asked
        left = {key: owner for key, owner in before.items() if owner not in asked or key in waits}
        left |= {key: owner for key, owner in waits.items() if owner in fresh}
        everybody = now.asked | {*asked}
    fell = now.waits is None or len(left) < len(now.waits) or len(everybody) > len(now.asked)
    is_first = now.first_at is None
    return replace(
        now,
        waits=left,
        sure=len({*sure} & {*left}),
        asked=everybody,
        to_ask=to_ask,
        first=len(left) if is_first else max(now.first, len(left)),
        first_at=at if is_first else now.first_at,
        moved_at=at if fell else now.moved_at,
        clear_at=None if left or to_ask else (now.clear_at or at),
        as_of=at,
        trouble="",
    )


def after_standings(kept: Finish, *, at: datetime, changed: bool) -> Finish:
    """After a reading of the standings that began at `at`: final when nothing was on its way any more, and they held
    still after that. A result that comes later is noted."""
    if kept.final_at is not None:
        return replace(kept, late_at=at) if changed and at > kept.final_at else kept
    if kept.clear_at is None or at < kept.clear_at + SETTLES:
        return kept
    return replace(kept, clear_at=at) if changed else replace(kept, final_at=at)


def about_when(kept: Finish, race: Race, *, now: datetime, slots: int) -> datetime | None:
    """When the last result is expected (an estimate): at the pace seen since the close where there is one, else by the
    dispatcher's pace and the slots. None when nobody can say."""
    left = len(kept.waits) if kept.waits is not None else kept.first
    if not left:
        return None
    if kept.first_at is not None and kept.as_of is not None and kept.first - left >= 3:
        each = (kept.as_of - kept.first_at) / (kept.first - left)
        return max(now, kept.as_of + each * left)
    minutes = min(race.draft.max_minutes, 6.0) + START_UP_MIN
    rounds = -(-left // max(1, slots))
    return now + max(timedelta(seconds=DISPATCH_S * left), timedelta(minutes=minutes * rounds))


def finality(race: Race, kept: Finish | None, *, now: datetime, slots: int, tracked: bool = True) -> Finality:
    """What a screen says of a race at `now`."""
    if race.status(now) is not RaceStatus.CLOSED:
        return Finality(State.RUNNING)
    if not tracked:
        return Finality(State.NOT_OURS)
    if kept is None or kept.closes_at != race.draft.closes_at:
        return Finality(State.PROVISIONAL)
    if kept.final_at is not None:
        return Finality(
            State.FINAL,
            on_way=0,
            as_of=kept.as_of,
            final_at=kept.final_at,
            by_name=kept.by_name,
            reason=kept.reason,
            late_at=kept.late_at,
        )
    left = kept.first if kept.waits is None else len(kept.waits)
    known = kept.as_of is not None
    return Finality(
        State.NOT_KNOWN if kept.trouble and not known else State.PROVISIONAL,
        on_way=left if known else None,
        sure=kept.sure,
        to_ask=kept.to_ask,
        about=about_when(kept, race, now=now, slots=slots) if known else None,
        as_of=kept.as_of,
        trouble=kept.trouble,
    )


def finish_words(view: Finality, at: Callable[[datetime], str], *, reason: bool = True) -> str:
    """One sentence for a screen, "" while the race runs. `at` writes an instant; `reason`: also who declared it and
    why, which is for those who run the event."""
    if view.state is State.RUNNING:
        return ""
    if view.state is State.NOT_OURS:
        return "Closed before this event began."
    if view.state is State.FINAL and view.final_at is not None:
        return _final_words(view, view.final_at, at, reason=reason)
    if view.state is State.NOT_KNOWN:
        return f"Provisional: whether results are still to come is not known. {view.trouble}"
    if view.on_way is None:
        return "Provisional: it is looked whether submissions are still on their way."
    tail = f" As of {at(view.as_of)}." if view.as_of else ""
    if view.trouble:
        tail += f" It cannot be read now: {view.trouble}"
    if view.to_ask:
        asked = counted(view.to_ask, "profile has", "profiles have")
        tail = f" {asked} not been asked yet.{tail}"
    if not view.on_way:
        return f"Provisional: nothing is seen on its way; the standings are read once more.{tail}"
    about = f"; the last result is expected about {at(view.about)} (estimate)" if view.about else ""
    return f"Provisional: {view.still_coming}{about}.{tail}"


def _final_words(view: Finality, final_at: datetime, at: Callable[[datetime], str], *, reason: bool) -> str:
    late = f" A result came in after that, at {at(view.late_at)}." if view.late_at else ""
    if not view.by_name:
        return f"Final since {at(final_at)}, after the last result.{late}"
    if not reason:
        return f"Final since {at(final_at)}.{late}"
    return f"Declared final by {view.by_name} at {at(final_at)}: {view.reason.rstrip('.')}.{late}"
