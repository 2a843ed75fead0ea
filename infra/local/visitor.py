"""A visitor of the portal without a browser: what portal.js sends, for tests and benchmarks."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

from infra.functions.proof import prove
from infra.local.chain import BITS, Chain

__all__ = ["Visitor", "link_in"]

REGISTER = "mutation($form:Form!){register(form:$form){answer problems{field problem}}}"
PLACE = "{place{state email races{title address} signIn racerName waitingPlace mailed mayLeave}}"


def link_in(text: str) -> str:
    """The token of the mailed link in a mail's text; "" where there is none."""
    found = re.search(r"/me/([A-Za-z0-9_-]+)", text)
    return found.group(1) if found else ""


class Visitor:
    """Speaks to the chain's API as a browser does."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain

    def ask(self, query: str, permit: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The answer's data. Raises AssertionError for an error."""
        status, answer = self._chain.api.execute({"query": query, "variables": dict(variables or {})}, permit)
        if status != 200 or answer.get("errors"):
            raise AssertionError(f"{status}: {answer.get('errors')}")
        return answer["data"]

    def permit(self, email: str) -> str:
        now = self._chain.resolver_now or int(time.time())
        return f"register.{now}.{prove(self._chain.event_id, email, now, bits=BITS)}"

    def register(self, email: str, *, permit: str = "", **fields: Any) -> dict[str, Any]:
        """`permit`: one that was worked out before, as a visitor's own computer does."""
        form = {"email": email, "newToMl": "yes", "newToAws": "no", "language": "en", "consent": "0", **fields}
        return self.ask(REGISTER, permit or self.permit(email), {"form": form})["register"]

    def place(self, token: str) -> dict[str, Any]:
        return self.ask(PLACE, f"link.{token}")["place"]

    def confirm(self, token: str) -> str:
        return self.ask("mutation{confirm{state}}", f"link.{token}")["confirm"]["state"]

    def leave(self, token: str) -> str:
        return self.ask("mutation{leave{state}}", f"link.{token}")["leave"]["state"]

    def portal(self) -> dict[str, Any]:
        return self.ask("{portal{open full page}}", "page")["portal"]
