"""Tracks on which a race can be held, with the directions each allows (deepracer-on-aws.md 1.6, TrackId).

The service has no operation that lists them. A track in a direction that it does not allow is refused (1.7,
CreateLeaderboard). Lengths are not given by the service.
"""

from __future__ import annotations

from deepracer_admin.model import Track

__all__ = ["TRACKS"]

_CLOCKWISE = ("CLOCKWISE",)
_COUNTER = ("COUNTER_CLOCKWISE",)
_BOTH = ("COUNTER_CLOCKWISE", "CLOCKWISE")

TRACKS: tuple[Track, ...] = (
    Track("2022_reinvent_champ", "2022 re:Invent Championship", _BOTH),
    Track("reInvent2019_wide", "A to Z Speedway", _BOTH),
    Track("Vegas_track", "AWS Summit Raceway", _COUNTER),
    Track("2022_april_open", "Ace Speedway", _BOTH),
    Track("2022_april_pro", "Ace Super Speedway", _BOTH),
    Track("Austin", "American Hills Speedway", _COUNTER),
    Track("Singapore", "Asia Pacific Bay Loop", _COUNTER),
    Track("Singapore_building", "Asia Pacific Bay Loop - Buildings", _COUNTER),
    Track("AmericasGeneratedInclStart", "Baadal Track", _COUNTER),
    Track("dubai_pro", "Baja Highway", _COUNTER),
    Track("dubai_open", "Baja Turnpike", _BOTH),
    Track("Bowtie_track", "Bowtie Track", _COUNTER),
    Track("2022_june_open", "BreadCentric Loop", _BOTH),
    Track("2022_june_pro", "BreadCentric Speedway", _BOTH),
    Track("Spain_track", "Circuit de Barcelona-Catalunya", _CLOCKWISE),
    Track("jyllandsringen_pro", "Cosmic Circuit", _BOTH),
    Track("jyllandsringen_open", "Cosmic Loop", _BOTH),
    Track("Mexico_track", "Cumulo Carrera Training", _COUNTER),
    Track("Belille", "Cumulo Turnpike", _CLOCKWISE),
    Track("2022_july_open", "DBro Raceway", _COUNTER),
    Track("2022_july_pro", "DBro Super Raceway", _BOTH),
    Track("New_York_Track", "Empire City Training", _COUNTER),
    Track("Monaco", "European Seaside Circuit", _CLOCKWISE),
    Track("Monaco_building", "European Seaside Circuit - Buildings", _CLOCKWISE),
    Track("red_star_open", "Expedition Loop", _COUNTER),
    Track("red_star_pro", "Expedition Super Loop", _BOTH),
    Track("2024_reinvent_champ", "Forever Raceway", _BOTH),
    Track("FS_June2020", "Fumiaki Loop", _CLOCKWISE),
    Track("arctic_open", "Hot Rod Speedway", _BOTH),
    Track("arctic_pro", "Hot Rod Super Speedway", _BOTH),
    Track("2022_october_open", "Jennens Family Speedway", _BOTH),
    Track("2022_october_pro", "Jennens Super Speedway", _BOTH),
    Track("2022_august_pro", "Jochem Highway", _BOTH),
    Track("2022_august_open", "Jochem Turnpike", _BOTH),
    Track("hamption_open", "Kuei Raceway", _COUNTER),
    Track("hamption_pro", "Kuei Super Raceway", _COUNTER),
    Track("Tokyo_Training_track", "Kumo Torakku Training", _COUNTER),
    Track("thunder_hill_pro", "Lars Circuit", _BOTH),
    Track("thunder_hill_open", "Lars Loop", _COUNTER),
    Track("Virtual_May19_Train_track", "London Loop Training", _COUNTER),
    Track("Oval_track", "Oval Track", _COUNTER),
    Track("morgan_open", "Playa Raceway", _COUNTER),
    Track("morgan_pro", "Playa Super Raceway", _COUNTER),
    Track("penbay_open", "Po-Chun Speedway", _BOTH),
    Track("penbay_pro", "Po-Chun Super Speedway", _BOTH),
    Track("2022_summit_speedway", "RL Speedway", _BOTH),
    Track("July_2020", "Roger Raceway", _CLOCKWISE),
    Track("2022_september_open", "Roger Ring", _BOTH),
    Track("2022_september_pro", "Roger Super Raceway", _BOTH),
    Track("2022_march_open", "Rogue Circuit", _BOTH),
    Track("2022_march_pro", "Rogue Raceway", _BOTH),
    Track("2022_may_open", "Ross Raceway", _BOTH),
    Track("2022_may_pro", "Ross Super Speedway", _BOTH),
    Track("LGSWide", "SOLA Speedway", _COUNTER),
    Track("China_track", "Shanghai Sudu Training", _COUNTER),
    Track("reInvent2019_track", "Smile Speedway", _BOTH),
    Track("Aragon", "Stratus Loop", _CLOCKWISE),
    Track("Canada_Training", "Toronto Turnpike Training", _COUNTER),
    Track("caecer_loop", "Vivalas Loop", _COUNTER),
    Track("caecer_gp", "Vivalas Speedway", _COUNTER),
    Track("Albert", "Yun Speedway", _CLOCKWISE),
    Track("reinvent_base", "re:Invent 2018", _COUNTER),
)
