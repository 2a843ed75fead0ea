"""Typed settings: environment first, then `.streamlit/secrets.toml`, then (rehearsal) what the practice world offers.

Every setting is an environment variable `DEEPRACER_ADMIN_<NAME>`; the same name in lower case works in the table
`[deepracer_admin]` of secrets.toml. docs/settings.md lists them all and a test keeps it complete. Secrets come from
these two places only; AWS keys and endpoints by boto3's own settings (profiles per service are named here).
"""

from __future__ import annotations

import json
import os
import platform
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from deepracer_admin.edge.addresses import Where, split, where
from deepracer_admin.edge.reach import ENTRA, GRAPH, SITE, Outside, Reach, aws
from deepracer_admin.errors import BadInput, BadSettings
from deepracer_admin.model import read_mailbox

__all__ = ["PREFIX", "Practice", "Settings", "default_home", "load_settings", "read_practice"]

PREFIX = "DEEPRACER_ADMIN_"
PRACTICE_FILE = "practice.json"


def default_home(mode: str = "rehearsal") -> Path:
    """The data folder of this person and mode when none is set, where the system keeps such; start.py knows the same.

    A store refuses the other mode, so each mode has a folder of its own.
    """
    system, user = platform.system(), Path.home()
    if system == "Windows":
        base = Path(os.environ.get("LOCALAPPDATA") or user / "AppData" / "Local") / "DeepRacerConsole"
    elif system == "Darwin":
        base = user / "Library" / "Application Support" / "DeepRacerConsole"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or user / ".local" / "share") / "deepracer-console"
    return base / mode


