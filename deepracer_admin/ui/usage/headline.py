"""The first thing that the Usage page says: the state in a row of figures, and what is odd about them."""

from __future__ import annotations

import math
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from deepracer_admin.counted import counted
from deepracer_admin.services.usage.view import UsageView
from deepracer_admin.ui.kit.words import (
    as_of,
    count,
    hours,
    money,
    percent,
    plain,
    price,
    when,
    whole,
)

__all__ = ["headline"]

NOT_READ = "…"


def headline(view: UsageView, *, sees_people: bool) -> bool:
    """Draw it. False: nothing has been read yet, so there is nothing else to draw."""
    event = view.event
    st.caption(
        f"{as_of(view.as_of, 'racing service, event time', event.zone)} · money is an *estimate*: hours × "
        f"{price(event.prices.per_hour)} ({plain(event.prices.source)}, {plain(event.prices.as_of)})"
    )
    totals = view.totals
    if totals is None:
        st.info("No usage has been read yet; it appears once the first profiles exist.", icon=":material/schedule:")
        return False
    first, second = st.columns(4), st.columns(4)
    budget = event.budget_usd
    spent, both = view.spend_usd, totals.at_most_so_far.usd
    share = f"{_of_budget(spent, budget)} of the budget" if budget else "no budget is set"
    _figure(first[0], "Spend so far (estimate)", money(spent), share, _colour(spent, budget))
    with_it = f"with it {_of_budget(both, budget)} of the budget" if budget else "runs or will run by itself"
    _figure(first[1], "Committed on top (estimate)", money(view.committed_usd), with_it, _colour(both, budget))
    if view.is_over or totals.forecast is None:
        _figure(first[2], "Final (estimate)", money(view.spend_usd), "the bill of AWS has the last word")
        _figure(first[3], "Spend per hour", "ended", "")
    else:
        high = totals.forecast.p90.usd
        share = f"{_of_budget(high, budget, sign='▲')} of the budget, " if budget else ""
        of = f"{share}in 9 of 10 cases"
        _figure(
            first[2], "At the end, at most (estimate)", money(high), of, "orange" if _is_over(high, budget) else "off"
        )
        rate = f"{money(totals.burn[0].usd)}/h" if totals.burn else NOT_READ
        _figure(first[3], "Spend in the last hour (estimate)", rate, _ceiling(view))
    _figure(second[0], "Training hours used", hours(view.hours_used), f"{hours(view.hours_queued)} committed")
    _figure(
        second[1], "Racers active", f"{whole(view.active)} of {whole(view.profiles)}", counted(view.models, "model")
    )
    used = NOT_READ if totals.running is None else f"{whole(totals.running)} of {whole(event.slots)}"
    queue = "the service does not tell" if totals.running is None else f"{whole(totals.queued or 0)} in the queue"
    _figure(second[2], "Slots in use", used, queue)
    waits = NOT_READ if totals.waiting_models is None else f"{whole(totals.waiting_models)}"
    asked = (
        f"{hours(totals.waiting.hours)} asked for" if totals.waiting.hours else "models that their racers must retry"
    )
    _figure(second[3], "Waiting for a slot", waits, asked)
    _notes(view, sees_people=sees_people)
    return True


_Colour = Literal["off", "orange", "red"]


def _figure(place: DeltaGenerator, label: str, value: str, under: str, colour: _Colour = "off") -> None:
    place.metric(label, value, delta=under or None, delta_color=colour, delta_arrow="off")


def _is_over(usd: float, budget: float) -> bool:
    return bool(budget) and usd >= budget


def _colour(usd: float, budget: float, over: _Colour = "red") -> _Colour:
    """Over the budget is red everywhere; a forecast that is, is a warning."""
    return over if _is_over(usd, budget) else "off"


def _of_budget(usd: float, budget: float, *, sign: str = "✗") -> str:
    """The share, with a sign that stands without its colour where it is over."""
    return f"{f'{sign} ' if _is_over(usd, budget) else ''}{percent(usd / budget)}"


def _ceiling(view: UsageView) -> str:
    ceiling = view.totals.ceiling.usd if view.totals else math.inf
    return "no ceiling: somebody has no limit" if math.isinf(ceiling) else f"never more than {money(ceiling)} in all"


def _notes(view: UsageView, *, sees_people: bool) -> None:
    totals, event = view.totals, view.event
    if totals is None:
        return
    if totals.forecast and totals.forecast.budget_reached_at:
        at = when(totals.forecast.budget_reached_at, event.zone)
        st.warning(
            f"At this pace the budget of {money(event.budget_usd)} is reached {at}.", icon=":material/trending_up:"
        )
    unsure = totals.spent_high.hours - totals.spent.hours
    if unsure > 0.05:
        least, most = money(totals.spent.usd), money(totals.spent_high.usd)
        st.caption(
            f"The service set its counters back while nobody looked: up to {hours(unsure)} more may have been used, so "
            f"spend is between {least} and {most} (estimate)."
        )
    if view.gaps:
        start, end = view.gaps[-1]
        more = f", and {counted(len(view.gaps) - 1, 'time')} before" if len(view.gaps) > 1 else ""
        st.caption(
            f"Nothing was read between {when(start, event.zone)} and {when(end, event.zone)}{more}: what was used "
            "then is counted, but not when."
        )
    if view.strangers and sees_people:
        st.caption(f"{count(view.strangers, 'profile')} of the service, of nobody on the list: not counted here.")
