"""Signing in and out, over real HTTP, against the practice tenant: every way through and every way it can fail."""

from __future__ import annotations

import html
import json
import logging
import re
import shutil
import socket
from pathlib import Path
from typing import Literal

import httpx
import pytest

from deepracer_admin.compose import compose
from deepracer_admin.errors import SignedOut
from deepracer_admin.model import Lease, Role
from deepracer_admin.settings import Settings
from deepracer_admin.ui.kit.session import actor_of
from deepracer_admin.web import server
from deepracer_admin.web.keeper import cookie_names, hash_id
from deepracer_admin.worker.role_watch import RoleWatch
from tests.practice import WorldHandle
from tests.web.conftest import (
    INNER,
    Site,
    begin,
    choose,
    come_back,
    redirect_practice,
    serving,
    session_of,
    sign_ins_of,
    signed_in,
)


def plain(answer: httpx.Response) -> str:
    """The words of a page, without markup."""
    assert answer.headers["content-type"].startswith("text/html")
    body = answer.text.split("</style>")[-1]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def cookies_set(answer: httpx.Response) -> dict[str, str]:
    """Set-Cookie headers by cookie name, lower case."""
    return {line.split("=", 1)[0]: line.lower() for line in answer.headers.get_list("set-cookie")}


@pytest.mark.parametrize("role", ["organizer", "facilitator", "viewer"])
def test_each_role_comes_in_and_is_known(site: Site, visitor: httpx.Client, role: str) -> None:
    value = signed_in(visitor, role)
    who = site.keeper.find(value)
    assert who
    assert who.roles == {Role(role.capitalize())}
    assert who.tid == site.console.sign_in().tenant
    assert visitor.get("/event").text == INNER
    last = site.console.store.audit(limit=1)[0]
    assert (last.action, last.actor, last.role, last.allowed) == ("signin", who.oid, role.capitalize(), True)


def test_sign_in_leads_back_to_the_page_that_was_asked_for(visitor: httpx.Client) -> None:
    welcome = visitor.get(visitor.get("/races").headers["location"])
    link = re.search(r'href="(/signin/login\?next=[^"]+)"', welcome.text)
    assert link
    entra = visitor.get(link.group(1)).headers["location"]
    assert visitor.get(choose(entra, "viewer")).headers["location"] == "/races"


@pytest.mark.parametrize(
    "asked",
    ["/races?race=r-1&day=2", "/?tab=check", "/usage?cohort=office%3ACaf%C3%A9+Uno&x=%26%3D", "/messages?next=/races"],
)
def test_sign_in_leads_back_with_the_query_that_was_asked_for(visitor: httpx.Client, asked: str) -> None:
    welcome = visitor.get(visitor.get(asked).headers["location"])
    link = re.search(r'href="(/signin/login\?next=[^"]+)"', welcome.text)
    assert link
    entra = visitor.get(html.unescape(link.group(1))).headers["location"]
    assert visitor.get(choose(entra, "viewer")).headers["location"] == asked


def test_a_sign_in_that_was_refused_begins_again_for_the_same_page(visitor: httpx.Client) -> None:
    refused = come_back(visitor, "nobody", to="/races?race=r-1")
    assert refused.status_code == 403
    assert 'href="/signin/login?next=/races%3Frace%3Dr-1"' in refused.text


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/races?to=https://evil.example", "/races?to=https://evil.example"),
        ("/races?to=//evil.example", "/races?to=//evil.example"),
        ("/races?a=\r\nSet-Cookie: x=1", "/races?a=%0D%0ASet-Cookie:%20x=1"),
        ("/races?a=\\evil#b", "/races?a=%5Cevil%23b"),
    ],
)
def test_a_query_stays_a_query(visitor: httpx.Client, target: str, location: str) -> None:
    answer = come_back(visitor, "viewer", to=target)
    assert answer.headers["location"] == location
    assert httpx.URL("http://localhost").join(location).host == "localhost"


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "//evil.example/?x=1",
        "https://evil.example",
        "https:evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/%5Cevil.example",
        "/%5cevil.example?x=1",
        "/%09/evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/.evil.example",
        "javascript:alert(1)",
        "/a/../..//b",
        "/%2F%2Fevil",
        "/%252F%252Fevil",
        "?x=//evil.example",
        "@evil.example",
        "/races\n?evil",
        "/signin?next=//evil.example",
        "/races?evil=" + "x" * 2_000,
    ],
)
def test_sign_in_never_leads_to_another_site(visitor: httpx.Client, target: str) -> None:
    assert "evil" not in visitor.get("/signin", params={"next": target}).text
    assert come_back(visitor, "viewer", to=target).headers["location"] == "/"


