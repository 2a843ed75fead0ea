"""Journals that a power cut cannot spoil."""

from datetime import datetime

import pytest

from deepracer_admin.rehearsal.shared.journal import Journal
from tests.practice import WorldHandle


def moment(handle: WorldHandle) -> datetime:
    return datetime.fromisoformat(handle.control("GET", "status")["now"])


def test_a_journal_forgets_only_a_line_that_was_never_finished(tmp_path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    assert [journal.append({"word": word}) for word in ("eins", "zwei", "drei")] == [1, 2, 3]
    with path.open("ab") as file:
        file.write(b'{"seq":4,"wo')
    again = Journal(path)
    assert again.after(1, 10) == [{"seq": 2, "word": "zwei"}, {"seq": 3, "word": "drei"}]
    assert again.append({"word": "vier"}) == 4
    assert Journal(path).entry(4) == {"seq": 4, "word": "vier"}
    with pytest.raises(IndexError):
        again.entry(5)
