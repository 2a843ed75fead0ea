"""The certificate claims nothing that was not read back, and says when each thing was, with its day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deepracer_admin.flows.closeout.run import GIVEN_UP, LEFT, NOT_KNOWN, SKIPPED
from deepracer_admin.flows.closeout.steps import STEPS
from deepracer_admin.model import Event, JobItem, Quota, State
from deepracer_admin.records.closing import ClosingStep, Leftover, Skip
from deepracer_admin.services.closeout.certificate import certificate

MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)
EVENT = Event("ev-1", "Autumn Cup", MIDNIGHT - timedelta(hours=9), MIDNIGHT, "UTC", 2, 100.0, Quota(60, 1))


def text(items: dict[str, JobItem], rows: dict[str, ClosingStep] | None = None, **said: Any) -> str:
    told: dict[str, Any] = {"can_still_sign_in": 0, "in_group": None, "proof_at": MIDNIGHT, "last_audit": None} | said
    steps = [(step, items.get(step.key)) for step in STEPS]
    return certificate(EVENT, steps, rows or {}, rehearsal=False, **told)


def item(key: str, reason: str = "", state: State = State.REFUSED) -> JobItem:
    return JobItem("j", key, state, reason, f"What {key} says.")


def test_evidence_read_after_midnight_is_of_the_next_day() -> None:
    rows = {
        "freeze": ClosingStep("j", read_back_at=MIDNIGHT - timedelta(seconds=2)),
        "stop": ClosingStep("j", read_back_at=MIDNIGHT + timedelta(hours=30)),
    }
    shown = text({key: item(key, state=State.DONE) for key in rows}, rows)
    assert "1. Freeze the races: done (2026-11-22 23:59:58 UTC)" in shown
    assert "3. Stop onboarding and mail: done (2026-11-24 06:00:00 UTC)" in shown


@pytest.mark.parametrize(
    ("reason", "state", "words"),
    [
        (LEFT, State.REFUSED, "done as far as it can be, with something left"),
        (NOT_KNOWN, State.UNKNOWN, "ended; it is NOT KNOWN how things stand"),
        (GIVEN_UP, State.REFUSED, "NOT DONE"),
        (SKIPPED, State.REFUSED, "SKIPPED"),
        ("", State.WAITING, "NOT DONE"),
    ],
)
def test_a_step_that_was_not_done_is_never_called_done(reason: str, state: State, words: str) -> None:
    assert f"5. End access: {words}\n" in text({"access": item("access", reason, state)})


def test_what_is_left_and_who_skipped_stand_beside_the_step() -> None:
    left = Leftover("models", 12, ("m1", "m2"), "They stand in ERROR.", "Remove them.")
    skip = Skip("oid", "Olivia", "it hangs", MIDNIGHT)
    shown = text({"models": item("models", SKIPPED)}, {"models": ClosingStep("j", leftovers=(left,), skip=skip)})
    assert "   Skipped by Olivia on 2026-11-23 00:00:00 UTC.\n" in shown
    assert "   Left: Models: 12 (m1, m2 and 10 more). They stand in ERROR. Remove them.\n" in shown


def test_of_whom_nothing_is_known_is_never_counted_as_zero() -> None:
    shown = text({}, not_known=3, settle="Ask the user pool.")
    assert "Not known for 3 people: Ask the user pool." in shown
    assert "Who can still sign in is not known: it was not looked at." in text({}, can_still_sign_in=None)


def test_a_certificate_without_a_close_out_claims_nothing() -> None:
    assert text({}).count("NOT DONE") == len(STEPS)
    assert "Closed: not yet" in text({})
    assert replace(EVENT, closed_at=MIDNIGHT).closed_at


def test_who_another_open_event_keeps_in_is_said_apart_and_is_nothing_left() -> None:
    kept = Leftover("profiles", 2, ("p1", "p2"), "Handed over.", "Its own close-out deletes them.", is_kept=True)
    rows = {"access": ClosingStep("j", leftovers=(kept,))}
    shown = text({"access": item("access", state=State.DONE)}, rows, elsewhere=2)
    assert "   Kept: Profiles: 2 (p1, p2). Handed over. Its own close-out deletes them.\n" in shown
    assert (
        "Besides, 2 people can still sign in because another open event wants them; its close-out ends that." in shown
    )
    assert "Left:" not in shown
