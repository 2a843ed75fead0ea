"""The practice Entra tenant, asked by MSAL and by hand."""

import base64
import hashlib
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import jwt
import msal
import pytest

from tests.practice import WorldHandle, start_world
from tests.rehearsal.microsoft import (
    AUTHORITY,
    REDIRECT,
    SCOPES,
    LoopbackSession,
    app_token,
    application,
    press,
    sign_in,
)

pytestmark = pytest.mark.filterwarnings("ignore:response_mode=:UserWarning")  # a POST would not carry a Lax cookie

VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@pytest.fixture
def session(practice: WorldHandle) -> Iterator[LoopbackSession]:
    with LoopbackSession(practice.endpoints["entra"]["authority"]) as session:
        yield session


@pytest.fixture
def app(practice: WorldHandle, session: LoopbackSession) -> msal.ConfidentialClientApplication:
    return application(practice.endpoints, session)


def verified(practice: WorldHandle, token: str) -> dict[str, Any]:
    """The claims of an ID token, verified as the console must do it."""
    entra = practice.endpoints["entra"]
    keys = httpx.get(f"{entra['authority']}/{entra['tenant']}/discovery/v2.0/keys", trust_env=False, timeout=300).json()
    key_id = jwt.get_unverified_header(token)["kid"]
    key = jwt.PyJWK(next(key for key in keys["keys"] if key["kid"] == key_id))
    return jwt.decode(
        token,
        key,
        algorithms=["RS256"],
        audience=entra["client_id"],
        issuer=f"{AUTHORITY}/{entra['tenant']}/v2.0",
        options={"require": ["exp", "iat", "nbf", "oid", "tid", "sub", "nonce"]},
    )


