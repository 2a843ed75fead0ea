"""Values as schema version 3 kept them: at least one, as a real event wrote it, of each key that version 4 moves.

People in them are "a00100" and on, who are on the list of the old file (tests/store/old_files.py).
"""

from collections.abc import Sequence
from typing import Any

from tests.store.version_3 import access, closeout, mail, races, setup, sponsorship

EXAMPLES: dict[str, Sequence[Any]] = {
    **access.EXAMPLES,
    **closeout.EXAMPLES,
    **mail.EXAMPLES,
    **races.EXAMPLES,
    **setup.EXAMPLES,
    **sponsorship.EXAMPLES,
}
