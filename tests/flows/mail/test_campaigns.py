"""The mail ledger at work: at most one mail a person, whatever the sender answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from deepracer_admin.errors import BadInput, LostAnswer, Refused, Throttled
from deepracer_admin.flows.mail.campaigns import CampaignReconciler, ensure_access_campaign
from deepracer_admin.flows.mail.sender import TRIES
from deepracer_admin.model import Outcome, Sending, State, Step
from deepracer_admin.records.campaigns import CAMPAIGNS, Audience, Campaign
from deepracer_admin.records.mail_texts import MAIL_TEXTS
from deepracer_admin.records.onboarding import ONBOARDING, Onboarding, Run
from tests.flows.conftest import ORGANIZER, Stage, rounds
from tests.flows.mail.mailers import PlayedMailer

PROVEN = Audience("proven")


def prove(stage: Stage, *people: Any) -> None:
    rows = [Outcome(person.id, Step.ACCESS, State.DONE, "listed") for person in people]
    stage.store.record(stage.event.id, rows, lease=None, now=stage.console.clock.now())


def start_access(stage: Stage, count: int) -> list[Any]:
    """`count` people with proven access, and the access campaign running; nothing else of onboarding runs."""
    people = stage.crowd(count)
    prove(stage, *people)
    stage.store.update(stage.event.id, ONBOARDING, lambda _: Onboarding(Run.RUNNING))
    ensure_access_campaign(stage.ports, stage.event, stage.lease)
    return people


def slices(stage: Stage, ready: Callable[[], bool], *, most: int = 150) -> None:
    for _ in rounds(most):
        stage.worker.mail.run(stage.event, stage.lease)
        if ready():
            return
        stage.rest(0.25)
    raise AssertionError(f"not ready: {counts(stage)}, {stage.store.rows(stage.event.id, CAMPAIGNS)}")


def counts(stage: Stage, campaign: str = "access") -> dict[str, int]:
    found = stage.store.delivery_counts(stage.event.id, campaign)
    return {state.value: n for state, n in found.items() if n}


def row(stage: Stage, campaign: str = "access") -> Campaign:
    return stage.store.rows(stage.event.id, CAMPAIGNS)[campaign]


def played(stage: Stage, mailer: PlayedMailer) -> CampaignReconciler:
    return CampaignReconciler(replace(stage.ports, mailer=lambda: mailer))  # type: ignore[arg-type, return-value]


def test_each_proven_person_gets_one_mail_with_their_key(stage: Stage) -> None:
    people = start_access(stage, 5)
    slices(stage, lambda: counts(stage) == {"sent": 5})
    mails = stage.world.outbox()
    assert sorted(mail["to"] for mail in mails) == sorted(person.email for person in people)
    assert all(mail["subject"].startswith("[REHEARSAL] Autumn Cup") for mail in mails)
    assert stage.done(Step.MAIL) == 5


def test_those_who_become_ready_later_follow_by_themselves(stage: Stage) -> None:
    start_access(stage, 2)
    slices(stage, lambda: counts(stage) == {"sent": 2})
    (late,) = stage.add("late.comer@example.com")
    stage.worker.mail.run(stage.event, stage.lease)
    assert counts(stage) == {"sent": 2}
    prove(stage, late)
    slices(stage, lambda: counts(stage) == {"sent": 3})


def test_an_announcement_reaches_each_once_and_once_more_only_in_a_new_text(stage: Stage) -> None:
    people = stage.crowd(3)
    prove(stage, *people)
    desk = stage.console.first
    pizza = desk.announcements.make(ORGANIZER, "Pizza at noon", "Pizza", "Hello {name}, at noon.")
    for text in (pizza, pizza, replace(pizza, subject="Pizza at one")):
        version = desk.messages.save_template(ORGANIZER, text).version
        campaign = desk.messages.send(ORGANIZER, pizza.key, PROVEN).campaign
        slices(stage, lambda made=campaign: row(stage, made).state == "done")  # type: ignore[misc]
        assert len(stage.world.outbox()) == 3 * version
    subjects = [mail["subject"].partition("] ")[2] for mail in stage.world.outbox()]
    assert sorted(subjects) == ["Pizza"] * 3 + ["Pizza at one"] * 3
    assert stage.done(Step.MAIL) == 0, "only the access mail is a step"


def test_a_campaign_whose_announcement_was_taken_away_stops_and_says_so(stage: Stage) -> None:
    """Taken away at the very moment at which it was sent."""
    prove(stage, *stage.crowd(2))
    desk = stage.console.first
    pizza = desk.announcements.make(ORGANIZER, "Pizza at noon", "Pizza", "Hello {name}, at noon.")
    campaign = desk.messages.send(ORGANIZER, pizza.key, PROVEN).campaign
    stage.store.change_rows(stage.event.id, MAIL_TEXTS, lambda rows: dict.fromkeys(rows))
    slices(stage, lambda: row(stage, campaign).state == "stopped")
    assert "was taken away" in row(stage, campaign).sentence
    assert stage.world.outbox() == []


def edit_access_mail(stage: Stage, subject: str) -> None:
    text = stage.ports.letters.template(stage.event, "access", "en")
    stage.console.first.messages.save_template(ORGANIZER, replace(text, subject=subject))


def test_an_edit_of_the_access_mail_makes_no_second_mail_to_anybody(stage: Stage) -> None:
    """Each has one; the ledger says which text each of them got, also where it was edited after planning."""
    first, _ = people = start_access(stage, 2)
    slices(stage, lambda: counts(stage) == {"sent": 2})
    edit_access_mail(stage, "Second words for {event}")
    late, later = stage.add("late.comer@example.com", "later.comer@example.com")
    prove(stage, late)
    slices(stage, lambda: counts(stage) == {"sent": 3})
    prove(stage, later)
    stage.worker.mail._plan(stage.event, "access", row(stage), stage.lease)
    edit_access_mail(stage, "Third words for {event}")
    slices(stage, lambda: counts(stage) == {"sent": 4})
    for _ in range(3):
        stage.rest(5)
        stage.worker.mail.run(stage.event, stage.lease)
    assert counts(stage) == {"sent": 4}
    versions = {entry.attendee: entry.version for entry in stage.store.deliveries(stage.event.id)}
    assert versions == {**{person.id: 1 for person in people}, late.id: 2, later.id: 3}
    subjects = {mail["to"]: mail["subject"].partition("] ")[2] for mail in stage.world.outbox()}
    assert (subjects[late.email], subjects[later.email]) == (
        "Second words for Autumn Cup",
        "Third words for Autumn Cup",
    )
    messages = stage.console.first.messages
    assert messages.reach(ORGANIZER, "access", PROVEN) == ([], 4)
    again = messages.send(ORGANIZER, "access", PROVEN).campaign
    slices(stage, lambda: row(stage, again).state == "done")
    assert stage.world.truth()["mails_sent"] == 4
    messages.resend_one(ORGANIZER, first.id)
    slices(stage, lambda: counts(stage, "resend") == {"sent": 1})
    assert stage.world.truth()["mails_sent"] == 5, "only who was asked for gets the newest text"


def test_a_missing_value_stops_everything_with_the_person_s_name(stage: Stage) -> None:
    people = start_access(stage, 3)
    stage.store.save_attendees(stage.event.id, [replace(people[1], alias="")])
    stage.worker.mail.run(stage.event, stage.lease)
    assert row(stage).state == "stopped"
    assert row(stage).sentence == "The mail for Racer No1 cannot be written: there is no value for {alias}."
    assert stage.world.truth()["mails_sent"] == 0


def test_a_lost_answer_is_unknown_never_repeated_and_settled_by_the_events(stage: Stage) -> None:
    start_access(stage, 4)
    stage.world.arm("ses", "lost_answer", operation="SendEmail", count=2)
    slices(stage, lambda: counts(stage) == {"sent": 2, "unknown": 2})
    for _ in range(3):
        stage.worker.mail.run(stage.event, stage.lease)
    assert stage.world.truth()["mails_sent"] == 4
    unknown = [r for r in stage.store.steps(stage.event.id, step=Step.MAIL) if r.state is State.UNKNOWN]
    assert len(unknown) == 2
    assert "not repeated" in unknown[0].sentence
    stage.world.advance(120)
    assert stage.worker.mail.take_events(stage.event, stage.lease) >= 2
    assert counts(stage) == {"sent": 4}
    stage.worker.mail._mirroring._next.clear()
    stage.worker.mail.run(stage.event, stage.lease)
    assert stage.done(Step.MAIL) == 4
    assert stage.world.truth()["mails_duplicate"] == 0


def test_a_claim_of_a_holder_that_died_becomes_unknown_and_is_not_sent(stage: Stage) -> None:
    start_access(stage, 3)
    stage.worker.mail._plan(stage.event, "access", row(stage), stage.lease)
    claimed = stage.store.claim_deliveries(
        stage.event.id, "access", 2, lease=stage.lease, now=stage.console.clock.now()
    )
    assert len(claimed) == 2
    stage.worker.lead.stop()
    stage.worker.lead.beat()  # a new epoch, as after a takeover
    slices(stage, lambda: counts(stage) == {"sent": 1, "unknown": 2})
    assert stage.world.truth()["mails_sent"] == 1
    assert {r.state for r in stage.store.steps(stage.event.id, step=Step.MAIL)} == {State.DONE, State.UNKNOWN}


def test_throttled_mail_goes_later_and_only_once(stage: Stage) -> None:
    start_access(stage, 4)
    stage.world.arm("ses", "throttle", operation="SendEmail", count=3)
    slices(stage, lambda: counts(stage) == {"sent": 4})
    assert stage.world.truth()["mails_duplicate"] == 0


def test_after_five_tries_it_is_final(stage: Stage) -> None:
    start_access(stage, 1)
    mailer = PlayedMailer(Throttled("Too fast.", retry_after=0.0))
    mail = played(stage, mailer)
    for _ in range(20):
        mail.run(stage.event, stage.lease)
        if any(not entry.next_try_at for entry in stage.store.deliveries(stage.event.id, state=Sending.FAILED)):
            break
        stage.rest(0.3)
    mail.close()
    assert len(mailer.sent) == TRIES
    person = stage.store.steps(stage.event.id, step=Step.MAIL)[0]
    assert (person.state, person.sentence) == (State.REFUSED, "Too fast.")


def test_a_refusal_is_final_at_once(stage: Stage) -> None:
    start_access(stage, 1)
    mailer = PlayedMailer(Refused("SES refused this mail: bad address.", code="MessageRejected"))
    mail = played(stage, mailer)
    for _ in range(3):
        mail.run(stage.event, stage.lease)
    mail.close()
    assert len(mailer.sent) == 1
    assert counts(stage) == {"failed": 1}


def test_an_unforeseen_failure_counts_as_perhaps_sent(stage: Stage) -> None:
    start_access(stage, 2)
    mailer = PlayedMailer(ZeroDivisionError(), LostAnswer("Lost."))
    mail = played(stage, mailer)
    for _ in range(3):
        mail.run(stage.event, stage.lease)
    mail.close()
    assert (len(mailer.sent), counts(stage)) == (2, {"unknown": 2})


def test_suppressed_people_are_skipped_with_the_reason(stage: Stage) -> None:
    people = start_access(stage, 3)
    stage.ports.mailer()._reads.put_suppressed_destination(EmailAddress=people[0].email, Reason="BOUNCE")  # type: ignore[attr-defined]
    slices(stage, lambda: counts(stage) == {"sent": 2, "skipped": 1})
    found = stage.step(people[0], Step.MAIL)
    assert (found.state, found.reason) == (State.REFUSED, "suppressed")
    assert "an earlier mail bounced" in found.sentence


def test_the_quota_of_the_day_says_how_many_go_tomorrow(stage: Stage) -> None:
    stage.world.arm("ses", "quota", params={"max_24h": 3, "rate": 50})
    start_access(stage, 5)
    slices(stage, lambda: counts(stage) == {"sent": 3, "pending": 2} and bool(row(stage).sentence))
    assert row(stage).sentence == "The sender's quota of 3 a day leaves 0 now; 2 go tomorrow by themselves."
    assert row(stage).state == "running"
    stage.world.advance(timedelta(hours=25).total_seconds())
    stage.worker.mail.sender._limits = None
    slices(stage, lambda: counts(stage) == {"sent": 5} and row(stage).sentence == "")


def test_paused_sending_stops_with_what_the_administrator_must_do(stage: Stage) -> None:
    start_access(stage, 2)
    stage.world.arm("ses", "paused")
    stage.worker.mail.run(stage.event, stage.lease)
    assert row(stage).sentence == "The sender has paused sending for this account; its administrator must resume it."
    assert counts(stage) == {"pending": 2}


def test_mail_keeps_to_four_fifths_of_the_rate(stage: Stage) -> None:
    stage.world.arm("ses", "quota", params={"max_24h": -1, "rate": 20})
    start_access(stage, 60)
    began = stage.clock.monotonic()
    slices(stage, lambda: counts(stage) == {"sent": 60})
    passed = stage.clock.monotonic() - began
    assert 16 * (passed + 1) + 16 >= 60
    assert stage.calls().get("ses.SendEmail") == 60


def test_a_pause_is_heard_and_a_cancelled_campaign_stays_cancelled(stage: Stage) -> None:
    people = stage.crowd(3)
    prove(stage, *people)
    key = stage.console.first.messages.send(ORGANIZER, "reminder", PROVEN).campaign
    stage.console.first.messages.control(ORGANIZER, key, "paused")
    stage.worker.mail.run(stage.event, stage.lease)
    assert stage.world.truth()["mails_sent"] == 0
    stage.console.first.messages.control(ORGANIZER, key, "running")
    slices(stage, lambda: row(stage, key).state == "done")
    assert counts(stage, key) == {"sent": 3}
    stage.console.first.messages.send(ORGANIZER, "reminder", PROVEN)
    slices(stage, lambda: True)
    assert stage.world.truth()["mails_sent"] == 3, "one mail per person, template and version"


def test_a_campaign_goes_to_those_whom_the_press_named_and_to_nobody_who_came_since(stage: Stage) -> None:
    people = stage.crowd(3)
    prove(stage, *people[:2])
    named = [person.id for person in people[:2]]
    key = stage.console.first.messages.send(ORGANIZER, "reminder", PROVEN, attendees=named).campaign
    prove(stage, people[2])
    slices(stage, lambda: row(stage, key).state == "done")
    assert {each.attendee for each in stage.store.deliveries(stage.event.id, campaign=key)} == {*named}


def test_everybody_needs_a_reason_that_is_audited(stage: Stage) -> None:
    stage.crowd(1)
    with pytest.raises(BadInput, match="write the reason"):
        stage.console.first.messages.send(ORGANIZER, "reminder", Audience("all"), reason="because")
    stage.console.first.messages.send(
        ORGANIZER, "reminder", Audience("all"), reason="The portal moved to a new address."
    )
    entry = stage.store.audit(stage.event.id)[0]
    assert entry.after["reason"] == "The portal moved to a new address."


def test_a_scheduled_campaign_waits_for_its_hour(stage: Stage) -> None:
    prove(stage, *stage.crowd(1))
    at = stage.console.clock.event_now() + timedelta(hours=2)
    key = stage.console.first.messages.send(ORGANIZER, "reminder", PROVEN, schedule_at=at).campaign
    stage.worker.mail.run(stage.event, stage.lease)
    assert row(stage, key).state == "scheduled"
    stage.world.advance(7300)
    stage.anchor_clock()
    slices(stage, lambda: row(stage, key).state == "done")


def test_a_mail_by_the_event_goes_to_whoever_is_in_the_audience_when_it_fires(stage: Stage) -> None:
    first, second = stage.crowd(2)
    prove(stage, first)
    messages = stage.console.first.messages
    minutes = round((stage.console.clock.event_now() - stage.event.ends_at).total_seconds() / 60) + 120
    key = messages.send(ORGANIZER, "reminder", PROVEN, relative=messages.when(ORGANIZER, "ends", minutes)).campaign
    stage.worker.mail.run(stage.event, stage.lease)
    assert row(stage, key).state == "scheduled"
    prove(stage, second)
    stage.world.advance(7300)
    stage.anchor_clock()
    slices(stage, lambda: row(stage, key).state == "done")
    assert len(stage.store.deliveries(stage.event.id, campaign=key)) == 2


@pytest.mark.parametrize("paused", [False, True])
def test_a_mail_by_the_event_is_cancelled_when_the_event_moves_and_says_so(stage: Stage, paused: bool) -> None:
    prove(stage, *stage.crowd(1))
    messages = stage.console.first.messages
    key = messages.send(ORGANIZER, "reminder", PROVEN, relative=messages.when(ORGANIZER, "ends", -120)).campaign
    if paused:
        messages.control(ORGANIZER, key, "paused")
    moved = stage.store.amend_event(stage.event.id, lambda one: replace(one, ends_at=one.ends_at + timedelta(hours=1)))
    stage.worker.mail.run(moved, stage.lease)
    assert row(stage, key).state == "cancelled"
    assert "but that is no longer" in row(stage, key).sentence
    assert stage.store.deliveries(stage.event.id, campaign=key) == []


def test_a_bounce_lands_on_the_person(stage: Stage) -> None:
    (person,) = stage.add("bounce.back@example.com")
    prove(stage, person)
    stage.store.update(stage.event.id, ONBOARDING, lambda _: Onboarding(Run.RUNNING))
    ensure_access_campaign(stage.ports, stage.event, stage.lease)
    slices(stage, lambda: counts(stage) == {"sent": 1})
    stage.world.advance(120)
    stage.worker.mail.take_events(stage.event, stage.lease)
    stage.worker.mail._mirroring._next.clear()
    stage.worker.mail.run(stage.event, stage.lease)
    found = stage.step(person, Step.MAIL)
    assert (found.state, found.reason) == (State.REFUSED, "bounced")
    assert "ask for the right address" in found.sentence


def test_one_slow_look_at_the_list_never_keeps_the_next_mails_back_for_long(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = stage.ports.letters
    read = letters.audience

    def slow(*asked: Any) -> Any:
        stage.clock.advance(60.0)
        return read(*asked)

    monkeypatch.setattr(letters, "audience", slow)
    start_access(stage, 1)
    slices(stage, lambda: stage.world.truth()["mails_sent"] == 1)
    monkeypatch.setattr(letters, "audience", read)
    prove(stage, *stage.add("late.comer@example.com"))
    stage.clock.advance(5.0)
    slices(stage, lambda: stage.world.truth()["mails_sent"] == 2, most=3)
