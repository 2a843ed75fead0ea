"""The theme holds what its comments promise: readable text, and categories that everybody can tell apart."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path

import numpy as np
import pytest
from streamlit import config

FILE = Path(__file__).resolve().parents[2] / ".streamlit" / "config.toml"
OPTIONS = tomllib.loads(FILE.read_text(encoding="utf-8"))
THEMES = [pytest.param(OPTIONS["theme"][name], id=name) for name in ("light", "dark")]

# Linear RGB as a dichromat sees it (Machado, Oliveira and Fernandes 2009, severity 1), and full sight.
SIGHTS = {
    "full": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def linear(colour: str) -> np.ndarray:
    """`#rrggbb` as linear RGB, 0 to 1 (the sRGB standard's curve)."""
    values = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio, 1 to 21."""
    dark, light = sorted(float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def oklab(rgb: np.ndarray) -> np.ndarray:
    """Linear RGB as Oklab, in which distance is close to how different two colours look."""
    to_cones = np.array([[0.41222, 0.53633, 0.05145], [0.21190, 0.68070, 0.10740], [0.08830, 0.28172, 0.62998]])
    to_lab = np.array([[0.21045, 0.79362, -0.00407], [1.97800, -2.42859, 0.45059], [0.02590, 0.78277, -0.80868]])
    return to_lab @ np.cbrt(to_cones @ np.clip(rgb, 0, 1))


def test_every_option_is_one_that_streamlit_knows() -> None:
    config.get_config_options(force_reparse=True)
    for section in ("server", "browser", "client", "runner"):
        for name, value in OPTIONS[section].items():
            assert config.get_option(f"{section}.{name}") is not None
            assert type(config.get_option(f"{section}.{name}")) is type(value), name
    for name in ("light", "dark"):
        for option in OPTIONS["theme"][name]:
            config.get_option(f"theme.{name}.{option}")  # raises for a name that does not exist


@pytest.mark.parametrize("theme", THEMES)
def test_text_and_links_and_buttons_are_readable(theme: dict[str, str]) -> None:
    for ground in (theme["backgroundColor"], theme["secondaryBackgroundColor"]):
        assert contrast(theme["textColor"], ground) >= 7
        assert contrast(theme["linkColor"], ground) >= 4.5
        assert contrast(theme["primaryColor"], ground) >= 3
    assert contrast("#ffffff", theme["primaryColor"]) >= 4.5  # Streamlit writes in white on a primary button


@pytest.mark.parametrize("theme", THEMES)
def test_ten_categories_stand_out_from_the_background(theme: dict[str, list[str]]) -> None:
    colours = theme["chartCategoricalColors"]
    assert len(set(colours)) == 10
    assert min(contrast(colour, str(theme["backgroundColor"])) for colour in colours) >= 3


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("theme", THEMES)
def test_any_two_categories_can_be_told_apart(theme: dict[str, list[str]], sight: str) -> None:
    seen = {colour: oklab(SIGHTS[sight] @ linear(colour)) for colour in theme["chartCategoricalColors"]}
    near = min(float(np.linalg.norm(seen[one] - seen[other])) for one, other in itertools.combinations(seen, 2))
    assert near >= 0.065  # the eight colours of Okabe and Ito reach 0.076, Streamlit's own ten 0.025


@pytest.mark.parametrize("theme", THEMES)
def test_ramps_have_ten_steps_and_the_sequential_one_never_turns_back(theme: dict[str, list[str]]) -> None:
    lightness = [oklab(linear(colour))[0] for colour in theme["chartSequentialColors"]]
    assert len(theme["chartDivergingColors"]) == len(lightness) == 10
    assert lightness in (sorted(lightness), sorted(lightness, reverse=True))
