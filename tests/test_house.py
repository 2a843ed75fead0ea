"""The house rules that no linter knows: what pages may not touch, how long a module may be, what no file may name."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OWN = [ROOT / name for name in ("deepracer_admin", "pages", "launch", "infra", "benchmarks", "app.py", "start.py")]
MODULES = sorted(path for own in OWN for path in ([own] if own.suffix == ".py" else own.rglob("*.py")) if path.exists())
SERVICES = {"boto3", "botocore", "httpx", "requests", "msal", "smtplib", "sqlite3", "moto", "socket", "urllib3"}
SCREENS = ("deepracer_admin/ui/", "deepracer_admin/web/")
ADAPTERS = re.compile(
    r"deepracer_admin\.(store\.(sqlite|dynamodb)|racing\.(on_aws|managed)|directory\.(entra|identity_center|cognito)"
    r"|mail\.(ses|smtp|pinpoint))\b"
)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def under(*folders: str) -> list[Path]:
    return [path for path in MODULES if name(path).startswith(folders)]


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=name(path))


@cache
def imports(path: Path) -> Sequence[str]:
    """Full names of the modules that a file imports; for `from a import b` both `a` and `a.b`."""
    return [*_imports(path)]


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def offenders(paths: list[Path], forbidden: set[str]) -> dict[str, set[str]]:
    found = {name(path): {module.split(".")[0] for module in imports(path)} & forbidden for path in paths}
    return {path: modules for path, modules in found.items() if modules}


def test_a_page_calls_no_service_by_itself() -> None:
    assert offenders(under("pages/", "app.py"), SERVICES) == {}


def test_rules_are_pure() -> None:
    """No network, no files that are not handed in, no screen. A roster's bytes come from the caller."""
    assert offenders(under("deepracer_admin/rules/"), {*SERVICES, "streamlit", "subprocess"}) == {}


def test_only_the_screens_know_streamlit() -> None:
    below = [path for path in under("deepracer_admin/") if not name(path).startswith(tuple(SCREENS))]
    assert offenders(below, {"streamlit"}) == {}


def test_only_composition_names_adapters() -> None:
    """Above floor 1, `compose.py` alone decides which service stands behind a port."""
    floors = (*SCREENS, "deepracer_admin/services/", "deepracer_admin/flows/", "deepracer_admin/rules/")
    watched = under(*floors, "deepracer_admin/worker.py", "pages/", "app.py")
    found = {name(path): sorted(filter(ADAPTERS.match, imports(path))) for path in watched}
    assert {path: modules for path, modules in found.items() if modules} == {}


PARSERS = {
    "python_calamine", "openpyxl", "zipfile", "tarfile", "xml", "expat", "csv",
    "charset_normalizer", "pickle", "marshal", "shelve", "xlrd", "quopri", "html.parser",
}  # fmt: skip
READERS = re.compile(
    r"deepracer_admin\.rules\.(settings_file|roster\.(check|reading|text|even_tables|delimiters|quoting|pasted|judging|bulk|workbook|"
    r"sheets|package_parts|xlsx|ods|old_workbook|binary_workbook|xml_workbook|web_pages|contact_cards|json_lists))\b"
)
# Where a parser meets no file of anybody: it writes one, or checks its own.
WRITERS = {
    "deepracer_admin/rules/tabular.py": {"csv"},
    "deepracer_admin/services/closeout/closing.py": {"zipfile"},
    "deepracer_admin/services/closeout/report.py": {"zipfile"},
}


def test_peoples_files_are_parsed_in_the_child_process_alone() -> None:
    """Nobody but reading_process.py calls a reader, and nothing but the readers names a parser."""
    child = "deepracer_admin/reading_process.py"
    readers = {
        path: f"deepracer_admin.{name(path).removeprefix('deepracer_admin/')[:-3].replace('/', '.')}"
        for path in MODULES
    }
    callers = [path for path in under("deepracer_admin/", "pages/", "app.py") if not READERS.match(readers[path])]
    found = {name(path): sorted(filter(READERS.match, imports(path))) for path in callers if name(path) != child}
    assert {path: modules for path, modules in found.items() if modules} == {}
    parsing = {path: found - WRITERS.get(path, set()) for path, found in offenders(callers, PARSERS).items()}
    assert {path: found for path, found in parsing.items() if found and "/rehearsal/" not in path} == {}


