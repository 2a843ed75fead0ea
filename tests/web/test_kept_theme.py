"""The theme that is put together once is the theme that Streamlit would put together each time."""

import pytest
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session

from deepracer_admin.web.kept_theme import kept

SECTIONS = ("theme", "theme.light", "theme.dark", "theme.sidebar", "theme.light.sidebar", "theme.dark.sidebar")


@pytest.mark.parametrize("section", SECTIONS)
def test_it_says_the_same_each_time_and_asks_once(section: str) -> None:
    asked = []

    def genuine(msg: CustomThemeConfig, of: str) -> None:
        asked.append(of)
        app_session._populate_theme_msg(msg, of)

    expected = CustomThemeConfig()
    app_session._populate_theme_msg(expected, section)
    populate = kept(genuine)
    for _ in range(3):
        said = CustomThemeConfig()
        populate(said, section)
        assert said == expected
        assert said.SerializeToString(deterministic=True) == expected.SerializeToString(deterministic=True)
    assert asked == [section]


def test_a_section_that_says_nothing_stays_unsaid() -> None:
    said = CustomThemeConfig()
    kept(lambda msg, section: None)(said.sidebar, "theme.sidebar")
    assert not said.HasField("sidebar")


def test_the_shipped_theme_is_not_empty() -> None:
    said = CustomThemeConfig()
    kept(app_session._populate_theme_msg)(said.light, "theme.light")
    assert said.light.primary_color
