"""Finding a deployment: one public address is enough (deepracer-on-aws.md 1.1).

`GET {site}/env.js` is one line of JavaScript, `window.EnvironmentConfig = {json};`. The site answers *every* unknown
path with its own page and status 200, so a wrong address does not look like an error: the body decides.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import httpx

from deepracer_admin.edge.addresses import split
from deepracer_admin.edge.answers import by_proxy
from deepracer_admin.edge.http import why_unreachable
from deepracer_admin.edge.reach import GATEWAY, SITE, Reach
from deepracer_admin.errors import AccessDenied, BadSettings, NotThere, Unavailable, Unreachable

__all__ = ["Site", "read_site", "site_address"]

SERVICE = "DeepRacer on AWS"
_PREFIX = "window.EnvironmentConfig"
_NEEDED = ("apiEndpointUrl", "userPoolId", "userPoolClientId", "identityPoolId", "region")
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")
_REGION = re.compile(r"[a-z]{2,3}(-[a-z]+){1,3}-[0-9]{1,2}")
_EXAMPLE = "the address racers open in the browser, such as https://d111111abcdef8.cloudfront.net"


@dataclass(frozen=True, slots=True)
class Site:
    """What env.js says. `address` and `api` have no slash at the end; `version` is a hint (1.3 page, 2)."""

    address: str
    api: str
    region: str
    user_pool: str
    client: str
    identity_pool: str
    version: str = ""
    practice_world: bool = False

    @property
    def login_provider(self) -> str:
        """The key under which the identity pool expects the ID token (deepracer-on-aws.md 1.2, step 4)."""
        return f"cognito-idp.{self.region}.amazonaws.com/{self.user_pool}"

    @property
    def version_number(self) -> tuple[int, int, int] | None:
        """(major, minor, patch), or None for a developer build's own text."""
        found = _VERSION.match(self.version)
        return (int(found[1]), int(found[2]), int(found[3])) if found else None


def site_address(text: str, reach: Reach = Reach.LIVE) -> str:
    """The address as people paste it, without env.js and the slash at its end. Raises BadSettings."""
    address = text.strip().removesuffix("/env.js").rstrip("/")
    parts = split(address)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadSettings(f"The DeepRacer on AWS address is not a web address: give {_EXAMPLE}.")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise BadSettings(f"The DeepRacer on AWS address has more than a host in it: give {_EXAMPLE}.")
    reach.admit(address, SITE)
    if parts.path and reach is Reach.LIVE:
        raise BadSettings(f"The DeepRacer on AWS address must end after the host name: give {_EXAMPLE}.")
    return address


def read_site(http: httpx.Client, address: str, reach: Reach = Reach.LIVE) -> Site:
    """Read env.js. `address` as `site_address` returns it.

    Raises Unreachable, Unavailable, AccessDenied (a firewall), NotThere (another site) with what to do.
    """
    try:
        answer = http.get(f"{address}/env.js", headers={"Accept": "*/*"})
    except httpx.RequestError as error:
        raise Unreachable(
            why_unreachable(error, address),
            service=SERVICE,
            operation="env.js",
            code=type(error).__name__,
        ) from error
    _check_status(answer, address)
    site = _understand(answer.text, address)
    _check_api_host(site, reach)
    return replace(site, practice_world=bool(answer.headers.get("x-practice-world")))


def _check_status(answer: httpx.Response, address: str) -> None:
    status = answer.status_code
    if status == 200:
        return
    if answer.is_redirect:
        target = answer.headers.get("location", "")
        elsewhere = urlsplit(target)
        hint = f"{elsewhere.scheme}://{elsewhere.netloc}" if elsewhere.netloc else "the address it ends at"
        raise NotThere(
            f"{address} leads on to another address: give {hint} in set-up.",
            service=SERVICE,
            operation="env.js",
            code=str(status),
        )
    if status == 407:
        raise by_proxy(SERVICE, "env.js", "407")
    if status in (401, 403):
        raise AccessDenied(
            f"{address} refuses this computer (HTTP {status}): its firewall must allow the console's address and "
            "User-Agent.",
            service=SERVICE,
            operation="env.js",
            code=str(status),
        )
    if status >= 500:
        raise Unavailable(
            f"{address} is failing at the moment (HTTP {status}): try again in a minute.",
            service=SERVICE,
            operation="env.js",
            code=str(status),
        )
    raise _not_a_deployment(address, f"answers HTTP {status}", str(status))


def _understand(text: str, address: str) -> Site:
    body = text.strip().removeprefix("\ufeff")
    if not body.startswith(_PREFIX):
        raise _not_a_deployment(address, "answers with a web page of its own", "not_env")
    json_text = body.removeprefix(_PREFIX).strip().removeprefix("=").strip().rstrip(";").strip()
    try:
        values = json.loads(json_text)
    except ValueError as error:
        raise _not_a_deployment(address, "has an env.js that cannot be read", "bad_env") from error
    if not isinstance(values, Mapping):
        raise _not_a_deployment(address, "has an env.js that cannot be read", "bad_env")
    absent = [key for key in _NEEDED if not _text(values, key)]
    if absent:
        raise _not_a_deployment(address, f"has an env.js without {', '.join(absent)}", "bad_env")
    if not _REGION.fullmatch(_text(values, "region")):
        raise _not_a_deployment(address, "names no AWS region in its env.js", "bad_env")
    return Site(
        address=address,
        api=_text(values, "apiEndpointUrl").rstrip("/"),
        region=_text(values, "region"),
        user_pool=_text(values, "userPoolId"),
        client=_text(values, "userPoolClientId"),
        identity_pool=_text(values, "identityPoolId"),
        version=_text(values, "solutionVersion"),
    )


def _check_api_host(site: Site, reach: Reach) -> None:
    """Signed requests go to API Gateway (1.1) or, in a rehearsal, to this computer; to nobody else."""
    try:
        reach.admit(site.api, GATEWAY)
    except BadSettings:
        parts = split(site.api)
        host = (parts.hostname if parts else "") or "no host"
        raise _not_a_deployment(site.address, f"names {host} as its API, which is not API Gateway", "api") from None


def _not_a_deployment(address: str, what: str, code: str) -> NotThere:
    return NotThere(
        f"{address} {what}, so it is not a DeepRacer on AWS site: give {_EXAMPLE}, without any path.",
        service=SERVICE,
        operation="env.js",
        code=code,
    )


def _text(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) else ""
