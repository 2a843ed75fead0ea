"""The practice world as a whole: all rooms together, the way in, the controls, and the server that listens."""

from .world import World

__all__ = ["World"]
