"""Each ability of a racing service has words for somebody who runs events."""

from __future__ import annotations

from dataclasses import fields

from deepracer_admin.model import Capabilities
from deepracer_admin.ui.setup.connection import ABLE


def test_every_ability_has_its_words() -> None:
    assert {*ABLE} == {each.name for each in fields(Capabilities)}
    assert len({*ABLE.values()}) == len(ABLE)
    assert not [words for words in ABLE.values() if "_" in words]
