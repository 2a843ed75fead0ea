"""The catalogue of tracks, with the directions in which they are driven (deepracer-on-aws.md 1.6)."""

from __future__ import annotations

_BOTH = ("CLOCKWISE", "COUNTER_CLOCKWISE")
_CLOCKWISE_ONLY = "Spain_track Belille Monaco Monaco_building FS_June2020 July_2020 Aragon Albert"
_COUNTER_ONLY = (
    "Vegas_track Austin Singapore Singapore_building AmericasGeneratedInclStart dubai_pro Bowtie_track Mexico_track "
    "2022_july_open New_York_Track hamption_open hamption_pro Tokyo_Training_track thunder_hill_open "
    "Virtual_May19_Train_track Oval_track morgan_open morgan_pro LGSWide China_track Canada_Training caecer_loop "
    "caecer_gp reinvent_base red_star_open"
)
_BOTH_WAYS = (
    "2022_reinvent_champ reInvent2019_wide 2022_april_open 2022_april_pro dubai_open 2022_june_open 2022_june_pro "
    "jyllandsringen_pro jyllandsringen_open 2022_july_pro red_star_pro 2024_reinvent_champ arctic_open "
    "arctic_pro 2022_october_open 2022_october_pro 2022_august_pro 2022_august_open thunder_hill_pro penbay_open "
    "penbay_pro 2022_summit_speedway 2022_september_open 2022_september_pro 2022_march_open 2022_march_pro "
    "2022_may_open 2022_may_pro reInvent2019_track"
)

DIRECTIONS: dict[str, tuple[str, ...]] = {
    **{track: ("CLOCKWISE",) for track in _CLOCKWISE_ONLY.split()},
    **{track: ("COUNTER_CLOCKWISE",) for track in _COUNTER_ONLY.split()},
    **{track: _BOTH for track in _BOTH_WAYS.split()},
}
TRACK_IDS = tuple(DIRECTIONS)
