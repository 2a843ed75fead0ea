"""Whom alarms are told, and what became of each message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.rules.calls import Post
from deepracer_admin.store.documents import Document, Reading, Table

__all__ = ["CALL_LIST", "CREDENTIAL_ENDS", "ENDS_SEEN", "POSTS", "TROUBLE_SEEN", "CallList"]


@dataclass(frozen=True, slots=True)
class CallList:
    """`addresses`: mailboxes of those who are told by mail; `by_name`: who said so last."""

    addresses: tuple[str, ...] = ()
    by_name: str = ""


CALL_LIST = Document("call_list", CallList, CallList(), personal=False)
"""Written by organizers (Set up, Alarms); read by who calls. People who run the event, not those in it."""

POSTS = Table("alarm_posts", Post, "alarm", personal=False)
"""By Post.key. Written by who calls (flows/calls), also from two processes at once: a claim is one change. No address
stands in it."""

ENDS_SEEN: Reading[datetime | None] = Reading("alarm_ends_seen", datetime | None, None, personal=False)
"""Event time up to which the ends of alarms were looked at by who calls; None: nobody called yet."""

TROUBLE_SEEN: Reading[Mapping[str, datetime]] = Reading("trouble_seen", Mapping[str, datetime], {}, personal=False)
"""Duty -> real time since when it waits without having gone on. Written by who watches for alarms."""

CREDENTIAL_ENDS: Reading[datetime | None] = Reading("credential_ends", datetime | None, None, personal=False)
"""When the certificate or secret of the console's app ends, as the pre-flight read it last; None: not told."""