def test_a_second_tab_and_a_refresh_stay_signed_in(visitor: httpx.Client) -> None:
    signed_in(visitor)
    assert [visitor.get("/event").text for _ in range(3)] == [INNER] * 3


def test_a_replayed_callback_says_that_the_sign_in_is_over(visitor: httpx.Client) -> None:
    """The back button, or a link out of the history."""
    callback = choose(begin(visitor), "organizer")
    assert visitor.get(callback).status_code == 303
    again = visitor.get(callback)
    assert again.status_code == 400
    assert "This sign-in is over" in plain(again)
    assert 'href="/signin/login"' in again.text
    assert visitor.get("/event").text == INNER, "the session that was made stays"


def test_a_callback_with_the_flow_cookie_put_back_is_still_refused(visitor: httpx.Client) -> None:
    address = begin(visitor)
    ((name, ticket),) = sign_ins_of(visitor).items()
    callback = choose(address, "organizer")
    assert visitor.get(callback).status_code == 303
    assert visitor.get(callback, headers={"cookie": f"{name}={ticket}"}).status_code == 400


def test_a_sign_in_that_took_longer_than_ten_minutes_begins_again(site: Site, visitor: httpx.Client) -> None:
    callback = choose(begin(visitor), "organizer")
    site.clock.forward(minutes=10, seconds=1)
    answer = visitor.get(callback)
    assert answer.status_code == 400
    assert "longer than ten minutes" in plain(answer)


def test_the_flow_of_another_browser_opens_nothing_here(site: Site, visitor: httpx.Client) -> None:
    """Login CSRF: a victim is sent to a callback that somebody else began."""
    callback = choose(begin(visitor), "organizer")
    with site.browser() as victim:
        assert victim.get(callback).status_code == 400
        begin(victim)
        answer = victim.get(callback)
        assert answer.status_code == 400
        assert "This sign-in is over" in plain(answer)
        (ticket,) = sign_ins_of(victim).values()
        theirs = site.names.of_sign_in(httpx.URL(callback).params["state"])
        answer = victim.get(callback, headers={"cookie": f"{theirs}={ticket}"})
        assert answer.status_code == 400
        assert "does not match" in plain(answer), "not even with the victim's own ticket under that name"
        assert not session_of(victim)


def test_a_forged_state_is_refused(visitor: httpx.Client) -> None:
    callback = httpx.URL(choose(begin(visitor), "organizer"))
    answer = visitor.get(callback.copy_set_param("state", "forged"))
    assert answer.status_code == 400
    assert not session_of(visitor)


def test_a_forged_code_is_refused_with_the_code_of_entra(visitor: httpx.Client) -> None:
    callback = httpx.URL(choose(begin(visitor), "organizer"))
    answer = visitor.get(callback.copy_set_param("code", "forged"))
    assert answer.status_code == 403
    assert "AADSTS70000" in plain(answer)
    assert not session_of(visitor)


def test_an_account_of_another_tenant_is_told_so(world: WorldHandle, visitor: httpx.Client) -> None:
    world.arm("entra", "wrong_tenant")
    answer = come_back(visitor, "organizer")
    assert answer.status_code == 403
    assert "another organization's directory; sign in with your company account" in plain(answer).replace("&#x27;", "'")
    assert not session_of(visitor)


def test_clocks_that_differ_are_named(world: WorldHandle, visitor: httpx.Client) -> None:
    world.arm("entra", "skew")
    answer = come_back(visitor, "organizer")
    assert answer.status_code == 403
    assert "differ by more than two minutes" in plain(answer)
    assert not session_of(visitor)


def test_a_minute_of_skew_is_forgiven(world: WorldHandle, visitor: httpx.Client) -> None:
    world.arm("entra", "skew", params={"seconds": 60})
    assert signed_in(visitor)


def test_a_person_without_a_role_is_told_whom_to_ask(site: Site, visitor: httpx.Client) -> None:
    answer = come_back(visitor, "norole")
    assert answer.status_code == 403
    assert "Ask your Entra administrator for the app role Organizer, Facilitator or Viewer" in plain(answer)
    assert not session_of(visitor)
    last = site.console.store.audit(limit=1)[0]
    assert (last.action, last.allowed) == ("signin", False)


