"""The second way in: users made through the pool, the first password in our own mail and nowhere else."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deepracer_admin.directory.cognito import CognitoPool
from deepracer_admin.errors import BadInput
from deepracer_admin.model import Event, Sending, State, Step
from deepracer_admin.records.ways_in import INVITATIONS
from deepracer_admin.worker.practice import OutboxCopier
from tests.directory.test_cognito import sign_in
from tests.flows.access.test_onboarding import invite_by_hand, open_sponsorship, site
from tests.flows.closeout.test_run import start as start_closing
from tests.flows.conftest import ORGANIZER, QUOTA, Stage, make_console, make_event
from tests.flows.fake_time import RealTime
from tests.practice import WorldHandle

FIRST = re.compile(r"Your first password: (\S+)")


@pytest.fixture
def stage(world: WorldHandle, tmp_path: Path, real_time: RealTime):
    """An event whose way in is our own mail; nobody of the practice fleet signs in by themselves."""
    world.control("POST", "fleet", {"ignoring": 1.0})
    console = make_console(tmp_path, real_time)
    event = replace(make_event(console), way_in="pool")
    console.store.save_event(event)
    made = Stage(world, console, event)
    yield made
    made.worker.mail.close()
    console.close()


def onboard(stage: Stage, people: int) -> None:
    stage.start()
    stage.rounds(lambda: stage.done(Step.MAIL) >= people and stage.done(Step.PROFILE) >= people)


def mail_of(stage: Stage, email: str) -> dict[str, Any]:
    found = [mail for mail in stage.world.outbox() if mail["to"] == email]
    assert found, f"no mail to {email}"
    return found[-1]


def password_of(stage: Stage, email: str) -> str:
    found = FIRST.search(mail_of(stage, email)["text"])
    assert found is not None
    return found[1]


def status_of(stage: Stage, email: str) -> str:
    return site(stage).state.find_user(email).status


def test_everybody_gets_in_with_our_alias_one_mail_and_none_of_cognitos(stage: Stage) -> None:
    people = stage.crowd(12)
    open_sponsorship(stage)
    onboard(stage, 12)
    truth = stage.world.truth()
    assert (truth["profiles"], truth["mails_sent"], truth["mails_duplicate"]) == (12, 12, 0)
    assert stage.world.invitations() == []
    aliases = {profile.email: profile.alias for profile in stage.ports.racing().profiles()}
    assert all(aliases[person.email] == person.alias for person in people)
    assert {link.how for link in stage.store.links(stage.event.id).values()} == {"created"}
    calls = stage.calls()
    assert calls["cognito-idp.AdminCreateUser"] == calls["cognito-idp.AdminAddUserToGroup"] == 12
    assert "deepracer.BulkInviteUser" not in calls
    assert "deepracer.UpdateProfile" not in calls  # the alias came with the user


def test_the_password_in_the_mail_signs_in_and_must_be_replaced(stage: Stage) -> None:
    (person,) = stage.crowd(1)
    onboard(stage, 1)
    password = password_of(stage, person.email)
    assert sign_in(stage.world, person.email, password) == "NEW_PASSWORD_REQUIRED"
    assert sign_in(stage.world, person.email, password, "My-own-1-choice") == "in"
    assert password in mail_of(stage, person.email)["html"]
    assert "It is valid until" in mail_of(stage, person.email)["text"]


def test_the_password_is_in_no_file_of_the_console_and_in_no_log(
    stage: Stage, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="deepracer_admin")
    people = stage.crowd(4)
    onboard(stage, 4)
    OutboxCopier(stage.console).run(stage.lease)  # the outbox viewer has its copies
    passwords = [password_of(stage, person.email).encode() for person in people]
    shown = stage.console.first.messages.outbox(ORGANIZER)
    assert len(shown) == 4
    assert all("first password: ••••••••" in mail.text + mail.html for mail in shown)
    files = [path for path in tmp_path.iterdir() if path.is_file() and ".sqlite" in path.name]
    assert files
    held = [path.name for path in files for password in passwords if password in path.read_bytes()]
    assert held == []
    assert not [password for password in passwords if password.decode() in caplog.text]
    rows = stage.store.deliveries(stage.event.id)
    assert not [password for password in passwords if password.decode() in repr(rows)]


def test_limits_are_set_as_ever(stage: Stage) -> None:
    stage.crowd(3)
    open_sponsorship(stage)
    onboard(stage, 3)
    assert {p.quota for p in stage.ports.racing().profiles() if p.email.startswith("racer.")} == {QUOTA}


def test_a_kill_between_create_and_record_keeps_it_ours_until_the_close_out(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = stage.crowd(6)
    create, made = CognitoPool.create, []

    class Killed(BaseException): ...

    def killed(self: CognitoPool, person: Any, **options: Any) -> Any:
        entry = create(self, person, **options)
        made.append(person.key)
        if len(made) >= 3:
            raise Killed
        return entry

    monkeypatch.setattr(CognitoPool, "create", killed)
    stage.start()
    line = stage.worker.profiles.invitations
    stage.worker.profiles.look(stage.event, stage.lease)
    with pytest.raises(Killed):
        line.follow(stage.event, stage.lease)
    assert made
    monkeypatch.undo()
    stage.worker.lead.stop()
    again = Stage(stage.world, stage.console, stage.event)  # another process takes over
    try:
        again.rounds(lambda: again.done(Step.MAIL) == 6)
    finally:
        again.worker.mail.close()
    assert stage.calls()["cognito-idp.AdminCreateUser"] == 6
    links = stage.store.links(stage.event.id)
    assert {links[person.id].how for person in people} == {"created"}
    assert stage.world.truth()["mails_sent"] == 6
    again.finish(start_closing(again), most=120)
    assert stage.world.truth()["profiles"] == 0


def test_a_user_without_the_role_is_not_in_until_the_role_is_given(stage: Stage) -> None:
    (person,) = stage.crowd(1)
    fault = stage.world.arm("cognito-idp", "down", operation="AdminAddUserToGroup", seconds=600)
    stage.start()
    for _ in range(6):
        stage.worker.run_once()
    assert stage.world.outbox() == []
    assert stage.step(person, Step.ACCESS) is None
    stage.world.disarm(fault)
    stage.rounds(lambda: stage.done(Step.MAIL) == 1, most=120)
    assert site(stage).state.find_user(person.email).groups == ["dr-racers"]
    assert stage.store.links(stage.event.id)[person.id].how == "created"


def test_who_was_there_before_is_adopted_and_never_gets_a_new_password(stage: Stage) -> None:
    invite_by_hand(stage, "before@example.com")
    old = stage.world.invitations()[-1]["temporary_password"]
    person, other = stage.add("before@example.com", "new.comer@example.com")
    onboard(stage, 2)
    text = mail_of(stage, person.email)["text"]
    assert FIRST.search(text) is None
    assert "sign in with the password that you have" in text
    assert sign_in(stage.world, person.email, old) == "NEW_PASSWORD_REQUIRED"
    assert stage.calls()["cognito-idp.AdminSetUserPassword"] == 1
    assert stage.store.links(stage.event.id)[other.id].how == "created"


def test_an_account_that_appears_after_the_listing_is_adopted_not_made_ours(stage: Stage) -> None:
    (person,) = stage.crowd(1)
    line = stage.worker.profiles.invitations
    line.plan(stage.event, [person], stage.lease)
    invite_by_hand(stage, person.email)  # somebody else was faster
    line.follow(stage.event, stage.lease)
    assert not line.active(stage.event)
    assert line.ours(stage.event) == set()


def test_a_resend_to_somebody_who_signed_in_makes_no_password(stage: Stage) -> None:
    (person,) = stage.crowd(1)
    onboard(stage, 1)
    assert sign_in(stage.world, person.email, password_of(stage, person.email), "My-own-1-choice") == "in"
    stage.console.first.messages.resend_one(ORGANIZER, person.id)
    stage.rounds(lambda: len(stage.world.outbox()) == 2)
    assert FIRST.search(mail_of(stage, person.email)["text"]) is None
    assert sign_in(stage.world, person.email, "My-own-1-choice") == "in"


def test_a_lost_answer_is_unknown_and_a_resend_makes_a_fresh_password(stage: Stage) -> None:
    (person,) = stage.crowd(1)
    stage.worker.mail.take_events = lambda event, lease: 0  # no delivery event settles it here
    stage.world.arm("ses", "lost_answer", operation="SendEmail", count=1)
    stage.start()
    stage.rounds(lambda: stage.store.delivery_counts(stage.event.id)[Sending.UNKNOWN] == 1)
    for _ in range(3):
        stage.worker.run_once()
    assert len(stage.world.outbox()) == 1  # never a second by itself
    lost = password_of(stage, person.email)
    (row,) = stage.store.deliveries(stage.event.id)
    stage.console.first.messages.settle_unknown(ORGANIZER, person.id, row.template, row.number, as_="again")
    stage.rounds(lambda: len(stage.world.outbox()) == 2)
    fresh = password_of(stage, person.email)
    assert fresh != lost
    assert sign_in(stage.world, person.email, lost) == "NotAuthorizedException"
    assert sign_in(stage.world, person.email, fresh) == "NEW_PASSWORD_REQUIRED"


def test_a_throttled_pool_is_survived(stage: Stage) -> None:
    stage.crowd(8)
    stage.world.arm("cognito-idp", "throttle", operation="AdminCreateUser", count=5)
    stage.world.arm("cognito-idp", "throttle", operation="ListUsers", count=5)
    stage.start()
    stage.rounds(lambda: stage.done(Step.MAIL) == 8, most=150)
    truth = stage.world.truth()
    assert (truth["profiles"], truth["mails_sent"], truth["mails_duplicate"]) == (8, 8, 0)
    assert {link.how for link in stage.store.links(stage.event.id).values()} == {"created"}


def test_while_the_pool_gives_no_password_nothing_is_sent_and_the_mail_waits_with_a_sentence(stage: Stage) -> None:
    people = stage.crowd(5)
    fault = stage.world.arm("cognito-idp", "down", operation="AdminSetUserPassword", seconds=600)
    stage.start()
    stage.rounds(lambda: any(row.code == "pool" for row in stage.store.deliveries(stage.event.id)), most=120)
    before = stage.calls().get("cognito-idp.AdminSetUserPassword", 0)
    for _ in range(3):
        stage.worker.mail.run(stage.event, stage.lease)
    assert stage.calls().get("cognito-idp.AdminSetUserPassword", 0) - before <= 4 * len(people)
    rows = stage.store.deliveries(stage.event.id)
    assert {row.state for row in rows} == {Sending.PENDING}
    assert stage.world.outbox() == []
    waiting = [row for row in rows if row.code == "pool"]
    assert all("nothing was sent" in row.sentence for row in waiting)
    assert stage.step(people[0], Step.MAIL).state is State.WAITING
    stage.world.disarm(fault)
    stage.rounds(lambda: stage.done(Step.MAIL) == 5, most=200)
    assert stage.world.truth()["mails_duplicate"] == 0


def test_staff_are_refused_before_anything_is_changed(stage: Stage) -> None:
    user = site(stage).state.find_user("organizer@example.com")
    (person, _) = stage.add("organizer@example.com", "normal.racer@example.com")
    stage.start()
    stage.rounds(lambda: stage.done(Step.MAIL) == 1)
    assert stage.step(person, Step.PROFILE).reason == "staff"
    assert "dr-racers" not in user.groups
    assert status_of(stage, "organizer@example.com") == "CONFIRMED"


def test_a_preview_shows_what_stands_in_the_passwords_place(stage: Stage) -> None:
    stage.crowd(1)
    text = stage.console.first.messages.preview(ORGANIZER, "access").text
    assert "Your first password: (a temporary password, made when the mail is sent)" in text
    italian = stage.console.first.messages.preview(ORGANIZER, "access", language="it").text
    assert "La tua prima password: (una password temporanea" in italian
    assert "cognito-idp.AdminSetUserPassword" not in stage.calls()


def test_an_access_mail_without_the_password_note_is_stopped(stage: Stage) -> None:
    stage.crowd(1)
    letters = stage.ports.letters
    template = letters.template(stage.event, "access", "en")
    bare = replace(template, body=template.body.replace("{password_note}", ""))
    stage.console.first.messages.save_template(ORGANIZER, bare)
    with pytest.raises(BadInput, match=r"\{password_note\}, which this text lacks"):
        stage.console.first.messages.preview(ORGANIZER, "access")
    with pytest.raises(BadInput, match="belongs in the text"):
        stage.console.first.messages.save_template(ORGANIZER, replace(template, subject="{password_note}"))


def test_without_credentials_nothing_is_planned_and_the_worker_says_why(stage: Stage) -> None:
    stage.crowd(1)
    stage.worker.profiles.invitations.ports = replace(stage.ports, pool=None)
    stage.start()
    stage.worker.run_once()
    assert "no credentials on the user pool" in stage.trouble["onboarding"]
    assert stage.store.rows(stage.event.id, INVITATIONS) == {}


def test_a_change_of_way_recuts_what_was_not_sent(stage: Stage) -> None:
    people = stage.crowd(5)
    line = stage.worker.profiles.invitations
    service = replace(stage.event, way_in="service")
    line.plan(service, people, stage.lease)
    onboard(stage, 5)
    assert stage.world.invitations() == []
    assert stage.calls()["cognito-idp.AdminCreateUser"] == 5


def by_default_sender(stage: Stage) -> Event:
    event = replace(stage.event, way_in="service", cognito_mail="default")
    stage.store.save_event(event)
    stage.event = event
    return event


def test_cognitos_default_sender_mails_fifty_in_a_day_and_the_rest_waits_and_goes(stage: Stage) -> None:
    stage.world.arm("deepracer", "default_sender")
    by_default_sender(stage)
    stage.crowd(70)
    stage.start()
    stage.rounds(lambda: len(stage.world.invitations()) == 50)
    for _ in range(3):
        stage.worker.run_once()
    assert len(stage.world.invitations()) == 50
    day = stage.console.first.onboarding.view(ORGANIZER).mail_day
    assert day is not None
    assert (day.left, day.waiting) == (0, 20)
    assert day.next_at == day.last_at
    stage.world.advance(25 * 3600)
    stage.anchor_clock()
    stage.rounds(lambda: len(stage.world.invitations()) == 70)
    stage.rounds(lambda: stage.done(Step.PROFILE) == 70)
    refused = [row for row in stage.store.steps(stage.event.id, step=Step.PROFILE) if row.reason == "mail_quota"]
    assert refused == []
