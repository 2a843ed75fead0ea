"""The table of profiles, one page of it at a time, and one profile by itself.

Search, filter and order are the server's; what is chosen stays chosen on every page of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pandas as pd
import pyarrow as pa
import streamlit as st

from deepracer_admin.model import Event
from deepracer_admin.services.usage.rows import ProfileRow
from deepracer_admin.services.usage.table import ONLY, PAGE_ROWS, SORTS, Query, UsageTable
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import ask
from deepracer_admin.ui.kit.cached import key_of
from deepracer_admin.ui.kit.columns import with_columns
from deepracer_admin.ui.kit.limits import NOT_READ, NOTHING, limit_words
from deepracer_admin.ui.kit.paging import held, page_number, sort_anew
from deepracer_admin.ui.kit.place import choose_place
from deepracer_admin.ui.kit.table import USD, choose
from deepracer_admin.ui.kit.words import count, hours, minute, money, percent, plain, table_height, when, whole
from deepracer_admin.ui.usage.charts import draw, person_chart
from deepracer_admin.ui.usage.live import Stamp
from deepracer_admin.ui.usage.profile_models import profile_models

__all__ = ["ask_query", "one_profile", "profile_pages", "worklists"]


def ask_query(table: UsageTable) -> Query:
    """What to look for, whom to show, in which order."""
    first, second, third, fourth = st.columns([3, 2, 2, 2])
    text = first.text_input("Search", key="usage-search", type="search", placeholder="Name, address or racer name")
    only = choose_place(
        "Show",
        [*ONLY],
        key="usage-only",
        format_func=lambda name: f"{name} ({whole(table.counts.get(name, 0))})",
        at=second,
    )
    cohort = choose_place(
        "Office or cost centre",
        ["", *table.cohorts],
        key="usage-cohort",
        format_func=lambda name: name or "All",
        at=third,
    )
    sort = fourth.selectbox("Order", [*SORTS], key="usage-sort", bind="query-params")
    return Query(text or "", cohort, only, sort or "Most hours")


def profile_pages(table: UsageTable, query: Query, *, several: bool, stamp: Stamp) -> tuple[str, ...]:
    """One page of the table, and the way to the others; ids of the chosen profiles, whatever page they are on.

    Rows keep their places while hours move, until somebody asks for the order anew. `stamp`: what `table` was read
    from.
    """
    wanted = table.ids(query)
    order = held(wanted, key="usage", scope=query, rows=PAGE_ROWS)
    pages = max(1, math.ceil(len(order) / PAGE_ROWS))
    line = st.container(horizontal=True, vertical_alignment="bottom")
    with line:
        page = page_number(pages, key=f"usage-page-{hash(query)}", at=line, place="" if query.text else "usage-page")
        if pages > 1:
            st.caption(
                f"{whole((page - 1) * PAGE_ROWS + 1)} to {whole(min(page * PAGE_ROWS, len(order)))} "
                f"of {whole(len(order))}"
            )
            if order != wanted:
                sort_anew(key="usage")
    ids = order[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]
    rows = [table.by_id[one] for one in ids]
    return choose(
        with_columns(_sent(key_of(*stamp, ids), rows), key="profiles", always=("Racer",)),
        ids,
        key="profiles",
        names=[row.name or row.alias for row in rows],
        scope=(query, page),
        several=several,
        steady=pages == 1,  # the order of many pages is held above
        height=table_height(len(rows)),
        column_config=_COLUMNS,
        alt="Usage per sponsored profile",
        beyond=table.by_id.keys() if len(order) == len(table.rows) else set(order),
    )


@st.cache_resource(max_entries=64, show_spinner=False)
def _sent(key: str, _rows: Sequence[ProfileRow]) -> pa.Table:
    """These rows as they are sent: made once for all who look at this page of the table."""
    return pa.Table.from_pandas(_frame(_rows), preserve_index=False)


def _frame(rows: Sequence[ProfileRow]) -> pd.DataFrame:
    waits = [row.waiting_since for row in rows]
    frame = pd.DataFrame(
        {
            "Racer": [row.alias for row in rows],
            "Name": [row.name or "(nobody on the list)" for row in rows],
            "Office": [row.office for row in rows],
            "State": [_state(row) for row in rows],
            "Used (h)": [round(row.hours_used, 2) for row in rows],
            "Asked for (h)": [round(row.hours_queued, 2) for row in rows],
            "Limit (h)": [limit_words(row.hours_limit) for row in rows],
            "Of limit": [_percent(row.share) for row in rows],
            "Last 6 h": [round(row.recent_hours, 2) for row in rows],
            "Spend (USD, est.)": [round(row.spend_usd, 2) for row in rows],
            "Models": [_told(row.models) for row in rows],
            "Moved": [row.changed_at for row in rows],
            **({"Waiting since": waits} if any(waits) else {}),
        }
    )
    return frame.astype({name: "datetime64[us, UTC]" for name in ("Moved", "Waiting since") if name in frame})


_TIME = "D MMM HH:mm"
_COLUMNS = {
    "Of limit": st.column_config.NumberColumn(
        format="%.0f %%", help="Used this month and asked for, of the limit of a month; over 100 % shown as such."
    ),
    "Used (h)": st.column_config.NumberColumn(format="%,.2f", help="By the event, over months."),
    "Asked for (h)": st.column_config.NumberColumn(format="%.2f", help="Runs, is queued, or waits for a slot."),
    "Limit (h)": st.column_config.TextColumn(alignment="right", help="Of a month."),
    "Models": st.column_config.TextColumn(alignment="right", help="Made this month, as the service counts."),
    "Last 6 h": st.column_config.NumberColumn(format="%.2f", help="Hours asked for within six hours of event time."),
    "Spend (USD, est.)": st.column_config.NumberColumn(format=USD),
    "Moved": st.column_config.DatetimeColumn(format=_TIME, help="When their hours last moved, event time."),
    "Waiting since": st.column_config.DatetimeColumn(format=_TIME, help="Event time."),
}


def _state(row: ProfileRow) -> str:
    if row.paused:
        return "⏸ paused"
    return "◔ waiting for a slot" if row.waiting_since else "▶ sponsored"


def _told(number: int | None) -> str:
    return NOT_READ if number is None else f"{whole(number)}"


def _percent(share: float | None) -> float | None:
    return None if share is None or math.isinf(share) else 100 * share


def worklists(table: UsageTable, stamp: Stamp) -> None:
    """Who moved most lately, and who is far above their office. `stamp`: what `table` was read from."""
    left, right = st.columns(2)
    with left:
        st.markdown("**Most in the last six hours** (asked for)")
        _short(stamp, "top", "Last 6 h", "%.2f h", lambda: [(row, row.recent_hours) for row in table.top()])
    with right:
        number = count(table.counts["Far above their office"], "person", "people")
        st.markdown(f"**More than three times their office's median**: {number}")
        _short(
            stamp, "far", "Times the median", "%.1f ×", lambda: [(row, row.times_median) for row in table.far_above()]
        )


Worklist = Callable[[], list[tuple[ProfileRow, float]]]


@st.cache_resource(max_entries=16, show_spinner=False)
def _worklist(key: str, _title: str, _find: Worklist) -> pa.Table:
    found = _find()
    return pa.table(
        {
            "Racer": [row.alias for row, _ in found],
            "Name": [row.name for row, _ in found],
            _title: [value for _, value in found],
            "Used (h)": [row.hours_used for row, _ in found],
        }
    )


def _short(stamp: Stamp, key: str, title: str, form: str, find: Worklist) -> None:
    rows = _worklist(key_of(*stamp, title), title, find)
    if not len(rows):
        st.caption("Nobody.")
        return
    st.dataframe(
        rows,
        key=f"short-{key}",
        placeholder=NOTHING,
        hide_index=True,
        height=table_height(len(rows), most=5),
        column_config={
            title: st.column_config.NumberColumn(format=form),
            "Used (h)": st.column_config.NumberColumn(format="%,.2f"),
        },
        alt="Racers",
    )


def one_profile(event: Event, row: ProfileRow) -> None:
    """One profile over time, in figures and in its own words."""
    series = ask(lambda who: session.desk().usage.series_of(who, row.profile))
    if series is None:
        return
    share = (
        f"limit: {limit_words(row.hours_limit)}" if row.share is None else f"{percent(row.share)} of this month's limit"
    )
    waits = f" · waits for a slot since {when(row.waiting_since, event.zone)}" if row.waiting_since else ""
    made = "models not read yet" if row.models is None else f"{count(row.models, 'model')} made this month"
    st.markdown(
        f"**{plain(row.name or row.alias)}** · {hours(row.hours_used)} used, {hours(row.hours_queued)} asked for "
        f"({share}) · {money(row.spend_usd)} (estimate) · {made}{waits}"
    )
    limit = row.hours_limit if row.hours_limit is not None and math.isfinite(row.hours_limit) else None
    stamp = (event.id, event.zone, row.profile, limit, series[-1:], len(series))
    draw(
        lambda: person_chart(series, limit, event.zone),
        "person",
        alt="Hours of this profile over time",
        stamp=str(stamp),
    )
    profile_models(event, row)
    jobs = _jobs(series)
    if jobs:
        st.caption("What moved, newest first (event time)")
        st.dataframe(
            pd.DataFrame(
                {
                    f"When ({event.zone})": [minute(at, event.zone) for at, _ in jobs],
                    "What": [what for _, what in jobs],
                }
            ),
            key="person-jobs",
            placeholder=NOTHING,
            hide_index=True,
            height=table_height(len(jobs), most=6),
            alt="What moved",
        )


def _jobs(series: Sequence[tuple]) -> list[tuple]:
    """From one change to the next: time asked for, and jobs that ended with what they took."""
    found = []
    before = (0.0, 0.0)
    for at, used, queued in series:
        took, asked = used - before[0], queued - before[1]
        words = []
        if took > 0.001:
            words.append(f"jobs ended after {hours(took)}")
        if asked > 0.001:
            words.append(f"{hours(asked)} asked for")
        elif asked < -0.001 and took <= 0.001:
            words.append(f"{hours(-asked)} no longer asked for")
        if words:
            found.append((at, "; ".join(words)))
        before = (used, queued)
    return found[::-1]