def test_a_cancelled_sign_in_says_so(visitor: httpx.Client) -> None:
    answer = come_back(visitor, "cancel")
    assert answer.status_code == 403
    assert "was cancelled: begin again, and agree" in plain(answer)
    assert "AADSTS65004" in plain(answer)


def test_entra_being_down_is_a_page_that_says_what_to_do(site: Site, visitor: httpx.Client) -> None:
    callback = choose(begin(visitor), "organizer")
    redirect_practice(site.home, entra={"authority": "http://127.0.0.1:9/entra"})
    for answer in (visitor.get(callback), visitor.get("/signin/login")):
        assert answer.status_code == 503
        assert "Microsoft Entra ID cannot be reached" in plain(answer)
        assert "then try again" in plain(answer)


@pytest.mark.parametrize("fault", ["error_5xx", "throttle", "drop", "lost_answer"])
def test_entra_that_fails_between_two_steps_lets_nobody_in(
    world: WorldHandle, visitor: httpx.Client, fault: str
) -> None:
    callback = choose(begin(visitor), "organizer")
    world.arm("entra", fault, seconds=60)
    answer = visitor.get(callback)
    assert answer.status_code == 503
    assert "Microsoft Entra ID cannot be reached" in plain(answer)
    assert 'href="/signin/login"' in answer.text
    assert not session_of(visitor)


@pytest.mark.parametrize(("fault", "status"), [("error_5xx", 503), ("throttle", 403), ("drop", 503)])
def test_a_token_endpoint_that_fails_lets_nobody_in(
    world: WorldHandle, visitor: httpx.Client, fault: str, status: int
) -> None:
    callback = choose(begin(visitor), "organizer")
    world.arm("entra", fault, operation="Token", seconds=60)
    answer = visitor.get(callback)
    assert answer.status_code == status
    assert 'href="/signin/login"' in answer.text
    assert not session_of(visitor)


def test_signing_keys_that_cannot_be_fetched_are_named(world: WorldHandle, visitor: httpx.Client) -> None:
    callback = choose(begin(visitor), "organizer")
    world.arm("entra", "drop", operation="Keys", seconds=60)
    answer = visitor.get(callback)
    assert answer.status_code == 503
    assert "signing keys cannot be fetched; check the network and proxy" in plain(answer)
    assert not session_of(visitor)


def test_a_practice_world_that_stopped_is_named(site: Site, visitor: httpx.Client) -> None:
    (site.home / "practice.json").unlink()
    answer = visitor.get("/signin/login")
    assert answer.status_code == 503
    assert "The practice world is not running; start the console with `python3 start.py`" in plain(answer)


def test_signing_out_ends_every_tab_and_the_old_cookie(site: Site, visitor: httpx.Client) -> None:
    value = signed_in(visitor)
    assert "Sign out?" in plain(visitor.get("/signin/out"))
    answer = visitor.post("/signin/logout", headers={"origin": site.url})
    assert (answer.status_code, answer.headers["location"]) == (303, "/signin")
    assert site.keeper.find(value) is None
    with site.browser(cookies={site.names.session: value}) as other_tab:
        assert other_tab.get("/event").status_code == 302


def signed_out_rows(site: Site) -> list[tuple[str, str, bool]]:
    """Audit rows of the choice at sign-out: (who, of whom, allowed)."""
    found = site.console.store.audit(limit=100)
    return [(row.actor, row.target, row.allowed) for row in found if row.action == "signout.on_behalf"]


def test_an_organizer_may_end_at_sign_out_what_the_console_does_on_their_behalf(
    site: Site, visitor: httpx.Client
) -> None:
    who = site.keeper.find(signed_in(visitor))
    assert who
    shown = visitor.get("/signin/out")
    assert 'type="checkbox" name="on-behalf" value="yes"' in shown.text
    assert "onboarding pauses until an organizer presses “Resume” on the Onboarding page" in plain(shown)
    answer = visitor.post("/signin/logout", data={"on-behalf": "yes"}, headers={"origin": site.url})
    assert (answer.status_code, answer.headers["location"]) == (303, "/signin")
    assert site.console.sessions.delegation(who.oid) is None
    assert site.console.sessions.lookup(who.session) is None
    assert signed_out_rows(site) == [(who.oid, who.oid, True)]


