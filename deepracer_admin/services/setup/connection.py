"""Signing the console in to the racing service from the Set up page: where, as whom, and how to forget it again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from deepracer_admin.edge.addresses import is_this_machine, split
from deepracer_admin.edge.reach import SITE
from deepracer_admin.errors import BadInput, BadSettings
from deepracer_admin.model import Actor, Job
from deepracer_admin.racing.login import Login, LoginDesk
from deepracer_admin.records.racing_login import RACING_LOGIN, TypedLogin
from deepracer_admin.services.base import House, Service
from deepracer_admin.settings import read_practice

__all__ = ["ConnectionService", "LoginView"]

_BY_AWS = "The managed service is signed in to with AWS credentials: name a profile in the settings, or aws sso login."


@dataclass(frozen=True, slots=True)
class LoginView:
    """Which sign-in counts. `source`: "typed" here, "settings", "practice" (a rehearsal's own), "none" yet, or "aws":
    the managed service takes AWS credentials.

    `site` and `user` are what counts or, without one, what was typed last. `why_not` says why nothing can be typed.
    """

    source: Literal["typed", "settings", "practice", "none", "aws"]
    site: str
    user: str
    why_not: str = ""


class ConnectionService(Service):
    """The console's sign-in to DeepRacer on AWS. The worker makes the connection; nothing is called from here."""

    def __init__(self, house: House, desk: LoginDesk, event_id: str = "") -> None:
        super().__init__(house, event_id)
        self._desk = desk

    def login(self, actor: Actor) -> LoginView:
        """Which sign-in counts now."""
        self._authorise(actor, "setup.view")
        settings, held, event = self.house.settings, self._desk.held(), self.event()
        if event is not None and self._racing_kind(event) == "managed":
            return LoginView("aws", "", settings.deepracer_aws_profile, _BY_AWS)
        if held:
            return LoginView("typed", held.site, held.user)
        if settings.rehearsal:
            site, user = self._practice_login()
            return LoginView("practice", site, user, self._why_not())
        if settings.deepracer_site and settings.deepracer_user:
            return LoginView("settings", settings.deepracer_site, settings.deepracer_user, self._why_not())
        last = self.store.read("", RACING_LOGIN)
        site = settings.deepracer_site or last.site
        return LoginView("none", site, settings.deepracer_user or last.user, self._why_not())

    def sign_in(self, actor: Actor, *, site: str, user: str, password: str, new_password: str = "") -> Job:
        """Use this sign-in from now on, and run the pre-flight with it. Raises BadInput with the field."""
        self._authorise(actor, "setup.connect", target=_host(site))
        event = self._event()
        if why := self._why_not():
            raise BadInput(why)
        if self._racing_kind(event) != "on_aws":
            raise BadInput(_BY_AWS)
        login = Login(self._checked_site(site), user.strip(), password, new_password)
        if "@" not in login.user or not login.password:
            raise BadInput("Give the e-mail address and the password with which you sign in to DeepRacer on AWS.")
        self._desk.hold(login)
        self.store.update("", RACING_LOGIN, lambda _: TypedLogin(login.site, login.user))
        self._audit(actor, "setup.connect", target=_host(login.site))
        return self._plan_check(actor)

    def forget(self, actor: Actor) -> None:
        """Drop the typed sign-in; the settings count again."""
        self._authorise(actor, "setup.connect")
        self._desk.forget()
        self._audit(actor, "setup.connect", after={"forgotten": True})

    def _why_not(self) -> str:
        if self.house.settings.worker:
            return ""
        return (
            "The console's work runs in a process of its own, which a sign-in typed here does not reach: put it into "
            "that process's settings (DEEPRACER_ADMIN_DEEPRACER_USER and _PASSWORD)."
        )

    def _practice_login(self) -> tuple[str, str]:
        try:
            practice = read_practice(self.house.settings.home)
        except BadSettings:
            return "", ""
        return practice.deepracer.get("site", ""), practice.deepracer.get("user", "")

    def _checked_site(self, text: str) -> str:
        """A full https address, of this machine in a rehearsal and of another one in a live event."""
        site = text.strip().removesuffix("/env.js").rstrip("/")
        parts = split(site)
        if parts is None or parts.scheme not in ("https", "http") or not parts.hostname:
            raise BadInput("Site: give the address racers open, such as https://d111111abcdef8.cloudfront.net.")
        if is_this_machine(site) != self.house.settings.rehearsal:
            raise BadInput(
                "Site: a rehearsal signs in to the practice world alone; start with --live for a real deployment."
                if self.house.settings.rehearsal
                else "Site: that is this machine, and rehearsal addresses never serve a live event."
            )
        try:
            return self.house.settings.reach.admit(site, SITE)
        except BadSettings as error:
            raise BadInput(f"Site: {error.sentence}") from None


def _host(site: str) -> str:
    return urlsplit(site.strip()).hostname or ""
