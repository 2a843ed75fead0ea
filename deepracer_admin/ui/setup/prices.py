"""Prices on the Set up page: the list in force, AWS's own, those before, and the bill beside the estimate."""

from __future__ import annotations

import hashlib
from datetime import date

import pandas as pd
import streamlit as st

from deepracer_admin.model import Actor, Event, PriceList
from deepracer_admin.rules.bill import LATE
from deepracer_admin.rules.prices import BY_HAND, price_words
from deepracer_admin.services.setup.prices import BillView, PricesView
from deepracer_admin.ui.kit import jobs, session
from deepracer_admin.ui.kit.act import press
from deepracer_admin.ui.kit.limits import NOTHING
from deepracer_admin.ui.kit.opened import as_opened, forget_opened, is_drawn, offer_anew
from deepracer_admin.ui.kit.table import USD
from deepracer_admin.ui.kit.words import as_of, clock_time, count, minute, money, percent, plain, table_height, whole

__all__ = ["PRICE_JOBS", "is_typed_in", "panel", "typed_in"]

PRICE_JOBS = ("prices.read", "bill.read")


def is_typed_in(event: Event) -> bool:
    """Was the form opened on this page?"""
    shown = st.session_state.get(_slot(event))
    return shown is not None and is_drawn(f"{_key(event, shown)}-hour")


def typed_in(who: Actor, event: Event) -> None:
    """The form alone, while another part is looked at."""
    _form(session.desk().prices.view(who), event)


def panel(who: Actor, event: Event) -> None:
    """The list in force on the left, AWS's own on the right; below what was before, and the bill."""
    desk = session.desk().prices
    view = desk.view(who)
    _in_force(view)
    left, right = st.columns(2, gap="large")
    with left:
        _form(view, event)
    with right:
        _read(view, event)
    jobs.live(PRICE_JOBS, key="setup-prices")
    _former(view, event)
    st.subheader("The bill beside the estimate", anchor=False)
    _bill(desk.bill(who), event)


def _in_force(view: PricesView) -> None:
    """One line: what an hour costs, of where and when."""
    if view.shipped:
        st.badge("Shipped with the console, not looked at yet", icon=":material/info:", color="orange")
    else:
        st.badge("In force", icon=":material/check_circle:", color="green")
    st.markdown(f"**{plain(price_words(view.prices))}**")
    st.caption(
        "Every figure of money is an estimate by this list, those of the past too: a change reckons all of them anew, "
        "and what they were before stands below."
    )


def _form(view: PricesView, event: Event) -> None:
    """Typed in by hand; what is kept is what was shown when it was filled."""
    slot = _slot(event)
    shown = as_opened(slot, view.prices, an_input=lambda kept: f"{_key(event, kept)}-hour")
    key = _key(event, shown)
    managed = view.kind == "managed"
    with st.form(key):
        what = "Training or evaluation (USD an hour)" if managed else "Training instance (USD an hour)"
        hour = st.number_input(what, 0.0, 9_999.0, shown.training_per_hour, 0.01, format="%.4f", key=f"{key}-hour")
        volume = 0.0
        if not managed:
            volume = st.number_input(
                "Its volume of 100 GB (USD an hour)", 0.0, 9_999.0, shown.volume_per_hour, 0.001, format="%.4f",
                key=f"{key}-volume",
            )  # fmt: skip
        storage = st.number_input(
            "Storage (USD a GB-month)", 0.0, 9_999.0, shown.storage_per_gb_month, 0.001, format="%.4f",
            key=f"{key}-gb",
        )  # fmt: skip
        a, b, c = st.columns(3)
        region = a.text_input("Region", shown.region, key=f"{key}-region")
        source = b.text_input("Where they are from", BY_HAND if view.shipped else shown.source, key=f"{key}-source")
        day = c.date_input("Prices of", _date(shown.as_of), key=f"{key}-day")
        wanted = PriceList(
            float(hour), float(volume), float(storage), shown.currency, source or "",
            day.isoformat() if isinstance(day, date) else "", (region or "").strip(),
        )  # fmt: skip
        desk = session.desk().prices
        press(
            "Put these in force",
            lambda asking: desk.put_in_force(asking, wanted, shown),
            key="prices-save",
            done=lambda _: _in_force_now(slot, "In force: every figure of money is reckoned with these now."),
            in_form=True,
            type="primary",
        )
    offer_anew(slot, shown, view.prices)


def _slot(event: Event) -> str:
    return f"prices-shown-{event.id}"


def _key(event: Event, shown: PriceList) -> str:
    return f"prices-{event.id}-{hashlib.sha256(repr(shown).encode()).hexdigest()[:8]}"


def _in_force_now(slot: str, sentence: str) -> str:
    """What is in force is what the form shows next."""
    forget_opened(slot)
    return sentence


def _date(told: str) -> date | None:
    try:
        return date.fromisoformat(told)
    except ValueError:
        return None


