"""The racers: invented people who train, evaluate and race as the practice clock runs."""

from .service import Fleet

__all__ = ["Fleet"]
