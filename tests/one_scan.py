"""Import this where AppTest is used: what costs most of it then happens once a process, or without a loop.

Streamlit reads what every installed package says of itself, several times, to look for components: here once. It
compiles the pages for each run: here once. And it asks a thousand times a second whether the script is over, in Python,
which keeps the script itself from running: here its thread is waited for.
"""

from __future__ import annotations

import functools

from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.testing.v1 import app_test, local_script_runner

manifest_scanner.scan_component_manifests = functools.cache(manifest_scanner.scan_component_manifests)
_compiled = ScriptCache()
app_test.ScriptCache = local_script_runner.ScriptCache = lambda: _compiled  # type: ignore[assignment,misc]
_ask_again = local_script_runner.require_widgets_deltas


def _wait(runner: local_script_runner.LocalScriptRunner, timeout: float = 3) -> None:
    if runner._script_thread is not None:
        runner._script_thread.join(timeout)
    if not runner.script_stopped():
        _ask_again(runner, 0)  # ends it, and says so


local_script_runner.require_widgets_deltas = _wait
