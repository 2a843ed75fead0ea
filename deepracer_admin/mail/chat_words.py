"""A notice in the form that a chat takes. What we write is text there and never markup (chat-webhooks.md 1 and 2)."""

from __future__ import annotations

from typing import Any

from deepracer_admin.model.notices import Notice

__all__ = ["for_slack", "for_teams"]

_TEAMS_COLOUR = {"red": "Attention", "amber": "Warning", "green": "Good"}
LONGEST_TITLE, LONGEST_LINE = 140, 1_500  # characters; Slack takes 150 in a header and 3,000 in a section


def for_teams(notice: Notice) -> dict[str, Any]:
    """A message with one adaptive card (chat-webhooks.md 1). A TextRun knows no markup, so nothing becomes a link."""
    title = _run(
        _cut(notice.title, LONGEST_TITLE),
        size="Medium",
        weight="Bolder",
        color=_TEAMS_COLOUR.get(notice.level, "Default"),
    )
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": _cut(notice.title, LONGEST_TITLE),
        "msteams": {"width": "Full"},
        "body": [title, *(_run(_cut(line, LONGEST_LINE)) for line in notice.lines)],
        "actions": [{"type": "Action.OpenUrl", "title": "Open the console", "url": notice.link}],
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "contentUrl": None, "content": card}]}


def _run(text: str, **look: str) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **look}]}


def for_slack(notice: Notice) -> dict[str, Any]:
    """Blocks of plain text, and a button (chat-webhooks.md 2). `text` is what a phone's notification shows."""
    title = _cut(notice.title, LONGEST_TITLE)
    body = [
        {"type": "section", "text": {"type": "plain_text", "text": _cut(line, LONGEST_LINE)}} for line in notice.lines
    ]
    button = {"type": "button", "text": {"type": "plain_text", "text": "Open the console"}, "url": notice.link}
    return {
        "text": _escaped(title),
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": title}},
            *body,
            {"type": "actions", "elements": [button]},
        ],
        "unfurl_links": False,
    }


def _escaped(text: str) -> str:
    """`<` begins a link or a mention in Slack's own markup, such as <!channel>."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
