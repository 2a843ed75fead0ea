"""The pages of the event portal: HTML alone, no script, no cookie, nothing from elsewhere. Every value is escaped.

Made to WCAG 2.2 AA: one heading each, every field with its label, its hint and its error tied to it, a summary of
errors that leads to the fields, colours of 4.5 : 1 or better in light and dark, targets of 44 pixels.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from importlib import resources
from urllib.parse import quote

from starlette.responses import HTMLResponse

from deepracer_admin.model import Event
from deepracer_admin.model.registrations import Question, QuestionKind, RegistrationState
from deepracer_admin.rules.portal import readable
from deepracer_admin.rules.registration import TRAP, Problem
from deepracer_admin.services.people.public_registration import LinkState, OwnPage, ShownPortal
from deepracer_admin.web.portal_words import LANGUAGES, Words, words

__all__ = ["closed_page", "form_page", "message_page", "own_page", "path_of", "several_page", "told_page"]

_SHOWN_DOMAINS = 5


def path_of(event: str, *more: str) -> str:
    """A path of one event's portal."""
    return "/".join(["/register", quote(event, safe=""), *more])


# -------------------------------------------------------------------------------------------------------- the form


def form_page(
    shown: ShownPortal, say: Words, fields: Mapping[str, str], problems: Mapping[str, Problem]
) -> HTMLResponse:
    """The form, as it was filled in, with what is wrong."""
    event, form = shown.event, _Form(shown, say, fields, problems)
    text = shown.portal.texts.get(say.code)
    welcome = _paragraphs(text.welcome if text and text.welcome else say("form.intro"))
    inputs = [
        form.line("email", "email", kind="email", complete="email"),
        form.line("name", "name", optional=True, complete="name"),
        form.line("racer_name", "racer_name", optional=True, complete="off"),
        form.yes_no("new_to_ml", say("form.new_to_ml"), required=True),
        form.yes_no("new_to_aws", say("form.new_to_aws"), required=True),
        *(form.question(each) for each in shown.portal.questions),
        form.consent(),
        form.trap(),
    ]
    action = _e(f"{path_of(event.id)}?lang={say.code}")
    main = (
        f'<div class="card"><h1>{_e(say("form.title"))}</h1><div class="soft">{welcome}</div>{form.summary()}'
        f'<form method="post" action="{action}" id="form" novalidate accept-charset="utf-8">{"".join(inputs)}'
        f"<button>{_e(say('form.send'))}</button></form></div>"
    )
    title = f"{say('error.page')}: {say('form.title')}" if problems else say("form.title")
    return _page(
        say, title, main, shown=shown, aside=_aside(shown, say, steps=True), status=422 if problems else 200, here=""
    )


