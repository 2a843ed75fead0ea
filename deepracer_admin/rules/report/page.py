"""The report as one page of HTML that prints on A4: one sheet for a director, then details. No script, no request;
every text that came from outside is escaped. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from deepracer_admin.model import PriceList, Step
from deepracer_admin.rules.report.charts import bars, columns, line
from deepracer_admin.rules.report.figures import Answers, Billed, Figures, Summary
from deepracer_admin.rules.report.words import Words, words

__all__ = ["next_time", "report_page"]

ON_FIRST_SHEET = 3
"""Races whose podium has room there; all are among the details."""
SENTENCES = 6
"""Of next time that have room there."""
MANY = 0.2
"""A share from which on something is worth a sentence for next time."""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
*{box-sizing:border-box}body{font:13px/1.4 system-ui,sans-serif;color:#1a1a1a;max-width:46rem;margin:1.5rem auto;
padding:0 1rem;font-variant-numeric:tabular-nums}h1{font-size:1.5rem;margin:0}
h2{font-size:1.05rem;margin:1.1rem 0 .3rem;break-after:avoid}p{margin:.2rem 0}small,.q{color:#555}
.mark{border:2px solid #a4001d;color:#a4001d;padding:.2rem .5rem;
font-weight:700;margin-bottom:.6rem}.tiles{display:grid;grid-template-columns:repeat(4,1fr);gap:.6rem;margin:.8rem 0}
.tiles div{border-top:3px solid #1f6f8b;padding-top:.25rem}.tiles b{display:block;font-size:1.35rem;line-height:1.2}
.two{display:grid;grid-template-columns:1fr 1fr;gap:0 1.4rem}svg{width:100%;height:auto;display:block}
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #ddd;padding:.25rem .4rem;text-align:left;
vertical-align:top}th{font-weight:600}.n{text-align:right}ul{margin:.2rem 0;padding-left:1.1rem}
tr,li{break-inside:avoid}
.details{break-before:page;margin-top:2rem}@page{size:A4;margin:14mm}
@media print{body{max-width:none;margin:0;padding:0}
.details{margin:0}}
"""


def report_page(found: Figures, language: str, *, rehearsal: bool) -> bytes:
    """UTF-8 HTML in a language of LANGUAGES."""
    say = words(language)
    event = found.event
    starts, ends = say.instant(event.starts_at, event.zone), say.instant(event.ends_at, event.zone)
    parts = [
        f'<!doctype html><html lang="{say.code}"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<title>{escape(say('report'))}: {escape(event.name)}</title><style>{_STYLE}</style></head><body>",
        f'<div class="mark">{escape(say("rehearsal"))}</div>' if rehearsal else "",
        f"<h1>{escape(event.name)}</h1><p>{escape(say('report'))} · {starts} – {ends} ({escape(event.zone)})</p>",
        "" if found.is_over else f"<p><b>{escape(say('runs'))}</b></p>",
        *_first_sheet(found, say),
        f'<div class="details"><h1>{escape(say("details"))}</h1>',
        *_details(found, say),
        "</div>",
        f"<p><small>{escape(_sources(found, say))}</small></p></body></html>",
    ]
    return "\n".join(part for part in parts if part).encode("utf-8", "replace")


def _sources(found: Figures, say: Words) -> str:
    prices, zone = found.event.prices, found.event.zone
    as_of = f" {say('hours').capitalize()}: {say('as_of')} {say.instant(found.as_of, zone)}." if found.as_of else ""
    made = f"{say('made')} {say.instant(found.made_at, zone)} ({zone})."
    source = say("shipped") if prices.source == PriceList().source else prices.source
    return f"{say('sources', prices=source, dated=prices.as_of)}{as_of} {made}"


# ------------------------------------------------------------------------------------------------ the first sheet


def _first_sheet(found: Figures, say: Words) -> Iterator[str]:
    yield '<div class="tiles">'
    for number, what in _tiles(found, say):
        yield f"<div><b>{escape(number)}</b>{escape(what)}</div>"
    yield f"</div><h2>{escape(say('funnel'))}</h2>{_funnel(found, say)}"
    if chart := _spend(found, say):
        yield f"<h2>{escape(say('spend_time'))}</h2>{chart}"
    yield f'<div class="two"><div><h2>{escape(say("podium"))}</h2>'
    yield from _winners(found, say)
    yield f"<h2>{escape(say('answers'))}</h2>"
    yield f"<p>{_answered(found.new_to_ml, say('new_ml'), say)}</p>"
    yield f"<p>{_answered(found.new_to_aws, say('new_aws'), say)}</p>"
    yield f"</div><div><h2>{escape(say('next'))}</h2><ul>"
    yield from (f"<li>{escape(each)}</li>" for each in next_time(found, say)[:SENTENCES])
    yield "</ul></div></div>"


