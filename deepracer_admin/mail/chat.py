"""A team's chat by its incoming webhook: Workflows of Microsoft Teams, or Slack (chat-webhooks.md).

Neither drops a second copy, so nothing is repeated here, and `post` says how far it came: until the body has left the
chat has nothing, and `before` is called at that very moment; after it, only the answer tells.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from deepracer_admin.edge.addresses import split
from deepracer_admin.edge.answers import is_page, stopped_between
from deepracer_admin.edge.http import by_proxy_of, honest_user_agent, open_client, why_unreachable
from deepracer_admin.edge.reach import SLACK, TEAMS, Outside, Reach
from deepracer_admin.errors import BadSettings, LostAnswer, NotThere, Refused, Throttled, Unreachable
from deepracer_admin.mail.chat_words import for_slack, for_teams
from deepracer_admin.model.notices import Notice

__all__ = ["ID_HEADER", "Webhook", "chat_of"]

ID_HEADER = "X-Notice-Id"
"""The notice's id. Teams and Slack ignore it; a receiver of one's own may drop a second copy by it."""
LEAVING = "http11.send_request_body.started"  # httpcore's name of the moment; headers without a body are no message
CONNECT_S, READ_S = 5.0, 15.0
PAUSE_S, LONGEST_PAUSE_S = 30.0, 3600.0
_RETIRED = ("webhook.office.com", "outlook.office.com", "outlook.office365.com")
_LOST = "{name} was handed the message, and the answer was lost: it may have arrived."


_CHAT = Outside(
    "The chat's webhook",
    lambda host: any(chat.knows is not None and chat.knows(host) for chat in (TEAMS, SLACK)),
    f"{SLACK.hosts}, {TEAMS.hosts}",
)


def chat_of(address: str, reach: Reach) -> Outside:
    """Whose webhook an address is; in a rehearsal the path tells, for the host is this computer's. Raises BadSettings,
    which never holds more of the address than its host: the rest is a secret."""
    parts = split(address)
    if parts is None or parts.scheme not in ("https", "http") or not parts.hostname:
        raise BadSettings(f"{_CHAT.name}: the address (alarm_webhook) is none; it must begin with https://.")
    host = parts.hostname.lower().rstrip(".")
    if any(host == old or host.endswith(f".{old}") for old in _RETIRED):
        raise BadSettings(
            f"{_CHAT.name}: it is one of the old Office 365 connectors, which Microsoft has retired; make a workflow "
            "“Send webhook alerts to a channel” in Teams, and set its address."
        )
    reach.admit(address, Outside(_CHAT.name) if reach is Reach.PRACTICE else _CHAT)
    if reach is Reach.PRACTICE:
        return SLACK if "/services/" in parts.path else TEAMS
    return SLACK if SLACK.knows and SLACK.knows(host) else TEAMS


class Webhook:
    """Posts to one address. `transport` replaces the network in tests. Raises BadSettings for one that is none of a
    chat's; no sentence and no log holds more of it than its host."""

    def __init__(
        self,
        address: str,
        *,
        reach: Reach = Reach.LIVE,
        user_agent: str = "",
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._chat = chat_of(address, reach)
        self._address = address
        self.name = self._chat.name
        self.host = httpx.URL(address).host
        self._http = open_client(
            hosts={self.host},
            user_agent=honest_user_agent(user_agent),
            in_flight=1,
            connect_seconds=CONNECT_S,
            read_seconds=READ_S,
            reach=reach,
            service=self._chat,
            transport=transport,
        )

    def __repr__(self) -> str:
        return f"Webhook({self.host})"

    def close(self) -> None:
        self._http.close()

    def post(self, notice: Notice, *, before: Callable[[], None]) -> None:
        """Hand over one notice. `before` runs when the connection stands and the message is about to leave; what it
        raises keeps it from leaving. Raises Unreachable (surely not delivered), LostAnswer (who knows), Throttled,
        AccessDenied, Refused, NotThere."""
        left: list[bool] = []

        def trace(event: str, info: Mapping[str, Any]) -> None:
            request = info.get("request")
            if event == LEAVING and not left and getattr(request, "method", b"") != b"CONNECT":
                before()
                left.append(True)

        body = for_slack(notice) if self._chat is SLACK else for_teams(notice)
        request = self._http.build_request(
            "POST",
            self._address,
            content=json.dumps(body, ensure_ascii=False).encode(),
            headers={
                "Content-Type": "application/json; charset=utf-8",
                "Connection": "close",  # an idle connection that the far side has closed looks like a lost answer
                ID_HEADER: notice.id,
            },
            extensions={"trace": trace},
        )
        try:
            answer = self._http.send(request)
        except httpx.RequestError as error:
            if left:
                raise LostAnswer(_LOST.format(name=self.name), service=self.name, operation="post") from None
            if denied := by_proxy_of(error, self.name, "post"):
                raise denied from None
            raise Unreachable(why_unreachable(error, self.name), service=self.name, operation="post") from None
        self._understand(answer)

    def _understand(self, answer: httpx.Response) -> None:
        status, where = answer.status_code, {"service": self.name, "operation": "post"}
        if self._taken(answer):
            return
        if is_page(status, answer.headers, answer.content):
            if 200 <= status < 300:  # a page in place of the answer: whether the message got through it, nobody knows
                raise LostAnswer(_LOST.format(name=self.name), **where, code="page")
            raise stopped_between(self.name, "post", status)
        if status == 429:
            pause = min(LONGEST_PAUSE_S, _seconds(answer.headers.get("retry-after", "")))
            raise Throttled(f"{self.name} asks to wait.", **where, code="429", retry_after=pause)
        if status in (404, 410):
            raise NotThere(
                f"{self.name} has no such webhook or channel any more (HTTP {status}): make a new one, and set its "
                "address (DEEPRACER_ADMIN_ALARM_WEBHOOK).",
                **where,
                code=str(status),
            )
        if status in (400, 401, 403, 405, 413):
            raise Refused(
                f"{self.name} refuses the message (HTTP {status}): look whether the webhook is still switched on and "
                "may post to its channel.",
                **where,
                code=str(status),
            )
        raise LostAnswer(_LOST.format(name=self.name), **where, code=str(status))

    def _taken(self, answer: httpx.Response) -> bool:
        """Slack says "ok", as text/html; Teams' workflow says 202, or 200 where it answers by itself."""
        if self._chat is SLACK:
            return answer.status_code == 200 and answer.content.strip() == b"ok"
        return answer.status_code in (200, 202) and not is_page(answer.status_code, answer.headers, answer.content)


def _seconds(text: str) -> float:
    return float(text) if text.isdecimal() else PAUSE_S
