"""The picture that a big screen shows for the sponsors of an event."""

from __future__ import annotations

from dataclasses import dataclass

from deepracer_admin.store.documents import Document

__all__ = ["SPONSORS_LOGO", "SponsorsLogo"]


@dataclass(frozen=True, slots=True)
class SponsorsLogo:
    """`image`: the file as it was given, in base64; "" = none. `kind`: "png" | "jpeg". `stamp`: the same for the same
    picture. `by`: who gave it."""

    image: str = ""
    kind: str = ""
    stamp: str = ""
    by: str = ""


SPONSORS_LOGO = Document("sponsors_logo", SponsorsLogo, SponsorsLogo(), personal=False)
"""Written by who runs the boards; read by the public listener. Small enough for one item of the shared table."""