class Settings(BaseModel):
    """All settings of one console process. Field descriptions are the documentation (docs/settings.md)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Literal["rehearsal", "live"] = Field(
        "rehearsal", description="`rehearsal` (practice world on this machine) or `live`, asked for by name."
    )
    home: Path = Field(
        default_factory=lambda given: default_home(given.get("mode", "rehearsal")),
        description="Data folder of this console (database, key, logs); default: one per person and mode.",
    )
    port: int = Field(8501, ge=1, le=65535, description="Port of the console on 127.0.0.1.")
    base_url: str = Field("", description="Address people use for the console; default http://localhost:PORT.")
    public_port: int = Field(0, ge=0, le=65535, description="Port of the second listener (/live, /register); 0 = off.")
    public_host: str = Field("127.0.0.1", description="Address the second listener binds; may leave loopback.")
    public_url: str = Field("", description="Base address in links and QR codes of the second listener.")
    portal_url: str = Field(
        "",
        description="Address of the deployed event portal (docs/deploy.md); empty: /register on the second listener.",
    )
    secret_key: SecretStr = Field(
        SecretStr(""), description="Key that encrypts tokens at rest; default: a file `key` in the data folder."
    )
    backup_passphrase: SecretStr = Field(
        SecretStr(""), description="Opens and closes encrypted backups of an event where nobody can be asked."
    )
    worker: bool = Field(True, description="Run the worker inside the console (false: run `worker` elsewhere).")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")

    store: Literal["sqlite", "dynamodb"] = Field(
        "sqlite", description="`sqlite` (files in the data folder) or `dynamodb` (a table that several consoles share)."
    )
    store_table: str = Field(
        "deepracer-console", pattern=r"^[a-zA-Z0-9_.-]{3,255}$", description="Name of the shared DynamoDB table."
    )
    store_region: str = Field("us-east-1", description="Region of the shared table.")
    store_follow: float = Field(
        1.0, ge=0, le=60, description="Seconds between two looks at the shared table; 0: only when asked (functions)."
    )
    store_aws_profile: str = Field("", description="AWS profile for the shared table.")
    store_endpoint: str = Field(
        "", description="Address of DynamoDB; for a rehearsal (this computer's) or a VPC endpoint, else empty."
    )

    entra_authority: str = Field(
        "https://login.microsoftonline.com",
        description="Authority host of Microsoft Entra ID (sovereign clouds differ).",
    )
    entra_tenant: str = Field("", description="Directory (tenant) id; the only tenant that may sign in.")
    entra_client_id: str = Field("", description="Application (client) id of the app registration.")
    entra_client_secret: SecretStr = Field(SecretStr(""), description="Client secret, where no certificate is used.")
    entra_certificate: Path | None = Field(
        None, description="PFX file of the app's certificate (preferred to a secret)."
    )
    entra_certificate_password: SecretStr = Field(SecretStr(""), description="Passphrase of the PFX file.")
    entra_app_only: bool = Field(
        False, description="Let the worker act as the app itself (opt-in, see permissions.md)."
    )
    graph_url: str = Field("https://graph.microsoft.com/v1.0", description="Microsoft Graph base URL.")
    group_id: str = Field("", description="Entra group of the event; an event's own setting goes before it.")

    racing: Literal["on_aws", "managed"] = Field(
        "on_aws", description="`on_aws` (DeepRacer on AWS) or `managed` (closed by AWS in December 2025)."
    )
    deepracer_site: str = Field("", description="Site address of DeepRacer on AWS, e.g. https://d111.cloudfront.net.")
    deepracer_user: str = Field(
        "", description="E-mail of the DeepRacer on AWS login that the console uses (dr-admins)."
    )
    deepracer_password: SecretStr = Field(SecretStr(""), description="Password of that login.")
    deepracer_staff: str = Field(
        "",
        description="Addresses of people who run the deployment, with commas between; never invited, limited, deleted.",
    )
    deepracer_aws_profile: str = Field("", description="AWS profile for the managed service or the user pool.")
    deepracer_region: str = Field("us-east-1", description="Region of the managed service, or of the user pool.")
    deepracer_cost_tag: str = Field(
        "",
        pattern=r"^([^=\s][^=]{0,127}=[^=]{1,256})?$",
        description="Cost allocation tag of the deployment, `key=value`: the bill is narrowed to it.",
    )
    deepracer_ses: bool = Field(
        False,
        description="The deployment mails Cognito's invitations by SES (no 50 a day); an event's answer goes first.",
    )
    deepracer_user_pool: str = Field(
        "",
        description="User pool of DeepRacer on AWS: with AWS credentials on it, sign-ins are seen and users made.",
    )
    user_agent: str = Field("", description="User-Agent of our calls; name it in the firewall's allow rule.")

    identity_store_id: str = Field("", description="Identity store id (d-...) of IAM Identity Center.")
    identity_instance_arn: str = Field("", description="ARN of the IAM Identity Center instance.")
    identity_group: str = Field("", description="Name or id of the event group in Identity Center.")
    identity_permission_set: str = Field("", description="Name or ARN of the racers' permission set.")
    identity_account_id: str = Field("", description="The sponsoring AWS account (12 digits).")
    identity_aws_profile: str = Field("", description="AWS profile of the management or delegated admin account.")
    identity_region: str = Field("us-east-1", description="Region of IAM Identity Center.")

    mailer: Literal["ses", "smtp", "pinpoint"] = Field(
        "ses", description="`ses` or `smtp` (`pinpoint` explains itself)."
    )
    mail_from: str = Field("", description="Sender, `address` or `Name <address>`; an event's own goes before it.")
    mail_reply_to: str = Field("", description="Reply-To, `address` or `Name <address>`.")
    mail_aws_profile: str = Field("", description="AWS profile for SES.")
    mail_region: str = Field("us-east-1", description="Region of SES.")
    mail_configuration_set: str = Field("", description="SES configuration set with the delivery events.")
    mail_events_queue: str = Field("", description="URL of the SQS queue that receives SES events.")
    smtp_host: str = Field("", description="SMTP server.")
    smtp_port: int = Field(587, ge=1, le=65535, description="SMTP port (STARTTLS).")
    smtp_user: str = Field("", description="SMTP user.")
    smtp_password: SecretStr = Field(SecretStr(""), description="SMTP password.")
    alarm_webhook: SecretStr = Field(
        SecretStr(""), description="Incoming webhook of a Teams workflow or of Slack that alarms are told to."
    )

    @property
    def rehearsal(self) -> bool:
        return self.mode == "rehearsal"

    @property
    def reach(self) -> Reach:
        """How far adapters may reach in this mode."""
        return Reach.PRACTICE if self.rehearsal else Reach.LIVE

    @property
    def console_url(self) -> str:
        """Address of the console as people type it; `localhost`, because cookies differ per host name."""
        return self.base_url or f"http://localhost:{self.port}"

    def portal_base(self, own: str) -> str:
        """Base address of /register: of the deployed portal, else of the second listener; "" = there is none."""
        return self.portal_url.rstrip("/") or self.public_base(own)

    def public_base(self, own: str) -> str:
        """Base address of /live and /register: the event's `own`, else the setting, else loopback; "" = it is off."""
        loopback = f"http://127.0.0.1:{self.public_port}" if self.public_port else ""
        return (own or self.public_url or loopback).rstrip("/")