def request_of(practice: WorldHandle, **changes: str) -> tuple[str, dict[str, str]]:
    entra = practice.endpoints["entra"]
    query = {
        "client_id": entra["client_id"],
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": "openid profile offline_access User.Read.All",
        "state": "s t/ate",
        "nonce": "n",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return f"{entra['authority']}/{entra['tenant']}/oauth2/v2.0/authorize", query | changes


def code_of(practice: WorldHandle, **changes: str) -> str:
    url, query = request_of(practice, login_as="organizer", **changes)
    location = httpx.get(url, params=query, trust_env=False, timeout=300).headers["location"]
    return dict(parse_qsl(urlsplit(location).query))["code"]


def redeem(practice: WorldHandle, code: str, /, **changes: str) -> httpx.Response:
    entra = practice.endpoints["entra"]
    form = {
        "grant_type": "authorization_code",
        "client_id": entra["client_id"],
        "client_secret": entra["client_secret"],
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    url = f"{entra['authority']}/{entra['tenant']}/oauth2/v2.0/token"
    return httpx.post(url, data=form | changes, trust_env=False, timeout=300)


@pytest.mark.parametrize(
    ("who", "name", "roles"),
    [
        ("organizer", "Olivia Organizer", ["Organizer"]),
        ("facilitator", "Fabio Facilitator", ["Facilitator"]),
        ("viewer", "Vera Viewer", ["Viewer"]),
        ("norole", "Nora Norole", None),
    ],
)
def test_msal_signs_staff_in_with_their_role(
    practice: WorldHandle, who: str, name: str, roles: list[str] | None
) -> None:
    answer = sign_in(practice.endpoints, who)
    claims = verified(practice, answer["id_token"])
    assert claims["name"] == name
    assert claims.get("roles") == roles
    assert claims["tid"] == practice.endpoints["entra"]["tenant"]
    assert claims["preferred_username"] == f"{name.replace(' ', '.').lower()}@example.com"
    assert set(answer["scope"].split()) >= set(SCOPES)


def test_discovery_sends_machines_to_the_https_authority_and_browsers_to_loopback(practice: WorldHandle) -> None:
    entra = practice.endpoints["entra"]
    found = httpx.get(
        f"{entra['authority']}/{entra['tenant']}/v2.0/.well-known/openid-configuration", trust_env=False, timeout=300
    ).json()
    assert found["issuer"] == f"{AUTHORITY}/{entra['tenant']}/v2.0"
    assert found["token_endpoint"].startswith(f"{AUTHORITY}/{entra['tenant']}/")
    assert found["jwks_uri"].startswith(f"{AUTHORITY}/{entra['tenant']}/")
    assert found["authorization_endpoint"].startswith(f"{practice.endpoints['url']}/entra/")
    assert found["code_challenge_methods_supported"] == ["S256"]


def test_the_sign_in_page_offers_four_people_and_a_way_out(practice: WorldHandle) -> None:
    url, query = request_of(practice, state='"><script>x</script>')
    page = httpx.get(url, params=query, trust_env=False, timeout=300)
    assert page.status_code == 200
    for name in ("Olivia Organizer", "Fabio Facilitator", "Vera Viewer", "Nora Norole", "Cancel"):
        assert name in page.text
    assert "<script>" not in page.text


def test_cancel_goes_back_with_access_denied_and_the_state(app: msal.ConfidentialClientApplication) -> None:
    flow = app.initiate_auth_code_flow(SCOPES, redirect_uri=REDIRECT)
    back = press(flow["auth_uri"], login_as="cancel")
    assert back["error"] == "access_denied"
    assert back["error_description"].startswith("AADSTS65004")
    assert back["state"] == flow["state"]
    assert app.acquire_token_by_auth_code_flow(flow, back)["error"] == "access_denied"


def test_a_login_hint_signs_in_without_the_page(app: msal.ConfidentialClientApplication, practice: WorldHandle) -> None:
    flow = app.initiate_auth_code_flow(SCOPES, redirect_uri=REDIRECT, login_hint="vera.viewer@example.com")
    answer = app.acquire_token_by_auth_code_flow(flow, press(flow["auth_uri"]))
    assert verified(practice, answer["id_token"])["roles"] == ["Viewer"]


def test_the_state_comes_back_unchanged(practice: WorldHandle) -> None:
    url, query = request_of(practice, login_as="viewer")
    location = httpx.get(url, params=query, trust_env=False, timeout=300).headers["location"]
    assert dict(parse_qsl(urlsplit(location).query))["state"] == "s t/ate"


@pytest.mark.parametrize(
    "redirect",
    [
        "http://localhost:8501/signin/callback/",
        "http://localhost:8501/other",
        "https://localhost:8501/signin/callback",
        "http://localhost.evil.example/signin/callback",
        "http://localhost:8501/signin/callback?x=1",
        "http://example.com/signin/callback",
        "",
    ],
)
def test_an_unregistered_redirect_is_refused_without_redirecting(practice: WorldHandle, redirect: str) -> None:
    url, query = request_of(practice, redirect_uri=redirect, login_as="organizer")
    page = httpx.get(url, params=query, trust_env=False, timeout=300)
    assert page.status_code == 400
    assert "AADSTS50011" in page.text


@pytest.mark.parametrize("redirect", ["http://127.0.0.1:9/signin/callback", "http://localhost/signin/callback"])
def test_registered_redirects_work_with_any_port(practice: WorldHandle, redirect: str) -> None:
    code = code_of(practice, redirect_uri=redirect)
    assert redeem(practice, code, redirect_uri=redirect).status_code == 200


def test_a_code_is_good_once(practice: WorldHandle) -> None:
    code = code_of(practice)
    assert redeem(practice, code).status_code == 200
    again = redeem(practice, code)
    assert (again.status_code, again.json()["error"], again.json()["error_codes"]) == (400, "invalid_grant", [54005])


@pytest.mark.parametrize(
    ("changes", "status", "error", "code"),
    [
        ({"code_verifier": "w" * 64}, 400, "invalid_grant", 501481),
        ({"code_verifier": ""}, 400, "invalid_grant", 501481),
        ({"redirect_uri": "http://localhost:1/signin/callback"}, 400, "invalid_grant", 500112),
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_secret": ""}, 401, "invalid_client", 7000218),
        ({"client_id": "somebody"}, 400, "unauthorized_client", 700016),
        ({"code": "made-up"}, 400, "invalid_grant", 70000),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
    ],
)
def test_a_wrong_token_request_is_refused_as_entra_does(
    practice: WorldHandle, changes: dict[str, str], status: int, error: str, code: int
) -> None:
    answer = redeem(practice, code_of(practice), **changes)
    assert answer.status_code == status
    body = answer.json()
    assert (body["error"], body["error_codes"]) == (error, [code])
    assert body["error_description"].startswith(f"AADSTS{code}: ")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": "openid Mail.Send"}, "invalid_scope"),
        ({"prompt": "none", "login_as": ""}, "invalid_request"),
    ],
)
def test_a_wrong_authorisation_request_goes_back_as_an_error(
    practice: WorldHandle, changes: dict[str, str], error: str
) -> None:
    url, query = request_of(practice, **{"login_as": "organizer", **changes})
    location = httpx.get(url, params=query, trust_env=False, timeout=300).headers["location"]
    back = dict(parse_qsl(urlsplit(location).query))
    assert back["error"] == error
    assert back["state"] == "s t/ate"


