"""From a screen to the JSON that the page polls: texts ready to show, no person, nothing beyond the link."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import segno

from deepracer_admin.clock import Clock
from deepracer_admin.counted import counted
from deepracer_admin.edge.addresses import is_this_machine
from deepracer_admin.model import Race, RaceStatus
from deepracer_admin.rules.finish import Finality, State
from deepracer_admin.rules.standings import BoardRow, lap_time
from deepracer_admin.rules.what_counts import COUNTS
from deepracer_admin.services.races.boards import BoardView, Screen
from deepracer_admin.services.races.shown_boards import PLACES
from deepracer_admin.services.usage.view import UsageView

__all__ = ["PLACES", "row_sent", "snapshot"]

POINTS = 120
OFFICES = 7
FEWEST = 3  # profiles of an office that is named: the hours of fewer would be those of a person
STALE_S = 120.0  # real seconds without a new reading of an open race


def snapshot(screen: Screen, clock: Clock) -> dict[str, Any]:
    """What the page shows. It changes only when what is shown changes, so that an unchanged one needs no bytes."""
    content: dict[str, Any] = {
        "scene": screen.scene,
        "event": screen.event_name,
        "zone": screen.zone,
        "rehearsal": screen.rehearsal,
        "source": screen.source,
    }
    if screen.board is not None and screen.scene == "progress":
        content |= _progress(screen, screen.board, clock)
    elif screen.board is not None:
        content |= _board(screen.board, screen.rows, screen.zone, clock, screen.turn)
    if screen.totals is not None:
        content |= (_slots_alone if screen.scene == "slots" else _totals)(screen.totals, screen.zone, clock)
    if screen.race is not None:
        content |= _countdown(screen.race, screen.zone, clock)
    if screen.scene == "text":
        content["text"] = screen.text
    if screen.scene == "join":
        content |= _join(screen.join)
    if screen.scene == "sponsors":
        content["logo"] = screen.logo
    return content


def _join(address: str) -> dict[str, Any]:
    """Where to register, and its code as rows of light and dark where a phone can come from it."""
    on_phones = bool(address) and not is_this_machine(address)
    code = segno.make(address, error="m", micro=False).matrix if on_phones else ()
    return {"join": address, "code": ["".join("1" if dark else "0" for dark in row) for row in code]}


def _progress(screen: Screen, view: BoardView, clock: Clock) -> dict[str, Any]:
    """The first ten over time; who came in late has a short line."""
    seconds = [int(at.timestamp()) for line in screen.lines for at, _ in line.points]
    end = max([*seconds, int(view.as_of.timestamp()) if view.as_of else 0])
    begin = min(seconds, default=end)
    return {
        **_board_heads(view, screen.zone, clock, screen.turn),
        "from": _moment(datetime.fromtimestamp(begin, UTC), screen.zone),
        "to": _moment(datetime.fromtimestamp(end, UTC), screen.zone),
        "span": [begin, max(end, begin + 1)],
        "progress": [
            {
                "p": line.rank,
                "a": line.alias,
                "s": lap_time(line.points[-1][1]) if line.points else "",
                "points": [[int(at.timestamp()), score] for at, score in line.points],
            }
            for line in screen.lines
        ],
    }


def _board(view: BoardView, ids: Sequence[str], zone: str, clock: Clock, turn: str) -> dict[str, Any]:
    return {
        **_board_heads(view, zone, clock, turn),
        "total": view.racers,
        "tie_rule": view.tie_rule,
        "rows": [row_sent(row, key) for row, key in zip(view.rows[:PLACES], ids, strict=False)],
    }


def _board_heads(view: BoardView, zone: str, clock: Clock, turn: str) -> dict[str, Any]:
    words = {
        RaceStatus.UPCOMING: f"opens {_moment(view.race.draft.opens_at, zone)}",
        RaceStatus.OPEN: " · ".join(filter(None, (f"open until {_moment(view.race.draft.closes_at, zone)}", turn))),
        RaceStatus.CLOSED: _result(view.finality, zone),
    }
    return {
        "race": view.race.draft.name,
        "status": view.status.value,
        "window": words[view.status],
        "held": f"board held since {_time(view.frozen_at, zone)}" if view.frozen_at else "",
        "as_of": _time(view.as_of, zone),
        "stale": view.status is RaceStatus.OPEN and not view.frozen_at and _is_stale(view.as_of, clock),
        "counts": COUNTS[view.race.draft.timing],
    }


def _countdown(race: Race, zone: str, clock: Clock) -> dict[str, Any]:
    """To the close of an open race, to the opening of one that comes. `at`: real seconds since 1970, by this computer's
    clock, at which it is there if event time goes on as it does (`speed`); a standing clock gives `left_s` alone."""
    now, draft = clock.event_now(), race.draft
    status = race.status(now)
    to = draft.opens_at if status is RaceStatus.UPCOMING else draft.closes_at
    left = max(0.0, (to - now).total_seconds())
    said = {
        RaceStatus.UPCOMING: f"until the race opens, {_moment(draft.opens_at, zone)}",
        RaceStatus.OPEN: f"until the race closes, {_moment(draft.closes_at, zone)}",
        RaceStatus.CLOSED: f"closed since {_moment(draft.closes_at, zone)}",
    }
    speed = clock.factor
    count: dict[str, Any] = {"words": said[status], "speed": speed}
    if speed > 0:
        count["at"] = round(clock.now().timestamp() + left / speed)
    else:
        count["left_s"] = round(left)
    return {"race": draft.name, "status": status.value, "countdown": count}


def _result(finality: Finality, zone: str) -> str:
    """Of a race past its close, in the few words that a screen has room for."""
    if finality.is_final:
        return "closed: final result"
    if finality.state is State.NOT_OURS:
        return "closed"
    about = f", last expected about {_time(finality.about, zone)[:5]}" if finality.on_way and finality.about else ""
    return f"closed: provisional. {finality.still_coming or 'Results may still come'}{about}"


def row_sent(row: BoardRow, key: str) -> dict[str, Any]:
    """One line of a board as the page draws it; `key` tells it from the others."""
    gap = f"+{lap_time(row.gap_ms)}" if row.gap_ms else ""
    shown = {"p": row.rank, "a": row.alias, "s": lap_time(row.score_ms), "g": gap, "c": row.change}
    return {**shown, "ms": row.score_ms, "i": key}


def _totals(view: UsageView, zone: str, clock: Clock) -> dict[str, Any]:
    """Four numbers, hours by office, spend and slots over time; no person, nor an office of so few that it is one."""
    budget = view.event.budget_usd
    over = clock.event_now() >= view.event.ends_at
    ending = f"about {_money(view.forecast.p50.usd)} by the end" if view.forecast and not over else "so far"
    return {
        "as_of": _time(view.as_of, zone),
        "stale": _is_stale(view.as_of, clock),
        "numbers": [
            {"label": "racers active", "value": f"{view.active:,}", "note": f"of {view.profiles:,} sponsored"},
            {
                "label": "training hours used",
                "value": f"{view.hours_used:,.1f} h",
                "note": counted(view.models, "model"),
            },
            _slots(view),
            {
                "label": "spend (estimate)",
                "value": _money(view.spend_usd),
                "note": f"of {_money(budget)} budget; {ending}" if budget else ending,
            },
        ],
        "offices": _offices(view),
        "lines": [
            _line("Estimated spend over time, USD", "$", "budget", budget, view.spend_series, zone),
            *_slots_line(view, zone),
        ],
    }


def _slots_alone(view: UsageView, zone: str, clock: Clock) -> dict[str, Any]:
    """Who trains now and who waits, and how it went; where the service does not tell, what is known of it."""
    totals = view.totals
    cards = [_slots(view)]
    if totals is not None and totals.running is not None:
        cards += [
            {"label": "in the queue", "value": f"{totals.queued or 0:,}", "note": "models, started by themselves"},
            {"label": "waiting for a slot", "value": f"{totals.waiting_models or 0:,}", "note": "models to be retried"},
        ]
    cards.append(
        {"label": "training hours used", "value": f"{view.hours_used:,.1f} h", "note": counted(view.active, "racer")}
    )
    return {
        "as_of": _time(view.as_of, zone),
        "stale": _is_stale(view.as_of, clock),
        "numbers": cards,
        "offices": [],
        "lines": _slots_line(view, zone),
    }


def _slots(view: UsageView) -> dict[str, str]:
    """Slots where the service tells what runs, else what runs or will run by itself."""
    totals = view.totals
    committed = f"{view.hours_queued:,.1f} h"
    if totals is None or totals.running is None:
        note = f"{_money(view.committed_usd)} committed (estimate)"
        return {"label": "queued and running", "value": committed, "note": note}
    waits = counted(totals.waiting_models or 0, "model waits", "models wait")
    return {
        "label": "slots in use",
        "value": f"{totals.running:,} of {view.event.slots:,}",
        "note": f"{committed} queued and running; {waits}",
    }


def _offices(view: UsageView) -> list[dict[str, Any]]:
    """Hours used by office, most first: at most seven, then all others together, the small and the unnamed too."""
    parts = view.totals.offices if view.totals else {}
    named = {name: part for name, part in parts.items() if name and part.profiles >= FEWEST}
    first = sorted(named, key=lambda name: -named[name].spent.hours)[:OFFICES]
    rows = [(name, named[name].spent.hours) for name in first]
    rest = [part for name, part in parts.items() if name not in first]
    if rest and rows:
        rows.append(("all others", sum(part.spent.hours for part in rest)))
    most = max((hours for _, hours in rows), default=0.0)
    return [
        {"n": name, "v": f"{hours:,.1f} h", "w": round(100 * hours / most, 1) if most else 0.0} for name, hours in rows
    ]


def _slots_line(view: UsageView, zone: str) -> list[dict[str, Any]]:
    """Slots in use over time; nothing where the service does not tell."""
    told = [(sample.at, float(sample.running)) for sample in view.series if sample.running is not None]
    slots = view.event.slots
    return [_line("Slots in use over time", "", counted(slots, "slot"), slots, told, zone)] if told else []


def _line(
    title: str, unit: str, word: str, limit: float, series: Sequence[tuple[datetime, float]], zone: str
) -> dict[str, Any]:
    """A curve and its limit (0: none). `unit` stands before each number."""
    thin = _thinned(series)
    return {
        "title": title,
        "unit": unit,
        "word": word,
        "limit": limit,
        "points": [[int(at.timestamp()), round(value, 2)] for at, value in thin],
        "from": _moment(thin[0][0], zone) if thin else "",
        "to": _moment(thin[-1][0], zone) if thin else "",
    }


def _thinned(series: Sequence[tuple[datetime, float]]) -> list[tuple[datetime, float]]:
    step = max(1, len(series) // POINTS)
    return [*series[:-1][::step], *series[-1:]]


def _is_stale(at: datetime | None, clock: Clock) -> bool:
    return at is not None and (clock.event_now() - at).total_seconds() / max(clock.factor, 1.0) > STALE_S


def _time(at: datetime | None, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%H:%M:%S}" if at else "–"


def _moment(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%d %b %H:%M}"


def _money(usd: float) -> str:
    return f"${usd:,.0f}" if abs(usd) >= 100 else f"${usd:,.2f}"