def test_without_that_choice_the_console_goes_on_with_its_work(site: Site, visitor: httpx.Client) -> None:
    who = site.keeper.find(signed_in(visitor))
    assert who
    visitor.post("/signin/logout", data={"odd": "x"}, headers={"origin": site.url})
    assert site.console.sessions.lookup(who.session) is None
    assert site.console.sessions.delegation(who.oid)
    assert signed_out_rows(site) == []


@pytest.mark.parametrize("role", ["facilitator", "viewer", ""])
def test_whoever_lent_the_console_nothing_is_not_asked(visitor: httpx.Client, role: str) -> None:
    if role:
        signed_in(visitor, role)
    assert "checkbox" not in visitor.get("/signin/out").text


def test_nobody_ends_what_the_console_does_for_somebody_else(site: Site, visitor: httpx.Client) -> None:
    lender = site.keeper.find(signed_in(visitor))
    assert lender
    with site.browser() as other:
        signed_in(other, "facilitator")
        other.post("/signin/logout", data={"on-behalf": "yes"}, headers={"origin": site.url})
    assert site.console.sessions.delegation(lender.oid)
    assert signed_out_rows(site) == []


def test_the_choice_of_a_session_that_ended_meanwhile_is_not_lost_in_silence(site: Site, visitor: httpx.Client) -> None:
    value = signed_in(visitor)
    who = site.keeper.find(value)
    assert who
    visitor.get("/signin/out")
    site.keeper.revoke(value)
    answer = visitor.post("/signin/logout", data={"on-behalf": "yes"}, headers={"origin": site.url})
    assert answer.status_code == 403
    assert "sign in again, then sign out and tick the box once more" in plain(answer)
    assert site.console.sessions.delegation(who.oid)


def test_a_form_that_is_no_form_of_ours_only_signs_out(site: Site, visitor: httpx.Client) -> None:
    for body in (b"on-behalf=yes&" + b"x" * 5_000, b"on-behalf=\xff"):
        who = site.keeper.find(signed_in(visitor))
        assert who
        answer = visitor.post("/signin/logout", content=body, headers={"origin": site.url})
        assert answer.status_code == 303
        assert site.console.sessions.delegation(who.oid)


def test_what_was_drawn_for_the_first_person_is_refused_after_another_signs_in(
    site: Site, visitor: httpx.Client
) -> None:
    """A dialog and a download keep the cookie of when they were drawn: neither lends the session that ended."""
    first = signed_in(visitor, "organizer")
    drawn_for = site.keeper.find(first)
    assert drawn_for
    second = signed_in(visitor, "facilitator")
    server.use_console(site.console)
    try:
        with pytest.raises(SignedOut):
            actor_of(first)
        assert actor_of(second).roles == {Role.FACILITATOR}
    finally:
        server.use_console(None)
    desk = site.console.of("")
    with pytest.raises(SignedOut):
        desk.attendees.export(drawn_for)
    with pytest.raises(SignedOut):
        desk.closeout.start(drawn_for, typed_name="Autumn Cup")
    refused = [row for row in site.console.store.audit(limit=100) if row.actor == drawn_for.oid and not row.allowed]
    assert {row.action for row in refused} == {"attendees.export", "closeout.run"}


def test_two_tabs_that_begin_to_sign_in_at_once_both_end_signed_in(site: Site, visitor: httpx.Client) -> None:
    first, second = begin(visitor, "/races"), begin(visitor, "/audit")
    assert visitor.get(choose(second, "organizer")).headers["location"] == "/audit"
    value = session_of(visitor)
    assert visitor.get(choose(first, "organizer")).headers["location"] == "/races"
    assert session_of(visitor) == value, "an open page of the other tab keeps its websocket's cookie"
    assert site.keeper.find(value)
    assert sign_ins_of(visitor) == {}
    assert visitor.get("/event").text == INNER


def test_a_later_sign_in_makes_a_session_of_its_own(site: Site, visitor: httpx.Client) -> None:
    """Eight hours count from a sign-in, so a new one is a new session."""
    first = signed_in(visitor)
    site.clock.forward(minutes=10)
    second = signed_in(visitor)
    assert first != second
    assert site.keeper.find(first) is None
    assert site.keeper.find(second)


def test_sign_ins_that_were_left_do_not_pile_up(visitor: httpx.Client) -> None:
    for _ in range(7):
        begin(visitor)
    assert len(sign_ins_of(visitor)) == 4
    assert signed_in(visitor)


