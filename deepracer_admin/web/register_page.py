"""The pages of the portal beside its form: what is said after it, and what a mailed link opens. Every value is escaped.

Made to WCAG 2.2 AA: one heading each, colours of 4.5 : 1 or better in light and dark, targets of 44 pixels.
"""

from __future__ import annotations

from collections.abc import Iterable

from starlette.responses import HTMLResponse

from deepracer_admin.model.registrations import RegistrationState
from deepracer_admin.services.people.public_registration import LinkState, OwnPage, ShownPortal
from deepracer_admin.web.portal_frame import aside, between, e, framed, link_out, path_of
from deepracer_admin.web.portal_words import Words

__all__ = ["closed_page", "leave_page", "message_page", "own_page", "several_page", "told_page"]


def told_page(shown: ShownPortal, say: Words) -> HTMLResponse:
    """After a form: the same for everybody."""
    back = e(f"{path_of(shown.event.id)}?lang={say.code}")
    main = (
        f'<div class="card"><h1>{e(say("sent.title"))}</h1><p>{e(say("sent.text"))}</p><p>{e(say("sent.hint"))}</p>'
        f'<p class="soft">{e(say("sent.same"))}</p>'
        f'<p><a class="button plain" href="{back}">{e(say("sent.again"))}</a></p></div>'
    )
    return framed(say, say("sent.title"), main, shown=shown, beside=aside(shown, say), here="/sent")


def closed_page(shown: ShownPortal, say: Words, *, status: int = 200) -> HTMLResponse:
    main = _told(say("closed.title"), say("closed.text", event=shown.event.name))
    return framed(say, say("closed.title"), main, shown=shown, beside=aside(shown, say), status=status, here="")


def several_page(portals: Iterable[ShownPortal], say: Words) -> HTMLResponse:
    """/register alone, where it does not say of which event."""
    found = [*portals]
    if not found:
        return message_page(say, "closed.none_title", "closed.none_text", status=404)
    items = "".join(
        f'<li><a href="{e(path_of(each.event.id))}?lang={say.code}">{e(each.event.name)}</a>, '
        f"{e(say.instant(each.event.starts_at, each.event.zone))}</li>"
        for each in found
    )
    main = f'<div class="card"><h1>{e(say("closed.several_title"))}</h1><ul>{items}</ul></div>'
    return framed(say, say("closed.several_title"), main, rehearsal=found[0].rehearsal)


def message_page(
    say: Words, title: str, text: str, *, shown: ShownPortal | None = None, status: int = 200
) -> HTMLResponse:
    """One heading and one sentence, by their keys."""
    return framed(say, say(title), _told(say(title), say(text)), shown=shown, status=status)


def _told(title: str, text: str) -> str:
    return f'<div class="card"><h1>{e(title)}</h1><p>{e(text)}</p></div>'


# ---------------------------------------------------------------------------------------------------- the own page


def own_page(shown: ShownPortal, say: Words, page: OwnPage, here: str) -> HTMLResponse:
    """What a mailed link opens. `here`: its own address, relative, for the button."""
    mine = page.registration
    if mine is None or page.link not in (LinkState.TO_CONFIRM, LinkState.OWN):
        key = f"link.{page.link}"
        back = e(f"{path_of(shown.event.id)}?lang={say.code}")
        main = (
            f'<div class="card"><h1>{e(say(f"{key}.title"))}</h1><p>{e(say(f"{key}.text"))}</p>'
            f'<p><a class="button plain" href="{back}">{e(say("sent.again"))}</a></p></div>'
        )
        return framed(say, say(f"{key}.title"), main, shown=shown, status=410 if page.link is LinkState.ENDED else 404)
    if page.link is LinkState.TO_CONFIRM:
        wished = mine.racer_name or say("confirm.given")
        main = (
            f'<div class="card"><h1>{e(say("confirm.title"))}</h1>'
            f"<p>{e(say('confirm.text', event=shown.event.name))}</p>"
            f"<dl><dt>{e(say('confirm.email'))}</dt><dd>{e(mine.email)}</dd>"
            f"<dt>{e(say('confirm.racer_name'))}</dt><dd>{e(wished)}</dd></dl>"
            f'<form method="post" action="{e(here)}"><button>{e(say("confirm.button"))}</button></form>'
            f'<p class="soft">{e(say("confirm.not_you"))}</p></div>'
        )
        return framed(say, say("confirm.title"), main, shown=shown, beside=aside(shown, say))
    return framed(say, say("own.title"), _state(shown, say, page, here), shown=shown, beside=aside(shown, say))


def leave_page(shown: ShownPortal, say: Words, page: OwnPage, here: str) -> HTMLResponse:
    """Asks before a place is given back: programs that look into mail follow links, and people press by mistake."""
    if not page.may_leave:
        return own_page(shown, say, page, here)
    main = (
        f'<div class="card"><h1>{e(say("leave.title"))}</h1>'
        f"<p>{e(say('leave.text', event=shown.event.name))}</p>"
        f'<form method="post" action="{e(here)}/leave"><button>{e(say("leave.button"))}</button></form>'
        f'<p><a class="button plain" href="{e(here)}">{e(say("leave.stay"))}</a></p></div>'
    )
    return framed(say, say("leave.title"), main, shown=shown, beside=aside(shown, say))


def _state(shown: ShownPortal, say: Words, page: OwnPage, here: str) -> str:
    mine = page.registration
    assert mine is not None  # noqa: S101 - own_page asked
    key = str(mine.state)
    if mine.state is RegistrationState.VERIFIED and shown.portal.by_hand and not mine.approved:
        key = "by_hand"
    text = say(f"state.{key}.text", event=shown.event.name, place=page.place)
    news = "own.confirmed" if page.confirmed_now else "leave.done" if page.left_now else ""
    parts = [f'<p class="good" role="status">{e(say(news))}</p>' if news else ""]
    parts.append(f"<h1>{e(say(f'state.{key}.title'))}</h1><p>{e(text)}</p>")
    if mine.state is RegistrationState.ACCEPTED:
        parts.append(_where_to_race(shown, say, page))
    if mine.state is not RegistrationState.ACCEPTED:
        parts.append(f'<p><a class="button plain" href="{e(here)}">{e(say("own.look_again"))}</a></p>')
    if page.may_leave:
        parts.append(f'<p><a href="{e(here)}/leave">{e(say("leave.link"))}</a></p>')
    parts.append(f'<p class="soft">{e(say("own.keep"))}</p>')
    return f'<div class="card">{"".join(parts)}</div>'


def _where_to_race(shown: ShownPortal, say: Words, page: OwnPage) -> str:
    event = shown.event
    way_in = say("own.way_in_mailed") if page.mailed else say("own.way_in_coming")
    sign_in = link_out(event.portal_url, say("own.sign_in"), "button") if page.mailed else ""
    races = "".join(
        f"<li>{link_out(race.share_link, race.draft.name) or e(race.draft.name)}<br>"
        f'<span class="soft">{e(between(say, event, race.draft.opens_at, race.draft.closes_at))}</span></li>'
        for race in page.races
    )
    return (
        f'<dl><dt>{e(say("own.racer_name"))}</dt><dd class="racer">{e(page.racer_name)}</dd>'
        f"<dt>{e(say('own.way_in'))}</dt><dd>{e(way_in)}</dd></dl>"
        f"{f'<p>{sign_in}</p>' if sign_in else ''}"
        f"<h2>{e(say('own.races'))}</h2>" + (f"<ul>{races}</ul>" if races else f"<p>{e(say('own.no_races'))}</p>")
    )