def holding(paths: Iterable[Path], word: str) -> list[Path]:
    """Files with that word in them: the others need not be taken apart."""
    return [path for path in paths if word in path.read_text(encoding="utf-8")]


def calls(path: Path, attribute: str) -> list[ast.Call]:
    return [
        node
        for path in holding([path], attribute)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == attribute
    ]


NEVER_OPENED = {"deepracer_admin/ui/races/sponsors_desk.py"}
"""A file that is kept and given out as it came: a picture, told by how it begins, opened by browsers alone."""


def test_every_file_that_a_screen_takes_is_read_at_the_file_desk() -> None:
    """Each uploader, and each text of many lines that is read as a list, with the service that takes its bytes."""
    takers = {name(path) for path in under("deepracer_admin/ui/", "pages/") if calls(path, "file_uploader")}
    assert takers - NEVER_OPENED == {"deepracer_admin/ui/people/upload.py", "deepracer_admin/ui/setup/setup_form.py"}
    services = under("deepracer_admin/services/")
    asking = {name(path) for path in services if calls(path, "check_list") or calls(path, "settings_values")}
    assert {"deepracer_admin/services/people/list_reading.py", "deepracer_admin/services/setup/events.py"} <= asking
    taking = {
        f"{name(path)}:{node.name}"
        for path in holding(services, "bytes")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef)
        and any(
            isinstance(argument.annotation, ast.Name) and argument.annotation.id == "bytes"
            for argument in (*node.args.args, *node.args.kwonlyargs)
        )
        and not any(isinstance(inner, ast.Attribute) and inner.attr in ("check_list", "settings_values", "ask")
                    for inner in ast.walk(node))
    }  # fmt: skip
    screens = "deepracer_admin/services/races/screens.py"
    keys = {f"{screens}:__init__", "deepracer_admin/services/races/boards.py:__init__"}
    assert taking - keys - {f"{screens}:set_logo"} == set()


def test_html_is_never_made_from_values() -> None:
    """`unsafe_allow_html` takes a literal text only: a racer's name is data, not markup."""
    found = [
        f"{name(path)}:{call.lineno}"
        for path in holding(MODULES, "unsafe_allow_html")
        for call in ast.walk(tree(path))
        if isinstance(call, ast.Call)
        and any(word.arg == "unsafe_allow_html" for word in call.keywords)
        and not (call.args and isinstance(call.args[0], ast.Constant))
    ]
    assert found == []


def test_no_module_holds_two_ideas() -> None:
    lengths = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    limits = {path: 150 if path.startswith("pages/") else 400 for path in lengths}
    assert {path: length for path, length in lengths.items() if length >= limits[path]} == {}


def test_every_package_says_so() -> None:
    """Without `__init__.py` the import contract does not see a folder."""
    folders = {path.parent for path in under("deepracer_admin/", "launch/")}
    assert sorted(name(folder) for folder in folders if not (folder / "__init__.py").exists()) == []


def tracked() -> list[Path]:
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("the sources are not a git checkout, so nobody knows which files belong to them")
    return [ROOT / line for line in listed.split("\0") if line and (ROOT / line).is_file()]


# Put together from pieces, so that this file does not name what it looks for.
HOSTS = ["pypi" + ".org", "python" + "hosted", "registry." + "npmjs", "deb." + "debian.org", "debian" + ".org/debian"]
PLACES = re.compile(r"(?<![\w.])/(?:work|root|tmp|home/(?!ada\b)[a-z]+|Users/[A-Za-z]+)/[\w.-]+")


def test_no_file_names_a_package_host_or_a_place_on_somebodys_machine() -> None:
    found = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{name(path)}: {host}" for host in HOSTS if host in text]
        found += [f"{name(path)}: {place.group()}" for place in PLACES.finditer(text)]
    assert found == []


def test_a_test_runs_its_coroutines_in_a_thread_of_their_own() -> None:
    """A browser that another test has started keeps a loop in the main thread; loops.py asks beside it."""
    every = sorted((ROOT / "tests").rglob("*.py"))
    found = {name(path) for path in every for call in calls(path, "run") if ast.unparse(call.func) == "asyncio.run"}
    own_thread = {"tests/practice.py"}  # the practice world's
    assert found == own_thread