class _Form:
    """Fields with their labels, hints and errors."""

    def __init__(
        self, shown: ShownPortal, say: Words, fields: Mapping[str, str], problems: Mapping[str, Problem]
    ) -> None:
        self._shown, self._say, self._fields, self._problems = shown, say, fields, problems
        self._titles = {f"q-{each.id}": _title(each, say) for each in shown.portal.questions}

    def summary(self) -> str:
        if not self._problems:
            return ""
        say, count = self._say, len(self._problems)
        head = say("error.summary_one") if count == 1 else say("error.summary", count=count)
        items = "".join(
            f'<li><a href="#{_e(self._first_of(field))}">{_e(self._sentence(field))}</a></li>'
            for field in self._problems
        )
        return f'<div class="summary" role="alert" tabindex="-1"><h2>{_e(head)}</h2><ul>{items}</ul></div>'

    def line(
        self, field: str, words_of: str, *, optional: bool = False, kind: str = "text", complete: str = "off"
    ) -> str:
        say = self._say
        hint = say(f"form.{words_of}_hint", domains=_domains(self._shown))
        return self._field(
            field,
            f'<label for="{field}">{_e(say(f"form.{words_of}"))}{self._tag(optional)}</label>'
            f'<p class="hint" id="{field}-hint">{_e(hint)}</p>'
            f"{self._input(field, kind, complete, required=not optional, described=f'{field}-hint')}",
        )

    def yes_no(self, field: str, title: str, *, required: bool) -> str:
        say = self._say
        return self._radios(field, title, (("yes", say("form.yes")), ("no", say("form.no"))), required=required)

    def question(self, question: Question) -> str:
        field, title = f"q-{question.id}", _title(question, self._say)
        if question.kind is QuestionKind.YES_NO:
            return self.yes_no(field, title, required=question.required)
        label = f'<label for="{_e(field)}">{_e(title)}{self._tag(not question.required)}</label>'
        if question.kind is QuestionKind.TEXT:
            return self._field(field, label + self._input(field, "text", "off", required=question.required))
        shown = question.choices.get(self._say.code, question.options)
        chosen = self._fields.get(field, "")
        options = "".join(
            f'<option value="{_e(option)}"{" selected" if option == chosen else ""}>{_e(name)}</option>'
            for option, name in zip(question.options, shown, strict=True)
        )
        attributes = self._attributes(field, required=question.required)
        first = f'<option value="">{_e(self._say("form.choose"))}</option>'
        return self._field(field, f'{label}<select id="{_e(field)}" {attributes}>{first}{options}</select>')

    def consent(self) -> str:
        say, portal, event = self._say, self._shown.portal, self._shown.event
        own = portal.texts.get(say.code)
        parts = [own.consent if own and own.consent.strip() else _other_consent(self._shown) or _shipped(say, event)]
        version = portal.consent_version
        checked = " checked" if self._fields.get("consent") == str(version) else ""
        return f'<h2>{_e(say("page.privacy"))}</h2><div class="notice">{_paragraphs(parts[0])}</div>' + self._field(
            "consent",
            f'<div class="agree"><label><input type="checkbox" id="consent" value="{version}"{checked} '
            f"{self._attributes('consent', required=True)}><span>{_e(say('form.consent'))}</span></label></div>",
        )

    def trap(self) -> str:
        """A field for programs alone: not seen, not read aloud, not reached by the keyboard."""
        return (
            f'<div class="trap" aria-hidden="true"><label for="{TRAP}">{_e(self._say("form.trap"))}</label>'
            f'<input type="text" id="{TRAP}" name="{TRAP}" tabindex="-1" autocomplete="off"></div>'
        )

    def _radios(self, field: str, title: str, options: Iterable[tuple[str, str]], *, required: bool) -> str:
        chosen = self._fields.get(field, "")
        boxes = "".join(
            f'<label><input type="radio" id="{_e(field)}-{value}" value="{value}"'
            f"{' checked' if value == chosen else ''} {self._attributes(field, required=required)}>"
            f"<span>{_e(name)}</span></label>"
            for value, name in options
        )
        return self._field(
            field,
            f'<legend>{_e(title)}{self._tag(not required)}</legend><div class="choices">{boxes}</div>',
            element="fieldset",
        )

    def _field(self, field: str, inside: str, *, element: str = "div") -> str:
        wrong, error = "", ""
        if field in self._problems:
            wrong = " wrong"
            error = f'<p class="error" id="{_e(field)}-error">{_e(self._sentence(field))}</p>'
        return f'<{element} class="field{wrong}">{inside}{error}</{element}>'

    def _input(self, field: str, kind: str, complete: str, *, required: bool, described: str = "") -> str:
        value = _e(self._fields.get(field, "")[:1000])
        attributes = self._attributes(field, required=required, described=described)
        return f'<input type="{kind}" id="{_e(field)}" value="{value}" autocomplete="{complete}" {attributes}>'

    def _attributes(self, field: str, *, required: bool, described: str = "") -> str:
        wrong = field in self._problems
        by = " ".join(filter(None, (described, f"{field}-error" if wrong else "")))
        parts = [f'name="{_e(field)}"', "required" if required else "", 'aria-invalid="true"' if wrong else ""]
        parts.append(f'aria-describedby="{_e(by)}"' if by else "")
        return " ".join(filter(None, parts))

    def _tag(self, optional: bool) -> str:
        return f' <span class="tag">({_e(self._say("form.optional"))})</span>' if optional else ""

    def _sentence(self, field: str) -> str:
        problem = self._problems[field]
        if field in self._titles:
            return self._say(f"problem.question_{problem}", title=self._titles[field])
        return self._say(f"problem.{field}_{problem}", domains=_domains(self._shown))

    def _first_of(self, field: str) -> str:
        """The element to go to: of a group of radio buttons the first."""
        yes_no = {f"q-{each.id}" for each in self._shown.portal.questions if each.kind is QuestionKind.YES_NO}
        return f"{field}-yes" if field in {"new_to_ml", "new_to_aws", *yes_no} else field


