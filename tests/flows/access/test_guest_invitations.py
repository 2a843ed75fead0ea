"""Guests of the directory: invited once and without Microsoft's mail, their link in their own mail and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from deepracer_admin.errors import BadInput, LostAnswer
from deepracer_admin.flows.access import guest_invitations as guests
from deepracer_admin.model import Attendee, Invitee, JobState, Sending, State, Step
from deepracer_admin.worker.practice import OutboxCopier
from tests.flows.conftest import ORGANIZER, Stage, make_console, make_event
from tests.flows.fake_time import RealTime
from tests.practice import WorldHandle

GINA, GUS = "guest.gina@example.org", "guest.gus@example.org"
LINK = re.compile(r"https?://\S+/redeem\?rd=[\w-]+")


@pytest.fixture
def stage(world: WorldHandle, tmp_path: Path, real_time: RealTime) -> Iterator[Stage]:
    """An event that invites strangers as guests."""
    console = make_console(tmp_path, real_time)
    event = replace(make_event(console, group=world.endpoints["graph"]["group_id"]), guests="invite")
    console.store.save_event(event)
    made = Stage(world, console, event)
    yield made
    made.worker.mail.close()
    console.close()


def go(stage: Stage, rounds: int = 1) -> None:
    """The group alone, without waiting for its pauses."""
    for _ in range(rounds):
        stage.worker.members._looked_at = None
        stage.worker.members.guests._seen_at = None
        stage.worker.members.run(stage.event, stage.lease, acting_for="")


def invitations(stage: Stage) -> int:
    return stage.calls().get("graph.Invite", 0)


def mails(stage: Stage) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for mail in stage.world.outbox():
        to = mail["to"]
        found.setdefault(to if isinstance(to, str) else to[0], []).append(mail["text"])
    return found


def all_mailed(stage: Stage, count: int) -> None:
    stage.start()
    stage.rounds(lambda: stage.done(Step.MAIL) == count)


def row(stage: Stage, person: Attendee) -> tuple[State, str]:
    found = stage.step(person, Step.GROUP)
    return found.state, found.reason


def bytes_at_rest(stage: Stage) -> bytes:
    return b"".join(path.read_bytes() for path in stage.ports.home.rglob("*") if path.is_file() and own(path))


def own(path: Path) -> bool:
    """The console's files, not the practice world's."""
    return path.name.startswith(("events", "history", "sessions")) or path.suffix in (".log", ".csv", ".txt")


def test_guests_get_in_and_each_gets_one_mail_with_their_own_link_and_none_from_microsoft(stage: Stage) -> None:
    gina, gus, anna = stage.add(GINA, GUS, "anna.berg@example.com")
    all_mailed(stage, 3)
    stage.rounds(lambda: stage.done(Step.GROUP) == 3)
    assert stage.world.truth()["in_group"] == 3
    assert (row(stage, gina)[1], row(stage, gus)[1], row(stage, anna)[1]) == ("guest_pending", "guest_pending", "")
    sent = mails(stage)
    assert {address: len(texts) for address, texts in sent.items()} == {GINA: 1, GUS: 1, anna.email: 1}
    links = [LINK.findall(sent[address][0]) for address in (GINA, GUS, anna.email)]
    assert [len(found) for found in links] == [1, 1, 0]
    assert links[0] != links[1]
    truth = stage.world.truth()
    assert (truth["guests"], truth["invitation_mails"], invitations(stage)) == (2, 0, 2)


def test_the_link_of_the_mail_lets_that_guest_in_and_then_it_is_forgotten(stage: Stage) -> None:
    (gina,) = stage.add(GINA)
    all_mailed(stage, 1)
    stage.rounds(lambda: stage.done(Step.GROUP) == 1)
    link = LINK.findall(mails(stage)[GINA][0])[0]
    assert httpx.get(link, trust_env=False, timeout=300).status_code == 200
    go(stage)
    assert row(stage, gina) == (State.DONE, "guest_accepted")
    (entry,) = stage.ports.guests.entries(stage.event.id).values()
    assert entry.link == ""
    counts = stage.console.first.onboarding.view(ORGANIZER).guests
    assert counts is not None
    assert (counts.invited, counts.accepted, counts.without_link) == (1, 1, 0)
    stage.console.first.messages.resend_one(ORGANIZER, gina.id)
    stage.rounds(lambda: len(mails(stage)[GINA]) == 2)
    assert LINK.findall(mails(stage)[GINA][1]) == []


def test_no_link_rests_in_plain_bytes_and_none_is_shown(stage: Stage) -> None:
    (gina,) = stage.add(GINA)
    all_mailed(stage, 1)
    OutboxCopier(stage.console).run(stage.lease)
    (entry,) = stage.ports.guests.entries(stage.event.id).values()
    link = stage.ports.guests.link(entry)
    ticket = link.partition("rd=")[2]
    assert link in mails(stage)[GINA][0]
    assert len(ticket) > 20
    kept = bytes_at_rest(stage)
    assert gina.email.encode() in kept  # these are the files that hold the event
    assert ticket.encode() not in kept
    preview = stage.console.first.messages.preview(ORGANIZER, "access", attendee=gina.id)
    assert "own link" in preview.text
    assert ticket not in preview.text + preview.html
    test = stage.finish(stage.console.first.messages.test_to_myself(ORGANIZER, "access", sample=gina.id))
    assert test.state is JobState.DONE
    assert ticket not in mails(stage)[ORGANIZER.email][0]
    shown = repr(stage.console.first.onboarding.person(ORGANIZER, gina.id)) + repr(stage.store.audit(limit=100))
    shown += repr(stage.console.first.attendees.person_data(ORGANIZER, gina.id)) + repr(
        stage.console.first.messages.outbox(ORGANIZER)
    )
    assert "[personal link]" in shown
    assert ticket not in shown


@pytest.mark.parametrize("language", ["en", "it"])
def test_the_note_stands_in_every_language_and_only_for_guests(stage: Stage, language: str) -> None:
    gina, anna = stage.add(GINA, "anna.berg@example.com")
    go(stage)
    letters = stage.ports.letters
    template = letters.template(stage.event, "access", language)
    own = letters.renderer(stage.event, template, to_themselves=True)
    assert LINK.findall(own(gina).text) != []
    assert LINK.findall(own(gina).html) != []
    assert "LINK" not in own(gina).text
    assert all(word not in own(anna).text for word in ("guest", "ospite"))


def test_a_lost_answer_does_not_invite_twice(stage: Stage) -> None:
    gina, anna = stage.add(GINA, "anna.berg@example.com")
    stage.world.arm("graph", "replication_lag", params={"users_s": 3.0, "members_s": 0})
    stage.world.arm("graph", "lost_answer", operation="InviteBatch", count=1)
    with pytest.raises(LostAnswer):  # shown as the group's trouble, after everything was recorded
        go(stage)
    go(stage)
    assert row(stage, gina) == (State.RETRY, "inviting")
    assert invitations(stage) == 1  # not found yet: nothing is sent while the directory may still be copying
    assert row(stage, anna) == (State.DONE, "")  # everybody else goes on
    stage.start()
    stage.rounds(lambda: stage.done(Step.MAIL) == 1)
    assert list(mails(stage)) == [anna.email]
    stage.rest(3.1)
    go(stage, 2)  # found, and one request for the link of that same guest
    assert (invitations(stage), stage.world.truth()["guests"]) == (2, 1)
    stage.rounds(lambda: stage.done(Step.MAIL) == 2)
    assert len(LINK.findall(mails(stage)[GINA][0])) == 1
    assert row(stage, gina) == (State.DONE, "guest_pending")
    counts = stage.ports.guests.counts(stage.event)
    assert counts is not None
    assert (counts.made, counts.unclear) == (1, 0)


def test_somebody_who_was_surely_not_made_is_invited_after_all(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    (gina,) = stage.add(GINA)
    stage.world.arm("graph", "error_5xx", operation="Invite", count=1)  # answered 503, and nobody was made
    go(stage)
    assert row(stage, gina) == (State.RETRY, "inviting")
    go(stage, 2)
    assert stage.world.truth()["guests"] == 0
    monkeypatch.setattr(guests, "SETTLED", timedelta(0))
    go(stage)
    assert stage.world.truth()["guests"] == 1
    assert row(stage, gina) == (State.DONE, "guest_pending")


def test_a_crash_between_the_answer_and_the_record_invites_nobody_twice(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    (gina,) = stage.add(GINA)

    def dies(*given: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as crash:
        crash.setattr(stage.worker.members.guests, "_keep", dies)
        with pytest.raises(KeyboardInterrupt):
            go(stage)
    assert row(stage, gina) == (State.WAITING, "inviting")
    assert stage.world.truth()["guests"] == 1
    stage.begin_anew()
    go(stage)
    assert row(stage, gina) == (State.DONE, "guest_pending")
    assert (stage.world.truth()["guests"], invitations(stage)) == (1, 2)  # the second is for the lost link
    assert stage.ports.guests.awaiting(stage.event) == set()


def test_a_crash_before_the_group_step_uses_the_id_that_the_book_has(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    (gina,) = stage.add(GINA)
    stage.world.arm("graph", "replication_lag", params={"users_s": 0.5, "members_s": 0})

    def dies(*given: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as crash:
        crash.setattr(stage.worker.members.guests, "_tell", dies)
        with pytest.raises(KeyboardInterrupt):
            go(stage)
    stage.begin_anew()
    stage.rest(0.6)
    go(stage)
    assert (row(stage, gina), invitations(stage)) == ((State.DONE, "guest_pending"), 1)


def test_without_the_right_the_scope_is_named_and_everybody_else_goes_on(stage: Stage) -> None:
    stage.world.arm("entra", "withhold_scopes", params={"scopes": ["User.Invite.All"]})
    gina, gus, anna = stage.add(GINA, GUS, "anna.berg@example.com")
    stage.start()
    stage.rounds(lambda: stage.done(Step.MAIL) == 1 and stage.done(Step.GROUP) == 1)
    assert list(mails(stage)) == [anna.email]
    (stuck,) = stage.console.first.onboarding.view(ORGANIZER).stuck
    assert (stuck.people, stuck.reason, stuck.retryable) == (2, "guests_denied", True)
    assert "User.Invite.All" in stuck.sentence
    assert stage.trouble == {}
    stage.world.disarm()
    stage.console.first.onboarding.retry(ORGANIZER, step=Step.GROUP, reason="guests_denied")
    stage.rounds(lambda: stage.done(Step.MAIL) == 3)
    assert {row(stage, gina), row(stage, gus)} == {(State.DONE, "guest_pending")}


def test_disabled_and_ambiguous_people_keep_their_reason_and_nobody_invites_them(stage: Stage) -> None:
    disabled, twice = stage.add("disabled.y@example.com", "twice.z@example.com")
    go(stage, 2)
    assert row(stage, disabled) == (State.REFUSED, "disabled")
    assert row(stage, twice) == (State.REFUSED, "several")
    assert invitations(stage) == 0


def test_a_guest_of_somebody_else_gets_a_link_of_ours_and_is_not_counted_as_made(stage: Stage) -> None:
    (gina,) = stage.add(GINA)
    elsewhere = stage.ports.directory("")
    (before,) = elsewhere.invite([Invitee("x", GINA, "")], redirect_url="https://portal.example.com")
    all_mailed(stage, 1)
    assert len(LINK.findall(mails(stage)[GINA][0])) == 1
    counts = stage.ports.guests.counts(stage.event)
    assert counts is not None
    assert (counts.invited, counts.made) == (1, 0)
    assert stage.step(gina, Step.GROUP).ref == before.outcome.ref


def test_without_the_choice_or_without_a_group_nobody_is_invited(stage: Stage) -> None:
    (gina,) = stage.add(GINA)
    kept = stage.event
    for changes in ({"guests": "refuse"}, {"group_id": ""}):
        stage.event = replace(kept, **changes)  # type: ignore[arg-type]
        stage.store.save_event(stage.event)
        go(stage)
    assert row(stage, gina) == (State.REFUSED, "none")
    assert invitations(stage) == 0
    all_mailed(stage, 1)  # on DeepRacer on AWS the profile is the way in
    assert LINK.findall(mails(stage)[GINA][0]) == []


def test_the_choice_holds_for_those_who_were_refused_before(stage: Stage) -> None:
    (gina,) = stage.add(GINA)
    chosen, stage.event = stage.event, replace(stage.event, guests="refuse")
    stage.store.save_event(stage.event)
    go(stage)
    assert row(stage, gina) == (State.REFUSED, "none")
    shown = stage.console.first.events.draft_of(stage.event)
    stage.event = stage.console.first.events.edit(ORGANIZER, replace(shown, guests="invite"), shown)
    assert stage.event.guests == chosen.guests
    go(stage)
    assert row(stage, gina) == (State.DONE, "guest_pending")


def test_a_leaver_leaves_the_group_loses_the_link_and_stays_in_the_directory(stage: Stage) -> None:
    gina, gus = stage.add(GINA, GUS)
    go(stage)
    stage.store.save_attendees(stage.event.id, [replace(gina, wanted=False)])
    go(stage, 2)
    assert row(stage, gina) == (State.TODO, "removed")
    entries = stage.ports.guests.entries(stage.event.id)
    assert (entries[gina.id].link, bool(entries[gus.id].link)) == ("", True)
    truth = stage.world.truth()
    assert (truth["in_group"], truth["users_deleted"], truth["guests"]) == (1, 0, 2)
    stage.store.save_attendees(stage.event.id, [gina])
    go(stage, 2)
    assert row(stage, gina) == (State.DONE, "guest_pending")
    assert stage.ports.guests.link(stage.ports.guests.entries(stage.event.id)[gina.id])
    assert stage.world.truth()["guests"] == 2


def test_the_close_out_keeps_the_accounts_says_how_many_and_who_decides(stage: Stage) -> None:
    gina, _, _ = stage.add(GINA, GUS, "anna.berg@example.com")
    all_mailed(stage, 3)
    stage.rounds(lambda: stage.done(Step.GROUP) == 3)
    job = stage.finish(stage.console.first.closeout.start(ORGANIZER, typed_name=stage.event.name))
    assert job.state is JobState.DONE
    truth = stage.world.truth()
    assert (truth["in_group"], truth["users_deleted"], truth["guests"]) == (0, 0, 2)
    assert "graph.DeleteUser" not in stage.calls()
    certificate = stage.console.first.closeout.certificate(ORGANIZER).decode()
    assert "2 guest accounts that this event invited remain in the directory" in certificate
    assert "the directory's administrator decides" in certificate
    assert [entry.link for entry in stage.ports.guests.entries(stage.event.id).values()] == ["", ""]
    with pytest.raises(BadInput, match="not proven"):
        stage.console.first.messages.resend_one(ORGANIZER, gina.id)


def test_many_guests_take_several_passes_and_each_is_invited_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guests, "PASS", 30)
    people = stage.add(*(f"guest.no{number}@example.org" for number in range(70)))
    go(stage)
    assert invitations(stage) == 30
    lookups = stage.calls()["graph.ListUsers"]
    go(stage, 3)
    assert (invitations(stage), stage.world.truth()["in_group"]) == (70, 70)
    assert stage.calls()["graph.ListUsers"] - lookups < 30  # strangers are not looked up again in every pass
    assert stage.calls()["graph.InviteBatch"] == 5
    assert {row(stage, person) for person in people} == {(State.DONE, "guest_pending")}


def test_a_lost_key_only_costs_another_request_for_the_link(stage: Stage) -> None:
    (gina,) = stage.add(GINA)
    go(stage)
    sealed = "sealed with another key"
    stage.ports.guests.change(stage.event.id, {gina.id: lambda guest: replace(guest, link=sealed)}, None)
    assert stage.ports.guests.awaiting(stage.event) == {gina.id}
    go(stage)
    assert stage.ports.guests.awaiting(stage.event) == set()
    assert stage.world.truth()["guests"] == 1


def test_a_resend_waits_for_the_link_too(stage: Stage) -> None:
    (gina,) = stage.add(GINA)
    all_mailed(stage, 1)
    stage.ports.guests.drop_links(stage.event.id, None)
    with pytest.raises(BadInput, match="link is not known yet"):
        stage.console.first.messages.resend_one(ORGANIZER, gina.id)
    assert [each.state for each in stage.store.deliveries(stage.event.id)] == [Sending.SENT]
