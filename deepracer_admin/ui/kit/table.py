"""Tables to choose from: the one place that reads which rows a browser has ticked.

Streamlit tells positions in the data as the browser shows it, and that data moves: hours re-sort it, people come and
go. So each drawing with another order is a widget of its own (a *generation*), its order is kept, and a tick is read
by the order of the generation it was made in. Pages get ids, and nothing but ids; a test refuses other readers.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import streamlit as st

from deepracer_admin.ui.kit.limits import NOTHING
from deepracer_admin.ui.kit.place import keep_place, newly_named
from deepracer_admin.ui.kit.words import count, some_names, whole

__all__ = ["USD", "as_label", "choose", "choose_one", "chosen_in", "counts", "let_go", "opened_in", "put_chosen"]

USD = "%,.2f"
"""How a column of money is written: 1,234.50, as the sentences beside it."""


def counts(*titles: str, width: int | Literal["small"] | None = None) -> dict[str, Any]:
    """Columns that count something, for `column_config`: written as `words.whole` writes, 2,000, in every browser."""
    return {title: st.column_config.NumberColumn(format="%,d", width=width) for title in titles}


@dataclass(frozen=True, slots=True)
class _Sent:
    """What the browser has: `order` is the ids of the rows in its order, `chosen` what was chosen when it was sent.

    `asked` and `beyond` are what was asked to be drawn, `answer` what came of it, `quiet` whether nothing was to be
    said about it: asked for the same again, with the same ticks, it is the same, however many are chosen.
    """

    generation: int
    order: tuple[str, ...]
    chosen: tuple[str, ...]
    names: Mapping[str, str]
    scope: Hashable
    asked: Hashable = ()
    beyond: Collection[str] = ()
    answer: tuple[str, ...] = ()
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class _Put:
    """Who is to be chosen from the next drawing on, and what they are called."""

    ids: tuple[str, ...]
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Look:
    """How a table is drawn; see `choose`."""

    several: bool
    height: int | Literal["auto", "content"]
    column_config: Mapping[str, Any]
    placeholder: str
    alt: str
    opens: str
    opens_help: str | None


_WORD_JOINER = "\u2060"


def choose(
    frame: pd.DataFrame | pa.Table,
    ids: Sequence[str],
    *,
    key: str,
    alt: str,
    names: Sequence[str] = (),
    scope: Hashable = "",
    several: bool = True,
    steady: bool = True,
    height: int | Literal["auto", "content"] = "auto",
    column_config: Mapping[str, Any] | None = None,
    placeholder: str = NOTHING,
    beyond: Collection[str] = (),
    opens: str = "",
    opens_help: str | None = None,
    place: str = "",
) -> tuple[str, ...]:
    """Draw `frame`, whose rows are the things with these `ids` (unique); the ids chosen that are in it, in its order.

    What is chosen stays chosen while rows are sorted anew, come or vanish, and while this table is on the page. Chosen
    things that are not in the list now are named (by `names`, else by id) and left out of the answer; they are back
    with their row. `scope` is what narrowed the list (search, cohort): with another one the order is the given one.

    `beyond`: ids of things that are in the list, but on another page of it: chosen once, they stay chosen and are part
    of the answer, after those that are drawn.

    `opens`: a column whose cells (`as_label`) are pressed to open the thing of their row, as `opens_help` says beside
    its title; `opened_in` says which. A pointer alone can press them: offer another way for keys.

    `steady`: rows keep the places in which they were first shown, newcomers stand last, and a button sorts anew.
    Without it rows stand as given, for lists whose newest must come first.

    `place`: the name under which the address keeps what is chosen, for one at a time, and never for people.
    """
    if len(set(ids)) != len(ids):
        raise ValueError(f"{key}: rows of a table to choose from need ids of their own")
    if len(ids) != len(frame):
        raise ValueError(f"{key}: one id per row")
    look = _Look(several, height, column_config or {}, placeholder, alt, opens, opens_help)
    sent = _sent(key)
    put: _Put | None = st.session_state.get(_put(key))
    as_asked = (tuple(ids), tuple(names), scope, several)
    named = newly_named(place, ids, begins=sent is None) if place else None
    if sent and put is None and named is None and sent.quiet and sent.beyond is beyond:
        ticks = _ticks(key, sent)
        if sent.asked == (*as_asked, tuple(ticks)):
            _draw(frame, key, sent.generation, ticks, look)
            return sent.answer
    chosen = _chosen(key, sent, several=several) if sent else ()
    if sent and put is not None:
        chosen = put.ids
    elif named is not None:
        chosen = (named,) if named else ()
    order = _order(ids, sent, scope, steady=steady, anew=_wants_order_anew(key))
    known = {
        **(sent.names if sent else {}),
        **(put.names if put else {}),
        **dict(zip(ids, names, strict=True) if names else ()),
    }
    rows = {one: row for row, one in enumerate(ids)}
    if not several:
        chosen = tuple(one for one in chosen if one in rows)
    those = {*chosen}
    ticked = [place for place, one in enumerate(order) if one in those]
    generation = _generation(key, sent, order, ticked)
    _draw(_in_order(frame, [rows[one] for one in order]), key, generation, ticked, look)
    elsewhere = [one for one in chosen if one in beyond and one not in rows] if beyond else []
    answer = (*(one for one in order if one in those), *elsewhere)
    gone = [one for one in chosen if one not in rows and one not in beyond]
    # Kept only now: drawing may be broken off by the next click, and then the browser still has what it had.
    kept = {one: known[one] for one in (*order, *chosen) if one in known}
    asked, quiet = (*as_asked, tuple(ticked)), not gone and tuple(ids) == order
    st.session_state[_slot(key)] = _Sent(generation, order, chosen, kept, scope, asked, beyond, answer, quiet)
    st.session_state.pop(_put(key), None)
    if not quiet:
        _say_what_moved(key, gone, len(chosen), known, is_moved=tuple(ids) != order)
    if place:
        keep_place(place, next(iter(chosen), ""))
    return answer


def _draw(frame: pd.DataFrame | pa.Table, key: str, generation: int, ticked: list[int], look: _Look) -> None:
    columns = dict(look.column_config)
    if look.opens:
        columns[look.opens] = st.column_config.ButtonColumn(
            type="tertiary", alignment="left", pinned=True, help=look.opens_help, key=_opener(key, generation)
        )
    with st.container(key=f"{key}-table"):
        st.dataframe(
            frame,
            key=_widget(key, generation),
            hide_index=True,
            on_select="rerun",
            selection_mode="multi-row" if look.several else "single-row",
            selection_default={"selection": {"rows": ticked}},
            height=look.height,
            column_config=columns,
            placeholder=look.placeholder,
            alt=look.alt,
        )


def choose_one(frame: pd.DataFrame | pa.Table, ids: Sequence[str], *, key: str, alt: str, **look: Any) -> str | None:
    """As `choose`, for one at a time: its id, or None."""
    return next(iter(choose(frame, ids, key=key, alt=alt, several=False, **look)), None)


def _in_order(frame: pd.DataFrame | pa.Table, places: list[int]) -> pd.DataFrame | pa.Table:
    if places == [*range(len(frame))]:
        return frame
    return frame.take(places) if isinstance(frame, pa.Table) else frame.iloc[places]


def chosen_in(key: str) -> tuple[str, ...]:
    """What is chosen in a table of this page, before it is drawn in this run; () while it is not on the page."""
    sent = _sent(key)
    return _chosen(key, sent, several=True) if sent else ()


def opened_in(key: str) -> str | None:
    """Which row of a table of this page was pressed to be opened, before it is drawn; None in any other run."""
    sent = _sent(key)
    pressed = st.session_state.get(_opener(key, sent.generation)) if sent else None
    return sent.order[pressed["row"]] if sent and pressed and pressed["row"] < len(sent.order) else None


def put_chosen(key: str, ids: Sequence[str], names: Mapping[str, str]) -> None:
    """Choose just these the next time the table is drawn, whatever is ticked; `names`: what they are called."""
    st.session_state[_put(key)] = _Put(tuple(ids), names)


def as_label(text: str) -> str:
    """`text` for a cell of the column that opens, so that it shows as it stands: one in brackets would be a list of
    buttons, and one with a colon in front an icon; an invisible word joiner keeps it text.
    """
    shown = " ".join(text.split())
    return f"{_WORD_JOINER}{shown}" if shown.startswith(("[", ":")) else shown


def let_go(key: str) -> None:
    """Nothing is chosen in this table any more: what it was chosen for is done."""
    st.session_state.pop(_slot(key), None)


def _slot(key: str) -> str:
    return f"table-{key}"


def _put(key: str) -> str:
    return f"{_slot(key)}-put"


def _opener(key: str, generation: int) -> str:
    return f"{_widget(key, generation)}-open"


def _widget(key: str, generation: int) -> str:
    return f"{key}.{generation}"


def _sent(key: str) -> _Sent | None:
    """None on a new visit: Streamlit forgets a widget that a run did not draw, and the choice goes with it."""
    found = st.session_state.get(_slot(key))
    return found if found and _widget(key, found.generation) in st.session_state else None


def _ticks(key: str, sent: _Sent) -> list[int]:
    """Places that are ticked in the browser, in the order of `sent`."""
    places: Sequence[int] = st.session_state[_widget(key, sent.generation)]["selection"].get("rows", ())
    return sorted(place for place in places if place < len(sent.order))


def _chosen(key: str, sent: _Sent, *, several: bool) -> tuple[str, ...]:
    ticked = [sent.order[place] for place in _ticks(key, sent)]
    here = {*sent.order}
    off = [one for one in sent.chosen if one not in here] if several else []
    return (*off, *ticked)


def _order(ids: Sequence[str], sent: _Sent | None, scope: Hashable, *, steady: bool, anew: bool) -> tuple[str, ...]:
    if sent is None or not steady or anew or scope != sent.scope:
        return tuple(ids)
    here, before = set(ids), set(sent.order)
    return (*(one for one in sent.order if one in here), *(one for one in ids if one not in before))


def _generation(key: str, sent: _Sent | None, order: tuple[str, ...], ticked: list[int]) -> int:
    """The same while every place that the browser shows means the same row; a number is never used twice."""
    if sent and order[: len(sent.order)] == sent.order and ticked == _ticks(key, sent):
        return sent.generation
    number = st.session_state.get(f"{_slot(key)}-last", 0) + 1
    st.session_state[f"{_slot(key)}-last"] = number
    return number


def _wants_order_anew(key: str) -> bool:
    return bool(st.session_state.get(f"{key}-anew"))


def _say_what_moved(key: str, gone: list[str], number: int, known: Mapping[str, str], *, is_moved: bool) -> None:
    """`gone`: of the `number` chosen, those who are not in the list now."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if gone:
            left = number - len(gone)
            rest = f"what you do reaches the other {whole(left)}" if left else "nothing is done to them"
            named = some_names([known.get(one, one) for one in gone])
            of = f"{whole(len(gone))} of {count(number, 'chosen', 'chosen')}"
            st.caption(f"{of} {'is' if len(gone) == 1 else 'are'} not in this list any more: {named}; {rest}.")
            st.button("Forget them", key=f"{key}-forget", type="tertiary", on_click=_forget, args=(key, {*gone}))
        if is_moved:
            st.button("Sort anew", key=f"{key}-anew", type="tertiary", icon=":material/sort:")


def _forget(key: str, gone: set[str]) -> None:
    found: _Sent | None = st.session_state.get(_slot(key))
    if found:
        kept = tuple(one for one in found.chosen if one not in gone)
        st.session_state[_slot(key)] = replace(found, chosen=kept)
