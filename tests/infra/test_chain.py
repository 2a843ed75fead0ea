"""The whole path on this machine, by its own parts: API, table, stream, functions, practice services. One event, in
order: each test goes on from the one before, as the bad day does."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deepracer_admin.compose import Console, compose
from deepracer_admin.model.registrations import RegistrationState, registration_id
from deepracer_admin.opening import shared_table
from deepracer_admin.records.portal import REGISTRATIONS
from deepracer_admin.store.dynamodb.table_facts import create
from deepracer_admin.worker.practice import anchor_clock
from infra.functions import sweep
from infra.local.chain import TABLE, Chain, serve_table, shared_settings
from infra.local.seed import ORGANIZER, company, seed
from infra.local.visitor import Visitor, link_in
from tests.infra.calls import Recorder, granted, recording
from tests.practice import ProcessHandle, start_world_process

pytestmark = pytest.mark.e2e  # minutes, several processes
PORTAL = "http://127.0.0.1:8601"


class Path_:
    """What the tests hold in their hands."""

    def __init__(self, world: ProcessHandle, console: Console, chain: Chain, recorder: Recorder) -> None:
        self.world, self.console, self.chain, self.called = world, console, chain, recorder.calls
        self.visitor = Visitor(chain)
        self.people = company(console, 30)

    def mails(self, person: str) -> list[dict[str, Any]]:
        return [mail for mail in self.world.outbox() if mail["to"] == person]

    def settle(self, done: Callable[[], bool] = lambda: False, *, rounds: int = 12) -> None:
        """Let stream, queue and schedules run until `done`, in this thread."""
        for _ in range(rounds):
            self.chain.pump.run_once(whole_window=True)
            self.chain.queue.run_once()
            if done():
                return
            self.chain.sweep()
            self.chain.prove()
            self.chain.queue.run_once()

    def state(self, person: str) -> RegistrationState | None:
        self.chain.place("sweep").catch_up()
        rows = self.chain.place("sweep").console.store.rows(self.chain.event_id, REGISTRATIONS).values()
        return next((row.state for row in rows if row.email == person), None)

    def link(self, person: str) -> str:
        self.settle(lambda: bool(self.mails(person)))
        return link_in(self.mails(person)[0]["text"])


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path_]:
    home: Path = tmp_path_factory.mktemp("portal")
    with pytest.MonkeyPatch.context() as patch, recording() as recorder:
        patch.setenv("POWERTOOLS_METRICS_DISABLED", "true")
        world, table = start_world_process(home, "--speed", "1"), serve_table()
        settings = shared_settings(home, table.endpoint, PORTAL, entra_app_only=True)
        create(shared_table(settings))
        console = compose(settings)
        anchor_clock(console)
        chain = Chain(home, table, seed(console, people=30).id, PORTAL, wrap=recorder.named)
        try:
            chain.sweep()
            yield Path_(world, console, chain, recorder)
        finally:
            chain.stop()
            console.close()
            table.stop()
            world.stop()


def test_the_portal_shows_its_event_and_nobody(path: Path_) -> None:
    shown = path.visitor.portal()
    page = json.loads(shown["page"])
    assert (shown["open"], shown["full"]) == (True, False)
    assert page["event"] == "Portal rehearsal"
    assert "@" not in shown["page"]


def test_whoever_registers_and_presses_the_button_has_access_and_two_mails(path: Path_) -> None:
    person = path.people[0]
    told = path.visitor.register(person, racerName="racer-one", answers=[{"question": "level", "answer": "Once"}])
    assert told == {"answer": "received", "problems": []}
    token = path.link(person)
    assert path.state(person) is RegistrationState.ASKED
    assert path.visitor.place(token)["state"] == "open"  # looking confirms nothing: mail scanners follow links
    assert path.visitor.confirm(token) == "confirmed"
    path.settle(lambda: len(path.mails(person)) == 2)
    place = path.visitor.place(token)
    assert path.state(person) is RegistrationState.ACCEPTED
    assert (place["racerName"], [race["title"] for race in place["races"]]) == ("racer-one", ["Rehearsal Cup"])
    truth = path.world.truth()
    assert (truth["in_group"], truth["profiles"], truth["can_sign_in"]) == (1, 1, 1)
    assert len(path.mails(person)) == 2
    assert truth["mails_duplicate"] == 0


def test_a_button_is_pressed_once_and_a_link_of_nobody_opens_nothing(path: Path_) -> None:
    token = link_in(path.mails(path.people[0])[0]["text"])
    assert path.visitor.confirm(token) == "used"
    assert path.visitor.confirm(token[:-9]) == "cut"
    assert path.visitor.place("x" * 48)["state"] == "unknown"


def test_a_repeated_form_sends_no_second_mail_and_doubles_nobody(path: Path_) -> None:
    person = path.people[1]
    for _ in range(3):
        assert path.visitor.register(person) == {"answer": "received", "problems": []}
    path.link(person)
    assert path.visitor.register(person) == {"answer": "received", "problems": []}
    path.settle(rounds=2)
    assert len(path.mails(person)) == 1


def test_a_foreign_domain_is_one_word_and_nothing_is_kept(path: Path_) -> None:
    told = path.visitor.register("ada@example.com.evil.example")
    assert told == {"answer": "problems", "problems": [{"field": "email", "problem": "foreign_domain"}]}


def test_a_proof_for_one_address_registers_no_other(path: Path_) -> None:
    permit = path.visitor.permit(path.people[2])
    form = {"email": path.people[3], "language": "en", "consent": "0"}
    query = "mutation($form:Form!){register(form:$form){answer}}"
    status, _ = path.chain.api.execute({"query": query, "variables": {"form": form}}, permit)
    assert status == 401


def test_nobody_reads_with_the_permit_of_the_page(path: Path_) -> None:
    for query in ("{place{state email}}", "mutation{confirm{state}}"):
        _, answer = path.chain.api.execute({"query": query, "variables": {}}, "page")
        assert answer["errors"][0]["errorType"] == "Unauthorized"


def test_a_body_that_is_no_graphql_is_one_error(path: Path_) -> None:
    assert path.chain.api.execute({"query": 7}, "page")[0] == 400
    assert path.chain.api.execute({"query": "{"}, "page")[1]["errors"][0]["errorType"] == "ValidationError"


def test_a_poison_record_is_kept_with_its_person_and_all_others_pass(path: Path_) -> None:
    pk = {"S": f"EVENT#{path.chain.event_id}"}
    poison = {"pk": pk, "sk": {"S": "REG#poison"}, "email": {"S": "poison@example.com"}, "at": {"S": "no time"}}
    path.chain.dynamodb.put_item(TableName=TABLE, Item=poison)
    person = path.people[4]
    path.visitor.register(person)
    assert path.link(person)
    assert len(path.chain.failures.kept) == 1
    assert "poison@example.com" in path.chain.failures.kept[0]["payload"]
    path.chain.dynamodb.delete_item(TableName=TABLE, Key={"pk": pk, "sk": {"S": "REG#poison"}})


def test_what_the_stream_lost_the_sweeper_finds(path: Path_) -> None:
    """A stream forgets after a day; here it never brought the form, which is older than two minutes."""
    old, person = int(time.time()) - 600, path.people[5]
    item = {
        "pk": f"EVENT#{path.chain.event_id}", "sk": "REG#lost", "state": "asked", "at": old, "ttl": old + 9999,
        "email": person, "name": "", "racer_name": "", "new_to_ml": "no", "new_to_aws": "no", "answers": {},
        "language": "en", "consent": "0",
    }  # fmt: skip
    place = path.chain.place("sweep")
    place.items.put("REG#lost", {key: value for key, value in item.items() if key not in ("pk", "sk")})
    path.chain.sweep()
    assert path.state(person) is RegistrationState.ASKED
    assert place.items.get("REG#lost") is None


def test_a_handler_that_dies_after_its_work_doubles_nothing_when_it_is_called_again(path: Path_) -> None:
    person, handler = path.people[6], path.chain.pump._handler
    deaths = 1

    def dies(event: Any) -> Any:
        nonlocal deaths
        answer = handler(event)
        if deaths:
            deaths -= 1
            raise MemoryError("killed after its work")
        return answer

    path.chain.pump._handler = dies
    path.visitor.register(person)
    token = path.link(person)
    path.chain.pump._handler = handler
    path.settle(rounds=2)
    assert len(path.mails(person)) == 1
    assert path.visitor.place(token)["state"] == "open"


def registers(path: Path_, person: str) -> str:
    """The whole way to the button; the link's token."""
    path.visitor.register(person)
    token = path.link(person)
    assert path.visitor.confirm(token) == "confirmed"
    return token


