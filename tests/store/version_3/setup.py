from collections.abc import Sequence
from typing import Any

EXAMPLES: dict[str, Sequence[Any]] = {}
