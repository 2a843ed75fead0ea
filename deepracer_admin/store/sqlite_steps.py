"""What was last seen of each access step of each person, and how it came about."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product

from deepracer_admin.model import Lease, Outcome, State, Step, StepRow
from deepracer_admin.store.codec import encode, instant, when
from deepracer_admin.store.sqlite_base import real_now
from deepracer_admin.store.sqlite_people import PeoplePart

__all__ = ["StepsPart", "next_row"]

STEPS = {step.value: step for step in Step}
STATES = {state.value: state for state in State}
AGAIN = (State.RETRY, State.UNKNOWN)  # each further outcome of these is a further attempt


def next_row(old: StepRow | None, outcome: Outcome, now: datetime) -> StepRow | None:
    """What an outcome makes of a row; None when it changes nothing. Pure.

    A step that we did stays DONE when it is later found to be so (ALREADY), and a ref once known is kept. Attempts
    count from one again after the step had been done.
    """
    old = old or StepRow(outcome.person, outcome.step, State.TODO)
    if old.state is State.DONE and outcome.state is State.ALREADY:
        outcome = replace(outcome, state=State.DONE, reason=old.reason, sentence=old.sentence)
    ref = outcome.ref or old.ref
    same = (old.state, old.reason, old.sentence, old.ref) == (outcome.state, outcome.reason, outcome.sentence, ref)
    if same and outcome.state not in AGAIN and outcome.retry_after is None:
        return None
    changed = (old.state, old.reason) != (outcome.state, outcome.reason)
    return StepRow(
        attendee=outcome.person,
        step=outcome.step,
        state=outcome.state,
        reason=outcome.reason,
        sentence=outcome.sentence,
        ref=ref,
        attempts=(0 if old.state.is_done else old.attempts) + 1,
        next_try_at=None if outcome.retry_after is None else now + timedelta(seconds=outcome.retry_after),
        changed_at=now if changed else old.changed_at,
    )


class StepsPart(PeoplePart):
    def steps(self, event: str, *, step: Step | None = None, states: Collection[State] | None = None) -> list[StepRow]:
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT attendee, step, state, reason, sentence, ref, attempts, next_try_at, changed_at FROM steps"
                " WHERE event = :event AND (:step IS NULL OR step = :step)"
                " AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))",
                {"event": event, "step": step, "states": None if states is None else encode([*states])},
            ).fetchall()
        return [_step_row(row) for row in rows]

    def waiting_since(self, event: str) -> dict[Step, datetime]:
        """See the protocol."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT step, min(changed_at) AS at FROM steps WHERE event = :event AND state IN"
                " ('waiting', 'retry', 'refused') AND changed_at IS NOT NULL AND EXISTS (SELECT 1 FROM attendees"
                " WHERE attendees.event = :event AND attendees.id = steps.attendee AND wanted) GROUP BY step",
                {"event": event},
            ).fetchall()
        return {STEPS[row["step"]]: at for row in rows if (at := instant(row["at"])) is not None}

    def done(self, event: str, step: Step) -> set[str]:
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT attendee FROM steps WHERE event = ? AND step = ? AND state IN ('done', 'already')",
                (event, step),
            ).fetchall()
        return {row["attendee"] for row in rows}

    def steps_of(self, event: str, attendee: str) -> list[StepRow]:
        """In funnel order."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT attendee, step, state, reason, sentence, ref, attempts, next_try_at, changed_at FROM steps"
                " WHERE event = ? AND attendee = ?",
                (event, attendee),
            ).fetchall()
        order = list(Step)
        return sorted((_step_row(row) for row in rows), key=lambda row: order.index(row.step))

    def steps_among(self, event: str, attendees: Collection[str]) -> list[StepRow]:
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT attendee, step, state, reason, sentence, ref, attempts, next_try_at, changed_at FROM steps"
                " WHERE event = ? AND attendee IN (SELECT value FROM json_each(?))",
                (event, encode([*attendees])),
            ).fetchall()
        return [_step_row(row) for row in rows]

    def in_state(self, event: str, states: Collection[State]) -> set[str]:
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT DISTINCT attendee FROM steps WHERE event = ? AND step IN (SELECT value FROM json_each(?))"
                " AND state IN (SELECT value FROM json_each(?))",  # by each step, because the index begins with it
                (event, encode([*Step]), encode([*states])),
            ).fetchall()
        return {row["attendee"] for row in rows}

    def record(self, event: str, outcomes: Iterable[Outcome], *, lease: Lease | None, now: datetime) -> int:
        """See EventStore.record. Outcomes of people who were deleted meanwhile are left out."""
        batch = list(outcomes)
        with self._writing(lease) as connection:
            seen, present = self._last_seen(connection, event, batch)
            changed: dict[tuple[str, Step], StepRow] = {}
            history: list[StepRow] = []
            for outcome in batch:
                key = (outcome.person, outcome.step)
                old = seen.get(key)
                row = next_row(old, outcome, now) if outcome.person in present else None
                if row is None:
                    continue
                seen[key] = changed[key] = row
                if old is None or (old.state, old.reason) != (row.state, row.reason):
                    history.append(row)
            self._write_steps(connection, event, changed.values(), history)
        return len(changed)

    def reset_steps(self, event: str, attendees: Sequence[str], steps: Sequence[Step]) -> int:
        """Those that were not TODO; their history keeps what was, and a known ref (a profile id) stays known."""
        now = real_now()
        with self._writing() as connection:
            wanted = [Outcome(person, step, State.TODO) for person, step in product(attendees, steps)]
            seen, _ = self._last_seen(connection, event, wanted)
            rows = [
                StepRow(each.person, each.step, State.TODO, ref=old.ref, changed_at=now)
                for each in wanted
                if (old := seen.get((each.person, each.step))) is not None and old.state is not State.TODO
            ]
            self._write_steps(connection, event, rows, rows)
        return len(rows)

    def funnel(self, event: str) -> dict[Step, dict[State, int]]:
        """Every step and every state, 0 where nobody is."""
        with self._reading() as connection:
            people = connection.execute(
                "SELECT count(*) FROM attendees WHERE event = ? AND wanted", (event,)
            ).fetchone()[0]
            everybody = connection.execute(
                "SELECT step, state, count(*) AS n FROM steps WHERE event = ? GROUP BY step, state", (event,)
            ).fetchall()
            leavers = connection.execute(
                "SELECT step, state, -count(*) AS n FROM attendees CROSS JOIN steps"  # in this order
                " ON steps.event = attendees.event AND steps.attendee = attendees.id"
                " WHERE attendees.event = ? AND attendees.wanted = 0 GROUP BY step, state",
                (event,),
            ).fetchall()
        counts = {step: dict.fromkeys(State, 0) for step in Step}
        for row in (*everybody, *leavers):
            counts[Step(row["step"])][State(row["state"])] += row["n"]
        for by_state in counts.values():
            by_state[State.TODO] += people - sum(by_state.values())
        return counts

    def history_of(self, event: str, attendee: str) -> list[StepRow]:
        """Mails appear as step MAIL with reason "mail:<template>:<version>:<what>" and the message id as ref; jobs as
        step ACCESS with reason "job:<kind>" and the job id as ref."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT attendee, step, state, reason, sentence, ref, attempts, NULL AS next_try_at, changed_at,"
                " position FROM person_history WHERE event = :event AND attendee = :attendee"
                " UNION ALL SELECT item.key, 'access', item.state, 'job:' || job.kind, item.sentence, job.id, 0, NULL,"
                " item.changed_at, item.position FROM job_items AS item JOIN jobs AS job ON job.id = item.job"
                " WHERE item.key = :attendee AND job.event = :event"
                " ORDER BY changed_at, position",
                {"event": event, "attendee": attendee},
            ).fetchall()
        return [_step_row(row) for row in rows]

    def _last_seen(
        self, connection: sqlite3.Connection, event: str, outcomes: Sequence[Outcome]
    ) -> tuple[dict[tuple[str, Step], StepRow], set[str]]:
        """The rows that these outcomes may change, and which of their people are still on the list."""
        people = encode(sorted({outcome.person for outcome in outcomes}))
        present = connection.execute(
            "SELECT id FROM attendees WHERE event = ? AND id IN (SELECT value FROM json_each(?))", (event, people)
        ).fetchall()
        rows = connection.execute(
            "SELECT attendee, step, state, reason, sentence, ref, attempts, next_try_at, changed_at FROM steps"
            " WHERE event = ? AND attendee IN (SELECT value FROM json_each(?))"
            " AND step IN (SELECT value FROM json_each(?))",
            (event, people, encode(sorted({outcome.step for outcome in outcomes}))),
        ).fetchall()
        seen = {(row["attendee"], Step(row["step"])): _step_row(row) for row in rows}
        return seen, {row["id"] for row in present}

    def _write_steps(
        self, connection: sqlite3.Connection, event: str, rows: Iterable[StepRow], history: Iterable[StepRow]
    ) -> None:
        values = [(event, *_values(row), when(row.next_try_at)) for row in rows]
        if not values:
            return
        connection.executemany(
            "INSERT INTO steps (event, attendee, step, state, reason, sentence, ref, attempts, changed_at, next_try_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (event, attendee, step) DO UPDATE SET"
            " state = excluded.state, reason = excluded.reason, sentence = excluded.sentence, ref = excluded.ref,"
            " attempts = excluded.attempts, changed_at = excluded.changed_at, next_try_at = excluded.next_try_at",
            values,
        )
        connection.executemany(
            "INSERT INTO person_history (event, attendee, step, state, reason, sentence, ref, attempts, changed_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(event, *_values(row)) for row in history],
        )
        self._bump(connection, event)


def _values(row: StepRow) -> tuple[str | int | None, ...]:
    return (
        row.attendee,
        row.step,
        row.state,
        row.reason,
        row.sentence,
        row.ref,
        row.attempts,
        when(row.changed_at),
    )


def _step_row(row: sqlite3.Row) -> StepRow:
    """By position, because a page may read 70,000 of them."""
    attendee, step, state, reason, sentence, ref, attempts, next_try_at, changed_at, *_ = row
    return StepRow(
        attendee,
        STEPS[step],
        STATES[state],
        reason,
        sentence,
        ref,
        attempts,
        instant(next_try_at),
        instant(changed_at),
    )
