"""Settings of the event portal: domains, questions, texts, material. Pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

import idna

from deepracer_admin.errors import BadInput
from deepracer_admin.model.registrations import Portal, PortalLinkOut, Question, QuestionKind
from deepracer_admin.rules.portal_mails import check_mail
from deepracer_admin.rules.roster.addresses import problem_of
from deepracer_admin.rules.roster.people import fold

__all__ = ["QUESTIONS_AT_MOST", "check_portal", "normalise_domain", "question_id", "readable"]

QUESTIONS_AT_MOST = 10
OPTIONS_AT_MOST = 20
MATERIAL_AT_MOST = 10
DOMAINS_AT_MOST = 50
TEXT_AT_MOST = 5_000  # characters of one of the organizers' texts
TITLE_AT_MOST = 80


def normalise_domain(typed: str) -> str:
    """A domain as it is compared: ASCII after IDNA, lower case, whole. Raises BadInput for anything else."""
    plain = typed.strip().removeprefix("@").rstrip(".")
    try:
        domain = idna.encode(plain, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        domain = ""
    if "." not in domain or "*" in plain or problem_of(f"a@{domain}"):
        raise BadInput(
            f"Domains: “{plain[:60]}” is no domain of addresses. Write each whole, e.g. example.com; a domain below "
            "it (it.example.com) is one of its own."
        )
    return domain


def check_portal(portal: Portal) -> Portal:
    """The settings in their normal form. Raises BadInput with what to mend."""
    domains = tuple(dict.fromkeys(normalise_domain(each) for each in portal.domains))
    if len(domains) > DOMAINS_AT_MOST:
        raise BadInput(f"Domains: at most {DOMAINS_AT_MOST}.")
    if portal.open and not domains:
        raise BadInput("Domains: name at least one before the portal opens; without any nobody could register.")
    if portal.places < 0:
        raise BadInput("Places: 0 for no ceiling, or how many people the list may hold.")
    if len(portal.questions) > QUESTIONS_AT_MOST:
        raise BadInput(f"Questions: at most {QUESTIONS_AT_MOST}; each one costs you people who give up.")
    questions = tuple(_checked_question(each) for each in portal.questions)
    titles = [each.title.casefold() for each in questions]
    if len({*titles}) != len(titles):
        raise BadInput("Questions: two have the same words, so their answers could not be told apart.")
    if len(portal.material) > MATERIAL_AT_MOST:
        raise BadInput(f"Material: at most {MATERIAL_AT_MOST} links.")
    for text in portal.texts.values():
        if max(len(text.welcome), len(text.how_to), len(text.consent)) > TEXT_AT_MOST:
            raise BadInput(f"Texts: at most {TEXT_AT_MOST:,} characters each.")
    material = tuple(_checked_material(each) for each in portal.material)
    mails = {which: check_mail(which, mail) for which, mail in portal.mails.items()}
    return replace(portal, domains=domains, questions=questions, material=material, mails=mails)


def question_id(title: str) -> str:
    """The id of a new question, by its words: pure, as a change of the portal must be, and the same when it returns."""
    return hashlib.sha256(fold(title).casefold().encode()).hexdigest()[:8]


def _checked_question(question: Question) -> Question:
    title = fold(question.title)
    if not title or len(title) > TITLE_AT_MOST:
        raise BadInput(f"Questions: each needs words of its own, at most {TITLE_AT_MOST} characters.")
    options = tuple(dict.fromkeys(filter(None, map(fold, question.options))))
    if question.kind is not QuestionKind.CHOICE:
        options = ()
    elif not 2 <= len(options) <= OPTIONS_AT_MOST:
        raise BadInput(f"Question “{title}”: give 2 to {OPTIONS_AT_MOST} different options, or make it a text.")
    if any(len(option) > TITLE_AT_MOST for option in options):
        raise BadInput(f"Question “{title}”: an option has at most {TITLE_AT_MOST} characters.")
    choices = {language: names for language, names in question.choices.items() if len(names) == len(options)}
    return replace(question, title=title, options=options, choices=choices)


def _checked_material(link: PortalLinkOut) -> PortalLinkOut:
    title, address = fold(link.title), link.address.strip()
    if not re.fullmatch(r"https?://[^\s<>\"'\\]{4,500}", address):
        raise BadInput(f"Material “{title[:60]}”: the address must begin with https:// and hold no spaces.")
    if len(title) > TITLE_AT_MOST:
        raise BadInput(f"Material: a title has at most {TITLE_AT_MOST} characters.")
    return PortalLinkOut(title or address, address)


def readable(text: str) -> Sequence[str]:
    """Paragraphs of the organizers' text."""
    plain = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    return [part.strip() for part in re.split(r"\n\s*\n", plain) if part.strip()]
