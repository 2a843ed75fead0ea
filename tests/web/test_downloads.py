"""A file that a press has made stays until its browser has fetched it, however often pages are drawn meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.runtime import media_file_manager
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.media_file_storage import MediaFileKind
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from deepracer_admin.web.downloads import KEPT_S, keep_downloads


class Place:
    """Streamlit's own keeper of files, with a clock of ours."""

    def __init__(self) -> None:
        self.at = 100.0
        self.storage = MemoryMediaFileStorage("/media")
        self.manager = MediaFileManager(self.storage)

    def kept(self) -> Place:
        keep_downloads(self.storage, now=lambda: self.at)
        return self

    def pressed(self, make: Callable[[], bytes]) -> str:
        """The name of the file that a press makes."""
        button = self.manager.add_deferred(make, "text/csv", "1.2", "list.csv")
        return self.manager.execute_deferred(button).rsplit("/", 1)[1]

    def draws(self, times: int) -> None:
        """So many script runs end, of any page."""
        for _ in range(times):
            self.manager.remove_orphaned_files()

    def holds(self, name: str) -> bool:
        return self.manager.read_file(name) is not None


@pytest.fixture(autouse=True)
def _one_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_file_manager, "_get_session_id", lambda: "s-1")


def test_as_it_comes_streamlit_forgets_the_file_at_the_second_run() -> None:
    place = Place()
    name = place.pressed(lambda: b"who,hours")
    place.draws(2)
    assert not place.holds(name), "keep_downloads is needed no more"


def test_the_file_stays_while_pages_are_drawn_and_goes_when_its_time_has_come() -> None:
    place = Place().kept()
    name = place.pressed(lambda: b"who,hours")
    place.draws(50)
    assert place.holds(name)
    place.at += KEPT_S
    other = place.pressed(lambda: b"other")
    assert (place.holds(name), place.holds(other)) == (False, True)


def test_a_second_press_for_the_same_content_has_its_whole_time() -> None:
    place = Place().kept()
    name = place.pressed(lambda: b"who,hours")
    place.draws(2)
    place.at += KEPT_S - 1
    assert place.pressed(lambda: b"who,hours") == name
    place.draws(2)
    place.at += KEPT_S - 1
    place.pressed(lambda: b"other")
    assert place.holds(name)


def test_pictures_of_a_page_go_as_before() -> None:
    place = Place().kept()
    file_id = place.storage.load_and_get_id(b"<svg/>", "image/svg+xml", MediaFileKind.MEDIA)
    place.storage.delete_file(file_id)
    assert place.storage._files_by_id == {}