def places(path: Path_, count: int) -> None:
    """The organizer's ceiling, as it reaches the functions."""
    desk = path.console.of(path.chain.event_id).registrations
    domains = desk.view(ORGANIZER).portal.domains
    desk.set_rules(ORGANIZER, domains=domains, places=count, by_hand=False)
    path.settle(rounds=1)


def test_without_a_free_place_people_wait_in_their_order(path: Path_) -> None:
    places(path, 1)
    assert path.visitor.portal() == {"open": True, "full": True, "page": path.visitor.portal()["page"]}
    tokens = [registers(path, person) for person in path.people[8:10]]
    path.settle(lambda: path.visitor.place(tokens[1])["state"] == "waiting")
    path.settle(lambda: len(path.mails(path.people[9])) == 2)
    assert [path.visitor.place(token)["waitingPlace"] for token in tokens] == [1, 2]
    assert [len(path.mails(person)) for person in path.people[8:10]] == [2, 2]
    assert "waiting list" in path.mails(path.people[8])[-1]["subject"]
    assert path.world.truth()["in_group"] == 1


def test_who_gives_their_place_back_makes_room_for_the_next(path: Path_) -> None:
    first, next_ = path.people[0], path.people[8]
    token = link_in(path.mails(first)[0]["text"])
    assert path.visitor.place(token)["mayLeave"] is True
    assert path.visitor.leave(token) == "leaving"
    assert path.visitor.leave(token) == "leaving", "a second press changes nothing"
    assert path.visitor.place(token)["state"] == "leaving"
    path.settle(lambda: path.state(next_) is RegistrationState.ACCEPTED)
    path.settle(lambda: path.world.truth()["in_group"] == 1 and path.visitor.place(token)["state"] == "withdrawn")
    assert (path.state(first), path.state(path.people[9])) == (RegistrationState.WITHDRAWN, RegistrationState.WAITING)
    assert path.visitor.leave(token) == "withdrawn"
    path.settle(lambda: len(path.mails(next_)) == 4)
    subjects = [mail["subject"] for mail in path.mails(next_)]
    assert sum("you have a place" in each for each in subjects) == 1
    assert sum("your way in" in each for each in subjects) == 1


