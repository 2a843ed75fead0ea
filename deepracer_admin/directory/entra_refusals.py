"""What Microsoft Entra ID's own codes mean here: who must do what. The one table of them.

Codes and their meaning: https://learn.microsoft.com/entra/identity-platform/reference-error-codes . Some of them Entra
shows on its own page and never sends the browser back (an unknown app or redirect address): whoever sees one there
finds the same sentences under /signin/codes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["REFUSALS", "EntraRefusal", "Whom", "refusal_in"]

_CODE = re.compile(r"AADSTS(\d+)")


class Whom(StrEnum):
    """Who can mend it."""

    PERSON = "person"  # who signs in
    ADMINISTRATOR = "administrator"  # of Entra, about the person
    APP = "app"  # of Entra, about the app registration
    OPERATOR = "operator"  # who runs this console: its settings, its clock


@dataclass(frozen=True, slots=True)
class EntraRefusal:
    """`code` without AADSTS. `sentence` names who must do what."""

    code: int
    whom: Whom
    sentence: str

    @property
    def concerns_the_person(self) -> bool:
        """True when Entra refuses this one person, not the app."""
        return self.whom in (Whom.PERSON, Whom.ADMINISTRATOR)

    @property
    def told(self) -> str:
        """The sentence with the code, for whoever looks it up."""
        return f"{self.sentence.removesuffix('.')} (AADSTS{self.code})."


def refusal_in(text: str) -> EntraRefusal | None:
    """The refusal that a description of Entra's names; None for a code that is not in the table, and for none."""
    return next((REFUSALS[int(code)] for code in _CODE.findall(text) if int(code) in REFUSALS), None)