def _bill(found: Figures, bill: Billed, say: Words) -> str:
    told = say(
        "bill_of",
        first=say.day(bill.first),
        last=say.day(bill.last),
        what=say("bill_tag", tag=bill.tag) if bill.tag else say("bill_account"),
        read=say.instant(bill.as_of, found.event.zone),
        usd=say.money(bill.usd),
    )
    return f"{told} {say('bill_changes')}" if bill.may_change else told


def _tiles(found: Figures, say: Words) -> list[tuple[str, str]]:
    spent, event = found.spent, found.event
    share = f" · {say.share(spent.usd / event.budget_usd)} {say('of_budget')}" if spent and event.budget_usd else ""
    per, bill = found.per_active, found.billed
    share += f" · {say('bill')}: {say.money(bill.usd)}" if bill else ""
    return [
        (say.number(found.people), f"{say('people')} {say('on_list')}"),
        (say.number(found.active) if spent else "–", say("active")),
        (say.number(spent.hours, 1) if spent else "–", say("hours")),
        (say.money(spent.usd) if spent else "–", f"{say('spend')}{share}"),
        (say.money(per) if per is not None else "–", say("per_active")),
        (say.number(found.done(Step.SUBMITTED)), say.step(Step.SUBMITTED)),
        (say.number(sum(podium.submissions for podium in found.podiums)), say("submissions")),
        (say.number(found.registered) if found.registered else "–", say("registered")),
    ]


def _funnel(found: Figures, say: Words) -> str:
    whole = max(found.people, 1)
    rows = [(f"{say('on_list')}", found.people, say.number(found.people))]
    rows += [
        (say.step(step), number, f"{say.number(number)} · {say.share(number / whole)}") for step, number in found.funnel
    ]
    return bars(rows, found.people)


def _spend(found: Figures, say: Words) -> str:
    if len(found.spend) < 2:
        return ""
    zone, budget = found.event.zone, found.event.budget_usd
    first, last = found.spend[0][0], found.spend[-1][0]
    return line(
        found.spend,
        ceiling=budget,
        ceiling_label=f"{say('budget')} {say.money(budget)}",
        ends=(say.instant(first, zone), say.instant(last, zone)),
        last=say.money(found.spend[-1][1]),
    )


def _winners(found: Figures, say: Words) -> Iterator[str]:
    if not found.podiums:
        yield f"<p>{escape(say('no_race'))}</p>"
    for podium in found.podiums[:ON_FIRST_SHEET]:
        final = "" if podium.is_final else f" <small>({escape(say('not_final'))})</small>"
        who = ", ".join(f"{rank}. {escape(alias)} ({say.lap(score)})" for rank, alias, score in podium.places[:3])
        yield f"<p><b>{escape(podium.race)}</b>{final}: {who or '–'}</p>"
    if len(found.podiums) > ON_FIRST_SHEET:
        yield f"<p><small>{escape(say('more', n=say.number(len(found.podiums) - ON_FIRST_SHEET)))}</small></p>"


def _answered(answers: Answers, what: str, say: Words) -> str:
    if answers.share is None:
        return f"<b>–</b> {escape(what)} <small>({escape(say('nobody'))})</small>"
    told = say("answered", n=say.number(answers.answered), all=say.number(answers.people))
    return f"<b>{say.share(answers.share)}</b> {escape(what)} <small>({escape(told)})</small>"


