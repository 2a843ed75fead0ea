"""The portal at /register over real HTTP: what a visitor sees without scripts, what bad input comes to, what is told
to whom, and that a form costs the same work whoever it is about."""

from __future__ import annotations

import logging
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, expect

from deepracer_admin.compose import Console
from deepracer_admin.errors import StoreError
from deepracer_admin.flows.people.portal_links import make_link
from deepracer_admin.model import Attendee, Event, Race, RaceDraft
from deepracer_admin.model.registrations import (
    LinkPurpose,
    Portal,
    PortalLinkOut,
    Question,
    QuestionKind,
    Registration,
    RegistrationState,
    registration_id,
)
from deepracer_admin.records.portal import ASKED, PORTAL, REGISTRATIONS
from deepracer_admin.services.people import public_registration
from deepracer_admin.store.sqlite_base import SqliteFile
from deepracer_admin.web import server
from deepracer_admin.web.connections import bound_requests
from deepracer_admin.web.portal_words import LANGUAGES, words
from deepracer_admin.web.public import public_app
from tests.pages.conftest import NOW, StandingClock, clock, console, event, people  # noqa: F401

FORM = {
    "email": "ada@example.com",
    "new_to_ml": "yes",
    "new_to_aws": "no",
    "q-size": "M",
    "consent": "0",
}
SIZE = Question("size", QuestionKind.CHOICE, "T-shirt size", ("S", "M"), required=True, titles={"it": "Taglia"})
THERE = Question("there", QuestionKind.YES_NO, "Will you be <b>there</b>?")
SCRIPT = '"><script>alert(1)</script>'


@pytest.fixture
def portal(console: Console, event: Event) -> Portal:  # noqa: F811
    made = Portal(
        open=True,
        domains=("example.com", "example.org"),
        questions=(SIZE, THERE),
        material=(PortalLinkOut("Reward functions", "https://example.com/reward"),),
    )
    console.store.amend_event("ev-1", lambda each: replace(each, public_url="http://cup.example.com"))
    console.store.update("ev-1", PORTAL, lambda _: made)
    return made


@pytest.fixture
def client(console: Console, portal: Portal) -> Iterator[httpx.Client]:  # noqa: F811
    bound_requests()  # as the console does
    config = uvicorn.Config(
        public_app(console.of("").boards, console.registration), log_config=None, lifespan="off", access_log=False
    )
    served = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))  # callers wait in its queue until it serves
    thread = threading.Thread(target=lambda: served.run([listening]), daemon=True)
    thread.start()
    port = listening.getsockname()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=300) as made:
        yield made
    served.should_exit = True
    thread.join(300)


