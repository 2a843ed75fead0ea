"""How far the console may reach: every adapter, every spelling of an address, and what answers there."""

from __future__ import annotations

import ast
import configparser
import re
from contextlib import suppress
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.edge.addresses import Where, is_this_machine, where
from deepracer_admin.edge.aws import AwsAccess, open_session
from deepracer_admin.edge.reach import ENTRA, GATEWAY, GRAPH, MAIL_SERVER, SITE, Outside, Reach, aws
from deepracer_admin.errors import AccessDenied, BadSettings, ConsoleError
from deepracer_admin.settings import Settings, load_settings
from tests.edge.adapters import ADAPTERS, KEYS, Adapter, access
from tests.edge.addresses import DISGUISED, NEIGHBOURS, NOT_LIVE, NOT_PRACTICE, PLAIN, THIS_MACHINE_BY_NAME, WITH_USER

PACKAGE = Path(__file__).resolve().parents[2] / "deepracer_admin"
adapters = pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda each: each.name)


def refusal(adapter: Adapter, address: str, reach: Reach) -> str:
    """The sentence with which the adapter does not come to be; "" when it does."""
    try:
        made = adapter.make(address, reach)
    except BadSettings as refused:
        return refused.sentence
    except requests.exceptions.InvalidURL as refused:  # MSAL's callers turn it into a sentence about the network
        return str(refused)
    getattr(made, "close", lambda: None)()
    return ""


# -------------------------------------------------------------------------------------------------- each and every


@adapters
@pytest.mark.parametrize("host", NOT_LIVE)
def test_a_live_adapter_refuses_this_computer_and_its_neighbours_in_every_spelling(adapter: Adapter, host: str) -> None:
    address = host.strip("[]").replace("%25", "%") if adapter.by_host else f"https://{host}"
    sentence = refusal(adapter, address, Reach.LIVE)
    assert re.search(r"^[^\n]+: .*[.]$", sentence), f"{adapter.name} takes {address}"


@pytest.mark.parametrize("adapter", [each for each in ADAPTERS if not each.by_host], ids=lambda each: each.name)
@pytest.mark.parametrize("address", WITH_USER)
def test_no_adapter_takes_an_address_with_a_user_in_it(adapter: Adapter, address: str) -> None:
    sentence = refusal(adapter, address, Reach.LIVE)
    assert "user name" in sentence or "more than a host" in sentence
    assert "secret" not in sentence


@adapters
@pytest.mark.parametrize("host", NOT_PRACTICE)
def test_a_rehearsals_adapter_refuses_everything_but_this_computer(adapter: Adapter, host: str) -> None:
    address = host.strip("[]").replace("%25", "%") if adapter.by_host else f"https://{host}"
    assert "rehearsal never leaves" in refusal(adapter, address, Reach.PRACTICE)


@adapters
@pytest.mark.parametrize("host", PLAIN)
def test_a_rehearsals_adapter_takes_this_computer(adapter: Adapter, host: str) -> None:
    address = host.strip("[]") if adapter.by_host else f"http://{host}:9"
    assert refusal(adapter, address, Reach.PRACTICE) == ""