def test_a_rehearsal_and_a_live_console_on_one_computer_keep_their_own_cookies() -> None:
    """Browsers share cookies over all ports of a host."""
    consoles = [{"port": 8501}, {"port": 8502}, {"port": 8501, "mode": "live"}, {"port": 8502, "mode": "live"}]
    consoles.append({"port": 8501, "mode": "live", "base_url": "https://console.example.com"})
    names = [cookie_names(Settings.model_validate(console)) for console in consoles]
    assert len({each.session for each in names}) == len(names)
    assert len({each.sign_in for each in names}) == len(names)
    assert not [(a, b) for a in names for b in names if a is not b and b.sign_in.startswith(a.sign_in)]


@pytest.mark.parametrize("mode", ["rehearsal", "live"])
def test_two_consoles_on_one_computer_do_not_sign_each_other_out(
    site: Site, visitor: httpx.Client, tmp_path: Path, mode: Literal["rehearsal", "live"]
) -> None:
    """Browsers share cookies over all ports of a host."""
    first = signed_in(visitor)
    listening = socket.create_server(("127.0.0.1", 0))
    home = tmp_path / "other"
    home.mkdir()
    shutil.copy(site.home / "practice.json", home)
    settings = Settings(mode=mode, home=home, port=listening.getsockname()[1], worker=False)
    other = compose(settings, clock=site.clock)
    with serving(other, site.clock, listening) as second:
        there = f"{second.url}/event"
        assert visitor.get(there).status_code == 302, "the first console's cookie opens nothing here"
        if mode == "rehearsal":
            begun = visitor.get(f"{second.url}/signin/login").headers["location"]
            assert visitor.get(choose(begun, "viewer")).status_code == 303
        else:  # the practice tenant lets nobody into a live console
            own = second.keeper.create(oid="oid", tid="tid", name="Ada", roles=frozenset({Role.VIEWER}))
            visitor.cookies.set(second.names.session, own, domain="localhost.local")
        assert (visitor.get(there).text, visitor.get("/event").text) == (INNER, INNER)
        assert site.keeper.find(first)
        visitor.post(f"{second.url}/signin/logout", headers={"origin": second.url})
        assert visitor.get(there).status_code == 302
        assert visitor.get("/event").text == INNER
        visitor.post("/signin/logout", headers={"origin": site.url})
        assert visitor.get("/event").status_code == 302
    other.close()
    listening.close()


def test_a_link_cannot_sign_anybody_out(visitor: httpx.Client) -> None:
    signed_in(visitor)
    visitor.get("/signin/logout")
    assert visitor.post("/signin/logout", headers={"origin": "https://evil.example"}).status_code == 403
    assert visitor.get("/event").text == INNER


def test_signing_in_as_somebody_else_ends_the_session_before(site: Site, visitor: httpx.Client) -> None:
    first = signed_in(visitor, "organizer")
    second = signed_in(visitor, "viewer")
    assert site.keeper.find(first) is None
    who = site.keeper.find(second)
    assert who
    assert who.roles == {Role.VIEWER}


def test_cookies_cannot_be_read_by_scripts_or_sent_by_other_sites(visitor: httpx.Client) -> None:
    login = visitor.get("/signin/login")
    callback = visitor.get(choose(login.headers["location"], "organizer"))
    ((name, flow),) = cookies_set(login).items()
    session = next(line for other, line in cookies_set(callback).items() if other != name)
    for line in (flow, session):
        assert "httponly" in line
        assert "samesite=lax" in line
        assert "secure" not in line, "loopback is plain http"
        assert "domain=" not in line
    assert "path=/signin" in flow
    assert "max-age=600" in flow
    assert "max-age=28800" in session
    assert "max-age=0" in cookies_set(callback)[name]


@pytest.mark.parametrize("base_url", ["https://console.example.com"])
def test_cookies_are_secure_behind_https(site: Site) -> None:
    with site.browser() as client:
        answer = client.get("/signin/login", headers={"host": "console.example.com"})
    assert answer.status_code == 302
    ((name, line),) = cookies_set(answer).items()
    assert name.startswith("__Host-deepracer_signin_")
    assert site.names.session.startswith("__Host-deepracer_console_")
    assert "secure" in line
    assert "path=/;" in f"{line};", "the prefix asks for it"
    assert "domain=" not in line


