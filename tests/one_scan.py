"""Import this where AppTest is used: Streamlit then looks for components once a process, not once an AppTest.

It reads what every installed package says of itself, several times: three quarters of what a test of a page took.
"""

from __future__ import annotations

import functools

from streamlit.components.v2 import manifest_scanner

manifest_scanner.scan_component_manifests = functools.cache(manifest_scanner.scan_component_manifests)