@pytest.mark.parametrize("adapter", [each for each in ADAPTERS if each.aws], ids=lambda each: each.name)
@pytest.mark.parametrize("source", ["variable for all", "variable", "file"])
@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9", "https://127.0.0.2", "https://localhost.", "https://ses.example.com"]
)
def test_what_awss_own_settings_say_is_judged_too(
    adapter: Adapter, source: str, address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """botocore reads these by itself, so only the finished client knows where it would go."""
    if source == "variable for all":
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    elif source == "variable":
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{adapter.aws.upper()}", address)
    else:
        config = tmp_path / "config"
        config.write_text(f"[default]\nservices = near\n[services near]\n{adapter.aws} =\n  endpoint_url = {address}\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    assert address.partition("://")[2].partition(":")[0] in refusal(adapter, "", Reach.LIVE)


@pytest.mark.parametrize("adapter", [each for each in ADAPTERS if each.aws], ids=lambda each: each.name)
def test_without_such_settings_a_live_adapter_calls_aws(adapter: Adapter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", "nowhere")
    assert refusal(adapter, "", Reach.LIVE) == ""


def test_the_services_that_botocore_asks_for_keys_are_judged_before_anything_leaves(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A profile with a role makes botocore call STS, with a client of its own."""
    config = configparser.ConfigParser()
    config["profile racing"] = {
        "role_arn": "arn:aws:iam::123456789012:role/console",
        "source_profile": "keys",
        "services": "near",
    }
    config["profile keys"] = {"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": "secret"}
    config["services near"] = {"sts": "\nendpoint_url = http://127.0.0.1:9"}
    with (tmp_path / "config").open("w") as file:
        config.write(file)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    client = AwsAccess(profile="racing", region="eu-west-1").client("sesv2", attempts=1)
    with pytest.raises(ConsoleError, match=r"sts.* leads to this computer, but the mode is live"):
        client.get_account()
    client.close()


def test_an_address_that_changes_after_the_client_was_made_is_judged_for_each_request() -> None:
    client = access("", Reach.LIVE).client("sesv2", attempts=1)
    client.meta.events.register(
        "before-sign.sesv2", lambda request, **_: setattr(request, "url", "http://127.0.0.1:9/")
    )
    with pytest.raises(BadSettings, match="leads to this computer"):
        client.get_account()
    client.close()


# ------------------------------------------------------------------------------------------------------ no other way


OPENS = re.compile(
    r"httpx\.(Client|AsyncClient|get|post|put|request|stream)\(|requests\.(get|post|request)\(|requests\.Session\b"
    r"|smtplib\.SMTP(_SSL)?\(|\.create_client\(|boto3\b.*(client|resource|Session)\(|urlopen\(|create_connection\("
    r"|bounded_client\(|(?<!class )BoundedSmtp\("
)
KNOWN = {
    "edge/bounded_http.py": "makes the client for those below",
    "edge/http.py": "its hosts were admitted by who adds them; what answers is asked here",
    "edge/aws.py": "the only place that makes AWS clients",
    "directory/graph_client.py": "its base address was admitted",
    "directory/msal_app.py": "asks for every request",
    "mail/smtp.py": "its host was admitted",
    "web/identity.py": "its address was admitted",
    "worker/practice.py": "the practice world's control address, read from practice.json, which is judged when read",
    "rehearse/practice.py": "likewise",
    "readiness_access.py": "our own second listener at the address of our links; in a rehearsal on this computer alone",
}


def test_no_other_place_of_the_program_opens_a_connection() -> None:
    found = {
        str(path.relative_to(PACKAGE)).replace("\\", "/")
        for path in PACKAGE.rglob("*.py")
        if "rehearsal" not in path.relative_to(PACKAGE).parts
        and OPENS.search(path.read_text("utf-8"))
        and OPENS.search(_code(path))
    }
    assert found == set(KNOWN), "a new way out has to ask Reach, and stand in tests/edge/adapters.py"


UNBOUNDED = re.compile(
    r"httpx\.(Client|AsyncClient|HTTPTransport|get|post|put|patch|delete|head|options|request|stream)\("
    r"|requests\.(get|post|put|patch|delete|head|request)\(|requests\.[Ss]ession\("
    r"|smtplib\.(SMTP|SMTP_SSL|LMTP)\(|urlopen\(|create_connection\(|HTTPS?Connection\(|PoolManager\("
    r"|class \w+\((requests\.Session|smtplib\.SMTP|httpx\.Client)\)"
    r"|\bfrom (httpx|requests|smtplib|boto3|urllib\.request|http\.client) import|\bboto3\.|\.create_client\("
)
BOUNDED_OTHERWISE = {
    "edge/bounded_http.py": "bounds the client that it makes",
    "edge/bounded_smtp.py": "bounds the connection that it makes",
    "directory/msal_app.py": "its session is given bounded connections",
    "edge/aws.py": "has bounded every connection of botocore's before",
    "rehearse/practice.py": "a rehearsal without a window, to the practice world that it has started on this computer",
}


def test_no_other_place_of_the_program_waits_for_an_answer_without_an_end() -> None:
    found = {
        str(path.relative_to(PACKAGE)).replace("\\", "/")
        for path in PACKAGE.rglob("*.py")
        if "rehearsal" not in path.relative_to(PACKAGE).parts
        and UNBOUNDED.search(path.read_text("utf-8"))
        and UNBOUNDED.search(_code(path))
    }
    assert found == set(BOUNDED_OTHERWISE), "take `bounded_client`, `BoundedSmtp`, `AwsAccess` or `system_session`"


@pytest.mark.parametrize(
    "line",
    [
        "httpx.get(url)",
        "with httpx.Client(timeout=5) as http:",
        "requests.post(url)",
        "session = requests.Session()",
        "from requests import Session",
        "smtplib.SMTP_SSL(host)",
        "class Mail(smtplib.SMTP):",
        "session.create_client('sqs')",
        "boto3.client('sqs')",
        "urllib.request.urlopen(url)",
    ],
)
def test_such_a_place_is_found(line: str) -> None:
    assert UNBOUNDED.search(line)


def test_who_is_handed_one_is_not() -> None:
    assert not UNBOUNDED.search("def ask(http: httpx.Client, mail: smtplib.SMTP) -> requests.Response:")


def _code(path: Path) -> str:
    """Without docstrings and comments."""
    return ast.unparse(_without_docstrings(ast.parse(path.read_text("utf-8"))))


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return tree


# ----------------------------------------------------------------------------------------------------------- settings

ADDRESS_SETTINGS = [name for name in Settings.model_fields if re.search(r"(url|authority|site|queue|host)$", name)]
OUR_OWN = {"base_url", "portal_url", "public_url", "public_host"}  # this console's, which may be on this computer


@pytest.mark.parametrize("name", [name for name in ADDRESS_SETTINGS if name not in OUR_OWN])
@pytest.mark.parametrize("host", [*PLAIN, *DISGUISED, *NEIGHBOURS])
def test_a_live_event_does_not_start_with_such_an_address(name: str, host: str, tmp_path: Path) -> None:
    value = host.strip("[]").replace("%25", "%") if name == "smtp_host" else f"https://{host}"
    environ = {"DEEPRACER_ADMIN_MODE": "live", f"DEEPRACER_ADMIN_{name.upper()}": value}
    with pytest.raises(BadSettings, match=rf"^`{name}`"):
        load_settings(environ, secrets_file=tmp_path / "none")


@pytest.mark.parametrize("name", [name for name in ADDRESS_SETTINGS if not name.endswith("host")])
@pytest.mark.parametrize("mode", ["live", "rehearsal"])
@pytest.mark.parametrize("address", [*WITH_USER, "https://169.254.169.254", "https://[fe80::1]", "https://a b.com"])
def test_no_setting_holds_a_user_a_link_local_host_or_blanks(
    name: str, mode: str, address: str, tmp_path: Path
) -> None:
    environ = {"DEEPRACER_ADMIN_MODE": mode, f"DEEPRACER_ADMIN_{name.upper()}": address}
    with pytest.raises(BadSettings, match=rf"^`{name}` ") as told:
        load_settings(environ, secrets_file=tmp_path / "none")
    assert "secret" not in told.value.sentence


@pytest.mark.parametrize("name", ["deepracer_site", "entra_authority", "base_url"])
def test_an_address_that_ends_after_its_host_takes_no_path(name: str, tmp_path: Path) -> None:
    hosts = {"entra_authority": "https://login.microsoftonline.com"}
    environ = {f"DEEPRACER_ADMIN_{name.upper()}": f"{hosts.get(name, 'https://d1.example.com')}/races/1"}
    with pytest.raises(BadSettings, match="must end after the host name"):
        load_settings(environ, secrets_file=tmp_path / "none")


@pytest.mark.parametrize("host", [*PLAIN, *DISGUISED, *NEIGHBOURS])
@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_COGNITO_IDENTITY"])
def test_a_live_event_does_not_start_under_a_rehearsals_aws_variables(host: str, variable: str, tmp_path: Path) -> None:
    environ = {"DEEPRACER_ADMIN_MODE": "live", variable: f"https://{host}"}
    with pytest.raises(BadSettings, match=rf"^{variable}: "):
        load_settings(environ, secrets_file=tmp_path / "none")


# ----------------------------------------------------------------------------------------------------------- the rule


@pytest.mark.parametrize(
    ("service", "address"),
    [
        (ENTRA, "https://login.microsoftonline.com"),
        (ENTRA, "https://login.microsoftonline.us"),
        (ENTRA, "https://login.partner.microsoftonline.cn"),
        (GRAPH, "https://graph.microsoft.com/v1.0"),
        (GRAPH, "https://microsoftgraph.chinacloudapi.cn/v1.0"),
        (SITE, "https://d111111abcdef8.cloudfront.net"),
        (SITE, "https://races.example.com"),
        (SITE, "https://10.1.2.3"),
        (GATEWAY, "https://a1b2.execute-api.eu-west-1.amazonaws.com/prod"),
        (GATEWAY, "https://a1b2.execute-api.cn-north-1.amazonaws.com.cn/prod"),
        (aws("email"), "https://email.eu-west-1.amazonaws.com"),
        (aws("email"), "https://email-fips.us-gov-west-1.amazonaws.com"),
        (aws("email"), "https://vpce-0a1b-2c3d.email.eu-west-1.vpce.amazonaws.com"),
        (aws("email"), "https://email.eusc-de-east-1.amazonaws.eu"),
        (aws("sqs"), "https://sqs.eu-west-1.amazonaws.com/123456789012/events"),
        (aws("sqs"), "https://eu-west-1.queue.amazonaws.com/123456789012/events"),
        (aws("sts"), "https://sts.amazonaws.com"),
        (aws("cognito-idp"), "https://cognito-idp.eu-west-1.api.aws"),
        (MAIL_SERVER, "https://mail.example.com"),
    ],
)
def test_a_real_address_is_taken(service: Outside, address: str) -> None:
    assert Reach.LIVE.admit(address, service) == address


@pytest.mark.parametrize(
    ("service", "address"),
    [
        (ENTRA, "https://login.microsoftonline.com.example.com"),
        (ENTRA, "https://login.practice.example"),
        (GRAPH, "https://graph.microsoft.com.example.org"),
        (GRAPH, "https://login.microsoftonline.com"),
        (GATEWAY, "https://execute-api.eu-west-1.amazonaws.com.example.com"),
        (GATEWAY, "https://bucket.s3.amazonaws.com"),
        (aws("email"), "https://email.s3.amazonaws.com"),
        (aws("email"), "https://a1b2.execute-api.eu-west-1.amazonaws.com"),
        (aws("email"), "https://sqs.eu-west-1.amazonaws.com"),
        (aws("email"), "https://email.eu-west-1.amazonaws.com.example.com"),
        (aws("sqs"), "https://ec2-1-2-3-4.compute-1.amazonaws.com"),
        (GRAPH, "http://graph.microsoft.com/v1.0"),
        (SITE, "ftp://races.example.com"),
        (SITE, "//races.example.com"),
        (SITE, "https://races.example.com:99999"),
        (SITE, "https://races.example.com\\@127.0.0.1"),
        (SITE, "https://"),
    ],
)
def test_a_look_alike_is_not(service: Outside, address: str) -> None:
    with pytest.raises(BadSettings, match=r"^[^\n]+[.]$"):
        Reach.LIVE.admit(address, service)


@given(st.integers(min_value=0, max_value=2**32 - 1), st.sampled_from(["dotted", "decimal", "hex", "octal", "mapped"]))
def test_a_number_means_the_same_in_every_spelling(value: int, spelling: str) -> None:
    parts = [value >> shift & 255 for shift in (24, 16, 8, 0)]
    dotted = ".".join(map(str, parts))
    spelled = {
        "dotted": dotted,
        "decimal": str(value),
        "hex": f"0x{value:x}",
        "octal": ".".join(f"0{part:o}" for part in parts),
        "mapped": f"::ffff:{dotted}",
    }[spelling]
    assert where(spelled) == where(dotted)
    assert (where(spelled) is Where.THIS_MACHINE) == (parts[0] in (0, 127))


@given(st.text(max_size=40))
def test_any_text_is_judged_and_nothing_but_a_sentence_comes_of_it(text: str) -> None:
    where(text)
    is_this_machine(text)
    for reach in Reach:
        with suppress(BadSettings):
            reach.admit(f"https://{text}", SITE, ask=False)


def test_a_name_is_asked_for_and_one_address_of_this_computer_is_enough() -> None:
    with pytest.raises(BadSettings, match="leads to this computer"):
        Reach.LIVE.admit(f"https://{THIS_MACHINE_BY_NAME}", SITE)
    assert Reach.LIVE.admit(f"https://{THIS_MACHINE_BY_NAME}", SITE, ask=False)


def test_a_practice_world_that_answers_a_live_event_is_refused_whoever_it_says_it_is() -> None:
    marked = {"X-Practice-World": "deepracer-rehearsal"}
    with pytest.raises(AccessDenied, match="names itself a practice world, but the mode is live"):
        Reach.LIVE.believe(marked, GRAPH)
    Reach.PRACTICE.believe(marked, GRAPH)
    Reach.LIVE.believe({"content-type": "application/json"}, GRAPH)


def test_every_client_of_a_session_is_watched() -> None:
    client = open_session(Reach.LIVE).create_client(
        "sts",
        region_name="eu-west-1",
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id=KEYS["access_key_id"],
        aws_secret_access_key=KEYS["secret_access_key"],
    )
    with pytest.raises(BadSettings, match="leads to this computer"):
        client.get_caller_identity()
    client.close()
