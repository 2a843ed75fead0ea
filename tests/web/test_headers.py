"""Security headers on whatever the console answers: pages, files, refusals, failures, handshakes, the big screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from deepracer_admin.compose import Console
from deepracer_admin.web.headers import SecurityHeaders, console_policy
from deepracer_admin.web.public import public_app
from tests.console_process import ConsoleProcess, start_console, write_silent_world
from tests.loops import in_a_loop
from tests.web.conftest import Site, signed_in

PAGE = {"accept": "text/html"}
PATHS = [
    "/",
    "/event",
    "/signin",
    "/signin/login",
    "/signin/callback",
    "/signin/out",
    "/signin/nowhere",
    "/_stcore/health",
    "/_stcore/host-config",
    "/_stcore/agent/openapi.json",
    "/_stcore/upload_file/a/b",
    "/static/js/none.js",
    "/static/css/none.css",
    "/media/none.png",
    "/favicon.png",
    "/drawn-mail/none",
    "/%2e%2e/etc/passwd",
    "/" + "x" * 3000,
]


def complaint(headers: httpx.Headers | dict[str, str]) -> str:
    """What is missing among the headers; "" when all is there."""
    found = {name.lower(): value for name, value in headers.items()}
    policy = found.get("content-security-policy", "")
    if "frame-ancestors 'none'" not in policy or "unsafe-eval" in policy:
        return f"policy {policy!r}"
    if found.get("x-content-type-options") != "nosniff":
        return "nosniff"
    return "" if found.get("referrer-policy") in ("same-origin", "no-referrer") else "referrer"


def asked(app: ASGIApp, path: str) -> httpx.Response:
    """The answer of an application, without a server."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=300) as client:
            return await client.get(path)

    return in_a_loop(ask())


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleProcess]:
    home = tmp_path_factory.mktemp("home")
    write_silent_world(home)
    started = start_console(home, WORKER="false", public=True)
    yield started
    started.stop()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_every_answer_of_a_running_console_has_them(running: ConsoleProcess, method: str, accept: str) -> None:
    for path in PATHS:
        answer = httpx.request(method, f"{running.url}{path}", headers={"accept": accept}, trust_env=False, timeout=300)
        assert complaint(answer.headers) == "", f"{method} {path} -> {answer.status_code}"
    foreign = httpx.get(f"{running.url}/", headers={"host": "evil.example"}, trust_env=False, timeout=300)
    assert complaint(foreign.headers) == ""


@pytest.mark.parametrize("path", ["/", "/live/x", "/live/x.json", "/register", "/live/" + "a" * 40 + "." + "0" * 32])
def test_so_has_every_answer_of_the_second_listener(running: ConsoleProcess, path: str) -> None:
    for method in ("GET", "POST", "HEAD"):
        answer = httpx.request(method, f"{running.public}{path}", trust_env=False, timeout=300)
        assert complaint(answer.headers) == "", f"{method} {path} -> {answer.status_code}"


def test_so_have_streamlits_page_its_files_and_the_websocket(site: Site, visitor: httpx.Client) -> None:
    value = signed_in(visitor)
    for path in ("/", "/static/js/index.js", "/media/x.png"):
        assert complaint(visitor.get(path).headers) == ""
    address = f"ws{site.url.removeprefix('http')}/_stcore/stream"
    cookie = {"Cookie": f"{site.names.session}={value}"}
    with connect(address, additional_headers=cookie, origin=site.url, proxy=None) as socket:  # type: ignore[arg-type]
        assert socket.response
        assert complaint(dict(socket.response.headers.raw_items())) == ""
    with pytest.raises(InvalidStatus) as refused:
        connect(address, origin=site.url, proxy=None)  # type: ignore[arg-type]
    assert refused.value.response.status_code == 403
    assert complaint(dict(refused.value.response.headers.raw_items())) == ""


def test_an_application_that_fails_answers_with_them_and_without_its_traceback() -> None:
    async def failing(scope: object, receive: object, send: object) -> None:
        raise RuntimeError("secret")

    answer = asked(SecurityHeaders(failing, policy=console_policy("ws://localhost")), "/")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert complaint(dict(answer.headers)) == ""


def test_a_screen_that_fails_answers_with_them(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(token: str) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(console.of("").boards, "screen", broken)
    answer = asked(public_app(console.of("").boards), "/live/" + "a" * 40 + "." + "0" * 32)
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert complaint(dict(answer.headers)) == ""


def test_the_policy_lets_streamlits_own_inline_script_run_and_no_other() -> None:
    policy = console_policy("ws://localhost:8501")
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "sha256-" in scripts
    assert "unsafe-inline" not in scripts
    import streamlit

    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text("utf-8")
    assert page.count("<script>") == scripts.count("sha256-")