# ------------------------------------------------------------------------------------------------- what follows it


def told_page(shown: ShownPortal, say: Words) -> HTMLResponse:
    """After a form: the same for everybody."""
    back = _e(f"{path_of(shown.event.id)}?lang={say.code}")
    main = (
        f'<div class="card"><h1>{_e(say("sent.title"))}</h1><p>{_e(say("sent.text"))}</p><p>{_e(say("sent.hint"))}</p>'
        f'<p class="soft">{_e(say("sent.same"))}</p>'
        f'<p><a class="button plain" href="{back}">{_e(say("sent.again"))}</a></p></div>'
    )
    return _page(say, say("sent.title"), main, shown=shown, aside=_aside(shown, say), here="/sent")


def closed_page(shown: ShownPortal, say: Words, *, status: int = 200) -> HTMLResponse:
    main = _told(say("closed.title"), say("closed.text", event=shown.event.name))
    return _page(say, say("closed.title"), main, shown=shown, aside=_aside(shown, say), status=status, here="")


def several_page(portals: Iterable[ShownPortal], say: Words) -> HTMLResponse:
    """/register alone, where it does not say of which event."""
    found = [*portals]
    if not found:
        return message_page(say, "closed.none_title", "closed.none_text", status=404)
    items = "".join(
        f'<li><a href="{_e(path_of(each.event.id))}?lang={say.code}">{_e(each.event.name)}</a>, '
        f"{_e(say.instant(each.event.starts_at, each.event.zone))}</li>"
        for each in found
    )
    main = f'<div class="card"><h1>{_e(say("closed.several_title"))}</h1><ul>{items}</ul></div>'
    return _page(say, say("closed.several_title"), main, rehearsal=found[0].rehearsal)


def message_page(
    say: Words, title: str, text: str, *, shown: ShownPortal | None = None, status: int = 200
) -> HTMLResponse:
    """One heading and one sentence, by their keys."""
    return _page(say, say(title), _told(say(title), say(text)), shown=shown, status=status)


def _told(title: str, text: str) -> str:
    return f'<div class="card"><h1>{_e(title)}</h1><p>{_e(text)}</p></div>'


# ---------------------------------------------------------------------------------------------------- the own page


def own_page(shown: ShownPortal, say: Words, page: OwnPage, here: str) -> HTMLResponse:
    """What a mailed link opens. `here`: its own address, relative, for the button."""
    mine = page.registration
    if mine is None or page.link not in (LinkState.TO_CONFIRM, LinkState.OWN):
        key = f"link.{page.link}"
        back = _e(f"{path_of(shown.event.id)}?lang={say.code}")
        main = (
            f'<div class="card"><h1>{_e(say(f"{key}.title"))}</h1><p>{_e(say(f"{key}.text"))}</p>'
            f'<p><a class="button plain" href="{back}">{_e(say("sent.again"))}</a></p></div>'
        )
        return _page(say, say(f"{key}.title"), main, shown=shown, status=410 if page.link is LinkState.ENDED else 404)
    if page.link is LinkState.TO_CONFIRM:
        wished = mine.racer_name or say("confirm.given")
        main = (
            f'<div class="card"><h1>{_e(say("confirm.title"))}</h1>'
            f"<p>{_e(say('confirm.text', event=shown.event.name))}</p>"
            f"<dl><dt>{_e(say('confirm.email'))}</dt><dd>{_e(mine.email)}</dd>"
            f"<dt>{_e(say('confirm.racer_name'))}</dt><dd>{_e(wished)}</dd></dl>"
            f'<form method="post" action="{_e(here)}"><button>{_e(say("confirm.button"))}</button></form>'
            f'<p class="soft">{_e(say("confirm.not_you"))}</p></div>'
        )
        return _page(say, say("confirm.title"), main, shown=shown, aside=_aside(shown, say))
    return _page(say, say("own.title"), _state(shown, say, page, here), shown=shown, aside=_aside(shown, say))