def test_a_place_given_back_that_the_stream_lost_the_sweeper_finds(
    path: Path_, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "OLD_S", -60)
    monkeypatch.setattr(sweep, "LINKS_EVERY_S", 0.0)
    person = path.people[9]
    token = link_in(path.mails(person)[0]["text"])
    assert path.visitor.leave(token) == "leaving"
    path.chain.pump.read()
    path.chain.pump._waiting.clear()
    path.chain.sweep()
    assert path.state(person) is RegistrationState.WITHDRAWN


def test_a_higher_ceiling_lets_people_in_at_once(path: Path_) -> None:
    places(path, 0)
    token = registers(path, path.people[10])
    path.settle(lambda: path.visitor.place(token)["state"] == "accepted")
    assert path.state(path.people[10]) is RegistrationState.ACCEPTED
    assert path.visitor.portal()["full"] is False


def test_a_bounce_reaches_the_ledger(path: Path_) -> None:
    person = path.people[4]
    store = path.chain.place("sweep").console.store
    path.chain.place("sweep").catch_up()
    (row,) = [each for each in store.deliveries(path.chain.event_id) if each.attendee == registration_id(person)]
    told = {
        "eventType": "Bounce",
        "mail": {"messageId": row.message_id, "timestamp": "2026-11-29T00:00:00Z", "destination": [person]},
        "bounce": {"bounceType": "Permanent", "timestamp": "2026-11-29T00:00:01Z", "bouncedRecipients": []},
    }
    path.chain.bounce_queue.send(json.dumps(told))
    path.chain.bounce_queue.send("no event")
    assert path.chain.bounce_queue.run_once() == 2
    path.chain.place("sweep").catch_up()
    (row,) = [each for each in store.deliveries(path.chain.event_id) if each.attendee == registration_id(person)]
    assert row.delivered == "bounced"


def test_after_closing_nobody_registers(path: Path_) -> None:
    path.console.of(path.chain.event_id).registrations.close(ORGANIZER)
    path.chain.place("sweep").catch_up()
    path.chain.sweep()
    assert path.visitor.portal()["open"] is False
    assert path.visitor.register(path.people[7]) == {"answer": "closed", "problems": []}


# What the story above does not come to, with the reason why a role has it all the same.
NOT_MET = {
    "dynamodb:BatchWriteItem": "an image of the journal is written, or an erased one deleted, after 50 changes",
    "ses:ListSuppressedDestinations": "asked for in place of single addresses where more than 20 are looked up",
    "ses:GetSuppressedDestination": "asked for when somebody looks into why a mail failed",
}
ELSEWHERE = ("cognito-idp:", "secretsmanager:", "sqs:", "sts:")  # test_roles.py
UNSIGNED = ("cognito-identity:",)  # signing in to DeepRacer on AWS: no AWS credentials, so no role


@pytest.mark.parametrize("name", ["Authorise", "Bounces", "Mail", "Prove", "Registrations", "Sweep"])
def test_each_role_grants_what_its_function_called_and_no_more(path: Path_, name: str) -> None:
    grants = {each for each in granted(name) if not each.startswith(ELSEWHERE)}
    asked = {each for each in path.called[name] if not each.startswith((*ELSEWHERE, *UNSIGNED))}
    assert asked, "the story has not called it"
    assert asked <= grants
    every = {each for calls in path.called.values() for each in calls}
    assert grants - every <= {*NOT_MET}  # a copy of the store writes as any other: what one needs, all do
    if name == "Authorise":
        assert asked == grants
    if name == "Mail":
        assert {"ses:SendEmail", "ses:GetAccount"} <= asked
    else:
        assert not [each for each in grants if each.startswith("ses:")]
