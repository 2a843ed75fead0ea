"""How the practice Entra tenant says no: OAuth errors with AADSTS codes, in Entra's JSON shape."""

import time
import uuid
from typing import Any

from .tokens import HOST


class Refusal(Exception):
    """An OAuth error with its AADSTS code."""

    def __init__(self, error: str, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.error, self.code, self.message, self.status = error, code, message, status

    @classmethod
    def armed(cls, code: int, said: str = "") -> "Refusal":
        """What the fault `refuse` makes Entra say; a code that is not in the table is an invalid grant."""
        error, message, status = SAID.get(code, ("invalid_grant", "The request was refused.", 400))
        return cls(error, code, said or message, status)

    def body(self) -> dict[str, Any]:
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        stamp = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime())
        text = f"AADSTS{self.code}: {self.message}"
        return {
            "error": self.error,
            "error_description": f"{text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}",
            "error_codes": [self.code],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"{HOST}/error?code={self.code}",
        }


_INTERACT = "interaction_required"
SAID: dict[int, tuple[str, str, int]] = {
    50105: ("access_denied", "The signed in user is not assigned to a role for the application.", 400),
    50057: ("invalid_grant", "The user account is disabled.", 400),
    50034: ("invalid_grant", "The user account does not exist in the directory.", 400),
    50020: ("invalid_request", "User account from identity provider does not exist in tenant.", 400),
    50053: ("invalid_grant", "The account is locked.", 400),
    50055: ("invalid_grant", "The password is expired.", 400),
    50173: ("invalid_grant", "The provided grant has expired due to it being revoked.", 400),
    70043: ("invalid_grant", "The refresh token has expired or is invalid due to sign-in frequency checks.", 400),
    50074: (_INTERACT, "Strong Authentication is required.", 400),
    50076: (_INTERACT, "You must use multi-factor authentication to access the resource.", 400),
    50079: (_INTERACT, "You must enroll in multi-factor authentication to access the resource.", 400),
    50158: (_INTERACT, "External security challenge not satisfied.", 400),
    53000: (_INTERACT, "Device is not in required device state: compliant.", 400),
    53001: (_INTERACT, "Device is not in required device state: domain_joined.", 400),
    53002: (_INTERACT, "The app used is not an approved app for Conditional Access.", 400),
    53003: ("access_denied", "Access has been blocked by Conditional Access policies.", 400),
    65001: ("consent_required", "The user or administrator has not consented to use the application.", 400),
    90094: ("access_denied", "Admin consent is required.", 400),
    7000222: ("invalid_client", "The provided client secret keys for app are expired.", 401),
    7000215: ("invalid_client", "Invalid client secret provided.", 401),
    7000218: ("invalid_client", "The request body must contain 'client_assertion' or 'client_secret'.", 401),
    700027: ("invalid_client", "The certificate of the client assertion is not registered.", 401),
    700024: ("invalid_client", "Client assertion is not within its valid time range.", 401),
    500133: ("invalid_client", "Assertion is not within its valid time range.", 401),
    700016: ("unauthorized_client", "Application was not found in the directory.", 400),
    7000112: ("unauthorized_client", "Application is disabled.", 400),
    9002327: ("invalid_request", "Tokens issued for the 'Single-Page Application' client-type may only be redeemed "
              "via cross-origin requests.", 400),
    50194: ("invalid_request", "Application is not configured as a multi-tenant application.", 400),
    90002: ("invalid_tenant", "Tenant not found.", 400),
    900023: ("invalid_request", "Specified tenant identifier is neither a valid DNS name nor a valid domain.", 400),
}  # fmt: skip
"""OAuth error, words (shortened) and status of codes that an armed fault may have Entra say."""