def _state(shown: ShownPortal, say: Words, page: OwnPage, here: str) -> str:
    mine = page.registration
    assert mine is not None  # noqa: S101 - own_page asked
    key = str(mine.state)
    if mine.state is RegistrationState.VERIFIED and shown.portal.by_hand and not mine.approved:
        key = "by_hand"
    text = say(f"state.{key}.text", event=shown.event.name, place=page.place)
    parts = [f'<p class="good" role="status">{_e(say("own.confirmed"))}</p>' if page.confirmed_now else ""]
    parts.append(f"<h1>{_e(say(f'state.{key}.title'))}</h1><p>{_e(text)}</p>")
    if mine.state is RegistrationState.ACCEPTED:
        parts.append(_where_to_race(shown, say, page))
    if mine.state is not RegistrationState.ACCEPTED:
        parts.append(f'<p><a class="button plain" href="{_e(here)}">{_e(say("own.look_again"))}</a></p>')
    parts.append(f'<p class="soft">{_e(say("own.keep"))}</p>')
    return f'<div class="card">{"".join(parts)}</div>'


def _where_to_race(shown: ShownPortal, say: Words, page: OwnPage) -> str:
    event = shown.event
    way_in = say("own.way_in_mailed") if page.mailed else say("own.way_in_coming")
    sign_in = _link(event.portal_url, say("own.sign_in"), "button") if page.mailed else ""
    races = "".join(
        f"<li>{_link(race.share_link, race.draft.name) or _e(race.draft.name)}<br>"
        f'<span class="soft">{_e(_between(say, event, race.draft.opens_at, race.draft.closes_at))}</span></li>'
        for race in page.races
    )
    return (
        f'<dl><dt>{_e(say("own.racer_name"))}</dt><dd class="racer">{_e(page.racer_name)}</dd>'
        f"<dt>{_e(say('own.way_in'))}</dt><dd>{_e(way_in)}</dd></dl>"
        f"{f'<p>{sign_in}</p>' if sign_in else ''}"
        f"<h2>{_e(say('own.races'))}</h2>" + (f"<ul>{races}</ul>" if races else f"<p>{_e(say('own.no_races'))}</p>")
    )


# ------------------------------------------------------------------------------------------------------- the frame


def _aside(shown: ShownPortal, say: Words, *, steps: bool = False) -> str:
    """Dates, material, how it works."""
    event = shown.event
    cards = [
        f"<h2>{_e(say('page.when'))}</h2><p>{_e(_between(say, event, event.starts_at, event.ends_at))}</p>"
        f'<p class="soft">{_e(say("page.zone", zone=event.zone))}</p>'
    ]
    text = shown.portal.texts.get(say.code)
    if text and text.how_to.strip():
        cards.append(f"<h2>{_e(say('page.how_to'))}</h2>{_paragraphs(text.how_to)}")
    elif steps:
        items = "".join(f"<li>{_e(each)}</li>" for each in say.lines("page.steps"))
        cards.append(f"<h2>{_e(say('page.how_to'))}</h2><ol>{items}</ol>")
    links = [(each.title, each.address) for each in shown.portal.material]
    if event.material_url and event.material_url not in {address for _, address in links}:
        links.insert(0, (say("page.material_of_event"), event.material_url))
    listed = "".join(f"<li>{found}</li>" for title, address in links if (found := _link(address, title)))
    if listed:
        cards.append(f"<h2>{_e(say('page.material'))}</h2><ul>{listed}</ul>")
    return "<aside>" + "".join(f'<section class="card">{card}</section>' for card in cards) + "</aside>"


