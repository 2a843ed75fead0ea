"""The words of the field, one for each thing, and the words that no screen says. Pure; docs/words.md is made of it."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["FORBIDDEN", "STATES", "TERMS", "forbidden_in"]

TERMS: Mapping[str, str] = {
    "access": "what lets somebody into the racing service; proven when the service itself lists them",
    "alarm": "something that went wrong and waits for a person; said once, and over when it is over",
    "attendee": "a person on the event's list",
    "budget": "the most that the event may cost, in US dollars",
    "close": "end the event in the only safe order, and prove that access is gone",
    "committed": "what queued and running jobs will still cost, an estimate",
    "hours": "training and evaluation time that a person used or may use",
    "invitation": "the mail with which the racing service, or this console, lets somebody in",
    "leaderboard": "the standings of a race",
    "leftover": "what closing could not do, with its reason and the way out",
    "limit": "the most hours or models that somebody may have",
    "mail": "a message of this console to attendees; each is listed with what became of it",
    "pause": "stop new trainings of somebody; what runs goes on",
    "practice time": "the clock of a rehearsal; it may go faster than real time",
    "profile": "somebody's account in the racing service",
    "race": "a track, a window of time and rules; whoever enters submits models to it",
    "racer": "somebody with a profile",
    "racer name": "the name that stands on the leaderboard instead of the person's own",
    "registration": "what somebody gave on the event portal",
    "slot": "room for one training or evaluation at a time in the account",
    "spend": "what was used so far, an estimate from the price list until the bill comes",
    "sponsorship": "the company pays: people may train",
}
"""A term and what it means."""

STATES: Mapping[str, str] = {
    "todo": "to do",
    "waiting": "waiting",
    "retry": "waiting",
    "done": "done",
    "already": "done",
    "refused": "refused",
    "unknown": "not known",
}
"""State of a person's step -> its one name on every page."""

FORBIDDEN: Mapping[str, str] = {
    r"\bworkers?\b": "the console, or say nothing",
    r"\breconcil\w*": "say what is done",
    r"\bread(s|ing)?( \w+)?[ -]back\b": "seen at the service",
    r"\bledgers?\b": "every mail",
    r"\bepochs?\b": "say nothing",
    r"\b[Aa]lias(es)?\b": "racer name",
    r"\bleases?\b": "say nothing",
    r"\badapters?\b": "the service's own name",
    r"\bpayloads?\b": "what was sent",
    r"\bNone\b(?! of\b)|\bnone_\w+|\bnan\b|\bNaT\b": "“–”, or what is missing",
    r"(?<![\w.,:–-])-1(?![\w.,:%])": "no limit",
    r"\b(?:at|pr|job|reg|ev)-[0-9a-f]{16}\b": "the name",
}
"""Pattern of what no screen says (as a person sees it) -> what to say instead."""
_PATTERNS = {re.compile(pattern): instead for pattern, instead in FORBIDDEN.items()}


def forbidden_in(text: str) -> list[str]:
    """Every such word in a text that is shown, with what to say instead."""
    return [
        f"“{found.group(0)}”: {instead}" for pattern, instead in _PATTERNS.items() for found in pattern.finditer(text)
    ]