class Practice(BaseModel):
    """What the practice world wrote into `practice.json` (loopback addresses and its own random secrets)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    url: str
    control: str
    entra: dict[str, str]
    graph: dict[str, Any]
    deepracer: dict[str, str]
    aws: dict[str, str]
    mail: dict[str, str]
    dns: dict[str, str] = Field(default_factory=dict)


def load_settings(environ: Mapping[str, str] | None = None, *, secrets_file: Path | None = None) -> Settings:
    """Read and check the settings. Raises BadSettings with the name of the setting and where it came from."""
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    origin: dict[str, str] = {}
    path = secrets_file or Path(".streamlit/secrets.toml")
    for name, value in _from_secrets(path).items():
        values[name], origin[name] = value, str(path)
    for variable, value in environ.items():
        if variable.startswith(PREFIX) and value != "":
            name = variable[len(PREFIX) :].lower()
            values[name], origin[name] = value, f"the environment variable {variable}"
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise BadSettings(_sentence(error, origin)) from None
    _check_addresses(settings)
    _check_senders(settings)
    if settings.mode == "live":
        _check_aws_endpoints(environ)
    return settings


def _from_secrets(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise BadSettings(
            f"{path} cannot be read as TOML ({error}); correct that line or move the file away."
        ) from None
    section = table.get("deepracer_admin", {})
    if not isinstance(section, dict):
        raise BadSettings(f"{path}: `deepracer_admin` must be a table, written [deepracer_admin].")
    return dict(section)


def _sentence(error: ValidationError, origin: Mapping[str, str]) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    name = str(first["loc"][0]) if first["loc"] else "settings"
    where = origin.get(name, "the settings")
    if first["type"] == "extra_forbidden":
        return f"{where} sets `{name}`, which is no setting of this console; docs/settings.md lists them all."
    return f"{where} sets `{name}` to a value that cannot be used: {first['msg']}."


_OWN = "own"
_ADDRESSES: Mapping[str, tuple[Outside | Literal["own"], bool]] = {
    "entra_authority": (ENTRA, False),
    "graph_url": (GRAPH, True),
    "deepracer_site": (SITE, False),
    "mail_events_queue": (aws("sqs"), True),
    "store_endpoint": (aws("dynamodb"), False),
    "base_url": (_OWN, False),
    "public_url": (_OWN, True),
    "portal_url": (_OWN, True),
}
"""Each setting that is a full address: whose it is (our own may be this computer's), and whether it has a path."""


def _check_addresses(settings: Settings) -> None:
    """Form, and in a live event where they lead; adapters ask again for what they really use (edge/reach.py)."""
    for name, (service, path_allowed) in _ADDRESSES.items():
        if address := str(getattr(settings, name)):
            _check_address(settings, name, address, None if service == _OWN else service, path_allowed)
    if settings.mode == "live" and settings.smtp_host:
        Reach.LIVE.admit_host(settings.smtp_host, Outside("`smtp_host`"), ask=False)


def _check_address(settings: Settings, name: str, address: str, service: Outside | None, path_allowed: bool) -> None:
    parts = split(address)
    if parts is None or parts.scheme not in ("https", "http") or not parts.hostname:
        shown = address.rpartition("@")[2]
        raise BadSettings(f"`{name}` must be a full address that begins with https://, not {shown!r}.")
    if "@" in parts.netloc:
        raise BadSettings(
            f"`{name}` must not hold a user name, it would lead to {parts.hostname}: give the host alone."
        )
    here = where(parts.hostname)
    if here in (Where.LINK_LOCAL, Where.NOBODY):
        raise BadSettings(f"`{name}` leads to {parts.hostname}, which is no address of a service; set the real one.")
    if service and settings.mode == "live":
        Reach.LIVE.admit(address, Outside(f"`{name}`", service.knows, service.hosts), ask=False)
    if service and parts.scheme == "http" and here is not Where.THIS_MACHINE:
        raise BadSettings(f"`{name}` must begin with https://; plain http is only for loopback.")
    if (parts.path.rstrip("/") not in ("", "/env.js") and not path_allowed) or parts.query or parts.fragment:
        raise BadSettings(f"`{name}` must end after the host name; take away what follows it.")


def _check_senders(settings: Settings) -> None:
    for name in ("mail_from", "mail_reply_to"):
        if not (text := str(getattr(settings, name))):
            continue
        try:
            mailbox = read_mailbox(text)
        except BadInput as wrong:
            raise BadSettings(f"`{name}` cannot be used: {wrong.sentence}") from None
        if settings.mailer == "ses" and not mailbox.address.isascii():
            raise BadSettings(f"`{name}` cannot be used: Amazon SES takes no letters like é before the @-sign.")


def _check_aws_endpoints(environ: Mapping[str, str]) -> None:
    """boto3 reads these by itself; a rehearsal's would serve a live event."""
    for variable, value in environ.items():
        if variable.startswith("AWS_ENDPOINT_URL") and value:
            Reach.LIVE.admit(value, Outside(variable), ask=False)


def read_practice(home: Path) -> Practice:
    """The practice world's addresses. Raises BadSettings when it is not running, the file is broken or leads away."""
    path = home / PRACTICE_FILE
    try:
        practice = Practice(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise BadSettings(
            "The practice world is not running; start the console with `python3 start.py`, which starts both."
        ) from None
    except (OSError, ValueError, TypeError) as error:
        raise BadSettings(
            f"{path} cannot be read ({type(error).__name__}); stop the practice world and start again."
        ) from None
    for address in _addresses(practice):
        try:
            Reach.PRACTICE.admit(address, Outside(str(path)))
        except BadSettings:
            parts = split(address)
            raise BadSettings(
                f"{path} leads to {parts.hostname if parts else 'nowhere'}, but a rehearsal never leaves this machine; "
                "stop the practice world and start again, or start with DEEPRACER_ADMIN_MODE=live."
            ) from None
    return practice


def _addresses(practice: Practice) -> list[str]:
    tables = (practice.entra, practice.graph, practice.deepracer, practice.aws, practice.mail)
    values = [practice.url, practice.control, *(value for table in tables for value in table.values())]
    return [value for value in values if isinstance(value, str) and "://" in value]