_A, _P, _APP, _OP = Whom.ADMINISTRATOR, Whom.PERSON, Whom.APP, Whom.OPERATOR
_SETTINGS = "`entra_client_id` and `entra_tenant` in the console's settings"
_BY_POLICY = "A rule of your company (Conditional Access) "
_RENEWAL = (
    "your Entra administrator must add a new one to the app registration (Certificates & secrets), and whoever runs "
    "this console put it into `entra_client_secret`, or better a certificate into `entra_certificate`"
)
_TABLE: tuple[tuple[int, Whom, str], ...] = (
    # the person
    (50105, _A, "Nobody has assigned you to this console: ask your Entra administrator to assign you, or a group of "
                "yours, to a role of the enterprise application (Users and groups)."),
    (50057, _A, "This account is disabled in the directory: ask your Entra administrator to enable it."),
    (50034, _P, "This account is not in the company's directory: sign in with your company account."),
    (50020, _A, "This account belongs to another organization and is no guest here: sign in with your company account, "
                "or ask your Entra administrator to invite it as a guest."),
    (90072, _A, "This account belongs to another organization and is no guest here: sign in with your company account, "
                "or ask your Entra administrator to invite it as a guest."),
    (50053, _P, "This account is locked after wrong passwords: wait some minutes, or ask your Entra administrator to "
                "unlock it."),
    (50055, _P, "The password of this account has expired: change it at your company's sign-in page, then sign in "
                "again."),
    (50126, _P, "The user name or the password was wrong: sign in again."),
    (50173, _P, "The password was changed or the sign-in was withdrawn since: sign in again."),
    (700082, _P, "The sign-in was not used for so long that it has expired: sign in again."),
    (70043, _P, "Your company lets a sign-in last only so long, and that is over: sign in again."),
    (70008, _P, "The sign-in has expired: sign in again."),
    (54005, _P, "This sign-in was used already: begin again."),
    (65004, _P, "The sign-in was cancelled: begin again, and agree to what the console asks for."),
    # what the company asks of people and computers
    (50074, _P, f"{_BY_POLICY}asks for a second factor: sign in again and confirm it."),
    (50076, _P, f"{_BY_POLICY}asks for a second factor: sign in again and confirm it."),
    (50079, _P, f"{_BY_POLICY}asks for a second factor and you have none yet: sign in again and set it "
                "up, or ask your Entra administrator."),
    (50158, _P, f"{_BY_POLICY}asks for a step at another page: sign in again and complete it."),
    (53000, _A, f"{_BY_POLICY}takes only computers that it manages, and this one does not comply: ask "
                "your IT to enrol it, or sign in on one that does."),
    (53001, _A, f"{_BY_POLICY}takes only computers that are joined to its domain: sign in on such a one, "
                "or ask your IT to join this one."),
    (53002, _A, f"{_BY_POLICY}takes only approved apps: ask your Entra administrator to approve this "
                "console."),
    (53003, _A, f"{_BY_POLICY}blocks this sign-in: ask your Entra administrator which one (the sign-in "
                "log names it) and to let this console, person or place through."),
    (53004, _P, "Your company asks you to prove who you are before you set up a second factor: follow its page, then "
                "sign in again."),
    # consent
    (65001, _APP, "Nobody has agreed yet to what the console asks for: your Entra administrator must grant admin "
                  "consent to the app's permissions (docs/permissions.md), then sign in again."),
    (90094, _APP, "Only an administrator may agree to what the console asks for: your Entra administrator must grant "
                  "admin consent to the app's permissions (docs/permissions.md), then sign in again."),
    (90095, _APP, "Only an administrator may agree to what the console asks for, and your request was sent to one: "
                  "sign in again when it is granted."),
    (70011, _APP, "The app may not ask for one of the permissions: your Entra administrator must add those of "
                  "docs/permissions.md to the app registration and grant admin consent."),
    (650057, _APP, "The app may not ask for one of the permissions: your Entra administrator must add those of "
                   "docs/permissions.md to the app registration and grant admin consent."),
    # the app registration
    (700016, _OP, f"The tenant knows no such app: whoever runs this console must correct {_SETTINGS}, or your Entra "
                  "administrator register the app in this tenant."),
    (90002, _OP, "There is no such tenant: whoever runs this console must correct `entra_tenant` in its settings."),
    (900023, _OP, "The tenant's id has the wrong form: whoever runs this console must correct `entra_tenant` in its "
                  "settings."),
    (50194, _OP, "The app serves one tenant alone: whoever runs this console must put that tenant's id into "
                 "`entra_tenant` in its settings."),
    (50011, _APP, "The app registration does not know this console's address: your Entra administrator must add it as "
                  "a redirect URI of the platform Web (docs/permissions.md), written exactly as this console is "
                  "opened, with localhost and its port, and /signin/callback behind it."),
    (500112, _APP, "The address that the sign-in came back to is not the one it began with: open this console by one "
                   "address alone, the one in `base_url` or http://localhost with its port."),
    (9002327, _APP, "The redirect URI is registered as a single-page app: your Entra administrator must move it to the "
                    "platform Web."),
    (7000112, _APP, "The app is disabled in the tenant: your Entra administrator must enable its enterprise "
                    "application."),
    (7000215, _APP, f"The app's secret is wrong (often its id was copied in place of its value): {_RENEWAL}."),
    (7000222, _APP, f"The app's secret has expired: {_RENEWAL}."),
    (7000218, _APP, "The app is registered as a public client: your Entra administrator must register this console's "
                    "redirect URI under the platform Web, and whoever runs this console set a certificate or secret."),
    (700027, _APP, "The app's certificate is not the registered one, or has expired: your Entra administrator must "
                   "upload its public part to the app registration, or whoever runs this console set the right file "
                   "as `entra_certificate`."),
    # clocks
    (700024, _OP, "The clock of this computer is wrong, so Microsoft does not accept the app's certificate: whoever "
                  "runs this console must set the computer's clock to automatic time."),
    (500133, _OP, "The clock of this computer is wrong, so Microsoft does not accept what the console shows it: "
                  "whoever runs this console must set the computer's clock to automatic time."),
)  # fmt: skip
REFUSALS: Mapping[int, EntraRefusal] = {code: EntraRefusal(code, whom, text) for code, whom, text in _TABLE}
"""By code, in the order in which people are shown them."""