def _read(view: PricesView, event: Event) -> None:
    """AWS's own list, where credentials allow; it is put in force by a press alone."""
    st.markdown("**AWS's own prices**")
    if view.kind == "managed":
        st.caption(
            "AWS closed the managed service, so its prices are in no list any more: the shipped ones are its last."
        )
        return
    desk, seen = session.desk().prices, view.read
    region = st.text_input(
        "Region of the deployment",
        view.region or view.prices.region,
        key=f"prices-read-region-{event.id}",
        persist_state="page",
    )
    press(
        "Read AWS's prices",
        lambda asking: desk.read(asking, (region or "").strip()),
        key="prices-read",
        done="They are being read; what is found appears here.",
        icon=":material/sync:",
    )
    if seen.prices is None:
        st.caption("Not read yet. It takes AWS credentials with pricing:GetProducts, and costs nothing.")
        return
    st.markdown(plain(price_words(seen.prices)))
    st.caption(as_of(seen.as_of, "AWS Price List", event.zone))
    shown = view.prices
    press(
        "Put AWS's prices in force",
        lambda asking: desk.put_read_in_force(asking, shown),
        key="prices-use-read",
        done=lambda _: _in_force_now(
            _slot(event), "In force: every figure of money is reckoned with AWS's prices now."
        ),
        disabled=seen.prices == view.prices,
    )


def _former(view: PricesView, event: Event) -> None:
    """Which list was in force until when, and what a change did to the sum."""
    if not view.former:
        st.caption("No other list was in force since the event was created.")
        return
    st.markdown("**Lists that were in force before**, newest first")
    st.dataframe(
        pd.DataFrame(
            {
                f"Until ({event.zone})": [minute(each.until, event.zone) for each in view.former],
                "Prices": [price_words(each.prices) for each in view.former],
                "Changed by": [each.by for each in view.former],
                "Spend by it (estimate)": [_usd(each.usd) for each in view.former],
                "By the list after it": [_usd(each.usd_after) for each in view.former],
            }
        ),
        hide_index=True,
        key="prices-former",
        placeholder=NOTHING,
        height=table_height(len(view.former), most=6),
        column_config={
            "Spend by it (estimate)": st.column_config.TextColumn(alignment="right"),
            "By the list after it": st.column_config.TextColumn(alignment="right"),
        },
        alt="Price lists that were in force before",
    )


def _usd(value: float | None) -> str:
    return "nothing read yet" if value is None else money(value)


def _bill(view: BillView, event: Event) -> None:
    """What AWS billed for the days that both know whole. It never takes the place of the estimate."""
    seen, desk = view.seen, session.desk().prices
    narrowed = (
        f"what is tagged {plain(seen.tag)}" if seen.tag else "the whole account's SageMaker and S3, other uses included"
    )
    st.caption(
        f"From AWS Cost Explorer, where its reading is permitted: {narrowed}, before tax and credits. It comes a "
        "day late, days are those of UTC, and AWS takes 0.01 USD for each reading, so it can be read once an hour. The "
        "live figures stay the estimate."
    )
    again = view.again_at
    press(
        "Read the bill (0.01 USD)",
        desk.read_bill,
        key="bill-read",
        done="It is being read; what is found appears here.",
        icon=":material/receipt_long:",
        disabled=again is not None,
        help=f"Again from {clock_time(again, event.zone)}." if again else None,
    )
    if seen.as_of is None:
        asked = " It was asked for, and no answer came." if seen.asked_at else ""
        st.caption(f"The bill was not read yet.{asked}")
        return
    st.caption(as_of(seen.as_of, "AWS Cost Explorer", event.zone))
    if not view.days:
        st.caption(
            f"No day can be compared yet: it takes one that is over for {whole(LATE.total_seconds() / 3600)} h, and in "
            "which usage was read from beginning to end."
        )
        return
    billed, estimate = sum(day.billed for day in view.days), sum(day.estimate for day in view.days)
    share = f" ({percent(billed / estimate)} of the estimate)" if estimate else ""
    days = count(len(view.days), "whole day")
    st.markdown(f"**{days}: {money(billed)} billed{share}, {money(estimate)} estimated.** Both may still change.")
    st.dataframe(
        pd.DataFrame(
            {
                "Day (UTC)": [day.day.isoformat() for day in view.days][::-1],
                "Billed (USD)": [round(day.billed, 2) for day in view.days][::-1],
                "Estimate (USD)": [round(day.estimate, 2) for day in view.days][::-1],
                "Difference (USD)": [round(day.billed - day.estimate, 2) for day in view.days][::-1],
            }
        ),
        hide_index=True,
        key="bill-days",
        placeholder=NOTHING,
        height=table_height(len(view.days), most=8),
        column_config={
            name: st.column_config.NumberColumn(format=USD)
            for name in ("Billed (USD)", "Estimate (USD)", "Difference (USD)")
        },
        alt="Bill and estimate by day",
    )
