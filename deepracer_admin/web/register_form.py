"""The form of the portal: every field has its label, its hint and its error tied to it (WCAG 2.2, 1.3.1 and 3.3.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from starlette.responses import HTMLResponse

from deepracer_admin.model import Event
from deepracer_admin.model.registrations import Question, QuestionKind
from deepracer_admin.rules.registration import TRAP, Problem
from deepracer_admin.services.people.public_registration import ShownPortal
from deepracer_admin.web.portal_frame import aside, e, framed, paragraphs, path_of
from deepracer_admin.web.portal_words import Words

__all__ = ["form_page"]

_SHOWN_DOMAINS = 5


def form_page(
    shown: ShownPortal, say: Words, fields: Mapping[str, str], problems: Mapping[str, Problem]
) -> HTMLResponse:
    """The form, as it was filled in, with what is wrong."""
    event, form = shown.event, _Form(shown, say, fields, problems)
    text = shown.portal.texts.get(say.code)
    welcome = paragraphs(text.welcome if text and text.welcome else say("form.intro"))
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
    action = e(f"{path_of(event.id)}?lang={say.code}")
    main = (
        f'<div class="card"><h1>{e(say("form.title"))}</h1><div class="soft">{welcome}</div>{form.summary()}'
        f'<form method="post" action="{action}" id="form" novalidate accept-charset="utf-8">{"".join(inputs)}'
        f"<button>{e(say('form.send'))}</button></form></div>"
    )
    title = f"{say('error.page')}: {say('form.title')}" if problems else say("form.title")
    return framed(
        say, title, main, shown=shown, beside=aside(shown, say, steps=True), status=422 if problems else 200, here=""
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
            f'<li><a href="#{e(self._first_of(field))}">{e(self._sentence(field))}</a></li>' for field in self._problems
        )
        return f'<div class="summary" role="alert" tabindex="-1"><h2>{e(head)}</h2><ul>{items}</ul></div>'

    def line(
        self, field: str, words_of: str, *, optional: bool = False, kind: str = "text", complete: str = "off"
    ) -> str:
        say = self._say
        hint = say(f"form.{words_of}_hint", domains=_domains(self._shown))
        return self._field(
            field,
            f'<label for="{field}">{e(say(f"form.{words_of}"))}{self._tag(optional)}</label>'
            f'<p class="hint" id="{field}-hint">{e(hint)}</p>'
            f"{self._input(field, kind, complete, required=not optional, described=f'{field}-hint')}",
        )

    def yes_no(self, field: str, title: str, *, required: bool) -> str:
        say = self._say
        return self._radios(field, title, (("yes", say("form.yes")), ("no", say("form.no"))), required=required)

    def question(self, question: Question) -> str:
        field, title = f"q-{question.id}", _title(question, self._say)
        if question.kind is QuestionKind.YES_NO:
            return self.yes_no(field, title, required=question.required)
        label = f'<label for="{e(field)}">{e(title)}{self._tag(not question.required)}</label>'
        if question.kind is QuestionKind.TEXT:
            return self._field(field, label + self._input(field, "text", "off", required=question.required))
        shown = question.choices.get(self._say.code, question.options)
        chosen = self._fields.get(field, "")
        options = "".join(
            f'<option value="{e(option)}"{" selected" if option == chosen else ""}>{e(name)}</option>'
            for option, name in zip(question.options, shown, strict=True)
        )
        attributes = self._attributes(field, required=question.required)
        first = f'<option value="">{e(self._say("form.choose"))}</option>'
        return self._field(field, f'{label}<select id="{e(field)}" {attributes}>{first}{options}</select>')

    def consent(self) -> str:
        say, portal, event = self._say, self._shown.portal, self._shown.event
        own = portal.texts.get(say.code)
        parts = [own.consent if own and own.consent.strip() else _other_consent(self._shown) or _shipped(say, event)]
        version = portal.consent_version
        checked = " checked" if self._fields.get("consent") == str(version) else ""
        return f'<h2>{e(say("page.privacy"))}</h2><div class="notice">{paragraphs(parts[0])}</div>' + self._field(
            "consent",
            f'<div class="agree"><label><input type="checkbox" id="consent" value="{version}"{checked} '
            f"{self._attributes('consent', required=True)}><span>{e(say('form.consent'))}</span></label></div>",
        )

    def trap(self) -> str:
        """A field for programs alone: not seen, not read aloud, not reached by the keyboard."""
        return (
            f'<div class="trap" aria-hidden="true"><label for="{TRAP}">{e(self._say("form.trap"))}</label>'
            f'<input type="text" id="{TRAP}" name="{TRAP}" tabindex="-1" autocomplete="off"></div>'
        )

    def _radios(self, field: str, title: str, options: Iterable[tuple[str, str]], *, required: bool) -> str:
        chosen = self._fields.get(field, "")
        boxes = "".join(
            f'<label><input type="radio" id="{e(field)}-{value}" value="{value}"'
            f"{' checked' if value == chosen else ''} {self._attributes(field, required=required)}>"
            f"<span>{e(name)}</span></label>"
            for value, name in options
        )
        return self._field(
            field,
            f'<legend>{e(title)}{self._tag(not required)}</legend><div class="choices">{boxes}</div>',
            element="fieldset",
        )

    def _field(self, field: str, inside: str, *, element: str = "div") -> str:
        wrong, error = "", ""
        if field in self._problems:
            wrong = " wrong"
            error = f'<p class="error" id="{e(field)}-error">{e(self._sentence(field))}</p>'
        return f'<{element} class="field{wrong}">{inside}{error}</{element}>'

    def _input(self, field: str, kind: str, complete: str, *, required: bool, described: str = "") -> str:
        value = e(self._fields.get(field, "")[:1000])
        attributes = self._attributes(field, required=required, described=described)
        return f'<input type="{kind}" id="{e(field)}" value="{value}" autocomplete="{complete}" {attributes}>'

    def _attributes(self, field: str, *, required: bool, described: str = "") -> str:
        wrong = field in self._problems
        by = " ".join(filter(None, (described, f"{field}-error" if wrong else "")))
        parts = [f'name="{e(field)}"', "required" if required else "", 'aria-invalid="true"' if wrong else ""]
        parts.append(f'aria-describedby="{e(by)}"' if by else "")
        return " ".join(filter(None, parts))

    def _tag(self, optional: bool) -> str:
        return f' <span class="tag">({e(self._say("form.optional"))})</span>' if optional else ""

    def _sentence(self, field: str) -> str:
        problem = self._problems[field]
        if field in self._titles:
            return self._say(f"problem.question_{problem}", title=self._titles[field])
        return self._say(f"problem.{field}_{problem}", domains=_domains(self._shown))

    def _first_of(self, field: str) -> str:
        """The element to go to: of a group of radio buttons the first."""
        yes_no = {f"q-{each.id}" for each in self._shown.portal.questions if each.kind is QuestionKind.YES_NO}
        return f"{field}-yes" if field in {"new_to_ml", "new_to_aws", *yes_no} else field


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
