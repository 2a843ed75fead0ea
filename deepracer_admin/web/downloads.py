"""What a press has made to be downloaded stays until the browser has fetched it.

Streamlit tells the browser the file's address and forgets the file at the end of the second script run that follows, of
anybody's page. Pages that refresh by themselves run several times a second at an event: the file was gone before a
browser on the hall's network asked for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from streamlit.runtime.media_file_storage import MediaFileKind, MediaFileStorage

__all__ = ["KEPT_S", "keep_downloads"]

KEPT_S = 120.0


def keep_downloads(
    storage: MediaFileStorage, *, kept_s: float = KEPT_S, now: Callable[[], float] = time.monotonic
) -> None:
    """Let this storage forget a file that was made for a download `kept_s` seconds after it is told to, not at once.

    Whatever it is told to delete goes when the time has come and it is told to delete, or to keep, anything.
    """
    lock = threading.Lock()
    downloads: set[str] = set()
    due: dict[str, float] = {}
    load, delete = storage.load_and_get_id, storage.delete_file

    def sweep() -> None:
        at = now()
        for file_id in [each for each, when in due.items() if when <= at]:
            del due[file_id]
            downloads.discard(file_id)
            delete(file_id)

    def load_and_get_id(
        path_or_data: str | bytes, mimetype: str, kind: MediaFileKind, filename: str | None = None
    ) -> str:
        with lock:
            sweep()
            file_id = load(path_or_data, mimetype, kind, filename)
            due.pop(file_id, None)
            if kind is MediaFileKind.DOWNLOADABLE:
                downloads.add(file_id)
            return file_id

    def delete_file(file_id: str) -> None:
        with lock:
            sweep()
            if file_id in downloads:
                due[file_id] = now() + kept_s
            else:
                delete(file_id)

    storage.load_and_get_id = load_and_get_id
    storage.delete_file = delete_file
