"""How tests sign in to the practice tenant: MSAL itself, with the https authority taken to loopback."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import msal
import requests

AUTHORITY = "https://login.practice.example"
REDIRECT = "http://localhost:8501/signin/callback"
SCOPES = ["GroupMember.ReadWrite.All", "User.Read.All", "User.Invite.All"]


class LoopbackSession(requests.Session):
    """Sends what is meant for the practice authority to the practice world."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.trust_env = False
        self._base = base

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        return super().request(method, str(url).replace(AUTHORITY, self._base), *args, **kwargs)


def application(endpoints: dict[str, Any], session: requests.Session) -> msal.ConfidentialClientApplication:
    entra = endpoints["entra"]
    return msal.ConfidentialClientApplication(
        entra["client_id"],
        client_credential=entra["client_secret"],
        authority=f"{AUTHORITY}/{entra['tenant']}",
        instance_discovery=False,
        http_client=session,
    )


def press(auth_uri: str, **choice: str) -> dict[str, str]:
    """Do what a browser does with the sign-in page, and return what comes back to the console's callback."""
    answer = httpx.get(
        auth_uri, params={**dict(parse_qsl(urlsplit(auth_uri).query)), **choice}, trust_env=False, timeout=300
    )
    assert answer.status_code == 302, answer.text
    assert answer.headers["location"].split("?")[0] == REDIRECT
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


def sign_in(endpoints: dict[str, Any], who: str = "organizer", scopes: list[str] | None = None) -> dict[str, Any]:
    """MSAL's answer for somebody of the practice staff."""
    with LoopbackSession(endpoints["entra"]["authority"]) as session:
        app = application(endpoints, session)
        flow = app.initiate_auth_code_flow(SCOPES if scopes is None else scopes, redirect_uri=REDIRECT)
        return app.acquire_token_by_auth_code_flow(flow, press(flow["auth_uri"], login_as=who))


def app_token(endpoints: dict[str, Any]) -> str:
    with LoopbackSession(endpoints["entra"]["authority"]) as session:
        answer = application(endpoints, session).acquire_token_for_client(["https://graph.microsoft.com/.default"])
    assert answer is not None
    return answer["access_token"]
