"""May the console's own AWS credentials do all that is needed? Asked of IAM by simulation, which does nothing.

What is asked are the shipped policies themselves: each action, on the resources and under the conditions that stand
there, with the account's own names put in. A simulation knows the identity's policies and boundaries, not those of
resources or of the organization (identity-and-mail.md 5.6), so a read-only call that really worked says more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from typing import Any

from botocore import exceptions as boto

from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.edge.aws_errors import AwsService, aws_error, odd_answer
from deepracer_admin.edge.understood import UNREADABLE
from deepracer_admin.errors import Unsupported

__all__ = ["PLACEHOLDERS", "IamRights", "statements_of"]

SERVICE = "iam"
PLACEHOLDERS = (
    "REGION", "ACCOUNT_ID", "USER_POOL_ID", "CONFIGURATION_SET", "QUEUE", "deepracer@example.com", "example.com"
)  # fmt: skip
"""What stands in a shipped policy in place of the account's own names."""
_KNOWN = AwsService(SERVICE, "AWS IAM", rights="iam", policy="iam-simulate.json")


def statements_of(policy: str) -> list[dict[str, Any]]:
    """The statements of a shipped policy that allow something."""
    text = resources.files("deepracer_admin").joinpath("policies", policy).read_text(encoding="utf-8")
    return [each for each in json.loads(text)["Statement"] if each["Effect"] == "Allow"]


class IamRights:
    """Of the identity behind one profile. Raises BadSettings, CredentialsExpired when the access cannot be made."""

    def __init__(self, access: AwsAccess) -> None:
        self._access = access
        self._sts = access.client("sts")
        self._iam = access.client(SERVICE)

    def denied(self, policies: Sequence[str], names: Mapping[str, str]) -> tuple[str, ...]:
        """Actions of these policies that the identity may not do, in their order. `names`: the account's own in place
        of PLACEHOLDERS; a resource for which one is missing is left out.

        Raises AccessDenied where IAM may not be asked, Unsupported for an identity that cannot be simulated.
        """
        account, principal = self._principal()
        if not principal:
            return ()  # the account's root may do everything
        known = {"REGION": self._access.region, "ACCOUNT_ID": account, **names}
        found: dict[str, None] = {}
        for statement in (each for policy in policies for each in statements_of(policy)):
            for resource in _resources(statement, known):
                found |= dict.fromkeys(self._denied(principal, statement, resource, known))
        return tuple(found)

    def _principal(self) -> tuple[str, str]:
        """(account, ARN to simulate); "" for the account's root. A session's ARN names its role without its path."""
        who = self._call(self._sts, "get_caller_identity")
        try:
            account, arn = str(who["Account"]), str(who["Arn"])
            kind, _, rest = arn.split(":", 5)[5].partition("/")
        except UNREADABLE:
            raise odd_answer(SERVICE, _KNOWN.called, "get_caller_identity") from None
        if kind == "root":
            return account, ""
        if kind == "user":
            return account, arn
        if kind != "assumed-role":
            raise Unsupported(
                "This kind of AWS identity cannot be simulated; use a role or a user.", service=SERVICE, operation=kind
            )
        role = self._call(self._iam, "get_role", RoleName=rest.partition("/")[0])
        try:
            return account, str(role["Role"]["Arn"])
        except UNREADABLE:
            raise odd_answer(SERVICE, _KNOWN.called, "get_role") from None

    def _denied(
        self, principal: str, statement: Mapping[str, Any], resource: str, known: Mapping[str, str]
    ) -> Iterator[str]:
        asked: dict[str, Any] = {
            "PolicySourceArn": principal,
            "ActionNames": _listed(statement["Action"]),
            "ResourceArns": [resource],
            "ContextEntries": [*_context(statement, known)],
        }
        while True:
            page = self._call(self._iam, "simulate_principal_policy", **asked)
            try:
                for result in page["EvaluationResults"]:
                    if result["EvalDecision"] != "allowed":
                        yield str(result["EvalActionName"])
                more = page.get("IsTruncated") and page["Marker"]
            except UNREADABLE:
                raise odd_answer(SERVICE, _KNOWN.called, "simulate_principal_policy") from None
            if not more:
                return
            asked["Marker"] = more

    def _call(self, client: Any, operation: str, **values: Any) -> dict[str, Any]:
        try:
            return getattr(client, operation)(**values)
        except (boto.ClientError, boto.BotoCoreError, *UNREADABLE) as failure:
            access = self._access
            raise aws_error(
                failure, _KNOWN, operation, reads=True, renewal=access.renewal, profile=access.profile
            ) from None

    def close(self) -> None:
        """Let connections go."""
        self._sts.close()
        self._iam.close()


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else [*value]


def _filled(text: str, known: Mapping[str, str]) -> str:
    """The text with the account's own names; "" when one is missing."""
    for name in PLACEHOLDERS:
        if name in text:
            if not known.get(name):
                return ""
            text = text.replace(name, known[name])
    return text


def _resources(statement: Mapping[str, Any], known: Mapping[str, str]) -> list[str]:
    return [filled for each in _listed(statement["Resource"]) if (filled := _filled(each, known))]


def _context(statement: Mapping[str, Any], known: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The values under which the console calls, for conditions that compare with one."""
    for operator, keys in statement.get("Condition", {}).items():
        if not operator.startswith("String"):
            continue  # Null: the console sends no such key at all
        for key, value in keys.items():
            values = [filled for each in _listed(value) if (filled := _filled(each, known))]
            yield {"ContextKeyName": key, "ContextKeyValues": values, "ContextKeyType": "string"}
