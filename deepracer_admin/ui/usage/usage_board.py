"""What the Usage page shows: totals live, the table per profile, and what a change of quota can cost."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import pandas as pd
import streamlit as st

from deepracer_admin.services.usage.usage import ProfileRow
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.table import choose
from deepracer_admin.ui.kit.words import as_of, count, hours, money, plain, table_height, when
from deepracer_admin.ui.usage.charts import spend_chart, spend_title

__all__ = ["IDLE_HOURS", "filter_rows", "live_totals", "near_and_idle", "profile_table"]

NEAR = 0.9
IDLE_HOURS = 0.05  # three minutes: less than any training job


@st.fragment(run_every=2)
def live_totals() -> None:
    """Totals and the spend chart, drawn anew every two seconds; nothing to click."""
    who, desk = session.actor(), session.desk()
    view = desk.usage.totals(who)
    event = view.event
    st.caption(
        f"{as_of(view.as_of, 'racing service, event time', event.zone)} · money is an *estimate*: hours × "
        f"{event.prices.per_hour:.3f} USD ({plain(event.prices.source)}, {plain(event.prices.as_of)})"
    )
    if view.as_of is None:
        st.info("No usage has been read yet; it appears once the first profiles exist.", icon=":material/schedule:")
        return
    first = st.columns(4)
    first[0].metric("Training hours used", hours(view.hours_used))
    first[1].metric("Queued and running (committed)", hours(view.hours_queued))
    first[2].metric("Racers active", f"{view.active:,} of {view.profiles:,}")
    first[3].metric("Models · storage", f"{view.models:,} · {view.storage_gb:,.1f} GB")
    second = st.columns(4)
    budget = event.budget_usd
    share = f"{view.spend_usd / budget:.0%} of the budget" if budget else None
    second[0].metric(
        "Spend so far (estimate)", money(view.spend_usd), delta=share, delta_color="off",
        delta_arrow="off",
    )  # fmt: skip
    second[1].metric("Committed on top (estimate)", money(view.committed_usd))
    if view.is_over:
        second[2].metric("Burn rate", "ended")
        second[3].metric("Final (estimate)", money(view.spend_usd), help="The bill of AWS has the last word.")
    else:
        second[2].metric("Burn rate, last hour (estimate)", f"{money(view.burn_usd_per_hour)}/h")
    if view.forecast and not view.is_over:
        band = f"{money(view.forecast.low)} to {money(view.forecast.high)}"
        second[3].metric(
            "At the end (estimate)", money(view.forecast.middle), delta=band, delta_color="off", delta_arrow="off"
        )
        if view.forecast.budget_reached_at:
            at = when(view.forecast.budget_reached_at, event.zone)
            st.warning(f"At this rate the budget of {money(budget)} is reached {at}.", icon=":material/trending_up:")
    if view.strangers and session.may(who, "usage.view"):
        st.caption(f"{count(view.strangers, 'profile')} of the service belong to nobody on the list: not counted here.")
    st.plotly_chart(spend_chart(view), key="spend", config={"displayModeBar": False}, alt=spend_title(view))


def filter_rows(rows: Sequence[ProfileRow], text: str, cohort: str) -> list[ProfileRow]:
    """Rows whose name, address or alias holds `text`, of one office or cost centre ("Office: Milano")."""
    needle = " ".join(text.split()).casefold()
    return [
        row
        for row in rows
        if (not needle or needle in f"{row.name} {row.email} {row.alias}".casefold())
        and (not cohort or cohort in (f"Office: {row.office}", f"Cost centre: {row.cost_centre}"))
    ]


def profile_table(rows: Sequence[ProfileRow], *, scope: Hashable, several: bool) -> tuple[str, ...]:
    """One row per profile, most hours first; the ids of the chosen profiles. `scope`: what narrowed the list."""
    frame = pd.DataFrame(
        {
            "Racer": [row.alias for row in rows],
            "Name": [row.name or "(nobody on the list)" for row in rows],
            "Office": [row.office for row in rows],
            "Cost centre": [row.cost_centre for row in rows],
            "State": ["⏸ paused" if row.paused else "▶ sponsored" for row in rows],
            "Used (h)": [round(row.hours_used, 2) for row in rows],
            "Queued (h)": [round(row.hours_queued, 2) for row in rows],
            "Limit (h)": [row.hours_limit for row in rows],
            "Of limit": [None if (share := _share(row)) is None else 100 * share for row in rows],
            "Models": [row.models for row in rows],
            "Storage (GB)": [None if row.storage_gb is None else round(row.storage_gb, 2) for row in rows],
            "Spend (USD, est.)": [round(row.spend_usd, 2) for row in rows],
        }
    )
    return choose(
        frame,
        [row.profile for row in rows],
        key="profiles",
        names=[row.name or row.alias for row in rows],
        scope=scope,
        several=several,
        height=table_height(len(rows)),
        column_config={
            "Racer": st.column_config.TextColumn(pinned=True),
            "Of limit": st.column_config.ProgressColumn(min_value=0, max_value=100, format="%.0f %%", width="small"),
            "Used (h)": st.column_config.NumberColumn(format="%.2f"),
            "Queued (h)": st.column_config.NumberColumn(format="%.2f"),
            "Limit (h)": st.column_config.NumberColumn(format="%.1f", help="Empty: unlimited or not told."),
            "Storage (GB)": st.column_config.NumberColumn(format="%.2f"),
            "Spend (USD, est.)": st.column_config.NumberColumn(format="%.2f"),
        },
        alt="Usage per sponsored profile",
    )


def _share(row: ProfileRow) -> float | None:
    return min(1.0, (row.hours_used + row.hours_queued) / row.hours_limit) if row.hours_limit else None


def near_and_idle(rows: Sequence[ProfileRow]) -> None:
    """Two worklists: who has nearly used their hours, and who has not begun."""
    near = [row for row in rows if (_share(row) or 0) >= NEAR]
    idle = [row for row in rows if row.attendee and row.hours_used + row.hours_queued < IDLE_HOURS]
    left, right = st.columns(2)
    with left, st.container(border=True):
        st.markdown(f"**Near their limit** ({NEAR:.0%} used or queued): {count(len(near), 'person', 'people')}")
        _short(near, "near")
    with right, st.container(border=True):
        st.markdown(f"**Idle** (not a training job yet): {count(len(idle), 'person', 'people')}")
        _short(idle, "idle")


def _short(rows: Sequence[ProfileRow], key: str) -> None:
    if not rows:
        st.caption("Nobody.")
        return
    st.dataframe(
        pd.DataFrame(
            {
                "Racer": [row.alias for row in rows],
                "Name": [row.name for row in rows],
                "Used (h)": [row.hours_used for row in rows],
                "Queued (h)": [row.hours_queued for row in rows],
                "Limit (h)": [row.hours_limit for row in rows],
            }
        ),
        key=f"short-{key}",
        hide_index=True,
        height=table_height(len(rows), most=5),
        column_config={
            name: st.column_config.NumberColumn(format="%.2f") for name in ("Used (h)", "Queued (h)", "Limit (h)")
        },
        alt="Racers",
    )