def test_refresh_tokens_rotate_and_the_old_ones_stay_valid(
    practice: WorldHandle, app: msal.ConfidentialClientApplication
) -> None:
    first = redeem(practice, code_of(practice)).json()["refresh_token"]
    second = app.acquire_token_by_refresh_token(first, ["User.Read.All"])
    assert second["refresh_token"] != first
    for token in (first, second["refresh_token"]):
        assert "access_token" in app.acquire_token_by_refresh_token(token, ["User.Read.All"])


def test_a_refresh_token_survives_a_restart_of_the_world(tmp_path) -> None:
    first = start_world(tmp_path)
    token = sign_in(first.endpoints)["refresh_token"]
    first.stop()
    second = start_world(tmp_path)
    try:
        with LoopbackSession(second.endpoints["entra"]["authority"]) as session:
            answer = application(second.endpoints, session).acquire_token_by_refresh_token(token, SCOPES)
        assert "access_token" in answer
    finally:
        second.stop()


def test_dead_refresh_tokens_say_so_with_the_code_of_entra(
    practice: WorldHandle, app: msal.ConfidentialClientApplication
) -> None:
    token = redeem(practice, code_of(practice)).json()["refresh_token"]
    practice.arm("entra", "no_refresh")
    answer = app.acquire_token_by_refresh_token(token, ["User.Read.All"])
    assert answer["error"] == "invalid_grant"
    assert answer["error_codes"] == [700082]


def test_the_wrong_tenant_fault_gives_a_token_of_another_tenant(practice: WorldHandle) -> None:
    practice.arm("entra", "wrong_tenant", count=1)
    token = redeem(practice, code_of(practice)).json()["id_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["tid"] != practice.endpoints["entra"]["tenant"]
    assert claims["iss"] == f"{AUTHORITY}/{claims['tid']}/v2.0"


def test_the_skew_fault_gives_a_token_from_the_future(practice: WorldHandle) -> None:
    practice.arm("entra", "skew", params={"seconds": 900})
    token = redeem(practice, code_of(practice)).json()["id_token"]
    assert jwt.decode(token, options={"verify_signature": False})["iat"] > time.time() + 600
    with pytest.raises(jwt.ImmatureSignatureError):
        verified(practice, token)


def test_a_withheld_consent_is_an_error_of_the_sign_in(practice: WorldHandle) -> None:
    practice.arm("entra", "withhold_scopes", params={"scopes": ["User.Read.All"]})
    url, query = request_of(practice, login_as="organizer")
    location = httpx.get(url, params=query, trust_env=False, timeout=300).headers["location"]
    assert dict(parse_qsl(urlsplit(location).query))["error"] == "consent_required"


def test_the_app_alone_gets_roles_and_no_person(practice: WorldHandle) -> None:
    claims = jwt.decode(app_token(practice.endpoints), options={"verify_signature": False})
    assert set(claims["roles"]) >= set(SCOPES)
    assert claims["idtyp"] == "app"
    assert "upn" not in claims


def test_an_unknown_tenant_is_not_found(practice: WorldHandle) -> None:
    base = practice.endpoints["entra"]["authority"]
    answer = httpx.get(f"{base}/common/v2.0/.well-known/openid-configuration", trust_env=False, timeout=300)
    assert answer.json()["error_codes"] == [90002]


def test_signing_out_returns_to_loopback_and_nowhere_else(practice: WorldHandle) -> None:
    entra = practice.endpoints["entra"]
    url = f"{entra['authority']}/{entra['tenant']}/oauth2/v2.0/logout"
    back = httpx.get(url, params={"post_logout_redirect_uri": "http://localhost:8501/"}, trust_env=False, timeout=300)
    assert back.headers["location"] == "http://localhost:8501/"
    away = httpx.get(url, params={"post_logout_redirect_uri": "http://evil.example.net/"}, trust_env=False, timeout=300)
    assert away.status_code == 200
