"""Nothing of the console answers without a live session: pages, uploads, media, Streamlit's paths, the websocket."""

from __future__ import annotations

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from deepracer_admin.web.front_end import front_end_paths
from tests.web.conftest import INNER, Site, signed_in

PAGES = ["/", "/event", "/setup", "/plan/event", "/audit", "/signing", "/signin/elsewhere", "/signin/callback/x"]
MACHINERY = [
    "/_stcore/stream",
    "/_stcore/host-config",
    "/_stcore/metrics",
    "/_stcore/script-health-check",
    "/_stcore/health/",
    "/_stcore/health/../host-config",
    "/_stcore/upload_file/session/file",
    "/_stcore/bidi-components/any",
    "/media/picture.png",
    "/static/js/index.js",
    "/static",
    "/static/js/",
    "/static/../index.html",
    "/app/static/js/index.js",
    "/component/name/index.html",
    "/app/static/picture.png",
    "/event",
]
ANY = {"accept": "*/*"}


def test_a_signed_out_visit_to_a_page_is_sent_to_sign_in(site: Site, visitor: httpx.Client) -> None:
    for path in PAGES:
        answer = visitor.get(path)
        assert answer.status_code == 302, path
        assert answer.headers["location"].startswith("/signin"), path
        assert answer.headers["cache-control"] == "no-store", path
    assert site.reached == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_signed_out_nothing_else_answers(site: Site, visitor: httpx.Client, method: str) -> None:
    for path in MACHINERY:
        answer = visitor.request(method, f"{site.url}{path}", headers={**ANY, "origin": site.url})
        assert answer.status_code == 401, path
    assert site.reached == []


def test_only_the_health_question_is_open(site: Site, visitor: httpx.Client) -> None:
    assert visitor.get("/_stcore/health", headers=ANY).text == INNER
    assert site.reached == ["/_stcore/health"]


def test_a_tab_that_was_signed_out_elsewhere_still_loads_the_parts_of_the_front_end(
    site: Site, visitor: httpx.Client
) -> None:
    """Else it shows that a module could not be fetched, instead of the sentence that its session has ended."""
    parts = sorted(front_end_paths())
    assert {path.rsplit(".", 1)[1] for path in parts} >= {"js", "css", "woff2"}
    value = signed_in(visitor)
    site.keeper.revoke(value)
    assert {visitor.get(path, headers=ANY).text for path in parts} == {INNER}
    assert site.reached == parts


def test_the_front_end_is_only_read_and_only_by_its_own_names(site: Site, visitor: httpx.Client) -> None:
    script = next(path for path in sorted(front_end_paths()) if path.endswith(".js"))
    assert visitor.head(script, headers=ANY).status_code == 200
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        answer = visitor.request(method, script, headers={**ANY, "origin": site.url})
        assert answer.status_code == 401, method
    for other in (f"{script}/", f"{script}.map", f"/{script}", script.upper(), f"{script}/../../../index.html"):
        assert visitor.get(f"{site.url}{other}", headers=ANY).status_code == 401, other
    assert visitor.get(script, headers={**ANY, "host": "evil.example"}).status_code == 421
    assert site.reached == [script]


def test_signed_in_everything_is_reached(site: Site, visitor: httpx.Client) -> None:
    signed_in(visitor, "viewer")
    for path in ("/", "/event", "/_stcore/host-config", "/media/picture.png", "/static/js/index.js"):
        assert visitor.get(path, headers=ANY).text == INNER
    upload = "/_stcore/upload_file/session/file"
    assert visitor.put(upload, headers={**ANY, "origin": site.url}).text == INNER


def test_a_forged_cookie_opens_nothing(site: Site, visitor: httpx.Client) -> None:
    for cookie in ("", "x", "a" * 43, "'; DROP TABLE sessions; --", "é", '"', "\\"):
        header = f"{site.names.session}={cookie}".encode()
        assert visitor.get("/event", headers={"cookie": header}).status_code == 302, cookie
        assert visitor.get("/media/x", headers={**ANY, "cookie": header}).status_code == 401, cookie
    assert site.reached == []


def test_a_cookie_changed_by_one_character_opens_nothing(site: Site, visitor: httpx.Client) -> None:
    value = signed_in(visitor)
    changed = ("b" if value[0] == "a" else "a") + value[1:]
    with site.browser(cookies={site.names.session: changed}) as forger:
        assert forger.get("/event").status_code == 302


