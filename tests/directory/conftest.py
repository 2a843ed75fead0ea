"""Ways to sign in to the practice world as the app or as a person."""

import warnings
from collections.abc import Callable, Iterator

import httpx
import msal
import pytest

from deepracer_admin.directory.entra import Entra
from deepracer_admin.directory.graph_client import Patience
from deepracer_admin.directory.msal_app import PRACTICE_LOGIN, build_app
from deepracer_admin.directory.tokens import DELEGATED_SCOPES, GUEST_SCOPE, AppTokens, DelegatedTokens
from deepracer_admin.edge.reach import Reach
from tests.practice import WorldHandle

REDIRECT = "http://localhost:8501/signin/callback"


class Naps(Patience):
    """Patience that writes down how long it would have slept."""

    def __init__(self, attempts: int = 4) -> None:
        self.slept: list[float] = []
        super().__init__(attempts=attempts, sleep=self.slept.append)


@pytest.fixture
def msal_app(practice: WorldHandle) -> Callable[..., msal.ConfidentialClientApplication]:
    """MSAL as the console makes it, pointed at the practice tenant."""
    entra = practice.endpoints["entra"]

    def make(cache: msal.TokenCache | None = None, secret: str = "") -> msal.ConfidentialClientApplication:
        return build_app(
            f"{PRACTICE_LOGIN}/{entra['tenant']}",
            entra["client_id"],
            secret or entra["client_secret"],
            loopback=entra["authority"],
            cache=cache,
        )

    return make


@pytest.fixture
def naps() -> Naps:
    return Naps()


@pytest.fixture
def entra(practice: WorldHandle, msal_app: Callable, naps: Naps) -> Iterator[Entra]:
    """The tenant as the app itself sees it."""
    directory = Entra(practice.endpoints["graph"]["url"], AppTokens(msal_app), patience=naps, reach=Reach.PRACTICE)
    yield directory
    directory.close()


@pytest.fixture
def group(practice: WorldHandle) -> str:
    return practice.endpoints["graph"]["group_id"]


@pytest.fixture
def sign_in(msal_app: Callable) -> Callable[..., "Cupboard"]:
    """Sign a practice person in through the real authorization code flow with PKCE."""

    def enter(who: str, *, guests: bool = True) -> Cupboard:
        cache = msal.SerializableTokenCache()
        app = msal_app(cache)
        scopes = [*DELEGATED_SCOPES, GUEST_SCOPE] if guests else [*DELEGATED_SCOPES]
        with warnings.catch_warnings():
            # MSAL prefers form_post, whose cross-site POST would arrive without the sign-in's Lax cookie
            warnings.filterwarnings("ignore", message="response_mode='form_post'")
            flow = app.initiate_auth_code_flow(scopes, redirect_uri=REDIRECT)
        page = httpx.get(flow["auth_uri"] + f"&login_as={who}", trust_env=False, timeout=300)
        answer = dict(httpx.URL(page.headers["location"]).params)
        result = app.acquire_token_by_auth_code_flow(flow, answer)
        assert "access_token" in result, result.get("error_description")
        return Cupboard(msal_app, cache.serialize())

    return enter


class Cupboard:
    """Where a signed-in person's token cache is kept."""

    def __init__(self, msal_app: Callable, kept: str) -> None:
        self.kept = kept
        self.saves = 0
        self.tokens = DelegatedTokens(msal_app, lambda: self.kept, self._save, name="Olivia Organizer")

    def _save(self, serialised: str) -> None:
        self.kept = serialised
        self.saves += 1