def test_no_token_is_in_an_address_a_page_a_log_or_a_file(
    site: Site, visitor: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    """Tokens stay on the server, sealed; of the session id only the hash is kept."""
    caplog.set_level(logging.INFO)
    address = begin(visitor)
    callback = choose(address, "organizer")
    answer = visitor.get(callback)
    value = session_of(visitor)
    who = site.keeper.find(value)
    assert who
    kept = site.console.sessions.delegation(who.oid)
    assert kept
    cache = json.loads(site.console.vault.open(kept[0]))
    secrets = [entry["secret"] for kind in ("AccessToken", "RefreshToken", "IdToken") for entry in cache[kind].values()]
    assert len(secrets) == 3
    practice = json.loads((site.home / "practice.json").read_text("utf-8"))
    secrets += [value, practice["entra"]["client_secret"]]
    shown = [address, callback, answer.headers["location"], answer.text, visitor.get("/event").text, caplog.text]
    files = b"".join(path.read_bytes() for path in site.home.glob("*.sqlite*"))
    for secret in secrets:
        assert not [text for text in shown if secret in text]
        assert secret.encode() not in files
    assert hash_id(value).encode() in files


@pytest.mark.parametrize("role", ["facilitator", "viewer"])
def test_only_an_organizer_leaves_a_delegation(site: Site, visitor: httpx.Client, role: str) -> None:
    who = site.keeper.find(signed_in(visitor, role))
    assert who
    assert site.console.sessions.delegation(who.oid) is None


def test_plain_pages_allow_no_script_frame_or_cache(visitor: httpx.Client) -> None:
    for path in ("/signin", "/signin/out", "/signin/callback"):
        headers = visitor.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin", "else the sign-out form would come with `Origin: null`"


def test_the_right_to_invite_guests_is_asked_for_only_where_it_is_wanted(visitor: httpx.Client) -> None:
    def scopes(path: str) -> str:
        return str(httpx.URL(visitor.get(path, params={"next": "/onboarding"}).headers["location"]).params["scope"])

    signed_in(visitor)
    assert "User.Invite.All" not in scopes("/signin/login")
    assert "User.Invite.All" in scopes("/signin/guests")


def test_signing_in_for_guests_leads_back_and_keeps_the_right_for_the_worker(site: Site, visitor: httpx.Client) -> None:
    signed_in(visitor)
    entra = visitor.get("/signin/guests", params={"next": "/onboarding"}).headers["location"]
    assert visitor.get(choose(entra, "organizer")).headers["location"] == "/onboarding"
    who = site.keeper.find(session_of(visitor))
    assert who
    kept = site.console.sessions.delegation(who.oid)
    assert kept
    assert "User.Invite.All" in site.console.vault.open(kept[0])


def test_a_refused_right_is_a_page_that_says_so(site: Site, world: WorldHandle, visitor: httpx.Client) -> None:
    signed_in(visitor)
    entra = visitor.get("/signin/guests").headers["location"]
    world.arm("entra", "withhold_scopes", params={"scopes": ["User.Invite.All"]})
    answer = visitor.get(choose(entra, "organizer"))
    assert "AADSTS65001" in plain(answer)
    world.disarm()
    assert come_back(visitor, "organizer").status_code == 303


def test_only_somebody_signed_in_asks_for_the_right(visitor: httpx.Client) -> None:
    assert visitor.get("/signin/guests").headers["location"].startswith("/signin?next=")


@pytest.mark.parametrize("left", [("Viewer",), ()])
def test_a_role_taken_away_in_entra_ends_here_within_minutes(
    world: WorldHandle, site: Site, visitor: httpx.Client, left: tuple[str, ...]
) -> None:
    value = signed_in(visitor)
    watch = RoleWatch(site.console.store, site.console.sessions, site.clock, site.console.claims)
    lease = Lease("worker", "test", 1, site.clock.now())
    site.clock.forward(minutes=2)
    watch.run(lease)
    found = site.keeper.find(value)
    assert found
    assert found.roles == {Role.ORGANIZER}, "read again, and still so"
    assert site.console.sessions.all()[0].roles_read_at > site.console.sessions.all()[0].created_at
    olivia = world.world.company.by_id(found.oid)
    assert olivia is not None
    given = olivia.roles
    object.__setattr__(olivia, "roles", left)
    try:
        site.clock.forward(minutes=2)
        watch.run(lease)
    finally:
        object.__setattr__(olivia, "roles", given)
    found = site.keeper.find(value)
    assert (found.roles if found else None) == (frozenset(map(Role, left)) or None)