def next_time(found: Summary, say: Words) -> list[str]:
    """Sentences that these figures ask for, each with its figure; one that says so when nothing stands out."""
    told: list[str] = []

    def add(key: str, *, when: bool, **values: object) -> None:
        if when:
            told.append(say.next_time(key, **values))

    access, signed, trained = (found.done(step) for step in (Step.ACCESS, Step.SIGNED_IN, Step.TRAINED))
    away, idle = access - signed, trained - found.done(Step.SUBMITTED)
    number, ml = say.number, found.new_to_ml
    add("sign_in", when=access > 0 and away / access > MANY, n=number(away), all=number(access))
    add("submit", when=trained > 0 and idle / trained > MANY, n=number(idle), all=number(trained))
    add("bounce", when=found.bounced > 0, n=number(found.bounced))
    add("refused", when=found.refused > 0, n=number(found.refused))
    add("waited", when=found.waited_hours >= 1, n=number(found.waited_hours, 1), slots=number(found.event.slots))
    if found.spent is not None and found.event.budget_usd:
        share = found.spent.usd / found.event.budget_usd
        add("over", when=share > 1, n=say.share(share))
        add("under", when=found.is_over and share < 0.5, n=say.share(share))
    add("beginners", when=ml.share is not None and ml.share >= 0.5, n=say.share(ml.share or 0.0))
    add(
        "unanswered",
        when=ml.people > 0 and ml.answered / ml.people < 0.5,
        n=number(ml.answered),
        all=number(ml.people),
    )
    add("gaps", when=found.gaps > 0, n=number(found.gaps))
    return told or [say.next_time("nothing")]


# ------------------------------------------------------------------------------------------------ details


def _details(found: Figures, say: Words) -> Iterator[str]:
    yield f"<h2>{escape(say('podium'))}</h2>"
    lines = [
        [podium.race, str(rank), alias, say.lap(score), say.number(podium.racers), say.number(podium.submissions)]
        for podium in found.podiums
        for rank, alias, score in podium.places
    ]
    heads = [say(each) for each in ("race", "rank", "racer", "time", "racers", "submissions")]
    yield _table(heads, lines, numbers=(1, 3, 4, 5)) if lines else f"<p>{escape(say('no_race'))}</p>"
    if found.per_day:
        shown = [(say.short_day(day), number, say.number(number)) for day, number in found.per_day]
        yield f"<h2>{escape(say('per_day'))}</h2>{columns(shown)}"
    learning = found.learning
    yield f"<h2>{escape(say('learning'))}</h2>"
    rows = [
        [say("trained"), say.number(learning.trained), _of(learning.trained, found.people, say)],
        [say("submitted"), say.number(learning.submitted), _of(learning.submitted, found.people, say)],
    ]
    if learning.improved is not None and learning.raced is not None:
        of_racers = f"{say('of')} {say.number(learning.raced)} {say('racers')}"
        rows.append([say("improved"), say.number(learning.improved), of_racers])
    yield _table([say("what"), say("number"), say("share")], rows, numbers=(1, 2))
    if found.centres:
        yield f"<h2>{escape(say('centres'))}</h2>"
        lines = [
            [
                centre.name or say("none"),
                say.number(centre.profiles),
                say.number(centre.active),
                say.number(centre.spent.hours, 1),
                say.money(centre.spent.usd),
                say.money(centre.per_active) if centre.per_active is not None else "–",
            ]
            for centre in found.centres
        ]
        heads = [say(each) for each in ("centre", "profiles", "active", "hours", "spend", "per_active")]
        yield _table(heads, lines, numbers=(1, 2, 3, 4, 5))
    if found.billed is not None:
        yield f"<p>{escape(_bill(found, found.billed, say))}</p>"
    if more := next_time(found, say)[SENTENCES:]:
        yield f"<h2>{escape(say('next'))}</h2><ul>"
        yield from (f"<li>{escape(each)}</li>" for each in more)
        yield "</ul>"
    yield f"<h2>{escape(say('incidents'))}</h2>"
    if not found.incidents:
        yield f"<p>{escape(say('no_incidents'))}</p>"
        return
    lines = [
        [
            say.instant(alarm.since, found.event.zone) if alarm.since else "–",
            say.incident(alarm),
            say("over") if alarm.cleared_at else say("open"),
        ]
        for alarm in found.incidents
    ]
    yield _table([say("when"), say("what"), ""], lines)


def _of(number: int, whole: int, say: Words) -> str:
    return f"{say.share(number / whole)} {say('of')} {say.number(whole)}" if whole else "–"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[int] = ()) -> str:
    def cell(tag: str, place: int, text: str) -> str:
        kind = ' class="n"' if place in numbers else ""
        return f"<{tag}{kind}>{escape(text)}</{tag}>"

    head = "".join(cell("th", place, text[:1].upper() + text[1:]) for place, text in enumerate(heads))
    body = "".join(f"<tr>{''.join(cell('td', n, text) for n, text in enumerate(row))}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"