class _Text(HTMLParser):
    """What a page says, and its elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] != [] and self.tags[-1][0] != "style":
            self.said.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.said).split())


def said(answer: httpx.Response) -> str:
    return _Text(answer.text).text


def send(client: httpx.Client, path: str = "/register/ev-1", **fields: str) -> httpx.Response:
    data = {**FORM, **{name.replace("q_", "q-"): value for name, value in fields.items()}}
    return client.post(path, data=data)


def registered(console: Console, local: str, state: RegistrationState, **values: Any) -> Registration:  # noqa: F811
    email = f"{local}@example.com"
    made = replace(Registration(registration_id(email), email, state, NOW, verified_at=NOW), **values)
    console.store.change_rows("ev-1", REGISTRATIONS, lambda _: {made.id: made}, keys=(made.id,))
    return made


def link_of(console: Console, made: Registration, purpose: LinkPurpose = LinkPurpose.CONFIRM) -> str:  # noqa: F811
    token = make_link(console.store, console.store.event("ev-1"), made.id, purpose, now=NOW)
    return f"/register/ev-1/me/{token}"


def asked(console: Console) -> list[str]:  # noqa: F811
    return [form.email for form in console.store.rows("ev-1", ASKED).values()]


# ---------------------------------------------------------------------------------------------------- the form


def test_register_alone_is_the_form_of_the_one_portal_that_is_open(client: httpx.Client) -> None:
    answer = client.get("/register")
    assert answer.status_code == 200
    for words_of_it in ("Autumn Cup", "Take part", "T-shirt size", "Are you new to AWS?", "Europe/Rome", "Rehearsal"):
        assert words_of_it in said(answer)


def test_of_several_portals_one_is_chosen(client: httpx.Client, console: Console, event: Event, portal: Portal) -> None:  # noqa: F811
    console.store.save_event(replace(event, id="ev-2", name="Winter <Cup>"))
    console.store.update("ev-2", PORTAL, lambda _: portal)
    answer = client.get("/register")
    assert "Which event?" in said(answer)
    assert 'href="/register/ev-2?lang=en"' in answer.text
    assert "Winter &lt;Cup&gt;" in answer.text


def test_a_form_is_kept_and_answered_by_a_page_that_can_be_loaded_again(client: httpx.Client, console: Console) -> None:  # noqa: F811
    answer = send(client, name="Ada Lovelace", racer_name="Turbo-7")
    assert (answer.status_code, answer.headers["location"]) == (303, "/register/ev-1/sent?lang=en")
    assert "Look into your mail" in said(client.get(answer.headers["location"]))
    (form,) = console.store.rows("ev-1", ASKED).values()
    assert (form.email, form.name, form.racer_name, dict(form.answers)) == (
        "ada@example.com",
        "Ada Lovelace",
        "Turbo-7",
        {"size": "M"},
    )


@pytest.mark.parametrize("path", ["/register", "/register/ev-1/sent", "/register/nowhere", "/register/ev-1/me/x"])
def test_every_page_has_the_headers_of_a_page_that_needs_nothing(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    tags = {tag for tag, _ in _Text(answer.text).tags}
    assert not tags & {"script", "img", "iframe", "link", "object"}
    assert all("style" not in attributes and not any(name.startswith("on") for name in attributes)
               for _, attributes in _Text(answer.text).tags)  # fmt: skip


def test_italian_by_the_browser_by_the_address_and_kept_by_the_form(client: httpx.Client, console: Console) -> None:  # noqa: F811
    answer = client.get("/register", headers={"Accept-Language": "fr-FR, it-IT;q=0.8, en;q=0.5"})
    assert '<html lang="it">' in answer.text
    assert "Taglia" in said(answer)
    assert "lun 23 novembre 2026, 09:00" in said(answer)
    assert '<html lang="en">' in client.get("/register?lang=en", headers={"Accept-Language": "it"}).text
    sent = send(client, "/register/ev-1?lang=it")
    assert sent.headers["location"].endswith("?lang=it")
    assert next(iter(console.store.rows("ev-1", ASKED).values())).language == "it"
    assert "Indica il tuo indirizzo" in said(send(client, "/register/ev-1?lang=it", email=""))


def test_each_language_says_everything_that_the_others_say() -> None:
    def keys(code: str) -> set[str]:
        texts = words(code)._texts
        return {f"{part}.{key}" for part, inner in texts.items() if isinstance(inner, dict) for key in inner}

    assert [keys(code) for code in LANGUAGES] == [keys("en")] * len(LANGUAGES)


def test_every_field_has_its_label_and_an_error_that_belongs_to_it(client: httpx.Client) -> None:
    answer = send(client, email="ada@example.net", new_to_ml="", q_size="", consent="")
    page = _Text(answer.text)
    assert answer.status_code == 422
    assert "<title>Error: Take part" in answer.text
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    labels = {attributes["for"] for tag, attributes in page.tags if tag == "label" and "for" in attributes}
    assert labels <= ids
    for tag, attributes in page.tags:
        for other in (attributes.get("aria-describedby") or "").split():
            assert other in ids
        if tag == "a" and (attributes.get("href") or "").startswith("#"):
            assert (attributes["href"] or "")[1:] in ids
    wrong = {attributes["name"] for _, attributes in page.tags if attributes.get("aria-invalid")}
    assert wrong == {"email", "new_to_ml", "q-size", "consent"}
    assert "4 things need another look" in page.text


def test_what_was_typed_stands_in_the_form_again(client: httpx.Client) -> None:
    answer = send(
        client, email="ada@example.net", name='Ada "the" <b>', racer_name="Turbo-7", q_size="S", q_there="yes"
    )
    fields = {attributes.get("id"): attributes for _, attributes in _Text(answer.text).tags}
    assert fields["name"]["value"] == 'Ada "the" <b>'
    assert "checked" in fields["q-there-yes"]
    assert "checked" in fields["consent"]
    assert '<option value="S" selected>' in answer.text


# --------------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"email": "ada@evil.example"}, "Only addresses at example.com, example.org can register"),
        ({"email": "ada@exаmple.com"}, "even if it looks alike"),
        ({"email": "o'brien@example.com"}, "The racing service takes only letters"),
        ({"email": "ada"}, "not a whole e-mail address"),
        ({"name": "x" * 500}, "The name is too long"),
        ({"racer_name": SCRIPT}, "A racer name has 3 to 20 letters"),
        ({"racer_name": "ada"}, "tells who you are"),
        ({"q_size": SCRIPT}, "Choose one of the answers to “T-shirt size”"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_kept(
    client: httpx.Client, console: Console, fields: dict[str, str], told: str  # noqa: F811
) -> None:  # fmt: skip
    answer = send(client, **fields)
    assert answer.status_code == 422
    assert told in said(answer)
    assert "1 things" not in said(answer)
    assert asked(console) == []


@pytest.mark.parametrize(
    "field", ["email", "name", "racer_name", "new_to_ml", "q_size", "q_there", "consent", "website"]
)
def test_script_in_a_field_stays_text(client: httpx.Client, field: str) -> None:
    answer = send(client, **{"email": "x", field: SCRIPT})
    assert "<script" not in answer.text
    assert "alert(1)</" not in answer.text


def test_a_question_is_escaped_too(client: httpx.Client) -> None:
    assert "Will you be &lt;b&gt;there&lt;/b&gt;?" in client.get("/register").text


@pytest.mark.parametrize(
    ("content", "kind", "status", "told"),
    [
        (b'{"email": "ada@example.com"}', "application/json", 400, "no form of ours"),
        (b"<xml/>", "text/xml", 400, "no form of ours"),
        (b"", "", 400, "no form of ours"),
        (b"\xff\xfe\x00", "application/x-www-form-urlencoded", 400, "no form of ours"),
        (b"email=%ff%fe", "application/x-www-form-urlencoded", 400, "no form of ours"),
        (b"&".join(b"a=1" for _ in range(100)), "application/x-www-form-urlencoded", 400, "no form of ours"),
        (b"", "application/x-www-form-urlencoded", 422, "things need another look"),
        (b"email=" + b"x" * 5_000_000, "application/x-www-form-urlencoded", 413, "That was too much"),
    ],
)
def test_a_body_that_is_no_form_is_one_sentence(
    client: httpx.Client, console: Console, content: bytes, kind: str, status: int, told: str  # noqa: F811
) -> None:  # fmt: skip
    answer = client.post("/register/ev-1", content=content, headers={"Content-Type": kind} if kind else {})
    assert (answer.status_code, told in said(answer)) == (status, True)
    assert asked(console) == []


def test_a_body_without_a_length_is_read_no_further_than_it_may_be(client: httpx.Client) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(200):
            yield b"email=" + b"x" * 4096

    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post("/register/ev-1", content=endless(), headers=headers).status_code == 413


def test_after_closing_nobody_registers_and_is_told_so(client: httpx.Client, console: Console) -> None:  # noqa: F811
    console.store.update("ev-1", PORTAL, lambda each: replace(each, open=False))
    answer = send(client)
    assert (answer.status_code, "Registration is closed" in said(answer)) == (409, True)
    assert "Registration is closed" in said(client.get("/register/ev-1"))
    assert "No registration is open" in said(client.get("/register"))
    assert asked(console) == []


def test_an_event_that_is_over_is_closed(client: httpx.Client, clock: StandingClock) -> None:  # noqa: F811
    clock.at = NOW + timedelta(days=6)
    assert send(client).status_code == 409


def test_a_store_that_is_locked_loses_nothing_silently(
    client: httpx.Client, console: Console, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    def locked(*_: object, **__: object) -> None:
        raise StoreError("The data file is busy in another process: try again in a minute.")

    link = link_of(console, registered(console, "bob", RegistrationState.ASKED))
    with monkeypatch.context() as busy:
        busy.setattr(type(console.store), "change_rows", locked)
        answer = send(client)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
        assert "Nothing was registered: go back, and press again" in said(answer)
        assert client.post(link).status_code == 503
    assert send(client).status_code == 303
    assert "your address is confirmed" in said(client.post(link))


def test_a_program_that_fills_in_the_hidden_field_gets_the_same_answer_and_is_not_kept(
    client: httpx.Client, console: Console  # noqa: F811
) -> None:  # fmt: skip
    answer = send(client, website="https://spam.example")
    assert (answer.status_code, answer.headers["location"]) == (303, "/register/ev-1/sent?lang=en")
    assert asked(console) == []


def test_two_thousand_people_behind_one_address_all_get_in_and_one_who_floods_does_not(
    console: Console, portal: Portal  # noqa: F811
) -> None:  # fmt: skip
    answers = {
        console.registration.send("ev-1", {**FORM, "email": f"racer{n}@example.com"}, language="en").answer
        for n in range(2_000)
    }
    assert answers == {"taken"}
    for _ in range(50):
        console.registration.send("ev-1", FORM, language="en")
    assert len(asked(console)) == 2_000 + 5


def test_a_flood_of_everybody_is_told_to_come_back(client: httpx.Client, console: Console) -> None:  # noqa: F811
    console.registration._whole._burst = 0
    answer = send(client)
    assert (answer.status_code, "Too many at once" in said(answer)) == (503, True)


def test_forms_that_wait_have_an_end(
    client: httpx.Client, console: Console, clock: StandingClock, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    """Nobody takes them, as when no worker runs: then whoever comes is told to come again, and nothing grows."""
    monkeypatch.setattr(public_registration, "FORMS_AT_MOST", 3)
    statuses = [send(client, email=f"racer{n}@example.com").status_code for n in range(5)]
    assert statuses == [303, 303, 303, 503, 503]
    assert len(asked(console)) == 3


# ----------------------------------------------------------------------------------------------------- timing


def test_a_form_costs_the_same_work_whoever_it_is_about(
    client: httpx.Client, console: Console, people: object, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    """Known, listed, left, registered in every state, unknown: the very same statements of the store, and answer."""
    for state in RegistrationState:
        registered(console, f"in.{state}", state)
    work: dict[str, list[str]] = {}
    statements: list[str] = []
    borrow, transaction = SqliteFile._borrow, SqliteFile._connect

    def traced(store: Any, real: Callable[[Any], Any]) -> Any:
        connection = real(store)
        connection.set_trace_callback(statements.append)
        return connection

    monkeypatch.setattr(SqliteFile, "_borrow", lambda store: traced(store, borrow))
    monkeypatch.setattr(SqliteFile, "_connect", lambda store: traced(store, transaction))
    console.store._writer.set_trace_callback(statements.append)  # type: ignore[attr-defined]
    emails = ["unknown@example.com", "racer1@example.com", "racer6@example.com"]
    emails += [f"in.{state}@example.com" for state in RegistrationState]
    answers = set()
    send(client, email="first@example.com")  # connections are opened, and kept
    for email in emails:
        statements.clear()
        answer = send(client, email=email)
        answers.add((answer.status_code, answer.headers["location"], answer.content))
        work[email] = [re.sub(r"'[^']*'", "?", each) for each in statements]
    assert len(answers) == 1
    assert work["unknown@example.com"], "something was counted"
    for email, each in work.items():
        assert each == work["unknown@example.com"], email


# ------------------------------------------------------------------------------------------------------- links


def test_a_link_only_shows_and_its_button_confirms_once(client: httpx.Client, console: Console) -> None:  # noqa: F811
    made = registered(console, "ada", RegistrationState.ASKED, racer_name="Turbo-7", verified_at=None)
    link = link_of(console, made)
    for _ in range(3):  # mail scanners
        answer = client.get(link)
        assert "One press, and your registration for Autumn Cup is made" in said(answer)
    assert client.head(link).status_code in (200, 405)
    assert console.store.row("ev-1", REGISTRATIONS, made.id) == made
    assert "Thank you, your address is confirmed" in said(client.post(link))
    again = client.post(link)
    assert again.status_code == 200
    assert "Thank you" not in said(again)
    assert "Your place is being arranged" in said(again)
    after = console.store.row("ev-1", REGISTRATIONS, made.id)
    assert after is not None
    assert (after.state, after.verified_at) == ("verified", NOW)


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (RegistrationState.VERIFIED, "Your place is being arranged"),
        (RegistrationState.WAITING, "You are number 1 in line"),
        (RegistrationState.REFUSED, "No place this time"),
        (RegistrationState.WITHDRAWN, "You are not registered any more"),
    ],
)
def test_a_link_shows_its_holder_how_things_stand(
    client: httpx.Client, console: Console, state: RegistrationState, told: str  # noqa: F811
) -> None:  # fmt: skip
    link = link_of(console, registered(console, "ada", state), LinkPurpose.PAGE)
    assert told in said(client.get(link))


@pytest.mark.parametrize("state", [RegistrationState.VERIFIED, RegistrationState.WAITING])
def test_who_cannot_come_gives_their_turn_back_by_a_button_and_no_program_does(
    client: httpx.Client, console: Console, state: RegistrationState  # noqa: F811
) -> None:  # fmt: skip
    made = registered(console, "ada", state)
    link = link_of(console, made, LinkPurpose.PAGE)
    assert f'href="{link.split("?")[0]}/leave"' in client.get(link).text
    for _ in range(3):  # mail scanners
        assert "Give your place back?" in said(client.get(f"{link}/leave"))
    assert console.store.row("ev-1", REGISTRATIONS, made.id) == made
    assert "Your registration has ended" in said(client.post(f"{link}/leave"))
    after = console.store.row("ev-1", REGISTRATIONS, made.id)
    assert after is not None
    assert (after.state, after.left_at) == ("withdrawn", NOW)
    again = said(client.post(f"{link}/leave"))
    assert "You are not registered any more" in again
    assert "has ended" not in again


def test_nobody_gives_back_what_they_do_not_have(
    client: httpx.Client, console: Console, clock: StandingClock  # noqa: F811
) -> None:  # fmt: skip
    for state in (RegistrationState.ASKED, RegistrationState.REFUSED, RegistrationState.WITHDRAWN):
        made = registered(console, "ada", state)
        link = link_of(console, made)
        assert "/leave" not in client.get(link).text
        client.post(f"{link}/leave")
        assert console.store.row("ev-1", REGISTRATIONS, made.id) == made
    made = registered(console, "bob", RegistrationState.WAITING)
    link = link_of(console, made)
    clock.at = console.store.event("ev-1").ends_at + timedelta(hours=1)
    assert "Give your place back?" not in said(client.get(f"{link}/leave"))
    client.post(f"{link}/leave")
    assert console.store.row("ev-1", REGISTRATIONS, made.id) == made


def test_by_hand_the_page_says_who_decides(client: httpx.Client, console: Console) -> None:  # noqa: F811
    console.store.update("ev-1", PORTAL, lambda each: replace(each, by_hand=True))
    link = link_of(console, registered(console, "ada", RegistrationState.VERIFIED))
    assert "The organizers look at each registration" in said(client.get(link))


def test_who_has_a_place_sees_where_they_race_in_the_events_zone(client: httpx.Client, console: Console) -> None:  # noqa: F811
    console.store.save_attendees("ev-1", [Attendee("at-1", "ada@example.com", "Ada", alias="Turbo-7")])
    opens = NOW + timedelta(hours=1)
    races = [
        Race("r-1", RaceDraft("Qualifying <1>", "t", opens, opens + timedelta(hours=2)), share_link="https://r.example/1"),
        Race("r-2", RaceDraft("Hidden", "t", opens, opens + timedelta(hours=2))),
        Race("r-3", RaceDraft("Script", "t", opens, opens + timedelta(hours=2)), share_link="javascript:alert(1)"),
        Race("r-4", RaceDraft("Past", "t", NOW - timedelta(days=2), NOW - timedelta(days=1)), share_link="https://r.example/4"),
    ]  # fmt: skip
    console.store.save_races("ev-1", races, seen_at=NOW, lease=None)
    link = link_of(console, registered(console, "ada", RegistrationState.ACCEPTED, attendee="at-1"))
    answer = client.get(link)
    for told in ("You have a place", "Turbo-7", "Qualifying <1>", "Mon 23 November 2026, 11:00 to 13:00", "prepared"):
        assert told in said(answer)
    assert "Hidden" not in answer.text
    assert "Past" not in answer.text
    assert "javascript:" not in answer.text


@pytest.mark.parametrize("cut", [1, 5, 20, 47])
def test_a_link_that_a_mail_program_cut_is_told_so(client: httpx.Client, console: Console, cut: int) -> None:  # noqa: F811
    link = link_of(console, registered(console, "ada", RegistrationState.ASKED))
    answer = client.get(link[:-cut])
    assert (answer.status_code, "Copy the whole address from the mail" in said(answer)) == (404, True)


def test_a_link_that_is_none_of_ours_opens_nothing(client: httpx.Client, console: Console) -> None:  # noqa: F811
    link = link_of(console, registered(console, "ada", RegistrationState.ASKED))
    other = link[:-10] + ("A" if link[-10] != "A" else "B") + link[-9:]
    assert "opens nothing" in said(client.get(other))
    assert "opens nothing" in said(client.post(other))


def test_a_link_opens_nothing_of_another_event(client: httpx.Client, console: Console, event: Event) -> None:  # noqa: F811
    console.store.save_event(replace(event, id="ev-2"))
    console.store.update("ev-2", PORTAL, lambda _: console.store.read("ev-1", PORTAL))
    link = link_of(console, registered(console, "ada", RegistrationState.ASKED))
    assert "opens nothing" in said(client.post(link.replace("ev-1", "ev-2")))


def test_an_old_link_has_no_button(client: httpx.Client, console: Console, clock: StandingClock) -> None:  # noqa: F811
    link = link_of(console, registered(console, "ada", RegistrationState.ASKED))
    clock.at = NOW + timedelta(days=3, seconds=1)
    assert "This link has ended" in said(client.get(link))
    assert "This link has ended" in said(client.post(link))
    assert client.get(link).status_code == 410


def test_two_weeks_after_the_event_a_link_opens_nothing(
    client: httpx.Client, console: Console, clock: StandingClock  # noqa: F811
) -> None:  # fmt: skip
    link = link_of(console, registered(console, "ada", RegistrationState.WAITING))
    clock.at = NOW + timedelta(days=5 + 15)
    assert "opens nothing" in said(client.get(link))


def test_a_page_holds_nobody_elses_data(client: httpx.Client, console: Console, people: object) -> None:  # noqa: F811
    registered(console, "other", RegistrationState.WAITING, name="Somebody Else")
    mine = link_of(console, registered(console, "ada", RegistrationState.WAITING))
    for path in ("/register", "/register/ev-1/sent", mine):
        page = client.get(path).text
        assert "other@" not in page
        assert "Somebody" not in page
        assert "racer1" not in page


def test_no_address_answer_or_token_is_logged(
    client: httpx.Client, console: Console, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    link = link_of(console, registered(console, "ada", RegistrationState.ASKED))
    send(client, name="Ada Lovelace")
    client.get(link)
    with monkeypatch.context() as broken:
        broken.setattr(console.registration, "_store", None)
        assert client.get(link).status_code == 500
        assert "Something unexpected happened" in said(send(client, name="Ada Lovelace"))
    theirs = ("httpx", "httpcore", "asyncio", "uvicorn.access")  # of the test's client; the server has no access log
    own = "\n".join(each.getMessage() for each in caplog.records if not each.name.startswith(theirs))
    assert link.rpartition("/")[2] not in own
    assert "ada@" not in own
    assert "Lovelace" not in own


def test_the_second_listener_keeps_no_access_log(
    console: Console, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    settings = console.settings.model_copy(update={"public_port": 18_765})
    monkeypatch.setattr(server, "_open_port", lambda *_: None)
    listener = server._public_listener(settings)
    assert listener is not None
    assert listener.config.access_log is False


# --------------------------------------------------------------------------------------------------- a browser


@pytest.mark.parametrize(("width", "height"), [(390, 844), (320, 640), (1440, 900)])
def test_the_form_fits_and_works_in_a_browser_without_scripts(
    client: httpx.Client, console: Console, browser: Browser, width: int, height: int  # noqa: F811
) -> None:  # fmt: skip
    context = browser.new_context(
        viewport={"width": width, "height": height}, java_script_enabled=False, locale="it-IT"
    )
    try:
        page = context.new_page()
        page.goto(f"{client.base_url}/register")
        expect(page.get_by_role("heading", level=1)).to_have_text("Partecipa")
        page.get_by_role("link", name="English").click()
        page.get_by_label("Company address").fill("ada@example.com")
        page.get_by_role("group", name="Are you new to machine learning?").get_by_label("Yes").check()
        page.get_by_role("group", name="Are you new to AWS?").get_by_label("No").check()
        page.get_by_label("T-shirt size").select_option("M")
        page.get_by_label("I have read how my data is used").check()
        page.get_by_role("button", name="Register").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mail")
    finally:
        context.close()
    assert asked(console) == ["ada@example.com"]
