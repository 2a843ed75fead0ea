"""The certificate claims nothing that was not read back, and says when each thing was, with its day."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deepracer_admin.flows.closeout.run import GIVEN_UP, LEFT, NOT_KNOWN, SKIPPED
from deepracer_admin.flows.closeout.steps import STEPS
from deepracer_admin.model import Event, JobItem, Quota, State
from deepracer_admin.records.closing import ClosingStep, ClosingWord, Ending, GivenBack, Leftover, Proof, StillIn
from deepracer_admin.records.proven import Proven
from deepracer_admin.services.closeout.certificate import Facts, certificate, local_time
from deepracer_admin.services.closeout.certificate_page import certificate_page
from deepracer_admin.services.closeout.verdict import ELSEWHERE

MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)
EVENT = Event("ev-1", "Autumn Cup", MIDNIGHT - timedelta(hours=9), MIDNIGHT, "UTC", 2, 100.0, Quota(60, 1))
CLOSED = replace(EVENT, closed_at=MIDNIGHT)
PROOF = Proof(MIDNIGHT, "j")
ACT = {"seq": 1, "at": "2026-11-23T00:00:00Z", "actor_name": "Olivia", "action": "closeout.run", "target": "ev-1"}


def facts(items: dict[str, JobItem] | None = None, rows: dict[str, ClosingStep] | None = None, **said: Any) -> Facts:
    told: dict[str, Any] = {"event": EVENT, "job": "j", "issued_at": MIDNIGHT, "fingerprint": "ab", "rehearsal": False}
    return Facts(steps=[(step, (items or {}).get(step.key)) for step in STEPS], rows=rows or {}, **(told | said))


def item(key: str, reason: str = "", state: State = State.REFUSED) -> JobItem:
    return JobItem("j", key, state, reason, f"What {key} says.")


def closed(**changed: Any) -> Facts:
    """Everything done and read back, and nothing left; but for what is given."""
    whole: dict[str, Any] = {"event": CLOSED, "proof": PROOF, "ending": Ending("j", MIDNIGHT), "acts": [ACT]}
    items = {step.key: item(step.key, state=State.DONE) for step in STEPS} | changed.pop("items", {})
    return facts(items, **(whole | changed))


def claim(found: Facts, title: str) -> dict[str, Any]:
    return next(each for each in certificate(found)["claims"] if title in each["claim"])


def test_evidence_read_after_midnight_is_of_the_next_day_with_offset_and_zone() -> None:
    rows = {
        "freeze": ClosingStep("j", read_back_at=MIDNIGHT - timedelta(seconds=2)),
        "stop": ClosingStep("j", read_back_at=MIDNIGHT + timedelta(hours=30)),
    }
    found = facts({key: item(key, state=State.DONE) for key in rows}, rows)
    assert claim(found, "1. Freeze")["read_at"] == "2026-11-22 23:59:58+00:00 (UTC)"
    assert claim(found, "3. Stop")["read_at"] == "2026-11-24 06:00:00+00:00 (UTC)"
    assert local_time(MIDNIGHT, "Asia/Kolkata") == "2026-11-23 05:30:00+05:30 (Asia/Kolkata)"


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
    assert claim(facts({"access": item("access", reason, state)}), "5. End access")["answer"] == words


def test_what_is_left_has_its_reason_its_cost_and_its_way_out() -> None:
    left = Leftover("models", 12, ("m1", "m2"), "They stand in ERROR.", "Remove them.", cost="Nothing.")
    bare = Leftover("models")
    found = certificate(facts(rows={"models": ClosingStep("j", leftovers=(left, bare))}))["left"]
    assert (found[0]["count"], found[0]["which"]) == (12, ["m1", "m2"])
    assert (found[0]["why"], found[0]["costs"], found[0]["way_out"]) == (
        "They stand in ERROR.", "Nothing.", "Remove them.",
    )  # fmt: skip
    step = next(step for step in STEPS if step.key == "models")
    assert (found[1]["costs"], found[1]["way_out"]) == (step.cost, step.way_out)


def test_who_decided_what_and_why_stands_in_it() -> None:
    words = [ClosingWord("j", "models", word, "oid", "Olivia", "it hangs", MIDNIGHT) for word in ("skip", "wait")]
    words.append(ClosingWord("before", "models", "stop", "oid", "Olivia", "lunch", MIDNIGHT))
    decided = certificate(facts(words=words))["decided"]
    assert [each["decision"] for each in decided] == ["went on without it", "waited on", "stopped the close-out at it"]
    assert {(each["by"], each["step"]) for each in decided} == {("Olivia", "Delete models")}
    assert [each["reason"] for each in decided] == ["it hangs", "it hangs", "lunch"]
    assert decided[-1]["of"] == "an earlier close-out of this event"


def test_of_whom_nothing_is_known_is_never_counted_as_zero() -> None:
    unknown = tuple(StillIn(f"at-{number}") for number in range(3))
    said = certificate(facts(proof=replace(PROOF, not_known=unknown, settle="Ask the user pool.")))["people"]["said"]
    assert "Not known for 3 people: Ask the user pool." in said
    assert "not known: it was not looked at" in certificate(facts())["people"]["said"]


def test_each_person_has_one_of_three_answers_and_how_it_was_seen() -> None:
    answers = {
        "at-1": Proven("j", "gone", "pool", MIDNIGHT),
        "at-2": Proven("j", "not known", "created", MIDNIGHT, "Give the console credentials."),
    }
    found = certificate(facts(proof=PROOF, answers=answers))
    assert found["people"]["gone"] == 1
    assert found["people"]["not known"] == 1
    first, second = found["persons"]
    assert (first["person"], first["answer"]) == ("at-1", "gone")
    assert first["seen"].startswith("Neither the racing service's listing nor the user pool")
    assert second["settle"] == "Give the console credentials."


# -------------------------------------------------------------------------------------------------------- the verdict


def test_green_is_for_what_was_read_back_and_left_nothing() -> None:
    assert closed().verdict.colour == "green"
    assert closed().verdict.because == ()


NOT_GREEN = {
    "not closed": ({"event": EVENT}, "red", "The close-out is not through."),
    "nothing read back": ({"proof": None}, "red", "Nobody has looked who can still sign in."),
    "of one it is not known": (
        {"proof": replace(PROOF, not_known=(StillIn("a"),), settle="Ask.")}, "red", "Not known for 1 person: Ask.",
    ),
    "one of ours is still in": (
        {"proof": replace(PROOF, can_still_sign_in=(StillIn("a", why="created"),))},
        "red",
        "1 person can still sign in and should not.",
    ),
    "one keeps access from before": (
        {"proof": replace(PROOF, can_still_sign_in=(StillIn("a", why="adopted"),))},
        "amber",
        "1 person keeps the access that they had before this event.",
    ),
    "the acts are in another folder's audit": ({"acts": []}, "amber", ELSEWHERE),
    "another event keeps one": (
        {"proof": replace(PROOF, elsewhere=(StillIn("a"),))},
        "amber",
        "1 person is let in by another open event, which ends it.",
    ),
    "one is still in the group": (
        {"proof": replace(PROOF, in_group=1)}, "amber", "1 person is still in the Entra group.",
    ),
    "a model stays": (
        {"rows": {"models": ClosingStep("j", leftovers=(Leftover("models", 2, why="In ERROR."),))}},
        "amber",
        "Models: 2. In ERROR.",
    ),
    "sponsorship did not close": (
        {"items": {"sponsorship": item("sponsorship", GIVEN_UP)}},
        "amber",
        "“Close sponsorship”: What sponsorship says.",
    ),
    "the models were skipped": (
        {"items": {"models": item("models", SKIPPED)}}, "amber", "“Delete models” was skipped.",
    ),
    "ending access was skipped": (
        {"items": {"access": item("access", SKIPPED)}}, "red", "“End access” was skipped.",
    ),
    "looking was not done": (
        {"items": {"verify": item("verify", GIVEN_UP)}}, "red", "“Who can still sign in” was not done.",
    ),
    "former limits were not given back": (
        {"given_back": GivenBack("j", MIDNIGHT, 3, 2)},
        "amber",
        "1 profile from before the event not seen with the limits that they had.",
    ),
    "the console may still act for one": (
        {"ending": Ending("j", MIDNIGHT, kept=1)},
        "amber",
        "The console may still act for 1 person who ran this event.",
    ),
    "the audit was altered": (
        {"chain": (9, 4)}, "red", "The audit was altered at entry 4, so it proves nothing from there on.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_GREEN)
def test_whatever_is_not_as_it_should_be_keeps_it_from_being_green(case: str) -> None:
    changed, colour, because = NOT_GREEN[case]
    found = closed(**changed).verdict
    assert found.colour == colour
    assert because in found.because


def test_a_certificate_without_a_close_out_claims_nothing() -> None:
    found = certificate(facts())
    assert [each["answer"] for each in found["claims"]] == ["NOT DONE"] * len(STEPS)
    assert found["event"]["closed"] == "not yet"
    assert found["verdict"]["colour"] == "red"


# ------------------------------------------------------------------------------------------------------------ the page


def test_the_page_says_the_same_and_runs_nothing() -> None:
    hostile = replace(CLOSED, name="<script>alert(1)</script>")
    found = closed(event=hostile, rehearsal=True, answers={"at-1": Proven("j", "gone", "listing", MIDNIGHT)})
    page = certificate_page(certificate(found)).decode()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "default-src &#x27;none&#x27;" in page or "default-src 'none'" in page
    assert "http://" not in page
    assert "https://" not in page
    assert "REHEARSAL: simulated people" in page
    assert page.count("What access says.") == 1
    assert '<p class="mark">REHEARSAL' in page
    assert "at-1" in page
    assert json.dumps(certificate(found)), "plain values"
