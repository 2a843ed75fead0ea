"""Mail templates: nothing leaks, nothing breaks out of its part."""

from __future__ import annotations

import html
import re
import tomllib
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.errors import BadInput
from deepracer_admin.flows.letters import shipped_templates
from deepracer_admin.rules.templates import (
    PLACEHOLDERS,
    REQUIRED,
    Template,
    check_template,
    mask_password,
    render,
    unlinked,
)

VALUES = {name: f"value of {name}" for name in PLACEHOLDERS}
text = st.text(min_size=1, max_size=80).filter(lambda value: bool(value.strip()))
values = st.fixed_dictionaries({name: text for name in PLACEHOLDERS})


def template(body: str = "Hello {name}", subject: str = "To {name}") -> Template:
    return Template("x", "en", 1, subject, body)


@pytest.mark.parametrize("shipped", shipped_templates().values(), ids=lambda t: f"{t.key}-{t.language}")
@given(values=values)
def test_no_shipped_text_shows_a_placeholder_to_anybody(shipped: Template, values: dict[str, str]) -> None:
    clean = {name: value.replace("{", "(").replace("}", ")") for name, value in values.items()}
    mail = render(shipped, clean)
    for part in (mail.subject, mail.text, mail.html.partition("<body")[2].partition(">")[2]):
        assert not re.search(r"\{[a-z_]*\}", part)


@given(values=values)
def test_a_value_is_never_read_as_a_placeholder_itself(values: dict[str, str]) -> None:
    values["name"] = "{alias}"
    assert "{alias}" in render(template("Hello {name}, {alias}"), values).text


@given(value=text)
def test_no_value_breaks_the_subject_line(value: str) -> None:
    mail = render(template(), VALUES | {"name": value}, mark="[REHEARSAL] ")
    assert len(mail.subject.splitlines()) == 1
    assert mail.subject.startswith("[REHEARSAL] ")


@given(value=text)
def test_html_holds_values_as_text_only(value: str) -> None:
    mail = render(template("{name}", "s"), VALUES | {"name": f"<script>{value}</script><img src=x onerror=y>"})
    body = mail.html.partition("<body")[2]
    assert "<script" not in body
    assert "<img" not in body


@given(quote=st.sampled_from(["'", '"', "<", ">"]))
def test_a_link_ends_before_anything_that_could_leave_its_attribute(quote: str) -> None:
    mail = render(template("Go: {portal_link}"), VALUES | {"portal_link": f"https://a.example.com/{quote}onload=x"})
    (address,) = re.findall(r'href="([^"]*)"', mail.html)
    assert address == "https://a.example.com/"


AUTOLINKED = re.compile(  # what programs that show mail make a link of, without being told
    r"[a-z][a-z0-9+.-]*://|\bwww\.\S|\\\\|[^\s@]@[^\s@]|\w[.\u3002\uff0e\uff61]\w", re.IGNORECASE
)
ADDRESSES = [
    "Visit http://evil.example",
    "evil.com",
    "www.evil.com/login?a=b",
    "HTTPS://evil.example:8080/x",
    "ftp://evil.example",
    "a@evil.example",
    "mailto:a@evil.example",
    r"\\evil\share",
    "//evil.example/x",
    "evil。example",
    "10.0.0.1/x",
    "ada．example",
]


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_name_that_holds_an_address_is_no_link_anywhere(name: str) -> None:
    values = VALUES | {"name": name, "alias": name, "portal_link": "https://good.example/portal"}
    mail = render(template("Hello {name}, called {alias}.\nSign in: {portal_link}", "For {name}"), values)
    assert re.findall(r'href="([^"]*)"', mail.html) == ["https://good.example/portal"]
    said = [
        mail.subject,
        mail.text.partition("\nSign in")[0],
        html.unescape(mail.html.partition("Hello ")[2]).partition("<br>")[0],
    ]
    for part in said:
        assert not AUTOLINKED.search(part), part
    letters = [character for character in name if character.isalnum()]
    assert [character for character in mail.subject.removeprefix("For ") if character.isalnum()] == letters, (
        "all is shown"
    )