def _between(say: Words, event: Event, start, end) -> str:
    first, last = say.span(start, end, event.zone)
    return say("page.from_to", start=first, end=last)


def _page(
    say: Words,
    title: str,
    main: str,
    *,
    shown: ShownPortal | None = None,
    aside: str = "",
    status: int = 200,
    here: str | None = None,
    rehearsal: bool = False,
) -> HTMLResponse:
    """`here`: the path below the event's, where the page can be read in another language."""
    name = shown.event.name if shown else ""
    rehearsal = rehearsal or bool(shown and shown.rehearsal)
    mark = f'<p class="mark">{_e(say("page.rehearsal"))}</p>' if rehearsal else ""
    band = ""
    if shown is not None:
        start = say.instant(shown.event.starts_at, shown.event.zone)
        nav = _languages(shown, say, here) if here is not None else ""
        band = f'<header class="band"><div><p class="event">{_e(name)}</p><p>{_e(start)}</p>{nav}</div></header>'
    style = _style()
    document = (
        f'<!doctype html><html lang="{say.code}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{_e(' · '.join(filter(None, (title, name))))}</title><style>{style}</style></head><body>"
        f'<a class="skip" href="#main">{_e(say("page.skip"))}</a>{mark}{band}'
        f'<div class="wrap {"two" if aside else "one"}"><main id="main" tabindex="-1">{main}</main>{aside}</div>'
        f"<footer><p>{_e(say('page.footer'))}</p></footer></body></html>"
    )
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return HTMLResponse(
        document,
        status_code=status,
        headers={
            "Content-Security-Policy": policy,
            "Cache-Control": "no-store",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
            "Cross-Origin-Opener-Policy": "same-origin",
            "X-Robots-Tag": "noindex",
        },
    )


def _languages(shown: ShownPortal, say: Words, here: str) -> str:
    parts = []
    for code in LANGUAGES:
        name = _e(words(code).name)
        if code == say.code:
            parts.append(f'<span aria-current="true" lang="{code}">{name}</span>')
        else:
            address = _e(f"{path_of(shown.event.id)}{here}?lang={code}")
            parts.append(f'<a href="{address}" lang="{code}" hreflang="{code}">{name}</a>')
    return f'<nav aria-label="{_e(say("page.other_language"))}">{"".join(parts)}</nav>'


def _domains(shown: ShownPortal) -> str:
    found = shown.portal.domains
    return ", ".join(found[:_SHOWN_DOMAINS]) + (", …" if len(found) > _SHOWN_DOMAINS else "")


def _title(question: Question, say: Words) -> str:
    return question.titles.get(say.code) or question.title


def _other_consent(shown: ShownPortal) -> str:
    """The organizers' consent text in another language: better than one they did not write."""
    return next((text.consent for text in shown.portal.texts.values() if text.consent.strip()), "")


def _shipped(say: Words, event: Event) -> str:
    text = say("form.consent_text")
    if not event.erase_on:
        return text
    until = say("form.consent_until", date=say.day(date.fromisoformat(event.erase_on)))
    return f"{text.rpartition('. ')[0]}. {until}"


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{_e(part).replace(chr(10), '<br>')}</p>" for part in readable(text))


def _link(address: str, title: str, kind: str = "") -> str:
    """A link out; "" for what is no web address."""
    if not address.startswith(("https://", "http://")):
        return ""
    css = f' class="{kind}"' if kind else ""
    return f'<a{css} href="{_e(address)}" rel="noopener noreferrer">{_e(title)}</a>'


def _e(text: str) -> str:
    return html.escape(text, quote=True)


@cache
def _style() -> str:
    return resources.files("deepracer_admin.web").joinpath("portal", "portal.css").read_text(encoding="utf-8").strip()


@cache
def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
