"""The audit as a table, cached by its newest entry; the chain verified."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from deepracer_admin.model import UNLIMITED, Actor, AuditEntry
from deepracer_admin.rules.access import ACTIONS
from deepracer_admin.rules.quotas import NO_LIMIT
from deepracer_admin.services.people.list_query import PAGE_ROWS
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.columns import with_columns
from deepracer_admin.ui.kit.paging import page_of
from deepracer_admin.ui.kit.place import choose_place
from deepracer_admin.ui.kit.table import choose_one
from deepracer_admin.ui.kit.words import as_of, count, plain, table_height, whole

__all__ = ["chain", "entry", "filters", "table"]

SHOWN = 1_000
_AT_THE_DOOR = {
    "signin": "sign in",
    "signout.on_behalf": "end what the console does on one's behalf, at sign-out",
    "audit.redact": "take an erased person out of the audit",
}
"""What nobody needs a role for: the door (web/signin.py), and what an erasure brings about."""


def chain(who: Actor, zone: str) -> None:
    """Is the trail whole? Checked from the first entry to the newest."""
    checked, broken, at = _verified(session.desk().audit.newest(who), who)
    with st.container(horizontal=True, vertical_alignment="center"):
        if broken is None:
            st.badge(f"Chain verified: {count(checked, 'entry', 'entries')}", icon=":material/verified:", color="green")
        else:
            st.badge(
                f"Chain broken at entry {whole(broken)} of {whole(checked)}", icon=":material/gpp_bad:", color="red"
            )
        st.caption(as_of(at, "audit", zone))
    if broken is not None:
        st.error("Somebody changed or removed an entry. Keep the database file as it is, and tell your security team.")


@st.cache_data(max_entries=2, show_spinner=False)
def _verified(newest: int, _who: Actor) -> tuple[int, int | None, datetime]:
    checked, broken = session.desk().audit.verify(_who)
    return checked, broken, datetime.now(UTC)


def filters() -> tuple[str, str]:
    """(words, action) as chosen."""
    left, right = st.columns([3, 2])
    words = left.text_input("Search", key="audit-text", type="search", placeholder="Person, target, value")
    action = choose_place(
        "Action",
        ["", *sorted(name for name, each in ACTIONS.items() if each.writes)],
        format_func=lambda name: f"{name}: {ACTIONS[name].title}" if name else "Every action",
        key="audit-action",
        at=right,
    )
    return words or "", action


def table(who: Actor, zone: str, *, words: str, action: str) -> AuditEntry | None:
    """The newest entries that fit, one page of them; the chosen one."""
    found = _entries(session.desk().audit.newest(who), words, action, who)
    if not found:
        st.info("No entry fits. Clear the search, or choose every action.", icon=":material/search_off:")
        return None
    more = f"the newest {whole(SHOWN)} that fit; the export has all" if len(found) == SHOWN else "newest first"
    ids, page = page_of(
        tuple(found),
        key=f"audit-page-{hash((words, action))}",
        rows=PAGE_ROWS,
        told=count(len(found), "entry", "entries"),
        as_of=more,
        at=st.container(horizontal=True, vertical_alignment="bottom"),
        place="" if words else "audit-page",
    )
    shown = [found[one] for one in ids]
    frame = pd.DataFrame(
        {
            "No.": [row.seq for row in shown],
            "When": [row.at for row in shown],
            "Who": [row.actor_name for row in shown],
            "Role": [row.role for row in shown],
            "Action": [_title(row.action) for row in shown],
            "To how many": [row.count for row in shown],
            "Allowed": ["✓ yes" if row.allowed else "✗ refused" for row in shown],
            "Target": [row.target for row in shown],
        }
    )
    chosen = choose_one(
        with_columns(frame, key="audit", always=("No.", "When")),
        list(ids),
        key="audit",
        names=[f"entry {whole(row.seq)}" for row in shown],
        scope=(action, words, page),
        steady=False,
        height=table_height(len(shown), most=14),
        column_config={
            "When": st.column_config.DatetimeColumn(f"When ({zone})", format="YYYY-MM-DD HH:mm:ss", timezone=zone),
            "No.": st.column_config.NumberColumn(width="small"),
            "Who": st.column_config.TextColumn(width="medium"),
        },
        alt="Audit entries, newest first",
    )
    return found.get(chosen or "")


def _title(action: str) -> str:
    """What was done, in words; an action that this version does not know by its name."""
    return ACTIONS[action].title if action in ACTIONS else _AT_THE_DOOR.get(action, action)


@st.cache_resource(max_entries=8, show_spinner=False)
def _entries(newest: int, words: str, action: str, _who: Actor) -> dict[str, AuditEntry]:
    """By their numbers, newest first; nobody may change them."""
    found = session.desk().audit.entries(_who, text=words, action=action, limit=SHOWN)
    return {str(row.seq): row for row in found}


def entry(chosen: AuditEntry) -> None:
    """One entry whole: before and after."""
    with st.container(border=True):
        what = f"**{whole(chosen.seq)} · {plain(_title(chosen.action))}** ({plain(chosen.action)})"
        st.markdown(f"{what} by {plain(chosen.actor_name)}")
        left, right = st.columns(2)
        left.caption("Before")
        _value(left, chosen.before)
        right.caption("After")
        _value(right, chosen.after)
        st.caption(f"digest {chosen.digest} · job {plain(chosen.job or 'none')}")


_LIMITS = frozenset({"minutes", "models", "hours", "hours_per_person", "models_per_person"})


def _worded(value: Any, field: str = "") -> Any:
    """As kept, but a limit that there is none of is said as a word."""
    if isinstance(value, dict):
        return {name: _worded(each, str(name)) for name, each in value.items()}
    if isinstance(value, list):
        return [_worded(each, field) for each in value]
    return NO_LIMIT if field in _LIMITS and value == UNLIMITED else value


def _value(place: DeltaGenerator, value: Any) -> None:
    """Fields as a tree; a bare word or number as it stands, which Streamlit would try to read as JSON."""
    if value is None or isinstance(value, dict | list):
        place.json(_worded(value or {}), expanded=2)
    else:
        place.code(str(value), language=None, wrap_lines=True)
