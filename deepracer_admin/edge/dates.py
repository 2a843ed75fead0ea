"""How far this computer's clock is off, by the Date header of services that are asked nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from deepracer_admin.clock import as_utc
from deepracer_admin.edge.http import honest_user_agent, open_client, why_unreachable
from deepracer_admin.edge.reach import Outside, Reach
from deepracer_admin.errors import Unavailable, Unreachable

__all__ = ["offsets"]


def offsets(
    addresses: Mapping[str, str],
    now: Callable[[], datetime],
    *,
    reach: Reach = Reach.LIVE,
    user_agent: str = "",
    read_seconds: float = 10.0,
    transport: httpx.BaseTransport | None = None,
) -> dict[str, timedelta]:
    """The service's time minus ours, by the service's name; a service that gives no date is left out.

    `addresses`: name -> an address of it that may be read without any sign-in (a refusal has a date too).
    Raises BadSettings for an address out of `reach`, Unreachable when nobody answers, Unavailable when nobody tells.
    """
    told: dict[str, timedelta] = {}
    failed = ""
    for name, address in addresses.items():
        reach.admit(address, Outside(name))
        hosts = {urlsplit(address).hostname or ""}
        with open_client(
            hosts=hosts,
            user_agent=honest_user_agent(user_agent),
            in_flight=1,
            read_seconds=read_seconds,
            reach=reach,
            service=Outside(name),
            transport=transport,
        ) as http:
            try:
                before = now()
                answer = http.get(address)
                ours = before + (now() - before) / 2
            except httpx.RequestError as error:
                failed = failed or why_unreachable(error, name)
                continue
        try:
            told[name] = as_utc(parsedate_to_datetime(answer.headers["date"])) - ours
        except (KeyError, TypeError, ValueError):
            continue
    if told:
        return told
    if failed:
        raise Unreachable(failed, service="clock", operation="date")
    raise Unavailable("No service says what time it has: compare this computer's clock with another.", service="clock")