@given(value=st.text(alphabet="ab.:/@\\ 。www-", min_size=1, max_size=30))
def test_whatever_a_name_is_no_program_makes_a_link_of_it(value: str) -> None:
    assert not AUTOLINKED.search(unlinked(value)), unlinked(value)
    assert unlinked(unlinked(value)) == unlinked(value)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ada Lovelace", "Ada Lovelace"),
        ("Dr.Rossi", "Dr. Rossi"),
        ("J.R.R. Tolkien", "J. R. R. Tolkien"),
        ("O'Neil-Smith, Jr.", "O'Neil-Smith, Jr."),
        ("Anna (IT/HR)", "Anna (IT/HR)"),
        ("山田 太郎", "山田 太郎"),
    ],
)
def test_names_stay_names(name: str, shown: str) -> None:
    assert unlinked(name) == shown


def test_only_web_addresses_become_links() -> None:
    mail = render(template("{portal_link}"), VALUES | {"portal_link": "javascript:alert(1)"})
    assert "<a " not in mail.html


def test_an_address_with_an_ampersand_is_linked_as_it_is() -> None:
    mail = render(template("{portal_link}"), VALUES | {"portal_link": "https://a.example.com/?a=1&b=2"})
    (address,) = re.findall(r'href="([^"]*)"', mail.html)
    assert html.unescape(address) == "https://a.example.com/?a=1&b=2"


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_a_missing_value_is_named(name: str) -> None:
    with pytest.raises(BadInput, match=re.escape("{" + name + "}")):
        render(template("{" + name + "}", "s"), VALUES | {name: " "})


@pytest.mark.parametrize("name", sorted(set(PLACEHOLDERS) - REQUIRED))
def test_the_line_of_an_empty_optional_value_is_left_out(name: str) -> None:
    mail = render(template("First\nSee {" + name + "} here\nLast", "s"), VALUES | {name: ""})
    assert mail.text == "First\nLast\n"


@pytest.mark.parametrize(
    ("subject", "body", "sentence"),
    [
        ("", "x", "Subject: write one"),
        ("a\nb", "x", "one line"),
        ("a" * 201, "x", "200 characters"),
        ("s", " ", "no text"),
        ("s", "x" * 20_001, "20,000"),
        ("s", "{password}", r"\{password\} is no placeholder"),
        ("{naem}", "x", "Subject: "),
    ],
)
def test_a_wrong_template_is_refused_with_what_is_wrong(subject: str, body: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        check_template(template(body, subject))


def test_every_language_has_the_same_mails() -> None:
    keys: dict[str, set[str]] = {}
    for key, language in shipped_templates():
        keys.setdefault(language, set()).add(key)
    assert keys["en"] == keys["it"]


@pytest.mark.parametrize("language", ["en", "it"])
def test_a_first_password_is_hidden_in_text_and_html_and_a_preview_is_left_as_it_is(language: str) -> None:
    path = resources.files("deepracer_admin.mail").joinpath("texts", f"{language}.toml")
    note = tomllib.loads(path.read_text(encoding="utf-8"))["password_note"]["pool"]
    said = "Hello\n" + note.replace("{password}", "x-Yz+9_=.qwErT").replace("{until}", "Monday") + "\nBye"
    for text in (said, said.replace("\n", "<br>\n")):
        hidden = mask_password(text, note)
        assert "x-Yz+9_=.qwErT" not in hidden
        assert "Yz+9" not in hidden
        assert "••••••••" in hidden
        assert hidden.endswith("Bye")
        assert "Monday" in hidden
    shown = note.replace("{password}", "(made when it is sent)")
    assert mask_password(shown, note) == shown
    assert mask_password("Your first password: abc", "") == "Your first password: abc"
