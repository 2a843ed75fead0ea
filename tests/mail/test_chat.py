"""A chat's webhook: what it is sent, when it counts as having left, and what each answer means."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.edge.reach import Reach
from deepracer_admin.errors import (
    AccessDenied,
    BadSettings,
    Conflict,
    ConsoleError,
    LostAnswer,
    NotThere,
    Refused,
    Throttled,
    Unreachable,
)
from deepracer_admin.mail.chat import ID_HEADER, Webhook
from deepracer_admin.mail.chat_words import for_slack, for_teams
from deepracer_admin.model.notices import Notice
from tests.edge.test_odd_answers import ANSWERS, Odd

NOTICE = Notice("a-1", "red", "The budget is used", ("It is.", "What to do: look."), "http://localhost:8501/usage")
SECRET = "sig=very-secret"
TEAMS, SLACK = f"/workflows/1/triggers/manual/paths/invoke?{SECRET}", "/services/T0/B0/very-secret"


class Receiver:
    """A chat that answers as it is told, and keeps what it got."""

    def __init__(self) -> None:
        self.odd = Odd(202, "", "text/plain")
        self.got: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if len(body) < int(self.headers["content-length"]):
                    return  # a message whose end never came is none
                receiver.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
                odd = receiver.odd
                if odd.status == 0:  # dies before it answers
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                self.send_response(odd.status)
                self.send_header("content-type", odd.kind)
                for name, value in odd.headers:
                    self.send_header(name, value)
                self.send_header("content-length", str(len(odd.body.encode()) + (500 if odd.cut_off else 0)))
                self.end_headers()
                self.wfile.write(odd.body.encode())

            def log_message(self, format: str, *_: Any) -> None:
                """Silence."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(scope="module", params=[TEAMS, SLACK], ids=["teams", "slack"])
def hook(request: Any, receiver: Receiver) -> Iterator[Webhook]:
    made = Webhook(receiver.url + request.param, reach=Reach.PRACTICE)
    yield made
    made.close()


def posted(hook: Webhook, receiver: Receiver, odd: Odd) -> tuple[ConsoleError | None, int]:
    """The error, and how often it was said that the message leaves."""
    receiver.odd, left = odd, []
    try:
        hook.post(NOTICE, before=lambda: left.append(1))
    except ConsoleError as error:
        return error, len(left)
    return None, len(left)


def test_it_is_said_once_that_it_leaves_and_the_id_travels_along(hook: Webhook, receiver: Receiver) -> None:
    fine = Odd(200, "ok", "text/html") if hook.name == "Slack" else Odd(202, "", "text/plain")
    receiver.got.clear()
    assert posted(hook, receiver, fine) == (None, 1)
    [(headers, body)] = receiver.got
    assert headers[ID_HEADER.lower()] == "a-1"
    assert json.loads(body) == (for_slack if hook.name == "Slack" else for_teams)(NOTICE)


@pytest.mark.parametrize("answer", ANSWERS)
def test_who_answers_in_its_place_never_makes_it_told(hook: Webhook, receiver: Receiver, answer: str) -> None:
    odd = ANSWERS[answer]
    error, left = posted(hook, receiver, odd)
    empty_is_fine = hook.name == "Microsoft Teams" and odd.status == 200 and not odd.between
    assert left == 1
    if error is None:
        assert empty_is_fine
        assert not odd.cut_off
        return
    assert error.sentence.endswith(".")
    assert "secret" not in error.sentence
    assert "<" not in error.sentence


@pytest.mark.parametrize(
    ("status", "expected"),
    [(400, Refused), (403, Refused), (404, NotThere), (410, NotThere), (500, LostAnswer), (503, LostAnswer),
     (0, LostAnswer), (407, AccessDenied), (302, AccessDenied)],
)  # fmt: skip
def test_each_refusal_says_whether_it_may_have_arrived(
    hook: Webhook, receiver: Receiver, status: int, expected: type[ConsoleError]
) -> None:
    error, _ = posted(hook, receiver, Odd(status, "no_service", "text/plain"))
    assert type(error) is expected


def test_a_chat_that_asks_to_wait_says_how_long(hook: Webhook, receiver: Receiver) -> None:
    error, _ = posted(hook, receiver, Odd(429, "", "text/plain", headers=(("retry-after", "17"),)))
    assert isinstance(error, Throttled)
    assert error.retry_after == 17


def test_nobody_there_has_surely_got_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    hook = Webhook(f"http://127.0.0.1:{port}{TEAMS}", reach=Reach.PRACTICE)
    left: list[int] = []
    with pytest.raises(Unreachable) as caught:
        hook.post(NOTICE, before=lambda: left.append(1))
    assert left == []
    assert "secret" not in caught.value.sentence + repr(hook)


def test_whoever_says_no_before_it_leaves_keeps_it(hook: Webhook, receiver: Receiver) -> None:
    receiver.got.clear()

    def refuse() -> None:
        raise Conflict("Somebody else was faster.")

    with pytest.raises(Conflict):
        hook.post(NOTICE, before=refuse)
    assert receiver.got == []


@pytest.mark.parametrize(
    "address",
    ["https://example.webhook.office.com/webhookb2/secret", "https://outlook.office.com/webhook/secret",
     "https://hooks.slack.com.evil.example/services/secret", "https://evil.example/logic.azure.com/secret",
     "http://hooks.slack.com/services/secret", "hooks.slack.com/services/secret", "https:// secret", "secret"],
)  # fmt: skip
def test_other_hosts_and_retired_connectors_are_refused_without_naming_the_secret(address: str) -> None:
    with pytest.raises(BadSettings) as caught:
        Webhook(address)
    assert "secret" not in caught.value.sentence


@pytest.mark.parametrize(
    ("address", "name"),
    [("https://hooks.slack.com/services/T/B/x", "Slack"),
     ("https://prod-23.westeurope.logic.azure.com:443/workflows/1?sig=x", "Microsoft Teams"),
     ("https://default1.a1.environment.api.powerplatform.com/powerautomate/1?sig=x", "Microsoft Teams")],
)  # fmt: skip
def test_the_hosts_of_both_chats_are_known(address: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [])
    hook = Webhook(address)
    assert hook.name == name
    hook.close()


@given(st.text(max_size=300).map(lambda text: text * 12), st.text(max_size=300))
def test_whatever_is_told_stays_text_and_fits(line: str, title: str) -> None:
    notice = Notice("a-1", "red", title, (line,), "http://localhost:8501/")
    slack, teams = for_slack(notice), for_teams(notice)
    assert not set("<>") & set(slack["text"])
    kinds = {block["text"]["type"] for block in slack["blocks"] if "text" in block}
    assert kinds == {"plain_text"}
    assert {block["type"] for block in teams["attachments"][0]["content"]["body"]} == {"RichTextBlock"}
    assert len(json.dumps(teams, ensure_ascii=False).encode()) < 28_000
