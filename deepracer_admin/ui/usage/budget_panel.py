"""The budget guard on screen: what is used of each budget, what asks for a word, and what is set."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from deepracer_admin.model import Actor, Event
from deepracer_admin.rules.budget_guard import NEEDS_HUMAN, Act, Crossing, Line, Threshold, tail_words
from deepracer_admin.rules.usage import Totals
from deepracer_admin.services.usage.budget import BudgetView
from deepracer_admin.services.usage.view import UsageView
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import press, said
from deepracer_admin.ui.kit.cached import key_of
from deepracer_admin.ui.kit.confirm import confirm
from deepracer_admin.ui.kit.fold import fold
from deepracer_admin.ui.kit.limits import NOTHING
from deepracer_admin.ui.kit.table import USD
from deepracer_admin.ui.kit.words import (
    as_of,
    exact,
    money,
    percent,
    plain,
)
from deepracer_admin.ui.usage.live import Stamp

__all__ = ["budget_panel", "used_words"]

_ACTS = {Act.TELL: "say it", Act.ASK: "ask an organizer", Act.PAUSE: "pause them"}
_SHARES = (0.5, 0.8, 0.95, 1.0)


def used_words(line: Line) -> str:
    """How far a budget is used, with a word that stands without its colour."""
    if line.share >= 1:
        return f":red[✗ {percent(line.share)}, passed]"
    return f":orange[▲ {percent(line.share)}]" if line.share >= NEEDS_HUMAN else f"{percent(line.share)}"


def budget_panel(who: Actor, usage: UsageView, stamp: Stamp) -> None:
    """Under the totals: one line while all is well, open while something asks. `stamp`: what `usage` was read from."""
    view, event = _view(key_of(*stamp, *sorted(who.roles)), stamp[0], who, usage.totals), usage.event
    may = session.may(who, "usage.guard")
    for crossing in view.asked if may else ():
        _asks(view, crossing)
    said("budget-pause", "budget-go-on")
    part = fold("Budget guard", key="budget-guard", icon=":material/shield:")
    if part is not None:
        with part:
            _all_of_it(view, event, may=may)


def _all_of_it(view: BudgetView, event: Event, *, may: bool) -> None:
    _lines(view, event)
    if may:
        left, right = st.columns(2)
        with left:
            _thresholds("The event's budget", "event", view.guard.thresholds, forecast=view.guard.forecast)
        with right:
            _thresholds("Each budget of a cohort", "cohort", view.guard.cohort_thresholds)
        _cohort_budget(view)


@st.cache_resource(max_entries=4, show_spinner=False)
def _view(key: str, _event: str, _who: Actor, _totals: Totals | None) -> BudgetView:
    """One reading for all who look, until something of the event changes; shared as it is, nobody may change it."""
    return session.console().of(_event).budget.view(_who, _totals)


def _asks(view: BudgetView, crossing: Crossing) -> None:
    line = next((each for each in view.lines if each.key == crossing.line), None)
    if line is None:
        return
    with st.container(border=True, key=f"budget-asks-{crossing.key}"):
        st.markdown(
            f":orange[:material/help:] **{percent(crossing.share)} of the budget of {plain(line.name)} is used.** "
            f"{money(line.used)} of {money(line.budget)} are spent or committed (*estimate*)."
        )
        with st.container(horizontal=True):
            who = "everybody" if not line.key else f"everybody of {line.name}"
            if st.button(f"Pause {who} …", icon=":material/pause:", key=f"budget-pause-{crossing.key}"):
                _ask_pause(crossing, line)
            _go_on(crossing)


def _go_on(crossing: Crossing) -> None:
    budget, key, number = session.desk().budget, crossing.key, crossing.number
    press(
        "Let it go on",
        lambda asking: budget.answer(asking, key, number=number, pause=False),
        key=f"budget-go-on-{key}",
        done="It goes on; the next threshold asks again.",
        line=False,
        icon=":material/play_arrow:",
    )


def _ask_pause(crossing: Crossing, line: Line) -> None:
    budget, key, number = session.desk().budget, crossing.key, crossing.number
    who = "everybody" if not line.key else f"everybody of {line.name}"
    confirm(
        f"Pause {who}",
        key="budget-pause",
        facts=[
            f"**{plain(who.capitalize())}** who is sponsored and not paused starts no new training or evaluation.",
            plain(tail_words(crossing.tail)),
            "Whoever should go on can be resumed afterwards; the guard does not pause them again for this.",
        ],
        button="Pause them",
        run=lambda asking: budget.answer(asking, key, number=number, pause=True),
        done=f"Pausing {who}; the job is shown on this page within a minute.",
    )


def _lines(view: BudgetView, event: Event) -> None:
    if not view.lines:
        st.caption("No usage has been read yet, so no budget is watched.")
        return
    st.caption(f"{as_of(view.as_of, 'usage as read, event time', event.zone)} · money is an *estimate*")
    with_budget = [line for line in view.lines if line.budget > 0]
    if not with_budget:
        st.caption("No budget is set; set one on Set up, or one for an office or a cost centre here.")
        return
    for line in with_budget:
        name = "The event" if not line.key else line.name.capitalize()
        forecast = f" · forecast at most {money(line.forecast)} in nine of ten cases" if line.forecast else ""
        st.markdown(
            f"**{plain(name)}**: {used_words(line)} of {money(line.budget)} · {money(line.spent)} spent, "
            f"{money(line.committed)} committed{forecast}"
        )
    paused = [each for each in view.crossings if each.job]
    for each in paused:
        st.caption(plain(f"Paused at {percent(each.share)}. {tail_words(each.tail)}"))


def _thresholds(title: str, key: str, kept: Sequence[Threshold], *, forecast: bool | None = None) -> None:
    budget = session.desk().budget
    acts = {each.share: each.act for each in kept}
    with st.form(f"budget-{key}"):
        st.markdown(f"**{title}**: what happens at")
        chosen: list[tuple[float, Act]] = []
        for share in sorted({*_SHARES, *acts}):
            options = ["nothing", *_ACTS.values()]
            now = _ACTS[acts[share]] if share in acts else "nothing"
            share_key = exact(share)
            wish = st.selectbox(f"{percent(share)}", options, options.index(now), key=f"budget-{key}-{share_key}")
            act = next((each for each, word in _ACTS.items() if word == wish), None)
            if act is not None:
                chosen.append((share, act))
        forecasts = (
            st.checkbox("Say when the forecast passes it", forecast, key=f"budget-{key}-forecast")
            if forecast is not None
            else True
        )
        press(
            "Save the thresholds",
            lambda asking: budget.set_thresholds(asking, chosen, cohorts=key == "cohort", forecast=forecasts),
            key=f"budget-{key}-save",
            done="The thresholds are saved.",
            in_form=True,
        )
    if any(act is Act.PAUSE for act in acts.values()):
        st.caption(
            "Pausing stops new trainings and evaluations only: what runs, what is queued and submissions go on and are "
            "billed."
        )


def _cohort_budget(view: BudgetView) -> None:
    budget = session.desk().budget
    options = [*view.guard.cohorts, *budget.without_budget(session.actor())]
    if not options:
        st.caption("Nobody on the list has an office or a cost centre, so no cohort can have a budget.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        cohort = st.selectbox(
            "Office or cost centre", options, key="budget-of-cohort", format_func=lambda key: key.replace(":", ": ")
        )
        cohort_key = cohort
        usd = float(
            st.number_input(
                "Its budget (USD, 0 = none)", 0.0, 99_999_999.0, view.guard.cohorts.get(cohort, 0.0), 50.0,
                key=f"budget-usd-{cohort_key}",
            )
        )  # fmt: skip
        press(
            "Save its budget",
            lambda asking: budget.set_cohort_budget(asking, cohort, usd),
            key="budget-of-cohort-save",
            done=f"The budget of {cohort.partition(':')[2]} is saved.",
            line=False,
        )
    said("budget-of-cohort-save")
    if view.guard.cohorts:
        st.dataframe(
            pd.DataFrame(
                {
                    "Cohort": [key.replace(":", ": ") for key in view.guard.cohorts],
                    "Budget (USD)": [*view.guard.cohorts.values()],
                }
            ),
            hide_index=True,
            key="budget-cohorts",
            column_config={"Budget (USD)": st.column_config.NumberColumn(format=USD)},
            placeholder=NOTHING,
            alt="Budgets of offices and cost centres",
        )
