"""How long an example takes is the machine's affair: no deadline for generated lists."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
