"""The house rules of the screens: rows are chosen by id, widgets have a lasting identity, acts ask who acts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCREENS = sorted([*(ROOT / "pages").rglob("*.py"), *(ROOT / "deepracer_admin" / "ui").rglob("*.py"), ROOT / "app.py"])
KIT = "deepracer_admin/ui/kit/"
CHOOSES = f"{KIT}table.py"
WORDS = f"{KIT}words.py"
DOWNLOADS = f"{KIT}download.py"

WIDGETS = {
    *("audio_input", "button", "camera_input", "chat_input", "checkbox", "color_picker", "data_editor", "date_input"),
    *("datetime_input", "download_button", "feedback", "file_uploader", "form", "form_submit_button", "link_button"),
    *("menu_button", "multiselect", "number_input", "pagination", "pills", "radio", "segmented_control"),
    *("select_slider", "selectbox", "slider", "tabs", "text_area", "text_input", "time_input", "toggle"),
}
"""Streamlit's widgets that act or hold what a person typed or chose."""
OURS = frozenset({"ask_limit", "choose", "choose_one", "confirm", "confirm_typed", "download", "press"})
"""Our own that pass `key` on to one of those."""
LASTING = ("id", "key", "turn", "digest", "seq", "mark")
"""A value in a key is a name or attribute that is one of these, or ends with one after an underscore."""


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Every call by the last part of what is called: `st.button(...)`, `left.button(...)`, `press(...)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Attribute):
                yield called.attr, node
            elif isinstance(called, ast.Name):
                yield called.id, node


def is_widget(called: str, call: ast.Call) -> bool:
    return (called in WIDGETS and isinstance(call.func, ast.Attribute)) or (
        called in OURS and isinstance(call.func, ast.Name)
    )


def lasts(part: ast.expr) -> bool:
    """Is this value of a key an identity, and not a count, a name or a time?"""
    if isinstance(part, ast.Name):
        word = part.id
    elif isinstance(part, ast.Attribute):
        word = part.attr
    else:
        return False
    return word.rpartition("_")[2] in LASTING


def faults(tree: ast.AST, where: str) -> list[str]:
    """Every breach of the rules in one file, one line each."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "selection" and where != CHOOSES:
            found.append(f"{where}:{node.lineno} reads a table's selection")
        if (
            isinstance(node, ast.Subscript)
            and isinstance(node.slice, ast.Constant)
            and node.slice.value == "selection"
            and where != CHOOSES
        ):
            found.append(f"{where}:{node.lineno} reads a table's selection")
        if isinstance(node, ast.FormattedValue) and node.format_spec is not None and where != WORDS:
            found.append(f"{where}:{node.lineno} formats by hand: {ast.unparse(node)}")
        if isinstance(node, ast.Dict):
            found += [
                f"{where}:{value.lineno} tells the time zone in each row of a column: {ast.unparse(value)}"
                for value in node.values
                if not isinstance(value, ast.Constant) and any(called == "when" for called, _ in calls(value))
            ]
    for called, call in calls(tree):
        given = {word.arg: word.value for word in call.keywords if word.arg}
        line = f"{where}:{call.lineno} {called}"
        is_table = called != "pills"  # those tell the chosen words themselves, not places
        if is_table and given.keys() & {"on_select", "selection_mode", "selection_default"} and where != CHOOSES:
            found.append(f"{line} makes a table to choose from")
        if called == "download_button" and where != DOWNLOADS:
            found.append(f"{line} makes a file for whom the page was drawn for")
        if called in ("dataframe", "data_editor") and "placeholder" not in given and where != CHOOSES:
            found.append(f"{line} shows the word None where there is nothing")
        if called == "number_input" and any(is_stand_in(each) for each in [*call.args, *given.values()]):
            found.append(f"{line} asks for a number that stands for a word")
        if is_widget(called, call):
            key = given.get("key")
            if key is None and called == "form" and call.args:
                key = call.args[0]
            if key is None:
                found.append(f"{line} has no key")
            elif isinstance(key, ast.JoinedStr):
                parts = [part for part in key.values if isinstance(part, ast.FormattedValue)]
                found += [
                    f"{line} has a key that moves with {ast.unparse(part.value)}"
                    for part in parts
                    if part.format_spec is not None or not lasts(part.value)
                ]
            elif not is_constant(key) and not is_handed_on(key):
                found.append(f"{line} has a key that moves with {ast.unparse(key)}")
        if called == "partial":
            found += [f"{line} keeps who acts: {kept.id}" for kept in call.args if is_actor(kept)]
    return found + kept_actors(tree, where)


def is_stand_in(given: ast.expr) -> bool:
    """-1 as a number, or told in a label, where a person means "no limit"."""
    return ast.unparse(given) in ("-1", "-1.0", "UNLIMITED") or "-1" in str(getattr(given, "value", ""))


def is_constant(key: ast.expr) -> bool:
    """A text, or one of two."""
    if isinstance(key, ast.IfExp):
        return is_constant(key.body) and is_constant(key.orelse)
    return isinstance(key, ast.Constant)


def is_handed_on(key: ast.expr) -> bool:
    """A key that a caller gave, that is a constant of the module, or that a function made of such a one."""
    if isinstance(key, ast.Call):
        return isinstance(key.func, ast.Name) and all(is_handed_on(each) for each in key.args)
    return lasts(key) or (isinstance(key, ast.Name) and key.id.isupper())


FUNCTIONS = (ast.FunctionDef, ast.Lambda)


def is_actor(node: ast.AST) -> TypeGuard[ast.Name]:
    """`who` and `actor` are the person that a page was drawn for."""
    return isinstance(node, ast.Name) and node.id in ("who", "actor")


def kept_actors(tree: ast.AST, where: str) -> list[str]:
    """Functions made in a run that name who it was drawn for: they run later, for whoever is there then."""
    found = []
    defined = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    inner = {each for node in defined for each in ast.walk(node) if isinstance(each, FUNCTIONS) and each is not node}
    for made in inner | {node for node in ast.walk(tree) if isinstance(node, ast.Lambda)}:
        own = {node.id for node in ast.walk(made) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        for each in ast.walk(made):
            if isinstance(each, FUNCTIONS):
                own |= {argument.arg for argument in [*each.args.args, *each.args.kwonlyargs]}
        found += [
            f"{where}:{node.lineno} keeps who acts: {node.id}"
            for node in ast.walk(made)
            if is_actor(node) and node.id not in own
        ]
    return sorted(set(found))


HOUSE_WORDS = re.compile(
    r"\b(workers?|ledgers?|reconcilers?|epochs?|leases?|payloads?|read(s|ing)?( \w+)? back)\b", re.I
)
"""Words of the program's makers: no attendee, organizer or facilitator knows them."""


def house_words(tree: ast.AST, where: str) -> list[str]:
    """Such words in texts that are shown: not in docstrings, names, keys and what a text is searched for."""
    unseen: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            unseen.add(id(node.value))  # a docstring, of a module, a function or a value
        elif isinstance(node, ast.Assign) and any(
            isinstance(to, ast.Name) and to.id == "__all__" for to in node.targets
        ):
            unseen |= {id(each) for each in ast.walk(node.value)}
        elif isinstance(node, ast.Call):
            unseen |= {id(each) for word in node.keywords if word.arg == "key" for each in ast.walk(word.value)}
            if isinstance(node.func, ast.Attribute) and node.func.attr == "replace":
                unseen |= {id(each) for each in node.args}
    return [
        f"{where}:{node.lineno} says “{found.group(0)}”"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in unseen
        for found in [HOUSE_WORDS.search(node.value)]
        if found
    ]


@pytest.mark.parametrize("path", SCREENS, ids=name)
def test_a_screen_speaks_the_words_of_those_who_use_it(path: Path) -> None:
    assert house_words(ast.parse(path.read_text(encoding="utf-8")), name(path)) == []


@pytest.mark.parametrize(
    ("put_back", "told"),
    [
        ("st.caption('The worker runs the check.')", "says “worker”"),
        ("press('Pause', run, key='pause', done=f'{words}: the service reads it back.')", "says “reads it back”"),
        ("st.badge(f'reads back {word}')", "says “reads back”"),
        ("sections = ['Campaigns', 'Ledger']", "says “Ledger”"),
        ("st.dataframe(frame, key='ledger', alt='Mails')", None),
        ("def table():\n    'The ledger as a table.'", None),
        ("st.caption('It comes back with their row.')", None),
    ],
)
def test_a_word_of_the_house_is_found_when_it_comes_back(put_back: str, told: str | None) -> None:
    found = house_words(ast.parse(put_back), "pages/run/somewhere.py")
    assert bool(found) == (told is not None)
    assert told is None or told in found[0]


MAKERS = re.compile(r"\bread(s|ing)?( \w+)? back\b|\bread-back", re.I)
"""Of the words above, the one that sentences of flows and services slipped into most."""
ROOMS = ("counted.py", "flows", "services", "records", "rules", "racing", "directory", "mail", "edge", "worker")
SPEAKERS = sorted(
    path
    for room in ROOMS
    for path in (
        [ROOT / "deepracer_admin" / room] if room.endswith(".py") else (ROOT / "deepracer_admin" / room).rglob("*.py")
    )
)


def told_words(tree: ast.AST, where: str) -> list[str]:
    """What a file that speaks to people says in the makers' words: not in docstrings, and not to the log."""
    said = [
        (node, found.group(0))
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for found in [MAKERS.search(node.value)]
        if found
    ]
    if not said:
        return []
    unseen: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            unseen.add(id(node.value))
        elif isinstance(node, ast.Call) and ast.unparse(node.func).startswith("log."):
            unseen |= {id(each) for each in ast.walk(node)}
    return [f"{where}:{node.lineno} says “{word}”" for node, word in said if id(node) not in unseen]


def test_what_flows_and_services_tell_people_is_in_their_words() -> None:
    """Evidence, errors and the certificate reach screens and the company's files: "seen at the service", not "read
    back"."""
    told = [fault for path in SPEAKERS for fault in told_words(ast.parse(path.read_text(encoding="utf-8")), name(path))]
    assert len(SPEAKERS) > 100
    assert told == []


@pytest.mark.parametrize(
    ("put_back", "told"),
    [
        ("Told(f'{people} deleted (read back).')", "says “read back”"),
        ("said = f'{left} do not read back yet.'", "says “read back”"),
        ("why = 'off by read-back'", "says “read-back”"),
        ("item = replace(item, reason='read_back')", None),
        ("def look():\n    'Read back until none is left.'", None),
        ("log.info('%s read back', name)", None),
    ],
)
def test_a_makers_word_in_a_sentence_is_found_when_it_comes_back(put_back: str, told: str | None) -> None:
    found = told_words(ast.parse(put_back), "deepracer_admin/flows/somewhere.py")
    assert bool(found) == (told is not None)
    assert told is None or told in found[0]


@pytest.mark.parametrize("path", SCREENS, ids=name)
def test_a_screen_keeps_the_rules(path: Path) -> None:
    assert faults(ast.parse(path.read_text(encoding="utf-8")), name(path)) == []


@pytest.mark.parametrize(
    ("put_back", "told"),
    [
        ("chosen = [rows[row] for row in choice.selection.rows]", "reads a table's selection"),
        ("places = st.session_state['people']['selection']['rows']", "reads a table's selection"),
        ("st.dataframe(frame, key='people', placeholder=NOTHING, on_select='rerun')", "makes a table to choose from"),
        ("st.dataframe(frame, key='people')", "shows the word None"),
        ("st.dataframe(frame, key='people', placeholder=NOTHING)", None),
        ("left.number_input('Hours (-1 = unlimited)', key='hours')", "stands for a word"),
        ("st.number_input('Hours', -1.0, 744.0, key='hours')", "stands for a word"),
        ("ask_limit(left, 'Hours', 5.0, key='hours')", None),
        ("st.caption(f'{len(people):,} people')", "formats by hand"),
        ("st.caption(f'{spent / budget:.0%} of it')", "formats by hand"),
        ("st.caption(f'at {now:%H:%M}')", "formats by hand"),
        ("st.caption(f'{whole(spent)} USD')", None),
        ("st.pills('Taken', words, selection_mode='multi', key='words')", None),
        ("st.button(f'Send to {count(n)} people')", "has no key"),
        ("left.selectbox('To whom', ids)", "has no key"),
        ("st.form_submit_button('Add')", "has no key"),
        ("press('Add', add, done='Added.')", "has no key"),
        ("st.button('Send', key=f'send-{len(people)}')", "has a key that moves with len(people)"),
        ("st.button('Send', key=f'send-{person.name}')", "has a key that moves with person.name"),
        ("choose(frame, ids, key=f'found-{text}', alt='People')", "has a key that moves with text"),
        ("st.text_input('Name', key=title)", "has a key that moves with title"),
        ("st.text_input('Name', key=f'race-{turn}-name')", None),
        ("st.button('Undo', key=f'{key}-{job.id}-undo')", None),
        ("pd.DataFrame({'Opens': [when(row.at, zone) for row in rows]})", "tells the time zone in each row"),
        ("pd.DataFrame({f'Opens ({zone})': [minute(row.at, zone) for row in rows]})", None),
        ("left, right = st.tabs(['Now', 'Before'])", "has no key"),
        ("press('Pause', lambda asking: usage.sponsor(asking, ids), key='pause', done='')", None),
        ("press('Pause', lambda asking: usage.sponsor(who, ids), key='pause', done='')", "keeps who acts: who"),
        ("confirm('Pause', key='pause', run=lambda asking: usage.sponsor(who, ids))", "keeps who acts: who"),
        ("partial(usage.sponsor, who, ids)", "keeps who acts: who"),
        ("def page(who):\n    def run():\n        usage.sponsor(who, ids)", "keeps who acts: who"),
        ("st.download_button('Export', lambda: people.export(who), key='export')", "makes a file for whom"),
    ],
)
def test_what_was_wrong_once_is_found_when_it_comes_back(put_back: str, told: str | None) -> None:
    found = faults(ast.parse(put_back), "pages/run/somewhere.py")
    assert bool(found) == (told is not None)
    assert told is None or told in found[0]


LISTS_ENDED = [
    page for page in SCREENS if page.parent.parent.name == "pages" and "jobs.past(" in page.read_text("utf-8")
]


@pytest.mark.parametrize("page", LISTS_ENDED, ids=name)
def test_a_page_of_jobs_is_drawn_anew_when_one_has_ended(page: Path) -> None:
    """Else its tables and its buttons stay as they were before the act: `Resume` off for people who are paused."""
    called = {called for called, _ in calls(ast.parse(page.read_text("utf-8")))}
    assert called & {"rerun_when_done", "live_steps"}


TIMED = {
    "deepracer_admin/ui/kit/looks.py": "the look itself: it draws nothing while nothing moved",
    "deepracer_admin/ui/kit/refresh.py": "looks whether work has ended, draws nothing",
    "deepracer_admin/ui/usage/live.py": "looks whether there is a new sample, draws nothing",
    "deepracer_admin/ui/people/portal.py": "looks whether somebody registered, draws nothing",
    "deepracer_admin/ui/kit/jobs.py": "how far work under way has come",
    "deepracer_admin/ui/closeout/closing.py": "how far a close-out has come",
    "deepracer_admin/ui/mail/letters.py": "how far campaigns have come",
    "deepracer_admin/ui/usage/sponsoring.py": "while an effect is being worked out",
    "deepracer_admin/ui/setup/capacity.py": "while a plan is being worked out",
    "deepracer_admin/ui/setup/connection.py": "sponsorship as it is read back, a line",
    "deepracer_admin/ui/setup/preflight.py": "how far a pre-flight has come",
    "deepracer_admin/ui/setup/calls.py": "alarms that are told, a short list",
}
"""Where something is done every few seconds, and why; whatever shows more says what it was drawn from (looks.py), for a
chart or a table that is drawn anew for nothing keeps a laptop busy all day."""


def test_nothing_is_drawn_by_the_clock_alone_without_a_reason() -> None:
    found = {name(path) for path in SCREENS if "run_every=" in path.read_text("utf-8")}
    assert found == set(TIMED)