def test_an_expired_and_a_revoked_cookie_open_nothing(site: Site, visitor: httpx.Client) -> None:
    value = signed_in(visitor)
    site.keeper.revoke(value)
    assert visitor.get("/event").status_code == 302
    signed_in(visitor)
    site.clock.forward(hours=8)
    assert visitor.get("/event").status_code == 302
    assert visitor.get("/media/x", headers=ANY).status_code == 401


# ------------------------------------------------------------------------------------------------------ websocket


def talk(site: Site, *, cookie: str = "", origin: str | None = "", path: str = "/_stcore/stream") -> str:
    """What the websocket says; raises InvalidStatus for a refusal. `origin` "" = the console's own, None = none."""
    headers = {"Cookie": f"{site.names.session}={cookie}"} if cookie else {}
    address = f"ws{site.url.removeprefix('http')}{path}"
    sent = site.url if origin == "" else origin
    with connect(address, additional_headers=headers, origin=sent, proxy=None) as socket:  # type: ignore[arg-type]
        return str(socket.recv(timeout=300))


def refusal(site: Site, **options: str | None) -> int:
    with pytest.raises(InvalidStatus) as caught:
        talk(site, **options)  # type: ignore[arg-type]
    assert site.reached == [], "it came through the gate"
    return caught.value.response.status_code


def test_the_websocket_opens_for_a_session_of_our_own_page(site: Site, visitor: httpx.Client) -> None:
    assert talk(site, cookie=signed_in(visitor)) == INNER


def test_the_websocket_is_refused_without_a_session(site: Site) -> None:
    for path in ("/_stcore/stream", "/", "/event", "/_stcore/health", "/signin"):
        assert refusal(site, path=path) == 403, path


def test_the_websocket_is_refused_to_every_other_origin(site: Site, visitor: httpx.Client) -> None:
    value, own = signed_in(visitor), site.url.removeprefix("http://")
    others = ["https://evil.example", "null", None, "http://localhost", "http://localhost:1", "http://127.0.0.1"]
    for origin in [*others, f"https://{own}", f"http://{own}.evil.example"]:
        assert refusal(site, cookie=value, origin=origin) == 403, origin


def test_a_revoked_session_opens_no_websocket(site: Site, visitor: httpx.Client) -> None:
    value = signed_in(visitor)
    site.keeper.revoke(value)
    assert refusal(site, cookie=value) == 403


# ---------------------------------------------------------------------------------------------------- host, origin


def test_another_host_name_is_refused_even_with_a_session(site: Site, visitor: httpx.Client) -> None:
    """DNS rebinding: a foreign name that resolves to this machine."""
    signed_in(visitor)
    for host in ("evil.example", "evil.example:8501", "localhost", "localhost.evil.example"):
        answer = visitor.get("/media/x", headers={**ANY, "host": host})
        assert answer.status_code == 421
    assert site.reached == []


def test_a_double_slash_in_the_address_leads_nowhere_else(site: Site, visitor: httpx.Client) -> None:
    for path in ("//evil.example", "/%2Fevil.example", "/%5Cevil.example", "/%2f%2fevil.example?x=1"):
        answer = visitor.get(f"{site.url}{path}")
        assert answer.headers["location"].startswith("/signin?next="), path
        asked = visitor.get(answer.headers["location"]).text
        assert 'href="/signin/login"' in asked, path


def test_the_loopback_number_is_led_to_the_name(site: Site, visitor: httpx.Client) -> None:
    """Cookies differ between 127.0.0.1 and localhost."""
    port = httpx.URL(site.url).port
    answer = visitor.get(f"http://127.0.0.1:{port}/races?race=1")
    assert answer.status_code == 307
    assert answer.headers["location"] == f"{site.url}/races?race=1"


def test_a_writing_request_of_another_site_is_refused(site: Site, visitor: httpx.Client) -> None:
    signed_in(visitor)
    for origin in ("https://evil.example", "null", "http://localhost:1"):
        answer = visitor.post("/_stcore/upload_file/a/b", headers={**ANY, "origin": origin})
        assert answer.status_code == 403
    assert site.reached == []


@pytest.mark.parametrize("base_url", ["https://console.example.com"])
def test_behind_a_proxy_the_public_name_counts(site: Site) -> None:
    with site.browser() as client:
        own = {"host": "console.example.com"}
        assert client.get("/event", headers=own).headers["location"] == "/signin?next=/event"
        assert client.get("/event").headers["location"] == "https://console.example.com/event"
